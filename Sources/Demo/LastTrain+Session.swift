extension Composition {
    static let lastTrainSession = """
        # Last Train East: four to the floor, and everything tonal moves out of the kick's way.
        lathe: 1
        song: Last Train East
        tempo: 125

        tracks:
          - name: Kick
            clips:
              @Kick@
            devices:
              # A limiter as an insert: it shaves the click and leaves the body alone.
              - limiter: {ceiling: -8 dBTP, release: 60 ms}
            fader: 0 dB
            output: Drums

          - name: Clap
            clips:
              @Clap@
            devices:
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 180 Hz}
                    - {type: bell, frequency: 1.2 kHz, gain: 3 dB, q: 0.9}
            fader: -4 dB
            output: Drums
            sends: [{to: Plate, gain: -11 dB}]

          - name: Hats
            clips:
              @Hats@
            fader: -7 dB
            output: Drums

          - name: Toms
            clips:
              @Toms@
            fader: -8 dB
            output: Drums
            sends: [{to: Plate, gain: -9 dB}]

          - name: Riser
            clips:
              @Riser@
            fader: -9 dB
            automation:
              # From silence, as a gain ramp: -inf dB has no decibels to be linear in.
              fader: [[9|1, -inf dB], [13|1, -8 dB, linear], [21|1, -inf dB], [25|1, -6 dB, linear]]
            output: Music
            sends: [{to: Plate, gain: -10 dB}]

          - name: Bass
            clips:
              @Bass@
            devices:
              - compressor:
                  threshold: -18 dB
                  ratio: 4
                  attack: 6 ms
                  release: 90 ms
                  knee: 6 dB
                  make-up: 4 dB
              - compressor: {threshold: -24 dB, ratio: 2.5, attack: 2 ms, release: 100 ms, key: Kick}
            fader: -1 dB
            output: Music

          - name: Pad
            clips:
              @Pad@
            devices:
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 160 Hz}
                    - {type: low-pass, frequency: 9 kHz}
              # The pump of the style: deep, fast, and back in time for the next beat (480 ms).
              - compressor: {threshold: -28 dB, ratio: 4, attack: 2 ms, release: 150 ms, key: Kick}
            fader: -2 dB
            output: Synths
            sends: [{to: Plate, gain: -12 dB}]

          - name: Stabs
            clips:
              @Stabs@
            devices:
              - delay: {time: 360 ms, feedback: 30 %, high-cut: 5 kHz, low-cut: 250 Hz, mix: 25 %}
            fader: -4 dB
            pan: L15
            output: Synths
            sends: [{to: Plate, gain: -14 dB}]

          - name: Arpeggio
            clips:
              @Arpeggio@
            fader: -9 dB
            automation:
              # Opens through the intro, steps back for the verse.
              fader: [[1|1, -18 dB], [5|1, -5 dB, linear], [5|1.5, -8 dB], [13|1, -6 dB, linear]]
              pan: [[1|1, L25], [13|1, R25, linear], [25|1, L25, linear], [37|1, R25, linear]]
            output: Synths
            sends: [{to: Echo, gain: -8 dB}]

          - name: Lead
            clips:
              @Lead@
            devices:
              - equalizer:
                  bands:
                    - {type: bell, frequency: 3 kHz, gain: 3.5 dB, q: 0.8}
                    - {type: low-shelf, frequency: 250 Hz, gain: -3 dB}
            fader: -9 dB
            output: Music
            sends: [{to: Plate, gain: -11 dB}, {to: Echo, gain: -19 dB, tap: pre}]

        buses:
          - name: Drums
            devices:
              - compressor:
                  threshold: -14 dB
                  ratio: 3
                  attack: 20 ms
                  release: 110 ms
                  knee: 4 dB
                  make-up: 2 dB
          - name: Synths
            devices:
              - equalizer:
                  bands:
                    - {type: bell, frequency: 400 Hz, gain: -2.5 dB, q: 0.7}
                    - {type: high-shelf, frequency: 7 kHz, gain: 3 dB}
            output: Music
          - name: Music
            devices:
              - compressor:
                  threshold: -16 dB
                  ratio: 2
                  attack: 20 ms
                  release: 150 ms
                  knee: 6 dB
                  make-up: 1 dB

        returns:
          - name: Plate
            devices:
              - reverb: {decay: 1.4 s, predelay: 12 ms, damping: 7 kHz, size: 0.8}
              - equalizer: {bands: [{type: high-pass, frequency: 250 Hz, slope: 24 dB/oct}]}
          - name: Echo
            devices:
              - delay:
                  left: 360 ms
                  right: 480 ms
                  feedback: 40 %
                  high-cut: 6 kHz
                  low-cut: 180 Hz
                  mix: 100 %
            output: Music

        master:
          devices:
            - utility: {gain: 1.5 dB}
            - compressor: {threshold: -14 dB, ratio: 2, attack: 30 ms, release: 120 ms, knee: 6 dB}
          # The last bar fades out with everything in it.
          automation: {fader: [[35|1, 0 dB], [37|1, -9 dB, linear]]}
        """
}
