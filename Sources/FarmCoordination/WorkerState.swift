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
    /// Its one segment is also another worker's, who takes long over it.
    var isSecondRun: Bool
    /// Another worker was first with the segment that this one is at.
    var isBeaten = false
    let grantedAt: Tick
    /// When segment `next` became the first that is not committed.
    var segmentSince: Tick
    /// The segment that was started a second time elsewhere.
    var speculatedSegment = -1
    /// Results whose keys are not known yet, by segment.
    var held: [ResultReport] = []

    init(
        id: LeaseID, job: Int, program: Int, segments: Range<Int>, isSecondRun: Bool, at now: Tick
    ) {
        self.id = id
        self.job = job
        self.program = program
        self.isSecondRun = isSecondRun
        start = segments.lowerBound
        next = segments.lowerBound
        horizon = segments.upperBound
        changedAt = now
        grantedAt = now
        segmentSince = now
    }

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
    /// When the transport saw its connection go, if nothing was heard since.
    var linkLostAt: Tick?
    var hasLostLink: Bool { linkLostAt != nil }
    var isDraining = false
    /// It was told to leave and has not said that it does.
    var isAskedToLeave = false
    /// It was lost too often: no lease before this.
    var restsUntil = Tick(0)
    /// Its place in the list of idle workers, or -1.
    var idlePlace = -1
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
