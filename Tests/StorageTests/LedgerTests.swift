import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import Testing

private func part(_ number: UInt64) -> Part {
    Part(digest: Digest(high: number, low: .max - number), byteCount: Int(number))
}

@Suite struct LedgerTests {
    @Test func `a result is found before and after the flush, with its provenance`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let entries = [
            entry(1, parts: [[part(1), part(2)], [part(3)]], snapshot: part(4)),
            entry(2, parts: []),
            entry(.max, parts: [[], [part(1)]], worker: "w2", recordedAt: 5_000),
        ]
        for entry in entries { #expect(try store.record(entry) == .recorded) }
        for entry in entries { #expect(try store.lookUp(entry.key) == entry) }
        #expect(try store.close() == [])
        let reopened = try temporary.open()
        for entry in entries { #expect(try reopened.lookUp(entry.key) == entry) }
        #expect(try reopened.lookUp(key(3)) == nil)
    }

    @Test(arguments: [false, true])
    func `another result under the same key is a conflict and the first one stands`(isFlushed: Bool) throws {
        let store = try TemporaryStore().open()
        let first = entry(1, parts: [[part(1)]])
        #expect(try store.record(first) == .recorded)
        if isFlushed { try store.flush() }
        let other = entry(1, parts: [[part(2)]], worker: "w2")
        #expect(try store.record(other) == .conflict(existing: first))
        #expect(try store.record(entry(1, parts: [[part(1)]], worker: "w2")) == .alreadyRecorded)
        #expect(try store.flush() == [])
        #expect(try store.lookUp(key(1)) == first)
    }

    @Test func `two processes that disagree learn of it at the flush`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        let first = entry(1, parts: [[part(1)]], worker: "a")
        let second = entry(1, parts: [[part(2)]], worker: "b")
        #expect(try a.record(first) == .recorded)
        #expect(try b.record(second) == .recorded)
        #expect(try b.record(entry(2, parts: [[part(9)]], worker: "b")) == .recorded)
        #expect(try a.flush() == [])
        let conflicts = try b.flush()
        #expect(conflicts.map(\.existing) == [first])
        #expect(conflicts.map(\.rejected) == [second])
        #expect(try b.lookUp(key(1)) == first)
        #expect(try a.lookUp(key(2))?.provenance.worker == "b")
        #expect(try b.flush() == [])
    }

    @Test func `two processes that agree have no conflict`() throws {
        let temporary = TemporaryStore()
        let (a, b) = (try temporary.open(), try temporary.open())
        _ = try a.record(entry(1, parts: [[part(1)]], worker: "a"))
        _ = try b.record(entry(1, parts: [[part(1)]], worker: "b"))
        #expect(try a.flush() == [])
        #expect(try b.sync() == [])
        #expect(try b.lookUp(key(1))?.provenance.worker == "a")
    }

    @Test func `more results than one batch holds are all written, with their bytes`() throws {
        let temporary = TemporaryStore()
        var store: Store? = try temporary.open()
        for i in 0..<1_024 {
            let bytes = noise(16, seed: UInt64(i))
            let part = try #require(try store?.store(bytes))
            _ = try store?.record(entry(UInt64(i), parts: [[part]]))
        }
        // Killed: what filled whole batches is there.
        store = nil
        let next = try temporary.open()
        var foundCount = 0
        for i in 0..<1_024 {
            guard let entry = try next.lookUp(key(UInt64(i))) else { continue }
            foundCount += 1
            #expect(try next.read(entry.result.outputs[0][0].digest) == noise(16, seed: UInt64(i)))
        }
        #expect(foundCount == 1_024)
    }

    /// What is found of four results by the next process, after the one that recorded them was killed.
    private func survivors(_ open: (TemporaryStore) throws -> Store) throws -> [UInt64] {
        let temporary = TemporaryStore()
        var store: Store? = try open(temporary)
        for i in 1...4 { _ = try store?.record(entry(UInt64(i), parts: [[part(UInt64(i))]])) }
        store = nil
        let next = try temporary.open()
        return try (1...4).filter { try next.lookUp(key($0)) != nil }
    }

    @Test func `the first result outlives a store that is dropped, the rest as the interval has it`() throws {
        // As the product opens it: what comes within some milliseconds of the first may be lost.
        #expect(try survivors { try Store(directory: $0.directory) }.contains(1))
        #expect(try survivors { try $0.open(writesPendingEvery: .seconds(1_000_000)) } == [1])
        #expect(try survivors { try $0.open(writesPendingEvery: .zero) } == [1, 2, 3, 4])
        #expect(try survivors { try $0.open(writesPendingEvery: nil) } == [])
    }

    @Test func `a disputed worker's results can be found and taken out`() throws {
        let store = try TemporaryStore().open()
        _ = try store.record(entry(1, parts: [[part(1)]], worker: "good"))
        _ = try store.record(entry(3, parts: [[part(3)]], worker: "odd", recordedAt: 2_000))
        _ = try store.record(entry(2, parts: [[part(2)]], worker: "odd", recordedAt: 3_000))
        _ = try store.record(entry(4, parts: [[part(4)]], worker: "odd", recordedAt: 1_999))
        let keys = try store.resultKeys(ofWorker: "odd", since: 2_000)
        #expect(keys == [key(2), key(3)])
        try store.removeResults(keys)
        #expect(try store.lookUp(key(2)) == nil)
        #expect(try store.lookUp(key(4)) != nil)
        #expect(try store.record(entry(2, parts: [[part(5)]])) == .recorded)
    }

    @Test func `jobs are remembered and updated in place`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        var job = JobRecord(id: "b", title: "Album", revision: 2, state: "running", startedAtSeconds: 20)
        let older = JobRecord(
            id: "c", title: "Album", revision: 1, state: "done", startedAtSeconds: 10, finishedAtSeconds: 15)
        try store.recordJob(job)
        try store.recordJob(older)
        job.state = "done"
        job.finishedAtSeconds = 30
        try store.recordJob(job)
        #expect(try temporary.open().jobs() == [older, job])
    }

