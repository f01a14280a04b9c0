import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// Clients that go, come back, fetch, and steer.
    @Suite(.serialized) struct ClientTests {
        @Test func `a client that goes while it sends audio carries on with the same command`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            // Large enough that a killed client has not sent it all.
            try farm.workshop.sound("sounds/long.wav", Sounds.thump, seconds: 60)
            try farm.workshop.write(
                "second.yaml",
                """
                lathe: 1
                song: Second
                length: 2 s
                tracks: [{name: Long, clips: [{file: sounds/long.wav, length: 2 s}]}]
                """)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let client = try farm.client()
            var interruptedCount = 0
            for _ in 0..<4 {
                let render = try farm.startRender("pair.yaml", into: "out")
                try farm.wait(20, "the upload") {
                    let status = try #require(try client.ask(ClientRequest(.status)).status)
                    return status.jobs.contains { $0.state == .uploading } || status.jobs.contains { $0.state.isOver }
                        || render.hasEnded
                }
                if render.hasEnded { break }
                interruptedCount += 1
                render.send(SIGKILL)
                _ = render.wait()
            }
            print("clients killed while they sent: \(interruptedCount)")
            let delivered = try farm.render("pair.yaml", into: "out")
            expectSame(delivered, reference)
            #expect(try #require(try client.ask(ClientRequest(.status)).status).jobs.count == 1)
            try expectNothingLeft(farm)
        }

        @Test func `a fetch can be interrupted and given again, and overwrites nothing of others`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 10)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            let early = try farm.run(["fetch", id, "-o", farm.workshop.path("early")])
            #expect(early.status == 2 && early.errors.contains("not over"), "\(early.errors)")
            try farm.waitUntilOver(id, client)
            var random = Random(seed: 3)
            for _ in 0..<6 {
                let fetch = try farm.start(["fetch", id, "-o", farm.workshop.path("out")])
                fetch.wait(seconds: 10) { !farm.workshop.files("out").isEmpty }
                usleep(UInt32.random(in: 0..<15_000, using: &random))
                fetch.send(Bool.random(using: &random) ? SIGKILL : SIGINT)
                _ = fetch.wait()
                for (name, bytes) in reference.sounds where farm.workshop.exists("out/\(name)") {
                    #expect(try farm.workshop.bytes("out/\(name)") == bytes, "\(name) has its name before its bytes")
                }
            }
            expectSame(try farm.fetch(id, into: "out"), reference)
            let litter = farm.workshop.files("out").filter { $0.hasSuffix(".part") }
            #expect(litter == [], "what interrupted fetches leave")

            // A file of somebody else under one of the names.
            let name = try #require(reference.sounds.keys.min())
            try farm.workshop.write("out/\(name)", "not ours")
            let refused = try farm.run(["fetch", id, "-o", farm.workshop.path("out")])
            #expect(refused.status == 2 && refused.errors.contains(name), "\(refused.errors)")
            #expect(try farm.workshop.bytes("out/\(name)") == Array("not ours".utf8))
            let numbered = try farm.run(["fetch", id, "-o", farm.workshop.path("out"), "--overwrite", "number"])
            #expect(numbered.status == 0, "\(numbered.errors)")
            expectSame(try farm.workshop.delivered("out 2"), reference)
            let replaced = try farm.run(["fetch", id, "-o", farm.workshop.path("out"), "--overwrite", "replace"])
            #expect(replaced.status == 0, "\(replaced.errors)")
            expectSame(try farm.workshop.delivered("out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a deliverable that was damaged on the coordinator's disk is not taken for the file`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitUntilOver(id, client)
            let names = reference.sounds.keys.sorted()
            let place = "farm/jobs/\(id)/release"
            try Damage.flip(farm.workshop.path("\(place)/\(names[0])"), at: 5_000)
            try Damage.truncate(farm.workshop.path("\(place)/\(names[1])"), to: 4_000)
            try farm.workshop.remove("\(place)/\(names[2])")
            let run = try farm.run(["fetch", id, "-o", farm.workshop.path("out")])
            #expect(run.status == 2)
            for name in names.prefix(3) {
                #expect(run.errors.contains(name), "\(run.errors)")
                #expect(!farm.workshop.exists("out/\(name)"), "\(name) has its name with wrong bytes")
            }
            for name in names.dropFirst(3) { #expect(farm.workshop.exists("out/\(name)")) }
            #expect(farm.workshop.files("out").allSatisfy { !$0.hasSuffix(".part") })
            // The way out: the farm makes the files again.
            let retry = try farm.run(["retry", id])
            #expect(retry.status == 0, "\(retry.errors)")
            try farm.waitUntilOver(id, client)
            // The new run has reports of its own.
            let again = try farm.run(["fetch", id, "-o", farm.workshop.path("out"), "--overwrite", "replace"])
            #expect(again.status == 0, "\(again.errors)")
            expectSame(try farm.workshop.delivered("out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `pause, resume, cancel, retry and remove`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 20 }
            #expect(try farm.run(["pause", id]).status == 0)
            // What workers had begun is still handed in.
            let paused = try farm.waitUntilStill(id, client)
            #expect(paused.state == .paused && paused.runningWorkers == 0, "\(paused)")
            #expect(paused.waiting?.contains("resume") == true, "\(paused)")
            // Paused it stays, whatever the coordinator goes through.
            try farm.endCoordinator(SIGKILL)
            try farm.startCoordinator()
            usleep(1_500_000)
            let later = try farm.waitUntilStill(id, client)
            #expect(later.state == .paused && later.runningWorkers == 0, "\(later)")
            #expect(try farm.run(["resume", id]).status == 0)
            try farm.waitFor(id, client, "further") { $0.tasksDone > paused.tasksDone + 20 || $0.state.isOver }
            #expect(try farm.run(["cancel", id]).status == 0)
            #expect(try farm.waitUntilOver(id, client).state == .cancelled)
            let watch = try farm.run(["watch", id])
            #expect(watch.status == 3 && watch.errors.contains("retry"), "\(watch.status) \(watch.errors)")
            let retry = try farm.run(["retry", id])
            #expect(retry.status == 0, "\(retry.errors)")
            let done = try farm.waitUntilOver(id, client)
            #expect(done.state == .done && done.tasksReused > 20, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            #expect(try farm.run(["cancel", id, "--remove"]).status == 0)
            #expect(try farm.run(["status", id]).status == 2)
            #expect(!farm.workshop.exists("farm/jobs/\(id)"))
            try expectNothingLeft(farm)
        }

        @Test func `a job whose time is over goes with its release, and no other`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            // Two seconds.
            try farm.startCoordinator(["--keep", "0.000025"])
            let client = try farm.client()
            let waiting = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.startWorker(slots: 2)
            try farm.wait(60, "the job to be gone") { try client.ask(ClientRequest(.status)).status?.jobs == [] }
            #expect(!farm.workshop.exists("farm/jobs/\(waiting)"))
            #expect(try farm.run(["fetch", waiting, "-o", farm.workshop.path("out")]).status == 2)
            // One that has not ended stays, however long it waits.
            var other = try farm.submission("pair.yaml")
            other.segmentSeconds = 0.4
            for worker in farm.workers { worker.send(SIGKILL) }
            let kept = try farm.submit(other, by: client).id
            usleep(4_000_000)
            #expect(try farm.job(kept, client).state.isOver == false)
        }

        @Test func `the urgent job goes first, and a limit of workers holds`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            let (first, second) = (try farm.client(), try farm.client())
            let slow = try farm.submission("pair.yaml", priority: 5)
            // Another length of segment: none of its work is that of the first.
            var urgent = try farm.submission("pair.yaml", priority: -5, workerLimit: 1)
            urgent.segmentSeconds = 0.4
            let slowJob = try farm.submit(slow, by: first)
            let urgentJob = try farm.submit(urgent, by: second)
            try farm.startWorker(slots: 3)
            var mostWorkers = 0
            try farm.wait(60, "both") {
                let jobs = [try farm.job(urgentJob.id, second), try farm.job(slowJob.id, first)]
                mostWorkers = max(mostWorkers, jobs[0].runningWorkers)
                return jobs.allSatisfy(\.state.isOver)
            }
            #expect(mostWorkers == 1)
            let other = try farm.reference("pair.yaml", into: "other", segmentSeconds: 0.4)
            for (client, id, wanted) in [(first, slowJob.id, reference), (second, urgentJob.id, other)] {
                #expect(try farm.job(id, client).state == .done)
                expectSame(try farm.fetch(id, into: id), wanted)
            }
            // The other way round with all workers: the urgent one ends first although it came last.
            var late = try farm.submission("pair.yaml", priority: -5)
            late.segmentSeconds = 0.45
            var early = try farm.submission("pair.yaml", priority: 5)
            early.segmentSeconds = 0.35
            let earlyJob = try farm.submit(early, by: first)
            let lateJob = try farm.submit(late, by: second)
            let lateEnd = try #require(try farm.waitUntilOver(lateJob.id, second).endedAtSeconds)
            let earlyEnd = try #require(try farm.waitUntilOver(earlyJob.id, first).endedAtSeconds)
            #expect(lateEnd < earlyEnd)
            try expectNothingLeft(farm)
        }

        @Test func `roles: who may submit, see, work and operate`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum()
            for name in ["anna", "ben"] { try farm.makeKey(name, [.submit]) }
            try farm.makeKey("nobody", [])
            try farm.startCoordinator()
            try farm.startWorker(slots: 1)
            let (anna, ben) = (try farm.client(as: "anna"), try farm.client(as: "ben"))
            let own = try farm.submit(farm.submission("pair.yaml"), by: anna).id
            let other = try farm.submit(farm.submission("pair.yaml"), by: ben).id
            try farm.waitUntilOver(own, anna)
            try farm.waitUntilOver(other, ben)
            func jobs(_ name: String) throws -> [String] {
                let run = try farm.run(["jobs", "--json"], as: name)
                return try JSON(Array(run.output.utf8)).elements.compactMap { $0["id"].string }.sorted()
            }
            #expect(try jobs("anna") == [own])
            #expect(try jobs("ben") == [other])
            #expect(try jobs("operator") == [own, other].sorted())
            for verb in ["status", "cancel", "pause", "resume", "retry", "watch", "fetch"] {
                let run = try farm.run([verb, other], as: "anna")
                #expect(run.status == 2 && run.errors.contains("no job"), "\(verb): \(run.errors)")
            }
            let submit = try farm.run(["submit", farm.workshop.path("pair.yaml"), "--progress", "none"], as: "work")
            #expect(submit.status == 2 && submit.errors.contains("role"), "\(submit.errors)")
            #expect(try farm.run(["drain", "work"], as: "anna").status == 2)
            // A name that guesses another's file, on the socket of bytes: nothing.
            let link = try farm.client(as: "anna")
            let theirs = try farm.job(other, ben)
            let failures = try link.fetch(theirs, to: [0: farm.workshop.path("stolen")]) {}
            #expect(failures.count == 1 && !farm.workshop.exists("stolen"))
            let unknown = try farm.start(["jobs"], as: "nobody").wait(seconds: 30)
            #expect(unknown.status == 2, "\(unknown.errors)")
            // A key that may not work does not get its worker in.
            let stranger = try farm.startWorker(slots: 1, key: "anna")
            usleep(2_000_000)
            let operatorClient = try farm.client()
            let workers = try #require(try operatorClient.ask(ClientRequest(.status)).status).workers
            #expect(workers.map(\.name) == ["work/0"])
            let counters = try #require(try operatorClient.ask(ClientRequest(.status)).status).counters
            #expect(counters.connectionsRefused > 0 && counters.messagesRefused > 0, "\(counters)")
            stranger.send(SIGTERM)
            try expectNothingLeft(farm)
        }

        @Test func `a key revoked in the middle of a render: its worker is gone, the render ends elsewhere`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum(seconds: 12)
            try farm.makeKey("leaving", [.work])
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 1)
            try farm.startWorker(slots: 1, key: "leaving")
            try farm.waitForWorkers(2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 20 }
            try farm.revoke("leaving")
            let moment = Date().timeIntervalSince1970
            try farm.wait(5, "the worker to be out") {
                try client.ask(ClientRequest(.status)).status?.workers.map(\.name) == ["work/0"]
            }
            print("revoked key: its worker is out after \(Int((Date().timeIntervalSince1970 - moment) * 1000)) ms")
            #expect(try farm.waitUntilOver(id, client).state == .done)
            let late = try farm.events(id, client).filter { $0.kind == .started && $0.atSeconds > moment + 3 }
            #expect(late.allSatisfy { $0.worker == "work/0" })
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }
    }
}
