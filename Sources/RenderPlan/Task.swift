package import Quantities

/// A program's place in its plan; programs only read streams of programs with a smaller number.
package struct ProgramID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let rawValue: Int
    package init(_ rawValue: Int) { self.rawValue = rawValue }
    package static func < (a: ProgramID, b: ProgramID) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "p\(rawValue)" }
}

/// How the segments of a program depend on each other (DESIGN: docs/ARCHITECTURE.md, "Three kinds of program").
package enum ProgramKind: UInt8, Sendable, Hashable, Codable {
    /// Recursive state: segments in order, each from the snapshot before.
    case chained = 1
    /// Finite memory: any order, any worker, no snapshot.
    case windowed = 2
    /// One task for the whole song.
    case whole = 3
}

/// One segment of one program: the unit that is keyed, leased, committed and pinned.
package struct TaskID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let program: ProgramID
    package let segment: Int

    package init(_ program: ProgramID, _ segment: Int) {
        self.program = program
        self.segment = segment
    }

    package static func < (a: TaskID, b: TaskID) -> Bool {
        (a.program, a.segment) < (b.program, b.segment)
    }

    package var description: String { "\(program)/\(segment)" }
}

/// A run of bytes with its digest: at most 65,536 frames of a window, a snapshot, a measurement, or blocks of a file.
package struct Part: Hashable, Sendable {
    package let digest: Digest
    package let byteCount: Int

    package init(digest: Digest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }
}

/// What a segment task came to: nothing but digests. The bytes are looked up by digest when somebody reads them.
package struct TaskResult: Hashable, Sendable {
    /// Per output port, the parts of its window in order.
    package var outputs: [[Part]]
    /// The state at the segment's end; chained programs only.
    package var snapshot: Part?

    package init(outputs: [[Part]], snapshot: Part? = nil) {
        self.outputs = outputs
        self.snapshot = snapshot
    }

    /// All that it names, the snapshot last.
    package var parts: [Part] { Array(outputs.joined()) + (snapshot.map { [$0] } ?? []) }
}

/// What the farm needs to know of a program: no sound, no parameters, only who waits for whom.
package struct ProgramShape: Sendable, Hashable {
    package var kind: ProgramKind
    package var segmentCount: Int
    /// Per segment, the tasks whose results it reads, in the order in which its key names them. A task of the
    /// same program never appears: a chained program's own order is implied by its kind.
    package var dependencies: [[TaskID]]
    /// Relative cost of one segment (versioned constants of the compiler, never measured).
    package var costPerSegment: Int
    /// False where a result is digests only (hashing a source): there are no bytes to store, pin or lose.
    package var storesOutputs: Bool
    /// True where the deliverables' writer reads every window in order and acknowledges each one.
    package var isDelivered: Bool
    /// True where windows stay pinned until the job ends, because programs added later will read them.
    package var isRetained: Bool
    /// The song it belongs to: a quarantined task fails its song, and the other songs go on.
    package var song: Int

    package init(
        kind: ProgramKind, segmentCount: Int, dependencies: [[TaskID]], costPerSegment: Int = 1,
        storesOutputs: Bool = true, isDelivered: Bool = false, isRetained: Bool = false, song: Int = 0
    ) {
        precondition(dependencies.count == segmentCount, "one dependency list per segment")
        precondition(kind != .whole || segmentCount == 1, "a whole program is one task")
        self.kind = kind
        self.segmentCount = segmentCount
        self.dependencies = dependencies
        self.costPerSegment = costPerSegment
        self.storesOutputs = storesOutputs
        self.isDelivered = isDelivered
        self.isRetained = isRetained
        self.song = song
    }
}
