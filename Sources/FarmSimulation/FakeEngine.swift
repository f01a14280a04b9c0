package import Quantities
package import RenderPlan

/// Rendering without sound: keys are functions of what a task reads, results are functions of keys.
package enum FakeEngine {
    /// The key of a segment, as host and worker both derive it.
    package static func key(
        _ task: TaskID, of song: UInt64, inputs: [TaskResult], snapshot: Digest?
    ) -> TaskKey {
        var hash = Accumulator(seed: song)
        hash.add(UInt64(task.program.rawValue))
        hash.add(UInt64(task.segment))
        for input in inputs {
            hash.add(UInt64(input.outputs.count))
            for output in input.outputs { for part in output { hash.add(part.digest) } }
        }
        if let snapshot { hash.add(snapshot) } else { hash.add(0) }
        return TaskKey(words: SIMD4(hash.word(0), hash.word(1), hash.word(2), hash.word(3)))
    }

    /// The result under a key.
    ///
    /// Every eighth output is digital silence, which many tasks share.
    package static func result(under key: TaskKey, kind: ProgramKind) -> TaskResult {
        let seed = key.words[0] ^ key.words[1]
        let digest = seed % 8 == 0 ? silence : Digest(high: mix(seed &+ 1), low: mix(seed &+ 2))
        let parts = [
            Part(digest: digest, byteCount: 1_000),
            Part(digest: Digest(high: mix(seed &+ 3), low: 0), byteCount: 500),
        ]
        let snapshot = Part(digest: Digest(high: mix(seed &+ 4), low: 1), byteCount: 100)
        return TaskResult(outputs: [parts], snapshot: kind == .chained ? snapshot : nil)
    }

    package static let silence = Digest(high: 0, low: 0)

    /// All results of a job, computed the plain way: the reference for whatever a farm delivers.
    static func reference(_ job: KnownJob) -> [[(key: TaskKey, result: TaskResult)]] {
        let shapes = job.shapes
        var all: [[(key: TaskKey, result: TaskResult)]] = []
        for (program, shape) in shapes.enumerated() {
            var own: [(key: TaskKey, result: TaskResult)] = []
            for segment in 0..<shape.segmentCount {
                let inputs = shape.dependencies[segment].map { all[$0.program.rawValue][$0.segment].result }
                let snapshot = shape.kind == .chained ? own.last?.result.snapshot?.digest : nil
                let key = job.key(TaskID(ProgramID(program), segment), inputs: inputs, snapshot: snapshot)
                own.append((key, result(under: key, kind: shape.kind)))
            }
            all.append(own)
        }
        return all
    }
}

/// Every digest of a result.
func digests(of result: TaskResult) -> [Digest] {
    result.outputs.flatMap { $0.map(\.digest) } + (result.snapshot.map { [$0.digest] } ?? [])
}

private struct Accumulator {
    private var state: UInt64

    init(seed: UInt64) { state = mix(seed &+ 0x51) }

    mutating func add(_ value: UInt64) { state = mix(state ^ mix(value &+ 0x9E37_79B9)) &+ value }

    mutating func add(_ digest: Digest) {
        add(digest.high)
        add(digest.low)
    }

    func word(_ index: UInt64) -> UInt64 { mix(state &+ index &* 0x9E37_79B9_7F4A_7C15) }
}
