import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// Bytes that go bad on a disk in the middle of a job.
    @Suite(.serialized) struct StoredDamageTests {
        /// A job at rest halfway.
        private func halfway(slots: [Int] = [1, 1]) throws -> (RealFarm, Delivered, FarmClient, String) {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 8)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            for count in slots { try farm.startWorker(slots: count) }
            try farm.waitForWorkers(slots.reduce(0, +))
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            try farm.waitFor(id, client, "under way") { $0.tasksDone > 60 }
            _ = try client.ask(ClientRequest(.pause, job: id))
            try farm.waitFor(id, client, "at rest") { $0.runningWorkers == 0 || $0.state.isOver }
            return (farm, reference, client, id)
        }

        private func packs(_ farm: RealFarm, _ folder: String) -> [String] {
            farm.workshop.files(folder).filter { $0.hasSuffix(".pack") }.map { farm.workshop.path("\(folder)/\($0)") }
        }

        private func finish(_ farm: RealFarm, _ reference: Delivered, _ client: FarmClient, _ id: String) throws {
            _ = try client.ask(ClientRequest(.resume, job: id))
            let done = try farm.waitUntilOver(id, client, seconds: 90)
            #expect(done.state == .done, "\(done)")
            expectSame(try farm.fetch(id, into: "out"), reference)
            // The same again, from what is stored.
            let again = try farm.submit(farm.submission("pair.yaml"), by: client).id
            #expect(try farm.waitUntilOver(again, client).state == .done)
            expectSame(try farm.fetch(again, into: "again"), reference)
        }

        @Test func `parts that are flipped or cut off on the coordinator's disk are rendered again`() throws {
            for isCut in [false, true] {
                let (farm, reference, client, id) = try halfway()
                var random = Random(seed: 8)
                let packs = packs(farm, "farm/local")
                #expect(!packs.isEmpty)
                for pack in packs {
                    let size = Damage.byteCount(pack)
                    if isCut {
                        try Damage.truncate(pack, to: size / 2)
                    } else {
                        for at in stride(from: 0, to: size, by: 50_000) {
                            try Damage.flip(pack, at: min(size - 1, at + Int.random(in: 0..<50_000, using: &random)))
                        }
                    }
                }
                try finish(farm, reference, client, id)
                try expectNothingLeft(farm, isDamageAllowed: true)
            }
        }

        @Test func `parts that are flipped or cut off on a worker's disk do no harm`() throws {
            for isCut in [false, true] {
                let (farm, reference, client, id) = try halfway()
                var random = Random(seed: 9)
                for pack in packs(farm, "worker-0/parts") + packs(farm, "worker-1/parts") {
                    let size = Damage.byteCount(pack)
                    if isCut {
                        try Damage.truncate(pack, to: size / 3)
                    } else {
                        for at in stride(from: 0, to: size, by: 30_000) {
                            try Damage.flip(pack, at: min(size - 1, at + Int.random(in: 0..<30_000, using: &random)))
                        }
                    }
                }
                try finish(farm, reference, client, id)
                try expectNothingLeft(farm, isDamageAllowed: true)
            }
        }

        @Test func `a worker's whole store is lost under it`() throws {
            let (farm, reference, client, id) = try halfway(slots: [1, 1])
            for pack in packs(farm, "worker-0/parts") { try FileManager.default.removeItem(atPath: pack) }
            for name in farm.workshop.files("worker-0/sources/files") {
                try farm.workshop.remove("worker-0/sources/files/\(name)")
            }
            try finish(farm, reference, client, id)
            try expectNothingLeft(farm, isDamageAllowed: true)
        }

        @Test func `audio that goes bad in one worker's vault does not fail the job`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 4)
            let reference = try farm.reference("pair.yaml", segmentSeconds: 0.4)
            try farm.startCoordinator()
            try farm.startWorker(slots: 1)
            let client = try farm.client()
            let first = try farm.submit(farm.submission("pair.yaml"), by: client).id
            #expect(try farm.waitUntilOver(first, client).state == .done)
            for name in farm.workshop.files("worker-0/sources/files") {
                let path = farm.workshop.path("worker-0/sources/files/\(name)")
                for at in stride(from: 2_000, to: Damage.byteCount(path), by: 3_001) { try Damage.flip(path, at: at) }
            }
            try farm.startWorker(slots: 1)
            try farm.waitForWorkers(2)
            var submission = try farm.submission("pair.yaml")
            submission.segmentSeconds = 0.4
            let second = try farm.submit(submission, by: client).id
            let done = try farm.waitUntilOver(second, client, seconds: 60)
            #expect(done.state == .done, "\(done.failures)")
            guard done.state == .done else { return }
            expectSame(try farm.fetch(second, into: "out"), reference)
        }

        @Test func `audio that goes bad in a worker's vault gives no wrong bytes`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 4)
            let reference = try farm.reference("pair.yaml", segmentSeconds: 0.4)
            try farm.startCoordinator()
            try farm.startWorker(slots: 1)
            let client = try farm.client()
            let first = try farm.submit(farm.submission("pair.yaml"), by: client).id
            #expect(try farm.waitUntilOver(first, client).state == .done)
            let files = farm.workshop.files("worker-0/sources/files")
            #expect(!files.isEmpty)
            for name in files {
                let path = farm.workshop.path("worker-0/sources/files/\(name)")
                for at in stride(from: 2_000, to: Damage.byteCount(path), by: 3_001) { try Damage.flip(path, at: at) }
            }
            // Other segments: the same audio is read again.
            var submission = try farm.submission("pair.yaml")
            submission.segmentSeconds = 0.4
            let second = try farm.submit(submission, by: client).id
            let done = try farm.waitUntilOver(second, client, seconds: 60)
            if done.state == .done {
                expectSame(try farm.fetch(second, into: "out"), reference)
            } else {
                #expect(!done.failures.isEmpty, "\(done)")
            }
            try expectNothingLeft(farm, isDamageAllowed: true)
        }

        @Test func `audio that goes bad in the coordinator's vault gives no wrong bytes`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 4)
            let reference = try farm.reference("pair.yaml")
            try farm.startCoordinator()
            let client = try farm.client()
            let id = try farm.submit(farm.submission("pair.yaml"), by: client).id
            for name in farm.workshop.files("farm/sources/files") {
                let path = farm.workshop.path("farm/sources/files/\(name)")
                for at in stride(from: 2_000, to: Damage.byteCount(path), by: 3_001) { try Damage.flip(path, at: at) }
            }
            try farm.startWorker(slots: 1)
            let done = try farm.waitUntilOver(id, client, seconds: 60)
            if done.state == .done {
                expectSame(try farm.fetch(id, into: "out"), reference)
            } else {
                #expect(!done.failures.isEmpty, "\(done)")
            }
            try expectNothingLeft(farm, isDamageAllowed: true)
        }
    }
}
