import Foundation
import RenderHarness
import Testing

/// What is there already is not made again: files that were delivered, sounds that were decoded.
@Suite struct ReuseFileTests {
    /// What tells one state of a file from another.
    private struct State: Equatable {
        var inode: UInt64
        var seconds: Int
        var nanoseconds: Int

        init(_ path: String) throws {
            var status = stat()
            try #require(lstat(path, &status) == 0, "\(path)")
            inode = UInt64(status.st_ino)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private func states(_ workshop: Workshop) throws -> [String: State] {
        var states: [String: State] = [:]
        for name in workshop.files("out") where name.hasSuffix(".wav") || name.hasSuffix(".flac") {
            guard !name.hasPrefix("stems/") else { continue }
            states[name] = try State(workshop.path("out/\(name)"))
        }
        return states
    }

    private let replacing = ["--overwrite", "replace", "--workers", "0"]

    @Test func `masters that would come out the same are left where they lie`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        let before = try states(workshop)
        #expect(before.count == 4)
        let again = try workshop.render("pair.yaml", into: "out", replacing)
        #expect(try states(workshop) == before)
        #expect(again.differences(from: first) == [])
        // What the reports say of them is what was measured then.
        #expect(again.document.removing("farm").text == first.document.removing("farm").text)
        // Late in the second song: its first windows are those of the file, the later ones are not.
        let song = String(decoding: try workshop.bytes("second.yaml"), as: UTF8.self)
        try workshop.write(
            "second.yaml", song + "\nmaster: {automation: {fader: [[0 s, 0 dB], [2100 ms, -0.5 dB]]}}\n")
        let edited = try workshop.render("pair.yaml", into: "out", replacing)
        let after = try states(workshop)
        for name in before.keys.sorted() {
            #expect((after[name] == before[name]) == name.contains("First"), "\(name)")
        }
        let fresh = try workshop.render("pair.yaml", into: "fresh", store: "empty", ["--workers", "0"])
        #expect(edited.differences(from: fresh) == [])
        // And back again.
        try workshop.write("second.yaml", song)
        #expect(try workshop.render("pair.yaml", into: "out", replacing).differences(from: first) == [])
    }

    @Test func `a master that somebody changed is written again, though its size and time are the same`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        for name in try states(workshop).keys.sorted() {
            try flip(byte: 900, of: workshop.path("out/\(name)"))
        }
        #expect(try workshop.render("pair.yaml", into: "out", replacing).differences(from: first) == [])
        // Records of nonsense are no reason to keep anything, nor to fail.
        for (number, name) in workshop.files("store/local/delivered").enumerated() {
            let path = "store/local/delivered/\(name)"
            let bytes = try workshop.bytes(path)
            try Data(number % 2 == 0 ? Array(bytes.prefix(bytes.count / 2)) : bytes.reversed()).write(
                to: URL(fileURLWithPath: workshop.path(path)))
        }
        #expect(try workshop.render("pair.yaml", into: "out", replacing).differences(from: first) == [])
    }

