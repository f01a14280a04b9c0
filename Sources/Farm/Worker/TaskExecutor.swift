import FarmProtocol
import Foundation
import Hashing
import Quantities
import RenderEngine
import RenderPlan
import SoundFiles
import Storage
import Synchronization

/// A rendered segment: its result, where its bytes were put, and what it cost.
struct ExecutedTask {
    var result: TaskResult
    var locations: Locations
    var costMicroseconds: Int
}

/// Job and number of a program.
struct ProgramName: Hashable {
    var job: JobID
    var program: ProgramID
}

/// A task under way, seen from the thread that speaks for it.
final class TaskWatch: Sendable {
    private let state = Mutex<(frames: Int, isAbandoned: Bool)>((0, false))

    var frames: Int { state.withLock { $0.frames } }
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
    func abandon() { state.withLock { $0.isAbandoned = true } }
    func advance(_ frames: Int) { state.withLock { $0.frames += frames } }

    func check() throws {
        if state.withLock({ $0.isAbandoned }) { throw TaskError.abandoned }
    }
}

/// Where a task starts from.
enum TaskStart {
    /// The state that the previous segment left behind.
    case live
    /// The bytes of a snapshot; nil is the program's beginning.
    case snapshot(Part?)
}

/// Executes one task at a time: engine, files, packs. One executor belongs to one thread.
final class TaskExecutor {
    private let packs: PackReader
    private let writer: PackWriter
    private var sources: SourceReaders
    private let blockFrames: Int
    private var current: Current?

    private struct Current {
        var name: ProgramName
        var program: Program
        var renderer: SegmentRenderer?
        var inputs: WindowInputs
    }

    init(packs: PackReader, writer: PackWriter, sources: SourceTable, blockFrames: Int) {
        self.packs = packs
        self.writer = writer
        self.sources = SourceReaders(sources)
        self.blockFrames = blockFrames
    }

    /// - Parameters:
    ///   - name: Job and number of the program; live state belongs to it.
    ///   - watch: Told of progress, asked whether to go on.
    func execute(
        _ program: Program, _ name: ProgramName, segment: Int, inputs results: [TaskResult],
        locations: Locations, start: TaskStart,
        watch: TaskWatch
    ) throws -> ExecutedTask {
        let began = threadMicroseconds()
        let output = PackOutputs(writer: writer, program: program, watch: watch)
        var snapshot: [UInt8]?
        switch program.body {
        case .hashSource(let body):
            try hash(body, program, segment: segment, into: output)
        case .encode(let body):
            let inputs = WindowInputs(program: program, packs: packs, sources: sources)
            try inputs.turn(to: segment, results: results, locations: locations)
            try encode(body, program, segment: segment, inputs: inputs, into: output)
        default:
            snapshot = try render(
                program, name, segment: segment, results: results, locations: locations, start: start, into: output)
        }
        var result = TaskResult(outputs: output.parts)
        if let snapshot { result.snapshot = try output.put(snapshot) }
        return ExecutedTask(
            result: result, locations: output.locations, costMicroseconds: threadMicroseconds() - began)
    }

    /// Reads sources from this table from now on.
    func use(_ table: SourceTable) {
        if sources.table != table { sources = SourceReaders(table) }
    }

    /// Opens every source again when it is read next.
    func forgetSources() {
        current = nil
        sources = SourceReaders(SourceTable(paths: []))
    }

    /// Forgets the live state, as after an error.
    func reset() { current = nil }

    // MARK: - Kinds of work

    private func render(
        _ program: Program, _ name: ProgramName, segment: Int, results: [TaskResult],
        locations: Locations, start: TaskStart,
        into output: PackOutputs
    ) throws -> [UInt8]? {
        var running: Current
        if let current, current.name == name, current.program == program {
            running = current
            running.inputs.use(sources)
        } else {
            running = Current(
                name: name, program: program, renderer: try SegmentRenderer(program: program, blockFrames: blockFrames),
                inputs: WindowInputs(program: program, packs: packs, sources: sources))
        }
        // Whatever goes wrong, a half-rendered state is never gone on from.
        current = nil
        guard let renderer = running.renderer else { throw TaskError.malformed("program") }
        switch start {
        case .live where program.kind == .chained && renderer.nextSegment != segment:
            throw TaskError.malformed("lease: no live state for segment \(segment)")
        case .live where program.kind == .chained:
            break
        case .snapshot(let part?):
            try renderer.load(segment: segment, snapshot: try snapshotBytes(part, locations))
        case .live, .snapshot(nil):
            try renderer.load(segment: segment, snapshot: nil)
        }
        try running.inputs.turn(to: segment, results: results, locations: locations)
        let snapshot = try renderer.render(segment: segment, inputs: running.inputs, outputs: output)
        current = running
        return snapshot
    }

