import FarmProtocol
import RenderPlan

/// How long a segment usually takes, by kind of program and for one unit of the compiler's cost: what this life of
/// the coordinator saw between commits.
struct TypicalTicks {
    private static let sampleCount = 63
    private static let unit = 1_024
    private var samples: [ProgramKind: [Int]] = [:]
    private var places: [ProgramKind: Int] = [:]

    mutating func add(_ ticks: Int, _ shape: ProgramShape) {
        let sample = ticks * Self.unit / max(1, shape.costPerSegment)
        let place = places[shape.kind] ?? 0
        places[shape.kind] = (place + 1) % Self.sampleCount
        if samples[shape.kind, default: []].count < Self.sampleCount {
            samples[shape.kind, default: []].append(sample)
        } else {
            samples[shape.kind]?[place] = sample
        }
    }

    /// The median; nil before there are five.
    func ticks(for shape: ProgramShape) -> Int? {
        guard let known = samples[shape.kind], known.count >= 5 else { return nil }
        return known.sorted()[known.count / 2] * max(1, shape.costPerSegment) / Self.unit
    }
}

/// Second runs of segments that take much longer than is usual.
extension CoordinatorMachine {
    /// Starts the slowest segments a second time where workers have nothing else to do.
    mutating func speculate(_ now: Tick) {
        guard !policy.scatters, idle.contains(where: { isIdle($0, now) }) else { return }
        var slow: [(priority: Int, since: Tick, worker: Int)] = []
        for worker in workers.indices {
            guard let lease = workers[worker].lease, isSlow(worker, now) else { continue }
            guard lease.speculatedSegment != lease.next, !lease.isSecondRun else { continue }
            slow.append((jobs[lease.job].priority, lease.segmentSince, worker))
        }
        slow.sort { ($0.priority, $0.since, $0.worker) < ($1.priority, $1.since, $1.worker) }
        for (_, _, worker) in slow { startSecondRun(worker, now) }
    }

    /// True where the segment that a worker is at takes much longer than is usual.
    func isSlow(_ worker: Int, _ now: Tick) -> Bool {
        guard let lease = workers[worker].lease else { return false }
        let elapsed = now.ticks(since: lease.segmentSince)
        guard elapsed > policy.speculationTicks else { return false }
        guard let usual = typical.ticks(for: jobs[lease.job].programs[lease.program].shape) else { return false }
        return elapsed > 3 * usual
    }

    private mutating func startSecondRun(_ worker: Int, _ now: Tick) {
        guard let lease = workers[worker].lease, jobs[lease.job].takesWorkers else { return }
        let task = jobs[lease.job].programs[lease.program].base + lease.next
        let state = jobs[lease.job].tasks[task]
        guard state.mustRun, state.holder == Int32(worker), jobs[lease.job].opinions[task] == nil else { return }
        guard jobs[lease.job].seconds[task] == nil, !lease.held.contains(where: { $0.name.task.segment == lease.next })
        else { return }
        guard hasInputBytes(lease.job, task, fromLiveState: false) else { return }
        guard let other = self.worker(for: lease.job, task, beside: workers[worker].peer.worker, now) else { return }
        workers[worker].lease?.speculatedSegment = lease.next
        self.lease(other, lease.job, lease.program, lease.next..<(lease.next + 1), isSecondRun: true, now)
    }

    /// True where a worker's run is one of those that have the task.
    func holds(_ worker: Int, _ task: Int) -> Bool {
        guard let lease = workers[worker].lease else { return false }
        return lease.isSecondRun
            ? jobs[lease.job].seconds[task] == worker : jobs[lease.job].tasks[task].holder == Int32(worker)
    }

    /// One of two runs of a segment was first: the other's worker has something better to do.
    mutating func endRivals(_ slot: Int, _ task: Int, of winner: Int, _ now: Tick) {
        guard let second = jobs[slot].seconds[task] else { return }
        let first = Int(jobs[slot].tasks[task].holder)
        if second != winner { workers[second].lease?.isBeaten = true }
        guard second == winner, first >= 0 else { return }
        workers[first].lease?.isBeaten = true
        cut(first, at: jobs[slot].segment(of: task) + 1, now)
    }
}
