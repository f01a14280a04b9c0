import Metering
import Quantities
import RenderPlan

/// Loudness and peaks of one window, from it and its neighbours.
final class MeasureRunner: SegmentRunner {
    private let program: Program
    private let analyzer: LoudnessAnalyzer

    init(program: Program, body: MeasureBody) throws {
        self.program = program
        analyzer = LoudnessAnalyzer(
            rateHertz: program.rateHertz, channelCount: program.inputs[0].channelCount)
        let reach = LoudnessAnalyzer.reach(rateHertz: program.rateHertz)
        guard body.historyFrames >= reach.historyFrames, body.lookaheadFrames >= reach.lookaheadFrames,
            body.version == LoudnessAnalyzer.version
        else { throw RenderError.malformedProgram }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        var meter = analyzer.meter(for: range, songFrameCount: program.frameCount)
        let needed = meter.framesNeeded
        let planes = StereoScratch(frameCount: 8192)
        var frame = needed.start
        while frame < needed.end {
            let count = min(8192, needed.end - frame)
            try inputs.read(
                port: 0, range: FrameRange(start: frame, count: count), left: planes.left, right: planes.right
            )
            for (channel, plane) in [planes.left, planes.right].prefix(analyzer.channelCount).enumerated() {
                meter.load(Span(_unsafeStart: plane, count: count), channel: channel, from: frame)
            }
            frame += count
        }
        let bytes = meter.finish().bytes
        try bytes.withUnsafeBytes { try outputs.write(output: 0, part: $0) }
    }
}
