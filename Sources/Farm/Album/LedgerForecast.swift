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
            for delivery in album.deliveries {
                finishTasks += finish + segments + (delivery.format == .flac ? segments : 0)
            }
        }
        try evaluate(list, store)
    }

    private mutating func evaluate(_ list: ProgramList, _ store: Store) throws {
        var walk = LedgerWalk(store)
        for (number, program) in list.programs.enumerated() {
            let followed = try walk.follow(ProgramID(number), program)
            mixTasks += program.segmentCount
            missing += followed.missingCount
            unknown += followed.unknownCount
        }
        reused = walk.reusedCount
        meanCostSeconds = reused > 0 ? walk.costSeconds / Double(reused) : nil
    }
}
