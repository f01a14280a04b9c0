import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// One worker slot of the world and its present process.
struct SimulatedWorker {
    let id: WorkerID
    var life: UInt64 = 0
    var isAlive = false
    var isFrozen = false
    var isCutOff = false
    var isHung = false
    /// How many times as long as usual it takes to render.
    var slowness: UInt64 = 1
    var machine: WorkerMachine?
    /// What the process is rendering.
    var order: RenderOrder?
    var orderNumber: UInt64 = 0
    var stepsLeft = 0
    var startedAt: Digest?
    var frames = 0
    /// The snapshot of the state that the engine holds live.
    var live: Part?
    var frozenEvents: [World.Event] = []
    var lastArrival: UInt64 = 0
    var lastDeparture: UInt64 = 0

    var peer: Peer { Peer(id, Incarnation(life)) }
}

extension World {
    func workerSlot(_ peer: Peer) -> Int? {
        let slot = Int(peer.worker.rawValue) - 1
        return workers[slot].isAlive && workers[slot].life == peer.incarnation.rawValue ? slot : nil
    }

    func startWorker(_ slot: Int) {
        workers[slot].life += 1
        workers[slot].isAlive = true
        workers[slot].isFrozen = false
        workers[slot].isHung = false
        workers[slot].order = nil
        workers[slot].live = nil
        workers[slot].frozenEvents = []
        workers[slot].machine = WorkerMachine(
            peer: workers[slot].peer, engine: Digest(high: 7, low: 7), policy: shape.workerPolicy,
            at: Tick(now))
        note("worker \(workers[slot].peer) starts")
        workerStep(slot, .timer)
    }

    /// Ends a worker's process; its embedding host may see that.
    func end(_ slot: Int, _ end: ProcessEnd, isSeen: Bool) {
        guard workers[slot].isAlive else { return }
        note("worker \(workers[slot].peer) ends: \(end)")
        workers[slot].isAlive = false
        workers[slot].machine = nil
        workers[slot].order = nil
        if isSeen {
            events.schedule(
                .exitSeen(life: coordinatorLife, workers[slot].peer, end),
                at: now + UInt64(random.draw(1...5)))
        }
        let pause = strikes(.slowStart) ? random.draw(60...400) : random.draw(5...60)
        events.schedule(.workerStart(slot), at: now + UInt64(pause))
    }

    func workerStep(_ slot: Int, _ input: WorkerInput) {
        guard violation == nil, workers[slot].isAlive,
            let effects = workers[slot].machine?.handle(input, at: Tick(now))
        else { return }
        note("\(workers[slot].peer) <- \(input)")
        record(UInt64(effects.count), workers[slot].id.rawValue)
        let peer = workers[slot].peer
        for effect in effects {
            note("   \(peer) -> \(effect)")
            switch effect {
            case .send(let message): sendToCoordinator(message, from: slot)
            case .render(let order): startRendering(slot, order)
            case .abandon:
                workers[slot].order = nil
                workers[slot].live = nil
                // An engine that hangs does not stop either.
                guard !workers[slot].isHung else { continue }
                events.schedule(
                    .abandoned(peer, order: workers[slot].orderNumber), at: now + UInt64(random.draw(1...4)))
            case .discard: continue
            case .exit(let reason):
                counts.add("worker left: \(reason)")
                return end(slot, .code(0), isSeen: random.chance(500))
            case .wake(let at): events.schedule(.workerTimer(peer), at: at.rawValue)
            }
        }
        if let machine = workers[slot].machine, machine.uncommittedCount > shape.policy.credit.results {
            fail(
                "\(peer) holds \(machine.uncommittedCount) results, its credit is \(shape.policy.credit.results)"
            )
        }
    }

    func workerTimer(_ peer: Peer) {
        guard let slot = workerSlot(peer) else { return }
        if workers[slot].isFrozen { return workers[slot].frozenEvents.append(.workerTimer(peer)) }
        workerStep(slot, .timer)
    }

    func arrivedAtWorker(_ peer: Peer, _ message: FarmMessage) {
        guard let slot = workerSlot(peer) else { return }
        if workers[slot].isFrozen { return workers[slot].frozenEvents.append(.toWorker(peer, message)) }
        workerStep(slot, .message(message))
    }

