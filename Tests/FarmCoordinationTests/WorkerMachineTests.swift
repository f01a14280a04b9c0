import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan
import Testing

/// Single transitions of the worker.
@Suite struct WorkerMachineTests {
    private let lease = LeaseID(Incarnation(1), 4)

    private func worker(credit: Credit = Credit(results: 4, bytes: 1_000)) -> WorkerMachine {
        var worker = WorkerMachine(peer: peer(1), engine: engine, at: Tick(0))
        _ = worker.handle(.timer, at: Tick(0))
        _ = worker.handle(
            .message(
                .welcome(
                    Welcome(number: 1, coordinator: Incarnation(1), credit: credit, lease: nil, keep: []))),
            at: Tick(1))
        return worker
    }

    private func grant(_ start: Int, _ count: Int, snapshot: Part? = nil) -> FarmMessage {
        .lease(
            Grant(
                lease: lease, job: job, program: ProgramID(0), start: start, snapshot: snapshot,
                inputs: [[TaskResult]](repeating: [], count: count), loadsSnapshot: false))
    }

    private func rendering(_ segment: Int) -> WorkerInput {
        .rendered(
            Rendering(
                lease: lease, segment: segment, key: key(of: task(0, segment)),
                result: result(of: task(0, segment)), costMicroseconds: 1))
    }

    private func name(_ segment: Int) -> ResultName {
        ResultName(lease: lease, job: job, task: task(0, segment), key: key(of: task(0, segment)))
    }

    private func orders(_ effects: [WorkerEffect]) -> [RenderOrder] {
        effects.compactMap { if case .render(let order) = $0 { order } else { nil } }
    }

    @Test("It says hello until it is welcome, and takes no lease before")
    func hello() {
        var worker = WorkerMachine(peer: peer(1), engine: engine, at: Tick(0))
        for number in UInt64(1)...3 {
            let effects = worker.handle(.timer, at: Tick(number * 500))
            let hellos = effects.compactMap {
                if case .send(.hello(let hello)) = $0 { hello.number } else { nil }
            }
            #expect(hellos == [number])
        }
        #expect(orders(worker.handle(.message(grant(0, 2)), at: Tick(1_600))).isEmpty)
    }

