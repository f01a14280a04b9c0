import FarmMonitoring

/// A small farm with a bit of everything.
enum StatusFixture {
    static func farm() -> FarmStatus {
        var counters = FarmCounters()
        counters.tasksCommitted = 1_200
        counters.tasksReused = 300
        counters.tasksRepeated = 4
        counters.attemptsFailed = 7
        counters.alarms = 1
        counters.messagesRefused = 2
        counters.connectionsRefused = 5
        counters.bytesReceived = 9_000_000_000
        counters.bytesSent = 8_000_000
        counters.renderedSeconds = 54_321.125
        counters.cpuSeconds = 2_468.5
        counters.pendingSeconds = 321.5
        counters.readyTasks = 12
        return FarmStatus(
            lathe: "1.4.0", startedAtSeconds: 1_795_000_000.5, jobs: jobs, workers: workers, counters: counters,
            store: StoreStatus(
                usedBytes: 250_000_000_000, limitBytes: 1_000_000_000_000, freeBytes: 700_000_000_000,
                sourceBytes: 4_096))
    }

    static var jobs: [JobStatus] {
        [
            JobStatus(
                id: "00000000000000a1", album: "Night Ferry", owner: "mara", state: .rendering,
                submittedAtSeconds: 1_795_000_100, stage: "mix", tasksDone: 25, tasksTotal: 100, runningWorkers: 3,
                elapsedSeconds: 31, remainingSeconds: 95),
            JobStatus(
                id: "00000000000000a2", album: "Live at \"The Pit\"", owner: "jo\\e", state: .uploading,
                submittedAtSeconds: 1_795_000_200, waiting: "audio is missing", missingBytes: 123_456),
            JobStatus(
                id: "00000000000000a0", album: "Old", owner: "mara", state: .done, submittedAtSeconds: 1_795_000_000,
                endedAtSeconds: 1_795_000_090, tasksDone: 40, tasksTotal: 40),
        ]
    }

    static var workers: [WorkerStatus] {
        [
            WorkerStatus(
                name: "attic/0", state: .rendering, joinedAtSeconds: 1_795_000_010, processor: "x86-64-v3",
                task: "Night Ferry, song 2, mix 3", committedTasks: 600, failedAttempts: 1, cpuSeconds: 812.25),
            WorkerStatus(name: "attic/1", state: .idle, joinedAtSeconds: 1_795_000_011, committedTasks: 600),
            WorkerStatus(name: "cellar/0", state: .silent, joinedAtSeconds: 1_795_000_012, failedAttempts: 6),
        ]
    }
}
