import FarmTransfer
import Quantities
import Testing

/// A network that loses, repeats, delays and reorders, with peers that stall, refuse, lie and leave; the machine's
/// caller, with a writer that takes its time. Everything follows from the seed.
private struct Network {
    enum Event {
        case request(PullMachine.Request)
        case data(TransferPeer, PullMachine.Request)
        case none(TransferPeer, PullMachine.Request, Unavailability)
        case written(UInt64, PullID)
        case verified(PullID)
    }

    struct Blob {
        let name: BlobName
        let byteCount: Int
    }

    struct PeerTraits {
        var lossPercent = 0
        var stalledUntil: UInt64 = 0
        /// Wrong bytes in this many of the ranges.
        var wrongPercent = 0
        var missing: Unavailability?
        var busyPercent = 0
        var isForgotten = false
    }

    var numbers: Numbers
    var machine: PullMachine
    var now: UInt64 = 1_000
    var events: [(at: UInt64, order: Int, event: Event)] = []
    var order = 0
    var traits: [TransferPeer: PeerTraits] = [:]
    /// Per transfer, the bytes of each offset: right or wrong.
    var sinks: [PullID: [Int: (count: Int, isRight: Bool)]] = [:]
    var results: [PullID: TransferError?] = [:]
    var problems: [String] = []
    /// Counts the starts, so that what was written for an earlier one does not count.
    var starts: [PullID: Int] = [:]
    var askedCount: [TransferPeer: Int] = [:]
    var trace: UInt64 = 0xcbf2_9ce4_8422_2325

    init(seed: UInt64, limits: TransferLimits) {
        numbers = Numbers(seed)
        machine = PullMachine(limits: limits, firstNumber: seed)
    }

    mutating func schedule(_ event: Event, after delay: UInt64) {
        order += 1
        events.append((now + delay, order, event))
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &numbers) < percent }

    /// Sends what the machine asks for and does what it wants done.
    mutating func settle() {
        for effect in machine.takeEffects() { perform(effect) }
        for request in machine.takeRequests(now: now) {
            trace = (trace ^ request.number ^ UInt64(request.offset)) &* 0x100_0000_01b3
            askedCount[request.peer, default: 0] += 1
            if request.count < 1 || request.count > machine.limits.rangeByteCount { problems.append("a range's size") }
            schedule(.request(request), after: .random(in: 1...30, using: &numbers))
        }
        for effect in machine.takeEffects() { perform(effect) }
        let peers = traits.keys
        if peers.contains(where: {
            machine.outstandingByteCount(of: $0) > machine.limits.peerWindowByteCount
        }) {
            problems.append("a peer's window")
        }
        if machine.outstandingByteCount > machine.limits.totalWindowByteCount { problems.append("the window") }
    }

    mutating func perform(_ effect: PullMachine.Effect) {
        switch effect {
        case .begin(let id, _):
            sinks[id] = [:]
            starts[id, default: 0] += 1
        case .verify(let id): schedule(.verified(id), after: .random(in: 1...40, using: &numbers))
        case .abandon(let id): sinks[id] = nil
        case .settle(let id, _, let error):
            if results[id] != nil { problems.append("\(id) ended twice") }
            results[id] = .some(error)
        case .event: break
        }
    }

    mutating func step(_ sizes: [BlobName: Int]) {
        let index = events.indices.min { (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order) }
        if let index, events[index].at <= now + 20 {
            let (at, _, event) = events.remove(at: index)
            now = max(now, at)
            happen(event, sizes)
        } else {
            now += 20
        }
        machine.advance(now: now)
        settle()
    }

    private mutating func happen(_ event: Event, _ sizes: [BlobName: Int]) {
        switch event {
        case .request(let request):
            let traits = traits[request.peer]!
            if traits.isForgotten || chance(traits.lossPercent) { return }
            if traits.stalledUntil > now { return schedule(event, after: traits.stalledUntil - now) }
            let delay = UInt64.random(in: 1...60, using: &numbers)
            let copies = chance(traits.lossPercent) ? 2 : 1
            for copy in 0..<copies where !chance(traits.lossPercent) {
                let late = delay + UInt64(copy) * 30
                if let reason = traits.missing {
                    schedule(.none(request.peer, request, reason), after: late)
                } else if chance(traits.busyPercent) {
                    schedule(.none(request.peer, request, .busy), after: late)
                } else {
                    schedule(.data(request.peer, request), after: late)
                }
            }
        case .data(let peer, let request):
            let reception = machine.received(
                from: peer, number: request.number, offset: request.offset, blobByteCount: sizes[request.name]!,
                count: request.count, now: now)
            guard case .accepted(let id) = reception else { return }
            if sinks[id]?[request.offset] != nil { problems.append("a range was written twice") }
            let isRight = !chance(traits[peer]!.wrongPercent)
            sinks[id]?[request.offset] = (request.count, isRight)
            schedule(.written(request.number, id), after: .random(in: 1...20, using: &numbers))
        case .none(let peer, let request, let reason):
            machine.refused(from: peer, number: request.number, reason, now: now)
        case .written(let number, _): machine.written(number)
        case .verified(let id):
            guard let sink = sinks[id] else { return }
            machine.verified(id, isRight: sink.values.allSatisfy(\.isRight))
        }
    }

    /// Whether the sink of a transfer has every byte once.
    func isWhole(_ id: PullID, byteCount: Int) -> Bool {
        var end = 0
        for (offset, range) in (sinks[id] ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard offset == end else { return false }
            end += range.count
        }
        return end == byteCount
    }
}

