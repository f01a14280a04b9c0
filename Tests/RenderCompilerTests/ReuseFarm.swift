import Hashing
import Metering
import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session

/// What is known of tasks, and the bytes behind it.
struct ReuseLedger {
    var results: [TaskKey: TaskResult] = [:]
    var blobs: [Digest: [UInt8]] = [:]
}

/// An album rendered by the compiler, the engine and the keys of the product, without processes: every task whose key
/// is in the ledger is taken from there, and a chain goes on from the last hit's snapshot.
///
/// Inputs are read by the digests that the key names, and nothing else can be read.
final class ReuseRender {
    private(set) var list = ProgramList()
    private(set) var ledger: ReuseLedger
    private(set) var results: [TaskID: TaskResult] = [:]
    /// Tasks that were not in the ledger; hashing of sources left out.
    private(set) var rendered: Set<TaskID> = []
    private(set) var gains: [Int] = []
    private(set) var cuts: [Int] = []
    /// Number of the first program of the finish.
    private(set) var firstFinish = 0
    private(set) var plans: [SongPlan] = []
    /// Every source of the job, by its number.
    private var takes: [Take] = []
    /// A defect of the key that the test has to find; see `ReuseTests`.
    private let defect: (([UInt8]) -> [UInt8])?
    private var doneCount = 0

    /// - Throws: `CompileError`, `RenderError`, where the album is one that cannot be rendered.
    init(_ album: ReuseAlbum, over ledger: ReuseLedger = ReuseLedger(), defect: (([UInt8]) -> [UInt8])? = nil) throws {
        self.ledger = ledger
        self.defect = defect
        let options = CompileOptions(segmentSeconds: reuseSegmentSeconds)
        for (index, made) in album.songs.enumerated() {
            let identities = made.takes.map { Digest(high: 1, low: UInt64($0.identity)) }
            plans.append(
                try SongCompiler.compile(
                    made.song, songIndex: index, identities: identities, firstSource: takes.count, options: options,
                    into: &list))
            takes += made.takes
        }
        try run()
        firstFinish = list.programs.count
        try finish(album, options)
        try run()
    }

    // MARK: - Finish

    private func finish(_ album: ReuseAlbum, _ options: CompileOptions) throws {
        let mixes = try plans.map { plan in
            var summary = LoudnessSummary(rateHertz: plan.rateHertz, channelCount: 2)
            for segment in 0..<list[plan.mixMeasurement].segmentCount {
                try summary.append(SegmentMeasurement(bytes: blob(plan.mixMeasurement, segment)))
            }
            return summary
        }
        cuts = zip(plans, mixes).map { plan, mix in
            plan.lengthRule == .length
                ? plan.frameCount : max(1, mix.lastFrameAboveFloor + 1, min(plan.clipEndFrame, plan.frameCount))
        }
        // As the loudness would: a gain of each song or of the album, on a grid.
        let peaks = mixes.map { Int(max(-60, $0.truePeak?.value ?? -60).rounded()) }
        let highest = peaks.max() ?? 0
        gains = peaks.map { 10 * (album.peakDecibels - (album.isGainPooled ? highest : $0)) }
        for (song, plan) in plans.enumerated() {
            for rate in Set(album.deliveries.map { $0.rateHertz ?? plan.rateHertz }).sorted() {
                let stream = FinishCompiler.addConversion(of: plan, toHertz: rate, options: options, to: &list)
                let frames = FinishCompiler.frameCount(cuts[song], fromHertz: plan.rateHertz, toHertz: rate)
                let pass = FinishCompiler.addPass(
                    over: stream, gainDecibels: Double(gains[song]) / 10, ceiling: .init(album.ceiling),
                    frameCount: frames, song: song, to: &list)
                for (ordinal, delivery) in album.deliveries.enumerated()
                where (delivery.rateHertz ?? plan.rateHertz) == rate {
                    if delivery.samples.isFloat {
                        _ = FinishCompiler.addCopy(of: pass.limited, frameCount: frames, song: song, to: &list)
                    } else {
                        _ = FinishCompiler.addQuantiser(
                            over: pass.limited, delivery: delivery, ordinal: ordinal, seed: album.songs[song].song.seed,
                            frameCount: frames, song: song, to: &list)
                    }
                }
            }
        }
    }

    private func blob(_ program: ProgramID, _ segment: Int) -> [UInt8] {
        results[TaskID(program, segment)].flatMap { ledger.blobs[$0.outputs[0][0].digest] } ?? []
    }

    // MARK: - Tasks

    private func run() throws {
        for number in doneCount..<list.programs.count { try run(ProgramID(number)) }
        doneCount = list.programs.count
    }