    func abandoned(_ peer: Peer, _ number: UInt64) {
        guard let slot = workerSlot(peer), workers[slot].orderNumber == number else { return }
        if workers[slot].isFrozen {
            return workers[slot].frozenEvents.append(.abandoned(peer, order: number))
        }
        workerStep(slot, .abandoned)
    }

    func thaw(_ slot: Int) {
        guard workers[slot].isAlive, workers[slot].isFrozen else { return }
        workers[slot].isFrozen = false
        let missed = workers[slot].frozenEvents
        workers[slot].frozenEvents = []
        note("worker \(workers[slot].peer) thaws")
        for event in missed { events.schedule(event, at: now + 1) }
    }

    // MARK: Rendering

    private func startRendering(_ slot: Int, _ order: RenderOrder) {
        if workers[slot].order != nil { return fail("\(workers[slot].peer) renders two segments at once") }
        workers[slot].order = order
        workers[slot].orderNumber += 1
        workers[slot].frames = 0
        workers[slot].stepsLeft = shape.ticksPerCost > 0 ? 1 : random.draw(1...4)
        switch order.start {
        case .beginning: workers[slot].startedAt = nil
        case .snapshot(let part): workers[slot].startedAt = part.digest
        case .live(let part):
            if workers[slot].live != part {
                return fail("\(order.task) starts from a live state that is not there")
            }
            workers[slot].startedAt = part.digest
        }
        checker.startedRendering(order)
        workers[slot].live = nil
        scheduleRenderStep(slot)
    }

    private func scheduleRenderStep(_ slot: Int) {
        var ticks = UInt64(random.draw(shape.renderTicks.lowerBound...shape.renderTicks.upperBound))
        if shape.ticksPerCost > 0, let order = workers[slot].order, let job = jobs[order.job] {
            ticks = UInt64(2 * shape.ticksPerCost * job.shapes[order.task.program.rawValue].costPerSegment)
        }
        events.schedule(
            .renderStep(workers[slot].peer, order: workers[slot].orderNumber),
            at: now + max(1, ticks / 2) * workers[slot].slowness)
    }

    func renderStep(_ peer: Peer, _ number: UInt64) {
        guard let slot = workerSlot(peer), let order = workers[slot].order,
            workers[slot].orderNumber == number
        else { return }
        if workers[slot].isFrozen {
            return workers[slot].frozenEvents.append(.renderStep(peer, order: number))
        }
        guard !workers[slot].isHung, let job = jobs[order.job] else { return }
        if workers[slot].frames == 0 {
            let lost = unreadable(order, job)
            if !lost.isEmpty {
                counts.add("unreadable input")
                if isPinned(order, peer) { return fail("\(order.task) waits for bytes that were evicted") }
                workers[slot].order = nil
                return workerStep(slot, .unreadable(order.lease, segment: order.task.segment, lost))
            }
        }
        if let broken = job.broken[order.task] { return breakDown(slot, order, broken) }
        workers[slot].frames += 1_000
        workers[slot].stepsLeft -= 1
        guard workers[slot].stepsLeft <= 0 else {
            workerStep(
                slot, .progress(order.lease, segment: order.task.segment, frames: workers[slot].frames))
            return scheduleRenderStep(slot)
        }
        finishRendering(slot, order, job)
    }

    private func unreadable(_ order: RenderOrder, _ job: KnownJob) -> [Digest] {
        var wanted: [Digest] = []
        let dependencies = job.shapes[order.task.program.rawValue].dependencies[order.task.segment]
        for (dependency, input) in zip(dependencies, order.inputs)
        where job.shapes[dependency.program.rawValue].storesOutputs {
            wanted += input.outputs.flatMap { $0.map(\.digest) }
        }
        if case .snapshot(let part) = order.start { wanted.append(part.digest) }
        return store.unreadable(wanted)
    }