private func peer(_ number: Int) -> TransferPeer { TransferPeer(routingID: [1, UInt8(number)]) }
private func name(_ number: Int) -> BlobName { .part(Digest(high: 7, low: UInt64(number))) }

@Suite("Pull machine")
struct PullMachineTests {
    static var small: TransferLimits {
        var limits = TransferLimits()
        limits.rangeByteCount = 1_000
        limits.peerWindowByteCount = 8_000
        limits.totalWindowByteCount = 20_000
        limits.silenceMilliseconds = 500
        limits.patienceMilliseconds = 4_000
        return limits
    }

    private static func play(seed: UInt64) -> Network {
        var network = Network(seed: seed, limits: small)
        let peerCount = Int.random(in: 1...5, using: &network.numbers)
        for index in 0..<peerCount {
            var traits = Network.PeerTraits()
            if network.chance(50) { traits.lossPercent = .random(in: 0...25, using: &network.numbers) }
            if network.chance(20) { traits.wrongPercent = 15 }
            if network.chance(20) { traits.busyPercent = 20 }
            let reasons: [Unavailability] = [.unknown, .refused, .unreadable]
            if network.chance(15) { traits.missing = reasons.randomElement(using: &network.numbers) }
            network.traits[peer(index)] = traits
        }
        var sizes: [BlobName: Int] = [:]
        var wishes: [PullID: BlobName] = [:]
        var cancelled: Set<PullID> = []
        let wishCount = Int.random(in: 5...40, using: &network.numbers)
        for index in 0..<wishCount {
            let blob = name(.random(in: 0..<wishCount, using: &network.numbers))
            let size = sizes[blob] ?? .random(in: 0...12_000, using: &network.numbers)
            sizes[blob] = size
            let id = PullID(UInt64(index + 1))
            wishes[id] = blob
            let peers = (0..<3).map { _ in peer(.random(in: 0..<peerCount, using: &network.numbers)) }
            network.machine.want(
                id, blob, byteCount: size, from: peers, urgency: network.chance(50) ? .needed : .prefetch,
                now: network.now)
            network.settle()
            for _ in 0..<Int.random(in: 0...20, using: &network.numbers) {
                network.step(sizes)
                mischief(&network, &cancelled, index, peerCount)
            }
        }
        // Then every peer that is there answers in the end.
        for peer in network.traits.keys { network.traits[peer]!.stalledUntil = 0 }
        var steps = 0
        while network.machine.wishCount > 0 || !network.events.isEmpty, steps < 200_000 {
            network.step(sizes)
            steps += 1
        }
        for (id, blob) in wishes.sorted(by: { $0.key < $1.key }) {
            guard let result = network.results[id] else {
                network.problems.append("\(id) never ended")
                continue
            }
            if result == nil, network.starts[id] != nil, let sink = network.sinks[id] {
                if !network.isWhole(id, byteCount: sizes[blob]!) { network.problems.append("\(id) is not whole") }
                if !sink.values.allSatisfy(\.isRight) { network.problems.append("\(id) has wrong bytes") }
            }
        }
        if network.machine.outstandingByteCount != 0 { network.problems.append("bytes stay outstanding") }
        return network
    }

