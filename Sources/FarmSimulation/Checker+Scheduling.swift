import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// Who may have work, how often, and for how long nobody may go without.
extension Checker {
    mutating func lookedUp(_ lookUp: LookUp, _ key: TaskKey) {
        keys[CommitName(job: lookUp.job, task: lookUp.task)] = key
    }

    /// No lease for a paused job, beyond a job's limit, or to a worker that leaves or is shut out.
    func checkRights(_ grant: Grant, _ peer: Peer, _ world: World) -> String? {
        if world.pausedJobs.contains(grant.job), world.coordinator?.machine.figures(of: grant.job)?.isPaused == true {
            return "\(grant.job) is paused and gets a worker"
        }
        if world.quarantined.contains(peer.worker) { return "\(peer) is in quarantine and gets work" }
        if world.revoked.contains(peer) { return "\(peer) has no key any more and gets work" }
        guard let limit = shape.jobs.first(where: { $0.id == grant.job })?.workerLimit else { return nil }
        let others = leases.filter { $0.key != grant.lease && $0.value.job == grant.job }
        return others.count < limit ? nil : "\(grant.job) has more than its \(limit) workers"
    }

    /// No key is rendered for two tasks at once, unless it is known already (audits, disputes, lost bytes) or the
    /// run is a second one of a slow segment.
    mutating func checkOnce(
        _ job: JobID, _ task: TaskID, _ count: Int, _ peer: Peer, _ isSecondRun: Bool, _ world: World
    ) -> String? {
        guard shape.checksEveryLease, let machine = world.coordinator?.machine else { return nil }
        guard let own = leases.first(where: { $0.value.peer == peer && $0.value.job == job })?.key else { return nil }
        leases[own]?.isSecondRun = isSecondRun
        guard !isSecondRun else { return nil }
        for segment in task.segment..<(task.segment + count) {
            let place = CommitName(job: job, task: TaskID(task.program, segment))
            guard let key = keys[place], machine.result(of: place.task, in: job) == nil else { continue }
            for (lease, view) in leases where lease != own && !view.isSecondRun {
                let isSame = view.segments.contains { other in
                    let otherTask = TaskID(view.program, other)
                    let otherPlace = CommitName(job: view.job, task: otherTask)
                    // That no task is under two leases is checked elsewhere; a result that was taken back is
                    // rendered anew while the run that made it goes on behind it. And a run may come to a segment
                    // before its key is known; it ends there once it is.
                    return otherPlace != place && keys[otherPlace] == key
                        && machine.mustRun(otherTask, in: view.job)
                        && machine.result(of: otherTask, in: view.job) == nil
                }
                if isSame { return "\(key) is rendered for \(place.task) of \(job) and under \(lease) at once" }
            }
        }
        return nil
    }

    /// A good result under a live lease is never thrown away: not by a pause either.
    func checkDrop(_ name: ResultName, _ peer: Peer, _ world: World) -> String? {
        guard let lease = leases[name.lease], lease.peer == peer, lease.segments.contains(name.task.segment),
            lease.job == name.job, lease.program == name.task.program
        else { return nil }
        guard keys[CommitName(job: name.job, task: name.task)] == name.key,
            let machine = world.coordinator?.machine, machine.figures(of: name.job) != nil,
            machine.result(of: name.task, in: name.job) == nil, world.acceptedCorruption != name
        else { return nil }
        return "the result of \(name.task) was asked for and is thrown away"
    }

    /// A job with work and without a worker gets one before others of no more importance go on for long.
    mutating func checkHunger(_ machine: CoordinatorMachine, _ world: World) -> String? {
        guard shape.jobs.count > 1 else { return nil }
        let all = machine.liveJobs.compactMap { id in machine.figures(of: id).map { (id, $0) } }
        for (id, figures) in all {
            let isServed = all.contains { other, theirs in
                other != id && theirs.runningWorkers > 0 && theirs.priority >= figures.priority
            }
            let isHungry =
                figures.readyTasks > 0 && figures.runningWorkers == 0 && !figures.isPaused && isServed
                && !machine.isShortOfSpace
            guard isHungry else {
                hungrySince[id] = nil
                continue
            }
            let since = hungrySince[id] ?? world.now
            hungrySince[id] = since
            if world.now > since + shape.hungerTicks {
                return "\(id) has had work and no worker since \(since), while others of no more importance run"
            }
        }
        return nil
    }
}
