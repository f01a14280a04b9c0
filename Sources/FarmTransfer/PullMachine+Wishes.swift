extension PullMachine {
    // MARK: Wishes

    /// Wants a blob from the first of the peers that gives it. A wish for a name under way joins that transfer.
    ///
    /// - Parameter id: one that was never used before.
    package mutating func want(
        _ id: PullID, _ name: BlobName, byteCount: Int, from wanted: [TransferPeer], urgency: Urgency, now: UInt64
    ) {
        precondition(transferOfWish[id] == nil, "every wish has a number of its own")
        guard (0...TransferLimits.blobByteCount).contains(byteCount) else {
            return refuse(id, .sizeRefused(byteCount: byteCount))
        }
        var peers: [TransferPeer] = []
        for peer in wanted where !peers.contains(peer) { peers.append(peer) }
        if let running = transferOfName[name] { return join(id, running, byteCount, peers, urgency) }
        guard !peers.isEmpty else { return refuse(id, .unavailable(.unknown, .coordinator)) }
        transfers[id] = Transfer(
            id: id, name: name, byteCount: byteCount, wishes: [(id, urgency)], peers: peers,
            unwrittenByteCount: byteCount)
        transferOfName[name] = id
        transferOfWish[id] = id
        for peer in peers { addPeer(peer) }
        effects.append(.begin(id, byteCount: byteCount))
        enqueue(id)
        verifyIfComplete(id)
    }

    /// Ends a wish; the transfer ends with the last one.
    package mutating func cancel(_ wish: PullID) {
        guard let id = transferOfWish.removeValue(forKey: wish) else { return }
        effects.append(.settle(wish, transfer: id, .cancelled))
        transfers[id]!.wishes.removeAll { $0.id == wish }
        if transfers[id]!.wishes.isEmpty { end(id) } else { enqueue(id) }
    }

    /// Makes a wish more or less urgent; what was asked for stays asked for.
    package mutating func setUrgency(_ urgency: Urgency, of wish: PullID) {
        guard let id = transferOfWish[wish], let index = transfers[id]!.wishes.firstIndex(where: { $0.id == wish })
        else { return }
        transfers[id]!.wishes[index].urgency = urgency
        enqueue(id)
    }

    /// A peer is gone for good.
    package mutating func forget(_ peer: TransferPeer) {
        for id in transfers.keys.sorted() where transfers[id]!.peers.contains(peer) {
            dropPeer(peer, of: id, because: .gone(peer))
        }
        // What is being written stays on the books until it is.
        peers[peer]?.isGone = true
        dropIfGone(peer)
    }

    /// Everything ends.
    package mutating func stop() {
        for id in transfers.keys.sorted() { fail(id, .stopped) }
    }

    private mutating func refuse(_ id: PullID, _ error: TransferError) {
        failedCount += 1
        effects.append(.settle(id, transfer: id, error))
    }

    private mutating func join(
        _ id: PullID, _ running: PullID, _ byteCount: Int, _ more: [TransferPeer], _ urgency: Urgency
    ) {
        guard transfers[running]!.byteCount == byteCount else { return refuse(id, .sizeRefused(byteCount: byteCount)) }
        transfers[running]!.wishes.append((id, urgency))
        transferOfWish[id] = running
        for peer in more where !transfers[running]!.peers.contains(peer) {
            transfers[running]!.peers.append(peer)
            addPeer(peer)
        }
        enqueue(running)
    }

    // MARK: Ends

    func numbers(of id: PullID, peer: TransferPeer? = nil) -> [UInt64] {
        guard let numbers = transfers[id]?.numbers else { return [] }
        return numbers.filter { peer == nil || requests[$0]!.request.peer == peer }.sorted()
    }

    /// Takes a transfer off the books, but for what is being written.
    private mutating func remove(_ id: PullID) -> Transfer? {
        for number in numbers(of: id) where !requests[number]!.isBeingWritten { release(number) }
        guard let transfer = transfers.removeValue(forKey: id) else { return nil }
        transferOfName[transfer.name] = nil
        for peer in transfer.peers { removePeer(peer) }
        for wish in transfer.wishes { transferOfWish[wish.id] = nil }
        return transfer
    }

    private mutating func end(_ id: PullID) {
        guard remove(id) != nil else { return }
        effects.append(.abandon(id))
    }

    mutating func fail(_ id: PullID, _ error: TransferError) {
        guard let transfer = remove(id) else { return }
        failedCount += 1
        effects.append(.abandon(id))
        for wish in transfer.wishes { effects.append(.settle(wish.id, transfer: id, error)) }
    }

    mutating func succeed(_ id: PullID) {
        guard let transfer = remove(id) else { return }
        finishedCount += 1
        for wish in transfer.wishes { effects.append(.settle(wish.id, transfer: id, nil)) }
    }

    /// One peer will not do: the next one, or the end.
    mutating func dropPeer(_ peer: TransferPeer, of id: PullID, because error: TransferError) {
        guard let index = transfers[id]?.peers.firstIndex(of: peer) else { return }
        takeBack(numbers(of: id, peer: peer))
        transfers[id]!.peers.remove(at: index)
        removePeer(peer)
        if index == 0 {
            transfers[id]!.queued = nil
            transfers[id]!.wrongCount = 0
        }
        if transfers[id]!.peers.isEmpty {
            // What has all arrived, and is being written or checked, needs no peer any more.
            if !transfers[id]!.hasMoreToAsk { return }
            let wrong = transfers[id]!.wrongPeers
            return fail(id, wrong.isEmpty ? error : .wrongBytes(wrong))
        }
        enqueue(id)
    }

    /// Gives requests up and notes their ranges to be asked for again.
    mutating func takeBack(_ numbers: [UInt64]) {
        // The last one first: holes are filled from the end.
        for number in numbers.sorted(by: >) {
            guard let outstanding = requests[number], !outstanding.isBeingWritten else { continue }
            release(number)
            guard transfers[outstanding.transfer]?.start == outstanding.start else { continue }
            transfers[outstanding.transfer]!.holes.append((outstanding.request.offset, outstanding.request.count))
        }
    }

    mutating func startOver(_ id: PullID) {
        for number in numbers(of: id) where !requests[number]!.isBeingWritten { release(number) }
        transfers[id]!.startOver()
        effects.append(.begin(id, byteCount: transfers[id]!.byteCount))
        enqueue(id)
        verifyIfComplete(id)
    }

    mutating func verifyIfComplete(_ id: PullID) {
        guard let transfer = transfers[id], transfer.unwrittenByteCount == 0, !transfer.isVerifying else { return }
        transfers[id]!.isVerifying = true
        effects.append(.verify(id))
    }
}