    private static func mischief(_ network: inout Network, _ cancelled: inout Set<PullID>, _ index: Int, _ peers: Int) {
        let who = peer(.random(in: 0..<peers, using: &network.numbers))
        switch Int.random(in: 0..<400, using: &network.numbers) {
        case 0:
            network.machine.forget(who)
        case 1:
            network.traits[who]!.stalledUntil = network.now + .random(in: 0...6_000, using: &network.numbers)
        case 2:
            let id = PullID(UInt64.random(in: 1...UInt64(index + 1), using: &network.numbers))
            cancelled.insert(id)
            network.machine.cancel(id)
        case 3:
            let id = PullID(UInt64.random(in: 1...UInt64(index + 1), using: &network.numbers))
            network.machine.setUrgency(.needed, of: id)
        case 4: network.machine.peerReturned(who, now: network.now)
        case 5: network.machine.unroutable(who, now: network.now)
        case 6:
            // Somebody answers what was never asked.
            _ = network.machine.received(
                from: who, number: .random(in: 0...(1 << 20), using: &network.numbers), offset: 0,
                blobByteCount: 1, count: 1, now: network.now)
        default: return
        }
        network.settle()
    }

    @Test(arguments: 0..<8)
    func `every wish ends once, whole or with a reason, on a network that loses, repeats and stalls`(block: Int) {
        for seed in (block * 250)..<((block + 1) * 250) {
            let network = Self.play(seed: UInt64(seed))
            #expect(network.problems.isEmpty, "seed \(seed): \(network.problems.prefix(3))")
        }
    }

