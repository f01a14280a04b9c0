import FarmProtocol
import Quantities
import RenderPlan
import Testing

@Suite struct IdentifierTests {
    @Test("A later life of a worker is the greater peer, whatever its number in another worker's count")
    func peerOrder() {
        let first = Peer(WorkerID(1), Incarnation(9))
        let again = Peer(WorkerID(1), Incarnation(10))
        let other = Peer(WorkerID(2), Incarnation(1))
        #expect([other, again, first].sorted() == [first, again, other])
        #expect(first.description == "w1.i9")
    }

    @Test("A lease of a later coordinator is the greater one, whatever its counter")
    func leaseOrder() {
        #expect(LeaseID(Incarnation(1), 900) < LeaseID(Incarnation(2), 1))
        #expect(LeaseID(Incarnation(2), 1) < LeaseID(Incarnation(2), 2))
    }

    @Test("A grant's horizon is its start and the segments it brings inputs for")
    func horizon() {
        let grant = Grant(
            lease: LeaseID(Incarnation(1), 1), job: JobID(1), program: ProgramID(0), start: 5, snapshot: nil,
            inputs: [[], [], []], loadsSnapshot: false)
        #expect(grant.horizon == 8)
    }

    @Test("A credit of no results is a mistake of the caller")
    func noCredit() async {
        await #expect(processExitsWith: .failure) { _ = Credit(results: 0, bytes: 1) }
    }
}
