import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// Workers that die, stand still or leave.
    @Suite(.serialized) struct DeathTests {
        private func started(slots: [Int], seconds: Double = 12) throws -> (RealFarm, Delivered, FarmClient, String) {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: seconds)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            for count in slots { try farm.startWorker(slots: count) }
            try farm.waitForWorkers(slots.reduce(0, +))
            let client = try farm.client()
            let job = try farm.submit(farm.submission("pair.yaml"), by: client)
            try farm.waitFor(job.id, client, "under way") { $0.tasksDone > 20 }
            return (farm, reference, client, job.id)
        }

        /// Waits until the slot has work, then does something to its process.
        ///
        /// - Returns: when that was, in seconds since 1970.
        private func strike(_ farm: RealFarm, _ client: FarmClient, _ victim: Int32, _ signal: Int32) throws -> Double {
            let slot = try #require(ProcessTable.slot(victim))
            try farm.wait(20, "work on slot \(slot)") {
                try client.ask(ClientRequest(.status)).status?.workers.contains {
                    $0.name.hasSuffix("/\(slot)") && $0.task != nil
                } == true
            }
            let now = Date().timeIntervalSince1970
            kill(victim, signal)
            return now
        }

        /// Seconds from a moment until what was lost then was started again; nil where nothing was lost.
        private func recovery(_ events: [TaskEvent], since moment: Double) -> (lost: Int, seconds: Double)? {
            let lost = events.filter { $0.kind == .lost && $0.atSeconds >= moment }
            let again = lost.compactMap { loss in
                events.first { $0.kind == .started && $0.task == loss.task && $0.sequence > loss.sequence }?.atSeconds
            }
            guard let first = again.min() else { return nil }
            return (lost.count, first - moment)
        }

        @Test func `the work of a killed process is elsewhere at once`() throws {
            let (farm, reference, client, id) = try started(slots: [2])
            let victim = try #require(farm.workers[0].children.first)
            let moment = try strike(farm, client, victim, SIGKILL)
            #expect(try farm.waitUntilOver(id, client).state == .done)
            let events = try farm.events(id, client)
            let found = try #require(recovery(events, since: moment), "nothing was lost")
            print("killed process: \(found.lost) lost, elsewhere after \(Int(found.seconds * 1000)) ms")
            #expect(found.seconds < 3)
            #expect(farm.workers[0].children.count == 2, "another process takes its slot")
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `with its supervisor all of a machine's processes end, and silence tells`() throws {
            let (farm, reference, client, id) = try started(slots: [2, 1])
            let children = farm.workers[0].children
            #expect(children.count == 2)
            let moment = Date().timeIntervalSince1970
            farm.workers[0].send(SIGKILL)
            try farm.wait(5, "the children's end") { children.allSatisfy { !LatheProcess.isAlive($0) } }
            let done = try farm.waitUntilOver(id, client)
            #expect(done.state == .done)
            if let found = recovery(try farm.events(id, client), since: moment) {
                print("killed supervisor: \(found.lost) lost, elsewhere after \(Int(found.seconds * 1000)) ms")
                #expect(found.seconds < 12)
            } else {
                Issue.record("two processes of three had no work when they were killed")
            }
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a process that stands still loses its work, and its late result does no harm`() throws {
            let (farm, reference, client, id) = try started(slots: [2], seconds: 20)
            let victim = try #require(farm.workers[0].children.first)
            let moment = try strike(farm, client, victim, SIGSTOP)
            try farm.wait(30, "its work to be elsewhere") {
                recovery(try farm.events(id, client), since: moment) != nil
            }
            let found = try #require(recovery(try farm.events(id, client), since: moment))
            print("stopped process: \(found.lost) lost, elsewhere after \(Int(found.seconds * 1000)) ms")
            #expect(found.seconds > 3 && found.seconds < 15)
            kill(victim, SIGCONT)
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            let counters = try #require(try client.ask(ClientRequest(.status)).status).counters
            #expect(counters.alarms == 0)
            try expectNothingLeft(farm)
        }

        @Test func `SIGTERM lets a worker hand in what it has; a second one ends it at once`() throws {
            let (farm, reference, client, id) = try started(slots: [1, 1, 1])
            farm.workers[0].send(SIGTERM)
            let left = farm.workers[0].wait(seconds: 20)
            #expect(left.status == 0 && !left.isOverdue, "\(left.errors)")
            let handedBack = try farm.events(id, client).filter { $0.kind == .lost || $0.kind == .failed }
            #expect(handedBack.isEmpty, "drained in peace: \(handedBack)")
            farm.workers[1].send(SIGTERM)
            farm.workers[1].send(SIGTERM)
            let gone = farm.workers[1].wait(seconds: 5)
            #expect(!gone.isOverdue)
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `Ctrl-C in a worker's terminal is heard by the supervisor and its slots`() throws {
            let (farm, reference, client, id) = try started(slots: [2, 1])
            farm.workers[0].sendToGroup(SIGINT)
            let left = farm.workers[0].wait(seconds: 20)
            #expect(left.status == 0 && !left.isOverdue, "\(left.errors)")
            let handedBack = try farm.events(id, client).filter { $0.kind == .lost || $0.kind == .failed }
            #expect(handedBack.isEmpty, "drained in peace: \(handedBack)")
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `a drained slot hands back what it has, and the rest goes on`() throws {
            let (farm, reference, client, id) = try started(slots: [2])
            let name = try #require(try client.ask(ClientRequest(.status)).status?.workers.first?.name)
            let drain = try farm.run(["drain", name])
            #expect(drain.status == 0, "\(drain.errors)")
            try farm.wait(10, "the slot to leave") {
                try client.ask(ClientRequest(.status)).status?.workers.contains { $0.name == name } == false
            }
            #expect(try farm.events(id, client).allSatisfy { $0.kind != .lost && $0.kind != .failed })
            #expect(try farm.waitUntilOver(id, client).state == .done)
            #expect(try farm.run(["drain", "nobody"]).status == 2)
            expectSame(try farm.fetch(id, into: "out"), reference)
            try expectNothingLeft(farm)
        }

        @Test func `lathe workers counts what each has done`() throws {
            let (farm, _, client, id) = try started(slots: [1, 1], seconds: 3)
            try farm.waitUntilOver(id, client)
            let workers = try #require(try client.ask(ClientRequest(.status)).status).workers
            #expect(workers.count == 2 && workers.allSatisfy { $0.committedTasks > 0 }, "\(workers)")
        }
    }
}
