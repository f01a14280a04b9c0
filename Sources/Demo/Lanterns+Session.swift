extension Composition {
    static let lanternsSession = """
        # Lanterns on the Canal: an easy shuffle in D, and a tour of what a song file can say.
        # Try: change one fader, render again, and see how few segments are rendered.
        lathe: 1
        song: Lanterns on the Canal
        # With a tempo, positions may be musical: bar|beat, counted from 1.
        # Times work too: 1.5 s, 20 ms, 1:02.5.
        tempo: 96

        tracks:
          # A clip places a file, or a piece of one, on the timeline.
          # One loop of two bars does for the whole song.
          - name: Kick
            clips:
              @Kick@
            devices:
              # Devices work from top to bottom, before the fader.
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 30 Hz, slope: 24 dB/oct}
                    - {type: bell, frequency: 320 Hz, gain: -4 dB, q: 1.1}
                    - {type: high-shelf, frequency: 4 kHz, gain: 3 dB}
            fader: -1 dB
            # A channel without an output goes to the master.
            output: Drums

          - name: Snare
            clips:
              @Snare@
            devices:
              - compressor:
                  threshold: -20 dB
                  ratio: 3.5
                  attack: 8 ms
                  release: 90 ms
                  knee: 6 dB
                  make-up: 3 dB
            fader: -2 dB
            output: Drums
            # A send is a copy to a return: after the fader, unless it says `tap: pre`.
            sends: [{to: Plate, gain: -9 dB}]

          - name: Hats
            clips:
              @Hats@
            fader: -5 dB
            # These files are stereo, so pan is balance; on a mono track it has constant power.
            pan: R10
            output: Drums

          - name: Percussion
            clips:
              @Percussion@
            fader: -7 dB
            output: Drums
            sends: [{to: Plate, gain: -10 dB}]

          - name: Bass
            # WAV, FLAC and whatever else libsndfile reads, mixed as you like.
            # `length` plays a piece of a file.
            clips:
              @Bass@
            devices:
              - equalizer:
                  bands:
                    - {type: low-shelf, frequency: 90 Hz, gain: 2 dB}
                    - {type: bell, frequency: 700 Hz, gain: 3 dB, q: 0.9}
              # Ducking: the compressor listens to the kick, not to the bass.
              - compressor: {threshold: -26 dB, ratio: 4, attack: 3 ms, release: 110 ms, key: Kick}
              - saturator: {type: tube, drive: 6 dB, output: -4 dB}
            fader: -5.5 dB
            output: Music

          - name: Electric Piano
            clips:
              @Electric Piano@
            devices:
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 110 Hz}
                    - {type: bell, frequency: 2.5 kHz, gain: 3 dB, q: 0.8}
              - chorus: {mix: 35 %}
            fader: -1.5 dB
            output: Keys
            sends: [{to: Plate, gain: -14 dB}]

          - name: Pad
            clips:
              @Pad@
            devices:
              # Whatever is a number can move: a low-pass opens over eight bars.
              - equalizer:
                  bands:
                    - type: low-pass
                      frequency: 8 kHz
                      automation: {frequency: [[13|1, 500 Hz], [21|1, 8 kHz, linear]]}
            # Points are [time, value]; the shape named at a point is the way to it.
            # Without one the value steps.
            automation:
              fader: [[13|1, -9 dB], [17|1, -4 dB, linear], [21|1, -5 dB, linear], [25|1, -3 dB, linear]]
            output: Keys
            sends: [{to: Plate, gain: -12 dB}]

          - name: Guitar
            clips:
              @Guitar@
            fader: -4 dB
            pan: L35
            output: Music
            sends: [{to: Echo, gain: -11 dB}, {to: Plate, gain: -13 dB}]

          - name: Lead
            clips:
              @Lead@
            devices:
              - compressor:
                  threshold: -18 dB
                  ratio: 3
                  attack: 12 ms
                  release: 150 ms
                  knee: 6 dB
                  make-up: 4 dB
            fader: -9.5 dB
            pan: R8
            output: Music
            sends:
              - {to: Plate, gain: -8 dB}
              # Before the fader: the echo keeps its level while the fader moves.
              - {to: Echo, gain: -13 dB, tap: pre}

          - name: Bells
            # These files are at 44.1 kHz and 16 bits; Lathe converts them, aligned to each clip.
            clips:
              @Bells@
            fader: -9 dB
            output: Music
            sends: [{to: Plate, gain: -6 dB}]

        buses:
          - name: Drums
            devices:
              # Its release follows the music.
              - bus-compressor: {threshold: -16 dB, ratio: 2.5, attack: 25 ms, make-up: 2 dB}
          # A bus may feed a bus: Keys is part of Music.
          - name: Keys
            devices:
              - utility: {gain: 1.5 dB}
            output: Music
          - name: Music
            devices:
              - equalizer:
                  bands:
                    - {type: high-shelf, frequency: 8 kHz, gain: 2.5 dB}
                    - {type: bell, frequency: 280 Hz, gain: -1.5 dB, q: 0.8}
              # Wider, but mono in the bass.
              - width: {width: 125 %, mono-below: 120 Hz}

        returns:
          - name: Plate
            devices:
              - equalizer: {bands: [{type: high-pass, frequency: 220 Hz}]}
              - reverb: {type: plate, decay: 1.8 s, predelay: 20 ms, damping: 6 kHz}
          # This return goes into a bus, so that it is part of the Music stem. A delay may be a note value.
          - name: Echo
            devices:
              - delay:
                  time: 1/8 dotted
                  feedback: 38 %
                  high-cut: 4.5 kHz
                  low-cut: 200 Hz
                  ping-pong: true
                  mix: 100 %
            output: Music

        master:
          devices:
            - equalizer:
                bands:
                  - {type: high-shelf, frequency: 9 kHz, gain: 1 dB}
                  - {type: low-shelf, frequency: 70 Hz, gain: 1 dB}
            - compressor:
                threshold: -22 dB
                ratio: 2
                attack: 30 ms
                release: 200 ms
                knee: 6 dB
                detector: rms
          # The last chord fades while it rings.
          automation: {fader: [[28|1, 0 dB], [29|1, -12 dB, linear]]}
        """
}
