import Quantities
import RenderPlan
import SignalProcessing

/// Rate conversion of one port, block by block.
final class ConvertRunner: SegmentRunner {
    private let program: Program
    private let body: ConvertBody
    private let converter: PolyphaseConverter
    /// What a block is converted from; as long as the longest so far.
    private var planes = StereoScratch(frameCount: 0)
    private let block: StereoScratch

    init(program: Program, body: ConvertBody) throws {
        self.program = program
        self.body = body
        converter = PolyphaseConverter(from: body.fromHertz, to: body.toHertz)
        block = StereoScratch(frameCount: converter.blockFrames)
        guard converter.historyFrames == body.reachFrames, body.version == PolyphaseConverter.version else {
            throw RenderError.malformedProgram
        }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        let channelCount = program.outputs[0].channelCount
        let writer = WindowWriter(output: 0, channelCount: channelCount, frameCount: range.count)
        let heard = range.intersection(FrameRange(start: body.startFrame, count: body.frameCount))
        try writeSilence(heard.isEmpty ? range.count : heard.start - range.start, writer, channelCount, outputs)
        var frame = heard.start
        while frame < heard.end {
            // Blocks lie on the grid of the stream that is converted, whatever part of it is heard.
            let blockFrames = converter.blockFrames
            let end = min(heard.end, body.startFrame + ((frame - body.startFrame) / blockFrames + 1) * blockFrames)
            try convert(FrameRange(frame, end), channelCount: channelCount, inputs: inputs)
            var done = 0
            while done < end - frame {
                let count = min(end - frame - done, writer.room)
                for (channel, plane) in [block.left, block.right].prefix(channelCount).enumerated() {
                    writer.destination(channel: channel).update(from: plane + done, count: count)
                }
                try writer.advance(count, to: outputs)
                done += count
            }
            frame = end
        }
        if !heard.isEmpty { try writeSilence(range.end - heard.end, writer, channelCount, outputs) }
        guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: nil) }
    }

    private func writeSilence(
        _ frameCount: Int, _ writer: WindowWriter, _ channelCount: Int, _ outputs: any SegmentOutputs
    ) throws {
        var left = frameCount
        while left > 0 {
            let count = min(left, writer.room)
            for channel in 0..<channelCount {
                writer.destination(channel: channel).update(repeating: 0, count: count)
            }
            try writer.advance(count, to: outputs)
            left -= count
        }
    }

    /// Converts frames of the program, all of which are heard, into `block`.
    private func convert(_ heard: FrameRange, channelCount: Int, inputs: any SegmentInputs) throws {
        let first = heard.start - body.startFrame
        let needed = converter.inputRange(forOutput: first..<first + heard.count)
        if planes.frameCount < needed.count { planes = StereoScratch(frameCount: needed.count) }
        try inputs.read(
            port: 0, range: FrameRange(needed.lowerBound, needed.upperBound).shifted(by: body.portStartFrame),
            left: planes.left, right: channelCount > 1 ? planes.right : nil)
        for (plane, destination) in [(planes.left, block.left), (planes.right, block.right)].prefix(channelCount) {
            var output = MutableSpan<Float>(_unsafeStart: destination, count: heard.count)
            converter.process(
                input: Span(_unsafeStart: plane, count: needed.count), inputStart: needed.lowerBound,
                output: &output, outputStart: first)
        }
    }
}
