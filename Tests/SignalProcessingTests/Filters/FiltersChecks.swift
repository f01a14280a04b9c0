import Glibc
import SignalProcessing
import Testing

/// Stimuli and the engine's rules for any `LaneProcessor`: blocks, boundaries, snapshots.
enum LaneChecks {
    enum Stimulus: CaseIterable { case noise, music, silence, direct, tone }

    /// `count` frames from absolute frame `start`; every lane differs except in constant stimuli.
    static func frames(_ stimulus: Stimulus, from start: Int, count: Int, rate: Double = 48000) -> [LaneFrame] {
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
}
