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
    /// Equal keys of two jobs are taken for different ones.
    case keysAreNotShared
    /// What a paused job's workers finish is thrown away.
    case pausesLoseResults
}

/// Stands before the machine and changes what it hears and says, as a machine with the bug would have.
struct Tamperer {
    let mutation: Mutation
    private var owners: [LeaseID: Peer] = [:]
    private var runs: [(lease: LeaseID, job: JobID, program: ProgramID, start: Int, peer: Peer)] = []
    private var peers: [Peer] = []
    private var keys: [Place: TaskKey] = [:]
    private var paused: Set<JobID> = []

    private struct Place: Hashable {
        let job: JobID
        let task: TaskID
    }

    init(mutation: Mutation) { self.mutation = mutation }

    /// Changes the inputs; returns what is said without the machine.
    mutating func tamper(_ inputs: inout [Input]) -> [Effect] {
        switch (mutation, inputs[0]) {
        case (.keysAreNotShared, _): inputs[0] = salted(inputs[0])
        case (_, .lookedUp(let answer)): keys[Place(job: answer.job, task: answer.task)] = answer.key
        case (.foreignResultsAreAccepted, .stored(let peer, let report)):
            inputs[0] = .stored(from: owners[report.name.lease] ?? peer, report)
        case (.lateResultsAreCommitted, .stored(_, var report)):
            let name = report.name
            guard
                let run = runs.last(where: {
                    $0.job == name.job && $0.program == name.task.program && $0.start <= name.task.segment
                }), run.lease != name.lease
            else { return [] }
            report.name.lease = run.lease
            report.name.key = keys[Place(job: name.job, task: name.task)] ?? name.key
            inputs[0] = .stored(from: run.peer, report)
        case (.leasesNeverExpire, .timer):
            inputs = peers.map { .message(from: $0, .heartbeat(WorkerReport())) } + inputs
        case (.leasesNeverExpire, .exited): inputs = []
        case (.leasesNeverExpire, .message(let peer, .hello)): if !peers.contains(peer) { peers.append(peer) }
        case (.pausesLoseResults, .pause(let job)): paused.insert(job)
        case (.pausesLoseResults, .resume(let job)): paused.remove(job)
        case (.pausesLoseResults, .stored(let peer, let report)) where paused.contains(report.name.job):
            inputs = []
            return [.send(peer, .drop(report.name))]
        default: break
        }
        return []
    }

    mutating func observe(_ effects: inout [Effect]) {
        for (place, effect) in effects.enumerated() {
            if mutation == .keysAreNotShared { effects[place] = plain(effect) }
            guard case .send(let peer, .lease(let grant)) = effect else { continue }
            owners[grant.lease] = peer
            runs.removeAll { $0.job == grant.job && $0.program == grant.program }
            runs.append((grant.lease, grant.job, grant.program, grant.start, peer))
        }
    }
}

/// Each job's keys under names of its own, there and back.
extension Tamperer {
    private func salted(_ key: TaskKey, _ job: JobID) -> TaskKey {
        TaskKey(words: key.words ^ SIMD4(job.rawValue << 40, 0, 0, 0))
    }

    private func salted(_ name: ResultName) -> ResultName {
        var name = name
        name.key = salted(name.key, name.job)
        return name
    }

    private func salted(_ input: Input) -> Input {
        switch input {
        case .lookedUp(var answer):
            answer.key = salted(answer.key, answer.job)
            return .lookedUp(answer)
        case .stored(let peer, var report):
            report.name = salted(report.name)
            return .stored(from: peer, report)
        case .unverified(let peer, let name): return .unverified(from: peer, salted(name))
        case .message(let peer, .hello(var hello)):
            hello.held = hello.held.map(salted)
            return .message(from: peer, .hello(hello))
        default: return input
        }
    }

    private func plain(_ effect: Effect) -> Effect {
        switch effect {
        case .send(let peer, .commit(let name)): .send(peer, .commit(salted(name)))
        case .send(let peer, .drop(let name)): .send(peer, .drop(salted(name)))
        case .send(let peer, .welcome(let welcome)): .send(peer, .welcome(plain(welcome)))
        case .persist(let number, .result(let entry)):
            .persist(
                number,
                .result(
                    LedgerEntry(
                        key: salted(entry.key, entry.job), result: entry.result, job: entry.job, task: entry.task,
                        peer: entry.peer, costMicroseconds: entry.costMicroseconds)))
        default: effect
        }
    }

    private func plain(_ welcome: Welcome) -> Welcome {
        var welcome = welcome
        welcome.keep = welcome.keep.map(salted)
        return welcome
    }
}
