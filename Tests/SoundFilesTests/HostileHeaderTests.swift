import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

@Suite(.serialized) struct HostileHeaderTests {
    /// Bytes that tend to break parsers.
    private static let edges: [UInt8] = [0, 1, 2, 3, 4, 8, 16, 24, 32, 64, 0x7F, 0x80, 0xFE, 0xFF]

    @Test("Random damage to a header neither crashes nor takes memory", arguments: FormatCase.all)
    func survivesDamagedHeaders(_ sample: FormatCase) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try writeWithLibrary(path, format: sample.code, channelCount: 2, samples: testSamples(count: 3_000))
        let whole = try bytes(of: path)
        let headerByteCount = min(whole.count, sample.container == .caf ? 4_200 : 140)
        var numbers = TestNumbers(state: UInt64(sample.code))
        let before = peakMemory()
        var accepted = 0
        for round in 0..<150 {
            var damaged = whole
            for _ in 0...Int.random(in: 0..<4, using: &numbers) {
                let offset = Int.random(in: 0..<headerByteCount, using: &numbers)
                let length = [1, 1, 2, 4, 8].randomElement(using: &numbers)!
                for i in offset..<min(offset + length, headerByteCount) {
                    damaged[i] =
                        Bool.random(using: &numbers)
                        ? Self.edges.randomElement(using: &numbers)!
                        : UInt8.random(in: 0...255, using: &numbers)
                }
            }
            if round % 3 == 0 { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &numbers)) }
            if try readAll(damaged) { accepted += 1 }
        }
        #expect(accepted < 150, "damage is noticed now and then")
        #expect(peakMemory() - before < 300 << 20)
    }

    @Test("Every length of every header is refused or read", arguments: FormatCase.all)
    func survivesEveryCut(_ sample: FormatCase) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try writeWithLibrary(path, format: sample.code, channelCount: 1, samples: testSamples(count: 50))
        let whole = try bytes(of: path)
        for count in 0..<min(whole.count, 130) { #expect(try !readAll(Array(whole[..<count]))) }
    }

    /// True where the bytes were read to their end; false where they were refused with a typed error.
    private func readAll(_ bytes: [UInt8]) throws -> Bool {
        do {
            let reader = try SoundFileReader(bytes: bytes, name: "hostile")
            try reader.checkEnd()
            // A header may well announce more than there is of a codec that is decoded: one part is enough.
            let frames = FrameRange(0, min(reader.info.frameCount, 4_096))
            if reader.info.channelCount <= 2 { _ = try reader.interleaved(frames) }
            return true
        } catch is SoundFileError { return false }
    }

    /// The most memory this process has had, in bytes.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
