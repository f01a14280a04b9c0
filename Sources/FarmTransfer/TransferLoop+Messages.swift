internal import ZeroMQ

/// What is to be sent to one peer.
struct Outbox {
    /// Requests and refusals, and at most one range that found no room; in order.
    var messages: [(header: TransferFrame, bytes: [UInt8]?)] = []
    /// What the peer has asked for and was not read yet: bytes are read when there is room to send them.
    var wanted: [(number: UInt64, name: BlobName, offset: Int, count: Int)] = []
    /// Not before this tick, after a send found no room.
    var retryAt: UInt64 = 0
    var retryDelay: UInt64 = 0

    var isEmpty: Bool { messages.isEmpty && wanted.isEmpty }
}

extension TransferLoop {
    // MARK: Received

    func handle(_ frames: [[UInt8]], userID: String?) {
        var body = frames[...]
        var peer = TransferPeer.coordinator
        if !isLink {
            guard let routingID = body.popFirst() else { return }
            peer = TransferPeer(routingID: routingID)
        }
        do throws(MalformedFrame) {
            guard let header = body.popFirst() else { throw MalformedFrame("no frame") }
            let frame = try TransferFrame(header)
            let bytes = body.popFirst()
            guard body.isEmpty else { throw MalformedFrame("too many frames") }
            try handle(frame, bytes, from: peer, rights: setup.rights(userID, peer.routingID))
        } catch {
            counters.malformedCount += 1
            tell(.malformed(peer, error.description))
        }
    }

    private func handle(
        _ frame: TransferFrame, _ bytes: [UInt8]?, from peer: TransferPeer, rights: TransferRights?
    ) throws(MalformedFrame) {
        let now = monotonicMilliseconds()
        switch frame {
        case .get(let number, let name, let offset, let count):
            guard bytes == nil else { throw MalformedFrame("a request with bytes") }
            serve(number, name, offset, count, peer, rights)
        case .data(let number, let offset, let blobByteCount):
            guard let bytes else { throw MalformedFrame("data without bytes") }
            guard rights != nil else { return counters.refusedCount += 1 }
            let reception = machine.received(
                from: peer, number: number, offset: offset, blobByteCount: blobByteCount, count: bytes.count, now: now)
            if case .accepted(let transfer) = reception {
                counters.receivedByteCount += bytes.count
                write(transfer, number: number, bytes, offset: offset)
            }
            perform()
        case .none(let number, let reason):
            guard bytes == nil else { throw MalformedFrame("a refusal with bytes") }
            guard rights != nil else { return counters.refusedCount += 1 }
            machine.refused(from: peer, number: number, reason, now: now)
            perform()
        }
    }

    private func serve(
        _ number: UInt64, _ name: BlobName, _ offset: Int, _ count: Int, _ peer: TransferPeer, _ rights: TransferRights?
    ) {
        guard let rights else {
            counters.refusedCount += 1
            return post(.none(number: number, .busy), to: peer)
        }
        guard rights.allow(name) else {
            counters.refusedCount += 1
            tell(.refused(peer, name))
            return post(.none(number: number, .refused), to: peer)
        }
        let waiting = outboxes[peer]?.wanted.count ?? 0
        guard waiting < setup.limits.servedRequestCount else {
            counters.unavailableCount += 1
            return post(.none(number: number, .busy), to: peer)
        }
        put(peer) { $0.wanted.append((number, name, offset, count)) }
    }

    // MARK: To be sent

    func post(_ request: PullMachine.Request) {
        post(
            .get(number: request.number, request.name, offset: request.offset, count: request.count), to: request.peer)
    }

    private func post(_ frame: TransferFrame, to peer: TransferPeer) {
        // Requests are bounded by the machine, refusals by this: whoever does not read them needs none.
        let limit = 2 * (setup.limits.servedRequestCount + setup.limits.peerRequestCount)
        guard outboxes[peer]?.messages.count ?? 0 < limit else { return counters.droppedCount += 1 }
        put(peer) { $0.messages.append((frame, nil)) }
    }

