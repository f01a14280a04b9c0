import Farm
import FarmCoordination
import FarmKeys
import FarmMonitoring
import FarmProtocol
import FarmTransfer
import Foundation
import Logging
import Quantities
import RenderPlan
import Session
import Storage

extension FarmDaemon {
    /// The farm as it is.
    func describe() -> FarmStatus {
        let runs = host.state.runs()
        let tasks = Dictionary(runs.map { ($0.peer, $0) }, uniquingKeysWith: { first, _ in first })
        var status = FarmStatus(
            lathe: options.version, startedAtSeconds: startedAtSeconds, jobs: jobs.map { describe($0, runs) },
            workers: host.state.livePeers.map { describe($0, tasks[$0]) }
                + quarantined.sorted().map {
                    WorkerStatus(name: workerName($0), state: .quarantined, joinedAtSeconds: 0)
                })
        let figures = host.figures
        status.counters = counters
        status.counters.tasksCommitted = figures.renderedTasks
        status.counters.tasksReused = figures.reusedTasks
        status.counters.tasksRepeated = figures.repeatedTasks
        status.counters.attemptsFailed = figures.retriedTasks
        status.counters.alarms = figures.alarms.count
        status.counters.messagesRefused += host.refusedFrameCount
        status.counters.connectionsRefused = options.keys?.refusedConnectionCount ?? 0
        status.counters.bytesReceived = hub.counters.receivedByteCount
        status.counters.bytesSent = hub.counters.sentByteCount
        status.counters.renderedSeconds = figures.renderedSeconds
        status.counters.cpuSeconds = figures.cpuSeconds
        for job in status.jobs where !job.state.isOver && job.state != .paused {
            status.counters.pendingSeconds += Double(job.tasksTotal - job.tasksDone) * 10
        }
        status.counters.readyTasks = host.state.readyCount
        status.store.limitBytes = options.storeLimitBytes
        status.store.freeBytes = (try? DiskSpace(ofDirectory: options.directory))?.availableByteCount
        return status
    }

    /// One job as its owner sees it.
    func describe(_ job: DaemonJob) -> JobStatus { describe(job, job.work == nil ? [] : host.state.runs()) }

    private func describe(_ job: DaemonJob, _ runs: [RunStatus]) -> JobStatus {
        let record = job.record
        var status = JobStatus(
            id: job.id, album: record.submission.title, owner: record.owner, state: record.state,
            priority: record.submission.priority, submittedAtSeconds: record.submittedAtSeconds,
            endedAtSeconds: record.endedAtSeconds)
        status.workerLimit = record.submission.workerLimit
        status.missingBytes = job.missingBytes
        status.files = record.files
        status.failures = record.failures
        status.tasksRendered = record.renderedTasks
        status.tasksReused = record.reusedTasks
        status.tasksTotal = record.totalTasks
        status.tasksDone = record.state == .done ? record.totalTasks : 0
        status.waiting = job.waiting
        guard let work = job.work else {
            status.stage = record.state.rawValue
            status.songs = record.songs ?? []
            if record.state == .uploading, job.fetching.isEmpty, job.waiting == nil {
                status.waiting = "waits for its audio: give the same `lathe submit` again"
            }
            return status
        }
        let progress = work.render.progress(host)
        status.stage = job.isFinishing ? "delivering" : progress.stage
        status.songs = zip(work.album.songs, progress.songs).map { entry, song in
            JobStatus.Song(
                title: entry.song.title, stage: song.stage, done: song.done, total: song.total, failure: song.failure)
        }
        status.tasksDone = progress.figures.doneTasks
        status.tasksTotal = progress.figures.totalTasks
        status.tasksRendered = progress.figures.renderedTasks + progress.figures.repeatedTasks
        status.tasksReused = progress.figures.reusedTasks
        status.tasksRetried = progress.figures.retriedTasks
        status.elapsedSeconds = progress.elapsedSeconds
        let number = JobID(job.number)
        status.runningWorkers = runs.count { $0.job == number }
        let done = progress.songs.reduce(0) { $0 + $1.done }
        let total = progress.songs.reduce(0) { $0 + $1.total }
        let fraction = total == 0 ? 0 : Double(done) / Double(total)
        if fraction > 0.05, progress.elapsedSeconds > 1 {
            status.remainingSeconds = progress.elapsedSeconds * (1 - fraction) / fraction
        }
        if !job.isFinishing { status.waiting = host.state.waiting(for: number).flatMap { words($0, of: number) } }
        // Whatever it waits for, that is the reason.
        if isShortOfSpace, record.state != .paused {
            status.waiting = "waits for space: the disk of the coordinator is full"
        }
        return status
    }

    private func describe(_ peer: Peer, _ run: RunStatus?) -> WorkerStatus {
        let news = workers[peer]
        let state: WorkerStatus.State =
            switch host.state.standing(of: peer) {
            case .draining: .draining
            case .silent: .silent
            case .rendering: .rendering
            case .idle, .resting, nil: .idle
            }
        var status = WorkerStatus(
            name: workerName(peer), state: state, joinedAtSeconds: news?.joinedAtSeconds ?? startedAtSeconds)
        status.task = run.map { words($0.task, of: $0.job) }
        status.committedTasks = host.workerFigures[peer]?.committedTasks ?? 0
        status.cpuSeconds = host.workerFigures[peer]?.cpuSeconds ?? 0
        status.failedAttempts = news?.failedAttempts ?? 0
        return status
    }

