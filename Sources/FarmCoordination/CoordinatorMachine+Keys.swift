import FarmProtocol
import Quantities
import RenderPlan

/// A task of whatever job.
struct TaskPlace: Equatable {
    let slot: Int
    let task: Int
}

/// One execution per key: of all tasks that have to run under one key, in one job or in several, one runs at a
/// time; the others wait, and look again when it has a result. None of them is in charge: if the run ends without
/// a result, whoever comes first in the order of grants takes over.
///
/// Runs for a second opinion do not count: they are meant to be the second.
extension CoordinatorMachine {
    /// Notes that a task has to run.
    mutating func want(_ slot: Int, _ task: Int) {
        guard let key = jobs[slot].tasks[task].key else { preconditionFailure("a task without a key cannot run") }
        let place = TaskPlace(slot: slot, task: task)
        if wanted[key]?.contains(place) != true { wanted[key, default: []].append(place) }
    }

    /// The task has to run no more.
    mutating func wantNoMore(_ slot: Int, _ task: Int) {
        jobs[slot].tasks[task].isParked = false
        guard let key = jobs[slot].tasks[task].key, var places = wanted[key] else { return }
        places.removeAll { $0 == TaskPlace(slot: slot, task: task) }
        wanted[key] = places.isEmpty ? nil : places
    }

    /// True where a worker runs another task of the same key.
    func isRunElsewhere(_ slot: Int, _ task: Int) -> Bool {
        guard let key = jobs[slot].tasks[task].key, let places = wanted[key], places.count > 1 else { return false }
        guard jobs[slot].opinions[task] == nil else { return false }
        return places.contains { place in
            place != TaskPlace(slot: slot, task: task) && jobs[place.slot].tasks[place.task].holder >= 0
                && jobs[place.slot].opinions[place.task] == nil
        }
    }

    /// Sets a task aside while another of its key runs; false where none does.
    mutating func park(_ slot: Int, _ task: Int) -> Bool {
        guard isRunElsewhere(slot, task) else { return false }
        jobs[slot].tasks[task].isParked = true
        return true
    }

    /// A run ended without a result of this task: whoever waited for it may run instead.
    mutating func freed(_ slot: Int, _ task: Int) {
        guard let key = jobs[slot].tasks[task].key, let places = wanted[key], places.count > 1 else { return }
        for place in places where jobs[place.slot].tasks[place.task].isParked {
            jobs[place.slot].tasks[place.task].isParked = false
            queueIfReady(place.slot, place.task)
        }
    }

    /// There is a result under a key: whoever else needs it takes it.
    mutating func served(_ key: TaskKey, _ result: TaskResult) {
        guard let places = wanted[key] else { return }
        for place in places {
            let (slot, task) = (place.slot, place.task)
            let state = jobs[slot].tasks[task]
            guard jobs[slot].isActive, state.key == key, jobs[slot].opinions[task] == nil else { continue }
            if state.phase == .missed {
                wantNoMore(slot, task)
                jobs[slot].tasks[task].phase = .waiting
                lookUp(slot, task)
            } else if state.phase == .done, state.runsAgain, state.result == result {
                // It was to run again because its bytes were missing: now they are there.
                jobs[slot].missing.subtract(digests(of: result))
                jobs[slot].tasks[task].runsAgain = false
                settled(slot, task)
                emit(.publish(.repeated(jobs[slot].id, jobs[slot].name(of: task))))
                wakeReaders(slot, task)
            }
        }
    }
}
