import FarmProtocol
import Quantities
import RenderPlan

// MARK: The deliverables' writer

extension CoordinatorMachine {
    /// Gives the writer the next window of a deliverable, if it has a result and its bytes are there.
    mutating func deliverNext(_ slot: Int, program: Int) {
        let state = jobs[slot].programs[program]
        guard state.shape.isDelivered, !state.isFailed, state.delivery == nil else { return }
        guard state.deliveryCursor < state.shape.segmentCount else { return }
        let task = state.base + state.deliveryCursor
        guard jobs[slot].tasks[task].phase == .done, let result = jobs[slot].tasks[task].result else {
            return
        }
        guard jobs[slot].hasOutputBytes(task) else {
            if !jobs[slot].tasks[task].runsAgain {
                unsettle(slot, task)
                queueIfReady(slot, task)
            }
            return
        }
        let number = nextNumber()
        jobs[slot].programs[program].delivery = number
        deliveries.append((number, slot, task))
        emit(
            .deliver(
                Delivery(
                    number: number, job: jobs[slot].id, task: jobs[slot].name(of: task), result: result)))
    }

    mutating func consumed(_ number: UInt64) {
        guard let (slot, task) = takeDelivery(number) else { return }
        let program = Int(jobs[slot].programOf[task])
        jobs[slot].programs[program].deliveryCursor += 1
        jobs[slot].undeliveredCount -= 1
        jobs[slot].tasks[task].openReaderCount -= 1
        refreshPins(slot, task)
        unblock(slot, program: program)
        if jobs[slot].programs[program].deliveryCursor == jobs[slot].programs[program].shape.segmentCount {
            let name = ProgramID(program)
            persist(.delivered(jobs[slot].id, name), claiming: .delivered(jobs[slot].id, name))
        } else {
            deliverNext(slot, program: program)
        }
    }

    mutating func undeliverable(_ number: UInt64, _ digests: [Digest]) {
        guard let (slot, task) = takeDelivery(number) else { return }
        let program = Int(jobs[slot].programOf[task])
        let own = jobs[slot].tasks[task].result?.outputs.flatMap { $0.map(\.digest) } ?? []
        let lost = digests.filter { own.contains($0) }
        for digest in lost { jobs[slot].missing.insert(digest) }
        if !lost.isEmpty { emit(.discard(jobs[slot].id, lost)) }
        deliverNext(slot, program: program)
    }

    private mutating func takeDelivery(_ number: UInt64) -> (slot: Int, task: Int)? {
        guard let place = deliveries.firstIndex(where: { $0.number == number }) else { return nil }
        let delivery = deliveries.remove(at: place)
        jobs[delivery.job].programs[Int(jobs[delivery.job].programOf[delivery.task])].delivery = nil
        return (delivery.job, delivery.task)
    }
}

// MARK: Pins

extension CoordinatorMachine {
    /// Brings a task's pins up to date: outputs while somebody will read them (retained ones until the job
    /// ends), a snapshot while the segment that starts from it is not settled.
    mutating func refreshPins(_ slot: Int, _ task: Int) {
        let state = jobs[slot].tasks[task]
        guard let result = state.result else { return }
        let program = jobs[slot].programs[Int(jobs[slot].programOf[task])]
        let wantsOutputs =
            jobs[slot].isActive && !program.isFailed && program.shape.storesOutputs
            && (state.openReaderCount > 0 || program.shape.isRetained)
        if wantsOutputs != state.outputsPinned {
            jobs[slot].tasks[task].outputsPinned = wantsOutputs
            let digests = result.outputs.flatMap { $0.map(\.digest) }
            setPin(slot, task, .outputs, digests, wantsOutputs)
        }
        guard let snapshot = result.snapshot else { return }
        let successor = jobs[slot].successor(of: task)
        let wantsSnapshot =
            jobs[slot].isActive && !program.isFailed
            && successor.map { !jobs[slot].tasks[$0].isSettled } ?? false
        if wantsSnapshot != state.snapshotPinned {
            jobs[slot].tasks[task].snapshotPinned = wantsSnapshot
            setPin(slot, task, .snapshot, [snapshot.digest], wantsSnapshot)
        }
    }

    /// Lets go of a result that is about to be forgotten.
    mutating func unpin(_ slot: Int, _ task: Int) {
        guard let result = jobs[slot].tasks[task].result else { return }
        if jobs[slot].tasks[task].outputsPinned {
            jobs[slot].tasks[task].outputsPinned = false
            setPin(slot, task, .outputs, result.outputs.flatMap { $0.map(\.digest) }, false)
        }
        if jobs[slot].tasks[task].snapshotPinned, let snapshot = result.snapshot {
            jobs[slot].tasks[task].snapshotPinned = false
            setPin(slot, task, .snapshot, [snapshot.digest], false)
        }
    }

    private mutating func setPin(
        _ slot: Int, _ task: Int, _ kind: Pin.Kind, _ digests: [Digest], _ isPinned: Bool
    ) {
        let pin = Pin(job: jobs[slot].id, task: jobs[slot].name(of: task), kind: kind, digests: digests)
        emit(isPinned ? .pin(pin) : .unpin(pin))
    }
}
