import FarmCoordination
import FarmProtocol
import RenderPlan

extension World {
    /// What must hold when all is over.
    func finalChecks() {
        if !store.pins.isEmpty { fail("\(store.pins.count) blobs are still pinned") }
        guard let coordinator else { return fail("the coordinator is down at the end") }
        if !coordinator.machine.liveJobs.isEmpty { fail("a job is live after its end") }
        do { try coordinator.machine.checkInvariants() } catch { fail("\(error)") }
        var folded = ledger
        folded.fold()
        if folded.results != ledger.results { fail("the ledger's fold is not what is in memory") }
        // A job that was cancelled before its audits leaves hints that nobody checked.
        guard shape.faults.lie > 0, shape.jobs.allSatisfy({ $0.cancelledAt == nil }) else { return }
        // Whatever survived in the ledger under a right key must be right.
        for job in shape.jobs where checker.outcomes[job.id] == .finished(failures: []) {
            for row in checker.reference[job.id] ?? [] {
                for (key, result) in row where ledger.results[key] != nil && ledger.results[key] != result {
                    fail("a lie survived in the ledger under \(key)")
                }
            }
        }
    }

    /// What everybody waits for, for the message of a world that stands still.
    func pending() -> String {
        guard let machine = coordinator?.machine else { return "the coordinator is down" }
        var lines = ["coordinator life \(coordinatorLife)"]
        for job in machine.liveJobs {
            lines.append("\(job) \(machine.progress(of: job).map { "\($0.done) of \($0.total)" } ?? "")")
            lines.append(machine.explanation(of: job))
        }
        for worker in workers {
            lines.append(
                "\(worker.peer) alive \(worker.isAlive) lease \(worker.machine?.lease.map(\.description) ?? "none") "
                    + "renders \(worker.order?.task.description ?? "nothing") "
                    + "uncommitted \(worker.machine?.uncommittedCount ?? 0)")
        }
        return lines.joined(separator: "\n  ")
    }
}
