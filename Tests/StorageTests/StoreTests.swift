import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import Testing

@Suite struct StoreTests {
    @Test func `what was closed is there when the store is opened again`() throws {
        let temporary = TemporaryStore()
        let bytes = noise(300_000, seed: 1)
        let store = try temporary.open()
        let part = try store.store(bytes)
        #expect(part == Part(digest: Digest.of(bytes), byteCount: 300_000))
        #expect(try store.read(part.digest) == bytes)
        try store.close()

        let reopened = try temporary.open()
        #expect(try reopened.read(part.digest) == bytes)
        var buffer = [UInt8](repeating: 0, count: bytes.count)
        #expect(try buffer.withUnsafeMutableBytes { try reopened.read(part, into: $0) })
        #expect(buffer == bytes)
        #expect(try reopened.read(Digest.of([1, 2, 3])) == nil)
    }

    @Test func `a killed process loses only what it had not flushed, and its garbage is cleared`() throws {
        let temporary = TemporaryStore()
        let (kept, lost) = (noise(200_000, seed: 1), noise(200_000, seed: 2))
        var store: Store? = try temporary.open()
        let part = try #require(try store?.store(kept))
        try store?.flush()
        _ = try store?.store(lost)
        let orphanPack = try #require(try store?.createPack())
        _ = try PackWriter(directory: temporary.directory, id: orphanPack).append(noise(50_000, seed: 3))
        #expect(try temporary.packFileCount == 2)
        store = nil

        let next = try temporary.open()
        #expect(try next.read(part.digest) == kept)
        #expect(try next.read(Digest.of(lost)) == nil)
        #expect(try temporary.packFileCount == 1)
        let pack = try #require(try next.locate(part.digest)).pack
        #expect(try fileStatus(temporary.packPath(pack)).byteCount == 200_000)
    }

