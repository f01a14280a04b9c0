extension PullMachine {
    /// A range came from a peer.
    ///
    /// - Parameters:
    ///   - blobByteCount: the size of the whole blob as the peer says.
    ///   - count: of the bytes that came.
    package mutating func received(
        from peer: TransferPeer, number: UInt64, offset: Int, blobByteCount: Int, count: Int, now: UInt64
    ) -> Reception {
        guard let outstanding = requests[number], outstanding.request.peer == peer, !outstanding.isBeingWritten else {
            return stray(number, from: peer, now: now)
        }
        heard(peer, now: now)
        let id = outstanding.transfer
        guard let transfer = transfers[id] else { return .late }
        if blobByteCount != transfer.byteCount {
            dropPeer(peer, of: id, because: .wrongSize(peer, byteCount: blobByteCount))
            return .wrong
        }
        guard offset == outstanding.request.offset, count == outstanding.request.count else {
            dropPeer(peer, of: id, because: .wrongBytes([peer]))
            return .wrong
        }
        requests[number]!.isBeingWritten = true
        if !transfer.senders.contains(peer) { transfers[id]!.senders.append(peer) }
        if now - outstanding.sentAt < limits.silenceMilliseconds / 8 { grow(peer, by: count) }
        return .accepted(transfer: id)
    }

    /// A peer says that it does not hand over a range.
    ///
    /// - Returns: `accepted` where that answers a request.
    @discardableResult
    package mutating func refused(
        from peer: TransferPeer, number: UInt64, _ reason: Unavailability, now: UInt64
    ) -> Reception {
        guard let outstanding = requests[number], outstanding.request.peer == peer, !outstanding.isBeingWritten else {
            return stray(number, from: peer, now: now)
        }
        heard(peer, now: now, isBusy: reason == .busy)
        let id = outstanding.transfer
        if reason == .busy {
            let count = peers[peer]!.busyCount
            peers[peer]!.busyCount = min(count + 1, 4)
            peers[peer]!.busyUntil = now + (50 << UInt64(count))
            takeBack([number])
            enqueue(id)
        } else {
            dropPeer(peer, of: id, because: .unavailable(reason, peer))
        }
        return .accepted(transfer: id)
    }

    /// What was accepted is in the sink (or, where the transfer has ended meanwhile, thrown away).
    package mutating func written(_ number: UInt64) {
        guard let outstanding = requests[number], outstanding.isBeingWritten else { return }
        release(number)
        let peer = outstanding.request.peer
        dropIfGone(peer)
        let id = outstanding.transfer
        guard transfers[id]?.start == outstanding.start else { return }
        transfers[id]!.unwrittenByteCount -= outstanding.request.count
        verifyIfComplete(id)
    }

    /// The sink could not take what it was given: the transfer fails for all of its wishes.
    package mutating func sinkFailed(_ id: PullID, _ error: TransferError) { fail(id, error) }

    /// A whole blob was checked.
    ///
    /// Wrong bytes of one peer are asked for once more, since memory and wires fail too; then another peer is asked.
    /// Those of several peers are asked of one alone, to tell whose are wrong.
    package mutating func verified(_ id: PullID, isRight: Bool) {
        guard let transfer = transfers[id], transfer.isVerifying else { return }
        if isRight { return succeed(id) }
        wrongBytesCount += 1
        for sender in transfer.senders { effects.append(.event(.wrongBytes(sender, transfer.name))) }
        guard let peer = transfer.peers.first else {
            return fail(id, .wrongBytes(transfer.wrongPeers.isEmpty ? transfer.senders : transfer.wrongPeers))
        }
        transfers[id]!.isVerifying = false
        if transfer.senders != [peer], transfer.byteCount > 0 {
            transfers[id]!.mixedCount += 1
            if transfer.mixedCount >= 3 { return fail(id, .wrongBytes(transfer.senders)) }
        } else {
            transfers[id]!.wrongCount += 1
            if transfers[id]!.wrongCount >= 2 {
                transfers[id]!.wrongPeers.append(peer)
                // Nothing of it is kept, so the next peer begins at the start.
                transfers[id]!.startOver()
                dropPeer(peer, of: id, because: .wrongBytes([peer]))
                guard transfers[id] != nil else { return }
            }
        }
        startOver(id)
    }

    /// A peer has come back after its connection broke: what was asked of it may be lost.
    package mutating func peerReturned(_ peer: TransferPeer, now: UInt64) {
        guard peers[peer] != nil else { return }
        for number in requests.keys.sorted() {
            guard let outstanding = requests[number], outstanding.request.peer == peer else { continue }
            if !outstanding.isBeingWritten { resend(number, now: now) }
        }
        peers[peer]!.heardAt = now
    }

    private mutating func grow(_ peer: TransferPeer, by count: Int) {
        guard let state = peers[peer] else { return }
        if count == state.rangeByteCount { peers[peer]!.rangeByteCount = min(2 * count, limits.rangeByteCount) }
        peers[peer]!.windowByteCount = min(state.windowByteCount + count, limits.peerWindowByteCount)
    }

    /// A request could not even be sent: there is no connection to the peer (yet, or any more).
    package mutating func unroutable(_ peer: TransferPeer, now: UInt64) {
        guard let state = peers[peer] else { return }
        let since = state.silentSince ?? now
        if state.silentSince == nil { effects.append(.event(.silent(peer))) }
        peers[peer]!.silentSince = since
        let asked = requests.filter { $0.value.request.peer == peer && !$0.value.isBeingWritten }
        let waiting = Set(asked.values.map(\.transfer)).sorted()
        if isOutOfPatience(now - min(now, since)) { return giveUp(peer) }
        peers[peer]!.busyCount = min(state.busyCount + 1, 4)
        peers[peer]!.busyUntil = now + (50 << UInt64(state.busyCount))
        takeBack(Array(asked.keys))
        for id in waiting where transfers[id] != nil { yield(id, from: peer) }
    }

    private func isOutOfPatience(_ milliseconds: UInt64) -> Bool {
        limits.patienceMilliseconds.map { milliseconds >= $0 } ?? false
    }

    private mutating func giveUp(_ peer: TransferPeer) {
        for id in transfers.keys.sorted() where transfers[id]!.peers.first == peer {
            dropPeer(peer, of: id, because: .silent(peer))
        }
        // A later wish finds it with a clean sheet.
        peers[peer]?.silentSince = nil
    }

    private mutating func stray(_ number: UInt64, from peer: TransferPeer, now: UInt64) -> Reception {
        // A number of this life that another peer answers was not asked of that one.
        if wasMade(number), requests[number].map({ $0.request.peer == peer }) ?? true {
            lateCount += 1
            peers[peer]?.heardAt = now
            return .late
        }
        unaskedCount += 1
        effects.append(.event(.unasked(peer)))
        return .unasked
    }

    private mutating func heard(_ peer: TransferPeer, now: UInt64, isBusy: Bool = false) {
        peers[peer]?.heardAt = now
        peers[peer]?.silentSince = nil
        if !isBusy { peers[peer]?.busyCount = 0 }
    }

    /// A whole interval without a word from a peer that owes answers.
    mutating func heardNothing(of peer: TransferPeer, now: UInt64) {
        guard let state = peers[peer] else { return }
        let since = state.silentSince ?? state.heardAt
        if state.silentSince == nil { effects.append(.event(.silent(peer))) }
        peers[peer]!.silentSince = since
        peers[peer]!.heardAt = now
        let range = max(min(64 << 10, limits.rangeByteCount), state.rangeByteCount / 4)
        peers[peer]!.rangeByteCount = range
        peers[peer]!.windowByteCount = max(range, state.windowByteCount / 4)

        let asked = requests.filter { $0.value.request.peer == peer && !$0.value.isBeingWritten }
        let waiting = Set(asked.values.map(\.transfer)).sorted()
        if isOutOfPatience(now - min(now, since)) { return giveUp(peer) }
        // One range is asked for again under its number, in case the answer is only slow; the others wait.
        let numbers = asked.keys.sorted()
        takeBack(Array(numbers.dropFirst()))
        for id in waiting where transfers[id] != nil { yield(id, from: peer) }
        if let number = numbers.first, requests[number] != nil { resend(number, now: now) }
    }

    /// Another peer is asked while this one is silent, which stays the last resort.
    private mutating func yield(_ id: PullID, from peer: TransferPeer) {
        if transfers[id]!.peers.count > 1, transfers[id]!.peers.first == peer {
            takeBack(numbers(of: id, peer: peer))
            transfers[id]!.peers.removeFirst()
            transfers[id]!.peers.append(peer)
            transfers[id]!.queued = nil
            transfers[id]!.wrongCount = 0
        }
        enqueue(id)
    }
}
