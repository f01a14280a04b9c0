internal import GRDB
internal import Glibc
internal import Hashing
package import Quantities
package import RenderPlan

/// A part that was found missing or wrong, and dropped.
package struct BlobLoss: Hashable, Sendable {
    package let digest: Digest
    package let range: PackRange
    /// What was found, as a sentence.
    package let reason: String
}

extension Store {
    /// Makes an empty pack for one writing process, which opens it with `PackWriter` by its number.
    package func createPack() throws -> PackID {
        try withState { try createPack(&$0) }
    }

    func createPack(_ state: inout StoreState) throws -> PackID {
        var created: PackID?
        try database.inTransaction(.immediate) { db in
            while created == nil {
                try db.run("INSERT INTO pack (owner) VALUES (?)", [ownerID])
                let id = PackID(Int(db.lastInsertedRowID))
                do {
                    _ = try OpenFile(path: layout.pack(id), flags: O_RDWR | O_CREAT | O_EXCL)
                    created = id
                } catch let failure as OpenFailure {
                    // Left over from a database that somebody deleted: the next number, then.
                    guard failure.number == EEXIST else {
                        throw StoreError.system("open", failure.path, failure.number)
                    }
                    try db.run("DELETE FROM pack WHERE id = ?", [id.rawValue])
                }
            }
            return .commit
        }
        let id = created!
        state.ownPacks.insert(id)
        state.hasUnsynchronizedDirectory = true
        return id
    }

    /// Says that nobody will write to a pack any more (its worker is gone, nothing of it is left to record),
    /// so that what is not in use may be swept before this process ends.
    package func retirePack(_ id: PackID) throws {
        try withState { state in
            try writePending(&state)
            state.ownPacks.remove(id)
            try database.writeWithoutTransaction { db in
                try db.run(
                    "UPDATE pack SET owner = NULL, isSwept = 0 WHERE id = ? AND owner = ?",
                    [id.rawValue, ownerID])
            }
        }
    }

    /// Why a range is taken to hold the bytes of a digest when it is entered.
    package enum Evidence: Sendable {
        /// It is read now.
        case none
        /// The writer's word, where the pack reaches that far: looked at when it is first read, like what an earlier
        /// life of this process left.
        case word
        /// The caller has seen the bytes.
        case seen
    }

    /// Enters a part that a writer has appended, and returns where its bytes lie from now on: a part that was
    /// there before stays where it was, and the second copy is given back to the disk.
    ///
    /// - Throws: `.blobMissing`, `.blobDamaged` or `.invalidRange` where the range does not hold the part.
    @discardableResult
    package func record(_ part: Part, at range: PackRange, _ evidence: Evidence = .none) throws -> PackRange {
        guard range.byteCount == part.byteCount, range.checkedEnd != nil else {
            throw StoreError(
                .invalidRange,
                "a part of \(part.byteCount) bytes cannot lie in \(range.byteCount) bytes of \(range.pack)")
        }
        switch evidence {
        case .none: try reader.verify(range, digest: part.digest)
        case .word: try reader.checkExtent(range)
        case .seen: break
        }
        if let existing = try intactRange(of: part.digest, besides: range) { return existing }
        return try withState { state in
            // Another thread may have recorded the digest while this one was reading.
            if let entry = state.index[part.digest], entry.isVerified { return entry.range }
            state.index[part.digest] = .init(
                range: range, isVerified: evidence != .word, isPending: true, lastUse: now())
            state.pendingBlobs.append(part.digest)
            state.unsynchronizedPacks.insert(range.pack)
            try flushWhenDue(&state)
            return range
        }
    }

    /// Appends bytes to this process's own pack and enters them.
    package func store(_ bytes: UnsafeRawBufferPointer) throws -> Part {
        let writer = try withState { state in
            if let writer = state.ownWriter { return writer }
            let writer = try PackWriter(directory: directory, namespace: namespace, id: createPack(&state))
            state.ownWriter = writer
            return writer
        }
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        if try intactRange(of: part.digest, besides: nil) != nil { return part }
        try record(part, at: writer.append(bytes), .seen)
        return part
    }