    @Test("It goes on from its live state without waiting for a COMMIT")
    func goesOn() {
        var worker = worker()
        #expect(orders(worker.handle(.message(grant(0, 3)), at: Tick(2))).map(\.start) == [.beginning])
        let effects = worker.handle(rendering(0), at: Tick(3))
        #expect(orders(effects).map(\.task) == [task(0, 1)])
        #expect(
            orders(effects).map(\.start) == [
                .live(Part(digest: Digest(high: 1_000, low: 1_000), byteCount: 5))
            ])
    }

    @Test("At its credit it stops until a COMMIT")
    func credit() {
        var worker = worker(credit: Credit(results: 2, bytes: 1_000))
        _ = worker.handle(.message(grant(0, 5)), at: Tick(2))
        #expect(orders(worker.handle(rendering(0), at: Tick(3))).count == 1)
        #expect(orders(worker.handle(rendering(1), at: Tick(4))).isEmpty)
        #expect(worker.uncommittedCount == 2)
        let effects = worker.handle(.message(.commit(name(0))), at: Tick(5))
        #expect(effects.contains(.discard(name(0))))
        #expect(orders(effects).map(\.task) == [task(0, 2)])
    }

    @Test("One result may be larger than all the credit")
    func largeResult() {
        var worker = worker(credit: Credit(results: 4, bytes: 1))
        #expect(orders(worker.handle(.message(grant(0, 5)), at: Tick(2))).count == 1)
        #expect(orders(worker.handle(rendering(0), at: Tick(3))).isEmpty)
        #expect(orders(worker.handle(.message(.drop(name(0))), at: Tick(4))).count == 1)
    }

    @Test("STOP ends the run at the boundary, and no late EXTEND takes it up again")
    func stop() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 5)), at: Tick(2))
        _ = worker.handle(rendering(0), at: Tick(3))
        let effects = worker.handle(.message(.stop(lease, at: 1)), at: Tick(4))
        #expect(effects.contains(.abandon))
        _ = worker.handle(.abandoned, at: Tick(5))
        let late = HorizonExtension(lease: lease, from: 1, inputs: [[], []])
        #expect(orders(worker.handle(.message(.extend(late)), at: Tick(6))).isEmpty)
        #expect(worker.uncommittedCount == 1, "what lies before the boundary is still held")
    }

    @Test("A new order waits until the engine has stopped; an engine that does not stop ends the process")
    func abandon() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 5)), at: Tick(2))
        #expect(worker.handle(.message(.end(lease)), at: Tick(3)).contains(.abandon))
        let next = FarmMessage.lease(
            Grant(
                lease: LeaseID(Incarnation(1), 5), job: job, program: ProgramID(0), start: 0, snapshot: nil,
                inputs: [[]], loadsSnapshot: false))
        var stuck = worker
        #expect(orders(worker.handle(.message(next), at: Tick(4))).isEmpty)
        // It finished at the very moment: that answer ends the waiting as well.
        #expect(orders(worker.handle(rendering(0), at: Tick(5))).map(\.lease.counter) == [5])
        #expect(worker.uncommittedCount == 0)
        _ = stuck.handle(.message(.beat(coordinator: Incarnation(1))), at: Tick(11_000))
        #expect(stuck.handle(.timer, at: Tick(11_000)).contains(.exit(.hung)))
    }

    @Test("A new coordinator is told what is held; what it does not keep is discarded")
    func newCoordinator() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 2)), at: Tick(2))
        _ = worker.handle(rendering(0), at: Tick(3))
        _ = worker.handle(rendering(1), at: Tick(4))
        let effects = worker.handle(.message(.beat(coordinator: Incarnation(2))), at: Tick(5))
        let held = effects.compactMap { if case .send(.hello(let hello)) = $0 { hello.held } else { nil } }
        #expect(held == [[name(0), name(1)]])
        let answer = worker.handle(
            .message(
                .welcome(
                    Welcome(
                        number: 2, coordinator: Incarnation(2), credit: Credit(results: 4, bytes: 1_000),
                        lease: nil, keep: [name(1)]))), at: Tick(6))
        #expect(answer.contains(.discard(name(0))))
        #expect(worker.uncommittedCount == 1)
        #expect(worker.lease == nil)
    }

    @Test("SIGTERM finishes the running segment and leaves when it is committed; a second one leaves at once")
    func terminate() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 5)), at: Tick(2))
        var impatient = worker
        #expect(
            worker.handle(.terminate, at: Tick(3)).allSatisfy { if case .exit = $0 { false } else { true } })
        #expect(orders(worker.handle(rendering(0), at: Tick(4))).isEmpty)
        let effects = worker.handle(.message(.commit(name(0))), at: Tick(5))
        #expect(effects.suffix(2) == [.send(.goodbye), .exit(.drained)])
        _ = impatient.handle(.terminate, at: Tick(3))
        #expect(impatient.handle(.terminate, at: Tick(4)).last == .exit(.terminated))
    }

    @Test("It says a result again until it is answered, and leaves when nobody is there")
    func resend() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 1)), at: Tick(2))
        _ = worker.handle(rendering(0), at: Tick(3))
        let again = worker.handle(.timer, at: Tick(6_000))
        let isSaid = again.contains {
            if case .send(.result(let report)) = $0 { report.name == name(0) } else { false }
        }
        #expect(isSaid)
        #expect(worker.handle(.timer, at: Tick(60_000)).last == .exit(.lostLink))
    }

    @Test("A failure is said until the lease ends, and nothing more is rendered")
    func failure() {
        var worker = worker()
        _ = worker.handle(.message(grant(0, 3)), at: Tick(2))
        let effects = worker.handle(.failed(lease, segment: 0, reason: "NaN in Bell"), at: Tick(3))
        let report = FailureReport(lease: lease, job: job, task: task(0, 0), reason: "NaN in Bell")
        #expect(effects == [.send(.failed(report))])
        #expect(worker.handle(.timer, at: Tick(6_000)).contains(.send(.failed(report))))
        _ = worker.handle(.message(.end(lease)), at: Tick(6_001))
        #expect(!worker.handle(.timer, at: Tick(12_000)).contains(.send(.failed(report))))
    }
}
