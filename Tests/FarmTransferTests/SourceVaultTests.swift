import FarmTransfer
import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import TestSupport
import Testing

private func hash(_ bytes: [UInt8]) -> ContentHash { ContentHash(words: TaskKey.of(bytes).words) }

private func mode(_ path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? -1
}

@Suite("Source vault")
struct SourceVaultTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory("vault")
        path = directory.path + "/deep/vault"
    }

    private func open(limit: Int = 1 << 40, reserve: Int = 0) throws -> SourceVault {
        try SourceVault(directory: path, limitByteCount: limit, reserveByteCount: reserve)
    }

    @Test func `a file is there when its bytes were written in any order and have the hash`() throws {
        let vault = try open()
        var numbers = Numbers(3)
        let bytes = numbers.bytes(3_000_001)
        let name = hash(bytes)
        #expect(vault.missing([name]) == [name])
        for order in [[0, 1, 2, 3], [3, 0, 2, 1]] {
            let source = try vault.begin(name, byteCount: bytes.count)
            for index in order {
                let start = index * 1_000_000
                try source.write(Array(bytes[start..<min(start + 1_000_000, bytes.count)]), at: start)
            }
            #expect(try source.finish())
        }
        let file = try #require(vault.path(of: name))
        #expect(FileManager.default.contents(atPath: file).map(Array.init) == bytes)
        #expect(mode(file) == 0o600)
        #expect(vault.byteCount(of: name) == bytes.count)
        guard
            case .bytes(let range, let size) = vault.read(
                .source(name), at: 2_999_999, count: 1_000, for: .coordinator)
        else { Issue.record("no bytes"); return }
        #expect(range == Array(bytes[2_999_999...]) && size == bytes.count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/incoming").isEmpty)
    }

    @Test func `wrong bytes leave nothing behind`() throws {
        let vault = try open()
        let source = try vault.begin(hash([1, 2, 3]), byteCount: 3)
        try source.write([1, 2, 4], at: 0)
        #expect(try !source.finish())
        #expect(!vault.has(hash([1, 2, 3])))
        #expect(!vault.has(hash([1, 2, 4])))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/incoming").isEmpty)
    }

    @Test func `the least recently used goes first, and never what is pinned, by this process or another`() throws {
        let vault = try open()
        // flock tells open files apart, so a second vault stands for a second process.
        let other = try open()
        var names: [ContentHash] = []
        for index in 0..<6 {
            let file = try directory.write("in\(index).wav", [UInt8](repeating: UInt8(index), count: 1_000))
            names.append(try vault.insert(copying: file))
        }
        #expect(try vault.pin([names[0], hash([9])]) == [hash([9])])
        #expect(try other.pin([names[1]]).isEmpty)
        // Used last: the oldest of the others.
        #expect(vault.path(of: names[2]) != nil)
        #expect(try vault.trim(toByteCount: 3_500) == 3_000)
        #expect(names.map { vault.has($0) } == [true, true, true, false, false, false])
        vault.unpin([names[0]])
        other.unpin([names[1]])
        try vault.trim(toByteCount: 0)
        #expect(vault.missing(names) == names)
    }

    @Test func `the vault keeps below its limit by itself`() throws {
        let vault = try open(limit: 2_500)
        var names: [ContentHash] = []
        for index in 0..<5 {
            let file = try directory.write("in\(index).wav", [UInt8](repeating: UInt8(index), count: 1_000))
            names.append(try vault.insert(copying: file))
        }
        #expect(vault.missing(names) == Array(names[..<3]))
    }

    @Test func `what would take the reserve is refused with the sizes before anything is written`() throws {
        let free = try DiskSpace(ofDirectory: directory.path).availableByteCount
        let vault = try open(reserve: free / 2)
        do {
            _ = try vault.begin(hash([1]), byteCount: free)
            Issue.record("it was let in")
        } catch let error as VaultError {
            #expect(error.code == .diskFull)
            #expect(error.message.contains("\(free)") && error.message.contains("\(free / 2)"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/incoming").isEmpty)
        // What was promised is given back.
        let source = try vault.begin(hash([1]), byteCount: 1)
        source.abandon()
    }

    @Test func `what a crash left is removed, what another process writes stays`() throws {
        let vault = try open()
        let source = try vault.begin(hash([5]), byteCount: 1)
        try directory.write("deep/vault/incoming/1-1-dead", [1, 2, 3])
        _ = try open()
        let left = try FileManager.default.contentsOfDirectory(atPath: path + "/incoming")
        #expect(left.count == 1 && !left.contains("1-1-dead"))
        try source.write([5], at: 0)
        #expect(try source.finish())
        #expect(vault.has(hash([5])))
    }

    @Test func `no link inside the vault is followed`() throws {
        let vault = try open()
        let secret = try directory.write("secret", [42])
        let name = hash([42]).description
        let folder = path + "/files/" + name.prefix(2)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder + "/" + name, withDestinationPath: secret)
        #expect(!vault.has(hash([42])))
        #expect(SharedVault(directory: path).path(of: hash([42]), byteCount: 1) == nil)
        guard case .none(.unknown) = vault.read(.source(hash([42])), at: 0, count: 1, for: .coordinator) else {
            Issue.record("it was served")
            return
        }
        // A directory that is a link is no better.
        _ = try directory.path("elsewhere/x")
        let other = hash([43]).description
        try FileManager.default.createSymbolicLink(
            atPath: path + "/files/" + other.prefix(2), withDestinationPath: directory.path + "/elsewhere")
        let source = try vault.begin(hash([43]), byteCount: 1)
        try source.write([43], at: 0)
        #expect(throws: VaultError.self) { try source.finish() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/elsewhere").isEmpty)
    }

    @Test func `a damaged file is found and taken out`() throws {
        let vault = try open()
        let name = try vault.insert(copying: directory.write("a.wav", [1, 2, 3]))
        #expect(try vault.verify(name))
        let file = try #require(vault.path(of: name))
        try Data([1, 2, 4]).write(to: URL(fileURLWithPath: file))
        #expect(try !vault.verify(name))
        #expect(!vault.has(name))
    }

    @Test func `another machine's vault is read where name and size fit`() throws {
        let vault = try open()
        let name = try vault.insert(copying: directory.write("a.wav", [1, 2, 3]))
        let shared = SharedVault(directory: path)
        #expect(shared.path(of: name, byteCount: 3) == vault.path(of: name))
        #expect(shared.path(of: name, byteCount: 4) == nil)
        #expect(shared.path(of: hash([7]), byteCount: 3) == nil)
        #expect(SharedVault(directory: "/nowhere").path(of: name, byteCount: 3) == nil)
    }

    @Test func `several threads may insert and trim at once`() async throws {
        let vault = try open(limit: 20_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                let bytes = [UInt8](repeating: UInt8(index / 2), count: 1_000 + index / 2)
                let file = try directory.write("t\(index)", bytes)
                group.addTask { try vault.insert(copying: file) }
            }
            try await group.waitForAll()
        }
        try vault.trim()
        var total = 0
        for index in 0..<20 {
            let bytes = [UInt8](repeating: UInt8(index), count: 1_000 + index)
            if let size = vault.byteCount(of: hash(bytes)) {
                total += size
                #expect(try vault.verify(hash(bytes)))
            }
        }
        #expect(total <= 20_000 && total > 15_000)
    }
}

