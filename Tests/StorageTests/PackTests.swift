import Foundation
import Glibc
import Hashing
import Quantities
import Storage
import Testing

@Suite struct PackTests {
    @Test func `several writers append to packs of their own, and every range reads back`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let store = try temporary.open()
        let reader = PackReader(directory: temporary.directory)
        var parts: [(PackRange, [UInt8])] = []
        for writerNumber in 0..<3 {
            let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
            var end = 0
            for (i, byteCount) in [1, 0, 4_096, 700_001, 524_288].enumerated() {
                let bytes = noise(byteCount, seed: UInt64(10 * writerNumber + i))
                let range = try writer.append(bytes)
                #expect(range == PackRange(pack: writer.id, offset: end, byteCount: byteCount))
                end += byteCount
                parts.append((range, bytes))
            }
            #expect(writer.byteCount == end)
        }
        #expect(Set(parts.map(\.0.pack)).count == 3)
        for (range, bytes) in parts {
            #expect(try reader.read(range, digest: Digest.of(bytes)) == bytes)
        }
    }

    @Test func `a flipped bit, a short pack and a lost pack are told apart from sound bytes`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let store = try temporary.open()
        let bytes = noise(100_000, seed: 1)
        let range = try PackWriter(directory: temporary.directory, id: store.createPack()).append(bytes)
        let reader = PackReader(directory: temporary.directory)
        let digest = Digest.of(bytes)
        func code() -> StoreError.Code? { storeErrorCode { try reader.verify(range, digest: digest) } }

        #expect(code() == nil)
        try temporary.flipBit(in: range)
        #expect(code() == .blobDamaged)
        try temporary.flipBit(in: range)
        #expect(code() == nil)
        try temporary.truncatePack(range.pack, to: 99_999)
        #expect(code() == .blobMissing)
        try temporary.removePack(range.pack)
        reader.forget(range.pack)
        #expect(code() == .blobMissing)
    }

    @Test(arguments: [(0, 0, 1), (1, -1, 1), (1, 0, -1), (1, .max, 1), (-3, 0, 0)])
    func `numbers that are no range are refused before a file is opened`(
        numbers: (pack: Int, offset: Int, byteCount: Int)
    ) {
        let reader = PackReader(directory: "/nonexistent")
        let range = PackRange(
            pack: PackID(numbers.pack), offset: numbers.offset, byteCount: numbers.byteCount)
        #expect(storeErrorCode { try reader.verify(range, digest: Digest.of([UInt8]())) } == .invalidRange)
    }

    @Test func `a range beyond the pack is missing, and no memory is taken for it`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let store = try temporary.open()
        let pack = try store.createPack()
        let range = PackRange(pack: pack, offset: 0, byteCount: 1 << 60)
        let reader = PackReader(directory: temporary.directory)
        #expect(storeErrorCode { try reader.verify(range, digest: Digest.of([UInt8]())) } == .blobMissing)
    }

    @Test func `a pack has one writer at a time`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let pack = try temporary.open().createPack()
        var first: PackWriter? = try PackWriter(directory: temporary.directory, id: pack)
        _ = try first?.append([1, 2, 3])
        #expect(storeErrorCode { _ = try PackWriter(directory: temporary.directory, id: pack) } == .packInUse)
        first = nil
        let second = try PackWriter(directory: temporary.directory, id: pack)
        #expect(try second.append([4]).offset == 3)
        #expect(
            storeErrorCode { _ = try PackWriter(directory: temporary.directory, id: PackID(99)) }
                == .blobMissing)
    }

    @Test func `a full disk is an error of its own and leaves the pack as it was`() throws {
        let descriptor = Glibc.open("/dev/full", O_RDWR)
        try #require(descriptor >= 0)
        let writer = try PackWriter(id: PackID(1), adopting: descriptor)
        #expect(storeErrorCode { _ = try writer.append(noise(10, seed: 1)) } == .diskFull)
        #expect(writer.byteCount == 0)
    }

    @Test func `a writer gives back what it had reserved`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let pack = try temporary.open().createPack()
        do {
            let writer = try PackWriter(directory: temporary.directory, id: pack)
            _ = try writer.append(noise(10_000, seed: 1))
        }
        #expect(try temporary.allocatedByteCount(pack) <= 64 << 10)
        #expect(try fileStatus(temporary.packPath(pack)).byteCount == 10_000)
    }

    @Test func `a link in place of a pack is not followed`() throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let pack = try temporary.open().createPack()
        try temporary.removePack(pack)
        try FileManager.default.createSymbolicLink(
            atPath: temporary.packPath(pack), withDestinationPath: "/etc/passwd")
        #expect(storeErrorCode { _ = try PackWriter(directory: temporary.directory, id: pack) } == .system)
        let reader = PackReader(directory: temporary.directory)
        let range = PackRange(pack: pack, offset: 0, byteCount: 1)
        #expect(storeErrorCode { try reader.verify(range, digest: Digest.of([1])) } == .system)
    }

    @Test func `threads share a reader that keeps fewer files open than they read`() async throws {
        let temporary = TemporaryStore()
        defer { withExtendedLifetime(temporary) {} }
        let store = try temporary.open()
        var parts: [(PackRange, [UInt8])] = []
        for i in 0..<8 {
            let writer = try PackWriter(directory: temporary.directory, id: store.createPack())
            let bytes = noise(30_000, seed: UInt64(i))
            parts.append((try writer.append(bytes), bytes))
        }
        let reader = PackReader(directory: temporary.directory, descriptorLimit: 2)
        let soundCount = await withTaskGroup(of: Int.self) { group in
            for thread in 0..<4 {
                group.addTask { [parts] in
                    (0..<100).reduce(0) { count, i in
                        let (range, bytes) = parts[(i * (thread + 1) + thread) % parts.count]
                        return count + ((try? reader.read(range, digest: Digest.of(bytes))) == bytes ? 1 : 0)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(soundCount == 400)
    }
}
