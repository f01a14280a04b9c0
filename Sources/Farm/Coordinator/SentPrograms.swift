package import FarmProtocol

/// Which programs each worker has been sent: one travels with the first lease of it that a worker gets, and with every
/// lease that is said again, for then the worker may not have had it.
package struct SentPrograms {
    private struct Receipts {
        var programs: Set<ProgramName> = []
        var lastLease: LeaseID?
    }

    private var receipts: [Peer: Receipts] = [:]

    package init() {}

    /// Whether the program must go with this lease; it then counts as sent.
    package mutating func isNews(_ grant: Grant, to peer: Peer) -> Bool {
        let isRepeated = receipts[peer]?.lastLease == grant.lease
        receipts[peer, default: Receipts()].lastLease = grant.lease
        let program = ProgramName(job: grant.job, program: grant.program)
        let isNew = receipts[peer, default: Receipts()].programs.insert(program).inserted
        return isNew || isRepeated
    }

    /// The worker may have lost what it was sent.
    package mutating func forget(_ peer: Peer) { receipts[peer] = nil }

    /// The job's programs are sent no more.
    package mutating func forget(_ job: JobID) {
        receipts = receipts.mapValues { known in
            Receipts(programs: known.programs.filter { $0.job != job }, lastLease: known.lastLease)
        }
    }
}
