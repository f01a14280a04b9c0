/// A worker's lasting name: the machine or slot it runs on, the same after a restart.
package struct WorkerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: WorkerID, b: WorkerID) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "w\(rawValue)" }
}

/// One life of a process; a later life of the same worker or coordinator has a larger number.
package struct Incarnation: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Incarnation, b: Incarnation) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "i\(rawValue)" }
}

/// One life of one worker: what messages are addressed to, so that none reaches the next life by mistake.
package struct Peer: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let worker: WorkerID
    package let incarnation: Incarnation

    package init(_ worker: WorkerID, _ incarnation: Incarnation) {
        self.worker = worker
        self.incarnation = incarnation
    }

    package static func < (a: Peer, b: Peer) -> Bool {
        (a.worker, a.incarnation) < (b.worker, b.incarnation)
    }

    package var description: String { "\(worker).\(incarnation)" }
}

/// A lease's name: which life of the coordinator granted it, and as which number.
package struct LeaseID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let coordinator: Incarnation
    package let counter: UInt64

    package init(_ coordinator: Incarnation, _ counter: UInt64) {
        self.coordinator = coordinator
        self.counter = counter
    }

    package static func < (a: LeaseID, b: LeaseID) -> Bool {
        (a.coordinator, a.counter) < (b.coordinator, b.counter)
    }

    package var description: String { "L\(coordinator.rawValue).\(counter)" }
}

/// A job's name, chosen by the client, so that a retried submission is the same job.
package struct JobID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: JobID, b: JobID) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "j\(rawValue)" }
}
