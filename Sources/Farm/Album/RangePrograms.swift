import Quantities
import RenderCompiler
import RenderPlan

/// The part of a list of programs that a stretch of some streams is made of: programs that are not read are left out,
/// the others end with the last segment that is read. Keys are those of the whole render.
struct RangePrograms {
    private(set) var list = ProgramList()
    /// Per program of `list`, how many of its segments are wanted, from its first on.
    private(set) var segmentCounts: [Int] = []
    private var numbers: [ProgramID: ProgramID] = [:]

    /// - Parameter wanted: Streams of `all`, and the frames of each, not beyond its end.
    init(_ all: ProgramList, wanted: [(stream: StreamRef, frames: FrameRange)]) {
        var counts = [Int](repeating: 0, count: all.programs.count)
        for (stream, frames) in wanted {
            let program = all[stream.program]
            let last = program.kind == .whole ? 0 : (frames.end - 1) / program.segmentFrames
            counts[stream.program.rawValue] = max(counts[stream.program.rawValue], last + 1)
        }
        // Programs read earlier ones only, so going down meets every reader before what it reads.
        for number in all.programs.indices.reversed() {
            for segment in 0..<counts[number] {
                for task in all.programs[number].dependencies(ofSegment: segment) {
                    counts[task.program.rawValue] = max(counts[task.program.rawValue], task.segment + 1)
                }
            }
        }
        for (number, program) in all.programs.enumerated() where counts[number] > 0 {
            var program = program
            for port in program.inputs.indices {
                // A port of which nothing is read yet may belong to a program that is left out.
                program.inputs[port].program = numbers[program.inputs[port].program] ?? ProgramID(0)
            }
            numbers[ProgramID(number)] = list.add(program, all.labels[number])
            segmentCounts.append(counts[number])
        }
    }

    /// A stream under its number in `list`.
    subscript(stream: StreamRef) -> StreamRef {
        guard let number = numbers[stream.program] else { preconditionFailure("a stream that was not asked for") }
        return StreamRef(program: number, output: stream.output)
    }

    func shapes(isDelivered: (ProgramID) -> Bool) -> [ProgramShape] {
        list.programs.enumerated().map { number, program in
            ProgramShape(
                kind: program.kind, segmentCount: segmentCounts[number],
                dependencies: (0..<segmentCounts[number]).map { program.dependencies(ofSegment: $0) },
                costPerSegment: AlbumJob.cost(of: program), storesOutputs: program.storesOutputs,
                isDelivered: isDelivered(ProgramID(number)), song: program.song)
        }
    }
}
