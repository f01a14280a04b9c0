import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Release

/// `lathe render --farm`: hands the session in, follows it, fetches its files. The same command again carries on.
struct FarmRender {
    var job: RenderJob
    var endpoint: FarmEndpoint
    var keys: String?

    func run() throws {
        Signals.countInterrupts()
        let client = try orFail {
            try FarmClient(endpoint: endpoint, security: FarmSecurity.client(of: endpoint, keysDirectory: keys))
        }
        do {
            var request = JobRequest(session: job.session, only: job.options.only, stems: job.options.stems)
            request.segmentSeconds = job.farm.segmentSeconds
            let submitted = try request.submit(to: client, progress: job.farm.progress)
            let done = try JobFollower(client: client, progress: job.farm.progress).follow(submitted.id)
            if done.files.isEmpty { return try conclude(done, hasDocument: false) }
            let folder = try JobDelivery(job: done, overwrite: job.options.overwrite).fetch(
                from: client, to: job.outputFolder)
            if job.farm.json {
                let document = FileManager.default.contents(atPath: "\(folder)/\(ReleasePlan.documentName)") ?? Data()
                FileHandle.standardOutput.write(document)
            } else {
                print(
                    "\(done.files.count) files in \(folder); \(done.tasksRendered) segments rendered,"
                        + " \(done.tasksReused) reused, \(done.tasksRetried) retried")
                print("Report: \(folder)/\(ReleasePlan.reportName)")
            }
            try conclude(done, hasDocument: job.farm.json)
        } catch is FarmClient.Interrupted {
            let stopped = "Stopped. The job goes on at the farm: the same command carries on here."
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: Signals.stopSignal), printed: [stopped])
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
    }
}
