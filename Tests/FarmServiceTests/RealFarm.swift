import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import FarmTransfer
import Foundation
import Quantities
import RenderHarness
import Synchronization
import Testing
import ZeroMQ

/// All tests of this target start real processes on this machine's cores: one after the other.
@Suite(.serialized) enum RealFarmTests {}

/// A test's failure says what differs.
func expectSame(_ delivered: Delivered, _ reference: Delivered, at place: SourceLocation = #_sourceLocation) {
    let differences = delivered.differences(from: reference).map { $0.prefix(400) }
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))", sourceLocation: place)
}

/// Ends the farm, and says what it left behind.
func expectNothingLeft(
    _ farm: RealFarm, isDamageAllowed: Bool = false, at place: SourceLocation = #_sourceLocation
) throws {
    let leftovers = try farm.leftovers(isDamageAllowed: isDamageAllowed)
    #expect(leftovers.isEmpty, "\(leftovers.joined(separator: "\n"))", sourceLocation: place)
}

/// A coordinator, its workers and its clients as real processes, each with its own directory, in one folder.
final class RealFarm {
    enum Transport {
        /// Loopback, with or without keys.
        case tcp(keys: Bool)
        case ipc
    }

    let workshop: Workshop
    let endpoint: FarmEndpoint
    let usesKeys: Bool
    private(set) var coordinator: LatheProcess?
    private(set) var workers: [LatheProcess] = []
    /// Those that were replaced.
    private var retired: [LatheProcess] = []
    /// Highest resident memory that a coordinator of this farm had, in bytes.
    private(set) var coordinatorPeakBytes = 0
    private let socketFolder: String?
    /// Where clients and workers connect; a proxy's address where the test has one.
    var entrance: FarmEndpoint
    /// The coordinator's directory, relative to the workshop.
    var coordinatorFolder = "farm"
    /// Of the coordinator's process.
    var coordinatorEnvironment: [String: String] = [:]
    /// A command line that is put before the coordinator's.
    var coordinatorWrapper: [String] = []

    init(_ transport: Transport = .tcp(keys: false), coordinatorFolder: String? = nil) throws {
        workshop = try Workshop()
        switch transport {
        case .tcp(let keys):
            usesKeys = keys
            socketFolder = nil
            endpoint = try #require(FarmEndpoint("tcp://127.0.0.1:\(try FreePorts.first(of: 3))"))
        case .ipc:
            usesKeys = false
            // A short path: that of a socket ends at 107 bytes.
            let folder = FileManager.default.temporaryDirectory.path + "/lf-\(UInt32.random(in: 0...UInt32.max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            socketFolder = folder
            endpoint = try #require(FarmEndpoint("ipc://\(folder)/farm"))
        }
        entrance = endpoint
        if let coordinatorFolder { self.coordinatorFolder = coordinatorFolder }
        guard usesKeys else { return }
        _ = try KeyRing.create(directory: workshop.path("keys-coordinator"))
        try makeKey("operator", [.operate])
        try makeKey("work", [.work])
    }

    deinit {
        for process in workers + retired where !process.hasEnded { process.send(SIGKILL) }
        if let coordinator, !coordinator.hasEnded { coordinator.send(SIGKILL) }
        if let socketFolder { try? FileManager.default.removeItem(atPath: socketFolder) }
    }

    // MARK: - Keys

    private var accessFile: AccessFile { AccessFile(directory: workshop.path("keys-coordinator")) }

    /// A key of its own, which knows the farm's; allowed where it has roles.
    func makeKey(_ name: String, _ roles: Set<Role>) throws {
        let ring = try KeyRing.create(directory: workshop.path("keys-\(name)"))
        try ring.saveFarmKey(KeyRing(directory: workshop.path("keys-coordinator")).keys.publicKey)
        if !roles.isEmpty { try allow(name, roles) }
    }

    func allow(_ name: String, _ roles: Set<Role>) throws {
        let key = try KeyRing(directory: workshop.path("keys-\(name)")).keys.publicKey
        try accessFile.change { try $0.allow(key, name: name, roles: roles, at: Date()) }
    }