@Suite("Sinks and sources")
struct SinkAndSourceTests {
    let directory: TemporaryDirectory
    let store: Store

    init() throws {
        directory = try TemporaryDirectory("sinks")
        store = try Store(directory: directory.path + "/store")
    }

    private func part(_ bytes: [UInt8]) -> Part { Part(digest: Digest.of(bytes), byteCount: bytes.count) }

    @Test func `a part sink stores and pins what has the digest, and gives the pin back when it is abandoned`() throws {
        var numbers = Numbers(8)
        let bytes = numbers.bytes(2_500_000)
        let sink = PartSink(part(bytes), store: store, pins: true)
        try sink.begin(byteCount: bytes.count)
        try sink.write(Array(bytes[1_000_000...]), at: 1_000_000)
        try sink.write(Array(bytes[..<1_000_000]), at: 0)
        #expect(try sink.finish())
        #expect(try store.read(Digest.of(bytes)) == bytes)
        #expect(try store.isPinned(Digest.of(bytes)))
        sink.abandon()
        #expect(try !store.isPinned(Digest.of(bytes)))

        let wrong = PartSink(part([1, 2]), store: store)
        try wrong.begin(byteCount: 2)
        try wrong.write([1, 3], at: 0)
        #expect(try !wrong.finish())
        #expect(try store.locate(Digest.of([1, 3])) == nil)
        #expect(throws: StoreError.self) { try wrong.begin(byteCount: PartSink.maximumByteCount + 1) }
    }

