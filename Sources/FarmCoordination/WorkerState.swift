import FarmProtocol
import RenderPlan

/// A run of segments that one worker has.
struct Lease {
    let id: LeaseID
    let job: Int
    let program: Int
    /// The first segment of the run.
    let start: Int
    /// The first segment that has not been committed.
    var next: Int
    /// The first segment that is not part of the run.
    var horizon: Int
    /// When the horizon last moved or the lease began: repeats of messages wait for it.
    var changedAt: Tick
    /// The worker was told to stop early: the run is not lengthened again.
    var isCut = false
    /// Results whose keys are not known yet, by segment.
    var held: [ResultReport] = []

    func covers(_ segment: Int) -> Bool { segment >= next && segment < horizon }
}

/// A lease that is over; a late result under it is still looked at.
struct EndedLease {
    let id: LeaseID
    let job: Int
    let program: Int
}

/// What the coordinator knows of one life of a worker.
struct WorkerState {
    let peer: Peer
    var lastHeard: Tick
    var isGone = false
    var hasLostLink = false
    var isDraining = false
    var lease: Lease?
    /// The last few leases it had, newest last.
    var ended: [EndedLease] = []
    /// Leases of an earlier coordinator under which it still holds results that are wanted.
    var adopted: [LeaseID] = []
    /// Chain and segment at which it has live state.
    var live: (job: Int, program: Int, segment: Int)?
    var status: LeaseStatus?
    var lastProgress: Tick
    /// Place in the order of commits up to which an audit found it right.
    var agreedSequence: UInt64 = 0

    init(peer: Peer, now: Tick) {
        self.peer = peer
        lastHeard = now
        lastProgress = now
    }
}