    /// Changes a byte in place and puts the time of change back.
    private func flip(byte: Int, of path: String) throws {
        var status = stat()
        try #require(stat(path, &status) == 0)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: UInt64(byte))
        let old = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(byte))
        try file.write(contentsOf: Data([old ^ 0x40]))
        try file.close()
        let times = [status.st_atim, status.st_mtim]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    @Test func `audio that was changed behind our back is found with --rehash`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        // Loud enough to be heard in 24 bits: the top byte of a sample half a second in.
        try flip(byte: 80 + 24_000 * 6 + 2, of: workshop.path("sounds/chord.wav"))
        let trusting = try workshop.render("pair.yaml", into: "trusting", ["--workers", "0"])
        #expect(trusting.differences(from: first) == [])
        #expect(trusting.tasks("rendered") == 0)
        let forecast = try workshop.run([
            "plan", workshop.path("pair.yaml"), "--json", "--rehash", "-o", workshop.path("rehashed"), "--store",
            workshop.path("store"), "--segment-seconds", "0.5",
        ])
        #expect(forecast.status == 0, "\(forecast.errors)")
        let plan = try JSON(Array(forecast.output.utf8))
        #expect((plan["segmentsAtLeast"].int ?? 0) > 0)
        let rehashed = try workshop.render("pair.yaml", into: "rehashed", ["--workers", "0", "--rehash"])
        #expect(rehashed.tasks("rendered") > 0)
        let fresh = try workshop.render("pair.yaml", into: "fresh", store: "empty", ["--workers", "0"])
        #expect(rehashed.differences(from: fresh) == [])
        #expect(rehashed.differences(from: first) != [])
    }

    @Test func `the same samples in another container render nothing`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        let wave = try workshop.bytes("sounds/chord.wav")
        let samples = try data(of: wave)
        // Tagged, under the same name; then as AIFF.
        try Data(wrapped(wave, samples)).write(to: URL(fileURLWithPath: workshop.path("sounds/chord.wav")))
        let tagged = try workshop.render("pair.yaml", into: "tagged", ["--workers", "0"])
        // One window of one file is hashed, for each song.
        #expect((1...2).contains(tagged.tasks("rendered")))
        #expect(tagged.differences(from: first) == [])
        try Data(aiff(samples)).write(to: URL(fileURLWithPath: workshop.path("sounds/chord.aiff")))
        for song in ["first.yaml", "second.yaml"] {
            let text = String(decoding: try workshop.bytes(song), as: UTF8.self)
            try workshop.write(song, text.replacingOccurrences(of: "chord.wav", with: "chord.aiff"))
        }
        let other = try workshop.render("pair.yaml", into: "other", ["--workers", "0"])
        #expect((1...2).contains(other.tasks("rendered")))
        #expect(other.differences(from: first) == [])
    }

    /// The bytes of a WAV file's samples.
    private func data(of wave: [UInt8]) throws -> [UInt8] {
        let at = try #require(
            (12..<200).first { Array(wave[$0..<$0 + 4]) == Array("data".utf8) }, "no data in the first chunks")
        return Array(wave[(at + 8)...])
    }

    private func word(_ value: Int, _ count: Int, bigEndian: Bool = false) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return bigEndian ? bytes.reversed() : bytes
    }

    /// As a plain WAV file of 24 bits with a title before the samples.
    private func wrapped(_ wave: [UInt8], _ samples: [UInt8]) -> [UInt8] {
        let format = word(1, 2) + word(2, 2) + word(48_000, 4) + word(288_000, 4) + word(6, 2) + word(24, 2)
        let tag = Array("INFOINAM".utf8) + word(8, 4) + Array("Chord 2\0".utf8)
        var body = Array("WAVELIST".utf8) + word(tag.count, 4) + tag
        body += Array("fmt ".utf8) + word(16, 4) + format + Array("data".utf8) + word(samples.count, 4) + samples
        return Array("RIFF".utf8) + word(body.count, 4) + body
    }

    private func aiff(_ samples: [UInt8]) -> [UInt8] {
        var swapped: [UInt8] = []
        swapped.reserveCapacity(samples.count)
        for at in stride(from: 0, to: samples.count - 2, by: 3) {
            swapped += [samples[at + 2], samples[at + 1], samples[at]]
        }
        let common =
            word(2, 2, bigEndian: true) + word(swapped.count / 6, 4, bigEndian: true) + word(24, 2, bigEndian: true)
            + [0x40, 0x0E, 0xBB, 0x80, 0, 0, 0, 0, 0, 0]
        var body = Array("AIFFCOMM".utf8) + word(18, 4, bigEndian: true) + common
        body += Array("SSND".utf8) + word(swapped.count + 8, 4, bigEndian: true) + word(0, 8) + swapped
        return Array("FORM".utf8) + word(body.count, 4, bigEndian: true) + body
    }
}
