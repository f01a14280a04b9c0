import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Synchronization
import Testing

extension RealFarmTests {
    /// A seeded script breaks everything that can break while an album renders; at the end there is nothing to see.
    ///
    /// `LATHE_CHAOS_SEEDS=FROM..TO` runs those seeds instead of the usual ones.
    @Suite(.serialized) struct ChaosTests {
        @Test func `whatever happens to a farm, the album is the same`() throws {
            let seeds = try Self.seeds()
            let workshop = try Workshop()
            try workshop.writePairAlbum(seconds: ChaosRun.albumSeconds)
            // A value that nobody changes.
            nonisolated(unsafe) let reference = try workshop.render(
                "pair.yaml", into: "reference", store: "quiet", ["--workers", "0"])
            let tally = ChaosTally()
            let isTold = ProcessInfo.processInfo.environment["LATHE_CHAOS_TOLD"] != nil
            // Much of the time is spent waiting for silence to be noticed: several farms at once.
            inThreads(min(8, seeds.count)) {
                while true {
                    let index = tally.next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < seeds.count else { return }
                    let run = ChaosRun(seed: seeds[index])
                    let found = run.run(against: reference)
                    tally.figures.withLock { $0.add(run.figures) }
                    if isTold { print("seed \(seeds[index]): \(run.script.joined(separator: ";"))") }
                    guard !found.isEmpty else { continue }
                    let text = (["seed \(seeds[index]):"] + found + run.script).joined(separator: "\n")
                    tally.failures.withLock { $0.append(text) }
                }
            }
            print("chaos: \(seeds.count) seeds, \(tally.figures.withLock { "\($0)" })")
            for failure in tally.failures.withLock({ $0 }) { Issue.record("\(failure)") }
        }

        private static func seeds() throws -> [UInt64] {
            guard let text = ProcessInfo.processInfo.environment["LATHE_CHAOS_SEEDS"] else { return Array(1...25) }
            let ends = text.components(separatedBy: "..").compactMap { UInt64($0) }
            guard let first = ends.first, let last = ends.last, ends.count <= 2, first <= last else {
                throw HarnessError("LATHE_CHAOS_SEEDS is \"\(text)\": write FROM..TO")
            }
            return Array(first...last)
        }
    }
}

/// Does the same in several threads, and waits for all.
func inThreads(_ count: Int, _ work: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<count {
        Thread.detachNewThread {
            work()
            done.signal()
        }
    }
    for _ in 0..<count { done.wait() }
}

/// What the threads share.
private final class ChaosTally: Sendable {
    let failures = Mutex<[String]>([])
    let figures = Mutex(ChaosRun.Figures())
    let next = Atomic(0)
}

/// One seed.
private final class ChaosRun {
    static let albumSeconds = 5.0

    struct Figures: CustomStringConvertible {
        var strikes: [String: Int] = [:]
        var rendered = 0
        var retried = 0
        var peakBytes = 0
        var longestSeconds = 0.0

        mutating func add(_ other: Figures) {
            strikes.merge(other.strikes) { $0 + $1 }
            rendered += other.rendered
            retried += other.retried
            peakBytes = max(peakBytes, other.peakBytes)
            longestSeconds = max(longestSeconds, other.longestSeconds)
        }

        var description: String {
            let counts = strikes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            return "\(counts); \(rendered) segments rendered, \(retried) retried; coordinator's peak"
                + " \(peakBytes >> 20) MiB; longest \(Int(longestSeconds)) s"
        }
    }

    enum Strike: String, CaseIterable {
        case killSlot, stopSlot, killSupervisor, termSupervisor, killCoordinator, termCoordinator
        case flipCoordinatorPack, cutCoordinatorPack, flipWorkerPack, cutWorkerPack
        case revoke, silence, cut, slow, dropConnections, pauseJob, killClient
    }

    let seed: UInt64
    private(set) var script: [String] = []
    private(set) var figures = Figures()
    private var random: Random
    private var stopped: [Int32] = []
    private var isDamaged = false
    private var troubles: [String] = []
    private let start = Date()

    init(seed: UInt64) {
        self.seed = seed
        random = Random(seed: seed)
    }

