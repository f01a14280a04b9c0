import Metering
import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// Rate conversion, finish, measurement, quantising, and the whole program.
@Suite struct StreamTests {
    @Test func `A clip at another rate is aligned to its first frame`() throws {
        // 147 frames at 44.1 kHz are 320 at 96 kHz.
        var scene = Scene(rateHertz: 96_000, seconds: 1)
        let source = scene.addSource(
            impulse(at: 5000 + 147 * 40, frames: 44_100, level: 0.5), rateHertz: 44_100)
        scene.song.tracks = [
            Track(
                name: "A",
                clips: [Clip(source: source, atFrame: 12_345, startFrame: 5000, frameCount: 40_000)],
                mixer: Mixer(pan: -1))
        ]
        let mix = try scene.render().mix[0]
        let peak = 12_345 + 320 * 40
        let loudest = mix.indices.max { abs(mix[$0]) < abs(mix[$1]) }
        #expect(loudest == peak)
        // Zero phase: the same on both sides.
        for distance in 1..<200 { #expect(abs(mix[peak - distance] - mix[peak + distance]) < 1e-7) }
    }

    @Test func `Clips of one source and range share a conversion, and each piece of it equals the whole`()
        throws
    {
        var scene = Scene(seconds: 1.2)
        let source = scene.addSource(noise(4, channels: 2, frames: 44_100), rateHertz: 44_100)
        scene.song.tracks = [
            Track(name: "A", clips: [Clip(source: source, atFrame: 100, startFrame: 10, frameCount: 20_000)]),
            Track(
                name: "B", clips: [Clip(source: source, atFrame: 30_000, startFrame: 10, frameCount: 20_000)]),
        ]
        let rendered = try scene.render(segmentSeconds: 0.05)
        let conversions = rendered.runner.list.programs.filter {
            if case .convert = $0.body { true } else { false }
        }
        #expect(conversions.count == 1)
        #expect(rendered.mix[0][100..<20_100] == rendered.mix[0][30_000..<50_000])
        let converter = PolyphaseConverter(from: 44_100, to: 48_000)
        let needed = converter.inputRange(forOutput: 0..<20_000)
        for channel in 0..<2 {
            let plane = scene.samples[source][channel]
            let input = needed.map { plane.indices.contains($0 + 10) ? plane[$0 + 10] : 0 }
            var expected = [Float](repeating: 0, count: 20_000)
            var span = expected.mutableSpan
            converter.process(input: input.span, inputStart: needed.lowerBound, output: &span, outputStart: 0)
            #expect(Array(rendered.mix[channel][100..<20_100]) == expected)
        }
    }

    @Test func `A tail is rendered until nothing is left of it`() throws {
        var scene = Scene()
        let reverb = Device(.reverb, ["decay": 0.4, "mix": 0.5])
        scene.addTrack("A", noise(1, channels: 2, frames: 4800), devices: [reverb])
        let rendered = try scene.render()
        #expect(rendered.plan.lengthRule == .tail)
        #expect(rendered.plan.clipEndFrame == 4800)
        let count = rendered.plan.frameCount
        #expect(count > 4800 + 19_200)
        #expect(rendered.mix[0].count == count)
        #expect(rendered.mix[0][4800..<9600].contains { abs($0) > 1e-3 })
        #expect(rendered.mix[0][(count - 1000)...].allSatisfy { abs($0) < 1e-5 })
    }

    @Test func `A whole program turns a stream round and another reads it in segments`() throws {
        var scene = Scene(seconds: 3.1)
        scene.addTrack("A", noise(8, channels: 2, frames: 140_000))
        var (list, plan) = try scene.compile(segmentSeconds: 0.5)
        let reversed = StreamRef(program: addReverse(of: plan.mix, to: &list), output: 0)
        _ = FinishCompiler.addMeasurement(of: reversed, name: "reversed", song: 0, to: &list)
        _ = addReverse(of: reversed, to: &list)
        let runner = PlanRunner(list, sources: scene.samples)
        try runner.run()
        let count = list.programs.count
        let mix = runner.planes(plan.mix)
        let once = runner.planes(StreamRef(program: ProgramID(count - 3), output: 0))
        let twice = runner.planes(StreamRef(program: ProgramID(count - 1), output: 0))
        #expect(once == mix.map { Array($0.reversed()) })
        #expect(twice == mix)
        #expect(list.programs[count - 2].dependencies(ofSegment: 3) == [TaskID(ProgramID(count - 3), 0)])
        #expect(mix[0].contains { $0 != 0 })
    }

    @Test func `The finish holds the ceiling, reports its deepest gain and cuts on the frame`() throws {
        var scene = Scene(seconds: 0.7)
        scene.addTrack("A", noise(2, channels: 2, frames: 30_000, level: 0.6))
        var (list, plan) = try scene.compile(segmentSeconds: 0.2)
        func mixPeaks(_ planes: [[Float]], segmentFrames: Int) -> [Float] {
            (0..<3).map { k in
                planes.reduce(0) {
                    max($0, $1[k * segmentFrames..<(k + 1) * segmentFrames].reduce(0) { max($0, abs($1)) })
                }
            }
        }
        let pass = FinishCompiler.addPass(
            over: plan.mix, gainDecibels: 6, ceiling: DecibelsTruePeak(-1), frameCount: 31_111, song: 0,
            to: &list)
        for scatters in [false, true] {
            let runner = PlanRunner(
                list, sources: scene.samples, options: .init(blockFrames: 100, scatters: scatters))
            try runner.run()
            let limited = runner.planes(pass.limited)
            #expect(limited[0].count == 31_111)
            #expect(limited.joined().allSatisfy { abs($0) <= 0.8913 })
            let report = try #require(pass.report)
            let gains = runner.blobs(report, output: 1).compactMap { FinishReport(bytes: $0)?.minimumGain }
            #expect(gains.count == list[report].segmentCount)
            // 0.6 twice as loud is 1.2 at the samples, and more between them.
            #expect(gains.count == 4 && gains[..<3].allSatisfy { $0 < 0.75 && $0 > 0.2 })
            let deepest = zip(mixPeaks(runner.planes(plan.mix), segmentFrames: plan.segmentFrames), gains)
            #expect(deepest.allSatisfy { peak, gain in gain <= 0.8913 / (2 * peak) })
        }
    }

    @Test func `Measurements of segments fold to the measurement of one pass`() throws {
        var scene = Scene(seconds: 2.35)
        scene.addTrack("A", noise(2, channels: 2, frames: 100_000, level: 0.6))
        var folded: [LoudnessSummary] = []
        for seconds in [0.35, 1, 10] {
            let rendered = try scene.render(segmentSeconds: seconds)
            var summary = LoudnessSummary(rateHertz: 48_000, channelCount: 2)
            for blob in rendered.runner.blobs(rendered.plan.mixMeasurement) {
                try summary.append(SegmentMeasurement(bytes: blob))
            }
            folded.append(summary)
            let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2)
            let count = rendered.plan.frameCount
            let whole = analyzer.measure(
                planes: rendered.mix, window: FrameRange(0, count), songFrameCount: count)
            var once = LoudnessSummary(rateHertz: 48_000, channelCount: 2)
            try once.append(whole)
            #expect(summary.integrated == once.integrated)
            #expect(summary.truePeaks == once.truePeaks && summary.samplePeaks == once.samplePeaks)
            #expect(summary.shortTermMaximum == once.shortTermMaximum)
            #expect(summary.lastFrameAboveFloor == once.lastFrameAboveFloor)
            #expect(summary.frameCount == count)
        }
        #expect(folded[0].integrated == folded[2].integrated)
        #expect(folded[0].integrated != nil)
    }

