import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import Testing

private let partByteCount = 512 << 10

@Suite struct PinTests {
    @Test func `pins are counted, and the last one to go lets a part be evicted`() throws {
        let store = try TemporaryStore().open()
        let part = try store.store(noise(partByteCount, seed: 1))
        #expect(try store.pin([part.digest]) == [])
        #expect(try store.pin([part.digest]) == [])
        try store.unpin([part.digest])
        #expect(try store.trim(toByteCount: 0).evictedCount == 0)
        try store.unpin([part.digest])
        #expect(try !store.isPinned(part.digest))
        #expect(try store.trim(toByteCount: 0).evictedCount == 1)
        #expect(try store.read(part.digest) == nil)
        try store.unpin([part.digest])
    }

    @Test func `pinning tells what is not there, also when another process has evicted it`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        let part = try a.store(noise(partByteCount, seed: 1))
        try a.flush()
        #expect(try b.locate(part.digest) != nil)
        try a.trim(toByteCount: 0)
        #expect(try b.pin([part.digest, Digest.of([9])]) == [part.digest, Digest.of([9])])
        #expect(try b.locate(part.digest) == nil)
    }

    @Test func `another process evicts nothing that is pinned, until the owner is gone`() throws {
        let temporary = TemporaryStore()
        let first = try temporary.open()
        let parts = try (0..<3).map { try first.store(noise(partByteCount, seed: $0)) }
        try first.close()

        var owner: Store? = try temporary.open()
        #expect(try owner?.pin(parts.prefix(2).map(\.digest)) == [])
        let other = try temporary.open()
        #expect(try other.trim(toByteCount: 0).evictedCount == 1)
        #expect(try owner?.read(parts[0].digest) == noise(partByteCount, seed: 0))
        // Killed: nobody unpins.
        owner = nil
        #expect(try other.statistics().processCount == 1)
        #expect(try other.trim(toByteCount: 0).evictedCount == 2)
        #expect(try temporary.packFileCount == 0)
    }

    @Test func `a pin that was never flushed protects a part that was never flushed`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        let part = try a.store(noise(partByteCount, seed: 1))
        try a.pin([part.digest])
        try b.trim(toByteCount: 0)
        try a.flush()
        try b.trim(toByteCount: 0)
        #expect(try a.read(part.digest) == noise(partByteCount, seed: 1))
    }
}

@Suite struct LatePinTests {
    @Test func `another process evicts what is pinned soon only before the pins are settled`() throws {
        let temporary = TemporaryStore()
        let (owner, other) = (try temporary.open(), try temporary.open())
        let parts = try (0..<2).map { try owner.store(noise(partByteCount, seed: $0)) }
        try owner.flush()
        try owner.pinSoon([parts[0].digest])
        try owner.settlePins()
        try owner.pinSoon([parts[1].digest])
        #expect(try other.trim(toByteCount: 0).evictedCount == 1)
        #expect(try owner.read(parts[0].digest) == noise(partByteCount, seed: 0))
        try owner.unpin([parts[0].digest])
        try owner.flush()
        #expect(try other.trim(toByteCount: 0).evictedCount == 1)
    }

    @Test func `settling tells which pinned bytes others have evicted before`() throws {
        let temporary = TemporaryStore()
        let (owner, other) = (try temporary.open(), try temporary.open())
        let parts = try (0..<2).map { try owner.store(noise(partByteCount, seed: $0)) }
        try owner.flush()
        try owner.pinSoon([parts[0].digest])
        try other.trim(toByteCount: 0)
        // Not in the database yet: it arrives there together with its pin.
        let pending = try owner.store(noise(partByteCount, seed: 7))
        try owner.pinSoon([pending.digest])
        #expect(try owner.settlePins() == [parts[0].digest])
        #expect(try owner.settlePins() == [])
        #expect(try owner.absent([parts[0].digest, pending.digest]) == [parts[0].digest])
    }

    @Test func `a pin that is taken back before it is settled writes nothing`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let part = try store.store(noise(partByteCount, seed: 1))
        try store.flush()
        let before = try temporary.logByteCount
        for _ in 0..<100 {
            try store.pinSoon([part.digest])
            try store.unpin([part.digest])
            try store.settlePins()
        }
        #expect(try temporary.logByteCount == before)
        try store.pinSoon([part.digest])
        try store.settlePins()
        #expect(try temporary.logByteCount > before)
    }
}

