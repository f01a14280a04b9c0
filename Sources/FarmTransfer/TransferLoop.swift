internal import Synchronization
internal import ZeroMQ

/// What the thread of a hub or link does: socket, machine, what is served. Used by that thread alone.
final class TransferLoop {
    let endpoint: String
    let setup: TransferEngine.Setup
    let inbox: TransferInbox
    let socket: Socket
    let writer: SinkWriter
    var machine: PullMachine
    var counters = TransferCounters()
    /// Per peer, what is to be sent to it.
    var outboxes: [TransferPeer: Outbox] = [:]
    /// Peers with something to be sent, in turn.
    var turn: [TransferPeer] = []

    private var poller = Poller()
    private let registration: Poller.Registration
    /// For a look whether a link is connected.
    private var probe = Poller()
    private var probedAt: UInt64 = 0
    private var unwritableSince: UInt64?
    private var receivedAt: UInt64 = 0
    private var isStopping = false

    private var wishes: [PullID: (sink: any BlobSink, completion: TransferInbox.Completion)] = [:]
    private var joining: [PullID: TransferInbox.Completion] = [:]
    /// Per transfer, the sink of the wish that began it.
    private var sinks: [PullID: any BlobSink] = [:]
    private var eventSecond: UInt64 = 0
    private var eventCount = 0

    init(_ setup: TransferEngine.Setup, inbox: TransferInbox) throws(ZeroMQError) {
        self.setup = setup
        self.inbox = inbox
        switch setup.role {
        case .hub:
            socket = try Socket(.router, in: setup.context, options: setup.options)
            endpoint = try socket.bind(setup.endpoint)
        case .link:
            socket = try Socket(.dealer, in: setup.context, options: setup.options)
            try socket.connect(to: setup.endpoint)
            endpoint = setup.endpoint
        }
        registration = poller.add(socket)
        _ = poller.add(descriptor: inbox.wakeUp.descriptor)
        _ = probe.add(socket, for: .writable)
        machine = PullMachine(limits: setup.limits, firstNumber: UInt64.random(in: 1...(1 << 62)))
        writer = SinkWriter(inbox: inbox)
    }

    var isLink: Bool { if case .link = setup.role { true } else { false } }

    func run() {
        writer.start()
        do throws(ZeroMQError) {
            while !isStopping { try turnOnce() }
        } catch {
            tell(.failed(error.description))
        }
        end()
    }

    private func turnOnce() throws(ZeroMQError) {
        _ = try poller.wait(timeoutMilliseconds: timeout())
        _ = inbox.wakeUp.drain()
        obey(inbox.takeAll())
        var messageCount = 0
        while messageCount < 256, let message = try socket.receiveMessage() {
            messageCount += 1
            handle(message.frames, userID: message.userID)
        }
        let now = monotonicMilliseconds()
        if messageCount > 0 { receivedAt = now }
        machine.advance(now: now)
        perform()
        if isLink { try watchConnection(now) }
        for request in machine.takeRequests(now: now) { post(request) }
        try flush(now)
        perform()
        publish()
    }

    /// Milliseconds to sleep for.
    private func timeout() -> Int {
        var limit = machine.isWaiting ? 25 : 1_000
        let now = monotonicMilliseconds()
        for peer in turn {
            guard let outbox = outboxes[peer] else { continue }
            if outbox.retryAt <= now { return 0 }
            limit = min(limit, Int(outbox.retryAt - now))
        }
        return limit
    }

    // MARK: Wishes

    private func obey(_ commands: [TransferInbox.Command]) {
        guard !commands.isEmpty else { return }
        let now = monotonicMilliseconds()
        for command in commands {
            switch command {
            case .pull(let wish):
                wishes[wish.id] = (wish.sink, wish.completion)
                // Taken back below where the wish joins another's transfer.
                machine.want(
                    wish.id, wish.name, byteCount: wish.byteCount, from: wish.peers, urgency: wish.urgency, now: now)
            case .cancel(let id): machine.cancel(id)
            case .setUrgency(let id, let urgency): machine.setUrgency(urgency, of: id)
            case .forget(let peer):
                machine.forget(peer)
                drop(peer)
            case .reconnected(let peer): machine.peerReturned(peer, now: now)
            case .written(let number): machine.written(number)
            case .sinkFailed(let id, let error): machine.sinkFailed(id, error)
            case .verified(let id, let isRight): machine.verified(id, isRight: isRight)
            case .joined(let id, let error):
                joining.removeValue(forKey: id)?(error.map { .failure($0) } ?? .success(()))
            case .stop: isStopping = true
            }
            perform()
        }
    }