    /// Appends bytes to this process's own pack and enters them.
    package func store(_ bytes: [UInt8]) throws -> Part {
        try bytes.withUnsafeBytes { try store($0) }
    }

    /// Where the bytes of a digest lie; nil where the store has none.
    ///
    /// They are checked when they are read.
    package func locate(_ digest: Digest) throws -> PackRange? {
        try withState { try locate(digest, &$0)?.range }
    }

    /// Those of which the store has no bytes.
    package func absent(_ digests: Set<Digest>) throws -> Set<Digest> {
        try withState { state in
            let unknown = digests.filter { state.index[$0] == nil }
            if !unknown.isEmpty {
                // One transaction, so that SQLite takes its locks once.
                try database.inTransaction(.deferred) { db in
                    let places = try BlobPlaces(db)
                    for digest in unknown { state.index[digest] = try places.entry(of: digest) }
                    return .commit
                }
            }
            return digests.filter { digest in
                guard state.index[digest] != nil else { return true }
                touch(digest, &state)
                return false
            }
        }
    }

    /// The bytes of a digest, verified; nil where the store has none, or had and found them wrong
    /// (`losses()`).
    package func read(_ digest: Digest) throws -> [UInt8]? {
        try readIntact(digest) { range in try reader.read(range, digest: digest) }
    }

    /// Reads a part into a buffer of exactly its size, verified; false where the store has no such bytes.
    package func read(_ part: Part, into buffer: UnsafeMutableRawBufferPointer) throws -> Bool {
        try readIntact(part.digest) { range in
            guard range.byteCount == buffer.count else {
                throw StoreError(
                    .invalidRange, "\(part.digest) has \(range.byteCount) bytes, not \(buffer.count)")
            }
            try reader.read(range, digest: part.digest, into: buffer)
            return true
        } ?? false
    }

    /// Takes a digest out of the index, because its bytes were found missing or wrong, by a worker perhaps.
    ///
    /// - Parameter range: where that was; another range that is known by now is left alone.
    package func drop(_ digest: Digest, at range: PackRange? = nil, reason: String) throws {
        try withState { state in
            guard let known = try storedRange(digest, &state), range == nil || range == known else { return }
            try drop(digest, known, reason, &state)
        }
    }

    /// What was dropped since the store was opened: how many, and the last thousand of them.
    package func losses() throws -> (count: Int, latest: [BlobLoss]) {
        try withState { ($0.lossCount, $0.losses) }
    }

    // MARK: Under the lock

    func locate(_ digest: Digest, _ state: inout StoreState) throws -> StoreState.IndexEntry? {
        if state.index[digest] == nil { state.index[digest] = try stored(digest) }
        touch(digest, &state)
        return state.index[digest]
    }

    private func touch(_ digest: Digest, _ state: inout StoreState) {
        let now = now()
        guard let entry = state.index[digest], now - entry.lastUse >= Self.useGranularitySeconds else { return }
        state.index[digest]?.lastUse = now
        state.touched.insert(digest)
    }

    private func stored(_ digest: Digest) throws -> StoreState.IndexEntry? {
        try database.writeWithoutTransaction { try BlobPlaces($0).entry(of: digest) }
    }

    /// The range as the database has it, or as it will have it after the next flush.
    func storedRange(_ digest: Digest, _ state: inout StoreState) throws -> PackRange? {
        if let entry = state.index[digest], entry.isPending { return entry.range }
        return try stored(digest)?.range
    }

