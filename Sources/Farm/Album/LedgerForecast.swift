import Hashing
import Quantities
import RenderCompiler
import RenderPlan
package import Session
package import Storage

/// What a render would do, as far as the ledger can tell without rendering.
package struct LedgerForecast: Sendable {
    /// Segment tasks of the mixes.
    package var mixTasks = 0
    /// Of those, found in the ledger.
    package var reused = 0
    /// Not in the ledger for certain: their keys are known.
    package var missing = 0
    /// Keys that depend on something that would be rendered first.
    package var unknown = 0
    /// At most so many tasks for the finish of all songs, encoding included.
    package var finishTasks = 0
    /// Mean CPU seconds of the tasks found; nil where none was.
    package var meanCostSeconds: Double?
    /// Uncut frames per song.
    package var frameCounts: [Int] = []

    package init(_ album: Album, store: Store, segmentSeconds: Double) throws {
        let options = CompileOptions(segmentSeconds: segmentSeconds)
        var list = ProgramList()
        var firstSource = 0
        for (index, entry) in album.songs.enumerated() {
            let identities = try entry.song.sources.map { try SourceIdentity(ofFile: $0.path).digest }
            let plan = try SongCompiler.compile(
                entry.song, songIndex: index, identities: identities, firstSource: firstSource, options: options,
                into: &list)
            firstSource += entry.song.sources.count
            frameCounts.append(plan.frameCount)
            let segments = (plan.frameCount + plan.segmentFrames - 1) / plan.segmentFrames
            let passes = album.loudness.target == nil ? 1 : 4
            // A pass limits and measures; a delivery quantises and may be encoded.
            let finish = album.loudness.isEnabled ? 2 * passes * segments : 0
            finishTasks += album.deliveries.count * (finish + segments + 1)
        }
        try evaluate(list, store)
    }

    private mutating func evaluate(_ list: ProgramList, _ store: Store) throws {
        var results: [TaskID: TaskResult] = [:]
        var cost = 0.0
        for (number, program) in list.programs.enumerated() {
            var snapshot: Part?
            var isChainBroken = false
            for segment in 0..<program.segmentCount {
                mixTasks += 1
                let inputs = program.dependencies(ofSegment: segment).map { results[$0] }
                let isKnown = inputs.allSatisfy { $0 != nil } && !(program.kind == .chained && isChainBroken)
                guard isKnown else {
                    unknown += 1
                    isChainBroken = true
                    continue
                }
                let key = TaskKey.of(
                    program.keyBytes(
                        ofSegment: segment, inputs: inputs.compactMap { $0 }, snapshot: snapshot?.digest,
                        namespace: store.namespace.name))
                guard let entry = try store.lookUp(key) else {
                    missing += 1
                    isChainBroken = true
                    continue
                }
                reused += 1
                cost += entry.costSeconds
                snapshot = entry.result.snapshot
                results[TaskID(ProgramID(number), segment)] = entry.result
            }
        }
        meanCostSeconds = reused > 0 ? cost / Double(reused) : nil
    }
}
