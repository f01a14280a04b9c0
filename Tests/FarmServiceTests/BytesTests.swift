import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// What comes out of a farm, and how much travels for it.
    @Suite(.serialized) struct BytesTests {
        @Test(arguments: [1, 2, 4]) func `a farm with keys delivers the bytes of one machine`(slots: Int) throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum(seconds: 4)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            if slots == 1 {
                try farm.startWorker(slots: 1)
            } else {
                try farm.makeKey("other", [.work])
                try farm.startWorker(slots: slots / 2)
                try farm.startWorker(slots: slots / 2, key: "other")
            }
            try farm.waitForWorkers(slots)
            let delivered = try farm.render("pair.yaml", into: "out")
            expectSame(delivered, reference)
            #expect(delivered.tasks("retried") == 0)
            try expectNothingLeft(farm)
        }

        @Test func `a machine is let in by a token, once, while the farm runs`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            let invited = try farm.workshop.run(
                ["keys", "invite", "studio", "--roles", "work"] + farm.keyArguments("coordinator"))
            let token = try #require(
                invited.output.split(separator: "\n").first { $0.hasPrefix("lathe-invite:") }, "\(invited.errors)")
            func enrol(_ name: String) throws -> LatheProcess.Finished {
                try farm.workshop.run(
                    ["keys", "enrol", String(token), "--connect", farm.endpoint.control] + farm.keyArguments(name))
            }
            let enrolled = try enrol("studio")
            #expect(enrolled.status == 0, "\(enrolled.errors)")
            let again = try enrol("thief")
            #expect(again.status != 0 && !again.errors.isEmpty)
            try farm.startWorker(slots: 2, key: "studio")
            try farm.waitForWorkers(2)
            expectSame(try farm.render("pair.yaml", into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `over ipc, without keys, too`() throws {
            let farm = try RealFarm(.ipc)
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            expectSame(try farm.render("pair.yaml", into: "out"), reference)
            // The last word on a job still has its songs: people look at it when the bar has gone.
            let job = try #require(try farm.client().ask(ClientRequest(.status)).status?.jobs.first)
            #expect(job.state == .done && job.songs.count == 2, "\(job)")
            #expect(job.songs.allSatisfy { $0.stage == "done" && $0.done == $0.total && $0.total > 0 }, "\(job.songs)")
            try expectNothingLeft(farm)
        }

        @Test func `workers that see the coordinator's sources open them there`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2, more: ["--shared", farm.workshop.path("farm/sources")])
            expectSame(try farm.render("pair.yaml", into: "out"), reference)
            #expect(farm.workshop.files("worker-0/sources/files") == [])
            try expectNothingLeft(farm)
        }

        @Test func `nothing is sent or rendered twice`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let client = try farm.client()
            let first = try farm.submit(farm.submission("pair.yaml"), by: client)
            let audioBytes = try farm.workshop.files("sounds").reduce(0) {
                $0 + (try farm.workshop.bytes("sounds/\($1)").count)
            }
            #expect(client.sentByteCount >= audioBytes)
            #expect(try farm.waitUntilOver(first.id, client).state == .done)
            let sentOnce = client.sentByteCount

            // The same album as a job of its own: no audio, no work.
            let again = try farm.submit(farm.submission("pair.yaml"), by: client)
            let reused = try farm.waitUntilOver(again.id, client)
            #expect(reused.state == .done)
            #expect(client.sentByteCount == sentOnce)
            #expect(reused.tasksRendered == 0, "\(reused)")
            #expect(reused.tasksReused == reused.tasksTotal)
            expectSame(try farm.fetch(again.id, into: "again"), reference)

            // Another album with one stem more: only that travels.
            try farm.workshop.sound("sounds/more.wav", Sounds.spike, seconds: 0.3)
            try farm.workshop.write(
                "second.yaml",
                """
                lathe: 1
                song: Second
                length: 3 s
                tracks:
                  - {name: Chord, clips: [{file: sounds/chord.wav}]}
                  - {name: More, clips: [{file: sounds/more.wav}]}
                """)
            let other = try farm.submit(farm.submission("pair.yaml"), by: client)
            let more = try farm.workshop.bytes("sounds/more.wav").count
            let sent = client.sentByteCount - sentOnce
            #expect(sent >= more && sent < more + 10_000, "\(sent) bytes for a file of \(more)")
            let done = try farm.waitUntilOver(other.id, client)
            #expect(done.state == .done && done.tasksReused > 0, "\(done)")
            let changed = try farm.reference("pair.yaml", into: "quiet-other")
            expectSame(try farm.fetch(other.id, into: "other"), changed)
            try expectNothingLeft(farm)
        }

        @Test func `the same submit again is the same job, whoever says it how often`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let path = farm.workshop.path("pair.yaml")
            let first = try farm.run(["submit", path, "--wait", "--progress", "none"])
            #expect(first.status == 0, "\(first.errors)")
            let second = try farm.run(["submit", path, "--wait", "--progress", "none"])
            #expect(second.status == 0, "\(second.errors)")
            #expect(first.output == second.output)
            let own = try farm.run(["submit", path, "--new", "--wait", "--progress", "none"])
            #expect(own.status == 0 && own.output != first.output)
            let jobs = try JSON(Array(farm.run(["jobs", "--json"]).output.utf8))
            #expect(jobs.elements.count == 2)
            // A wish for another priority is no other album.
            let urgent = try farm.run(["submit", path, "--priority", "-5", "--wait", "--progress", "none"])
            #expect(urgent.status == 0, "\(urgent.errors)")
            #expect(urgent.output == first.output)
        }

        @Test func `two people submit the same album`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.workshop.writePairAlbum()
            for name in ["anna", "ben"] { try farm.makeKey(name, [.submit]) }
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            for name in ["anna", "ben"] {
                let run = try farm.run(
                    ["submit", farm.workshop.path("pair.yaml"), "--wait", "--progress", "none"], as: name)
                #expect(run.status == 0, "\(name): \(run.errors)")
            }
        }
    }
}
