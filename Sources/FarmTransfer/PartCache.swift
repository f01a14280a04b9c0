package import Quantities
package import RenderPlan
package import Storage

/// A worker's store of parts, fetched and rendered, kept below a limit.
package final class PartCache: Sendable {
    package let store: Store
    package let limitByteCount: Int

    package init(store: Store, limitByteCount: Int) {
        self.store = store
        self.limitByteCount = limitByteCount
    }

    /// Where the parts lie, and which are to be fetched (each once, in the order given).
    ///
    /// - Parameter pinning: known parts are pinned, once for each time that they are named; `unpin` takes that back.
    package func locations(
        of parts: [Part], pinning: Bool = false
    ) throws -> (known: [Digest: PackRange], missing: [Part]) {
        var known: [Digest: PackRange] = [:]
        var missing: [Part] = []
        var seen: Set<Digest> = []
        for part in parts {
            if known[part.digest] == nil {
                guard seen.insert(part.digest).inserted else { continue }
                guard let range = try store.locate(part.digest), range.byteCount == part.byteCount else {
                    missing.append(part)
                    continue
                }
                known[part.digest] = range
            }
        }
        guard pinning else { return (known, missing) }
        let named = parts.map(\.digest).filter { known[$0] != nil }
        // Another process may have evicted some between the look and the pin.
        let absent = Set(try store.pin(named))
        if !absent.isEmpty {
            try store.unpin(named.filter { absent.contains($0) })
            for part in parts where absent.contains(part.digest) && known.removeValue(forKey: part.digest) != nil {
                missing.append(part)
            }
        }
        return (known, missing)
    }

    /// Takes back one pin of each part.
    package func unpin(_ parts: [Part]) throws { try store.unpin(parts.map(\.digest)) }

    /// Evicts what nobody has pinned and was not used for longest, when the store is over its limit.
    ///
    /// - Returns: nil where nothing was to be done.
    @discardableResult
    package func trim() throws -> EvictionReport? { try store.trimIfNeeded(limitByteCount: limitByteCount) }
}
