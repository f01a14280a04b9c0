import Hashing
import Quantities
import RenderCompiler
import RenderPlan
import Storage

/// Follows programs through the ledger without rendering anything. Programs are to be followed in their order.
struct LedgerWalk {
    let store: Store
    private(set) var results: [TaskID: TaskResult] = [:]
    private(set) var reusedCount = 0
    private(set) var costSeconds = 0.0

    /// What is known of a program.
    struct Followed {
        /// Segments whose keys the ledger does not have.
        var missingCount = 0
        /// Segments whose keys depend on something that would be rendered first.
        var unknownCount = 0
        /// The first that is not known; nil where all are.
        var firstOpenSegment: Int?

        var isComplete: Bool { firstOpenSegment == nil }
    }

    init(_ store: Store) { self.store = store }

    /// Looks the first `segmentCount` segments up; nil looks up all.
    mutating func follow(_ id: ProgramID, _ program: Program, segmentCount: Int? = nil) throws -> Followed {
        var followed = Followed()
        var snapshot: Part?
        var isChainBroken = false
        for segment in 0..<(segmentCount ?? program.segmentCount) {
            let inputs = program.dependencies(ofSegment: segment).map { results[$0] }
            guard inputs.allSatisfy({ $0 != nil }), !(program.kind == .chained && isChainBroken) else {
                followed.unknownCount += 1
                followed.firstOpenSegment = followed.firstOpenSegment ?? segment
                isChainBroken = true
                continue
            }
            let key = TaskKey.of(
                program.keyBytes(
                    ofSegment: segment, inputs: inputs.compactMap { $0 }, snapshot: snapshot?.digest,
                    namespace: store.namespace.name))
            guard let entry = try store.lookUp(key) else {
                followed.missingCount += 1
                followed.firstOpenSegment = followed.firstOpenSegment ?? segment
                isChainBroken = true
                continue
            }
            reusedCount += 1
            costSeconds += entry.costSeconds
            snapshot = entry.result.snapshot
            results[TaskID(id, segment)] = entry.result
        }
        return followed
    }

    /// Per segment the one blob of an output; nil where a result or its bytes are not there.
    func blobs(of id: ProgramID, _ program: Program, output: Int = 0) throws -> [[UInt8]]? {
        var blobs: [[UInt8]] = []
        for segment in 0..<program.segmentCount {
            guard let part = results[TaskID(id, segment)]?.outputs[output].first,
                let bytes = try store.read(part.digest)
            else { return nil }
            blobs.append(bytes)
        }
        return blobs
    }
}
