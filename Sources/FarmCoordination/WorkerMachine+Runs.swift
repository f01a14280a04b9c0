import FarmProtocol
import Quantities
import RenderPlan

extension WorkerMachine {
    mutating func received(_ message: FarmMessage, _ now: Tick) {
        switch message {
        case .welcome(let welcome): welcomed(welcome, now)
        case .identify(let incarnation):
            if !isOlder(incarnation) { greet(now) }
        case .refuse(let refusal, let reason): leave(.refused(refusal, reason: reason), now)
        case .beat(let incarnation):
            // Another life of the coordinator: it must learn what is held here.
            if isWelcome, incarnation != coordinator, !isOlder(incarnation) { greet(now) }
        case .lease(let grant): granted(grant, now)
        case .extend(let more): extended(more)
        case .stop(let lease, let segment): stopped(lease, segment, now)
        case .end(let lease): ended(lease, now)
        case .commit(let name), .drop(let name): answered(name)
        case .drain: terminate(now, isRepeated: false)
        case .hello, .heartbeat, .result, .failed, .unreadable, .goodbye: return
        }
    }

    private func isOlder(_ incarnation: Incarnation) -> Bool { coordinator.map { incarnation < $0 } ?? false }

    mutating func greet(_ now: Tick) {
        isWelcome = false
        helloCount += 1
        lastSpoken = now
        effects.append(
            .send(
                .hello(
                    Hello(
                        protocolVersions: policy.protocolVersions, number: helloCount, engine: engine, report: report,
                        held: uncommitted.map(\.report.name)))))
    }

    private mutating func welcomed(_ welcome: Welcome, _ now: Tick) {
        // A late welcome answers an earlier hello: what it says is no longer so.
        guard welcome.number == helloCount, !isWelcome, !isOlder(welcome.coordinator) else { return }
        isWelcome = true
        if coordinator != welcome.coordinator { newestLease = 0 }
        coordinator = welcome.coordinator
        credit = welcome.credit
        if let run, run.lease != welcome.lease { dropRun(now) }
        discard { !welcome.keep.contains($0.report.name) && $0.report.name.lease != welcome.lease }
        for held in uncommitted.indices { resend(held, now) }
    }

    private mutating func granted(_ grant: Grant, _ now: Tick) {
        guard isWelcome, grant.lease.coordinator == coordinator, grant.lease.counter > newestLease else {
            return
        }
        guard !isDraining, !grant.inputs.isEmpty else { return }
        newestLease = grant.lease.counter
        dropRun(now)
        // A new lease says that nothing of an older one is waited for.
        discard { _ in true }
        run = Run(
            lease: grant.lease, job: grant.job, program: grant.program, start: grant.start,
            snapshot: grant.snapshot, loadsSnapshot: grant.loadsSnapshot, inputs: grant.inputs,
            next: grant.start, horizon: grant.horizon)
    }

    private mutating func extended(_ more: HorizonExtension) {
        guard var run, run.lease == more.lease, !isDraining, run.failure == nil, !run.isStopped else {
            return
        }
        let known = run.start + run.inputs.count
        let end = more.from + more.inputs.count
        guard more.from >= run.start, more.from <= run.horizon, run.horizon <= known else {
            return
        }
        guard end > run.horizon else { return }
        run.inputs.removeLast(known - run.horizon)
        run.inputs += more.inputs.dropFirst(run.horizon - more.from)
        run.horizon = end
        self.run = run
    }

    private mutating func stopped(_ lease: LeaseID, _ segment: Int, _ now: Tick) {
        guard var run, run.lease == lease, segment < run.horizon else { return }
        run.horizon = max(segment, run.start)
        run.isStopped = true
        if run.next >= run.horizon, run.isRendering {
            run.isRendering = false
            abandon(now)
        }
        if run.next > run.horizon { run.next = run.horizon }
        if let live, live.segment > run.horizon { self.live = nil }
        self.run = run
        discard { $0.report.name.lease == lease && $0.report.name.task.segment >= segment }
    }

    private mutating func ended(_ lease: LeaseID, _ now: Tick) {
        if run?.lease == lease { dropRun(now) }
        discard { $0.report.name.lease == lease }
    }

    private mutating func answered(_ name: ResultName) { discard { $0.report.name == name } }

    /// Forgets the run; the live state stays where it is at a segment's end.
    mutating func dropRun(_ now: Tick) {
        if run?.isRendering == true { abandon(now) }
        run = nil
    }

    private mutating func abandon(_ now: Tick) {
        effects.append(.abandon)
        abandonedAt = now
        live = nil
    }

    private mutating func discard(_ isMeant: (Held) -> Bool) {
        for held in uncommitted where isMeant(held) { effects.append(.discard(held.report.name)) }
        uncommitted.removeAll(where: isMeant)
    }
}

// MARK: Rendering

