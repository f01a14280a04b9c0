internal import GRDB
package import Quantities

extension Store {
    /// Keeps digests from eviction, by any process, until as many calls of `unpin` or the end of this
    /// process.
    ///
    /// - Returns: those whose bytes the store does not have (now that they can no longer be taken away).
    @discardableResult
    package func pin(_ digests: [Digest]) throws -> [Digest] {
        try withState { state in
            guard notePins(digests, &state) else { return [] }
            try writePending(&state)
            let absent = try database.writeWithoutTransaction { try unplaced(digests, $0, &state) }
            return digests.filter(absent.contains)
        }
    }

    /// As `pin`, but other processes see it with the next `settlePins()` only: a pin that is taken back before costs
    /// no write.
    package func pinSoon(_ digests: [Digest]) throws {
        try withState { _ = notePins(digests, &$0) }
    }

    /// Writes the pins that other processes must see by now.
    ///
    /// - Returns: those of them whose bytes the store does not have.
    @discardableResult
    package func settlePins() throws -> Set<Digest> {
        try withState { state in
            let urgent = state.urgentPins
            guard !urgent.isEmpty else { return [] }
            try writePending(&state)
            return try database.writeWithoutTransaction { try unplaced(Array(urgent), $0, &state) }
        }
    }

    /// Those without a place in the database; what was thought to be known of them is forgotten.
    private func unplaced(_ digests: [Digest], _ db: Database, _ state: inout StoreState) throws -> Set<Digest> {
        let statement = try WordStatement(db, "SELECT 1 FROM blob WHERE high = ? AND low = ?")
        var absent: Set<Digest> = []
        for digest in digests where try statement.run([digest.high, digest.low], firstRow: { _ in }) == nil {
            state.index[digest] = nil
            absent.insert(digest)
        }
        return absent
    }

    /// Whether any of them was without a pin, and its bytes may have been evicted by another process.
    private func notePins(_ digests: [Digest], _ state: inout StoreState) -> Bool {
        var isAnyInDoubt = false
        for digest in digests {
            let count = state.pinCounts[digest, default: 0]
            state.pinCounts[digest] = count + 1
            guard count == 0 else { continue }
            // A part that is still pending reaches the database together with its pin.
            let isInDoubt = state.index[digest]?.isPending != true
            isAnyInDoubt = isAnyInDoubt || isInDoubt
            guard state.pinsToRemove.remove(digest) == nil else { continue }
            state.pinsToAdd.insert(digest)
            if isInDoubt { state.urgentPins.insert(digest) }
        }
        return isAnyInDoubt
    }

    /// Takes back one `pin` of each digest; without one before, nothing happens.
    package func unpin(_ digests: [Digest]) throws {
        try withState { state in
            for digest in digests {
                guard let count = state.pinCounts[digest] else { continue }
                state.pinCounts[digest] = count > 1 ? count - 1 : nil
                guard count == 1 else { continue }
                // Late removal only keeps bytes a little longer: it waits for the next flush.
                state.urgentPins.remove(digest)
                if state.pinsToAdd.remove(digest) == nil { state.pinsToRemove.insert(digest) }
            }
        }
    }

    /// Whether this process has pinned the digest.
    package func isPinned(_ digest: Digest) throws -> Bool {
        try withState { $0.pinCounts[digest] != nil }
    }
}
