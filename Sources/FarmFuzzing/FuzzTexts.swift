/// Sessions and a policy in which every device and most keys occur.
enum FuzzTexts {
    static let album = """
        lathe: 1
        album: Night Ferry
        artist: &who The Harbour Lights
        rate: 48000
        songs:
          - file: song.yaml
          - {file: two.yaml, gap: 1.5 s}
        loudness: {target: -14 LUFS, ceiling: -1 dBTP, by: album, max-limiting: 6 dB}
        deliver:
          - {format: wav, bits: 24}
          - {format: flac, bits: 16, rate: 44100, dither: shaped, folder: CD}
        """

    static let song = """
        lathe: 1
        song: Every Device
        tempo: 112
        meter: 4/4
        length: 1.2 s
        seed: 7
        tracks:
          - name: Kick
            clips: [{file: a.wav, at: 0 s, gain: -2 dB, fade-in: 2 ms, fade-out: 20 ms, shape: equal-power}]
            devices:
              - equalizer:
                  bands:
                    - {type: high-pass, frequency: 30 Hz, slope: 24 dB/oct}
                    - {type: bell, frequency: 400 Hz, gain: -3 dB, q: 1.2}
                    - {type: high-shelf, frequency: 7 kHz, gain: -3 dB, range: -6 dB, threshold: -40 dB, ratio: 3}
              - compressor: {threshold: -18 dB, ratio: 4, attack: 10 ms, release: 120 ms, knee: 6 dB}
              - gate: {threshold: -40 dB}
              - transient-shaper: {attack: 6 dB, sustain: -6 dB}
            fader: -3.5 dB
            pan: L20
            output: Drums
            sends: [{to: Plate, gain: -12 dB, tap: pre}]
            automation: {fader: [[0 s, -6 dB], [0.5 s, -3.5 dB, linear]], pan: [[0 s, L20], [1 s, R20, linear]]}
          - name: Keys
            clips: [{file: b.wav, at: 1|2, start: 10 ms, length: 1 beats}]
            devices:
              - saturator: {drive: 6 dB}
              - clipper: {gain: 12 dB}
              - chorus: {}
              - flanger: {}
              - phaser: {}
              - tremolo: {}
              - delay: {left: 90 ms, right: 120 ms, feedback: 30 %, mix: 25 %}
            sends: [{to: Plate, gain: -9 dB}]
          - name: Vox
            clips: [{file: a.wav, at: 200 ms}, {file: b.wav, at: 480 samples}]
            devices:
              - de-esser: {threshold: -40 dB}
              - multiband:
                  bands: [{up-to: 250 Hz, threshold: -30 dB}, {up-to: 3 kHz, threshold: -30 dB}, {threshold: -30 dB}]
              - compressor: {threshold: -24 dB, ratio: 3, attack: 4 ms, release: 160 ms, look-ahead: 3 ms, key: Kick}
              - align: {left: 13 samples, right: 40 samples}
        buses:
          - name: Drums
            devices:
              - bus-compressor: {threshold: -12 dB, ratio: 2}
              - width: {width: 150 %, mono-below: 120 Hz}
        returns:
          - {name: Plate, devices: [{reverb: {decay: 0.5 s, predelay: 20 ms, damping: 6 kHz}}]}
        master: {devices: [{utility: {gain: -3 dB}}, {limiter: {ceiling: -2 dBTP, release: 60 ms}}]}
        """

    static let second = """
        lathe: 1
        song: "Salt: 2 #1"
        tail-limit: 2 s
        tracks:
          - name: T
            clips: [{file: a.wav}]
            devices:
              - convolver: {file: a.wav}
              - match: {file: b.wav}
              - equalizer: {mode: linear-phase, bands: [{type: bell, frequency: 100 Hz, gain: 3 dB}]}
            solo: yes
        """

    static let policy = """
        lathe-policy: 1
        name: Night Ferry release
        profiles: [spotify, cd-redbook]
        mono: as-is
        true-peak: {oversampling: 4}
        overs-above: -1 dBTP
        rules:
          - {id: loudness, scope: album, metric: integrated, target: -14 LUFS, tolerance: 0.2 LU}
          - {id: tail, scope: song, metric: tail-silence, at-least: 0.5 s, at-most: 5 s, severity: warn}
          - {id: nulls, scope: stem, metric: stems-null, at-most: -90 dBFS, optional: yes}
          - id: form
            scope: file
            form: {container: [WAV, FLAC], bits: [16, 24], rate: 44.1 kHz, channels: 2, wave-tag: 1,
                   chunks-after-audio: no, grid: 588 samples, upsampled: no}
        waivers:
          - {rule: loudness, files: "02*.wav", reason: approved by the artist, until: 2026-12-31}
        files:
          stems: "stems/**"
          ignore: ["*.preview.wav"]
          layout: [{files: "film/*.wav", layout: "5.1"}]
        """
}
