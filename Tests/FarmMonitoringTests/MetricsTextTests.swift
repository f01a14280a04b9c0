import FarmMonitoring
import Foundation
import TestSupport
import Testing

@Suite struct MetricsTextTests {
    private func samples(_ status: FarmStatus) throws -> [String: [OpenMetricsReader.Sample]] {
        let families = try OpenMetricsReader.families(of: MetricsText.document(status))
        return Dictionary(uniqueKeysWithValues: families.map { ($0.name, $0.samples) })
    }

    @Test func `the document is the one under Golden`() throws {
        let document = MetricsText.document(StatusFixture.farm())
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/metrics.openmetrics")
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] != nil {
            try Data(document.utf8).write(to: file)
        }
        #expect(try Data(contentsOf: file) == Data(document.utf8), "not what the code writes")
        #expect(MetricsText.document(StatusFixture.farm()) == document)
    }

    @Test func `what the figures say is what the status says`() throws {
        let found = try samples(StatusFixture.farm())
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            found[name]?.first { $0.labels == labels }?.value
        }
        #expect(value("lathe_farm_jobs", ["state": "rendering"]) == 1)
        #expect(value("lathe_farm_jobs", ["state": "cancelled"]) == 0)
        #expect(found["lathe_farm_jobs"]?.count == JobStatus.State.allCases.count)
        #expect(value("lathe_farm_workers", ["state": "silent"]) == 1)
        #expect(value("lathe_farm_pending_seconds") == 321.5)
        #expect(value("lathe_farm_tasks_committed") == 1_200)
        #expect(value("lathe_farm_received_bytes") == 9_000_000_000)
        #expect(value("lathe_farm_store_limit_bytes") == 1e12)
        #expect(value("lathe_farm_job_progress_ratio", ["job": "00000000000000a1"]) == 0.25)
        #expect(value("lathe_farm_job_remaining_seconds", ["job": "00000000000000a1"]) == 95)
        #expect(value("lathe_farm_worker_cpu_seconds", ["worker": "attic/0"]) == 812.25)
        #expect(value("lathe_farm_job", ["job": "00000000000000a1", "album": "Night Ferry", "owner": "mara"]) == 1)
        // A job that is over has no series of its own.
        #expect(found["lathe_farm_job_tasks"]?.count == 2)
    }

    @Test func `what is not known is absent, never zero`() throws {
        let found = try samples(FarmStatus(lathe: "0", startedAtSeconds: 0))
        #expect(found["lathe_farm_store_used_bytes"] == nil)
        #expect(found["lathe_farm_job"] == nil)
        #expect(
            found["lathe_farm_pending_seconds"] == [.init(name: "lathe_farm_pending_seconds", labels: [:], value: 0)])
        var status = StatusFixture.farm()
        status.counters.pendingSeconds = .nan
        status.counters.renderedSeconds = -1
        status.counters.cpuSeconds = .infinity
        status.workers[0].cpuSeconds = -0.0
        let broken = try samples(status)
        #expect(broken["lathe_farm_pending_seconds"] == nil)
        #expect(broken["lathe_farm_rendered_seconds"] == nil)
        #expect(broken["lathe_farm_cpu_seconds"] == nil)
    }

    static let hostileNames = [
        "", "\"", "\\", "\n", "a\nlathe_farm_alarms_total 99", "\"} 1\n# EOF\n", "\r\n", "\u{0}", "\u{7f}\u{85}", "{",
        "🎚️", "\u{202e}evil", "é", "e\u{301}", "\\n", "\\\"", "other", String(repeating: "x", count: 100_000),
        String(repeating: "\\\"\n", count: 500),
    ]

    @Test func `hostile names stay inside their labels`() throws {
        var status = StatusFixture.farm()
        let before = try samples(status)
        status.lathe = Self.hostileNames.joined()
        for name in Self.hostileNames {
            status.workers.append(WorkerStatus(name: name, state: .idle, joinedAtSeconds: 0, cpuSeconds: 1))
            status.jobs.append(JobStatus(id: name, album: name, owner: name, state: .rendering, submittedAtSeconds: 0))
        }
        let document = MetricsText.document(status)
        let after = try samples(status)
        #expect(after.keys.sorted() == before.keys.sorted())
        #expect(after["lathe_farm_alarms"] == before["lathe_farm_alarms"])
        #expect(document.utf8.count < 100_000)
        let workers = try #require(after["lathe_farm_worker_cpu_seconds"])
        let total = workers.reduce(0) { $0 + $1.value }
        #expect(total == status.workers.reduce(0) { $0 + $1.cpuSeconds }, "nobody's time is lost")
    }

    @Test func `a thousand jobs and workers are told apart, the rest are summed`() throws {
        var status = FarmStatus(lathe: "1", startedAtSeconds: 1)
        for i in 0..<5_000 {
            status.workers.append(
                WorkerStatus(name: "host\(i)/0", state: .idle, joinedAtSeconds: 0, committedTasks: 2, cpuSeconds: 1))
            status.jobs.append(
                JobStatus(
                    id: "job\(i)", album: "A", owner: "o\(i % 2)", state: .rendering, submittedAtSeconds: 0,
                    tasksDone: 1, tasksTotal: 4, remainingSeconds: Double(i)))
        }
        let found = try samples(status)
        let workers = try #require(found["lathe_farm_worker_cpu_seconds"])
        #expect(workers.count == 1_001)
        #expect(
            workers.last
                == .init(
                    name: "lathe_farm_worker_cpu_seconds_total", labels: ["worker": "other"], value: 4_000))
        #expect(found["lathe_farm_job_tasks"]?.last?.value == 16_000)
        #expect(found["lathe_farm_job_progress_ratio"]?.last?.value == 0.25)
        #expect(found["lathe_farm_job_remaining_seconds"]?.last?.value == 4_999)
        #expect(found["lathe_farm_job"]?.last?.labels == ["job": "other", "album": "A", "owner": "other"])
        let bytes = Double(MetricsText.document(status).utf8.count)
        let fact = Fact(
            "Farm monitoring", "/metrics, 5,000 jobs and 5,000 workers", bytes / 1024, .atMost(1024), unit: "KiB")
        #expect(fact.holds, "\(fact)")
    }

    static let faults: [(String, String)] = [
        ("no end", "# TYPE a gauge\n# HELP a x\na 1\n"),
        ("after the end", "# EOF\na 1\n"),
        ("no type", "a 1\n# EOF\n"),
        ("unit not in name", "# TYPE a gauge\n# UNIT a bytes\n# HELP a x\na 1\n# EOF\n"),
        ("counter without _total", "# TYPE a counter\n# HELP a x\na 1\n# EOF\n"),
        ("counter below zero", "# TYPE a counter\n# HELP a x\na_total -1\n# EOF\n"),
        ("same sample", "# TYPE a gauge\n# HELP a x\na{b=\"1\"} 1\na{b=\"1\"} 2\n# EOF\n"),
        ("same label", "# TYPE a gauge\n# HELP a x\na{b=\"1\",b=\"2\"} 1\n# EOF\n"),
        ("bad escape", "# TYPE a gauge\n# HELP a x\na{b=\"\\t\"} 1\n# EOF\n"),
        ("bare quote in help", "# TYPE a gauge\n# HELP a \"x\na 1\n# EOF\n"),
        ("torn family", "# TYPE a gauge\n# HELP a x\na 1\n# TYPE b gauge\n# HELP b x\nb 1\na{c=\"1\"} 1\n# EOF\n"),
        ("bad number", "# TYPE a gauge\n# HELP a x\na 1,5\n# EOF\n"),
        ("hexadecimal number", "# TYPE a gauge\n# HELP a x\na 0x10\n# EOF\n"),
        ("carriage return", "# TYPE a gauge\r\n# HELP a x\na 1\n# EOF\n"),
    ]

    @Test(arguments: faults.map(\.0)) func `the reader of these tests finds a fault`(name: String) throws {
        let text = try #require(Self.faults.first { $0.0 == name }?.1)
        #expect(throws: OpenMetricsReader.Fault.self, "\(name)") { try OpenMetricsReader.families(of: text) }
    }
}
