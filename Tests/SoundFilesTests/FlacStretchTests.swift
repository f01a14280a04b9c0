import Quantities
import SoundFiles
import Testing

@Suite struct FlacStretchTests {
    @Test(arguments: [SampleFormat.integer16, .integer24], [44_100, 48_000, 96_000, 11_027, 352_800])
    func `stretches put together are the bytes of one encoder`(format: SampleFormat, rate: Int) throws {
        // The last two rates are written into every header, in two ways.
        for channelCount in [1, 2] {
            try expectOneEncoder(SampleLayout(format: format, channelCount: channelCount), rate: rate)
        }
    }

    private func expectOneEncoder(_ layout: SampleLayout, rate: Int) throws {
        // Of one frame, of less than a block, of whole blocks, of one frame more.
        for (count, stretch) in [(1, 1), (4_000, 1), (16_384, 2), (16_385, 2), (50_001, 3), (50_001, 100)] {
            let samples = music(layout, count: count)
            let assembled = try assemble(samples, layout, rate: rate, blocksPerStretch: stretch)
            #expect(assembled == (try whole(samples, layout, rate: rate)), "\(count) frames by \(stretch)")
        }
    }

    @Test func `numbers of one, two and three bytes follow each other`() throws {
        // 2,048 blocks and more: the number grows at 128 and at 2,048.
        let layout = SampleLayout(format: .integer16, channelCount: 1)
        let samples = music(layout, count: 2_060 * FlacBlocks.frameCount)
        let assembled = try assemble(samples, layout, rate: 48_000, blocksPerStretch: 120)
        #expect(assembled == (try whole(samples, layout, rate: 48_000)))
    }

    @Test(arguments: [0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000, 0x7FFF_FFFE])
    func `a stretch may begin wherever a block does`(number: Int) throws {
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        let samples = music(layout, count: 2 * FlacBlocks.frameCount)
        let early = try blocks(samples, layout, first: 0)
        let first = (number - 1) * FlacBlocks.frameCount
        let late = try blocks(samples, layout, first: first)
        let range = FrameRange(start: first, count: 2 * FlacBlocks.frameCount)
        #expect(FlacBlocks.isStretch([late], of: range))
        #expect(!FlacBlocks.isStretch([late], of: FrameRange(start: first + FlacBlocks.frameCount, count: range.count)))
        // The number alone grows, from one byte to as many as it takes.
        let width = { (number: Int) in [0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000].count { number >= $0 } + 1 }
        #expect(late.count == early.count + width(number - 1) + width(number) - 2)
    }

    private func blocks(_ samples: [UInt8], _ layout: SampleLayout, first: Int) throws -> [UInt8] {
        let encoder = try FlacStretchEncoder(name: "a", rate: 48_000, layout: layout, firstFrame: first)
        try samples.withUnsafeBytes { try encoder.append(packed: $0) }
        return Array(try encoder.finish(largestPart: 1 << 20).joined())
    }

    @Test func `a stretch has the frames of its segment, no less and no more`() throws {
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        let bytes = try blocks(music(layout, count: 9_000), layout, first: 8_192)
        let isStretch = { (bytes: [UInt8], count: Int) in
            FlacBlocks.isStretch([bytes], of: FrameRange(start: 8_192, count: count))
        }
        #expect(isStretch(bytes, 9_000))
        #expect(!isStretch(bytes, 8_192) && !isStretch(bytes, 8_999) && !isStretch(bytes, 12_288))
        #expect(!isStretch([], 9_000) && isStretch([], 0))
        // A shorter block where a whole one belongs.
        let short = try blocks(music(layout, count: 4_000), layout, first: 8_192)
        let next = try blocks(music(layout, count: 5_000), layout, first: 8_192 + FlacBlocks.frameCount)
        #expect(!isStretch(short + next, 9_000))
    }

    @Test func `bytes that are made to look like many headers are refused at once`() throws {
        // Every six bytes a header with the number that is looked for and its checksum; none ends a block.
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        let head = Array(try blocks(music(layout, count: 2 * FlacBlocks.frameCount), layout, first: 0).prefix(6))
        var second = try blocks(music(layout, count: FlacBlocks.frameCount), layout, first: FlacBlocks.frameCount)
        second.removeSubrange(6...)
        let bytes = head + Array(repeating: second, count: 1_000_000).joined()
        var assembly = try FlacAssembly(name: "a", rate: 48_000, layout: layout)
        #expect(throws: SoundFileError.self) { try bytes.withUnsafeBytes { _ = try assembly.take($0) } }
    }

    @Test func `samples that hold sync codes are no blocks`() throws {
        // Incompressible sound is stored as it is: here with the start of a header over and over.
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        var numbers = TestNumbers(state: 5)
        var samples = [UInt8](repeating: 0, count: layout.byteCount(frames: 40_000))
        for i in samples.indices {
            let isHeader = Int.random(in: 0..<3, using: &numbers) == 0
            samples[i] = isHeader ? [0xFF, 0xF8, 0xC9, 0x18][i % 4] : .random(in: 0...255, using: &numbers)
        }
        let assembled = try assemble(samples, layout, rate: 44_100, blocksPerStretch: 2)
        #expect(assembled == (try whole(samples, layout, rate: 44_100)))
    }

