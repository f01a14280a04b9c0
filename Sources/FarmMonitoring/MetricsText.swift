/// `/metrics`: a farm's status as an OpenMetrics 1.0 document.
package enum MetricsText {
    /// What the answer to a scrape says it is.
    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// At most so many jobs, and as many workers, are told apart; the rest are summed as `other`.
    package static let labelLimit = 1_000

    /// A longer name is cut: whoever names a job or a worker is not to fill the monitoring's memory.
    static let nameLengthLimit = 120

    /// The label of what is summed.
    static let otherName = "other"

    /// The document. The same status makes the same bytes.
    package static func document(_ status: FarmStatus) -> String {
        var writer = OpenMetricsWriter(prefix: "lathe_farm_")
        writer.family(
            "build", .info, help: "The version of the coordinator.",
            [.init(1, [("version", labelText(status.lathe))])])
        writer.family(
            "start_time_seconds", .gauge, unit: .seconds, help: "When the coordinator started, since 1970.",
            [.init(status.startedAtSeconds)])
        writeStates(status, to: &writer)
        writeCounters(status.counters, to: &writer)
        writeStore(status.store, to: &writer)
        writeJobs(status.jobs, to: &writer)
        writeWorkers(status.workers, to: &writer)
        return writer.finished()
    }

    private static func writeStates(_ status: FarmStatus, to writer: inout OpenMetricsWriter) {
        writer.family(
            "jobs", .gauge, help: "Jobs by state; those that are over count as long as the coordinator knows them.",
            JobStatus.State.allCases.map { state in
                .init(status.jobs.count { $0.state == state }, [("state", state.rawValue)])
            })
        writer.family(
            "workers", .gauge, help: "Workers by state.",
            WorkerStatus.State.allCases.map { state in
                .init(status.workers.count { $0.state == state }, [("state", state.rawValue)])
            })
    }

    private static func writeCounters(_ counters: FarmCounters, to writer: inout OpenMetricsWriter) {
        writer.family(
            "pending_seconds", .gauge, unit: .seconds,
            help: "Song time that waits for a worker or is being rendered: what more workers would shorten.",
            [.init(counters.pendingSeconds)])
        writer.family(
            "ready_tasks", .gauge, help: "Tasks that could run now if there were a worker.",
            [.init(counters.readyTasks)])
        let counts: [(String, OpenMetricsWriter.Unit?, String, Int)] = [
            ("tasks_committed", nil, "Tasks whose result was accepted.", counters.tasksCommitted),
            ("tasks_reused", nil, "Tasks that an earlier render had done already.", counters.tasksReused),
            ("tasks_repeated", nil, "Tasks that had to be rendered again.", counters.tasksRepeated),
            ("attempts_failed", nil, "Attempts that ended without a result.", counters.attemptsFailed),
            ("alarms", nil, "Alarms raised: see the log.", counters.alarms),
            ("messages_refused", nil, "Messages that were not understood or not allowed.", counters.messagesRefused),
            (
                "connections_refused", nil, "Connections that were not let in: unknown key, or a limit.",
                counters.connectionsRefused
            ),
            ("received_bytes", .bytes, "Bytes that the coordinator received.", counters.bytesReceived),
            ("sent_bytes", .bytes, "Bytes that the coordinator sent.", counters.bytesSent),
        ]
        for (name, unit, help, value) in counts {
            writer.family(name, .counter, unit: unit, help: help, [.init(value)])
        }
        writer.family(
            "rendered_seconds", .counter, unit: .seconds, help: "Song time rendered.",
            [.init(counters.renderedSeconds)])
        writer.family(
            "cpu_seconds", .counter, unit: .seconds, help: "Processor time of all workers.",
            [.init(counters.cpuSeconds)])
    }

    private static func writeStore(_ store: StoreStatus, to writer: inout OpenMetricsWriter) {
        let rows = [
            ("store_used_bytes", "What the store holds.", store.usedBytes),
            ("store_limit_bytes", "What the store may hold.", store.limitBytes),
            ("store_free_bytes", "Room left on the store's file system.", store.freeBytes),
            ("store_source_bytes", "Audio of clients, kept in the vault.", store.sourceBytes),
        ]
        for (name, help, value) in rows {
            writer.family(name, .gauge, unit: .bytes, help: help, [value.map { .init($0) }])
        }
    }

    /// Only jobs that are not over: the series of the others would never change again.
    private static func writeJobs(_ jobs: [JobStatus], to writer: inout OpenMetricsWriter) {
        let live = jobs.filter { !$0.state.isOver }
        let rows = folded(live, name: \.id) {
            JobRow($0)
        } merge: {
            $0.add($1)
        }
        func family(
            _ name: String, unit: OpenMetricsWriter.Unit? = nil, _ help: String,
            _ sample: (JobRow, [OpenMetricsWriter.Label]) -> OpenMetricsWriter.Sample?
        ) {
            writer.family(name, .gauge, unit: unit, help: help, rows.map { sample($0.row, [("job", $0.name)]) })
        }
        writer.family(
            "job", .info, help: "Album and owner of a job that is not over.",
            rows.map { .init(1, [("job", $0.name), ("album", $0.row.album), ("owner", $0.row.owner)]) })
        family("job_tasks", "Tasks of a job.") { .init($0.total, $1) }
        family("job_done_tasks", "Tasks of a job that are done.") { .init($0.done, $1) }
        family("job_progress_ratio", unit: .ratio, "Tasks done, of all of a job: 0 to 1.") { row, labels in
            row.total > 0 ? .init(Double(row.done) / Double(row.total), labels) : nil
        }
        family("job_workers", "Workers that render a job.") { .init($0.workers, $1) }
        family("job_missing_bytes", unit: .bytes, "Audio that the client has still to send.") {
            .init($0.missingBytes, $1)
        }
        family("job_remaining_seconds", unit: .seconds, "Time until a job is done, as far as can be told.") {
            row, labels in row.remainingSeconds.flatMap { .init($0, labels) }
        }
    }

    private static func writeWorkers(_ workers: [WorkerStatus], to writer: inout OpenMetricsWriter) {
        let rows = folded(workers, name: \.name) {
            $0
        } merge: { sum, worker in
            sum.cpuSeconds += worker.cpuSeconds
            sum.committedTasks += worker.committedTasks
            sum.failedAttempts += worker.failedAttempts
        }
        writer.family(
            "worker_cpu_seconds", .counter, unit: .seconds, help: "Processor time of a worker.",
            rows.map { .init($0.row.cpuSeconds, [("worker", $0.name)]) })
        writer.family(
            "worker_tasks_committed", .counter, help: "Tasks of a worker that were accepted.",
            rows.map { .init($0.row.committedTasks, [("worker", $0.name)]) })
        writer.family(
            "worker_attempts_failed", .counter, help: "Attempts of a worker that ended without a result.",
            rows.map { .init($0.row.failedAttempts, [("worker", $0.name)]) })
    }
}

