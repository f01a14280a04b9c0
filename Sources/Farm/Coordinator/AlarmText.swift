import FarmCoordination
import FarmProtocol
import Foundation
import Quantities
import Storage

extension Alarm {
    var job: JobID {
        switch self {
        case .disputed(let job, _, _, _), .settled(let job, _, _, _, _, _, _), .undecided(let job, _, _, _): job
        }
    }

    /// For people.
    var text: String {
        switch self {
        case .disputed(_, let task, let key, let claims):
            let sides = claims.map { $0.peer?.worker.description ?? "an earlier record" }.joined(separator: " and ")
            let start = String(key.description.prefix(12))
            return "two results for \(task) (key \(start)), of \(sides): a third run decides"
        case .settled(_, let task, _, _, let wrong, let dropped, _):
            let names = wrong.map(\.description).joined(separator: ", ")
            let culprits = names.isEmpty ? "earlier records" : names
            return "\(task) settled: wrong were \(culprits); \(dropped) results dropped"
        case .undecided(_, let task, _, _): return "no two runs of \(task) agree: this machine cannot be trusted"
        }
    }
}

extension LedgerConflict {
    /// For people: one of the two is wrong, and who knows which.
    var text: String {
        let day = Date(timeIntervalSince1970: Double(existing.recordedAtSeconds)).ISO8601Format()
        return "the ledger holds another result for key \(String(rejected.key.description.prefix(12))), made by"
            + " \(existing.provenance.worker) (\(existing.provenance.processorModel)) at \(day); here"
            + " \(rejected.provenance.worker) made another one. A machine of the two cannot be trusted: render with"
            + " --no-cache on a third"
    }
}

extension FarmEvent {
    /// The job that it is about; nil for news of workers.
    var job: JobID? {
        switch self {
        case .accepted(let job), .rejected(let job, _), .reused(let job, _), .committed(let job, _, _),
            .repeated(let job, _), .completed(let job, _), .retracted(let job, _), .attemptFailed(let job, _, _, _, _),
            .songFailed(let job, _), .delivered(let job, _), .ended(let job, _):
            job
        default: nil
        }
    }
}

extension Peer {
    /// Whom the ledger names; nil for what no worker made.
    init?(_ provenance: Provenance) {
        guard provenance.worker.first == "w", provenance.incarnation.first == "i",
            let worker = UInt64(provenance.worker.dropFirst()), let life = UInt64(provenance.incarnation.dropFirst())
        else { return nil }
        self.init(WorkerID(worker), Incarnation(life))
    }
}
