import FarmMonitoring
import FarmService
import Foundation
import RenderHarness
import Synchronization
import Testing

extension RealFarmTests {
    /// A coordinator that ends, as by `kill -9`, at each step of what it writes down for good.
    ///
    /// `LATHE_JOURNAL_POINTS=FROM..TO` goes through all of these instead of a few; past the last one of a render
    /// nothing is killed.
    @Suite(.serialized) struct JournalTests {
        @Test func `killed at any point of its journal, a coordinator delivers the same files`() throws {
            let points = try Self.points()
            let workshop = try Workshop()
            try workshop.writePairAlbum(seconds: 2)
            // A value that nobody changes.
            nonisolated(unsafe) let reference = try workshop.render(
                "pair.yaml", into: "reference", store: "quiet", ["--workers", "0"])
            let next = Atomic(0)
            let killed = Atomic(0)
            let failures = Mutex<[String]>([])
            inThreads(min(4, points.count)) {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < points.count else { return }
                    do {
                        let (kills, found) = try Self.run(points[index], reference)
                        killed.wrappingAdd(kills, ordering: .relaxed)
                        guard !found.isEmpty else { continue }
                        let text = (["point \(points[index]):"] + found).joined(separator: "\n")
                        failures.withLock { $0.append(text) }
                    } catch {
                        failures.withLock { $0.append("point \(points[index]): \(error)") }
                    }
                }
            }
            let kills = killed.load(ordering: .relaxed)
            print("journal: \(points.count) points, \(kills) kills")
            #expect(kills >= min(points.count, 4))
            for failure in failures.withLock({ $0 }) { Issue.record("\(failure)") }
        }

        private static func points() throws -> [Int] {
            guard let text = ProcessInfo.processInfo.environment["LATHE_JOURNAL_POINTS"] else {
                // The start, the job's acceptance, its first results, the middle, the end.
                return [2, 5, 9, 13, 20, 33, 61, 97]
            }
            let ends = text.components(separatedBy: "..").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, ends.count == 2, 1 <= first, first <= last else {
                throw HarnessError("LATHE_JOURNAL_POINTS is \"\(text)\": write FROM..TO")
            }
            return Array(first...last)
        }

        /// - Returns: how often the coordinator was killed, and what was wrong at the end.
        private static func run(_ point: Int, _ reference: Delivered) throws -> (Int, [String]) {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 2)
            var kills = 0
            /// Starts it; where it is killed at once, again. Its restart may be killed too, at an early point.
            func start(_ points: [Int]) throws {
                for point in points {
                    farm.coordinatorEnvironment["LATHE_TEST_KILL_AT"] = "\(point)"
                    do { return try farm.startCoordinator() } catch let error as HarnessError {
                        guard let process = farm.coordinator, process.wait(seconds: 5).status == 128 + SIGKILL else {
                            throw error
                        }
                        kills += 1
                    }
                }
                farm.coordinatorEnvironment["LATHE_TEST_KILL_AT"] = nil
                try farm.startCoordinator()
            }
            try start([point, point])
            for _ in 0..<2 { try farm.startWorker() }
            let render = try farm.startRender("pair.yaml", into: "out")
            let deadline = Date(timeIntervalSinceNow: 150)
            while !render.hasEnded, Date() < deadline {
                if farm.coordinator?.hasEnded == true {
                    let ended = try farm.endCoordinator(0)
                    guard ended.status == 128 + SIGKILL else {
                        return (kills, ["the coordinator ended with \(ended.status): \(ended.errors.suffix(2_000))"])
                    }
                    kills += 1
                    // Every other point is struck again while it takes up its work.
                    try start(kills == 1 && point % 2 == 0 ? [5 + point % 11] : [])
                }
                usleep(5_000)
            }
            let finished = render.wait(seconds: 1)
            guard finished.status == 0 else {
                return (kills, ["render ended with \(finished.status): \(finished.errors.suffix(2_000))"])
            }
            // It may have been killed after the last file was fetched.
            if farm.coordinator?.hasEnded == true {
                _ = try farm.endCoordinator(0)
                kills += 1
                try start([])
            }
            let differences = try farm.workshop.delivered("out").differences(from: reference).map { $0.prefix(400) }
            farm.coordinatorEnvironment["LATHE_TEST_KILL_AT"] = nil
            return (kills, differences.map(String.init) + (try farm.leftovers()))
        }
    }
}
