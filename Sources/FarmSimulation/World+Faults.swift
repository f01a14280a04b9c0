import FarmCoordination
import FarmProtocol
import Quantities

// MARK: The network

extension World {
    /// Sends to a worker: it may be lost, doubled, late, or out of order.
    func send(_ message: FarmMessage, to peer: Peer) {
        guard let slot = workerSlot(peer), survives(slot) else { return }
        let at = arrival(&workers[slot].lastArrival)
        events.schedule(.toWorker(peer, message), at: at)
        if isDoubled() { events.schedule(.toWorker(peer, message), at: at + UInt64(random.draw(1...80))) }
    }

    func sendToCoordinator(_ message: FarmMessage, from slot: Int) {
        guard survives(slot) else { return }
        let peer = workers[slot].peer
        let at = arrival(&workers[slot].lastDeparture)
        events.schedule(.toCoordinator(peer, message), at: at)
        if isDoubled() {
            events.schedule(.toCoordinator(peer, message), at: at + UInt64(random.draw(1...80)))
        }
    }

    private func survives(_ slot: Int) -> Bool {
        if workers[slot].isCutOff {
            counts.add("message into a partition")
            return false
        }
        guard !isHealed, random.chance(shape.faults.loss) else { return true }
        counts.add("message lost")
        return false
    }

    private func isDoubled() -> Bool {
        guard !isHealed, random.chance(shape.faults.duplication) else { return false }
        counts.add("message doubled")
        return true
    }

    private func arrival(_ last: inout UInt64) -> UInt64 {
        let at = now + UInt64(random.draw(1...(isHealed ? 3 : shape.faults.maximumDelay)))
        if shape.faults.reorders, !isHealed {
            if at < last { counts.add("message overtaken") }
            last = max(last, at)
            return at
        }
        last = max(last, at)
        return last
    }
}

// MARK: Faults

extension World {
    func drawFaults() {
        guard !isHealed else { return }
        events.schedule(.faults, at: now + 25)
        let rates = shape.faults
        let slot = random.draw(0...(workers.count - 1))
        if random.chance(rates.kill), workers[slot].isAlive {
            counts.add("worker killed")
            if workers[slot].machine.map({ $0.uncommittedCount > 0 }) == true {
                counts.add("worker killed between result and commit")
            }
            end(slot, .signal(9), isSeen: random.chance(700))
        }
        if random.chance(rates.crash), mayCount(slot) {
            counts.add("worker crashed by itself")
            end(slot, .signal(random.element([4, 6, 7, 8, 11])), isSeen: true)
        }
        if random.chance(rates.freeze), workers[slot].isAlive, !workers[slot].isFrozen {
            counts.add("worker frozen")
            workers[slot].isFrozen = true
            events.schedule(.thaw(slot), at: now + UInt64(random.draw(20...300)))
        }
        if random.chance(rates.hang), mayCount(slot), workers[slot].order != nil, !workers[slot].isHung {
            counts.add("render hung")
            workers[slot].isHung = true
        }
        if random.chance(rates.drain), workers[slot].isAlive, !workers[slot].isFrozen {
            counts.add("worker told to leave")
            workerStep(slot, .terminate)
        }
        if random.chance(rates.partition), !workers[slot].isCutOff {
            counts.add("worker cut off")
            workers[slot].isCutOff = true
            events.schedule(.partitionEnd(slot), at: now + UInt64(random.draw(20...400)))
        }
        drawSlowFaults(slot)
        if random.chance(rates.operation) { operate(slot) }
        if random.chance(rates.space), coordinator != nil {
            counts.add("store's space changed")
            step(.storeSpace(freeBytes: random.element([0, 500, 2_000, 6_000, 1 << 30])))
        }
        if strikes(.falseLinkLoss), coordinator != nil { step(.linkLost(workers[slot].peer)) }
        if strikes(.extraTimer), coordinator != nil { step(.timer) }
        if random.chance(rates.coordinatorCrash) { crashCoordinator() }
        drawStoreFaults()
    }

    private func drawSlowFaults(_ slot: Int) {
        if random.chance(shape.faults.slowness), workers[slot].slowness == 1 {
            counts.add("worker slow")
            workers[slot].slowness = UInt64(random.draw(6...14))
            events.schedule(.hurry(slot), at: now + UInt64(random.draw(100...800)))
        }
        if random.chance(shape.faults.flap) {
            counts.add("worker flaps")
            flap(slot, random.draw(2...6))
        }
    }

    /// Crashes and hangs count against the task at hand: few enough that no healthy one is given up.
    private func mayCount(_ slot: Int) -> Bool {
        guard workers[slot].isAlive else { return false }
        let count = counts["worker crashed by itself"] + counts["render hung"]
        return count < shape.faults.countedFaultCount
    }

    private func drawStoreFaults() {
        guard !store.digests.isEmpty else { return }
        let digest = store.digests[random.draw(0...(store.digests.count - 1))]
        if random.chance(shape.faults.blobLoss) {
            counts.add("blob lost")
            store.remove(digest)
        } else if random.chance(shape.faults.blobCorruption) {
            counts.add("blob corrupted")
            store.isGood[digest] = false
        }
        if random.chance(shape.faults.eviction) {
            let free = store.evictable
            counts.add("blob evicted", free.count)
            for digest in free { store.remove(digest) }
        }
    }

    /// Ends all faults: whoever is down comes up, whoever is frozen or hung is dealt with.
    func heal() {
        isHealed = true
        note("the world heals")
        if coordinator == nil { startCoordinator() }
        for slot in workers.indices {
            workers[slot].isCutOff = false
            workers[slot].slowness = 1
            thaw(slot)
        }
        for worker in quarantined.sorted() { pardon(worker) }
        for index in shape.jobs.indices where pausedJobs.contains(shape.jobs[index].id) { resume(index) }
        step(.storeSpace(freeBytes: 1 << 30))
    }
}