    @Test func `a store serves ranges of its parts`() throws {
        var numbers = Numbers(9)
        let bytes = numbers.bytes(2_500_000)
        let part = try store.store(bytes)
        let source = StoreSource(store)
        var read: [UInt8] = []
        while read.count < bytes.count {
            guard
                case .bytes(let range, let size) = source.read(
                    .part(part.digest), at: read.count, count: 1 << 20, for: .coordinator), !range.isEmpty
            else { Issue.record("no range"); return }
            #expect(size == bytes.count)
            read += range
        }
        #expect(read == bytes)
        guard case .none(.unknown) = source.read(.part(Digest.of([1])), at: 0, count: 1, for: .coordinator) else {
            Issue.record("it was served")
            return
        }
    }

    @Test func `a changed file is unreadable`() throws {
        let path = try directory.write("a.wav", [1, 2, 3])
        let name = BlobName.source(hash([1, 2, 3]))
        let files = FileRanges()
        try files.add(name, path: path)
        guard case .bytes([2, 3], 3) = files.read(name, at: 1, count: 5, for: .coordinator) else {
            Issue.record("not served")
            return
        }
        try Data([1, 2, 3, 4]).write(to: URL(fileURLWithPath: path))
        guard case .none(.unreadable) = files.read(name, at: 1, count: 5, for: .coordinator) else {
            Issue.record("served")
            return
        }
        #expect(!files.isUnchanged(name))
        files.remove(name)
        guard case .none(.unknown) = files.read(name, at: 1, count: 5, for: .coordinator) else {
            Issue.record("served")
            return
        }
        #expect(throws: VaultError.self) { try files.add(name, path: directory.path) }
    }

    @Test func `a fetched file appears whole or not at all`() throws {
        let path = directory.path + "/out.flac"
        let bytes: [UInt8] = Array(0..<200)
        let wrong = FileSink(path: path, hash: hash([0]))
        try wrong.begin(byteCount: 200)
        try wrong.write(bytes, at: 0)
        #expect(try !wrong.finish())
        wrong.abandon()
        let sink = FileSink(path: path, hash: hash(bytes))
        try sink.begin(byteCount: 200)
        try sink.write(Array(bytes[100...]), at: 100)
        #expect(!FileManager.default.fileExists(atPath: path))
        // A start over makes the first one void.
        try sink.begin(byteCount: 200)
        try sink.write(Array(bytes[100...]), at: 100)
        try sink.write(Array(bytes[..<100]), at: 0)
        #expect(try sink.finish())
        sink.abandon()
        #expect(FileManager.default.contents(atPath: path).map(Array.init) == bytes)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(left == ["out.flac", "store"])
    }

    @Test func `a cache tells what is there, pins it, and trims the rest`() throws {
        let cache = PartCache(store: store, limitByteCount: 1)
        var numbers = Numbers(10)
        let kept = try store.store(numbers.bytes(100_000))
        let other = try store.store(numbers.bytes(100_000))
        let absent = part([1, 2, 3])
        let (known, missing) = try cache.locations(of: [kept, absent, kept, absent], pinning: true)
        #expect(Array(known.keys) == [kept.digest])
        #expect(missing == [absent])
        try cache.trim()
        #expect(try store.locate(kept.digest) != nil)
        #expect(try store.locate(other.digest) == nil)
        try cache.unpin([kept, kept])
        try store.flush()
        try cache.trim()
        #expect(try store.locate(kept.digest) == nil)
    }
}
