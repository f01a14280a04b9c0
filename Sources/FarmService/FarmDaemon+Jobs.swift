import Farm
import FarmCoordination
import FarmMonitoring
import FarmProtocol
import FarmTransfer
import Foundation
import Logging
import Quantities
import Release
import SessionFiles
import Storage

/// The life of a job: its audio, its session, its render, its files.
extension FarmDaemon {
    func takeUpJobs() {
        let (records, unreadable) = folder.load()
        for path in unreadable { logger.error("job not readable, left alone", metadata: ["file": "\(path)"]) }
        for record in records {
            let job = DaemonJob(record)
            jobs.append(job)
            delivered.set(job, in: folder)
            if !record.state.isOver { begin(job, client: nil) }
        }
    }

    /// Gets a job going: its audio, then its session.
    func begin(_ job: DaemonJob, client: ClientID?) {
        guard !job.isPreparing, job.work == nil, !job.record.state.isOver else { return }
        do {
            let wanted = Set(job.record.submission.sources.map(\.hash)).subtracting(job.pinned)
            job.missing = Set(try vault.pin(wanted.sorted()))
            job.pinned.formUnion(wanted.subtracting(job.missing))
        } catch {
            return fail(job, ["its audio cannot be kept: \(error)"])
        }
        guard job.missing.isEmpty else {
            set(job, .uploading)
            if let client { upload(job, from: client) }
            return
        }
        if job.record.state != .paused { set(job, .preparing) }
        job.isPreparing = true
        let submission = job.record.submission
        let number = job.number
        let release = folder.releaseFolder(job.id)
        let (vault, reader, news) = (vault, store.reader, news)
        preparations.post {
            let result: Result<PreparedJob, ServiceError>
            do {
                result = .success(
                    try JobPreparation.prepare(
                        submission, number: number, releaseFolder: release, vault: vault, reader: reader))
            } catch let error as SessionErrors {
                result = .failure(ServiceError(error.description))
            } catch {
                result = .failure(ServiceError("\(error)"))
            }
            news.post(.prepared(job: submission.id, result))
        }
    }

    /// Asks the client for what is missing, each file once.
    private func upload(_ job: DaemonJob, from client: ClientID) {
        for source in job.record.submission.sources where job.missing.contains(source.hash) {
            job.fetching.insert(source.hash)
            let (id, hash, news) = (job.id, source.hash, news)
            hub.pull(
                .source(hash), byteCount: source.byteCount, from: [TransferPeer(routingID: client.bytes)],
                into: VaultSink(hash, vault: vault, pins: true)
            ) { news.post(.source(job: id, hash, $0)) }
        }
    }

    func take(_ item: News) {
        switch item {
        case .source(let id, let hash, let result):
            guard let job = job(id), !job.record.state.isOver else {
                // It was cancelled meanwhile: its sink pinned the file for nobody.
                if case .success = result { vault.unpin([hash]) }
                return
            }
            job.fetching.remove(hash)
            switch result {
            case .success:
                job.missing.remove(hash)
                // Its sink pinned it; where two clients' pulls joined, both did.
                if !job.pinned.insert(hash).inserted { vault.unpin([hash]) }
            case .failure where !job.missing.contains(hash): break
            case .failure(let error):
                job.waiting = "waits for its audio (\(error)): give the same `lathe submit` again"
                logger.notice("audio not received", metadata: ["job": "\(id)", "reason": "\(error)"])
            }
            if job.missing.isEmpty, job.record.state == .uploading {
                job.waiting = nil
                begin(job, client: nil)
            }
        case .prepared(let id, let result):
            guard let job = job(id) else { return }
            job.isPreparing = false
            switch result {
            case .failure(let error): fail(job, error.description.split(separator: "\n").map(String.init))
            case .success(let work):
                job.work = work
                guard !job.isCancelled else { return drop(job) }
                let isPaused = job.record.state == .paused
                work.render.submit(
                    to: host, priority: job.record.submission.priority, workerLimit: job.record.submission.workerLimit,
                    isPaused: isPaused)
                if !isPaused { set(job, .rendering) }
            }
        case .finished(let id, let files, let failures):
            guard let job = job(id) else { return }
            job.isFinishing = false
            host.forget(JobID(job.number))
            job.work = nil
            job.record.files = files.map {
                JobStatus.File(path: $0.path, byteCount: $0.byteCount, sha256: "\($0.hash)")
            }
            job.record.failures = failures
            if job.isCancelled {
                conclude(job, .cancelled)
            } else {
                let hasSound = files.contains {
                    $0.path != ReleasePlan.documentName && $0.path != ReleasePlan.reportName
                }
                conclude(job, failures.isEmpty ? .done : hasSound ? .incomplete : .failed)
            }
        }
    }

