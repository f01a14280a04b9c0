import FarmTransfer
import Foundation
import Hashing
import Quantities
import RenderPlan
import Synchronization
import TestSupport
import ZeroMQ

/// Numbers from a seed.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var index = 0
            while index + 8 <= count {
                let word = next()
                for shift in 0..<8 { buffer[index + shift] = UInt8(truncatingIfNeeded: word >> (8 * shift)) }
                index += 8
            }
            while index < count {
                buffer[index] = UInt8(truncatingIfNeeded: next())
                index += 1
            }
            filled = count
        }
    }
}

/// Blobs in memory.
final class MemorySource: BlobSource {
    private struct State {
        var blobs: [BlobName: [UInt8]] = [:]
        var readCount = 0
        var liar: (@Sendable (BlobName, BlobAnswer) -> BlobAnswer)?
    }

    private let state = Mutex(State())

    init(_ blobs: [[UInt8]] = [], lying liar: (@Sendable (BlobName, BlobAnswer) -> BlobAnswer)? = nil) {
        for blob in blobs { add(blob) }
        state.withLock { $0.liar = liar }
    }

    @discardableResult
    func add(_ bytes: [UInt8]) -> BlobName {
        let name = BlobName.part(Digest.of(bytes))
        state.withLock { $0.blobs[name] = bytes }
        return name
    }

    var readCount: Int { state.withLock { $0.readCount } }

    func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        let (blob, liar) = state.withLock { state in
            state.readCount += 1
            return (state.blobs[name], state.liar)
        }
        guard let blob else { return .none(.unknown) }
        let end = min(blob.count, offset + count)
        let answer = BlobAnswer.bytes(offset < end ? Array(blob[offset..<end]) : [], blobByteCount: blob.count)
        return liar?(name, answer) ?? answer
    }
}

/// Collects a blob in memory and checks its digest.
final class MemorySink: BlobSink, @unchecked Sendable {  // what changes is guarded by `held` and `door`
    struct State {
        var bytes: [UInt8] = []
        var beginCount = 0
        var abandonCount = 0
        var joinCount = 0
        var isFinished = false
    }

    let name: BlobName
    private let held = Mutex(State())
    /// Taken while the sink writes nothing more.
    private let door = NSCondition()
    private var writtenByteCount = 0
    private var openByteCount: Int

    /// - Parameter openByteCount: so much is taken before it is opened.
    init(_ name: BlobName, openByteCount: Int = .max) {
        self.name = name
        self.openByteCount = openByteCount
    }

    var state: State { held.withLock { $0 } }

    /// From now on it takes everything.
    func open() {
        door.withLock {
            openByteCount = .max
            door.broadcast()
        }
    }

    func begin(byteCount: Int) throws {
        held.withLock { state in
            state.bytes = [UInt8](repeating: 0, count: byteCount)
            state.beginCount += 1
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        door.withLock {
            while writtenByteCount >= openByteCount { door.wait() }
            writtenByteCount += bytes.count
        }
        held.withLock { $0.bytes.replaceSubrange(offset..<(offset + bytes.count), with: bytes) }
    }

    func finish() throws -> Bool {
        held.withLock { state in
            guard case .part(let digest) = name, Digest.of(state.bytes) == digest else { return false }
            state.isFinished = true
            return true
        }
    }

    func abandon() { held.withLock { $0.abandonCount += 1 } }
    func finishedElsewhere() throws { held.withLock { $0.joinCount += 1 } }
}

/// A coordinator's hub and what it serves, at an endpoint of its own.
struct HubBench {
    let context: Context
    let hub: TransferHub
    let source: MemorySource
    let events = EventLog()

    init(
        _ endpoint: String = "tcp://127.0.0.1:*", source: MemorySource = MemorySource(),
        limits: TransferLimits = TransferLimits(),
        rights: @escaping @Sendable (String?, [UInt8]) -> TransferRights? = { _, _ in .worker }
    ) throws {
        context = try Context()
        self.source = source
        let events = events
        hub = try TransferHub(
            context: context, endpoint: endpoint, limits: limits, rights: rights, source: source,
            onEvent: { events.append($0) })
    }

    func link(
        _ name: String, source: any BlobSource = MemorySource(), limits: TransferLimits = TransferLimits(),
        onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) throws -> TransferLink {
        try TransferLink(
            context: Context(), endpoint: hub.endpoint, routingID: Array(name.utf8), limits: limits, source: source,
            onEvent: onEvent)
    }

    func peer(_ name: String) -> TransferPeer { TransferPeer(routingID: Array(name.utf8)) }
}

final class EventLog: Sendable {
    private let events = Mutex<[TransferEvent]>([])
    func append(_ event: TransferEvent) { events.withLock { $0.append(event) } }
    var all: [TransferEvent] { events.withLock { $0 } }
}

extension TransferHub {
    func fetch(
        _ name: BlobName, byteCount: Int, from peers: [TransferPeer], into sink: any BlobSink,
        urgency: Urgency = .needed
    ) async -> Result<Void, TransferError> {
        await withCheckedContinuation { continuation in
            pull(name, byteCount: byteCount, from: peers, into: sink, urgency: urgency) {
                continuation.resume(returning: $0)
            }
        }
    }
}

extension TransferLink {
    func fetch(
        _ name: BlobName, byteCount: Int, into sink: any BlobSink, urgency: Urgency = .needed
    ) async -> Result<Void, TransferError> {
        await withCheckedContinuation { continuation in
            pull(name, byteCount: byteCount, into: sink, urgency: urgency) { continuation.resume(returning: $0) }
        }
    }
}

extension Result where Success == Void, Failure == TransferError {
    /// nil where it succeeded.
    var error: TransferError? { if case .failure(let error) = self { error } else { nil } }
}

/// Waits until something holds; the tests' only clock, for what has no completion. Gives up after 20 s.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        try? await Task.sleep(nanoseconds: 10_000_000)
    }
    return condition()
}
