import Metering
package import Quantities
package import RenderPlan
package import Session
import SignalProcessing

/// One pass of the finish at one rate: what came out of the limiter, and how it measures.
package struct FinishPass: Sendable {
    package var limited: StreamRef
    /// Program whose output 1 is a `FinishReport` per segment; nil without a limiter.
    package var report: ProgramID?
    package var measurement: ProgramID
    /// Frames at this rate, of the song after the length cut.
    package var frameCount: Int
}

/// Compiles what follows the mix: rate conversion, gain and limiter, dither, encoding.
///
/// The gain of the finish is the limiter's input gain, behind the rate conversion: conversion is linear, so a pass
/// with another gain need not convert again (docs/decisions/0006-finish-order.md).
package enum FinishCompiler {
    /// The mix at `rateHertz`; the mix itself where the rates are equal.
    package static func addConversion(
        of plan: SongPlan, toHertz rateHertz: Int, options: CompileOptions, to programs: inout ProgramList
    ) -> StreamRef {
        guard rateHertz != plan.rateHertz else { return plan.mix }
        let converter = PolyphaseConverter(from: plan.rateHertz, to: rateHertz)
        let frameCount = converter.outputFrameCount(forInput: plan.frameCount)
        let program = Program(
            kind: .windowed, rateHertz: rateHertz, segmentFrames: options.segmentFrames(rateHertz: rateHertz),
            frameCount: frameCount, inputs: [port(plan.mix, programs)],
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)],
            body: .convert(
                ConvertBody(
                    fromHertz: plan.rateHertz, toHertz: rateHertz, startFrame: 0, frameCount: frameCount,
                    portStartFrame: 0, reachFrames: converter.historyFrames,
                    version: PolyphaseConverter.version)),
            song: plan.song)
        let id = programs.add(program, ProgramLabel(name: "rate conversion to \(rateHertz) Hz", stage: .finish))
        return StreamRef(program: id, output: 0)
    }

    /// Frames of a song of `frameCount` frames at another rate, rounded up.
    package static func frameCount(_ frameCount: Int, fromHertz: Int, toHertz: Int) -> Int {
        (frameCount * toHertz + fromHertz - 1) / fromHertz
    }

    /// Gain and limiter over `stream`, cut to `frameCount` frames.
    package static func addPass(
        over stream: StreamRef, gainDecibels: Double, ceiling: DecibelsTruePeak, frameCount: Int, song: Int,
        to programs: inout ProgramList
    ) -> FinishPass {
        let producer = programs[stream.program]
        let numbers = LimiterCoefficients.design(
            ceilingDecibels: ceiling.value, releaseSeconds: 0.08, gainDecibels: gainDecibels,
            rateHertz: producer.rateHertz)
        let program = Program(
            kind: .chained, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: frameCount, inputs: [port(stream, programs)],
            outputs: [
                OutputPort(channelCount: 2, format: .planarFloat32),
                OutputPort(channelCount: 0, format: .bytes),
            ],
            body: .finish(
                FinishBody(
                    values: numbers.values, latencyFrames: TruePeakLimiter(numbers).latencyFrames,
                    version: TruePeakLimiter.version)), song: song)
        let id = programs.add(program, ProgramLabel(name: "finish at \(oneDecimal(gainDecibels)) dB", stage: .finish))
        let limited = StreamRef(program: id, output: 0)
        let measurement = addMeasurement(of: limited, name: "finish measurement", song: song, to: &programs)
        return FinishPass(limited: limited, report: id, measurement: measurement, frameCount: frameCount)
    }

    /// Loudness and peaks of a stream.
    package static func addMeasurement(
        of stream: StreamRef, name: String, song: Int, frameCount: Int? = nil, to programs: inout ProgramList
    ) -> ProgramID {
        let producer = programs[stream.program]
        let reach = LoudnessAnalyzer.reach(rateHertz: producer.rateHertz)
        let program = Program(
            kind: .windowed, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: frameCount ?? producer.frameCount, inputs: [port(stream, programs)],
            outputs: [OutputPort(channelCount: 0, format: .bytes)],
            body: .measure(
                MeasureBody(
                    historyFrames: reach.historyFrames, lookaheadFrames: reach.lookaheadFrames,
                    version: LoudnessAnalyzer.version)), song: song)
        return programs.add(program, ProgramLabel(name: name, stage: .finish))
    }

    /// Where a stream ends: the last frame above -100 dBFS, window by window.
    package static func addLevelScan(
        of stream: StreamRef, name: String, song: Int, to programs: inout ProgramList
    ) -> ProgramID {
        let producer = programs[stream.program]
        let program = Program(
            kind: .windowed, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: producer.frameCount, inputs: [port(stream, programs)],
            outputs: [OutputPort(channelCount: 0, format: .bytes)],
            body: .measure(
                MeasureBody(
                    historyFrames: 0, lookaheadFrames: 0, version: LoudnessAnalyzer.version, isLevelOnly: true)),
            song: song)
        return programs.add(program, ProgramLabel(name: name, stage: .finish))
    }

    /// Integers of a delivery: dithered, rounded, ready for a file.
    package static func addQuantiser(
        over stream: StreamRef, delivery: Delivery, ordinal: Int, seed: UInt64, frameCount: Int, song: Int,
        to programs: inout ProgramList
    ) -> StreamRef {
        let producer = programs[stream.program]
        let dither: QuantiseBody.Dither =
            switch delivery.dither {
            case .none: .none
            case .tpdf: .triangular
            case .shaped: .shaped
            }
        let program = Program(
            kind: .windowed, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: frameCount, inputs: [port(stream, programs)],
            outputs: [
                OutputPort(channelCount: 2, format: .interleaved(delivery.samples)),
                OutputPort(channelCount: 0, format: .bytes),
            ],
            body: .quantise(
                QuantiseBody(
                    samples: delivery.samples, dither: dither, seed: seed, output: ordinal,
                    reachFrames: dither == .none ? 0 : Quantiser.blankingReachFrames,
                    version: dither == .shaped ? ShapedQuantiser.version : Quantiser.version)),
            song: song)
        let id = programs.add(program, ProgramLabel(name: "\(delivery.samples.bitCount)-bit", stage: .finish))
        return StreamRef(program: id, output: 0)
    }

    /// The stream itself, cut to `frameCount` frames: what a float delivery writes.
    package static func addCopy(
        of stream: StreamRef, frameCount: Int, song: Int,
        label: ProgramLabel = ProgramLabel(name: "32-bit float", stage: .finish), to programs: inout ProgramList
    ) -> StreamRef {
        let producer = programs[stream.program]
        let strip = Strip(input: .terms([.port(0)]))
        let body = MixBody(
            nodes: [MixNode(strips: [strip], sums: [[Tap(strip: 0, point: .output)]])], outputWires: [0])
        let program = Program(
            kind: .windowed, rateHertz: producer.rateHertz, segmentFrames: producer.segmentFrames,
            frameCount: frameCount, inputs: [port(stream, programs)],
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)], body: .mix(body), song: song)
        return StreamRef(program: programs.add(program, label), output: 0)
    }

    /// The blocks of a FLAC file of a stream of integers, in segments of whole blocks.
    package static func addEncoder(
        over stream: StreamRef, samples: SampleFormat, library: String, to programs: inout ProgramList
    ) -> StreamRef {
        let producer = programs[stream.program]
        let program = Program(
            kind: .windowed, rateHertz: producer.rateHertz,
            segmentFrames: EncodeBody.segmentFrames(over: producer.segmentFrames),
            frameCount: producer.frameCount, inputs: [port(stream, programs)],
            outputs: [OutputPort(channelCount: 0, format: .bytes)],
            body: .encode(EncodeBody(container: .flac, samples: samples, library: library)), song: producer.song)
        return StreamRef(program: programs.add(program, ProgramLabel(name: "FLAC", stage: .finish)), output: 0)
    }

    static func port(_ stream: StreamRef, _ programs: ProgramList) -> InputPort {
        let producer = programs[stream.program]
        return InputPort(
            program: stream.program, output: stream.output,
            channelCount: producer.outputs[stream.output].channelCount, segmentFrames: producer.windowFrames,
            frameCount: producer.frameCount)
    }
}
