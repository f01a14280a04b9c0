import Farm
import FarmCoordination
import FarmKeys
import FarmMonitoring
import FarmProtocol
import FarmTransfer
import Foundation
import Logging
import Quantities

/// Whoever sent a message, as the farm knows him.
struct Principal: Sendable {
    let name: String
    let roles: Set<Role>

    /// nil for a key that may do nothing here.
    init?(_ userID: String?, _ security: FarmSecurity?) {
        guard let security else {
            self.init(name: "local", roles: Set(Role.allCases))
            return
        }
        guard let entry = security.entry(userID) else { return nil }
        self.init(name: entry.name, roles: entry.roles)
    }

    private init(name: String, roles: Set<Role>) {
        self.name = name
        self.roles = roles
    }

    var mayOperate: Bool { roles.contains(.operate) }
    var maySubmit: Bool { roles.contains(.submit) || mayOperate }
}

/// The last answers to requests that change something, each to be given again where the request is said again.
struct AnsweredRequests {
    private struct Answer {
        let client: ClientID
        let userID: String?
        let number: UInt64
        let bytes: [UInt8]
    }

    private static let capacity = 256
    private var latest: [Answer] = []

    func bytes(for number: UInt64, of client: ClientID, _ userID: String?) -> [UInt8]? {
        latest.last { $0.client == client && $0.userID == userID && $0.number == number }?.bytes
    }

    mutating func note(_ bytes: [UInt8], for number: UInt64, of client: ClientID, _ userID: String?) {
        // One request of a client is under way at a time.
        latest.removeAll { $0.client == client && $0.userID == userID }
        if latest.count == Self.capacity { latest.removeFirst() }
        latest.append(Answer(client: client, userID: userID, number: number, bytes: bytes))
    }
}

extension FarmDaemon {
    /// A request of at most so many bytes: a session's texts and the names of its audio.
    static let requestByteLimit = 24 << 20

