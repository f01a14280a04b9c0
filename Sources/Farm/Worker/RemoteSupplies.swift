import FarmCoordination
import FarmProtocol
import FarmTransfer
import Foundation
package import Quantities
import RenderPlan
import Storage
import Synchronization

/// Inputs that come over the line: parts into the worker's own store, source files into its vault, unless a directory
/// that both sides see has them.
final class RemoteSupplies: TaskSupplies {
    private let cache: PartCache
    private let vault: SourceVault
    private let shared: SharedVault?
    private let link: TransferLink
    /// Files of the shared directory that are not what their names say.
    private let distrusted = Mutex<Set<ContentHash>>([])
    private let gatherings = Mutex<[OrderName: Gathering]>([:])

    /// What is unambiguous about an order: a worker renders one task at a time.
    private struct OrderName: Hashable {
        var lease: String
        var segment: Int

        init(_ order: RenderOrder) {
            lease = order.lease.description
            segment = order.task.segment
        }
    }

    private struct Gathering {
        var pulls: [PullID] = []
        var openCount: Int
        var parts: [Part]
        var sources: [SourceReference]
        /// Pinned in the vault.
        var pinned: [ContentHash]
        var lost: [Digest] = []
        var failure: Gathered?
        /// nil once it was called.
        var done: (@Sendable (Gathered) -> Void)?
    }

    init(cache: PartCache, vault: SourceVault, shared: SharedVault?, link: TransferLink) {
        self.cache = cache
        self.vault = vault
        self.shared = shared
        self.link = link
    }

    func prefetch(_ parts: [Part], sources: [SourceReference]) {
        guard let missing = try? cache.locations(of: parts).missing else { return }
        for part in missing {
            link.pull(
                .part(part.digest), byteCount: part.byteCount, into: PartSink(part, store: cache.store),
                urgency: .prefetch
            ) { _ in }
        }
        for source in sources where path(of: source) == nil {
            link.pull(
                .source(source.hash), byteCount: source.byteCount, into: VaultSink(source.hash, vault: vault),
                urgency: .prefetch
            ) { _ in }
        }
    }

    func gather(
        _ parts: [Part], sources: [SourceReference], for order: RenderOrder, watch: TaskWatch,
        done: @escaping @Sendable (Gathered) -> Void
    ) {
        let name = OrderName(order)
        let wanted: [Part]
        let files: [SourceReference]
        do {
            wanted = try cache.locations(of: parts, pinning: true).missing
            let own = sources.filter { sharedPath(of: $0) == nil }
            let absent = Set(try vault.pin(own.map(\.hash)))
            files = own.filter { absent.contains($0.hash) }
            gatherings.withLock { table in
                table[name] = Gathering(
                    openCount: wanted.count + files.count, parts: parts, sources: sources, pinned: own.map(\.hash),
                    done: done)
            }
        } catch {
            return done(.unwell("inputs cannot be kept: \(error)"))
        }
        if wanted.isEmpty, files.isEmpty { return finish(name) }
        for part in wanted {
            let pull = link.pull(
                .part(part.digest), byteCount: part.byteCount,
                into: PartSink(part, store: cache.store, pins: true)
            ) { [weak self] result in
                watch.advance(Program.partFrames)
                self?.came(name, .part(part.digest), result)
            }
            gatherings.withLock { $0[name]?.pulls.append(pull) }
        }
        for file in files {
            let pull = link.pull(
                .source(file.hash), byteCount: file.byteCount,
                into: WatchedSink(VaultSink(file.hash, vault: vault, pins: true), watch)
            ) { [weak self] result in self?.came(name, .source(file.hash), result) }
            gatherings.withLock { $0[name]?.pulls.append(pull) }
        }
    }

    func abandon(_ order: RenderOrder) {
        let pulls = gatherings.withLock { $0[OrderName(order)].flatMap { $0.done == nil ? nil : $0.pulls } ?? [] }
        for pull in pulls { link.cancel(pull) }
    }

    func finished(_ order: RenderOrder) {
        guard let gathering = gatherings.withLock({ $0.removeValue(forKey: OrderName(order)) }) else { return }
        try? cache.unpin(gathering.parts)
        vault.unpin(gathering.pinned)
    }

    func drop(_ digests: [Digest]) {
        for digest in digests { try? cache.store.drop(digest, reason: "missing or damaged when it was read") }
    }

