import FarmCoordination
import FarmProtocol

/// What clients and operators ask for.
extension World {
    func pause(_ index: Int) {
        let id = shape.jobs[index].id
        guard coordinator != nil, checker.submitted.contains(id) else {
            if !isHealed { events.schedule(.pause(index), at: now + 30) }
            return
        }
        guard !isHealed, !checker.ended.contains(id) else { return }
        counts.add("job paused")
        pausedJobs.insert(id)
        step(.pause(id))
        if strikes(.doubledOrder) { step(.pause(id)) }
    }

    func resume(_ index: Int) {
        let id = shape.jobs[index].id
        guard coordinator != nil else { return events.schedule(.resume(index), at: now + 30) }
        pausedJobs.remove(id)
        step(.resume(id))
        if strikes(.doubledOrder) { step(.resume(id)) }
    }

    func reprioritise(_ index: Int, _ priority: Int) {
        let id = shape.jobs[index].id
        guard coordinator != nil, checker.submitted.contains(id) else {
            return events.schedule(.reprioritise(index, priority), at: now + 30)
        }
        counts.add("job reprioritised")
        priorities[id] = priority
        step(.reprioritise(id, priority))
    }

    /// One order of an operator, to the worker in this slot.
    func operate(_ slot: Int) {
        guard coordinator != nil else { return }
        let worker = workers[slot]
        switch random.draw(0...2) {
        case 0:
            counts.add("worker drained by an operator")
            step(.drain(worker.id))
        case 1:
            counts.add("worker quarantined by an operator")
            quarantined.insert(worker.id)
            step(.quarantine(worker.id))
            events.schedule(.pardon(worker.id), at: now + UInt64(random.draw(20...300)))
        default:
            counts.add("key revoked")
            revoked.insert(worker.peer)
            step(.revoked(worker.peer))
            // The next process of the slot has a new key.
            if workers[slot].isAlive { end(slot, .code(0), isSeen: false) }
        }
    }

    func pardon(_ worker: WorkerID) {
        guard coordinator != nil else { return events.schedule(.pardon(worker), at: now + 30) }
        guard quarantined.remove(worker) != nil else { return }
        step(.pardon(worker))
    }

    /// Ends a worker's process, and the next ones soon after their start.
    func flap(_ slot: Int, _ count: Int) {
        guard !isHealed, count > 0 else { return }
        if workers[slot].isAlive { end(slot, .signal(9), isSeen: true) }
        events.schedule(.flap(slot, count: count - 1), at: now + UInt64(random.draw(40...120)))
    }
}