    @Test(arguments: [0.1, 0.35, 10])
    func `A song is cut at the last frame of its pre-master above the floor`(segmentSeconds: Double) throws {
        var scene = Scene(seconds: 2.35)
        // Quiet, then a last frame at exactly 40,099, then silence that the master's fader must not touch.
        scene.addTrack("A", noise(2, channels: 2, frames: 40_000, level: 0.1))
        scene.addTrack("B", impulse(at: 40_099, frames: 50_000, level: 0.5))
        scene.song.master.fader = Decibels(-80)
        let rendered = try scene.render(segmentSeconds: segmentSeconds)
        #expect(rendered.plan.preMasterMeasurement != rendered.plan.mixMeasurement)
        let scans = rendered.runner.blobs(rendered.plan.preMasterMeasurement).map { LevelScan(bytes: $0) }
        var last = -1
        for (segment, scan) in scans.enumerated() {
            let found = try #require(scan).lastFrameAboveFloor
            if found >= 0 { last = segment * rendered.plan.segmentFrames + found }
        }
        #expect(last == 40_099)
    }

    @Test(arguments: [SampleFormat.integer16, .integer24], [Delivery.Dither.none, .tpdf])
    func `Quantised segments are the quantiser's bytes`(samples: SampleFormat, dither: Delivery.Dither) throws {
        var scene = Scene(seconds: 3)
        // Louder than full scale in places, with silence long enough to blank the dither.
        scene.addTrack("A", noise(2, channels: 2, frames: 100_000, level: 1.2), at: 30_000)
        var (list, plan) = try scene.compile(segmentSeconds: 0.3)
        let delivery = Delivery(format: .wav, samples: samples, dither: dither)
        let count = 140_001
        let stream = FinishCompiler.addQuantiser(
            over: plan.mix, delivery: delivery, ordinal: 3, seed: 77, frameCount: count, song: 0, to: &list)
        let runner = PlanRunner(list, sources: scene.samples)
        try runner.run()
        var clipped = 0
        var expected = [[Int32]](repeating: [Int32](repeating: 0, count: count), count: 2)
        let reach = Quantiser.blankingReachFrames
        for channel in 0..<2 {
            let noise = DitherNoise(seed: 77, outputOrdinal: 3, channel: channel)
            let quantiser = Quantiser(bits: samples.bitCount, dither: dither == .tpdf ? noise : nil)
            let plane = runner.planes(plan.mix)[channel]
            let input = (-reach..<count + reach).map { plane.indices.contains($0) ? plane[$0] : 0 }
            var span = expected[channel].mutableSpan
            clipped += quantiser.process(input: input.span, inputStart: -reach, output: &span, outputStart: 0)
        }
        let bytes = runner.bytes(stream)
        let width = samples.bitCount / 8
        let packed = (0..<count).flatMap { frame in
            (0..<2).flatMap { channel in
                (0..<width).map { UInt8(truncatingIfNeeded: expected[channel][frame] >> (8 * Int32($0))) }
            }
        }
        #expect(bytes == packed)
        let counts = runner.blobs(stream.program, output: 1).map { blob in
            (0..<8).reduce(0) { $0 | Int(blob[$1]) << (8 * $1) }
        }
        #expect(counts.reduce(0, +) == clipped)
        #expect(clipped > 1000)
    }
}

/// Adds a program that turns a stream round.
private func addReverse(of stream: StreamRef, to list: inout ProgramList) -> ProgramID {
    let producer = list[stream.program]
    let input = InputPort(
        program: stream.program, output: stream.output, channelCount: 2, segmentFrames: producer.windowFrames,
        frameCount: producer.frameCount)
    return list.add(
        Program(
            kind: .whole, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: producer.frameCount, inputs: [input],
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)], body: .reverse, song: 0),
        ProgramLabel(name: "reverse"))
}
