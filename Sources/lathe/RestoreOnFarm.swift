import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Release
import Revisions
import Session
import Terminal

/// Renders the session of a revision on a farm: its recorded texts and its audio as it is are handed in, its files
/// fetched. The same command again carries on.
struct RestoreOnFarm {
    var found: FoundRevision
    var album: Album
    var stems: StemsChoice
    var endpoint: FarmEndpoint
    var keys: String?

    /// - Parameters:
    ///   - folder: taken under the policy that was asked for.
    ///   - plan: what a render here would write into it.
    /// - Returns: what was delivered as render.json.
    func run(
        into folder: ReleaseFolder, plan: ReleasePlan, progress: ProgressDisplay.Choice
    ) throws -> RenderDocument {
        let options = found.revision.options
        var request = JobRequest(
            session: found.log.absolute(found.revision.session.root), only: options.only, stems: stems)
        request.segmentSeconds = options.segmentSeconds
        request.recorded = (album, found.texts)
        Signals.countInterrupts()
        do {
            let client = try FarmClient(
                endpoint: endpoint, security: FarmSecurity.client(of: endpoint, keysDirectory: keys))
            let id = try request.submit(to: client, progress: progress).id
            let done = try JobFollower(client: client, progress: progress).follow(id)
            guard !done.files.isEmpty else {
                try lathe.conclude(done, hasDocument: false)
                throw ServiceError("job \(id) has no files")
            }
            try check(done, plan, folder)
            // What may be replaced was decided when the folder was taken: of the files that were planned.
            _ = try JobDelivery(job: done, overwrite: .replace).fetch(from: client, to: folder.path)
            if done.state != .done { try lathe.conclude(done, hasDocument: false) }
        } catch is FarmClient.Interrupted {
            let stopped = "Stopped. The job goes on at the farm: the same command carries on here."
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: Signals.stopSignal), printed: [stopped])
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
        let path = "\(folder.path)/\(ReleasePlan.documentName)"
        guard let bytes = FileManager.default.contents(atPath: path),
            let document = try? RenderDocument.decoded([UInt8](bytes))
        else { throw Failure(code: Exit.couldNotRun, message: "\(path) cannot be read") }
        return document
    }

    /// Refuses a job with files that are not this revision's: what lies under such a name may be anybody's.
    private func check(_ job: JobStatus, _ plan: ReleasePlan, _ folder: ReleaseFolder) throws {
        let planned = Set(plan.files.map(\.path))
        let others = job.files.map(\.path).filter { path in
            let file = ReleasePlan(recorded: [(path, .document)]).files[0]
            return !planned.contains(path) && !folder.mayReplace(file)
        }
        guard !others.isEmpty else { return }
        let listed = others.prefix(4).map { printable($0) }.joined(separator: ", ")
        let rest = others.count > 4 ? " and \(others.count - 4) more" : ""
        throw Failure(
            code: Exit.couldNotRun,
            message: "job \(job.id) has files that \(found.title) does not deliver: \(listed)\(rest). Nothing was"
                + " fetched. Is the farm's Lathe of another version? --overwrite replace takes them all the same.")
    }
}
