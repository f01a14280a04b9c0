import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// A bug planted between host and machine, to prove that the checkers would see it in the machine.
package enum Mutation: Sendable, CaseIterable {
    /// A result under a lease that is over is taken for one of the task's present lease and key.
    case lateResultsAreCommitted
    /// A result is taken whoever sent it.
    case foreignResultsAreAccepted
    /// A worker that was heard of once is never given up.
    case leasesNeverExpire
}

/// Stands before the machine and changes what it hears, as a machine with the bug would have heard it.
struct Tamperer {
    let mutation: Mutation
    private var owners: [LeaseID: Peer] = [:]
    private var runs: [(lease: LeaseID, job: JobID, program: ProgramID, start: Int, peer: Peer)] = []
    private var peers: [Peer] = []
    private var keys: [Place: TaskKey] = [:]

    private struct Place: Hashable {
        let job: JobID
        let task: TaskID
    }

    init(mutation: Mutation) { self.mutation = mutation }

    mutating func tamper(_ inputs: inout [Input]) {
        switch (mutation, inputs[0]) {
        case (_, .lookedUp(let answer)): keys[Place(job: answer.job, task: answer.task)] = answer.key
        case (.foreignResultsAreAccepted, .stored(let peer, let report)):
            inputs[0] = .stored(from: owners[report.name.lease] ?? peer, report)
        case (.lateResultsAreCommitted, .stored(_, var report)):
            let name = report.name
            guard
                let run = runs.last(where: {
                    $0.job == name.job && $0.program == name.task.program && $0.start <= name.task.segment
                }), run.lease != name.lease
            else { return }
            report.name.lease = run.lease
            report.name.key = keys[Place(job: name.job, task: name.task)] ?? name.key
            inputs[0] = .stored(from: run.peer, report)
        case (.leasesNeverExpire, .timer):
            inputs = peers.map { .message(from: $0, .heartbeat(WorkerReport())) } + inputs
        case (.leasesNeverExpire, .exited): inputs = []
        case (.leasesNeverExpire, .message(let peer, .hello)): if !peers.contains(peer) { peers.append(peer) }
        default: return
        }
    }

    mutating func observe(_ effects: [Effect]) {
        for effect in effects {
            guard case .send(let peer, .lease(let grant)) = effect else { continue }
            owners[grant.lease] = peer
            runs.removeAll { $0.job == grant.job && $0.program == grant.program }
            runs.append((grant.lease, grant.job, grant.program, grant.start, peer))
        }
    }
}