    func revoke(_ name: String) throws {
        try accessFile.change { _ = $0.revoke(name, at: Date()) }
    }

    /// `--keys` of whoever uses that key.
    func keyArguments(_ name: String) -> [String] {
        usesKeys ? ["--keys", workshop.path("keys-\(name)")] : []
    }

    func security(_ name: String) throws -> SocketSecurity {
        guard usesKeys else { return .none }
        return try FarmSecurity.client(of: endpoint, keysDirectory: workshop.path("keys-\(name)"))
    }

    // MARK: - Processes

    /// Keys of whoever runs the tests stay out of them.
    private var environment: [String: String] { ["XDG_CONFIG_HOME": workshop.path("config")] }

    func startCoordinator(_ more: [String] = []) throws {
        let arguments =
            ["coordinator", "--bind", endpoint.control, "--store", workshop.path(coordinatorFolder), "--http", "none"]
            + keyArguments("coordinator") + more
        let process = try workshop.start(
            arguments, environment: environment.merging(coordinatorEnvironment) { $1 }, under: coordinatorWrapper)
        coordinator = process
        guard process.wait(seconds: 20, until: { process.errorsSoFar.contains("listening") }), !process.hasEnded else {
            throw HarnessError("the coordinator does not start:\n\(process.wait(seconds: 0).errors)")
        }
    }

    /// Ends it by a signal, and says how it ended.
    @discardableResult
    func endCoordinator(_ signal: Int32) throws -> LatheProcess.Finished {
        let process = try #require(coordinator)
        notePeak()
        process.send(signal)
        let finished = process.wait(seconds: 30)
        coordinator = nil
        return finished
    }

    /// Remembers how much memory the coordinator has had.
    func notePeak() {
        guard let process = coordinator else { return }
        coordinatorPeakBytes = max(coordinatorPeakBytes, ProcessTable.peakBytes(process.identifier))
    }

    @discardableResult
    func startWorker(
        slots: Int = 1, store: String? = nil, key: String = "work", more: [String] = [],
        environment others: [String: String] = [:]
    ) throws -> LatheProcess {
        let folder = store ?? "worker-\(workers.count)"
        let process = try workshop.start(
            [
                "worker", "--connect", entrance.control, "--store", workshop.path(folder), "--slots", "\(slots)",
            ] + keyArguments(key) + more, environment: environment.merging(others) { $1 })
        workers.append(process)
        return process
    }

    /// Starts a worker in the place of one that has ended, or is about to.
    func replaceWorker(_ number: Int, key: String = "work") throws {
        retired.append(workers[number])
        let process = try startWorker(store: "worker-\(number)", key: key)
        workers.removeLast()
        workers[number] = process
    }

    /// Waits until so many slots have said hello.
    func waitForWorkers(_ count: Int, seconds: Double = 20) throws {
        let client = try client()
        try wait(seconds, "\(count) workers") { try client.ask(ClientRequest(.status)).status?.workers.count == count }
    }

    /// Runs a verb of a client to its end.
    func run(_ verb: [String], as key: String = "operator") throws -> LatheProcess.Finished {
        try start(verb, as: key).wait()
    }

    func start(_ verb: [String], as key: String = "operator") throws -> LatheProcess {
        try workshop.start(verb + ["--farm", entrance.control] + keyArguments(key), environment: environment)
    }

    /// `lathe render --farm`, with the segments that the reference has.
    func startRender(
        _ session: String, into folder: String, as key: String = "operator", _ more: [String] = []
    ) throws -> LatheProcess {
        try start(
            [
                "render", workshop.path(session), "-o", workshop.path(folder), "--segment-seconds", "0.5", "--stems",
                "pre-master", "--progress", "none",
            ] + more, as: key)
    }

    func render(_ session: String, into folder: String, as key: String = "operator") throws -> Delivered {
        let run = try startRender(session, into: folder, as: key).wait()
        guard run.status == 0 else { throw HarnessError("render --farm ended with \(run.status):\n\(run.errors)") }
        return try workshop.delivered(folder)
    }