extension WorkerMachine {
    /// Starts the run's next segment, if there is credit for its result.
    mutating func startNext() {
        guard var run, !run.isRendering, run.failure == nil, run.next < run.horizon, isWelcome else { return }
        guard !isDraining, hasCredit, abandonedAt == nil else { return }
        let start: RenderOrder.Start
        if let live, live.job == run.job, live.program == run.program, live.segment == run.next,
            !run.loadsSnapshot, run.next > run.start || live.snapshot == run.snapshot
        {
            start = .live(live.snapshot)
        } else if run.next == run.start {
            start = run.snapshot.map { .snapshot($0) } ?? .beginning
        } else {
            start = run.tail.map { .snapshot($0) } ?? .beginning
        }
        live = nil
        run.isRendering = true
        run.frames = 0
        effects.append(
            .render(
                RenderOrder(
                    lease: run.lease, job: run.job, task: TaskID(run.program, run.next), start: start,
                    inputs: run.inputs[run.next - run.start])))
        self.run = run
    }

    /// One result is always allowed: it may be larger than all the credit.
    private var hasCredit: Bool {
        if uncommitted.isEmpty { return true }
        let bytes = uncommitted.reduce(0) { $0 + $1.byteCount }
        return uncommitted.count < credit.results && bytes < credit.bytes
    }

    mutating func progressed(_ lease: LeaseID, _ segment: Int, _ frames: Int) {
        guard run?.lease == lease, run?.next == segment, run?.isRendering == true else { return }
        run?.frames = frames
    }

    mutating func rendered(_ rendering: Rendering, _ now: Tick) {
        guard var run, run.lease == rendering.lease, run.next == rendering.segment, run.isRendering else {
            return
        }
        run.isRendering = false
        run.next += 1
        run.frames = 0
        run.tail = rendering.result.snapshot
        self.run = run
        live = rendering.result.snapshot.map {
            LiveState(job: run.job, program: run.program, segment: run.next, snapshot: $0)
        }
        let name = ResultName(
            lease: run.lease, job: run.job, task: TaskID(run.program, rendering.segment), key: rendering.key)
        let report = ResultReport(
            name: name, result: rendering.result, costMicroseconds: rendering.costMicroseconds)
        let bytes = rendering.result.outputs.reduce(rendering.result.snapshot?.byteCount ?? 0) {
            $0 + $1.reduce(0) { $0 + $1.byteCount }
        }
        uncommitted.append(Held(report: report, byteCount: bytes, sentAt: now))
        effects.append(.send(.result(report)))
        if isDraining { handBack(now) }
    }

    mutating func gaveUp(
        _ lease: LeaseID, _ segment: Int, _ now: Tick, _ message: (LeaseID, JobID, TaskID) -> FarmMessage
    ) {
        guard var run, run.lease == lease, run.next == segment, run.isRendering else { return }
        run.isRendering = false
        run.failure = message(lease, run.job, TaskID(run.program, segment))
        run.failureSentAt = now
        live = nil
        self.run = run
        if let failure = run.failure { effects.append(.send(failure)) }
        if isDraining { handBack(now) }
    }
}

// MARK: Life

extension WorkerMachine {
    var report: WorkerReport {
        WorkerReport(
            lease: run.map {
                LeaseStatus(
                    lease: $0.lease, next: $0.next, horizon: $0.horizon, frames: $0.frames,
                    isRendering: $0.isRendering)
            }, isDraining: isDraining)
    }

    mutating func timerFired(_ now: Tick) {
        effects.append(.wake(at: now + policy.heartbeatTicks))
        if now.ticks(since: lastHeard) > policy.linkTicks { return leave(.lostLink, now) }
        if let abandonedAt, now.ticks(since: abandonedAt) > policy.abandonTicks { return leave(.hung, now) }
        guard isWelcome else { return greet(now) }
        effects.append(.send(.heartbeat(report)))
        for held in uncommitted.indices where now.ticks(since: uncommitted[held].sentAt) >= policy.resendTicks {
            resend(held, now)
        }
        if let failure = run?.failure, let sentAt = run?.failureSentAt,
            now.ticks(since: sentAt) >= policy.resendTicks
        {
            run?.failureSentAt = now
            effects.append(.send(failure))
        }
    }

    mutating func resend(_ held: Int, _ now: Tick) {
        uncommitted[held].sentAt = now
        effects.append(.send(.result(uncommitted[held].report)))
    }

    mutating func terminate(_ now: Tick, isRepeated: Bool = true) {
        guard !isDraining else {
            if isRepeated { leave(.terminated, now) }
            return
        }
        isDraining = true
        handBack(now)
    }

    /// Says where the run will end: after the segment that is being rendered.
    private mutating func handBack(_ now: Tick) {
        if var run {
            run.horizon = min(run.horizon, run.isRendering ? run.next + 1 : run.next)
            self.run = run
        }
        if isWelcome { effects.append(.send(.heartbeat(report))) }
    }

    /// A draining worker leaves when nothing of it is under way or unanswered.
    mutating func leaveIfDrained(_ now: Tick) {
        guard isDraining, run?.isRendering != true, uncommitted.isEmpty else { return }
        effects.append(.send(.goodbye))
        leave(.drained, now)
    }

    mutating func leave(_ reason: ExitReason, _ now: Tick) {
        guard !hasLeft else { return }
        dropRun(now)
        for held in uncommitted { effects.append(.discard(held.report.name)) }
        uncommitted = []
        hasLeft = true
        effects.append(.exit(reason))
    }
}
