import Quantities
import RenderPlan
import SignalProcessing

/// Rate conversion of one port, part by part.
final class ConvertRunner: SegmentRunner {
    private let program: Program
    private let body: ConvertBody
    private let converter: PolyphaseConverter
    /// What a part is converted from; as long as the longest so far.
    private var planes = StereoScratch(frameCount: 0)

    init(program: Program, body: ConvertBody) throws {
        self.program = program
        self.body = body
        converter = PolyphaseConverter(from: body.fromHertz, to: body.toHertz)
        guard converter.historyFrames == body.reachFrames, body.version == PolyphaseConverter.version else {
            throw RenderError.malformedProgram
        }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        let channelCount = program.outputs[0].channelCount
        let writer = WindowWriter(output: 0, channelCount: channelCount, frameCount: range.count)
        var frame = range.start
        while frame < range.end {
            let part = FrameRange(start: frame, count: writer.room)
            let heard = part.intersection(FrameRange(start: body.startFrame, count: body.frameCount))
            for channel in 0..<channelCount {
                writer.destination(channel: channel).update(repeating: 0, count: part.count)
            }
            if !heard.isEmpty {
                let destinations = (0..<channelCount).map {
                    writer.destination(channel: $0) + heard.start - frame
                }
                try convert(heard, into: destinations, inputs: inputs)
            }
            try writer.advance(part.count, to: outputs)
            frame = part.end
        }
        guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: nil) }
    }

    private func convert(
        _ heard: FrameRange, into destinations: [UnsafeMutablePointer<Float>], inputs: any SegmentInputs
    ) throws {
        let first = heard.start - body.startFrame
        let needed = converter.inputRange(forOutput: first..<first + heard.count)
        if planes.frameCount < needed.count { planes = StereoScratch(frameCount: needed.count) }
        try inputs.read(
            port: 0, range: FrameRange(needed.lowerBound, needed.upperBound).shifted(by: body.portStartFrame),
            left: planes.left, right: destinations.count > 1 ? planes.right : nil)
        for (destination, plane) in zip(destinations, [planes.left, planes.right]) {
            var output = MutableSpan<Float>(_unsafeStart: destination, count: heard.count)
            converter.process(
                input: Span(_unsafeStart: plane, count: needed.count), inputStart: needed.lowerBound,
                output: &output, outputStart: first)
        }
    }
}