    @Test func `what was synced is there after a kill`() throws {
        let temporary = TemporaryStore()
        var store: Store? = try temporary.open()
        let part = try #require(try store?.store(noise(70_000, seed: 1)))
        _ = try store?.record(entry(1, parts: [[part]]))
        try store?.sync()
        try store?.sync()
        store = nil
        let next = try temporary.open()
        #expect(try next.lookUp(key(1))?.result.outputs == [[part]])
        #expect(try next.read(part.digest) == noise(70_000, seed: 1))
    }
}

@Suite struct SourceMemoryTests {
    @Test func `digests of a source are remembered for exactly the file they were made of`() throws {
        let temporary = TemporaryStore()
        let store = try temporary.open()
        let path = temporary.directory + "/kick.wav"
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        let identity = try SourceIdentity(ofFile: path)
        #expect(identity.byteCount == 3)
        #expect(try store.sourceParts(for: identity) == nil)
        try store.rememberSource(identity, parts: [part(1), part(2)])
        try store.rememberSource(identity, window: 7, parts: [part(3)])
        #expect(try store.sourceParts(for: identity) == [part(1), part(2)])
        try store.close()

        let next = try temporary.open()
        #expect(try next.sourceParts(for: SourceIdentity(ofFile: path)) == [part(1), part(2)])
        #expect(try next.sourceParts(for: identity, window: 7) == [part(3)])
        #expect(try next.sourceParts(for: identity, window: 8) == nil)
        for change in [\SourceIdentity.byteCount, \.modifiedNanoseconds] {
            var edited = identity
            edited[keyPath: change] += 1
            #expect(try next.sourceParts(for: edited) == nil)
        }
        var replaced = identity
        replaced.inode ^= 1 << 63
        try next.rememberSource(replaced, parts: [part(9)])
        try next.flush()
        #expect(try next.sourceParts(for: replaced) == [part(9)])
        #expect(try next.sourceParts(for: identity, window: 7) == nil)
    }

    @Test func `a file that is not there has no identity`() {
        #expect(storeErrorCode { _ = try SourceIdentity(ofFile: "/nonexistent/kick.wav") } == .system)
    }
}
