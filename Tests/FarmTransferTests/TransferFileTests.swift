import FarmTransfer
import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import TestSupport
import Testing
import ZeroMQ

@Suite("Transfer of files and parts")
struct TransferFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("farm") }

    @Test func `a source goes from client to coordinator to worker, a part back, a deliverable to the client`()
        async throws
    {
        var numbers = Numbers(21)
        let sound = numbers.bytes(5_000_000)
        let path = try directory.write("client/a.wav", sound)
        let hash = ContentHash(words: TaskKey.of(sound).words)
        let source = BlobName.source(hash)

        let vault = try SourceVault(directory: directory.path + "/vault", limitByteCount: 1 << 40, reserveByteCount: 0)
        let store = try Store(directory: directory.path + "/store")
        let releases = FileRanges()
        let context = try Context()
        let hub = try TransferHub(
            context: context, endpoint: "tcp://127.0.0.1:*",
            rights: { _, id in id == [1] ? .worker : .client { job, _ in job == 7 } },
            source: CombinedSource([StoreSource(store), vault, releases]))

        let own = FileRanges()
        try own.add(source, path: path)
        let client = try TransferLink(context: context, endpoint: hub.endpoint, routingID: [2], source: own)
        let clientPeer = TransferPeer(routingID: [2])
        #expect(vault.missing([hash]) == [hash])
        var outcome = await hub.fetch(
            source, byteCount: sound.count, from: [clientPeer], into: VaultSink(hash, vault: vault, pins: true))
        #expect(outcome.error == nil)
        #expect(vault.isPinned(hash))

        let workerVault = try SourceVault(
            directory: directory.path + "/worker", limitByteCount: 1 << 40, reserveByteCount: 0)
        let workerStore = try Store(directory: directory.path + "/worker-store")
        let worker = try TransferLink(
            context: context, endpoint: hub.endpoint, routingID: [1], source: StoreSource(workerStore))
        outcome = await worker.fetch(source, byteCount: sound.count, into: VaultSink(hash, vault: workerVault))
        #expect(outcome.error == nil)
        #expect(try workerVault.verify(hash))

        let part = try workerStore.store(numbers.bytes(3_000_000))
        outcome = await hub.fetch(
            .part(part.digest), byteCount: part.byteCount, from: [TransferPeer(routingID: [1])],
            into: PartSink(part, store: store, pins: true))
        #expect(outcome.error == nil)
        #expect(try store.read(part.digest) == workerStore.read(part.digest))
        #expect(try store.isPinned(part.digest))

        let song = numbers.bytes(2_500_000)
        let delivered = BlobName.deliverable(job: 7, file: 3)
        try releases.add(delivered, path: directory.write("release/song.flac", song))
        let sink = FileSink(
            path: directory.path + "/client/song.flac", hash: ContentHash(words: TaskKey.of(song).words))
        outcome = await client.fetch(delivered, byteCount: song.count, into: sink)
        #expect(outcome.error == nil)
        #expect(FileManager.default.contents(atPath: directory.path + "/client/song.flac").map(Array.init) == song)

        // A changed file is told apart from an absent one, and a full disk from both.
        let small = try SourceVault(
            directory: directory.path + "/small", limitByteCount: 1 << 40, reserveByteCount: 1 << 60)
        outcome = await hub.fetch(
            source, byteCount: sound.count, from: [clientPeer], into: VaultSink(hash, vault: small))
        if case .sink(_, isDiskFull: true) = outcome.error {} else { Issue.record("\(outcome)") }
        try Data([1]).write(to: URL(fileURLWithPath: path))
        let other = try SourceVault(directory: directory.path + "/other", limitByteCount: 1 << 40, reserveByteCount: 0)
        outcome = await hub.fetch(
            source, byteCount: sound.count, from: [clientPeer], into: VaultSink(hash, vault: other))
        #expect(outcome.error == .unavailable(.unreadable, clientPeer))
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/other/incoming")
        #expect(left.isEmpty)
        for link in [client, worker] { link.stop() }
        hub.stop()
    }
}