    func hear(_ arrival: Arrival) {
        // Nobody's words are read before it is known whose they are.
        guard case .client(let client) = arrival.sender, arrival.frames.count == 1,
            arrival.frames[0].count <= Self.requestByteLimit, let who = Principal(arrival.userID, options.keys),
            let request = try? JSONDecoder().decode(ClientRequest.self, from: Data(arrival.frames[0]))
        else {
            counters.messagesRefused += 1
            return
        }
        // Said again, since the answer was lost or late: it is not done twice.
        if let known = answered.bytes(for: request.number, of: client, arrival.userID) {
            return host.reply([known], to: client)
        }
        var reply = ClientReply(number: request.number)
        do {
            try answer(request, from: client, who, arrival.userID, &reply)
        } catch {
            reply.error = (error as? ServiceError)?.description ?? "\(error)"
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let bytes = (try? encoder.encode(reply)).map({ [UInt8]($0) }) else { return }
        if request.verb != .status, request.verb != .events {
            answered.note(bytes, for: request.number, of: client, arrival.userID)
        }
        host.reply([bytes], to: client)
    }

    private func answer(
        _ request: ClientRequest, from client: ClientID, _ who: Principal, _ userID: String?, _ reply: inout ClientReply
    ) throws {
        guard request.version == ClientRequest.version else {
            throw ServiceError("this coordinator is Lathe \(options.version): install the same version")
        }
        if request.verb == .exited { return try exited(request, userID) }
        guard who.maySubmit else { throw ServiceError("this key may not use jobs: its role is another") }
        switch request.verb {
        case .submit: reply.job = describe(try submit(request, from: client, who))
        case .status:
            if request.job != nil {
                reply.job = describe(try job(request, who))
            } else {
                var status = describe()
                if !who.mayOperate { status.jobs.removeAll { $0.owner != who.name } }
                // Files are listed for one job at a time.
                for index in status.jobs.indices { status.jobs[index].files = [] }
                reply.status = status
            }
        case .events:
            let job = try job(request, who)
            reply.job = describe(job)
            reply.events = job.history.events(after: request.after ?? 0, limit: 1_000)
        case .cancel, .pause, .resume, .retry, .prioritise, .remove:
            let job = try job(request, who)
            try steer(job, request)
            reply.job = job.record.state == .cancelled && request.verb == .remove ? nil : describe(job)
        case .drain, .quarantine, .pardon:
            guard who.mayOperate else { throw ServiceError("only an operator's key steers workers") }
            try steer(request.verb, worker: request.worker ?? "")
            reply.status = describe()
        case .exited: break
        }
    }

    /// The job that a client means, among those that it may see.
    private func job(_ request: ClientRequest, _ who: Principal) throws -> DaemonJob {
        let visible = jobs.filter { who.mayOperate || $0.record.owner == who.name }
        guard let name = request.job, name.utf8.count >= 4 else {
            throw ServiceError("name a job by four or more digits of its number; `lathe jobs` lists them")
        }
        let matches = visible.filter { $0.id.hasPrefix(name) }
        guard let job = matches.first else {
            throw ServiceError("there is no job \(name.prefix(32)); `lathe jobs` lists them")
        }
        guard matches.count == 1 else {
            throw ServiceError("\(name) is the start of \(matches.count) jobs: give more digits")
        }
        return job
    }

    private func submit(_ request: ClientRequest, from client: ClientID, _ who: Principal) throws -> DaemonJob {
        guard let submission = request.submission else { throw ServiceError("a submission without a session") }
        if let known = job(submission.id) {
            var same = submission
            same.priority = known.record.submission.priority
            same.workerLimit = known.record.submission.workerLimit
            guard known.record.owner == who.name, known.record.submission == same else {
                throw ServiceError("another job has this number: submit with --new")
            }
            if submission.priority != known.record.submission.priority, !known.record.state.isOver {
                try reprioritise(known, submission.priority)
            }
            // What failed or was cancelled is tried again by whoever hands it in again.
            if known.record.state.isOver, known.record.state != .done { try retry(known, client: client) }
            // Said again, or by a client that came back to send its audio.
            if known.record.state == .uploading, known.uploader != client || known.fetching.isEmpty {
                // The old pulls go on from the new client; what the old one had on the way is asked anew.
                begin(known, client: client)
                if let old = known.uploader, old != client { hub.forget(TransferPeer(routingID: old.bytes)) }
                known.uploader = client
            }
            return known
        }
        if let violation = submission.violation { throw ServiceError("the submission is refused: \(violation)") }
        guard jobs.count(where: { !$0.record.state.isOver }) < 1_000 else {
            throw ServiceError("a thousand jobs are under way: wait until some are done")
        }
        let record = JobRecord(
            submission: submission, owner: who.name, submittedAtSeconds: Date().timeIntervalSince1970,
            state: .uploading)
        // What is acknowledged is on the disk.
        try folder.save(record)
        let job = DaemonJob(record)
        jobs.append(job)
        delivered.set(job, in: folder)
        note(job, .submitted)
        logger.notice(
            "job accepted",
            metadata: ["job": "\(job.id)", "owner": "\(who.name)", "sources": "\(submission.sources.count)"])
        job.uploader = client
        begin(job, client: client)
        return job
    }

    /// A finished one too: its files may have been lost, and what the store holds is not rendered again.
    private func retry(_ job: DaemonJob, client: ClientID?) throws {
        guard job.record.state.isOver, job.work == nil else { throw ServiceError("job \(job.id) is not over") }
        job.beginRun()
        set(job, .preparing)
        begin(job, client: client)
    }

    private func reprioritise(_ job: DaemonJob, _ priority: Int) throws {
        guard (-100...100).contains(priority) else { throw ServiceError("a priority lies between -100 and 100") }
        job.record.submission.priority = priority
        save(job)
        host.take(.reprioritise(JobID(job.number), priority))
    }

    private func steer(_ job: DaemonJob, _ request: ClientRequest) throws {
        let id = JobID(job.number)
        let state = job.record.state
        switch request.verb {
        case .cancel:
            guard !state.isOver else { return }
            job.isCancelled = true
            if job.work != nil { host.take(.cancel(id)) } else if !job.isPreparing { conclude(job, .cancelled) }
        case .pause:
            guard !state.isOver else { throw ServiceError("job \(job.id) is over") }
            guard state != .uploading else {
                throw ServiceError("job \(job.id) waits for its audio: cancel it instead")
            }
            set(job, .paused)
            host.take(.pause(id))
        case .resume:
            guard state == .paused else { return }
            set(job, job.work == nil ? .preparing : .rendering)
            host.take(.resume(id))
        case .retry:
            try retry(job, client: nil)
        case .prioritise:
            try reprioritise(job, request.priority ?? .min)
        case .remove:
            guard state.isOver, job.work == nil, !job.isPreparing else {
                throw ServiceError("job \(job.id) is not over: cancel it first")
            }
            try remove(job)
        case .submit, .status, .events, .drain, .quarantine, .pardon, .exited: break
        }
    }

    private func steer(_ verb: ClientRequest.Verb, worker name: String) throws {
        if verb == .pardon {
            let pardoned = quarantined.filter { workerName($0) == name || workerName($0).hasPrefix(name + "/") }
            guard !pardoned.isEmpty else { throw ServiceError("no worker \"\(name)\" is shut out") }
            for worker in pardoned { host.take(.pardon(worker)) }
            return
        }
        let peers = host.state.livePeers.filter { peer in
            workerName(peer) == name || workerName(peer).hasPrefix(name + "/")
        }
        guard !name.isEmpty, !peers.isEmpty else {
            throw ServiceError("there is no worker \"\(name)\"; `lathe workers` lists them")
        }
        for peer in peers { host.take(verb == .drain ? .drain(peer.worker) : .quarantine(peer.worker)) }
    }

    /// A supervisor's word on a worker that its key may speak for.
    private func exited(_ request: ClientRequest, _ userID: String?) throws {
        guard let exit = request.exit else { throw ServiceError("an end of no process") }
        guard options.keys?.mayWork(userID, as: exit.number) != false else {
            counters.messagesRefused += 1
            throw ServiceError("this key does not speak for that worker")
        }
        let peer = Peer(WorkerID(exit.number), Incarnation(exit.life))
        host.take(.exited(peer, exit.signal.map { .signal($0) } ?? .code(exit.code ?? 0)))
    }
}
