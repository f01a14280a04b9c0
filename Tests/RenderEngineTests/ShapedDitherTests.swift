import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// Noise-shaped dither as a delivery.
@Suite struct ShapedDitherTests {
    private static let rateHertz = 44_100
    private static let frames = 88_200

    private struct Quantised {
        var left: [Int32]
        var right: [Int32]
        var keys: [[UInt8]]
        var results: [TaskResult]
    }

    private func quantised(
        _ planes: [[Float]], _ dither: Delivery.Dither, samples: SampleFormat = .integer16, ordinal: Int = 1,
        seconds: Double = 0.5, options: PlanRunner.Options = .init()
    ) throws -> Quantised {
        var scene = Scene(rateHertz: Self.rateHertz, seconds: 2)
        scene.addTrack("A", planes)
        var (list, plan) = try scene.compile(segmentSeconds: seconds)
        let stream = FinishCompiler.addQuantiser(
            over: plan.mix, delivery: Delivery(format: .wav, samples: samples, dither: dither),
            ordinal: ordinal,
            seed: 5, frameCount: Self.frames, song: 0, to: &list)
        let runner = PlanRunner(list, sources: scene.samples, options: options)
        try runner.run()
        let (bytes, width) = (runner.bytes(stream), samples.bitCount / 8)
        let integers = stride(from: 0, to: bytes.count, by: width).map { at in
            let word = (0..<width).reduce(Int32(0)) { $0 | Int32(bytes[at + $1]) << (8 * Int32($1)) }
            return (word << (32 - 8 * Int32(width))) >> (32 - 8 * Int32(width))
        }
        return Quantised(
            left: stride(from: 0, to: integers.count, by: 2).map { integers[$0] },
            right: stride(from: 1, to: integers.count, by: 2).map { integers[$0] },
            keys: runner.keys[stream.program.rawValue], results: runner.results[stream.program.rawValue])
    }

    private static func tone() -> [[Float]] {
        (0..<2).map { channel in
            (0..<frames).map { Float(0.3 * PinnedMath.sin(Double($0) * (0.05 + 0.01 * Double(channel)))) }
        }
    }

    @Test(arguments: [SampleFormat.integer16, .integer24])
    func `The bytes are the same in any order of segments`(samples: SampleFormat) throws {
        let planes = noise(3, channels: 2, frames: Self.frames, level: 1.05)
        // Segments of more than one part too.
        for seconds in [0.25, 1.9] {
            let plain = try quantised(planes, .shaped, samples: samples, seconds: seconds)
            for options: PlanRunner.Options in [
                .init(blockFrames: 7, scatters: true), .init(reversesWindows: true),
            ] {
                let other = try quantised(
                    planes, .shaped, samples: samples, seconds: seconds, options: options)
                let same = plain.results == other.results && plain.keys == other.keys
                #expect(same)
            }
            let triangular = try quantised(planes, .tpdf, samples: samples, seconds: seconds)
            let differ =
                triangular.left != plain.left && zip(triangular.keys, plain.keys).allSatisfy { $0 != $1 }
            #expect(differ)
        }
    }

    @Test func `The bytes are the quantiser's, begun anew at each segment`() throws {
        let planes = noise(3, channels: 2, frames: Self.frames, level: 1.05)
        let segmentFrames = 22_048
        let got = try quantised(planes, .shaped, seconds: Double(segmentFrames) / Double(Self.rateHertz))
        for (channel, integers) in [got.left, got.right].enumerated() {
            var quantiser = ShapedQuantiser(
                bits: 16, dither: DitherNoise(seed: 5, outputOrdinal: 1, channel: channel),
                rateHertz: Self.rateHertz,
                segmentFrames: segmentFrames)
            let reach = ShapedQuantiser.blankingReachFrames
            let input = (-reach..<Self.frames + reach).map {
                planes[channel].indices.contains($0) ? planes[channel][$0] : 0
            }
            var expected = [Int32](repeating: 0, count: Self.frames)
            var span = expected.mutableSpan
            _ = quantiser.process(input: input.span, inputStart: -reach, output: &span, outputStart: 0)
            let same = integers == expected
            #expect(same)
        }
    }

    @Test func `Digital silence stays digital silence`() throws {
        var planes = [[Float]](repeating: [Float](repeating: 0, count: Self.frames), count: 2)
        let silent = try quantised(planes, .shaped)
        #expect(silent.left.allSatisfy { $0 == 0 } && silent.right.allSatisfy { $0 == 0 })
        // Around a sound as around any other dither.
        planes[0].replaceSubrange(30_000..<31_000, with: noise(1, channels: 1, frames: 1000)[0])
        let sounding = try quantised(planes, .shaped)
        let heard = sounding.left.indices.filter { sounding.left[$0] != 0 }
        #expect(
            heard.first.map { $0 >= 30_000 - 256 } == true && heard.last.map { $0 < 31_000 + 256 } == true)
        #expect(sounding.right.allSatisfy { $0 == 0 })
    }

    @Test func `The noise lies where the ear is dull`() throws {
        let planes = Self.tone()
        func noiseBelow4kHz(_ dither: Delivery.Dither) throws -> (low: Double, all: Double) {
            let got = try quantised(planes, dither, seconds: 1)
            let error = zip(got.left, planes[0]).map { Double($0) / 32_768 - Double($1) }
            var analysis = SpectrumAnalysis(rateHertz: Self.rateHertz)
            // Louder than what an analysis takes for silence.
            let loud = error.map { Float($0 * 1000) }
            analysis.add(left: loud.span, right: loud.span)
            let profile = analysis.finish()
            var (low, all) = (0.0, 0.0)
            for (k, density) in profile.midDensity.enumerated() {
                if Double(k) * profile.binHertz < 4000 { low += density }
                all += density
            }
            return (10 * PinnedMath.log10(low), 10 * PinnedMath.log10(all))
        }
        let (plain, shaped) = (try noiseBelow4kHz(.tpdf), try noiseBelow4kHz(.shaped))
        #expect(shaped.low <= plain.low - 8, "\(plain.low) dB to \(shaped.low) dB")
        // Shaping moves noise; it takes none away.
        #expect(shaped.all > plain.all)
    }

    @Test func `Two deliveries carry other noise, and a wrong version is refused`() throws {
        let planes = Self.tone()
        let (first, second) = (
            try quantised(planes, .shaped, ordinal: 1), try quantised(planes, .shaped, ordinal: 2)
        )
        let differ = first.left != second.left
        #expect(differ)
        var scene = Scene(rateHertz: Self.rateHertz, seconds: 1)
        scene.addTrack("A", planes)
        var (list, plan) = try scene.compile()
        let stream = FinishCompiler.addQuantiser(
            over: plan.mix, delivery: Delivery(format: .wav, samples: .integer16, dither: .shaped),
            ordinal: 0, seed: 0,
            frameCount: 44_100, song: 0, to: &list)
        var program = list[stream.program]
        guard case .quantise(var body) = program.body else { return }
        _ = try SegmentRenderer(program: program, blockFrames: 64)
        body.version += 1
        program.body = .quantise(body)
        #expect(throws: RenderError.malformedProgram) {
            try SegmentRenderer(program: program, blockFrames: 64)
        }
        body.version -= 1
        body.samples = .float32
        program.body = .quantise(body)
        #expect(throws: RenderError.malformedProgram) {
            try SegmentRenderer(program: program, blockFrames: 64)
        }
    }
}
