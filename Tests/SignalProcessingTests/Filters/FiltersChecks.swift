import Glibc
import SignalProcessing
import Testing

/// Stimuli and the engine's rules for any `LaneProcessor`: blocks, boundaries, snapshots.
enum LaneChecks {
    enum Stimulus: CaseIterable { case noise, music, silence, direct, tone }

    /// `count` frames from absolute frame `start`; every lane differs except in constant stimuli.
    static func frames(_ stimulus: Stimulus, from start: Int, count: Int, rate: Double = 48000) -> [LaneFrame]
    {
        (start..<start + count).map { n in
            var frame = LaneFrame()
            for lane in 0..<8 {
                switch stimulus {
                case .noise: frame[lane] = 0.5 * noise(n, lane)
                case .music: frame[lane] = music(n, lane, rate)
                case .silence: frame[lane] = 0
                case .direct: frame[lane] = 0.25
                case .tone: frame[lane] = Float(0.5 * Glibc.sin(2 * Double.pi * 1000 * Double(n % 48) / rate))
                }
            }
            return frame
        }
    }

    /// Uniform in [-1, 1), a function of frame and lane alone.
    static func noise(_ n: Int, _ lane: Int) -> Float {
        var z = UInt64(bitPattern: Int64(n)) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(lane) &* 0xd1b5_4a32_d192_ed03
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return Float(Int32(truncatingIfNeeded: (z ^ z >> 31) >> 32)) * 0x1p-31
    }

    /// Notes of half a second with a decay, three partials each, and a little noise.
    private static func music(_ n: Int, _ lane: Int, _ rate: Double) -> Float {
        let note = n / 24000
        let pitch = 55 * Glibc.pow(2, Double((note * 7 + lane * 5) % 24) / 12)
        let age = Double(n % 24000)
        let phase = 2 * Double.pi * pitch * age / rate
        let tone = Glibc.sin(phase) + 0.5 * Glibc.sin(2 * phase) + 0.25 * Glibc.sin(5 * phase)
        return Float(0.4 * tone * Glibc.exp(-age / 9000)) + 0.003 * noise(n, lane)
    }

    /// Runs `input` in blocks of `blockLength`, from the absolute frame `start`.
    static func run<Processor: LaneProcessor>(
        _ processor: inout Processor, _ input: [LaneFrame], blockLength: Int = 512, key: [LaneFrame]? = nil,
        from start: Int = 0
    ) -> [LaneFrame] {
        var output: [LaneFrame] = []
        output.reserveCapacity(input.count)
        var i = 0
        while i < input.count {
            let end = min(input.count, i + blockLength)
            var piece = Array(input[i..<end])
            var block = piece.mutableSpan
            if let key {
                let keyPiece = Array(key[i..<end])
                processor.process(&block, key: keyPiece.span, at: start + i)
            } else {
                processor.process(&block, key: nil, at: start + i)
            }
            output += piece
            i = end
        }
        return output
    }

    static func snapshot(_ processor: some LaneProcessor) throws -> [UInt8] {
        var writer = SnapshotWriter()
        processor.write(to: &writer)
        return try writer.finish()
    }

    static func restore(_ processor: inout some LaneProcessor, _ bytes: [UInt8]) throws {
        var reader = SnapshotReader(bytes)
        try processor.read(from: &reader)
        #expect(reader.isAtEnd)
    }

    static func bits(_ frames: [LaneFrame]) -> [UInt32] {
        frames.flatMap { frame in (0..<8).map { frame[$0].bitPattern } }
    }

    static func bits(_ frames: [LaneFrame], lane: Int) -> [UInt32] { frames.map { $0[lane].bitPattern } }

    /// The bits do not depend on the block lengths.
    static func expectBlockInvariance<Processor: LaneProcessor>(
        _ fresh: Processor, key: [LaneFrame]? = nil, at location: SourceLocation = #_sourceLocation
    ) {
        let input = frames(.music, from: -100, count: 9001)
        var whole = fresh
        let expected = bits(run(&whole, input, blockLength: input.count, key: key, from: -100))
        for length in [1, 7, 64, 4096] {
            var processor = fresh
            let got = bits(run(&processor, input, blockLength: length, key: key, from: -100))
            #expect(got == expected, "blocks of \(length)", sourceLocation: location)
        }
    }

    /// A run restored at each boundary from its own snapshot equals processors that never met before.
    static func expectScatteredEqualsWhole<Processor: LaneProcessor>(
        _ fresh: Processor, key: [LaneFrame]? = nil, at location: SourceLocation = #_sourceLocation
    ) throws {
        let boundaries = [0, 1000, 1001, 3333, 7000]
        let input = frames(.music, from: 0, count: 7000)
        var one = fresh
        var other = fresh
        for (start, end) in zip(boundaries, boundaries.dropFirst()) {
            let (piece, keyPiece) = (Array(input[start..<end]), key.map { Array($0[start..<end]) })
            let ours = run(&one, piece, key: keyPiece, from: start)
            let bytes = try snapshot(one)
            try restore(&one, bytes)
            // Another worker: a processor that has run something else before it reads the snapshot.
            let theirs = run(&other, piece, blockLength: 33, key: keyPiece, from: start)
            let again = try snapshot(other)
            #expect(bits(ours) == bits(theirs), sourceLocation: location)
            #expect(bytes == again, sourceLocation: location)
            var next = fresh
            _ = run(&next, frames(.noise, from: 5, count: 777), key: key.map { Array($0[0..<777]) }, from: 5)
            try restore(&next, again)
            other = next
        }
    }

    /// Boundaries (of 10 s at `rate`) after which two start states are bit-equal under equal input; nil:
    /// more than 8.
    static func boundariesToConverge<Processor: LaneProcessor>(
        _ one: Processor, _ two: Processor, _ stimulus: Stimulus, rate: Double = 48000
    ) throws -> Int? {
        var (a, b) = (one, two)
        let segment = Int(10 * rate)
        for boundary in 1...8 {
            let input = frames(stimulus, from: boundary * segment, count: segment, rate: rate)
            _ = run(&a, input, from: boundary * segment)
            _ = run(&b, input, from: boundary * segment)
            let (left, right) = (try snapshot(a), try snapshot(b))
            if left == right { return boundary }
            try restore(&a, left)
            try restore(&b, right)
        }
        return nil
    }
}
