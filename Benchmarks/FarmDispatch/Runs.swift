import Farm
import FarmCoordination
import FarmProtocol
import Foundation
import Logging
import Quantities
import RenderCompiler
import RenderPlan
import Storage
import ZeroMQ

/// A coordinator as `lathe coordinator` has it, with workers of another process.
private final class Farm {
    let host: CoordinatorHost
    private let folder: String
    private let workers: Process
    /// Lets every key in: what is measured is what a connection costs once it stands.
    private var authenticator: Authenticator?

    init(workerCount: Int, threadCount: Int, isEncrypted: Bool) throws {
        folder = NSTemporaryDirectory() + "farm-dispatch-\(getpid())-\(monotonicMilliseconds())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try Store(directory: folder)
        let port = 20_000 + Int(monotonicMilliseconds() % 10_000)
        let endpoint = "tcp://127.0.0.1:\(port)"
        // The snapshot of every segment of a chain: a pin of bytes that are not there is another thing than a pin.
        let snapshot = try store.store([UInt8](repeating: 1, count: WorkerSwarm.snapshotByteCount))
        let context = try Context()
        var options = SocketOptions.control
        var serverKey = ""
        if isEncrypted {
            let keys = try CurveKeyPair.generate()
            authenticator = try Authenticator(in: context) { .allow(userID: $0.key.z85) }
            options.security = .curveServer(keys, domain: "bench")
            serverKey = keys.publicKey.z85
        }
        let transport = try RouterTransport(context: context, endpoint: endpoint, options: options)
        host = CoordinatorHost(
            store: store, transport: transport, policy: Policy(), incarnation: Incarnation(1),
            provenance: Provenance(worker: "", incarnation: "", processorModel: "any", latheVersion: "bench"),
            storeLimitBytes: 1 << 40, usesLedger: true, workerPlace: .elsewhere, logger: Logger(label: "bench"))
        workers = try startAgain([
            "workers", "--endpoint", endpoint, "--namespace", store.namespace.name, "--engine",
            host.state.engine.description, "--count", "\(workerCount)", "--threads", "\(threadCount)",
            "--server", "key " + serverKey, "--snapshot", "\(snapshot.digest)",
        ])
        let limit = monotonicMilliseconds() + 20_000
        while host.state.livePeers.count < workerCount {
            guard workers.isRunning, monotonicMilliseconds() < limit, host.refusedFrameCount == 0 else {
                throw CocoaError(.executableLoad)
            }
            try host.turn(waitingMilliseconds: 50)
        }
    }

    func stop() {
        workers.terminate()
        workers.waitUntilExit()
        authenticator?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// Tasks that do nothing, from their submission to the recorded end of their job.
struct DispatchRun {
    let taskCount: Int
    let workerCount: Int
    /// Chained programs that the tasks belong to; 0: windowed ones, all of whose tasks are ready at once.
    let chainedPrograms: Int
    let isEncrypted: Bool

    private final class Driver: JobDriver {
        var outcome: JobOutcome?
        func handle(_ event: FarmEvent, host: CoordinatorHost) {
            if case .ended(_, let outcome) = event { self.outcome = outcome }
        }
        func deliver(_ delivery: FarmCoordination.Delivery, parts: Locations, host: CoordinatorHost) {}
        func rewind(_ program: ProgramID, toSegment segment: Int) {}
    }

    func run() throws -> Cost {
        let farm = try Farm(workerCount: workerCount, threadCount: 4, isEncrypted: isEncrypted)
        defer { farm.stop() }
        let driver = Driver()
        let (list, shapes) = programs
        let watch = Stopwatch()
        let job = JobID(1)
        farm.host.submit(HostedJob(id: job, list: list, driver: driver), shapes: shapes)
        farm.host.close(job)
        while driver.outcome == nil { try farm.host.turn(waitingMilliseconds: 50) }
        let cost = watch.cost(taskCount: taskCount)
        let figures = farm.host.figures(of: job)
        guard case .finished(let failures)? = driver.outcome, failures.isEmpty, figures.renderedTasks == taskCount,
            figures.retriedTasks == 0, farm.host.refusedFrameCount == 0
        else { throw CocoaError(.coderInvalidValue) }
        return cost
    }

    private var programs: (ProgramList, [ProgramShape]) {
        let kind: ProgramKind = chainedPrograms > 0 ? .chained : .windowed
        let programCount = chainedPrograms > 0 ? chainedPrograms : (taskCount + 3999) / 4000
        var list = ProgramList()
        var shapes: [ProgramShape] = []
        for number in 0..<programCount {
            let segments = taskCount * (number + 1) / programCount - taskCount * number / programCount
            let body = SourceBody(source: number, identity: Digest(high: 7, low: UInt64(number)), samples: .integer16)
            let program = Program(
                kind: kind, rateHertz: 48_000, segmentFrames: Program.partFrames,
                frameCount: segments * Program.partFrames, inputs: [],
                outputs: [OutputPort(channelCount: 2, format: .digests)], body: .hashSource(body), song: 0)
            _ = list.add(program, ProgramLabel(name: "no-op \(number)"))
            shapes.append(
                ProgramShape(
                    kind: kind, segmentCount: segments, dependencies: Array(repeating: [], count: segments),
                    storesOutputs: false))
        }
        return (list, shapes)
    }
}

/// Workers that have nothing to do.
struct IdleRun {
    let workerCount: Int
    let seconds: Int
    let isEncrypted: Bool

    func run() throws -> Cost {
        let farm = try Farm(workerCount: workerCount, threadCount: 2, isEncrypted: isEncrypted)
        defer { farm.stop() }
        // Greetings are not idleness.
        try turn(farm, seconds: 2)
        let watch = Stopwatch()
        try turn(farm, seconds: seconds)
        let cost = watch.cost(taskCount: 0)
        guard farm.host.state.livePeers.count == workerCount, farm.host.refusedFrameCount == 0 else {
            throw CocoaError(.coderInvalidValue)
        }
        return cost
    }

    private func turn(_ farm: Farm, seconds: Int) throws {
        let end = monotonicMilliseconds() + UInt64(seconds) * 1000
        while monotonicMilliseconds() < end { try farm.host.turn(waitingMilliseconds: 50) }
    }
}