    @Test func `a worker's part is verified before it is recorded`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
        let bytes = noise(10_000, seed: 1)
        let range = try writer.append(bytes)
        let other = Part(digest: Digest.of([7]), byteCount: bytes.count)
        #expect(storeErrorCode { try store.record(other, at: range) } == .blobDamaged)
        #expect(try store.locate(other.digest) == nil)
        let shorter = Part(digest: Digest.of(bytes), byteCount: bytes.count - 1)
        #expect(storeErrorCode { try store.record(shorter, at: range) } == .invalidRange)
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        #expect(try store.record(part, at: range) == range)
        #expect(try store.read(part.digest) == bytes)
    }

    @Test func `a part that is taken at its writer's word is looked at when it is read`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
        let bytes = noise(10_000, seed: 1)
        let range = try writer.append(bytes)
        let beyond = PackRange(pack: range.pack, offset: range.offset + 1, byteCount: bytes.count)
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        #expect(storeErrorCode { try store.record(part, at: beyond, .word) } == .blobMissing)
        #expect(try store.record(part, at: range, .word) == range)
        #expect(try store.read(part.digest) == bytes)
        // Wrong bytes are entered, and are gone when somebody reads them, or brings the right ones.
        let other = noise(10_000, seed: 2)
        let wrong = Part(digest: Digest.of(other), byteCount: other.count)
        #expect(try store.record(wrong, at: range, .word) == range)
        #expect(try store.read(wrong.digest) == nil)
        #expect(try store.record(wrong, at: range, .word) == range)
        let right = try writer.append(other)
        #expect(try store.record(wrong, at: right, .word) == right)
        #expect(try store.read(wrong.digest) == other)
        #expect(try store.losses().count == 2)
        #expect(try store.read(part.digest) == bytes)
    }

    @Test func `a second copy is given back to the disk, unless the first one is damaged`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
        let bytes = noise(1 << 20, seed: 1)
        let part = Part(digest: Digest.of(bytes), byteCount: bytes.count)
        let first = try store.record(part, at: writer.append(bytes))
        let second = try writer.append(bytes)
        let allocated = try temporary.allocatedByteCount(writer.id)
        #expect(try store.record(part, at: second) == first)
        #expect(try temporary.allocatedByteCount(writer.id) <= allocated - (1 << 20))
        #expect(try store.read(part.digest) == bytes)
        try store.close()

        try temporary.flipBit(in: first)
        let next = try temporary.open()
        let third = try PackWriter(directory: temporary.directory, id: next.createPack()).append(bytes)
        #expect(try next.record(part, at: third) == third)
        #expect(try next.read(part.digest) == bytes)
        #expect(try next.losses().count == 1)
    }

    enum Damage: CaseIterable { case flippedBit, truncatedPack, removedPack }

    @Test(arguments: Damage.allCases)
    func `damaged bytes are dropped when they are read, listed, and can be stored again`(
        damage: Damage
    ) throws {
        let temporary = TemporaryStore()
        let bytes = noise(50_000, seed: 1)
        let first = try temporary.open()
        let part = try first.store(bytes)
        let range = try #require(try first.locate(part.digest))
        try first.close()
        switch damage {
        case .flippedBit: try temporary.flipBit(in: range)
        case .truncatedPack: try temporary.truncatePack(range.pack, to: range.offset + 10)
        case .removedPack: try temporary.removePack(range.pack)
        }
        let store = try temporary.open()
        #expect(try store.locate(part.digest) == range)
        #expect(try store.read(part.digest) == nil)
        #expect(try store.locate(part.digest) == nil)
        let losses = try store.losses()
        #expect(losses.count == 1)
        #expect(losses.latest.map(\.digest) == [part.digest])
        #expect(try store.store(bytes) == part)
        #expect(try store.read(part.digest) == bytes)
    }

    @Test func `verification names every damaged part and repairs only when asked`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let parts = try (0..<5).map { try store.store(noise(20_000, seed: $0)) }
        let ranges = try parts.map { try #require(try store.locate($0.digest)) }
        try temporary.flipBit(in: ranges[1])
        try temporary.truncatePack(ranges[4].pack, to: ranges[4].offset)
        let report = try store.verify()
        #expect(report.checkedCount == 5)
        #expect(report.checkedByteCount == 60_000)
        #expect(report.losses.map(\.digest) == [parts[1].digest, parts[4].digest])
        #expect(try store.statistics().blobCount == 5)
        #expect(try store.verify(repairing: true).losses.count == 2)
        #expect(try store.statistics().blobCount == 3)
        #expect(try store.verify().losses.isEmpty)
    }

    @Test func `a report of missing bytes leaves a newer copy alone`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let part = try store.store([1, 2, 3])
        let elsewhere = PackRange(pack: PackID(77), offset: 0, byteCount: 3)
        try store.drop(part.digest, at: elsewhere, reason: "a worker found nothing there")
        #expect(try store.read(part.digest) == [1, 2, 3])
        try store.drop(part.digest, at: store.locate(part.digest), reason: "a worker found nothing there")
        #expect(try store.read(part.digest) == nil)
    }

    @Test func `namespaces see nothing of each other`() throws {
        let temporary = TemporaryStore()
        let guestName = try #require(StoreNamespace("guest-1"))
        let local = try temporary.open()
        let guest = try temporary.open(namespace: guestName)
        let part = try local.store([1, 2, 3])
        _ = try local.record(entry(1, parts: [[part]]))
        #expect(try guest.read(part.digest) == nil)
        #expect(try guest.lookUp(key(1)) == nil)
        #expect(
            ["", "-a", "a/b", "..", "A", String(repeating: "a", count: 65)].allSatisfy {
                StoreNamespace($0) == nil
            })
    }

    @Test func `statistics list every part with what pins and names it`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let (named, pinned) = (try store.store(noise(1_000, seed: 1)), try store.store(noise(2_000, seed: 2)))
        _ = try store.record(entry(5, parts: [[named]], snapshot: named))
        _ = try store.record(entry(4, parts: [[], [named]]))
        try store.pin([pinned.digest])
        let statistics = try store.statistics()
        #expect(statistics.blobs.map(\.digest) == [named.digest, pinned.digest])
        #expect(statistics.blobs.map(\.usedBy) == [[key(4), key(5)], []])
        #expect(statistics.blobs.map(\.isPinned) == [false, true])
        #expect(statistics.blobByteCount == 3_000)
        #expect(statistics.pinnedByteCount == 2_000)
        #expect(statistics.resultCount == 2)
        #expect(statistics.packCount == 1)
        #expect(statistics.processCount == 1)
        #expect(statistics.diskByteCount >= 3_000)
    }
}