    /// The quiet render that everything is compared with.
    ///
    /// - Parameter segmentSeconds: part of the arithmetic.
    func reference(
        _ session: String, into folder: String = "reference", segmentSeconds: Double = 0.5
    ) throws -> Delivered {
        try workshop.render(
            session, into: folder, store: "quiet", ["--workers", "0", "--segment-seconds", "\(segmentSeconds)"])
    }

    // MARK: - Jobs

    func client(as key: String = "operator") throws -> FarmClient {
        let client = try FarmClient(endpoint: entrance, security: security(key))
        client.patienceMilliseconds = 20_000
        return client
    }

    /// A submission of the workshop's files as `lathe submit` makes it, but for its short segments.
    func submission(_ session: String, priority: Int = 0, workerLimit: Int? = nil) throws -> Submission {
        var texts: [Submission.Text] = []
        for name in workshop.files(".") where name.hasSuffix(".yaml") && !name.contains("/") {
            texts.append(
                Submission.Text(
                    path: workshop.path(name), text: String(decoding: try workshop.bytes(name), as: UTF8.self)))
        }
        var sources: [Submission.Source] = []
        for name in workshop.files("sounds") {
            let path = workshop.path("sounds/\(name)")
            let hashed = try ContentHash.ofFile(path)
            sources.append(Submission.Source(path: path, hash: hashed.hash, byteCount: hashed.byteCount))
        }
        return Submission(
            id: JobName.text(.random(in: 1...(.max))), root: workshop.path(session), title: session, texts: texts,
            sources: sources, stems: "pre-master", segmentSeconds: 0.5, priority: priority, workerLimit: workerLimit)
    }