    func dropDamaged(_ sources: [SourceReference]) -> Bool {
        var wasDamaged = false
        for source in sources {
            if let path = sharedPath(of: source) {
                guard (try? ContentHash.ofFile(path).hash) != source.hash else { continue }
                distrusted.withLock { _ = $0.insert(source.hash) }
                wasDamaged = true
            } else if (try? vault.verify(source.hash)) != true {
                wasDamaged = true
            }
        }
        return wasDamaged
    }

    func keep(_ result: TaskResult, at places: Locations) {
        var entered: Set<Digest> = []
        for part in result.parts where entered.insert(part.digest).inserted {
            guard let place = places[part.digest] else { continue }
            _ = try? cache.store.record(part, at: place, .seen)
        }
        _ = try? cache.store.pin(places.keys.sorted())
    }

    func release(_ places: Locations) {
        try? cache.store.unpin(places.keys.sorted())
    }

    // MARK: - Arrivals

    private func path(of source: SourceReference) -> String? {
        sharedPath(of: source) ?? vault.path(of: source.hash)
    }

    private func sharedPath(of source: SourceReference) -> String? {
        guard let shared, !distrusted.withLock({ $0.contains(source.hash) }) else { return nil }
        return shared.path(of: source.hash, byteCount: source.byteCount)
    }

    private func came(_ name: OrderName, _ blob: BlobName, _ result: Result<Void, TransferError>) {
        let isLast = gatherings.withLock { table -> Bool in
            guard table[name] != nil else { return false }
            switch result {
            case .success: break
            case .failure(.unavailable(.unknown, _)), .failure(.unavailable(.unreadable, _)), .failure(.wrongBytes):
                switch blob {
                case .part(let digest): table[name]?.lost.append(digest)
                case .source(let hash): table[name]?.failure = .failed(LostAudio.reason(hash))
                case .deliverable: preconditionFailure("no task reads a deliverable")
                }
            case .failure(.cancelled): table[name]?.failure = .abandoned
            case .failure(let error): table[name]?.failure = .unwell("\(error)")
            }
            table[name]?.openCount -= 1
            return table[name]?.openCount == 0
        }
        if isLast { finish(name) }
    }

    private func finish(_ name: OrderName) {
        guard
            let gathering = gatherings.withLock({ table in
                defer { table[name]?.done = nil }
                return table[name]
            }), let done = gathering.done
        else { return }
        if !gathering.lost.isEmpty { return done(.unavailable(gathering.lost)) }
        if let failure = gathering.failure { return done(failure) }
        do {
            let (known, missing) = try cache.locations(of: gathering.parts)
            // They came, and the coordinator's copies are good: it is this store that lost them.
            guard missing.isEmpty else { return done(.unwell("inputs were lost again")) }
            var table = SourceTable(paths: [])
            table.isByContent = true
            table.paths = Array(repeating: "", count: (gathering.sources.map(\.number).max() ?? -1) + 1)
            for source in gathering.sources {
                guard let path = path(of: source) else { return done(.unwell("an audio file was lost again")) }
                table.paths[source.number] = path
            }
            done(.here(known, table))
        } catch {
            done(.unwell("inputs cannot be read: \(error)"))
        }
    }
}

/// A file that takes minutes to come shows that it comes.
private final class WatchedSink: BlobSink {
    private let sink: any BlobSink
    private let watch: TaskWatch

    init(_ sink: any BlobSink, _ watch: TaskWatch) {
        self.sink = sink
        self.watch = watch
    }

    func begin(byteCount: Int) throws { try sink.begin(byteCount: byteCount) }
    func finish() throws -> Bool { try sink.finish() }
    func abandon() { sink.abandon() }
    func finishedElsewhere() throws { try sink.finishedElsewhere() }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        watch.advance(1)
        try sink.write(bytes, at: offset)
    }
}

/// How a worker says that the farm's own copy of an audio file is bad; the coordinator then looks at it.
package enum LostAudio {
    private static let words = "the farm's copy of an audio file is lost or damaged; submit the album again: "

    static func reason(_ hash: ContentHash) -> String { words + hash.description }

    /// The file that a failure is about; nil where it is about something else.
    package static func hash(in reason: String) -> ContentHash? {
        guard let range = reason.range(of: words) else { return nil }
        return ContentHash(hexadecimal: reason[range.upperBound...].prefix(64))
    }
}