    private func run(_ id: ProgramID) throws {
        let program = list[id]
        var renderer: SegmentRenderer?
        var snapshot: Part?
        for segment in 0..<program.segmentCount {
            let task = TaskID(id, segment)
            let tasks = program.dependencies(ofSegment: segment)
            var inputs: [TaskID: TaskResult] = [:]
            for task in tasks { inputs[task] = results[task] }
            var bytes = program.keyBytes(
                ofSegment: segment, inputs: tasks.compactMap { inputs[$0] }, snapshot: snapshot?.digest,
                namespace: "test")
            if let defect { bytes = defect(bytes) }
            let key = TaskKey.of(bytes)
            let result: TaskResult
            if let known = ledger.results[key] {
                result = known
            } else if case .hashSource(let body) = program.body {
                result = hash(takes[body.source], program.range(ofSegment: segment))
            } else {
                if renderer == nil { renderer = try SegmentRenderer(program: program, blockFrames: 480) }
                guard let renderer else { preconditionFailure("a renderer was just made") }
                if renderer.nextSegment != segment || program.kind != .chained {
                    try renderer.load(segment: segment, snapshot: snapshot.flatMap { ledger.blobs[$0.digest] })
                }
                result = try render(program, segment, renderer, inputs)
                rendered.insert(task)
            }
            ledger.results[key] = result
            results[task] = result
            snapshot = result.snapshot
        }
    }

    private func render(
        _ program: Program, _ segment: Int, _ renderer: SegmentRenderer, _ inputs: [TaskID: TaskResult]
    ) throws -> TaskResult {
        let outputs = ReuseOutputs(program)
        let state = try renderer.render(
            segment: segment, inputs: ReuseInputs(program, inputs, ledger.blobs), outputs: outputs)
        var result = TaskResult(outputs: outputs.parts.map { $0.map { put($0) } })
        result.snapshot = state.map { put($0) }
        return result
    }

    private func put(_ bytes: [UInt8]) -> Part {
        let digest = Digest.of(bytes)
        ledger.blobs[digest] = bytes
        return Part(digest: digest, byteCount: bytes.count)
    }

    private func hash(_ take: Take, _ range: FrameRange) -> TaskResult {
        var parts: [Part] = []
        for start in stride(from: range.start, to: range.end, by: Program.partFrames) {
            let frames = start..<min(range.end, start + Program.partFrames)
            parts.append(put(take.bytes(frames)))
        }
        return TaskResult(outputs: [parts])
    }
}

extension Take {
    /// One plane after the other, Float32.
    func bytes(_ frames: Range<Int>) -> [UInt8] {
        var samples: [Float] = []
        samples.reserveCapacity(frames.count * channelCount)
        for channel in 0..<channelCount {
            for frame in frames { samples.append(sample(frame, channel: channel)) }
        }
        return samples.withUnsafeBytes { Array($0) }
    }
}

/// Serves what the key of a segment names.
private final class ReuseInputs: SegmentInputs {
    private let program: Program
    private let results: [TaskID: TaskResult]
    private let blobs: [Digest: [UInt8]]

    init(_ program: Program, _ results: [TaskID: TaskResult], _ blobs: [Digest: [UInt8]]) {
        self.program = program
        self.results = results
        self.blobs = blobs
    }

    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws {
        let input = program.inputs[port]
        left.update(repeating: 0, count: range.count)
        right?.update(repeating: 0, count: range.count)
        let inside = range.intersection(FrameRange(0, input.frameCount))
        var frame = inside.start
        while frame < inside.end {
            let segment = frame / input.segmentFrames
            let within = frame - segment * input.segmentFrames
            let part = within / Program.partFrames
            let partStart = segment * input.segmentFrames + part * Program.partFrames
            let partEnd = min(
                input.frameCount, (segment + 1) * input.segmentFrames, partStart + Program.partFrames)
            let count = min(inside.end, partEnd) - frame
            guard let digest = results[TaskID(input.program, segment)]?.outputs[input.output][part].digest,
                let bytes = blobs[digest]
            else { preconditionFailure("port \(port) was read at \(range), which no key names") }
            bytes.withUnsafeBytes { raw in
                let samples = raw.bindMemory(to: Float.self)
                let length = partEnd - partStart
                precondition(samples.count == length * input.channelCount, "a part of another size")
                let at = frame - partStart
                let to = frame - range.start
                for i in 0..<count { left[to + i] = samples[at + i] }
                guard let right else { return }
                let plane = (input.channelCount - 1) * length
                for i in 0..<count { right[to + i] = samples[plane + at + i] }
            }
            frame += count
        }
    }
}

private final class ReuseOutputs: SegmentOutputs {
    var parts: [[[UInt8]]]

    init(_ program: Program) { parts = program.outputs.map { _ in [] } }

    func write(output: Int, part: UnsafeRawBufferPointer) throws { parts[output].append(Array(part)) }
}
