import Foundation
import Glibc
import Quantities
import Release
import SoundFiles
import TestSupport
import Testing

@Suite struct DeliverableWriterTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory("lathe-release") }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func append(_ bytes: some Collection<UInt8>, to writer: DeliverableWriter) throws {
        try Array(bytes).withUnsafeBytes { try writer.append($0) }
    }

    private func append(_ planes: [[Float]], _ range: Range<Int>, to writer: DeliverableWriter) throws {
        let part = planes.flatMap { Array($0[range]) }
        try part.withUnsafeBytes { try writer.append($0) }
    }

    @Test(arguments: [SampleFormat.integer16, .integer24], [1, 2])
    func `packed integers come back as they went in`(samples: SampleFormat, channels: Int) throws {
        let frames = 70_001
        let bytes = packedFrames(frames, bitCount: samples.bitCount, channelCount: channels)
        let width = channels * samples.bitCount / 8
        let writer = try DeliverableWriter(
            finalPath: path("a.wav"), kind: .wavPCM(samples), rateHertz: 44_100, channelCount: channels)
        try append(bytes[..<(65_536 * width)], to: writer)
        try append(bytes[(65_536 * width)...], to: writer)
        let file = try writer.finish()
        try writer.publish()
        #expect(isSame(try canonicalBytes(path("a.wav")), bytes))
        let info = try SoundFileReader(path: path("a.wav")).info
        #expect(info.rate == 44_100 && info.format == samples && info.frameCount == frames)
        #expect(file.frameCount == frames && file.path == path("a.wav"))
        #expect(file.pcmSHA256 == sha256(bytes))
        #expect(file.sha256 == sha256(contents(path("a.wav"))))
        #expect(file.byteCount == contents(path("a.wav")).count)
    }

    @Test(arguments: [1, 2])
    func `planar floats keep every bit`(channels: Int) throws {
        var samples = planarFrames(70_001, channelCount: channels)
        samples[0][5] = -0.0
        samples[0][6] = .leastNonzeroMagnitude
        let writer = try DeliverableWriter(
            finalPath: path("a.wav"), kind: .wavFloat, rateHertz: 48_000, channelCount: channels)
        try append(samples, 0..<65_536, to: writer)
        try append(samples, 65_536..<70_001, to: writer)
        let file = try writer.finish()
        try writer.publish()
        let read = try planes(path("a.wav"))
        for channel in 0..<channels {
            #expect(isSame(read[channel].map(\.bitPattern), samples[channel].map(\.bitPattern)))
        }
        #expect(file.pcmSHA256 == sha256(try canonicalBytes(path("a.wav"))))
    }

    @Test func `two that write one file at the same time give a whole one each`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func writer() throws -> DeliverableWriter {
            try DeliverableWriter(
                finalPath: folder + "/a.wav", kind: .wavFloat, rateHertz: 48_000, channelCount: 1, isShared: true)
        }
        func append(_ value: Float, to writer: DeliverableWriter) throws {
            try [Float](repeating: value, count: 100).withUnsafeBytes { try writer.append($0) }
        }
        let (first, second) = (try writer(), try writer())
        try append(0.25, to: first)
        try append(0.5, to: second)
        let file = try first.finish()
        try first.publish(isReplacing: true)
        let published = try #require(FileManager.default.contents(atPath: folder + "/a.wav"))
        #expect(published.count == file.byteCount)
        try append(0.5, to: second)
        let other = try second.finish()
        try second.publish(isReplacing: true)
        #expect(FileManager.default.contents(atPath: folder + "/a.wav")?.count == other.byteCount)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.wav"])
    }

    @Test func `windows taken back leave no trace`() throws {
        let good = planarFrames(3_000)
        let straight = try DeliverableWriter(
            finalPath: path("straight.wav"), kind: .wavFloat, rateHertz: 48_000, channelCount: 2)
        try append(good, 0..<2_500, to: straight)
        let expected = try straight.finish()

        let disputed = try DeliverableWriter(
            finalPath: path("disputed.wav"), kind: .wavFloat, rateHertz: 48_000, channelCount: 2)
        try append(good, 0..<1_000, to: disputed)
        try append(planarFrames(4_000, seed: 9), 0..<4_000, to: disputed)
        try disputed.rewind(toFrame: 1_000)
        #expect(disputed.frameCount == 1_000)
        try append(good, 1_000..<3_000, to: disputed)
        try disputed.truncate(toFrames: 2_500)
        let file = try disputed.finish()
        #expect(file.sha256 == expected.sha256)
        #expect(file.pcmSHA256 == expected.pcmSHA256)
        #expect(file.frameCount == 2_500 && file.byteCount == expected.byteCount)
    }

    @Test func `another sample is another digest`() throws {
        var bytes = packedFrames(100, bitCount: 24)
        func digest() throws -> DeliveredFile {
            let writer = try DeliverableWriter(
                finalPath: path("a.wav"), kind: .wavPCM(.integer24), rateHertz: 48_000, channelCount: 2)
            try append(bytes, to: writer)
            return try writer.finish()
        }
        let first = try digest()
        #expect(try digest() == first)
        bytes[333] ^= 1
        #expect(try digest().sha256 != first.sha256)
        #expect(try digest().pcmSHA256 != first.pcmSHA256)
    }

    @Test func `a song cut to nothing is a file all the same`() throws {
        let writer = try DeliverableWriter(
            finalPath: path("a.wav"), kind: .wavPCM(.integer16), rateHertz: 48_000, channelCount: 2)
        try append(packedFrames(10, bitCount: 16), to: writer)
        try writer.truncate(toFrames: 0)
        let file = try writer.finish()
        try writer.publish()
        #expect(file.frameCount == 0 && file.pcmSHA256 == sha256([]))
        #expect(contents(path("a.wav")).count == file.byteCount)
    }

    @Test func `the final name appears at publication and not before`() throws {
        let bytes = packedFrames(2_000, bitCount: 16)
        var writer: DeliverableWriter? = try DeliverableWriter(
            finalPath: path("01 Salt.wav"), kind: .wavPCM(.integer16), rateHertz: 48_000, channelCount: 2)
        let pending = [".01 Salt.wav.lathe-part"]
        #expect(listing(folder.path) == pending)
        try append(bytes, to: #require(writer))
        #expect(listing(folder.path) == pending)
        try writer?.rewind(toFrame: 500)
        #expect(listing(folder.path) == pending)
        let file = try #require(try writer?.finish())
        #expect(listing(folder.path) == pending)
        try writer?.publish()
        #expect(listing(folder.path) == ["01 Salt.wav"])
        writer = nil
        #expect(listing(folder.path) == ["01 Salt.wav"])
        #expect(sha256(contents(path("01 Salt.wav"))) == file.sha256)
    }

    @Test func `what is abandoned or let go leaves nothing behind`() throws {
        func make() throws -> DeliverableWriter {
            let writer = try DeliverableWriter(
                finalPath: path("a.wav"), kind: .wavPCM(.integer16), rateHertz: 48_000, channelCount: 2)
            try append(packedFrames(10, bitCount: 16), to: writer)
            return writer
        }
        let writer = try make()
        writer.abandon()
        #expect(listing(folder.path) == [])
        do { _ = try make() }
        #expect(listing(folder.path) == [])
        do { _ = try make().finish() }
        #expect(listing(folder.path) == [])
    }

    @Test func `what a killed render left is replaced, also a second name of a finished file`() throws {
        try folder.write("a.wav", "a finished file")
        // Killed between the two steps of publishing: both names are one file.
        #expect(link(path("a.wav"), path(".a.wav.lathe-part")) == 0)
        try folder.write(".b.wav.lathe-part", "half a file")
        for name in ["a.wav", "b.wav"] {
            let writer = try DeliverableWriter(
                finalPath: path(name), kind: .wavPCM(.integer16), rateHertz: 48_000, channelCount: 2)
            try append(packedFrames(10, bitCount: 16), to: writer)
            _ = try writer.finish()
            if name == "b.wav" { try writer.publish() }
        }
        #expect(listing(folder.path) == ["a.wav", "b.wav"])
        #expect(contents(path("a.wav")) == Array("a finished file".utf8))
        #expect(try canonicalBytes(path("b.wav")) == packedFrames(10, bitCount: 16))
    }

    @Test func `publication replaces a file only where it may`() throws {
        try folder.write("a.wav", "mine")
        let writer = try DeliverableWriter(
            finalPath: path("a.wav"), kind: .wavPCM(.integer16), rateHertz: 48_000, channelCount: 2)
        try append(packedFrames(10, bitCount: 16), to: writer)
        _ = try writer.finish()
        let error = #expect(throws: ReleaseError.self) { try writer.publish() }
        #expect(error?.code == .exists && error?.message.contains("--overwrite") == true)
        #expect(contents(path("a.wav")) == Array("mine".utf8))
        try writer.publish(isReplacing: true)
        #expect(try canonicalBytes(path("a.wav")) == packedFrames(10, bitCount: 16))
        #expect(listing(folder.path) == ["a.wav"])
    }

    @Test func `a folder that is not there is named with a remedy`() throws {
        let error = #expect(throws: ReleaseError.self) {
            try DeliverableWriter(
                finalPath: path("gone/a.wav"), kind: .wavFloat, rateHertz: 48_000, channelCount: 2)
        }
        #expect(error?.code == .folderMissing && error?.path == path("gone/a.wav"))
        let long = #expect(throws: ReleaseError.self) {
            try DeliverableWriter(
                finalPath: path(String(repeating: "x", count: 250)), kind: .wavFloat, rateHertz: 48_000,
                channelCount: 2)
        }
        #expect(long?.code == .nameTooLong)
    }

    @Test func `a full disk is an error with a remedy, and nothing stays`() async {
        await #expect(processExitsWith: .success) {
            // The limit stands for the disk's end: the system refuses the write that crosses it.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
            let folder = try TemporaryDirectory("lathe-release")
            let encoder = try FlacStretchEncoder(
                name: "a", rate: 48_000, layout: SampleLayout(format: .integer16, channelCount: 2), firstFrame: 0)
            try packedFrames(90_000, bitCount: 16).withUnsafeBytes { try encoder.append(packed: $0) }
            let blocks = try encoder.finish(largestPart: 50_000)
            for kind in [DeliverableWriter.Kind.wavPCM(.integer16), .wavFloat, .flac(.integer16)] {
                let writer = try DeliverableWriter(
                    finalPath: "\(folder.path)/a.wav", kind: kind, rateHertz: 48_000, channelCount: 2)
                let frames = 10_000
                let part = [UInt8](repeating: 1, count: frames * (kind == .wavFloat ? 8 : 4))
                var code: ReleaseError.Code?
                for number in 0..<4 where code == nil {
                    let part = kind.isFLAC ? blocks[number] : part
                    do { try part.withUnsafeBytes { try writer.append($0) } } catch {
                        let error = try #require(error as? ReleaseError)
                        guard error.message.contains("Make room") else { exit(3) }
                        code = error.code
                    }
                }
                guard code == .noSpace else { exit(4) }
                writer.abandon()
                guard listing(folder.path).isEmpty else { exit(5) }
            }
        }
    }

    // MARK: - FLAC

    /// The file as one encoder makes it.
    private func flac(_ samples: [UInt8]) throws -> [UInt8] {
        let encoder = try FlacEncoder(
            name: "test", rate: 44_100, layout: SampleLayout(format: .integer16, channelCount: 2))
        try samples.withUnsafeBytes { try encoder.append(packed: $0) }
        return try encoder.finish()
    }

    /// The blocks of a stretch of `count` frames of a song.
    private func blocks(_ samples: [UInt8], from first: Int, count: Int) throws -> [UInt8] {
        let encoder = try FlacStretchEncoder(
            name: "test", rate: 44_100, layout: SampleLayout(format: .integer16, channelCount: 2), firstFrame: first)
        let end = min(samples.count, 4 * (first + count))
        try samples[4 * first..<end].withUnsafeBytes { try encoder.append(packed: $0) }
        return Array(try encoder.finish(largestPart: 1 << 20).joined())
    }

    private func flacWriter(_ name: String = "a.flac") throws -> DeliverableWriter {
        try DeliverableWriter(
            finalPath: path(name), kind: .flac(.integer16), rateHertz: 44_100, channelCount: 2)
    }

    @Test func `a FLAC file of stretches is that of one encoder, and its samples hash as those of a WAV`() throws {
        let samples = packedFrames(30_000, bitCount: 16)
        let writer = try flacWriter()
        for first in stride(from: 0, to: 30_000, by: 8_192) {
            try append(try blocks(samples, from: first, count: 8_192), to: writer)
        }
        #expect(writer.frameCount == 30_000)
        let file = try writer.finish()
        try writer.publish()
        let encoded = try flac(samples)
        #expect(isSame(contents(path("a.flac")), encoded))
        #expect(file.sha256 == sha256(encoded) && file.byteCount == encoded.count)
        #expect(file.frameCount == 30_000 && file.pcmSHA256 == sha256(samples))
        #expect(try SoundFileReader(path: path("a.flac")).verifyChecksum() == .matches)
    }

    @Test func `stretches of a FLAC file that are taken back leave no trace`() throws {
        let samples = packedFrames(30_000, bitCount: 16)
        let wrong = packedFrames(30_000, bitCount: 16, seed: 9)
        let writer = try flacWriter()
        for first in stride(from: 0, to: 30_000, by: 8_192) {
            try append(try blocks(first < 8_192 ? samples : wrong, from: first, count: 8_192), to: writer)
        }
        try writer.rewind(toFrame: 8_192)
        #expect(writer.frameCount == 8_192)
        try writer.rewind(toFrame: 8_192)
        try append(try blocks(samples, from: 8_192, count: 30_000), to: writer)
        _ = try writer.finish()
        try writer.publish()
        #expect(isSame(contents(path("a.flac")), try flac(samples)))
    }

    @Test func `a FLAC file that is damaged on the disk is never published`() throws {
        let samples = packedFrames(30_000, bitCount: 16)
        func damaged(_ change: (CInt, Int) -> Void) throws -> Bool {
            let writer = try flacWriter()
            try append(try blocks(samples, from: 0, count: 30_000), to: writer)
            let descriptor = open(writer.temporaryPath, O_RDWR)
            defer { close(descriptor) }
            change(descriptor, Int(lseek(descriptor, 0, SEEK_END)))
            defer { writer.abandon() }
            do { _ = try writer.finish() } catch let error as ReleaseError { return error.code == .damaged }
            return false
        }
        #expect(try !damaged { _, _ in })
        for place in [100, 1_000, 60_000] {
            #expect(try damaged { descriptor, _ in pwrite(descriptor, [UInt8(0x55), 0xAA, 0x55, 0xAA], 4, place) })
        }
        #expect(try damaged { descriptor, byteCount in ftruncate(descriptor, byteCount - 9) })
        #expect(try damaged { descriptor, byteCount in pwrite(descriptor, [UInt8(0)], 1, byteCount) })
        #expect(listing(folder.path) == [])
    }

    @Test func `a FLAC file takes only the whole blocks that come next`() throws {
        let samples = packedFrames(30_000, bitCount: 16)
        let first = try blocks(samples, from: 0, count: 8_192)
        let writer = try flacWriter()
        let damaged = ReleaseError(.damaged, "", path: "")
        #expect(throws: damaged) { try append(try blocks(samples, from: 8_192, count: 8_192), to: writer) }
        #expect(throws: damaged) { try append(first.dropLast(), to: writer) }
        #expect(throws: damaged) { try append(first.dropFirst(), to: writer) }
        #expect(throws: damaged) { try append(packedFrames(100, bitCount: 16), to: writer) }
        var flipped = first
        flipped[first.count / 3] ^= 4
        #expect(throws: damaged) { try append(flipped, to: writer) }
        #expect(writer.frameCount == 0)
        // Behind a last, shorter block nothing comes.
        try append(try blocks(samples, from: 0, count: 5_000), to: writer)
        #expect(throws: damaged) { try append(try blocks(samples, from: 8_192, count: 100), to: writer) }
        writer.abandon()
        #expect(listing(folder.path) == [])
    }
}