@Suite struct StoreOpeningTests {
    @Test func `a newer store is refused with a remedy, and loses nothing by it`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let part = try store.store([1, 2, 3])
        try store.close()
        // Bytes 60 to 63 of an SQLite file are its user version (SQLite file format, section 1.3).
        try temporary.overwrite(temporary.database, at: 60, with: [0, 0, 0, 99])
        let error = #expect(throws: StoreError.self) { _ = try temporary.open() }
        #expect(error?.code == .newerSchema)
        #expect(error?.message.contains("update Lathe") == true)
        try temporary.overwrite(temporary.database, at: 60, with: [0, 0, 0, 1])
        #expect(try temporary.open().read(part.digest) == [1, 2, 3])
    }

    @Test func `another program's database is refused`() throws {
        let temporary = TemporaryStore()
        try temporary.open().close()
        // Bytes 68 to 71 are the application id.
        try temporary.overwrite(temporary.database, at: 68, with: [1, 2, 3, 4])
        #expect(storeErrorCode { _ = try temporary.open() } == .foreignDatabase)
    }

    @Test(arguments: [0, 4_096])
    func `a damaged database says which directory to delete`(offset: Int) throws {
        let temporary = TemporaryStore()
        try temporary.open().close()
        let byteCount = try fileStatus(temporary.database).byteCount
        try temporary.overwrite(
            temporary.database, at: offset, with: noise(byteCount - offset, seed: 1))
        let error = #expect(throws: StoreError.self) {
            let store = try temporary.open()
            _ = try store.statistics()
        }
        #expect(error?.code == .damagedDatabase)
        #expect(error?.message.contains("delete \(temporary.directory)") == true)
    }

    @Test func `a database that was deleted alone costs its bytes and nothing else`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let part = try store.store(noise(10_000, seed: 1))
        try store.close()
        try FileManager.default.removeItem(atPath: temporary.database)
        let next = try temporary.open()
        #expect(try next.read(part.digest) == nil)
        #expect(try temporary.packFileCount == 0)
        #expect(try next.store(noise(10_000, seed: 1)) == part)
    }

    @Test func `a relative directory is refused`() {
        #expect(storeErrorCode { _ = try Store(directory: "store") } == .invalidName)
    }

    @Test func `network file systems are known by their magic numbers and local ones pass`() {
        #expect(NetworkFileSystem.name(magic: 0x6969) == "NFS")
        #expect(NetworkFileSystem.name(magic: 0xff53_4d42) == "CIFS")
        #expect(NetworkFileSystem.name(magic: 0x6573_5546) == "FUSE")
        // ext4, xfs, btrfs, tmpfs, overlayfs, zfs
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            #expect(NetworkFileSystem.name(magic: magic) == nil)
        }
    }

    @Test func `the default limit is a tenth of the disk, and 20 GB at most`() throws {
        #expect(
            DiskSpace(totalByteCount: 90_000_000_000, availableByteCount: 1).defaultStoreLimitByteCount
                == 9_000_000_000)
        #expect(
            DiskSpace(totalByteCount: 4_000_000_000_000, availableByteCount: 1).defaultStoreLimitByteCount
                == 20_000_000_000)
        let real = try DiskSpace(ofDirectory: "/")
        #expect(real.totalByteCount > real.availableByteCount)
    }
}
