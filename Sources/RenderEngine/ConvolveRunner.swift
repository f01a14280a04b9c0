import Quantities
import RenderPlan
import SignalProcessing

/// One stream through an impulse response.
final class ConvolveRunner: SegmentRunner {
    private let program: Program
    private let body: ConvolveBody
    /// Made with the first segment, and kept: the stream of a port never changes.
    private var convolver: StereoConvolver?

    init(program: Program, body: ConvolveBody) throws {
        self.program = program
        self.body = body
        let response = body.responsePorts
        guard body.version == ConvolutionKernel.version, body.historyFrames >= 0, body.lookaheadFrames >= 0,
            program.inputs.count == max(1, response.ports.upperBound), isSound
        else { throw RenderError.malformedProgram }
    }

    /// Whether the response is one that a kernel can be made of.
    private var isSound: Bool {
        switch body.response {
        case .file(let values, let rateHertz, let frameCount, let portCount):
            ConvolverParameters(values: values) != nil && rateHertz > 0 && frameCount > 0
                && (1...2).contains(portCount)
        case .equalizer(let values): EqualizerParameters(values: values) != nil
        case .ready(let frameCount): frameCount > 0
        }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let convolver = try convolver ?? StereoConvolver(kernel: makeKernel(inputs))
        guard convolver.kernel.historyFrames <= body.historyFrames,
            convolver.kernel.lookaheadFrames <= body.lookaheadFrames
        else { throw RenderError.malformedProgram }
        self.convolver = convolver
        let range = program.range(ofSegment: segment)
        let writer = WindowWriter(output: 0, channelCount: 2, frameCount: range.count)
        try convolver.render(
            frameCount: range.count,
            read: { start, count, left, right in
                let wanted = FrameRange(start: range.start + start, count: count)
                try inputs.read(port: 0, range: wanted, left: left, right: right)
                guard allFinite(left, count), allFinite(right, count) else {
                    throw RenderError.notFinite(node: 0, strip: 0, device: nil)
                }
            },
            write: { count, left, right in
                var done = 0
                while done < count {
                    let step = min(count - done, writer.room)
                    writer.destination(channel: 0).update(from: left + done, count: step)
                    writer.destination(channel: 1).update(from: right + done, count: step)
                    try writer.advance(step, to: outputs)
                    done += step
                }
            })
        guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: 0) }
    }

    private func makeKernel(_ inputs: any SegmentInputs) throws -> ConvolutionKernel {
        switch body.response {
        case .equalizer(let values):
            guard let kernel = LinearPhaseEqualizer.kernel(parameters: values, rateHertz: program.rateHertz) else {
                throw RenderError.malformedProgram
            }
            return kernel
        case .file(let values, let rateHertz, _, let portCount):
            guard let parameters = ConvolverParameters(values: values) else { throw RenderError.malformedProgram }
            var channels = try responseChannels(inputs)
            // A mono file is in both planes.
            if portCount == 1, program.inputs[1].channelCount == 1 { channels.removeLast() }
            return ConvolutionKernel(
                parameters, impulse: channels, impulseRateHertz: rateHertz, rateHertz: program.rateHertz)
        case .ready:
            // Trailing silence is no part of a kernel, so the middle is taken from the stream's length.
            return ConvolutionKernel(
                impulse: try responseChannels(inputs), lookaheadFrames: (body.responsePorts.frameCount - 1) / 2)
        }
    }

    private func responseChannels(_ inputs: any SegmentInputs) throws -> [[Float]] {
        let (ports, frameCount) = body.responsePorts
        var channels: [[Float]] = []
        for port in ports {
            let planes = StereoScratch(frameCount: frameCount)
            try inputs.read(port: port, range: FrameRange(0, frameCount), left: planes.left, right: planes.right)
            guard allFinite(planes.left, frameCount), allFinite(planes.right, frameCount) else {
                throw RenderError.notFinite(node: 0, strip: 0, device: nil)
            }
            for plane in [planes.left, planes.right] {
                channels.append(Array(UnsafeBufferPointer(start: plane, count: frameCount)))
            }
        }
        return channels
    }
}

/// Measures the whole of two streams and designs the response that makes the first like the second.
final class MatchRunner: SegmentRunner {
    private let program: Program
    private let body: MatchBody
    private let settings: ReferenceMatch.Settings

    init(program: Program, body: MatchBody) throws {
        guard let settings = ReferenceMatch.Settings(values: body.parameters), program.inputs.count == 2,
            body.version == ReferenceMatch.version, body.referenceHertz > 0, program.outputs.count == 2
        else { throw RenderError.malformedProgram }
        self.program = program
        self.body = body
        self.settings = settings
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let target = try profile(port: 0, rateHertz: program.rateHertz, inputs)
        let reference = try profile(port: 1, rateHertz: body.referenceHertz, inputs)
        let match = ReferenceMatch.design(
            reference: reference, target: target, settings, rateHertz: program.rateHertz)
        let impulse = match.impulse(isLevelMatched: settings.isLevelMatched)
        let count = program.frameCount
        // A shorter response is set in the middle.
        let offset = (count - impulse[0].count) / 2
        guard offset >= 0 else { throw RenderError.malformedProgram }
        let silence = [Float](repeating: 0, count: impulse[0].count)
        let paths = impulse.count == 4 ? impulse : [impulse[0], silence, silence, impulse[0]]
        for output in 0..<2 {
            let writer = WindowWriter(output: output, channelCount: 2, frameCount: count)
            var frame = 0
            while frame < count {
                let step = min(4096, count - frame, writer.room)
                for channel in 0..<2 {
                    let taps = paths[2 * output + channel]
                    let destination = writer.destination(channel: channel)
                    for i in 0..<step {
                        let tap = frame + i - offset
                        destination[i] = taps.indices.contains(tap) ? taps[tap] : 0
                    }
                }
                try writer.advance(step, to: outputs)
                frame += step
            }
            guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: nil) }
        }
    }

    private func profile(port: Int, rateHertz: Int, _ inputs: any SegmentInputs) throws -> SpectrumProfile {
        var analysis = SpectrumAnalysis(rateHertz: rateHertz)
        let planes = StereoScratch(frameCount: 8192)
        let count = program.inputs[port].frameCount
        var frame = 0
        while frame < count {
            let step = min(8192, count - frame)
            try inputs.read(
                port: port, range: FrameRange(start: frame, count: step), left: planes.left, right: planes.right)
            add(planes, step, to: &analysis)
            frame += step
        }
        return analysis.finish()
    }

    private func add(_ planes: StereoScratch, _ count: Int, to analysis: inout SpectrumAnalysis) {
        analysis.add(
            left: Span(_unsafeStart: planes.left, count: count), right: Span(_unsafeStart: planes.right, count: count))
    }
}
