import Farm
import FarmProtocol
import RenderPlan
import Testing

/// A program travels once to each worker, and again whenever the worker may not have it.
@Suite struct SentProgramsTests {
    private let a = Peer(WorkerID(1), Incarnation(1))
    private let b = Peer(WorkerID(2), Incarnation(1))

    private func grant(_ number: UInt64, job: UInt64 = 1, program: Int = 1) -> Grant {
        Grant(
            lease: LeaseID(Incarnation(9), number), job: JobID(job), program: ProgramID(program), start: 0,
            snapshot: nil, inputs: [[]], loadsSnapshot: false)
    }

    @Test func `a program goes with the first lease of it that a worker gets`() {
        var sent = SentPrograms()
        let news = [
            sent.isNews(grant(1), to: a), sent.isNews(grant(2), to: a), sent.isNews(grant(3), to: b),
            sent.isNews(grant(4, program: 2), to: a), sent.isNews(grant(5, job: 2), to: a),
            sent.isNews(grant(6), to: a),
        ]
        #expect(news == [true, false, true, true, true, false])
    }

    @Test func `a lease that is said again brings its program again`() {
        var sent = SentPrograms()
        // The first lease was lost, and later another one: saying it again heals that.
        let news = [1, 1, 2, 2, 2, 3].map { sent.isNews(grant($0), to: a) }
        #expect(news == [true, true, false, true, true, false])
    }

    @Test func `what a lost worker or a forgotten job had is sent anew`() {
        var sent = SentPrograms()
        for peer in [a, b] { for job in UInt64(1)...2 { _ = sent.isNews(grant(job, job: job), to: peer) } }
        sent.forget(a)
        let ofWorker = [a, b].map { sent.isNews(grant(3), to: $0) }
        #expect(ofWorker == [true, false])
        sent.forget(JobID(1))
        let ofJob = [UInt64(1), 2].map { sent.isNews(grant(3 + $0, job: $0), to: b) }
        #expect(ofJob == [true, false])
    }
}
