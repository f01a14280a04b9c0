extension CoordinatorMachine {
    /// Live workers that hold a lease.
    package var busyWorkerCount: Int { workers.count { !$0.isGone && $0.lease != nil } }
}