    private func snapshotBytes(_ part: Part, _ locations: Locations) throws -> [UInt8] {
        guard let location = locations[part.digest], location.byteCount == part.byteCount else {
            throw TaskError.unreadable([part.digest])
        }
        do {
            return try packs.read(location, digest: part.digest)
        } catch let error as StoreError where error.isLoss {
            throw TaskError.unreadable([part.digest])
        }
    }

    private func hash(
        _ body: SourceBody, _ program: Program, segment: Int, into output: PackOutputs
    ) throws {
        // The digests are recorded under the file's identity: they must be of the file that had it, all through.
        try sources.check(body.source, against: body.identity)
        let reader = try sources.reader(body.source)
        guard reader.info.frameCount == program.frameCount else {
            throw TaskError.sourceChanged(sources.name(body.source))
        }
        output.parts[0] = try reader.parts(of: program.range(ofSegment: segment)) { try output.watch.check() }
        try sources.check(body.source, against: body.identity)
    }

    private func encode(
        _ body: EncodeBody, _ program: Program, segment: Int, inputs: WindowInputs, into output: PackOutputs
    ) throws {
        let own = try Self.flacLibrary.get()
        guard own == body.library else { throw TaskError.otherEncoder(wanted: body.library, own: own) }
        let range = program.range(ofSegment: segment)
        guard range.start % FlacBlocks.frameCount == 0 else { throw TaskError.malformed("program: a block in pieces") }
        let layout = SampleLayout(format: body.samples, channelCount: program.inputs[0].channelCount)
        let encoder = try FlacStretchEncoder(
            name: "FLAC", rate: program.rateHertz, layout: layout, firstFrame: range.start)
        try inputs.forEachPart(port: 0, range: range, bytesPerFrame: layout.bytesPerFrame) {
            try output.watch.check()
            try encoder.append(packed: $0)
        }
        for part in try encoder.finish(largestPart: Self.encodedPartBytes) {
            try part.withUnsafeBytes { try output.write(output: 0, part: $0) }
        }
    }

    /// What other libraries would write may be other bytes.
    private static let flacLibrary = Result { try TestFault.flacLibrary ?? SoundLibraries.flacEncoder() }

    private static let encodedPartBytes = 1 << 20
}

/// Appends output parts to the worker's own pack and remembers where they went.
final class PackOutputs: SegmentOutputs {
    private let writer: PackWriter
    var parts: [[Part]]
    private(set) var locations: Locations = [:]
    let watch: TaskWatch
    private let lies: Bool
    private let isRounded: Bool

    init(writer: PackWriter, program: Program, watch: TaskWatch) {
        self.writer = writer
        self.watch = watch
        parts = Array(repeating: [], count: program.outputs.count)
        let isEncoding = if case .encode = program.body { true } else { false }
        lies = TestFault.lies(isEncoding: isEncoding)
        isRounded = if case .quantise = program.body { true } else { false }
    }

    func write(output: Int, part bytes: UnsafeRawBufferPointer) throws {
        try watch.check()
        parts[output].append(lies ? try appendChanged(bytes) : try append(bytes))
        if output == 0 { watch.advance(Program.partFrames) }
    }

    /// What a worker with bad memory does: the bytes have the digest that they are sent under, and are wrong.
    private func appendChanged(_ bytes: UnsafeRawBufferPointer) throws -> Part { try put(changed(bytes)) }

    private func changed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var copy = Array(bytes)
        if !copy.isEmpty { copy[copy.count / 2] ^= 1 }
        return copy
    }

    func put(_ bytes: [UInt8]) throws -> Part { try bytes.withUnsafeBytes { try append($0) } }

    private func append(_ bytes: UnsafeRawBufferPointer) throws -> Part {
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        // Silence, above all, comes again and again.
        guard locations[part.digest] == nil else { return part }
        let isTorn = TestFault.tears(isRounded: isRounded)
        locations[part.digest] = isTorn ? try writer.append(changed(bytes)) : try writer.append(bytes)
        return part
    }
}

/// CPU time of this thread.
func threadMicroseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
}