/// What is told of one job, or of several that share a label.
private struct JobRow {
    var album: String
    var owner: String
    var total: Int
    var done: Int
    var workers: Int
    var missingBytes: Int
    var remainingSeconds: Double?

    init(_ job: JobStatus) {
        album = MetricsText.labelText(job.album)
        owner = MetricsText.labelText(job.owner)
        total = job.tasksTotal
        done = job.tasksDone
        workers = job.runningWorkers
        missingBytes = job.missingBytes
        remainingSeconds = job.remainingSeconds
    }

    /// The sum of both; what remains is what the longer one takes.
    mutating func add(_ other: JobRow) {
        if album != other.album { album = MetricsText.otherName }
        if owner != other.owner { owner = MetricsText.otherName }
        total += other.total
        done += other.done
        workers += other.workers
        missingBytes += other.missingBytes
        remainingSeconds = [remainingSeconds, other.remainingSeconds].compactMap { $0 }.max()
    }
}

extension MetricsText {
    /// A name as a label shows it: control characters as `?`, and of bounded length.
    static func labelText(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars.prefix(nameLengthLimit) {
            let isControl = scalar.properties.generalCategory == .control
            text.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return text
    }

    /// One row for each label, in the order of the items; the labels are different from one another.
    ///
    /// Two items whose labels are the same are merged, as are those beyond `labelLimit`.
    fileprivate static func folded<Item, Row>(
        _ items: [Item], name: (Item) -> String, row: (Item) -> Row, merge: (inout Row, Row) -> Void
    ) -> [(name: String, row: Row)] {
        var rows: [(name: String, row: Row)] = []
        // Keyed by bytes: two spellings of the same characters are two labels to whoever reads the document.
        var indices: [[UInt8]: Int] = [:]
        for item in items {
            var label = labelText(name(item))
            if rows.count >= labelLimit, indices[Array(label.utf8)] == nil { label = otherName }
            let key = Array(label.utf8)
            if let index = indices[key] {
                merge(&rows[index].row, row(item))
            } else {
                indices[key] = rows.count
                rows.append((label, row(item)))
            }
        }
        return rows
    }
}
