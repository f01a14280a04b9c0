import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// A coordinator that ends and comes back.
    @Suite(.serialized) struct RestartTests {
        @Test(arguments: [SIGKILL, SIGTERM])
        func `a coordinator comes back in the middle of a render; its client waits`(signal: Int32) throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let client = try farm.client()
            let render = try farm.startRender("pair.yaml", into: "out")
            for round in 0..<3 {
                var job: JobStatus?
                try farm.wait(60, "progress") {
                    job = try client.ask(ClientRequest(.status)).status?.jobs.first
                    return job.map { $0.tasksDone > 20 + 60 * round || $0.state.isOver } == true
                }
                if job?.state.isOver == true { break }
                let processes = farm.workers[0].children
                let ended = try farm.endCoordinator(signal)
                #expect(signal == SIGKILL || ended.status == 0, "\(ended.errors)")
                usleep(300_000)
                #expect(farm.workers[0].children == processes, "workers outlive their coordinator")
                try farm.startCoordinator()
            }
            let finished = render.wait(seconds: 90)
            #expect(finished.status == 0, "\(finished.errors)")
            expectSame(try farm.workshop.delivered("out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `what workers finish while the coordinator is away is handed in, not rendered again`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let before = try farm.waitFor(id, client, "under way") { $0.tasksDone > 30 }
            try farm.endCoordinator(SIGKILL)
            try farm.startCoordinator()
            let done = try farm.waitUntilOver(id, client)
            #expect(done.state == .done)
            // What was in the ledger is reused; a few results of the last moments may have to be made again.
            #expect(done.tasksReused >= before.tasksDone - 12, "\(done) after \(before)")
            let lost = try farm.events(id, client).filter { $0.kind == .lost || $0.kind == .failed }
            #expect(lost.isEmpty, "\(lost)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `what was answered is not lost, whenever the coordinator is killed`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            let client = try farm.client()
            var ids: [String] = []
            for _ in 0..<3 {
                var request = ClientRequest(.submit)
                let submission = try farm.submission("pair.yaml")
                request.submission = submission
                _ = try client.ask(request)
                try farm.endCoordinator(SIGKILL)
                ids.append(submission.id)
                try farm.startCoordinator()
                let known = try #require(try client.ask(ClientRequest(.status)).status).jobs.map(\.id)
                #expect(known == ids)
            }
            // Their audio never came: said again, it is asked for.
            let waiting = try farm.job(ids[0], client)
            #expect(waiting.state == .uploading && waiting.waiting?.contains("submit") == true, "\(waiting)")
            try farm.startWorker(slots: 2)
            var request = ClientRequest(.submit)
            for id in ids {
                var submission = try farm.submission("pair.yaml")
                submission.id = id
                request.submission = submission
                for source in submission.sources { try client.offer(source.hash, path: source.path) }
                _ = try client.ask(request)
            }
            for id in ids { #expect(try farm.waitUntilOver(id, client).state == .done) }
            expectSame(try farm.fetch(ids[2], into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a second coordinator of one directory or one port is refused`() throws {
            let farm = try RealFarm()
            try farm.startCoordinator()
            let same = try farm.workshop.run(
                [
                    "coordinator", "--bind", farm.endpoint.control, "--store", farm.workshop.path("elsewhere"),
                    "--http",
                    "none",
                ], environment: ["XDG_CONFIG_HOME": farm.workshop.path("config")])
            #expect(same.status == 2, "\(same.errors)")
            let port = try FreePorts.first(of: 3)
            let other = try farm.workshop.start(
                [
                    "coordinator", "--bind", "tcp://127.0.0.1:\(port)", "--store", farm.workshop.path("farm"), "--http",
                    "none",
                ], environment: ["XDG_CONFIG_HOME": farm.workshop.path("config")])
            other.wait(seconds: 3) { other.errorsSoFar.contains("listening") }
            #expect(other.hasEnded && other.wait().status == 2, "two coordinators write one directory")
            other.send(SIGKILL)
            try expectNothingLeft(farm)
        }

        @Test func `watch says how a job ended, across a restart`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 8)
            try farm.startCoordinator()
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let watch = try farm.start(["watch", id, "--progress", "json"])
            let eventWatch = try farm.start(["watch", id, "--events"])
            try farm.startWorker(slots: 2)
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 20 }
            try farm.endCoordinator(SIGKILL)
            usleep(1_500_000)
            try farm.startCoordinator()
            #expect(try farm.waitUntilOver(id, client).state == .done)
            let finished = watch.wait(seconds: 20)
            #expect(finished.status == 0, "\(finished.errors)")
            let told = eventWatch.wait(seconds: 20)
            #expect(told.status == 0, "\(told.errors)")
            #expect(told.output.contains("ended"))
            try expectNothingLeft(farm)
        }
    }
}
