import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// A coordinator's disk that fills up.
    @Suite(.serialized) struct SpaceTests {
        @Test func `a job waits while the disk is full, says why, and goes on`() throws {
            let farm = try RealFarm(coordinatorFolder: "disk/farm")
            guard let disk = SmallDisk.inside(farm, megabytes: 2_048) else { return }
            defer { withExtendedLifetime(disk) {} }
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            // Less free than the coordinator keeps in reserve.
            try disk.resize(megabytes: disk.usedMegabytes + 200)
            usleep(1_500_000)
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let waiting = try farm.waitFor(id, client, "waiting for space", seconds: 20) {
                $0.waiting?.contains("space") == true
            }
            #expect(waiting.state == .rendering && waiting.runningWorkers == 0, "\(waiting)")
            let said = try farm.run(["status", id])
            #expect(said.output.contains("space"), "\(said.output)")
            try disk.resize(megabytes: 2_048)
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a disk that is full to the last byte costs no job and no byte`() throws {
            let farm = try RealFarm(coordinatorFolder: "disk/farm")
            guard let disk = SmallDisk.inside(farm, megabytes: 2_048) else { return }
            defer { withExtendedLifetime(disk) {} }
            try farm.workshop.writePairAlbum(seconds: 12)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            try farm.waitForWorkers(2)
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 20 || $0.state.isOver }
            // At rest, so that the disk does not grow under the measuring.
            _ = try client.ask(ClientRequest(.pause, job: id))
            try farm.waitFor(id, client, "at rest") { $0.runningWorkers == 0 }
            usleep(200_000)
            try disk.resize(megabytes: disk.usedMegabytes + 2)
            _ = try client.ask(ClientRequest(.resume, job: id))
            usleep(3_000_000)
            let stuck = try farm.job(id, client)
            print("full disk: \(stuck.state.rawValue), waiting: \(stuck.waiting ?? "-"), done \(stuck.tasksDone)")
            #expect(stuck.state == .rendering, "\(stuck)")
            #expect(stuck.waiting?.contains("space") == true, "\(stuck)")
            try disk.resize(megabytes: 2_048)
            let done = try farm.waitUntilOver(id, client)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `audio that does not fit is not begun, and the client is told`() throws {
            let farm = try RealFarm(coordinatorFolder: "disk/farm")
            guard let disk = SmallDisk.inside(farm, megabytes: 2_048) else { return }
            defer { withExtendedLifetime(disk) {} }
            try farm.workshop.writePairAlbum()
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            try farm.startWorker(slots: 1)
            try disk.resize(megabytes: disk.usedMegabytes + 300)
            let submit = try farm.startRender("pair.yaml", into: "out")
            let client = try farm.client()
            var job: JobStatus?
            try farm.wait(20, "a reason") {
                job = try client.ask(ClientRequest(.status)).status?.jobs.first
                return job?.waiting != nil || submit.hasEnded
            }
            print("no room for audio: \(job?.waiting ?? "-")")
            #expect(!submit.hasEnded, "\(submit.hasEnded ? submit.wait().errors : "")")
            try disk.resize(megabytes: 2_048)
            let finished = submit.wait(seconds: 60)
            #expect(finished.status == 0, "\(finished.errors)")
            expectSame(try farm.workshop.delivered("out"), reference)
            try expectNothingLeft(farm)
        }
    }
}