    private func put(_ peer: TransferPeer, _ change: (inout Outbox) -> Void) {
        if outboxes[peer] == nil {
            guard outboxes.count < setup.limits.peerCount else { return counters.droppedCount += 1 }
            turn.append(peer)
        }
        change(&outboxes[peer, default: Outbox()])
    }

    /// Drops requests that were not sent: the machine makes them again.
    func forgetRequests(to peer: TransferPeer) {
        outboxes[peer]?.messages.removeAll { if case .get = $0.header { true } else { false } }
        outboxes[peer]?.retryAt = 0
    }

    /// What a peer is owed is forgotten.
    func drop(_ peer: TransferPeer) {
        if outboxes.removeValue(forKey: peer) != nil { turn.removeAll { $0 == peer } }
    }

    /// Sends one message of each peer in turn, until there is no room or 64 were sent: then it is time to receive.
    func flush(_ now: UInt64) throws(ZeroMQError) {
        var sentCount = 0
        var isAnySent = true
        while isAnySent, sentCount < 64, !turn.isEmpty {
            isAnySent = false
            for peer in turn where outboxes[peer].map({ $0.retryAt <= now }) ?? false {
                guard try sendNext(to: peer, now) else { continue }
                isAnySent = true
                sentCount += 1
            }
            turn.removeAll { peer in
                guard outboxes[peer]?.isEmpty ?? true else { return false }
                outboxes[peer] = nil
                return true
            }
        }
        // The next time begins with another peer.
        if turn.count > 1 { turn.append(turn.removeFirst()) }
    }

    private func sendNext(to peer: TransferPeer, _ now: UInt64) throws(ZeroMQError) -> Bool {
        guard var outbox = outboxes.removeValue(forKey: peer) else { return false }
        // Put back whatever happens; taken out so that its arrays are not copied.
        defer { outboxes[peer] = outbox }
        if outbox.messages.isEmpty {
            guard !outbox.wanted.isEmpty else { return false }
            outbox.messages.append(answer(outbox.wanted.removeFirst(), peer))
        }
        let message = outbox.messages[0]
        var frames = isLink ? [] : [peer.routingID]
        frames.append(message.header.bytes)
        if let bytes = message.bytes { frames.append(bytes) }
        switch try socket.send(frames: frames) {
        case .sent:
            outbox.messages.removeFirst()
            outbox.retryDelay = 0
            counters.sentByteCount += message.bytes?.count ?? 0
            return true
        case .wouldBlock:
            counters.blockedCount += 1
            outbox.retryDelay = min(max(1, outbox.retryDelay * 2), 32)
            outbox.retryAt = now + outbox.retryDelay
            return false
        case .unroutable:
            let hadRequest = outbox.messages.contains { if case .get = $0.header { true } else { false } }
            counters.droppedCount += outbox.messages.count + outbox.wanted.count
            outbox = Outbox()
            if hadRequest { machine.unroutable(peer, now: now) }
            return false
        }
    }

    private func answer(
        _ wanted: (number: UInt64, name: BlobName, offset: Int, count: Int), _ peer: TransferPeer
    ) -> (header: TransferFrame, bytes: [UInt8]?) {
        switch setup.source.read(wanted.name, at: wanted.offset, count: wanted.count, for: peer) {
        case .bytes(let bytes, let blobByteCount):
            precondition(bytes.count <= wanted.count, "a source gives no more than was asked for")
            counters.servedRequestCount += 1
            return (.data(number: wanted.number, offset: wanted.offset, blobByteCount: blobByteCount), bytes)
        case .none(let reason):
            counters.unavailableCount += 1
            if reason == .unreadable { tell(.unreadable(peer, wanted.name)) }
            return (.none(number: wanted.number, reason), nil)
        }
    }
}
