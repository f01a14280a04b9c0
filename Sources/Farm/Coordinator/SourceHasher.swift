import FarmCoordination
import Foundation
import Hashing
import Quantities
import RenderPlan
import SoundFiles

/// Hashes source files where they lie, on threads of its own, so that a farm's workers need not be sent a file only to
/// say what is in it.
final class SourceHasher: Sendable {
    struct Order: Sendable {
        var path: String
        var program: Program
        var segment: Int
        var done: @Sendable (TaskResult?) -> Void
    }

    private let orders = BlockingQueue<Order?>()
    private let threadCount: Int

    init(threadCount: Int) {
        self.threadCount = threadCount
        let orders = orders
        for _ in 0..<threadCount {
            startThread(named: "hashing") {
                var readers: [String: SoundFileReader] = [:]
                while let order = orders.take() { order.done(Self.hash(order, &readers)) }
            }
        }
    }

    deinit { for _ in 0..<threadCount { orders.post(nil) } }

    func hash(_ order: Order) { orders.post(order) }

    /// nil where the file cannot be read: then it is a worker's task, whose failure has a reason.
    private static func hash(_ order: Order, _ readers: inout [String: SoundFileReader]) -> TaskResult? {
        do {
            if readers.count >= 16, readers[order.path] == nil { readers.removeAll() }
            let reader = try readers[order.path] ?? SoundFileReader(path: order.path)
            readers[order.path] = reader
            guard reader.info.frameCount == order.program.frameCount else { return nil }
            return TaskResult(outputs: [try reader.parts(of: order.program.range(ofSegment: order.segment)) {}])
        } catch {
            return nil
        }
    }
}

extension SoundFileReader {
    /// Digests of a range's parts as the farm cuts them.
    func parts(of range: FrameRange, beforeEach check: () throws -> Void) throws -> [Part] {
        var parts: [Part] = []
        var frame = range.start
        while frame < range.end {
            try check()
            let part = FrameRange(start: frame, count: min(Program.partFrames, range.end - frame))
            try withCanonicalBytes(part) { parts.append(Part(digest: Digest.of($0), byteCount: $0.count)) }
            frame = part.end
        }
        return parts
    }
}