    func drop(_ digest: Digest, _ range: PackRange, _ reason: String, _ state: inout StoreState) throws {
        if let entry = state.index.removeValue(forKey: digest), entry.isPending {
            state.pendingBlobs.removeAll { $0 == digest }
        }
        state.touched.remove(digest)
        try database.writeWithoutTransaction { db in
            try db.run(
                "DELETE FROM blob WHERE high = ? AND low = ? AND pack = ? AND offset = ?",
                digest.columns + [range.pack.rawValue.databaseValue, range.offset.databaseValue])
        }
        state.lossCount += 1
        if state.losses.count >= 1_000 { state.losses.removeFirst() }
        state.losses.append(BlobLoss(digest: digest, range: range, reason: reason))
    }

    // MARK: Reading outside the lock

    private func readIntact<T>(_ digest: Digest, _ body: (PackRange) throws -> T) throws -> T? {
        while let range = try locate(digest) {
            do {
                let value = try body(range)
                try withState { state in
                    if state.index[digest]?.range == range { state.index[digest]?.isVerified = true }
                }
                return value
            } catch let error as StoreError where error.isLoss {
                try dropUnlessMoved(digest, range, error)
            }
        }
        return nil
    }

    /// Where sound bytes of the digest lie already; a copy in `candidate` is then given back.
    ///
    /// Wrong ones are dropped.
    private func intactRange(of digest: Digest, besides candidate: PackRange?) throws -> PackRange? {
        while let entry = try withState({ try locate(digest, &$0) }) {
            if !entry.isVerified {
                do {
                    try reader.verify(entry.range, digest: digest)
                    try withState { state in
                        if state.index[digest]?.range == entry.range {
                            state.index[digest]?.isVerified = true
                        }
                    }
                } catch let error as StoreError where error.isLoss {
                    try dropUnlessMoved(digest, entry.range, error)
                    continue
                }
            }
            // Another process may have evicted what this one remembers: then what comes is the only copy.
            if !entry.isPending, try withState({ _ in try stored(digest) })?.range != entry.range {
                try withState { state in
                    if state.index[digest]?.range == entry.range { state.index[digest] = nil }
                }
                continue
            }
            if let candidate, candidate != entry.range {
                let isOwn = try withState { $0.ownPacks.contains(candidate.pack) }
                if isOwn { punch([candidate]) }
            }
            return entry.range
        }
        return nil
    }

    /// After a failed read: another process may have evicted the bytes and recorded them again elsewhere.
    private func dropUnlessMoved(_ digest: Digest, _ range: PackRange, _ error: StoreError) throws {
        try withState { state in
            let entry = state.index[digest]?.isPending == true ? state.index[digest] : try stored(digest)
            if let entry, entry.range != range {
                state.index[digest] = entry
            } else {
                try drop(digest, range, error.message, &state)
            }
        }
    }

    /// Gives the blocks wholly inside the ranges back to the disk.
    func punch(_ ranges: [PackRange]) {
        var open: (pack: PackID, file: OpenFile)?
        for range in ranges {
            if open?.pack != range.pack {
                open = (try? OpenFile(path: layout.pack(range.pack), flags: O_RDWR)).map { (range.pack, $0) }
            }
            open?.file.punchHole(offset: range.offset, byteCount: range.byteCount)
        }
    }
}

/// Asks the database where bytes lie.
private struct BlobPlaces {
    private let database: Database
    private let statement: WordStatement

    init(_ db: Database) throws {
        database = db
        statement = try WordStatement(
            db, "SELECT pack, offset, byteCount, lastUse FROM blob WHERE high = ? AND low = ?")
    }

    func entry(of digest: Digest) throws -> StoreState.IndexEntry? {
        let found = try statement.run([digest.high, digest.low]) { row in
            // A damaged row is no place; another one may take its name.
            try? StoreState.IndexEntry(
                range: PackRange(pack: row.integer(0), offset: row.integer(1), byteCount: row.integer(2)),
                isVerified: false, isPending: false, lastUse: row.integer(3))
        }
        if let found, found == nil {
            try database.run("DELETE FROM blob WHERE high = ? AND low = ?", digest.columns)
        }
        return found ?? nil
    }
}
