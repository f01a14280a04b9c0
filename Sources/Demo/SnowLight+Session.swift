extension Composition {
    static let snowSession = """
        # Snow on the Signal Box: slow, wide and quiet at both ends.
        lathe: 1
        song: Snow on the Signal Box
        tempo: 75
        # Without a length a song ends with its last clip and the tails of its devices;
        # this one is cut at 1:10.
        length: 1:10

        tracks:
          - name: Kick
            clips:
              @Kick@
            fader: -1 dB
            output: Drums

          - name: Snare
            clips:
              @Snare@
            devices:
              - equalizer:
                  bands:
                    - {type: bell, frequency: 190 Hz, gain: 3 dB, q: 1}
                    - {type: high-shelf, frequency: 6 kHz, gain: 3 dB}
            fader: -2 dB
            output: Drums
            sends: [{to: Hall, gain: -5 dB}]

          - name: Brushes
            clips:
              @Brushes@
            fader: -6 dB
            output: Drums
            sends: [{to: Hall, gain: -14 dB}]

          - name: Toms
            clips:
              @Toms@
            devices:
              - compressor:
                  threshold: -20 dB
                  ratio: 4
                  attack: 15 ms
                  release: 180 ms
                  knee: 6 dB
                  make-up: 4 dB
            fader: -5 dB
            output: Drums
            sends: [{to: Hall, gain: -6 dB}]

          - name: Bass
            clips:
              @Bass@
            devices:
              - equalizer:
                  bands:
                    - {type: low-pass, frequency: 1.4 kHz}
                    - {type: bell, frequency: 130 Hz, gain: 2 dB, q: 0.8}
              - compressor: {threshold: -24 dB, ratio: 3, attack: 4 ms, release: 160 ms, key: Kick}
            fader: -6 dB
            output: Music

          - name: Piano
            clips:
              @Piano@
            devices:
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 80 Hz}
                    - {type: bell, frequency: 350 Hz, gain: -3 dB, q: 0.9}
              # An effect may sit on a track with a mix of its own.
              - delay:
                  left: 400 ms
                  right: 600 ms
                  feedback: 25 %
                  high-cut: 4 kHz
                  low-cut: 150 Hz
                  mix: 18 %
            fader: -1 dB
            output: Music
            sends: [{to: Hall, gain: -11 dB}]

          - name: Strings
            clips:
              @Strings@
            devices:
              - compressor: {threshold: -28 dB, ratio: 2, attack: 10 ms, release: 350 ms, key: Kick}
            fader: -6 dB
            automation:
              fader:
                - [7|1, -7 dB]
                - [11|1, -4 dB, linear]
                - [17|1, -6 dB, linear]
                - [21|1, -12 dB, linear]
            output: Ensemble
            sends: [{to: Hall, gain: -9 dB}]

          - name: Harp
            clips:
              @Harp@
            fader: -6 dB
            pan: L30
            output: Ensemble
            sends: [{to: Hall, gain: -8 dB}]

          - name: Bells
            clips:
              @Bells@
            fader: -11 dB
            # Polarity turned over, as for a microphone on the other side of a drum.
            polarity: inverted
            output: Ensemble
            sends: [{to: Hall, gain: -4 dB}, {to: Echo, gain: -6 dB}]

          - name: Flute
            clips:
              @Flute@
            devices:
              - compressor:
                  threshold: -20 dB
                  ratio: 3
                  attack: 15 ms
                  release: 200 ms
                  knee: 8 dB
                  make-up: 4 dB
            fader: -8 dB
            pan: R12
            output: Music
            sends: [{to: Hall, gain: -7 dB}, {to: Echo, gain: -14 dB, tap: pre}]

        buses:
          - name: Drums
            devices:
              - equalizer: {bands: [{type: low-shelf, frequency: 80 Hz, gain: 2 dB}]}
          - name: Ensemble
            devices:
              - utility: {gain: -1 dB}
            output: Music
          - name: Music
            devices:
              - compressor:
                  threshold: -18 dB
                  ratio: 1.8
                  attack: 25 ms
                  release: 220 ms
                  knee: 6 dB
                  make-up: 1.5 dB

        returns:
          - name: Hall
            devices:
              - reverb: {decay: 2.6 s, predelay: 32 ms, damping: 4.5 kHz, size: 1.4, width: 100 %}
            # A return has a fader, a pan and an output like any channel.
            fader: -4 dB
          - name: Echo
            devices:
              - delay:
                  time: 600 ms
                  feedback: 45 %
                  high-cut: 3.5 kHz
                  low-cut: 220 Hz
                  ping-pong: true
                  mix: 100 %
            output: Ensemble

        master:
          devices:
            - equalizer:
                bands:
                  - {type: bell, frequency: 250 Hz, gain: -1.5 dB, q: 0.7}
                  - {type: high-shelf, frequency: 8 kHz, gain: 2 dB}
            - limiter: {ceiling: -6 dBTP, release: 120 ms, gain: 1 dB}
          automation: {fader: [[1|1, -1.5 dB], [20|1, -1.5 dB], [21|1, -10 dB, linear]]}
        """
}
