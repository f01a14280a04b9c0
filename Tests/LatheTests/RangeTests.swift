import Foundation
import RenderHarness
import Testing

/// `lathe render --range`: a stretch for listening, out of the same tasks as the whole render.
@Suite struct RangeTests {
    @Test(arguments: ["0", "2"])
    func `an unfinished stretch is the pre-master's samples, and the whole render reuses it`(workers: String) throws {
        let workshop = try Workshop()
        try writeSong(workshop, master: "")
        let preview = try self.preview(workshop, "0:01.2..0:02.1", ["--workers", workers])
        #expect(preview["isFinished"].bool == false)
        #expect(preview["renderedFromSeconds"].double == 0)
        #expect(preview["secondsToRender"].double == 2.1)
        let range = try samples(workshop.bytes("song-preview/Song 0.01.2-0.02.1.preview.wav"))
        let whole = try workshop.render("song.yaml", into: "fresh", store: "fresh-store", ["--workers", "1"])
        let preMaster = try samples(try #require(whole.sounds["stems/Song/pre-master.wav"]))
        #expect(range == Array(preMaster[2 * 57_600..<2 * 100_800]))
        let rendered = try #require(preview.tasks["rendered"].int)
        let reusing = try workshop.render("song.yaml", into: "reusing", ["--workers", workers])
        #expect(reusing.differences(from: whole) == [])
        let found = reusing.tasks("reused") - whole.tasks("reused")
        #expect(found >= rendered, "\(rendered) segments were rendered before")
        // The same stretch again takes nothing but the store.
        let again = try self.preview(workshop, "0:01.2..0:02.1", ["--workers", workers])
        #expect(again.tasks["rendered"].int == 0)
        #expect(!again["renderedFromSeconds"].isThere)
    }

    @Test func `the finish is applied where this very mix was finished before, and only there`() throws {
        let workshop = try Workshop()
        let device = "compressor: {threshold: -20 dB, ratio: 2, attack: 9 ms, release: 90 ms}"
        try writeSong(workshop, master: "master: {devices: [{\(device)}]}")
        try writeAlbum(workshop, "{format: wav, bits: 32}, {format: wav, bits: 24, folder: Fine}")
        let unknown = try preview(workshop, "1 s..2 s", session: "album.yaml")
        #expect(unknown["isFinished"].bool == false)
        let whole = try workshop.render("album.yaml", into: "whole", ["--workers", "1"])
        let gain = try #require(whole.document["songs"].elements.first?["finish"]["gain"].double)
        let known = try preview(workshop, "1 s..2 s", session: "album.yaml")
        #expect(known["isFinished"].bool == true)
        #expect(known["gain"].double == gain)
        #expect(known.tasks["rendered"].int == 0)
        let range = try samples(workshop.bytes("album-preview/Song 0.01-0.02.preview.wav"))
        let names = whole.sounds.keys.sorted().filter { $0.hasSuffix("01 Song.wav") }
        let files = try names.map { (name: $0, samples: try samples(try #require(whole.sounds[$0]))) }
        let float = try #require(files.first { !$0.name.hasPrefix("Fine/") }?.samples)
        // Before dither and rounding the two are one: the limiter has the state of the whole render.
        #expect(range == Array(float[2 * 48_000..<2 * 96_000]))
        let integer = try #require(files.first { $0.name.hasPrefix("Fine/") }?.samples)
        let residual = zip(range, integer[2 * 48_000..<2 * 96_000]).map { abs($0 - $1) }.max() ?? 1
        #expect(residual * 8_388_608 <= 1.5 + 0.01, "triangular dither of one step each way, and rounding")
        // Another fader is another mix, whose gain nobody knows yet.
        try writeSong(workshop, master: "", fader: "-2 dB")
        #expect(try preview(workshop, "1 s..2 s", session: "album.yaml")["isFinished"].bool == false)
    }

    @Test func `a mix is heard with its master's devices, and at the rate of the delivery once finished`() throws {
        let workshop = try Workshop()
        let device = "equalizer: {bands: [{type: high-pass, frequency: 200 Hz}]}"
        try writeSong(workshop, master: "master: {fader: -6 dB, devices: [{\(device)}]}")
        try workshop.write(
            "album.yaml",
            "{lathe: 1, album: A, songs: [{file: song.yaml}], loudness: none, deliver: [{format: wav, bits: 32}]}")
        _ = try preview(workshop, "1 s..2 s", session: "album.yaml")
        let unfinished = try samples(workshop.bytes("album-preview/Song 0.01-0.02.preview.wav"))
        let whole = try workshop.render("album.yaml", into: "whole", store: "other", ["--workers", "0"])
        let name = try #require(whole.sounds.keys.first { $0.hasSuffix("01 Song.wav") })
        #expect(unfinished == Array(try samples(try #require(whole.sounds[name]))[2 * 48_000..<2 * 96_000]))
        try writeAlbum(workshop, "{format: wav, bits: 32, rate: 44100}")
        let converted = try workshop.render("album.yaml", into: "converted", ["--workers", "0"])
        let finished = try preview(workshop, "1 s..2 s", session: "album.yaml")
        #expect(finished["isFinished"].bool == true && finished["rate"].int == 44_100)
        let range = try samples(workshop.bytes("album-preview/Song 0.01-0.02.preview.wav"))
        let other = try #require(converted.sounds.keys.first { $0.hasSuffix("01 Song.wav") })
        #expect(range == Array(try samples(try #require(converted.sounds[other]))[2 * 44_100..<2 * 88_200]))
    }

    @Test func `after an edit the chains start at the last stored state before it`() throws {
        let workshop = try Workshop()
        try writeSong(workshop, master: "")
        _ = try workshop.render("song.yaml", into: "before", ["--workers", "1"])
        // The last of the thumps comes later: nothing before it changes.
        try writeSong(workshop, master: "", lastThump: "3.25 s")
        let preview = try self.preview(workshop, "3 s..4 s", ["--stems", "pre-master"])
        #expect(preview["isFinished"].bool == false)
        #expect(preview["renderedFromSeconds"].double == 3)
        #expect(preview["secondsToRender"].double == 1)
        let fresh = try workshop.render("song.yaml", into: "fresh", store: "fresh-store", ["--workers", "1"])
        let files = workshop.files("song-preview")
        #expect(files.filter { $0.contains(".stems/") }.count == 3, "\(files)")
        for (mine, whole) in [
            ("Song 0.03-0.04.preview.wav", "stems/Song/pre-master.wav"),
            ("Song 0.03-0.04.stems/pre-master.preview.wav", "stems/Song/pre-master.wav"),
            ("Song 0.03-0.04.stems/01 Direct.preview.wav", "stems/Song/01 Direct.wav"),
        ] {
            let range = try samples(workshop.bytes("song-preview/\(mine)"))
            let all = try samples(try #require(fresh.sounds[whole]))
            #expect(range == Array(all[2 * 144_000..<2 * 192_000]), "\(mine)")
        }
    }

    @Test(arguments: [
        ("1:00", "1:02..1:30"), ("2 s..1 s", "ends before"), ("1..2", "has no unit"),
        ("1|1..2|1", "needs a tempo"), ("1|1..0:02", "mixes"),
    ])
    func `a range that cannot be read ends with 2`(range: String, word: String) throws {
        let workshop = try Workshop()
        try writeSong(workshop, master: "")
        let run = try workshop.run(["render", workshop.path("song.yaml"), "--range", range])
        #expect(run.status == 2)
        #expect(run.errors.contains(word), "\(run.errors)")
        #expect(workshop.files("song-preview") == [])
    }

    @Test func `a stretch behind the end of the song is said to be`() throws {
        let workshop = try Workshop()
        try writeSong(workshop, master: "")
        let run = try workshop.run(
            ["render", workshop.path("song.yaml"), "--range", "9:00..9:10", "--workers", "0"]
                + ["--store", workshop.path("store")])
        #expect(run.status == 3)
        #expect(run.errors.contains("the song is over after"), "\(run.errors)")
        #expect(workshop.files("song-preview") == [])
    }

    @Test func `bars and beats are the same stretch as their times`() throws {
        let workshop = try Workshop()
        try writeSong(workshop, master: "", tempo: "tempo: 120")
        // At 120 a bar of four beats lasts 2 s.
        _ = try preview(workshop, "1|3..2|1", [])
        _ = try preview(workshop, "1 s..2 s", [])
        let bars = try samples(workshop.bytes("song-preview/Song bar 1.3-2.1.preview.wav"))
        #expect(bars.count == 2 * 48_000)
        #expect(try bars == samples(workshop.bytes("song-preview/Song 0.01-0.02.preview.wav")))
    }

    // MARK: - Sessions

    /// One preview of `--json`, with the tasks of the run.
    private struct Preview {
        var document: JSON
        var tasks: JSON
        subscript(key: String) -> JSON { document[key] }
    }

    private func preview(
        _ workshop: Workshop, _ range: String, session: String = "song.yaml", _ more: [String] = []
    ) throws -> Preview {
        let run = try workshop.run(
            ["render", workshop.path(session), "--range", range, "--store", workshop.path("store"), "--json"]
                + ["--segment-seconds", "0.5", "--progress", "none"] + more)
        guard run.status == 0 else { throw HarnessError("ended with \(run.status): \(run.errors)") }
        let document = try JSON(Array(run.output.utf8))
        return Preview(document: try #require(document["previews"].elements.first), tasks: document["tasks"])
    }

    private func preview(_ workshop: Workshop, _ range: String, _ more: [String]) throws -> Preview {
        try preview(workshop, range, session: "song.yaml", more)
    }

    private func writeAlbum(_ workshop: Workshop, _ deliveries: String) throws {
        try workshop.write(
            "album.yaml",
            """
            lathe: 1
            album: A
            songs: [{file: song.yaml}]
            loudness: {target: -20 LUFS, ceiling: -1 dBTP, by: album}
            deliver: [\(deliveries)]
            """)
    }

    /// `song.yaml`: thumps and a chord of four seconds with a return.
    private func writeSong(
        _ workshop: Workshop, master: String, fader: String = "0 dB", lastThump: String = "3 s", tempo: String = ""
    ) throws {
        if !workshop.exists("sounds/chord.wav") {
            try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 4)
            try workshop.sound("sounds/thump.wav", Sounds.thump, seconds: 0.4, channels: 1)
        }
        let thumps = (["0 s", "1 s", "2 s"] + [lastThump]).map { "{file: sounds/thump.wav, at: \($0)}" }
        try workshop.write(
            "song.yaml",
            """
            lathe: 1
            song: Song
            \(tempo)
            tracks:
              - name: Thump
                clips: [\(thumps.joined(separator: ", "))]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
                fader: \(fader)
              - name: Chord
                clips: [{file: sounds/chord.wav}]
                devices: [{equalizer: {bands: [{type: bell, frequency: 400 Hz, gain: 3 dB, q: 1.2}]}}]
                sends: [{to: Plate, gain: -10 dB}]
            returns:
              - {name: Plate, devices: [{reverb: {decay: 1 s}}]}
            \(master)
            """)
    }

    /// The samples of a stereo WAV file of 24 bits or floats, one channel after the other in each frame.
    private func samples(_ file: [UInt8]) throws -> [Float] {
        func number(_ place: Int, _ count: Int) -> Int {
            file[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        var place = 12
        var bits = 0
        while place + 8 <= file.count {
            let name = String(decoding: file[place..<place + 4], as: UTF8.self)
            let count = number(place + 4, 4)
            if name == "fmt " { bits = number(place + 22, 2) }
            if name == "data" {
                let bytes = bits / 8
                return stride(from: place + 8, to: place + 8 + count, by: bytes).map { start in
                    let value = number(start, bytes)
                    guard bits == 24 else { return Float(bitPattern: UInt32(value)) }
                    return Float(value >= 1 << 23 ? value - (1 << 24) : value) / 8_388_608
                }
            }
            place += 8 + count + (count & 1)
        }
        throw HarnessError("no samples")
    }
}
