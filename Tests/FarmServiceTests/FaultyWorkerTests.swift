import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// Workers that do what they should not: real processes with a fault that an environment variable asks for.
    @Suite(.serialized) struct FaultyWorkerTests {
        private func started(
            _ coordinator: [String] = [], seconds: Double = 8, environment: [String: String] = [:]
        ) throws -> (RealFarm, Delivered, FarmClient) {
            let farm = try RealFarm()
            farm.coordinatorEnvironment = environment
            try farm.workshop.writePairAlbum(seconds: seconds)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator(coordinator)
            return (farm, reference, try farm.client())
        }

        private func status(_ client: FarmClient) throws -> FarmStatus {
            try #require(try client.ask(ClientRequest(.status)).status)
        }

        /// The sound is right to the last bit. What happened stands in the documents, and the job counts as incomplete:
        /// somebody has to look at it.
        private func expectSameSound(_ farm: RealFarm, _ done: JobStatus, _ reference: Delivered) throws {
            #expect(done.state == .incomplete && done.failures.contains { $0.contains("digest alarm") }, "\(done)")
            let delivered = try farm.fetch(done.id, into: "out")
            let differences = delivered.differences(from: reference).filter { !$0.hasPrefix("render.json") }
            #expect(differences.isEmpty, "\(differences.map { $0.prefix(300) })")
        }

        @Test func `a worker that lies is named, shut out, and nothing of it is delivered`() throws {
            let (farm, reference, client) = try started(["--audit", "30"])
            // The liar first, so that there is something of it to take back.
            let liar = try farm.startWorker(environment: ["LATHE_TEST_LIE": "1"])
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let name = try #require(try status(client).workers.first?.name)
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 12 || $0.state.isOver }
            for _ in 0..<2 { try farm.startWorker() }
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            try expectSameSound(farm, done, reference)
            let after = try status(client)
            #expect(after.counters.alarms >= 2, "disputed and settled")
            let out = after.workers.filter { $0.state == .quarantined }.map(\.name)
            #expect(out == [name], "\(after.workers)")
            // Both sides of the dispute are named, and whose result was wrong.
            let log = farm.coordinator?.errorsSoFar ?? ""
            let dispute = log.split(separator: "\n").first { $0.contains("a third run decides") }
            #expect(dispute?.contains(" and ") == true, "\(dispute ?? "nothing was said")")
            #expect(log.contains("settled: wrong were"))
            #expect(log.contains("worker quarantined: its results were wrong"))
            // It gets no work any more, whatever it says.
            try farm.wait(20, "the refusal") { liar.errorsSoFar.contains("refused by the coordinator") }
            try expectNothingLeft(farm)
        }

        @Test func `a duplicate run finds a liar too, without an audit`() throws {
            let (farm, reference, client) = try started()
            let liar = try farm.startWorker(environment: ["LATHE_TEST_LIE": "1"])
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 30 || $0.state.isOver }
            _ = try client.ask(ClientRequest(.pause, job: id))
            try farm.waitFor(id, client, "at rest") { $0.runningWorkers == 0 }
            // What it rendered is lost, and it is gone: others render it again.
            liar.send(SIGTERM)
            _ = liar.wait(seconds: 30)
            for name in farm.workshop.files("farm/local") where name.hasSuffix(".pack") {
                let path = farm.workshop.path("farm/local/\(name)")
                try Damage.truncate(path, to: Damage.byteCount(path) / 4)
            }
            for _ in 0..<2 { try farm.startWorker() }
            try farm.waitForWorkers(2)
            _ = try client.ask(ClientRequest(.resume, job: id))
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            try expectSameSound(farm, done, reference)
            let after = try status(client)
            #expect(after.counters.alarms >= 2 && after.workers.contains { $0.state == .quarantined }, "\(after)")
            try expectNothingLeft(farm, isDamageAllowed: true)
        }

        @Test func `a worker whose FLAC is damaged is not believed, and every file is whole`() throws {
            let (farm, reference, client) = try started()
            try farm.startWorker(environment: ["LATHE_TEST_LIE": "encoder"])
            try farm.startWorker()
            try farm.waitForWorkers(2)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            // Its bytes have the digests that it announced: only looking at them tells.
            #expect(farm.coordinator?.errorsSoFar.contains("it is no stretch of its file") == true)
            try expectNothingLeft(farm)
        }

        @Test func `a worker with another FLAC library leaves those segments to others`() throws {
            let (farm, reference, client) = try started(seconds: 4)
            let other = try farm.startWorker(environment: ["LATHE_TEST_FLAC": "reference libFLAC 9"])
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.wait(60, "its own word") { other.errorsSoFar.contains("Install the same libFLAC") }
            // More often than a task may fail: the job waits for somebody who can.
            sleep(2)
            #expect(try farm.waitFor(id, client, "its state") { _ in true }.state == .rendering)
            try farm.startWorker()
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a device that stands still loses its segment to another worker`() throws {
            let (farm, reference, client) = try started(environment: ["LATHE_TEST_HANG_TICKS": "4000"])
            let mark = farm.workshop.path("hung")
            let hung = try farm.startWorker(environment: ["LATHE_TEST_HANG": mark])
            try farm.startWorker()
            try farm.waitForWorkers(2)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.wait(30, "the hang") { farm.workshop.exists("hung") }
            let victim = hung.children
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            let lost = try farm.events(id, client).filter { $0.detail?.contains("no progress") == true }
            #expect(lost.count == 1, "\(lost)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            // Its process ends, and its supervisor starts another one.
            try farm.wait(30, "another process in its slot") { !hung.children.isEmpty && hung.children != victim }
            #expect(victim.allSatisfy { !LatheProcess.isAlive($0) })
            try expectNothingLeft(farm)
        }

        @Test func `a worker of the version before works like any other`() throws {
            let (farm, reference, client) = try started(seconds: 4)
            try farm.startWorker(environment: ["LATHE_TEST_PROTOCOL": "1"])
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test(arguments: ["LATHE_TEST_PROTOCOL": "protocol 9", "LATHE_TEST_ENGINE": "engine"])
        func `a worker of another version or engine is refused with the reason`(fault: String, word: String) throws {
            let (farm, reference, client) = try started(seconds: 4)
            let stranger = try farm.startWorker(environment: [fault: "9"])
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let waiting = try farm.waitFor(id, client, "waiting with the reason", seconds: 30) {
                $0.waiting?.contains("was refused") == true
            }
            #expect(waiting.waiting?.contains(word) == true, "\(waiting)")
            #expect(waiting.state == .rendering && waiting.tasksRendered < waiting.tasksTotal)
            try farm.wait(20, "its own word") { stranger.errorsSoFar.contains("refused by the coordinator") }
            #expect(stranger.errorsSoFar.contains(word), "\(stranger.errorsSoFar)")
            let said = try farm.run(["status", id])
            #expect(said.output.contains("install the same release"), "\(said.output)")
            // Its job goes on with a worker of the coordinator's own release.
            try farm.startWorker()
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a worker whose own disk is full renders nothing and costs nothing`() throws {
            let (farm, reference, client) = try started()
            guard let disk = SmallDisk.inside(farm, "worker-disk", megabytes: 6) else { return }
            try farm.startWorker(store: "worker-disk/store")
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            // Alone it gets nowhere, but the job does not fail for it.
            usleep(3_000_000)
            let alone = try farm.job(id, client)
            #expect(!alone.state.isOver, "\(alone)")
            print("worker's disk full: \(alone.tasksDone) of \(alone.tasksTotal) tasks, \(alone.tasksRetried) retried")
            try farm.startWorker()
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            withExtendedLifetime(disk) {}
            try expectNothingLeft(farm, isDamageAllowed: true)
        }

        @Test func `room on a worker's disk is used as soon as it is there`() throws {
            let (farm, reference, client) = try started(seconds: 4)
            guard let disk = SmallDisk.inside(farm, "worker-disk", megabytes: 4) else { return }
            // Limits of its own: those it would choose are shares of the small disk.
            let limits = ["LATHE_STORE_LIMIT": "\(512 << 20)", "LATHE_SOURCE_LIMIT": "\(512 << 20)"]
            try farm.startWorker(store: "worker-disk/store", environment: limits)
            try farm.waitForWorkers(1)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            usleep(1_500_000)
            // The vault leaves a gigabyte free.
            try disk.resize(megabytes: 4_096)
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm, isDamageAllowed: true)
        }

        @Test func `a coordinator without descriptors says so, and goes on when there are some again`() throws {
            let (farm, reference, client) = try started()
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let process = try #require(farm.coordinator).identifier
            // Its session is read: a job for which no file can be opened at that moment fails, with the reason.
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 0 || $0.state.isOver }
            // As many as it has now: nothing more can be opened.
            _ = try client.ask(ClientRequest(.pause, job: id))
            try limitDescriptors(of: process, to: openCount(process))
            let port = Int(farm.endpoint.control.split(separator: ":").last ?? "") ?? 0
            let crowd = (0..<60).map { _ in idleConnection(port) }
            try farm.wait(30, "a word in the log") {
                farm.coordinator?.errorsSoFar.contains("out of file descriptors") == true
            }
            // It still answers whoever is connected.
            let during = try farm.job(id, client)
            print("without descriptors: \(during.state.rawValue), \(during.tasksDone) of \(during.tasksTotal)")
            #expect(during.state == .paused, "\(during)")
            for descriptor in crowd where descriptor >= 0 { close(descriptor) }
            try limitDescriptors(of: process, to: 4_096)
            _ = try client.ask(ClientRequest(.resume, job: id))
            let done = try farm.waitUntilOver(id, client, seconds: 120)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        /// The smallest number that no open file has: the limit at which nothing more can be opened.
        private func openCount(_ process: Int32) throws -> Int {
            let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
            let open = Set(names.compactMap { Int($0) })
            return (0...).first { !open.contains($0) } ?? 0
        }

        private func limitDescriptors(of identifier: Int32, to count: Int) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["prlimit", "--pid", "\(identifier)", "--nofile=\(count):4096"]
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw HarnessError("prlimit is refused") }
        }

        private func idleConnection(_ port: Int) -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = FreePorts.loopbackAddress(port)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return descriptor
        }
    }
}
