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

    /// - Parameter folder: taken under the policy that was asked for.
    /// - Returns: what was delivered as render.json.
    func run(into folder: ReleaseFolder, progress: ProgressDisplay.Choice) throws -> RenderDocument {
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
            // What may be replaced was decided when the folder was taken.
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
}
