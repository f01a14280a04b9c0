import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Release
import Session

/// `lathe render --farm`: hands the sessions in, follows them, fetches their files. The same command again carries on.
struct FarmRender {
    var job: RenderJob
    var endpoint: FarmEndpoint
    var keys: String?

    func run() throws {
        let batch = try SessionInputs(job.sessions, options: job.options, segmentSeconds: job.farm.segmentSeconds)
        let recordings = try job.recordings(batch)
        Signals.countInterrupts()
        let client = try orFail {
            try FarmClient(endpoint: endpoint, security: FarmSecurity.client(of: endpoint, keysDirectory: keys))
        }
        do {
            // All of them first: the farm shares its workers out, whoever is waited for here.
            let submitted = try zip(batch.inputs, recordings).map {
                try submit($0, $1, to: client, isBatch: batch.isBatch)
            }
            var worst: Int32 = 0
            var documents: [FarmRenderDocument.Render] = []
            for (index, input) in batch.inputs.enumerated() {
                let (code, document) = try fetch(input, submitted[index], from: client, isBatch: batch.isBatch)
                if code == 0, let folder = document.folder, let render = document.render,
                    let line = recordings[index].finish(render, folder: folder), !job.farm.json
                {
                    print(line)
                }
                worst = max(worst, code)
                documents.append(document)
            }
            if batch.isBatch, job.farm.json { try printJSON(FarmRenderDocument(renders: documents)) }
            if worst != 0 { throw Failure(code: worst, hasDocument: job.farm.json) }
        } catch is FarmClient.Interrupted {
            let stopped = "Stopped. The job goes on at the farm: the same command carries on here."
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: Signals.stopSignal), printed: [stopped])
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
    }

    private func submit(
        _ input: SessionInput, _ recording: RevisionRecording, to client: FarmClient, isBatch: Bool
    ) throws -> String {
        // Of several albums not every one has the songs that were asked for by name.
        let only = isBatch && !job.options.only.isEmpty ? input.songs.map { String($0 + 1) } : job.options.only
        var request = JobRequest(session: input.path, only: only, stems: job.options.stems)
        request.segmentSeconds = job.farm.segmentSeconds
        // It is read once more: what is sent is what is recorded.
        request.hasRead = { recording.begin($0, $1) }
        return try request.submit(to: client, progress: job.farm.progress).id
    }

    /// - Throws: in a command for one album, its failure; of several the others go on.
    private func fetch(
        _ input: SessionInput, _ id: String, from client: FarmClient, isBatch: Bool
    ) throws -> (code: Int32, document: FarmRenderDocument.Render) {
        let done = try JobFollower(client: client, progress: job.farm.progress).follow(id)
        var document = FarmRenderDocument.Render(session: input.path, job: id, exitCode: 0, failures: done.failures)
        var folder: String?
        do {
            if !done.files.isEmpty {
                let path = try JobDelivery(job: done, overwrite: job.options.overwrite).fetch(
                    from: client, to: input.folder)
                folder = path
                document.folder = path
                show(input, done, path, isBatch: isBatch)
            }
            try conclude(done, hasDocument: job.farm.json && folder != nil)
        } catch let failure as Failure where isBatch {
            if let message = failure.message { complain("\(input.path): \(message)") }
            document.exitCode = failure.code
        }
        if let folder, let bytes = FileManager.default.contents(atPath: "\(folder)/\(ReleasePlan.documentName)") {
            document.render = try? RenderDocument.decoded([UInt8](bytes))
        }
        return (document.exitCode, document)
    }

    private func show(_ input: SessionInput, _ done: JobStatus, _ folder: String, isBatch: Bool) {
        if job.farm.json {
            guard !isBatch else { return }
            let document = FileManager.default.contents(atPath: "\(folder)/\(ReleasePlan.documentName)") ?? Data()
            try? FileHandle.standardOutput.write(contentsOf: document)
            return
        }
        if isBatch { print("\(input.album.title)  (\(input.path))") }
        print(
            "\(done.files.count) files in \(folder); \(done.tasksRendered) segments rendered,"
                + " \(done.tasksReused) reused, \(done.tasksRetried) retried")
        print("Report: \(folder)/\(ReleasePlan.reportName)")
    }
}

/// What `--json` prints of several albums that a farm rendered.
struct FarmRenderDocument: Encodable {
    struct Render: Encodable {
        var session: String
        var job: String
        var folder: String?
        var exitCode: Int32
        var failures: [String]
        var render: RenderDocument?
    }

    var lathe = latheVersion
    var renders: [Render]
}