    /// Reads a source again that a worker found bad: where it is, it goes, and the next submission sends it anew.
    func lookAgain(at hash: ContentHash) {
        let (vault, logger) = (vault, logger)
        preparations.post {
            do {
                guard try !vault.verify(hash) else { return }
                logger.error("audio in the vault was damaged and is gone", metadata: ["hash": "\(hash)"])
            } catch {
                logger.error("audio in the vault cannot be read", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Everything that will be rendered is: the files are completed elsewhere.
    func finish(_ job: DaemonJob) {
        guard let work = job.work else { return }
        job.isFinishing = true
        let figures = host.figures(of: JobID(job.number))
        job.record.renderedTasks = figures.renderedTasks + figures.repeatedTasks
        job.record.reusedTasks = figures.reusedTasks
        job.record.totalTasks = figures.totalTasks
        job.record.songs = describe(job).songs.map { song in
            var song = song
            if song.failure == nil, song.done == song.total { song.stage = "done" }
            return song
        }
        let (id, version, news) = (job.id, options.version, news)
        finishings.post {
            let (files, failures) = JobPreparation.finish(work, figures: figures, version: version)
            news.post(.finished(job: id, files: files, failures: failures))
        }
    }

    /// A job that was cancelled while it was prepared.
    private func drop(_ job: DaemonJob) {
        job.work?.render.close()
        job.work = nil
        conclude(job, .cancelled)
    }

    /// With its release; it is over, and nothing of it is under way.
    func remove(_ job: DaemonJob) throws {
        try folder.remove(job.id)
        jobs.removeAll { $0 === job }
        delivered.forget(job)
    }

    /// Lets go of the jobs whose time is over.
    func removeExpired() {
        guard let limit = options.retentionSeconds else { return }
        let now = Date().timeIntervalSince1970
        for job in jobs where job.record.state.isOver && job.work == nil && !job.isPreparing {
            // A clock that was set back makes nothing older.
            guard let end = job.record.endedAtSeconds, now - end > limit else { continue }
            do {
                try remove(job)
                logger.notice("job removed: its time is over", metadata: ["job": "\(job.id)"])
            } catch {
                logger.error("job not removed", metadata: ["job": "\(job.id)", "reason": "\(error)"])
            }
        }
    }

    func fail(_ job: DaemonJob, _ reasons: [String]) {
        job.record.failures = reasons
        conclude(job, .failed)
    }

    func conclude(_ job: DaemonJob, _ state: JobStatus.State) {
        job.record.endedAtSeconds = Date().timeIntervalSince1970
        job.waiting = nil
        vault.unpin(job.pinned.sorted())
        job.pinned = []
        set(job, state)
        delivered.set(job, in: folder)
        note(job, .ended, detail: state.rawValue)
        logger.notice("job ended", metadata: ["job": "\(job.id)", "state": "\(state.rawValue)"])
        announce(describe(job), nil)
        // The histories of jobs that ended long ago would fill the memory.
        let ended = jobs.filter(\.record.state.isOver).sorted {
            ($0.record.endedAtSeconds ?? 0) > ($1.record.endedAtSeconds ?? 0)
        }
        for job in ended.dropFirst(Self.fullHistoryCount) { job.history.keepNewest(100) }
    }

    /// So many ended jobs keep all that is known of what happened to them.
    private static let fullHistoryCount = 30

    func set(_ job: DaemonJob, _ state: JobStatus.State) {
        if job.record.state != state { note(job, .stage, detail: state.rawValue) }
        job.record.state = state
        save(job)
    }

    func save(_ job: DaemonJob) {
        do { try folder.save(job.record) } catch {
            logger.error("job not recorded", metadata: ["job": "\(job.id)", "reason": "\(error)"])
        }
    }
}