    /// What was wrong at the end, in words.
    func run(against reference: Delivered) -> [String] {
        defer { figures.longestSeconds = Date().timeIntervalSince(start) }
        do {
            return try play(reference)
        } catch {
            return ["\(error)"]
        }
    }

    private func play(_ reference: Delivered) throws -> [String] {
        let usesKeys = seed % 3 == 0
        let farm = try RealFarm(.tcp(keys: usesKeys))
        try farm.workshop.writePairAlbum(seconds: Self.albumSeconds)
        let port = Int(farm.endpoint.control.split(separator: ":").last ?? "") ?? 0
        let proxy = try Proxy(to: port)
        defer { proxy.stop() }
        guard let entrance = FarmEndpoint("tcp://127.0.0.1:\(proxy.firstPort)") else { return ["no endpoint"] }
        farm.entrance = entrance
        if usesKeys { try farm.makeKey("other", [.work]) }
        try farm.startCoordinator()
        for number in 0..<4 { try farm.startWorker(key: key(ofWorker: number, usesKeys)) }
        var render = try farm.startRender("pair.yaml", into: "out")
        // Strikes of this seed: a few kinds, many times.
        let kinds = Strike.allCases.shuffled(using: &random).prefix(Int.random(in: 2...5, using: &random))
        let count = Int.random(in: 4...9, using: &random)
        for _ in 0..<count {
            usleep(UInt32.random(in: 20_000...220_000, using: &random))
            guard let kind = kinds.randomElement(using: &random) else { break }
            if render.hasEnded { break }
            try strike(kind, farm, proxy, &render)
        }
        try heal(farm, proxy)
        return try judge(farm, &render, reference)
    }

    private func key(ofWorker number: Int, _ usesKeys: Bool) -> String {
        usesKeys && number == 3 ? "other" : "work"
    }

    private func strike(_ kind: Strike, _ farm: RealFarm, _ proxy: Proxy, _ render: inout LatheProcess) throws {
        note(kind.rawValue)
        figures.strikes[kind.rawValue, default: 0] += 1
        switch kind {
        case .killSlot:
            if let victim = slots(farm).randomElement(using: &random) { kill(victim, SIGKILL) }
        case .stopSlot:
            guard let victim = slots(farm).randomElement(using: &random) else { return }
            kill(victim, SIGSTOP)
            stopped.append(victim)
        case .killSupervisor, .termSupervisor:
            let number = Int.random(in: 0..<4, using: &random)
            try restartWorker(number, farm, kind == .killSupervisor ? SIGKILL : SIGTERM)
        case .killCoordinator, .termCoordinator:
            let ended = try farm.endCoordinator(kind == .killCoordinator ? SIGKILL : SIGTERM)
            if kind == .termCoordinator, ended.status != 0 {
                troubles.append("the coordinator ended with \(ended.status) on SIGTERM: \(ended.errors.suffix(2_000))")
            }
            usleep(UInt32.random(in: 0...300_000, using: &random))
            try farm.startCoordinator()
        case .flipCoordinatorPack, .cutCoordinatorPack: try damage(farm, "farm/local", kind == .cutCoordinatorPack)
        case .flipWorkerPack, .cutWorkerPack:
            try damage(farm, "worker-\(Int.random(in: 0..<4, using: &random))/parts", kind == .cutWorkerPack)
        case .revoke:
            guard farm.usesKeys else { return }
            try farm.revoke("other")
        case .silence: proxy.set(.silent)
        case .cut: proxy.set(.cut)
        case .slow: proxy.set(.slow(milliseconds: Int.random(in: 1...80, using: &random)))
        case .dropConnections: proxy.dropConnections()
        case .pauseJob:
            // Through the wall where the proxy is one: then it does not happen.
            let verb = Bool.random(using: &random) ? "pause" : "resume"
            let client = try farm.client()
            client.patienceMilliseconds = 300
            if let id = try? client.ask(ClientRequest(.status)).status?.jobs.first?.id {
                _ = try? client.ask(ClientRequest(verb == "pause" ? .pause : .resume, job: id))
            }
        case .killClient:
            render.send(SIGKILL)
            _ = render.wait()
            render = try farm.startRender("pair.yaml", into: "out")
        }
        // Bad weather passes.
        switch kind {
        case .silence, .cut, .slow:
            usleep(UInt32.random(in: 50_000...400_000, using: &random))
            if Bool.random(using: &random) { proxy.set(.clear) }
        default: break
        }
    }