    /// A worker's name and slot; its number where the farm has no keys.
    func workerName(_ peer: Peer) -> String { workerName(peer.worker) }

    func workerName(_ worker: WorkerID) -> String {
        let slot = worker.rawValue & 0xFFFF
        if let name = options.keys?.workerName(worker.rawValue) { return "\(name)/\(slot)" }
        return "\(String(worker.rawValue >> 16, radix: 36))/\(slot)"
    }

    /// "Ferry: Drums, segment 12".
    func words(_ task: TaskID, of job: JobID) -> String {
        guard let place = host.place(of: task, in: job), let work = self.job(numbered: job)?.work else {
            return "\(task)"
        }
        return "\(work.album.songs[place.song].song.title): \(place.name), segment \(place.segment + 1)"
    }

    /// "Drums of Ferry".
    private func words(_ program: ProgramID, of job: JobID) -> String {
        guard let place = host.place(of: TaskID(program, 0), in: job), let work = self.job(numbered: job)?.work else {
            return "\(program)"
        }
        return "\(place.name) of \(work.album.songs[place.song].song.title)"
    }

    /// Why a job does not go on, in a sentence.
    private func words(_ reason: WaitingReason, of job: JobID) -> String? {
        switch reason {
        case .paused: "paused; `lathe resume` lets it go on"
        case .noWorker:
            "waits for a worker: none is connected"
                + (lastRefusal.map { "; \($0.worker) was refused: \($0.reason)" } ?? "")
        case .noUsableWorker(let connected):
            "waits for a worker: the \(connected) that are connected leave, are silent or rest after failures"
        case .busyWorkers(let count, let areMoreImportant):
            "waits for a worker: all \(count) render \(areMoreImportant ? "jobs of higher priority" : "other jobs")"
        case .space(let free, let reserved):
            "waits for space: \(bytes(free)) are free, \(bytes(reserved)) are reserved"
        case .sameWork(let other, let task):
            "waits for the same work of another job: \(words(task, of: other))"
        case .slow(let task, let peer, let ticks, let usual):
            "waits for \(words(task, of: job)), on \(workerName(peer)) for \(ticks / 1000) s"
                + (usual.map { " (usually \(seconds($0)))" } ?? "")
        case .heldBack(let task, let program):
            "\(words(task, of: job)) is held back until \(words(program, of: job)) has come closer"
        case .writer(let program): "waits for the disk: \(words(program, of: job)) is being written"
        case .ledger, .openEnd: nil
        }
    }

    private func bytes(_ count: Int) -> String {
        count < 1_000_000_000 ? "\(count / 1_000_000) MB" : "\(oneDecimal(Double(count) / 1e9)) GB"
    }

    private func seconds(_ ticks: Int) -> String { "\(oneDecimal(Double(ticks) / 1000)) s" }

    // MARK: - What happened

    func note(_ job: DaemonJob, _ kind: TaskEvent.Kind, task: String = "", worker: String? = nil, detail: String? = nil)
    {
        job.history.append(at: Date().timeIntervalSince1970, kind, task: task, worker: worker, detail: detail)
    }

    /// News from the farm, for the record of whom they concern.
    func notice(_ event: FarmEvent) {
        switch event {
        case .joined(let peer):
            lastRefusal = nil
            workers[peer] = WorkerNews(joinedAtSeconds: Date().timeIntervalSince1970)
            logger.notice("worker joined", metadata: ["worker": "\(workerName(peer))"])
        case .left(let peer, _):
            workers[peer] = nil
            logger.notice("worker left", metadata: ["worker": "\(workerName(peer))"])
        case .reused(let id, let task): note(id, .reused, task)
        case .repeated(let id, let task): note(id, .repeated, task)
        case .committed(let id, let task, let cost):
            note(id, .committed, task, detail: "\(cost / 1000) ms")
        case .attemptFailed(let id, let task, let peer, let isCounted, let reason):
            workers[peer]?.failedAttempts += 1
            note(id, isCounted ? .failed : .lost, task, worker: workerName(peer), detail: reason)
            if let hash = LostAudio.hash(in: reason) { lookAgain(at: hash) }
        case .granted(let id, let task, let count, let peer, let isSecondRun):
            note(
                id, isSecondRun ? .doubled : .started, task, worker: workerName(peer),
                detail: count > 1 ? "\(count) segments" : nil)
        case .turnedAway(let peer, _, let reason):
            counters.connectionsRefused += 1
            lastRefusal = (workerName(peer), reason)
            logger.warning("worker refused", metadata: ["worker": "\(workerName(peer))", "reason": "\(reason)"])
        case .resting(let peer, let ticks):
            logger.warning(
                "worker is lost again and again and rests",
                metadata: ["worker": "\(workerName(peer))", "seconds": "\(ticks / 1000)"])
        case .songFailed(let id, let failure): note(id, .failed, failure.task, detail: failure.reason)
        case .quarantined(let worker): setQuarantined(worker, true)
        case .pardoned(let worker): setQuarantined(worker, false)
        case .distrusted(let worker):
            setQuarantined(worker, true)
            logger.critical("worker quarantined: its results were wrong", metadata: ["worker": "\(worker)"])
            announce(nil, "worker \(worker) was quarantined: its results were wrong")
        default: break
        }
    }

    private func note(
        _ id: JobID, _ kind: TaskEvent.Kind, _ task: TaskID, worker: String? = nil, detail: String? = nil
    ) {
        guard let job = job(numbered: id) else { return }
        note(job, kind, task: words(task, of: id), worker: worker, detail: detail)
    }
}