    /// Does what the machine wants done.
    func perform() {
        while true {
            let effects = machine.takeEffects()
            if effects.isEmpty { return }
            for effect in effects { perform(effect) }
        }
    }

    private func perform(_ effect: PullMachine.Effect) {
        switch effect {
        case .begin(let id, let byteCount):
            guard let sink = sinks[id] ?? wishes[id]?.sink else { return }
            sinks[id] = sink
            writer.post(.begin(id, sink, byteCount: byteCount))
        case .verify(let id):
            if let sink = sinks[id] { writer.post(.verify(id, sink)) }
        case .abandon(let id):
            if let sink = sinks.removeValue(forKey: id) { writer.post(.abandon(id, sink)) }
        case .settle(let id, let transfer, let error): settle(id, transfer, error)
        case .event(let event): tell(event)
        }
    }

    private func settle(_ id: PullID, _ transfer: PullID, _ error: TransferError?) {
        guard let wish = wishes.removeValue(forKey: id) else { return }
        if let error { return wish.completion(.failure(error)) }
        let owner = sinks.removeValue(forKey: transfer)
        if id == transfer { return wish.completion(.success(())) }
        // The first wish was cancelled: what its sink holds for it (a pin) is given back, after the others have theirs.
        joining[id] = wish.completion
        writer.post(.join(id, wish.sink))
        if let owner { writer.post(.abandon(transfer, owner)) }
    }

    func write(_ id: PullID, number: UInt64, _ bytes: [UInt8], offset: Int) {
        guard let sink = sinks[id] else { return machine.written(number) }
        writer.post(.write(id, sink, number: number, bytes, offset: offset))
    }

    // MARK: The rest

    /// A link whose socket takes nothing and hears nothing is not connected. Once it is again, whatever was asked is
    /// asked again: the coordinator may be another one by now.
    private func watchConnection(_ now: UInt64) throws(ZeroMQError) {
        guard machine.isWaiting, unwritableSince != nil || now >= probedAt + 25 else { return }
        probedAt = now
        let isWritable = try !probe.wait(timeoutMilliseconds: 0).isEmpty
        if !isWritable {
            unwritableSince = unwritableSince ?? now
        } else if let since = unwritableSince {
            unwritableSince = nil
            // A full queue is not a lost connection: that one takes longer, and nothing comes.
            guard receivedAt < since, now - since >= 50 else { return }
            forgetRequests(to: .coordinator)
            machine.peerReturned(.coordinator, now: now)
        }
    }

    func tell(_ event: TransferEvent) {
        let second = monotonicMilliseconds() / 1000
        if second != eventSecond {
            eventSecond = second
            eventCount = 0
        }
        eventCount += 1
        if eventCount <= 20 { setup.onEvent(event) }
    }

    private func publish() {
        counters.lateCount = machine.lateCount
        counters.unaskedCount = machine.unaskedCount
        counters.resentCount = machine.resentCount
        counters.wrongBytesCount = machine.wrongBytesCount
        counters.finishedCount = machine.finishedCount
        counters.failedCount = machine.failedCount
        counters.peakOutstandingByteCount = machine.peakOutstandingByteCount
        let current = counters
        inbox.counters.withLock { $0 = current }
    }

    private func end() {
        machine.stop()
        perform()
        writer.finish()
        for command in inbox.takeAll(closing: true) {
            switch command {
            case .pull(let wish): wish.completion(.failure(.stopped))
            case .joined(let id, let error):
                joining.removeValue(forKey: id)?(error.map { .failure($0) } ?? .success(()))
            default: break
            }
        }
        for id in joining.keys.sorted() { joining[id]?(.failure(.stopped)) }
        publish()
    }
}
