import CVector
import Quantities
package import RenderPlan

/// Runs segments of one program: pure arithmetic between inputs, a snapshot and outputs.
///
/// A chained program is run in order, from a snapshot or from its start. After every segment the state is written
/// down and **read back from those bytes**, so that going on and starting over from the snapshot are the same thing.
/// One renderer belongs to one thread at a time.
package final class SegmentRenderer {
    package let program: Program
    private let runner: any SegmentRunner
    /// The segment that the live state leads to; nil when nothing is loaded.
    package private(set) var nextSegment: Int?

    /// - Parameter blockFrames: Frames processed together, 1 or more. It changes speed, never a bit.
    /// - Throws: `malformedProgram` for numbers or versions that are not those of this engine's processors.
    package init(program: Program, blockFrames: Int) throws {
        precondition(blockFrames >= 1, "a block holds at least one frame")
        self.program = program
        switch program.body {
        case .mix(let mix):
            runner = try MixRunner(program: program, body: mix, blockFrames: blockFrames)
        case .finish(let finish):
            runner = try FinishRunner(program: program, body: finish, blockFrames: blockFrames)
        case .convert(let convert):
            runner = try ConvertRunner(program: program, body: convert)
        case .convolve(let convolve):
            runner = try ConvolveRunner(program: program, body: convolve)
        case .match(let match):
            runner = try MatchRunner(program: program, body: match)
        case .measure(let measure):
            runner = try MeasureRunner(program: program, body: measure)
        case .quantise(let quantise):
            runner = try QuantiseRunner(program: program, body: quantise)
        case .reverse:
            runner = ReverseRunner(program: program)
        case .encode, .hashSource:
            throw RenderError.unsupported
        }
    }

    /// Puts the program into its state before `segment`.
    ///
    /// - Parameter snapshot: The bytes of segment `segment - 1`; nil only for segment 0 or a program without state.
    package func load(segment: Int, snapshot: [UInt8]?) throws {
        nextSegment = nil
        // As in `render`: what a snapshot is turned into must not depend on who reads it.
        let saved = lathe_fp_guard_begin()
        defer { lathe_fp_guard_end(saved) }
        if program.kind == .chained {
            if let snapshot {
                try runner.restore(snapshot, beforeSegment: segment)
            } else {
                precondition(segment == 0, "a chained program starts at segment 0 or from a snapshot")
                try runner.reset()
            }
        }
        nextSegment = segment
    }

    /// Renders one segment; a chained program must have been loaded for it or have just rendered the one before.
    ///
    /// - Returns: The snapshot after the segment; nil for programs without state.
    package func render(
        segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs
    ) throws -> [UInt8]? {
        if program.kind == .chained {
            precondition(nextSegment == segment, "segments of a chain run in order")
        }
        nextSegment = nil
        // Denormals are flushed on every machine alike (numeric contract, docs/determinism.md).
        let saved = lathe_fp_guard_begin()
        defer { lathe_fp_guard_end(saved) }
        try runner.render(segment: segment, inputs: inputs, outputs: outputs)
        guard program.kind == .chained else { return nil }
        let snapshot = try runner.snapshot()
        try runner.restore(snapshot, beforeSegment: segment + 1)
        nextSegment = segment + 1
        return snapshot
    }
}

/// One kind of body at work.
protocol SegmentRunner: AnyObject {
    func reset() throws
    /// - Parameter segment: The one that the snapshot leads to; one past the last at a song's end.
    func restore(_ snapshot: [UInt8], beforeSegment segment: Int) throws
    func snapshot() throws -> [UInt8]
    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws
}

/// A windowed or whole program keeps nothing between segments.
extension SegmentRunner {
    func reset() throws {}
    func restore(_ snapshot: [UInt8], beforeSegment segment: Int) throws { throw RenderError.malformedSnapshot }
    func snapshot() throws -> [UInt8] { [] }
}