    /// True where a live run reads for the first time, in a world whose only way to lose bytes is eviction: what
    /// it reads is pinned.
    ///
    /// Programs that come later may read what nobody had to keep for them, unless it was retained.
    private func isPinned(_ order: RenderOrder, _ peer: Peer) -> Bool {
        let faults = shape.faults
        guard faults.blobLoss == 0, faults.blobCorruption == 0, faults.coordinatorCrash == 0, faults.lie == 0,
            !store.isTouched, shape.jobs.allSatisfy({ $0.later.isEmpty }), let machine = coordinator?.machine
        else { return false }
        return machine.lease(of: peer) == order.lease && machine.result(of: order.task, in: order.job) == nil
    }

    private func breakDown(_ slot: Int, _ order: RenderOrder, _ broken: BrokenTask) {
        workers[slot].order = nil
        switch broken {
        case .reportsFailure:
            counts.add("poisoned task reports")
            workerStep(
                slot, .failed(order.lease, segment: order.task.segment, reason: "the state is not finite"))
        case .crashes:
            counts.add("poisoned task crashes")
            end(slot, .signal(11), isSeen: true)
        case .hangs:
            counts.add("poisoned task hangs")
            workers[slot].order = order
            workers[slot].isHung = true
        }
    }

    private func finishRendering(_ slot: Int, _ order: RenderOrder, _ job: KnownJob) {
        let key = job.key(order.task, inputs: order.inputs, snapshot: workers[slot].startedAt)
        let kind = job.shapes[order.task.program.rawValue].kind
        var result = FakeEngine.result(under: key, kind: kind)
        if slot == liarWorker, !isHealed, counts["lie"] < shape.faults.lieCount,
            random.chance(shape.faults.lie)
        {
            counts.add("lie")
            let wrong = Part(digest: Digest(high: random.next(), low: 99), byteCount: 1_000)
            if result.snapshot != nil, random.chance(500) {
                result.snapshot = wrong
            } else {
                result.outputs[0][0] = wrong
            }
            note("\(workers[slot].peer) lies about \(order.task)")
        }
        workers[slot].order = nil
        workers[slot].live = result.snapshot
        checker.rendered(workers[slot].peer, key, result)
        workerStep(
            slot,
            .rendered(
                Rendering(
                    lease: order.lease, segment: order.task.segment, key: key, result: result,
                    costMicroseconds: 1_000)))
        if violation == nil, workers[slot].isAlive { forge(slot, order, key, result) }
    }

    /// Now and then a worker says something under a lease that is not its own, or not any more.
    private func forge(_ slot: Int, _ order: RenderOrder, _ key: TaskKey, _ result: TaskResult) {
        guard !isHealed, random.chance(shape.faults.forgery) else { return }
        let wrong = Digest(high: random.next(), low: 98)
        var garbage = result
        garbage.outputs[0][0] = Part(digest: wrong, byteCount: 1_000)
        if random.chance(500),
            let other = workers.indices.first(where: { $0 != slot && workers[$0].order != nil }),
            let running = workers[other].order, let job = jobs[running.job]
        {
            // Another worker's lease and task, with the right key and a wrong result.
            counts.add("forged under another's lease")
            let right = job.key(running.task, inputs: running.inputs, snapshot: workers[other].startedAt)
            var claimed = FakeEngine.result(
                under: right, kind: job.shapes[running.task.program.rawValue].kind)
            claimed.outputs[0][0] = Part(digest: wrong, byteCount: 1_000)
            let name = ResultName(lease: running.lease, job: running.job, task: running.task, key: right)
            sendToCoordinator(
                .result(ResultReport(name: name, result: claimed, costMicroseconds: 1)), from: slot)
        } else {
            // A lease that is over, and a key from before something was taken back.
            counts.add("forged under a stale lease")
            let stale = LeaseID(order.lease.coordinator, order.lease.counter &- 1)
            let task = TaskID(order.task.program, order.task.segment)
            let name = ResultName(
                lease: stale, job: order.job, task: task,
                key: TaskKey(words: key.words &+ SIMD4(repeating: random.next())))
            sendToCoordinator(
                .result(ResultReport(name: name, result: garbage, costMicroseconds: 1)), from: slot)
        }
    }
}
