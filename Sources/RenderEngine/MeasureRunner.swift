import Metering
import Quantities
import RenderPlan

/// Loudness and peaks of one window, from it and its neighbours.
final class MeasureRunner: SegmentRunner {
    private let program: Program
    private let analyzer: LoudnessAnalyzer
    private let isLevelOnly: Bool

    init(program: Program, body: MeasureBody) throws {
        self.program = program
        isLevelOnly = body.isLevelOnly
        analyzer = LoudnessAnalyzer(
            rateHertz: program.rateHertz, channelCount: program.inputs[0].channelCount)
        let reach = LoudnessAnalyzer.reach(rateHertz: program.rateHertz)
        guard
            body.isLevelOnly
                || body.historyFrames >= reach.historyFrames && body.lookaheadFrames >= reach.lookaheadFrames,
            body.version == LoudnessAnalyzer.version
        else { throw RenderError.malformedProgram }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        guard !isLevelOnly else { return try scan(range, inputs: inputs, outputs: outputs) }
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

    /// Finds the last frame above the floor; a block is looked at sample by sample only from its end on.
    private func scan(_ range: FrameRange, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let planes = StereoScratch(frameCount: 8192)
        var last = -1
        var end = range.end
        while end > range.start, last < 0 {
            let block = FrameRange(max(range.start, end - 8192), end)
            try inputs.read(port: 0, range: block, left: planes.left, right: planes.right)
            last =
                (0..<block.count).last {
                    planes.left[$0].magnitude > SegmentMeasurement.floorGain
                        || planes.right[$0].magnitude > SegmentMeasurement.floorGain
                }.map { block.start - range.start + $0 } ?? -1
            end = block.start
        }
        let bytes = LevelScan(lastFrameAboveFloor: last).bytes
        try bytes.withUnsafeBytes { try outputs.write(output: 0, part: $0) }
    }
}

/// Where the sound of one window ends.
package struct LevelScan: Sendable, Equatable {
    /// Counted from the window's start; -1 where nothing is above -100 dBFS.
    package var lastFrameAboveFloor: Int

    package init(lastFrameAboveFloor: Int) { self.lastFrameAboveFloor = lastFrameAboveFloor }

    /// Reads what `bytes` wrote; anything else is nil.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 8 else { return nil }
        let word = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        lastFrameAboveFloor = Int(Int64(bitPattern: word))
        guard lastFrameAboveFloor >= -1 else { return nil }
    }

    package var bytes: [UInt8] {
        let word = UInt64(bitPattern: Int64(lastFrameAboveFloor))
        return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
}
