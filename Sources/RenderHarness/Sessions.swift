internal import Quantities

/// Sessions of the acceptance tests.
extension Workshop {
    /// `edges.yaml`: one song at 96 kHz over sources at 44.1 kHz in which whatever could go wrong at a segment's
    /// edge lies on one (segments of half a second, 48,000 frames): automation points one frame before and after
    /// each, clip edges and a limiter's peak on some, states that sound for seconds, silence in the middle.
    package func writeEdgesAlbum() throws {
        try sound("sounds/chord.wav", Sounds.chord, seconds: 4, rate: 44_100)
        try sound(
            "sounds/thump.wav", Sounds.thump, seconds: 0.4, rate: 44_100, samples: .integer16, channels: 1)
        try sound(
            "sounds/spike.wav", Sounds.spike, seconds: 0.3, rate: 44_100, samples: .float32, channels: 1)
        let segment = 48_000
        // The sounding parts, 0 to 3 s and 8 to 9.5 s, and the tail.
        let points = (1...24).flatMap { boundary in
            [
                "[\(boundary * segment - 1) samples, \(-2 - boundary % 5) dB, linear]",
                "[\(boundary * segment + 1) samples, \(-3 - boundary % 4) dB, linear]",
            ]
        }.joined(separator: ", ")
        let pans = (1...24).map { "[\($0 * segment) samples, \($0 % 2 == 0 ? "L20" : "R30"), linear]" }
            .joined(separator: ", ")
        let thumps = [0, 1, 2, 3, 4, 5, 16, 17, 18].map {
            "{file: sounds/thump.wav, at: \($0 * segment) samples}"
        }
        .joined(separator: ", ")
        try write(
            "edges-song.yaml",
            """
            lathe: 1
            song: Edges
            tail-limit: 3 s
            seed: 7
            tracks:
              - name: Thump
                clips: [\(thumps)]
                devices: [{equalizer: {bands: [{type: high-pass, frequency: 30 Hz, slope: 24 dB/oct}]}}]
                fader: -3 dB
                sends: [{to: Room, gain: -14 dB, tap: pre}]
              - name: Chord
                clips:
                  - {file: sounds/chord.wav, at: 0 s, length: 3 s, fade-in: 20 ms}
                  - {file: sounds/chord.wav, at: \(16 * segment) samples, start: 1 s, length: 1.5 s, fade-out: 10 ms}
                devices:
                  - compressor: {threshold: -24 dB, ratio: 4, attack: 5 ms, release: 150 ms, knee: 6 dB, key: Thump}
                output: Band
                sends: [{to: Room, gain: -9 dB}, {to: Echo, gain: -12 dB}]
                automation: {fader: [\(points)], pan: [\(pans)]}
              - name: Spike
                clips:
                  - {file: sounds/spike.wav, at: \(4 * segment - 9600) samples}
                  - {file: sounds/spike.wav, at: \(17 * segment - 9600) samples}
                devices: [{delay: {time: 180 ms, feedback: 40 %, mix: 25 %}}]
                pan: L30
            buses:
              - name: Band
                devices: [{compressor: {threshold: -18 dB, ratio: 2, attack: 20 ms, release: 200 ms}}]
            returns:
              - {name: Room, devices: [{reverb: {decay: 12 s, predelay: 20 ms, damping: 5 kHz}}], output: Band}
              - {name: Echo, devices: [{delay: {left: 120 ms, right: 210 ms, feedback: 50 %, mix: 100 %}}], fader: -6 dB}
            master:
              devices:
                - limiter: {ceiling: -6 dBTP, release: 60 ms}
                - equalizer: {bands: [{type: high-shelf, frequency: 9 kHz, gain: 1 dB}]}
            """)
        try write(
            "edges.yaml",
            """
            lathe: 1
            album: Edges
            rate: 96000
            songs: [{file: edges-song.yaml}]
            loudness: {target: -22 LUFS, ceiling: -1 dBTP, by: song, max-limiting: 6 dB}
            deliver:
              - {format: wav, bits: 24}
              - {format: flac, bits: 16, rate: 44100, dither: tpdf, folder: CD}
            """)
    }

    /// `pair.yaml`: two short songs at 48 kHz under one loudness target. Short enough to be rendered often.
    ///
    /// - Parameter seconds: Length of each song's chord.
    package func writePairAlbum(seconds: Double = 3) throws {
        try sound("sounds/chord.wav", Sounds.chord, seconds: seconds)
        try sound("sounds/thump.wav", Sounds.thump, seconds: 0.4, samples: .integer16, channels: 1)
        try writePairSong("first", title: "First", gain: "0 dB", seconds: seconds)
        try writePairSong("second", title: "Second", gain: "-4 dB", seconds: seconds)
        try write(
            "pair.yaml",
            """
            lathe: 1
            album: Pair
            songs: [{file: first.yaml}, {file: second.yaml, gap: 1 s}]
            loudness: {target: -24 LUFS, ceiling: -1 dBTP, by: album}
            deliver:
              - {format: wav, bits: 24}
              - {format: flac, bits: 16, folder: Stream}
            """)
    }

    private func writePairSong(_ file: String, title: String, gain: String, seconds: Double) throws {
        let thumps = (0..<Int(seconds)).map { "{file: sounds/thump.wav, at: \($0) s}" }.joined(
            separator: ", ")
        try write(
            "\(file).yaml",
            """
            lathe: 1
            song: \(title)
            length: \(Int(seconds)) s
            tracks:
              - name: Thump
                clips: [\(thumps)]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
              - name: Chord
                clips: [{file: sounds/chord.wav, gain: \(gain)}]
                devices: [{equalizer: {bands: [{type: bell, frequency: 400 Hz, gain: 3 dB, q: 1.2}]}}]
                sends: [{to: Plate, gain: -10 dB}]
            returns:
              - {name: Plate, devices: [{reverb: {decay: 2 s}}]}
            """)
    }
}