    /// Hands it in and stays until its audio is there.
    func submit(_ submission: Submission, by client: FarmClient) throws -> JobStatus {
        for source in submission.sources { try client.offer(source.hash, path: source.path) }
        var request = ClientRequest(.submit)
        request.submission = submission
        var job = try #require(try client.ask(request).job)
        try wait(30, "the audio of \(submission.id)") {
            if job.missingBytes > 0, !job.state.isOver { job = try #require(try client.ask(request).job) }
            return job.missingBytes == 0 || job.state.isOver
        }
        return job
    }

    func job(_ id: String, _ client: FarmClient) throws -> JobStatus {
        try #require(try client.ask(ClientRequest(.status, job: id)).job)
    }

    @discardableResult
    func waitUntilOver(_ id: String, _ client: FarmClient, seconds: Double = 60) throws -> JobStatus {
        try waitFor(id, client, "over", seconds: seconds) { $0.state.isOver }
    }

    /// The job once a second has gone by in which no task ended and nobody worked on it.
    func waitUntilStill(_ id: String, _ client: FarmClient) throws -> JobStatus {
        var (last, since) = (try job(id, client), Date())
        try wait(60, "\(id) to stand still") {
            let job = try job(id, client)
            if job.tasksDone != last.tasksDone || job.runningWorkers > 0 { since = Date() }
            last = job
            return Date().timeIntervalSince(since) >= 1
        }
        return last
    }

    @discardableResult
    func waitFor(
        _ id: String, _ client: FarmClient, _ what: String, seconds: Double = 60, _ condition: (JobStatus) -> Bool
    ) throws -> JobStatus {
        var last: JobStatus?
        do {
            try wait(seconds, "\(id) to be \(what)") {
                let job = try self.job(id, client)
                last = job
                return condition(job)
            }
        } catch let error as HarnessError {
            throw HarnessError("\(error); it is \(last.map { "\($0)" } ?? "nothing")")
        }
        return try #require(last)
    }

    func events(_ id: String, _ client: FarmClient) throws -> [TaskEvent] {
        var request = ClientRequest(.events, job: id)
        var events: [TaskEvent] = []
        while true {
            let page = try #require(try client.ask(request).events)
            events += page.events
            request.after = page.next
            if !page.hasMore { return events }
        }
    }

    func wait(_ seconds: Double, _ what: String, _ condition: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(seconds)
        while try !condition() {
            guard Date() < deadline else {
                let log = coordinator.map { String($0.errorsSoFar.suffix(3_000)) } ?? "no coordinator"
                throw HarnessError("waited \(seconds) s in vain for \(what). The coordinator's last words:\n\(log)")
            }
            usleep(10_000)
        }
    }

    /// What `lathe fetch` gets.
    func fetch(_ id: String, into folder: String, as key: String = "operator") throws -> Delivered {
        let run = try run(["fetch", id, "-o", workshop.path(folder)], as: key)
        guard run.status == 0 else { throw HarnessError("fetch ended with \(run.status):\n\(run.errors)") }
        return try workshop.delivered(folder)
    }

    // MARK: - The end

    /// Ends everything in peace and says what was left behind that should not be; empty where nothing was.
    func leftovers(isDamageAllowed: Bool = false) throws -> [String] {
        var found: [String] = []
        let client = try client()
        let status = try #require(try client.ask(ClientRequest(.status)).status)
        for job in status.jobs {
            if !job.state.isOver { found.append("job \(job.id) is not over: \(job)") }
            if job.runningWorkers > 0 { found.append("job \(job.id) has \(job.runningWorkers) leases") }
        }
        for worker in status.workers where worker.task != nil { found.append("\(worker.name) has a lease") }
        for worker in workers + retired where !worker.hasEnded {
            worker.send(SIGCONT)
            worker.send(SIGTERM)
        }
        for (number, worker) in (workers + retired).enumerated() {
            let finished = worker.wait(seconds: 15)
            if finished.isOverdue { found.append("worker \(number) does not leave:\n\(finished.errors.suffix(2_000))") }
        }
        let finished = try endCoordinator(SIGTERM)
        if finished.status != 0 { found.append("the coordinator ended with \(finished.status): \(finished.errors)") }
        for name in workshop.files(".") {
            let isTemporary = [".new", ".part", ".partial", ".tmp"].contains { name.hasSuffix($0) }
            if isTemporary || name.contains("/incoming/") { found.append("\(name) was left") }
        }
        for folder in [coordinatorFolder] + workerStores {
            let stat = try workshop.run(["store", "stat", "--json", "--store", workshop.path(folder)])
            let blobs = try JSON(Array(stat.output.utf8))["blobs"].elements
            let pinned = blobs.count { $0["isPinned"].bool == true }
            if pinned > 0 { found.append("\(folder) has \(pinned) pinned parts") }
            let verdict = try workshop.run(["store", "verify", "--store", workshop.path(folder)])
            if verdict.status != 0, !isDamageAllowed { found.append("\(folder): \(verdict.output)\(verdict.errors)") }
        }
        return found
    }

    private var workerStores: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: workshop.path)) ?? []
        return names.filter { $0.hasPrefix("worker-") && workshop.exists("\($0)/parts") }.sorted().map { "\($0)/parts" }
    }
}

/// Three (or so) ports in a row that nobody listens on, and that no other test was given: its coordinator may be dead
/// for a moment, and comes back to them.
enum FreePorts {
    private static let given = Mutex<Set<Int>>([])

    static func first(of count: Int) throws -> Int {
        for _ in 0..<200 {
            // Below the ports that the kernel gives to outgoing connections.
            let first = Int.random(in: 10_240..<32_000)
            let ports = first..<first + count
            let isOurs = given.withLock { given in
                guard given.isDisjoint(with: ports), ports.allSatisfy(isFree) else { return false }
                given.formUnion(ports)
                return true
            }
            if isOurs { return first }
        }
        throw HarnessError("no free ports")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return bind(descriptor, loopback: port)
    }

    static func bind(_ descriptor: Int32, loopback port: Int) -> Bool {
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = loopbackAddress(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func loopbackAddress(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// What the kernel says of a process.
enum ProcessTable {
    static func peakBytes(_ process: Int32) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return (Int(line.split(separator: " ").dropFirst().first { $0 != "\t" } ?? "0") ?? 0) * 1024
        }
        return 0
    }

    /// The slot that a worker's process has.
    static func slot(_ process: Int32) -> Int? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return nil }
        let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard let index = words.firstIndex(of: "--slot"), index + 1 < words.count else { return nil }
        return Int(words[index + 1])
    }
}