    @Test func `parts hold whole blocks, and as many as fit`() throws {
        let layout = SampleLayout(format: .integer24, channelCount: 2)
        let samples = music(layout, count: 60_000)
        let parts = try stretch(samples, layout, rate: 48_000, first: 0, count: 60_000, largestPart: 40_000)
        #expect(parts.count > 2 && parts.dropLast().allSatisfy { (20_000...40_000).contains($0.count) })
        var assembly = try FlacAssembly(name: "a", rate: 48_000, layout: layout)
        let counts = try parts.map { try $0.withUnsafeBytes { try assembly.take($0) } }
        #expect(counts.reduce(0, +) == 60_000 && counts.dropLast().allSatisfy { $0 % FlacBlocks.frameCount == 0 })
    }

    @Test func `whatever is changed in a block is found`() throws {
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        let blocks = try stretch(music(layout, count: 9_000), layout, rate: 48_000, first: 0, count: 9_000)[0]
        var numbers = TestNumbers(state: 3)
        for _ in 0..<2_000 {
            var changed = blocks
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0:
                let bit = Int.random(in: 0..<8 * changed.count, using: &numbers)
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
            case 1: changed.removeLast(Int.random(in: 1..<changed.count, using: &numbers))
            default:
                let place = Int.random(in: changed.indices, using: &numbers)
                changed.insert(.random(in: 0...255, using: &numbers), at: place)
            }
            var assembly = try FlacAssembly(name: "a", rate: 48_000, layout: layout)
            do {
                let count = try changed.withUnsafeBytes { try assembly.take($0) }
                // Cut between two blocks it is sound: the file's length tells.
                #expect(count < 9_000 && blocks.starts(with: changed))
            } catch {
                #expect((error as? SoundFileError)?.code == .verificationFailed)
                #expect(assembly.frameCount == 0)
            }
        }
    }

    private func whole(_ samples: [UInt8], _ layout: SampleLayout, rate: Int) throws -> [UInt8] {
        let encoder = try FlacEncoder(name: "whole", rate: rate, layout: layout)
        try samples.withUnsafeBytes { try encoder.append(packed: $0) }
        return try encoder.finish()
    }

    private func stretch(
        _ samples: [UInt8], _ layout: SampleLayout, rate: Int, first: Int, count: Int, largestPart: Int = 1 << 20
    ) throws -> [[UInt8]] {
        let encoder = try FlacStretchEncoder(name: "stretch", rate: rate, layout: layout, firstFrame: first)
        let bytes = layout.byteCount(frames: first)..<min(samples.count, layout.byteCount(frames: first + count))
        try samples[bytes].withUnsafeBytes { try encoder.append(packed: $0) }
        return try encoder.finish(largestPart: largestPart)
    }

    private func assemble(
        _ samples: [UInt8], _ layout: SampleLayout, rate: Int, blocksPerStretch: Int
    ) throws -> [UInt8] {
        var assembly = try FlacAssembly(name: "assembled", rate: rate, layout: layout)
        var blocks: [UInt8] = []
        let count = blocksPerStretch * FlacBlocks.frameCount
        let frameCount = samples.count / layout.bytesPerFrame
        for first in stride(from: 0, to: frameCount, by: count) {
            for part in try stretch(samples, layout, rate: rate, first: first, count: count) {
                _ = try part.withUnsafeBytes { try assembly.take($0) }
                blocks += part
            }
        }
        #expect(assembly.frameCount == frameCount && assembly.blockByteCount == blocks.count)
        var digest = SampleMD5()
        samples.withUnsafeBytes { digest.add($0) }
        let header = assembly.header(md5: digest.finish())
        #expect(header.count == assembly.headerByteCount)
        return header + blocks
    }

    /// A resonance driven by noise, with silence and full scale in it: what is predicted, stored and constant.
    private func music(_ layout: SampleLayout, count: Int) -> [UInt8] {
        let top = Double(1 << (layout.format.bitCount - 1)) - 1
        var numbers = TestNumbers(state: UInt64(count))
        var (a, b) = (0.0, 0.0)
        let width = layout.format.bitCount / 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(layout.byteCount(frames: count))
        for frame in 0..<count {
            let noise = Double(Int.random(in: -1_000_000...1_000_000, using: &numbers)) / 1_000_000
            let y = 1.95 * a - 0.96 * b + 0.003 * noise
            (a, b) = (y, a)
            for channel in 0..<layout.channelCount {
                var sample = Int32((max(-1, min(1, channel == 0 ? y : y * y - a)) * top).rounded())
                if frame / 6_000 % 3 == 1 { sample = 0 }
                for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: sample >> Int32(8 * byte))) }
            }
        }
        return bytes
    }
}