    private func note(_ text: String) {
        script.append("  \(Int(Date().timeIntervalSince(start) * 1000)) ms: \(text)")
    }

    private func slots(_ farm: RealFarm) -> [Int32] { farm.workers.flatMap(\.children) }

    private func restartWorker(_ number: Int, _ farm: RealFarm, _ signal: Int32) throws {
        farm.workers[number].send(signal)
        if signal == SIGKILL { _ = farm.workers[number].wait() }
        // After SIGTERM two of them share the store for a moment.
        try farm.replaceWorker(number, key: key(ofWorker: number, farm.usesKeys))
    }

    private func damage(_ farm: RealFarm, _ folder: String, _ isCut: Bool) throws {
        let packs = farm.workshop.files(folder).filter { $0.hasSuffix(".pack") }
        guard let pack = packs.randomElement(using: &random) else { return }
        let path = farm.workshop.path("\(folder)/\(pack)")
        let size = Damage.byteCount(path)
        guard size > 100 else { return }
        isDamaged = true
        if isCut {
            try Damage.truncate(path, to: Int.random(in: 0..<size, using: &random))
        } else {
            for _ in 0..<20 { try? Damage.flip(path, at: Int.random(in: 0..<size, using: &random)) }
        }
    }

    private func heal(_ farm: RealFarm, _ proxy: Proxy) throws {
        note("heal")
        proxy.set(.clear)
        for process in stopped { kill(process, SIGCONT) }
        if farm.usesKeys { try farm.allow("other", [.work]) }
        for number in 0..<4 where farm.workers[number].hasEnded {
            try farm.replaceWorker(number, key: key(ofWorker: number, farm.usesKeys))
        }
    }

    private func judge(_ farm: RealFarm, _ render: inout LatheProcess, _ reference: Delivered) throws -> [String] {
        let client = try farm.client()
        var id: String?
        try farm.wait(40, "the job's acceptance") {
            id = try client.ask(ClientRequest(.status)).status?.jobs.first?.id
            return id != nil || render.hasEnded
        }
        if let id { _ = try client.ask(ClientRequest(.resume, job: id)) }
        var finished = render.wait(seconds: 90)
        // Deliverables cannot be damaged here, but a request may have gone unanswered for too long.
        if finished.status != 0, finished.errors.contains("no answer") || finished.errors.contains("carries on") {
            note("the client gave up: \(finished.errors)")
            render = try farm.startRender("pair.yaml", into: "out")
            finished = render.wait(seconds: 60)
        }
        guard finished.status == 0 else {
            let job = try id.map { try farm.job($0, client) }
            let log = farm.coordinator?.errorsSoFar.suffix(4_000) ?? ""
            return ["render ended with \(finished.status): \(finished.errors)\n\(job.map { "\($0)" } ?? "")\n\(log)"]
        }
        note("over")
        var found = troubles + (try farm.workshop.delivered("out").differences(from: reference))
        let status = try client.ask(ClientRequest(.status)).status
        figures.rendered = status?.counters.tasksCommitted ?? 0
        figures.retried = status?.counters.attemptsFailed ?? 0
        if let alarms = status?.counters.alarms, alarms > 0 { found.append("\(alarms) alarms") }
        found += try farm.leftovers(isDamageAllowed: isDamaged)
        note("ended")
        if isDamaged {
            let repair = try farm.workshop.run(["store", "verify", "--repair", "--store", farm.workshop.path("farm")])
            if repair.status != 0 { found.append("the store cannot be repaired: \(repair.output)\(repair.errors)") }
        }
        figures.peakBytes = farm.coordinatorPeakBytes
        if figures.peakBytes > 600 << 20 { found.append("the coordinator had \(figures.peakBytes) bytes") }
        return found
    }
}