@Suite struct RetentionTests {
    @Test func `uses within a minute are one, so that looking an album up again writes nothing`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let parts = try (0..<8).map { try store.store(noise(partByteCount, seed: $0)) }
        try store.flush()
        func look() throws {
            #expect(try store.absent(Set(parts.map(\.digest))).isEmpty)
            try store.flush()
        }
        let before = try temporary.logByteCount
        temporary.setClock(1_059)
        try look()
        #expect(try temporary.logByteCount == before)
        temporary.setClock(1_060)
        try look()
        #expect(try temporary.logByteCount > before)
        #expect(try store.prune(unusedSince: 1_060).evictedCount == 0)
    }

    @Test func `the least recently used parts go first, and their blocks go back to the disk`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        var parts: [Part] = []
        for i in 0..<10 {
            temporary.setClock(1_000 + i)
            parts.append(try store.store(noise(partByteCount, seed: UInt64(i))))
            try store.flush()
        }
        temporary.setClock(2_000)
        _ = try store.read(parts[0].digest)
        let before = try store.diskByteCount()
        let report = try store.trim(toByteCount: before - 3 * partByteCount)
        #expect(report.diskByteCountAfter <= before - 3 * partByteCount)
        #expect(try store.diskByteCount() <= before - 3 * partByteCount)
        #expect((3...5).contains(report.evictedCount))
        let leftIndices = try (0..<10).filter { try store.read(parts[$0].digest) != nil }
        #expect(leftIndices == [0] + Array((1 + report.evictedCount)..<10))
    }

    @Test func `a job whose pins go stays within its limit while its worker goes on writing`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
        let limit = 8 << 20
        var window: [Part] = []
        var peakByteCount = 0
        for i in 0..<60 {
            temporary.setClock(1_000 + i)
            let bytes = noise(partByteCount + i, seed: UInt64(i))
            let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
            try store.record(part, at: writer.append(bytes))
            try store.pin([part.digest])
            window.append(part)
            if window.count > 6 { try store.unpin([window.removeFirst().digest]) }
            _ = try store.trimIfNeeded(limitByteCount: limit)
            peakByteCount = max(peakByteCount, try store.diskByteCount())
        }
        #expect(peakByteCount <= limit)
        for (i, part) in zip(54..., window) {
            #expect(try store.read(part.digest) == noise(partByteCount + i, seed: UInt64(i)))
        }
        #expect(try store.losses().count == 0)
    }

    @Test func `what nobody may evict stays above the limit`() throws {
        let store = try TemporaryStore().open()
        let part = try store.store(noise(partByteCount, seed: 1))
        try store.pin([part.digest])
        let report = try store.trim(toByteCount: 1)
        #expect(report.evictedCount == 0)
        #expect(report.diskByteCountAfter > partByteCount)
    }

    @Test func `bytes evicted by one process and rendered again elsewhere are found by another`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        let bytes = noise(partByteCount, seed: 1)
        let part = try a.store(bytes)
        try a.flush()
        let old = try b.locate(part.digest)
        try a.trim(toByteCount: 0)
        _ = try a.store(bytes)
        try a.flush()
        #expect(try b.read(part.digest) == bytes)
        #expect(try b.locate(part.digest) != old)
        #expect(try b.losses().count == 0)
    }

    @Test func `bytes that another process evicted are kept when they are rendered again here`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        let bytes = noise(partByteCount, seed: 1)
        let part = try a.store(bytes)
        try a.flush()
        try b.trim(toByteCount: 0)
        // What this process remembers is gone; the copy it has just made is the only one.
        #expect(try a.store(bytes) == part)
        try a.flush()
        #expect(try a.read(part.digest) == bytes)
        #expect(try b.read(part.digest) == bytes)
        #expect(try a.losses().count == 0)
    }

    @Test func `a pack of a process that has gone goes when nothing in it is alive`() throws {
        let temporary = TemporaryStore()
        let first = try temporary.open()
        let dead = try first.store(noise(partByteCount, seed: 1))
        let deadPack = try #require(try first.locate(dead.digest)).pack
        try first.close()
        let store = try temporary.open()
        _ = try store.store(noise(partByteCount, seed: 2))
        #expect(try temporary.packFileCount == 2)
        try store.drop(dead.digest, reason: "for this test")
        try store.trim(toByteCount: .max)
        #expect(try temporary.packFileCount == 1)
        #expect(!FileManager.default.fileExists(atPath: temporary.packPath(deadPack)))
    }

    @Test func `a retired pack is swept while its coordinator lives on`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let pack = try store.createPack()
        let bytes = noise(partByteCount, seed: 1)
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        var writer: PackWriter? = try PackWriter(directory: temporary.directory, id: pack)
        _ = try writer?.append(noise(4 * partByteCount, seed: 2))
        let range = try #require(try writer?.append(bytes))
        try store.record(part, at: range)
        try store.retirePack(pack)
        try store.trim(toByteCount: .max)
        // Its worker still has it open: nothing is taken from under it.
        #expect(try temporary.allocatedByteCount(pack) >= 5 * partByteCount)
        writer = nil
        try store.trim(toByteCount: .max)
        #expect(try temporary.allocatedByteCount(pack) <= partByteCount + 8_192)
        #expect(try store.read(part.digest) == bytes)
    }

    @Test func `pruning needs the store to itself; a dry run does not and changes nothing`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        temporary.setClock(100)
        let old = try store.store(noise(partByteCount, seed: 1))
        _ = try store.record(entry(1, parts: [[old]], recordedAt: 100))
        try store.flush()
        temporary.setClock(300)
        let new = try store.store(noise(partByteCount, seed: 2))
        _ = try store.record(entry(2, parts: [[new]], recordedAt: 100))
        try store.flush()

        let dryRun = try store.prune(unusedSince: 200, isDryRun: true)
        #expect(dryRun.evictedCount == 1)
        #expect(dryRun.evictedByteCount == partByteCount)
        #expect(try store.statistics().blobCount == 2)

        var other: Store? = try temporary.open()
        #expect(storeErrorCode { _ = try store.prune(unusedSince: 200) } == .busy)
        #expect(try store.statistics().blobCount == 2)
        other = nil
        #expect(other == nil)

        let report = try store.prune(unusedSince: 200)
        #expect(report.evictedCount == 1)
        #expect(report.forgottenResultCount == 1)
        #expect(report.diskByteCountAfter <= report.diskByteCountBefore - partByteCount + 8_192)
        #expect(try store.lookUp(key(1)) == nil)
        #expect(try store.lookUp(key(2)) != nil)
        #expect(try store.read(new.digest) != nil)
        // Shared again: others may open it.
        try temporary.open().close()
    }

    @Test func `pruning to a size keeps what is pinned`() throws {
        let store = try TemporaryStore().open()
        let parts = try (0..<4).map { try store.store(noise(partByteCount, seed: $0)) }
        try store.pin([parts[2].digest])
        #expect(try store.prune(toByteCount: 0, isDryRun: true).evictedCount == 3)
        #expect(try store.prune(toByteCount: 0).evictedCount == 3)
        #expect(try store.read(parts[2].digest) == noise(partByteCount, seed: 2))
    }

    /// Whatever happens to a store, it answers with the right bytes or with none; and what is pinned and
    /// undamaged is answered.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random histories with kills, damage and eviction never yield wrong bytes`(seed: UInt64) throws {
        let temporary = TemporaryStore()
        var random = SplitMix(state: seed)
        var store = try temporary.open()
        var contents: [Digest: [UInt8]] = [:]
        var pinned: Set<Digest> = []
        for step in 0..<400 {
            temporary.setClock(1_000 + step)
            let known = contents.keys.sorted()
            let digest = known.randomElement(using: &random) ?? Digest.of([UInt8]())
            switch Int.random(in: 0..<100, using: &random) {
            case ..<40:
                let byteCount = Int.random(in: 0..<60_000, using: &random)
                let bytes = noise(byteCount, seed: UInt64.random(in: 0..<60, using: &random))
                contents[try store.store(bytes).digest] = bytes
            case ..<65:
                let bytes = try store.read(digest)
                #expect(bytes == nil || bytes == contents[digest])
                if pinned.contains(digest) { #expect(bytes != nil) }
            case ..<75:
                guard try store.pin([digest]).isEmpty, try store.read(digest) != nil else {
                    try store.unpin([digest])
                    continue
                }
                if !pinned.insert(digest).inserted { try store.unpin([digest]) }
            case ..<82:
                if pinned.remove(digest) != nil { try store.unpin([digest]) }
            case ..<88: try store.trim(toByteCount: Int.random(in: 0..<1_000_000, using: &random))
            case ..<92: try store.flush()
            case ..<96:
                if let range = try store.locate(digest), range.byteCount > 0 {
                    pinned.remove(digest)
                    try? temporary.flipBit(in: range)
                }
            case ..<98:
                try store.close()
                store = try temporary.open()
                pinned = []
            default:
                store = try temporary.open()
                pinned = []
            }
        }
        let report = try store.verify(repairing: true)
        #expect(try store.verify().losses.isEmpty)
        #expect(report.checkedCount >= report.losses.count)
    }
}
