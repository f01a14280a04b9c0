import Metering
import Quantities
import RenderPlan
import SignalProcessing

/// Gain and limiter of the finish, and the deepest gain reduction of the segment.
final class FinishRunner: SegmentRunner {
    private let program: Program
    private let body: FinishBody
    private let blockFrames: Int
    private let numbers: LimiterCoefficients
    private var limiter: TruePeakLimiter
    private let planes: StereoScratch

    init(program: Program, body: FinishBody, blockFrames: Int) throws {
        guard let numbers = LimiterCoefficients(values: body.values) else {
            throw RenderError.malformedProgram
        }
        self.program = program
        self.body = body
        self.numbers = numbers
        self.blockFrames = min(blockFrames, 8192)
        limiter = TruePeakLimiter(numbers)
        guard limiter.latencyFrames == body.latencyFrames, body.version == TruePeakLimiter.version else {
            throw RenderError.malformedProgram
        }
        planes = StereoScratch(frameCount: self.blockFrames)
    }

    func reset() throws { limiter = TruePeakLimiter(numbers) }

    func restore(_ snapshot: [UInt8], beforeSegment segment: Int) throws {
        var reader = SnapshotReader(snapshot)
        do { try limiter.read(from: &reader) } catch { throw RenderError.malformedSnapshot }
        guard reader.isAtEnd else { throw RenderError.malformedSnapshot }
    }

    func snapshot() throws -> [UInt8] {
        var writer = SnapshotWriter()
        limiter.write(to: &writer)
        do { return try writer.finish() } catch {
            throw RenderError.notFinite(node: 0, strip: 0, device: nil)
        }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        if segment == 0 {
            var frame = -body.latencyFrames
            while frame < 0 {
                let count = min(blockFrames, -frame)
                try process(frame: frame, count: count, inputs: inputs)
                frame += count
            }
        }
        _ = limiter.takeMinimumGain()
        let writer = WindowWriter(output: 0, channelCount: 2, frameCount: range.count)
        var frame = range.start
        while frame < range.end {
            let count = min(blockFrames, range.end - frame, writer.room)
            try process(frame: frame, count: count, inputs: inputs)
            writer.destination(channel: 0).update(from: planes.left, count: count)
            writer.destination(channel: 1).update(from: planes.right, count: count)
            try writer.advance(count, to: outputs)
            frame += count
        }
        guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: nil) }
        let gain = FinishReport(minimumGain: limiter.takeMinimumGain())
        try gain.bytes.withUnsafeBytes { try outputs.write(output: 1, part: $0) }
    }

    private func process(frame: Int, count: Int, inputs: any SegmentInputs) throws {
        try inputs.read(
            port: 0, range: FrameRange(start: frame + body.latencyFrames, count: count), left: planes.left,
            right: planes.right)
        limit(count: count, at: frame + body.latencyFrames)
    }

    // Inlined into a throwing caller, two spans at once break the optimiser of Swift 6.3.1.
    @inline(never)
    private func limit(count: Int, at frame: Int) {
        var left = MutableSpan<Float>(_unsafeStart: planes.left, count: count)
        var right = MutableSpan<Float>(_unsafeStart: planes.right, count: count)
        limiter.process(left: &left, right: &right, at: frame)
    }
}

/// What the limiter did in one segment.
package struct FinishReport: Sendable, Equatable {
    /// Smallest linear gain of the limiter; 1 where it did nothing.
    package var minimumGain: Float

    package init(minimumGain: Float) { self.minimumGain = minimumGain }

    /// Reads what `bytes` wrote; anything else is nil.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 else { return nil }
        let word = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        minimumGain = Float(bitPattern: word)
    }

    package var bytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: minimumGain.bitPattern >> (8 * UInt32($0))) }
    }
}

/// The whole stream backwards.
final class ReverseRunner: SegmentRunner {
    private let program: Program

    init(program: Program) { self.program = program }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let planes = StereoScratch(frameCount: 4096)
        let writer = WindowWriter(output: 0, channelCount: 2, frameCount: program.frameCount)
        var frame = 0
        while frame < program.frameCount {
            let count = min(4096, program.frameCount - frame, writer.room)
            let start = program.frameCount - frame - count
            try inputs.read(
                port: 0, range: FrameRange(start: start, count: count), left: planes.left, right: planes.right
            )
            for i in 0..<count {
                writer.destination(channel: 0)[i] = planes.left[count - 1 - i]
                writer.destination(channel: 1)[i] = planes.right[count - 1 - i]
            }
            try writer.advance(count, to: outputs)
            frame += count
        }
        guard writer.isFinite else { throw RenderError.notFinite(node: 0, strip: 0, device: nil) }
    }
}