    @Test func `the same seed gives the same requests`() {
        for seed in UInt64(0)..<20 { #expect(Self.play(seed: seed).trace == Self.play(seed: seed).trace) }
    }

    // MARK: By hand

    private func ready(_ limits: TransferLimits = small) -> PullMachine { PullMachine(limits: limits) }

    @Test func `two wishes for one name are one transfer`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 1_000, from: [peer(1)], urgency: .prefetch, now: 0)
        machine.want(PullID(2), name(1), byteCount: 1_000, from: [peer(2)], urgency: .needed, now: 0)
        let requests = machine.takeRequests(now: 0)
        #expect(requests.map(\.peer) == [peer(1)])
        #expect(machine.takeEffects() == [.begin(PullID(1), byteCount: 1_000)])
        #expect(
            machine.received(
                from: peer(1), number: requests[0].number, offset: 0, blobByteCount: 1_000, count: 1_000, now: 1)
                == .accepted(transfer: PullID(1)))
        machine.written(requests[0].number)
        #expect(machine.takeEffects() == [.verify(PullID(1))])
        machine.verified(PullID(1), isRight: true)
        #expect(
            machine.takeEffects() == [
                .settle(PullID(1), transfer: PullID(1), nil), .settle(PullID(2), transfer: PullID(1), nil),
            ])
        #expect(!machine.isWaiting)
    }

    @Test func `what a render waits for goes before prefetch`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 20_000, from: [peer(1)], urgency: .prefetch, now: 0)
        machine.want(PullID(2), name(2), byteCount: 3_000, from: [peer(1)], urgency: .needed, now: 0)
        let names = machine.takeRequests(now: 0).map(\.name)
        #expect(names == Array(repeating: name(2), count: 3) + Array(repeating: name(1), count: 5))
        machine.want(PullID(3), name(3), byteCount: 1_000, from: [peer(1)], urgency: .prefetch, now: 0)
        machine.setUrgency(.needed, of: PullID(3))
        #expect(machine.takeRequests(now: 0).isEmpty, "the window is full")
    }

    @Test func `peers share the window in turn`() {
        var machine = ready()
        for index in 0..<5 {
            machine.want(
                PullID(UInt64(index + 1)), name(index), byteCount: 50_000, from: [peer(index)], urgency: .needed,
                now: 0)
        }
        let counts = Dictionary(grouping: machine.takeRequests(now: 0), by: \.peer).mapValues(\.count)
        #expect(counts.count == 5)
        #expect(counts.values.allSatisfy { $0 == 4 })
    }

    @Test func `a peer without the blob is followed by the next, and the last reason is told`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 500, from: [peer(1), peer(2)], urgency: .needed, now: 0)
        let first = machine.takeRequests(now: 0)[0]
        machine.refused(from: peer(1), number: first.number, .unknown, now: 1)
        let second = machine.takeRequests(now: 1)[0]
        #expect(second.peer == peer(2))
        machine.refused(from: peer(2), number: second.number, .refused, now: 2)
        _ = machine.takeEffects().first
        #expect(machine.wishCount == 0)
        #expect(machine.failedCount == 1)
    }

    @Test func `wrong bytes are asked for once more, then of another peer, and the liars are named`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 500, from: [peer(1), peer(2)], urgency: .needed, now: 0)
        var asked: [TransferPeer] = []
        var error: TransferError??
        for round in 0..<10 {
            guard let request = machine.takeRequests(now: UInt64(round)).first else { break }
            asked.append(request.peer)
            _ = machine.received(
                from: request.peer, number: request.number, offset: 0, blobByteCount: 500, count: 500,
                now: UInt64(round))
            machine.written(request.number)
            machine.verified(PullID(1), isRight: false)
            for case .settle(_, _, let reason) in machine.takeEffects() { error = reason }
        }
        #expect(asked == [peer(1), peer(1), peer(2), peer(2)])
        #expect(error == .some(.wrongBytes([peer(1), peer(2)])))
        #expect(machine.wrongBytesCount == 4)
    }

    @Test func `silence asks again, then another peer, then gives up`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 5_000, from: [peer(1), peer(2)], urgency: .needed, now: 0)
        var asked: [TransferPeer] = []
        var error: TransferError??
        for now in stride(from: UInt64(0), to: 20_000, by: 50) {
            machine.advance(now: now)
            for request in machine.takeRequests(now: now) where asked.last != request.peer {
                asked.append(request.peer)
            }
            for case .settle(_, _, let reason) in machine.takeEffects() { error = reason }
        }
        #expect(asked.prefix(3) == [peer(1), peer(2), peer(1)])
        #expect(error == .some(.silent(peer(1))) || error == .some(.silent(peer(2))))
        #expect(machine.outstandingByteCount == 0)
    }

    @Test func `a link of 100 kB a second is neither flooded nor taken for silent`() {
        var limits = TransferLimits()
        limits.patienceMilliseconds = nil
        var machine = ready(limits)
        let size = 20 << 20
        machine.want(PullID(1), name(1), byteCount: size, from: [peer(1)], urgency: .needed, now: 0)
        var line: [PullMachine.Request] = []
        var freeAt: UInt64 = 0
        var arrived = 0
        var largest = 0
        for now in stride(from: UInt64(0), to: 300_000, by: 25) {
            machine.advance(now: now)
            for request in machine.takeRequests(now: now) {
                if line.isEmpty { freeAt = now + UInt64(request.count / 100) }
                line.append(request)
            }
            while let first = line.first, freeAt <= now {
                let reception = machine.received(
                    from: peer(1), number: first.number, offset: first.offset, blobByteCount: size,
                    count: first.count, now: now)
                #expect(reception == .accepted(transfer: PullID(1)))
                machine.written(first.number)
                arrived += first.count
                line.removeFirst()
                if let next = line.first { freeAt = now + UInt64(next.count / 100) }
            }
            largest = max(largest, machine.outstandingByteCount)
        }
        #expect(arrived == size)
        #expect(machine.resentCount == 0 && machine.lateCount == 0)
        #expect(largest <= 1 << 20)
    }

    @Test func `the window of a quick peer grows to its limit`() {
        var machine = ready(TransferLimits())
        machine.want(PullID(1), name(1), byteCount: 100 << 20, from: [peer(1)], urgency: .needed, now: 0)
        for now in UInt64(0)..<8 {
            let asked = machine.takeRequests(now: now)
            for request in asked {
                _ = machine.received(
                    from: peer(1), number: request.number, offset: request.offset, blobByteCount: 100 << 20,
                    count: request.count, now: now)
                machine.written(request.number)
            }
        }
        #expect(machine.takeRequests(now: 9).map(\.count) == Array(repeating: 1 << 20, count: 8))
    }

    @Test func `without patience's end a link asks until the answer comes`() {
        var limits = Self.small
        limits.patienceMilliseconds = nil
        var machine = ready(limits)
        machine.want(PullID(1), name(1), byteCount: 1_000, from: [.coordinator], urgency: .needed, now: 0)
        var numbers: Set<UInt64> = []
        for now in stride(from: UInt64(0), to: 600_000, by: 100) {
            machine.advance(now: now)
            for request in machine.takeRequests(now: now) { numbers.insert(request.number) }
        }
        #expect(machine.wishCount == 1)
        #expect(numbers.count == 1, "it is asked again under its number")
        #expect(machine.outstandingByteCount <= limits.rangeByteCount)
    }

    @Test func `answers of another size, to nothing, and after a cancel are dropped and counted`() {
        var machine = ready()
        machine.want(PullID(1), name(1), byteCount: 2_000, from: [peer(1)], urgency: .needed, now: 0)
        let requests = machine.takeRequests(now: 0)
        func receive(_ number: UInt64, from who: TransferPeer, count: Int = 1_000) -> PullMachine.Reception {
            machine.received(from: who, number: number, offset: 0, blobByteCount: 2_000, count: count, now: 1)
        }
        #expect(receive(requests[0].number, from: peer(2)) == .unasked)
        #expect(receive(99_999, from: peer(1)) == .unasked)
        #expect(machine.unaskedCount == 2)
        machine.cancel(PullID(1))
        #expect(receive(requests[0].number, from: peer(1)) == .late)
        #expect(machine.lateCount == 1)
        #expect(machine.outstandingByteCount == 0)

        machine.want(PullID(2), name(2), byteCount: 2_000, from: [peer(1)], urgency: .needed, now: 2)
        let again = machine.takeRequests(now: 2)
        #expect(receive(again[0].number, from: peer(1), count: 1_001) == .wrong)
        #expect(machine.wishCount == 0)
    }

    @Test func `a size that no blob has is refused`() {
        var machine = ready()
        for (index, size) in [-1, Int.max, (1 << 40) + 1].enumerated() {
            let id = PullID(UInt64(index + 1))
            machine.want(id, name(index), byteCount: size, from: [peer(1)], urgency: .needed, now: 0)
            #expect(machine.takeEffects() == [.settle(id, transfer: id, .sizeRefused(byteCount: size))])
        }
    }
}
