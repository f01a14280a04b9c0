import Farm
import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
import Quantities
import RenderPlan
import ZeroMQ

/// Many workers in one process: each with its own socket and `WorkerMachine`, every order answered at once with a
/// result of digests, under the right key.
final class WorkerSwarm: Sendable {
    private let endpoint: String
    private let namespace: String
    private let engine: Digest
    private let count: Int
    private let threadCount: Int
    /// The coordinator's key; nil for plain connections.
    private let server: CurveKey?
    /// What the coordinator's store has.
    private let snapshot: Part

    static let snapshotByteCount = 1024

    init(_ arguments: Arguments) throws {
        endpoint = arguments.word("endpoint")
        namespace = arguments.word("namespace")
        guard let engine = Digest(hexadecimal: arguments.word("engine")),
            let snapshot = Digest(hexadecimal: arguments.word("snapshot"))
        else { throw CocoaError(.coderInvalidValue) }
        self.engine = engine
        self.snapshot = Part(digest: snapshot, byteCount: Self.snapshotByteCount)
        count = arguments.number("count", 4)
        threadCount = min(count, arguments.number("threads", 4))
        server = CurveKey(z85: arguments.word("server").dropFirst("key ".count))
    }

    /// Works until the coordinator's process is gone or ends this one.
    func run() throws {
        for index in 0..<threadCount {
            startThread(named: "workers \(index)") { [self] in
                do { try work(numbers: Array(stride(from: index + 1, through: count, by: threadCount))) } catch {
                    FileHandle.standardError.write(Data("workers: \(error)\n".utf8))
                }
            }
        }
        let parent = getppid()
        while getppid() == parent { sleep(1) }
    }

    private func work(numbers: [Int]) throws {
        // One context a thread, as one process of a real worker has.
        let context = try Context()
        var poller = Poller()
        var workers: [NoWorker] = []
        var places: [Poller.Registration: Int] = [:]
        for number in numbers {
            let worker = try NoWorker(
                number, context, endpoint, engine, namespace, server: server, snapshot: snapshot)
            places[poller.add(worker.socket)] = workers.count
            workers.append(worker)
        }
        while true {
            for ready in try poller.wait(timeoutMilliseconds: 50) {
                if let place = places[ready.registration] { try workers[place].receive() }
            }
            let now = monotonicMilliseconds()
            for worker in workers where worker.nextWake <= now { try worker.fire(now) }
        }
    }
}

/// A worker that renders nothing.
private final class NoWorker {
    let socket: Socket
    private(set) var nextWake: UInt64
    private var machine: WorkerMachine
    private let namespace: String
    private let snapshot: Part
    private var programs: [ProgramID: Program] = [:]

    private struct Leased: Decodable { var program: Program }

    init(
        _ number: Int, _ context: Context, _ endpoint: String, _ engine: Digest, _ namespace: String, server: CurveKey?,
        snapshot: Part
    ) throws {
        self.snapshot = snapshot
        let peer = Peer(WorkerID(UInt64(number)), Incarnation(monotonicMilliseconds()))
        var options = SocketOptions.control
        options.routingID = peer.routingID
        if let server { options.security = .curveClient(server: server, own: try .generate()) }
        socket = try Socket(.dealer, in: context, options: options)
        try socket.connect(to: endpoint)
        self.namespace = namespace
        machine = WorkerMachine(peer: peer, engine: engine, at: Tick(monotonicMilliseconds()))
        // Not all at once.
        nextWake = monotonicMilliseconds() + UInt64(number % 250)
    }

    func receive() throws {
        while let frames = try socket.receive() {
            guard let wire = try? FarmCodec.decode(frames) else { continue }
            if case .lease(let grant) = wire.message, programs[grant.program] == nil {
                guard let leased = try? JSONDecoder().decode(Leased.self, from: Data(wire.program)) else { continue }
                programs[grant.program] = leased.program
            }
            try take(.message(wire.message))
        }
    }

    func fire(_ now: UInt64) throws {
        nextWake = now + UInt64(WorkerPolicy().heartbeatTicks)
        try take(.timer)
    }

    private func take(_ input: WorkerInput) throws {
        var inputs = [input]
        while let input = inputs.popLast() {
            for effect in machine.handle(input, at: Tick(monotonicMilliseconds())) {
                switch effect {
                case .send(let message): _ = try socket.send(frames: FarmCodec.encode(WireMessage(message: message)))
                case .render(let order): inputs.append(.rendered(rendering(order)))
                case .wake(let tick): nextWake = min(nextWake, tick.rawValue)
                case .abandon: inputs.append(.abandoned)
                case .discard, .exit: break
                }
            }
        }
    }

    private func rendering(_ order: RenderOrder) -> Rendering {
        guard let program = programs[order.task.program] else { preconditionFailure("a lease without a program") }
        let before: Part? =
            switch order.start {
            case .beginning: nil
            case .live(let part), .snapshot(let part): part
            }
        let key = TaskKey.of(
            program.keyBytes(
                ofSegment: order.task.segment, inputs: order.inputs, snapshot: before?.digest, namespace: namespace))
        // The digest of the one part that a segment has.
        let part = Part(
            digest: Digest(high: UInt64(order.task.program.rawValue), low: ~UInt64(order.task.segment)),
            byteCount: 4 * Program.partFrames)
        var result = TaskResult(outputs: [[part]])
        if program.kind == .chained { result.snapshot = snapshot }
        return Rendering(
            lease: order.lease, segment: order.task.segment, key: key, result: result, costMicroseconds: 1)
    }
}

extension SocketOptions {
    /// As coordinator and workers have them on their control sockets.
    static var control: SocketOptions {
        var options = SocketOptions()
        options.heartbeatIntervalMilliseconds = 1000
        options.heartbeatTimeoutMilliseconds = 3000
        options.heartbeatTimeToLiveMilliseconds = 4000
        return options
    }
}
