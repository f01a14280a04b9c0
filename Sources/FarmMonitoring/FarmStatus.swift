/// Everything a farm says of itself: what `lathe jobs`, `lathe status` and `lathe workers` show, and what `/metrics`
/// is made of. A value; absent means not known, never zero. Times are seconds since 1970.
package struct FarmStatus: Codable, Sendable, Equatable {
    package var lathe: String
    package var startedAtSeconds: Double
    package var jobs: [JobStatus]
    package var workers: [WorkerStatus]
    package var counters: FarmCounters
    package var store: StoreStatus

    package init(
        lathe: String, startedAtSeconds: Double, jobs: [JobStatus] = [], workers: [WorkerStatus] = [],
        counters: FarmCounters = FarmCounters(), store: StoreStatus = StoreStatus()
    ) {
        self.lathe = lathe
        self.startedAtSeconds = startedAtSeconds
        self.jobs = jobs
        self.workers = workers
        self.counters = counters
        self.store = store
    }
}

/// One job, as its owner sees it.
package struct JobStatus: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable, CaseIterable {
        /// Its audio is on the way to the coordinator.
        case uploading
        /// Its session is read and compiled.
        case preparing
        case rendering
        case paused
        /// Every file was delivered.
        case done
        /// Over, and some songs or files could not be made.
        case incomplete
        /// It could not be rendered at all.
        case failed
        case cancelled

        /// Nothing more happens to it.
        package var isOver: Bool {
            switch self {
            case .done, .incomplete, .failed, .cancelled: true
            case .uploading, .preparing, .rendering, .paused: false
            }
        }
    }

    package struct Song: Codable, Sendable, Equatable {
        package var title: String
        package var stage: String
        package var done: Int
        package var total: Int
        package var failure: String?

        package init(title: String, stage: String, done: Int, total: Int, failure: String? = nil) {
            self.title = title
            self.stage = stage
            self.done = done
            self.total = total
            self.failure = failure
        }
    }

    package struct File: Codable, Sendable, Equatable {
        /// Relative to the release folder.
        package var path: String
        package var byteCount: Int
        package var sha256: String

        package init(path: String, byteCount: Int, sha256: String) {
            self.path = path
            self.byteCount = byteCount
            self.sha256 = sha256
        }
    }

    /// Sixteen hexadecimal digits, chosen by the client.
    package var id: String
    package var album: String
    package var owner: String
    package var state: State
    /// Smaller goes first.
    package var priority: Int
    package var submittedAtSeconds: Double
    package var endedAtSeconds: Double?
    package var stage: String
    /// Why it does not go on, in one sentence; nil while it does.
    package var waiting: String?
    package var songs: [Song]
    package var tasksDone: Int
    package var tasksTotal: Int
    package var tasksRendered: Int
    package var tasksReused: Int
    package var tasksRetried: Int
    package var runningWorkers: Int
    /// At most so many workers at once; nil for no limit.
    package var workerLimit: Int?
    /// Bytes of audio that the client has still to send.
    package var missingBytes: Int
    package var elapsedSeconds: Double?
    package var remainingSeconds: Double?
    package var files: [File]
    package var failures: [String]

    package init(
        id: String, album: String, owner: String, state: State, priority: Int = 0, submittedAtSeconds: Double,
        endedAtSeconds: Double? = nil, stage: String = "", waiting: String? = nil, songs: [Song] = [],
        tasksDone: Int = 0, tasksTotal: Int = 0, tasksRendered: Int = 0, tasksReused: Int = 0, tasksRetried: Int = 0,
        runningWorkers: Int = 0, workerLimit: Int? = nil, missingBytes: Int = 0, elapsedSeconds: Double? = nil,
        remainingSeconds: Double? = nil, files: [File] = [], failures: [String] = []
    ) {
        self.id = id
        self.album = album
        self.owner = owner
        self.state = state
        self.priority = priority
        self.submittedAtSeconds = submittedAtSeconds
        self.endedAtSeconds = endedAtSeconds
        self.stage = stage
        self.waiting = waiting
        self.songs = songs
        self.tasksDone = tasksDone
        self.tasksTotal = tasksTotal
        self.tasksRendered = tasksRendered
        self.tasksReused = tasksReused
        self.tasksRetried = tasksRetried
        self.runningWorkers = runningWorkers
        self.workerLimit = workerLimit
        self.missingBytes = missingBytes
        self.elapsedSeconds = elapsedSeconds
        self.remainingSeconds = remainingSeconds
        self.files = files
        self.failures = failures
    }
}

/// One worker: a name, or a slot of it.
package struct WorkerStatus: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable, CaseIterable {
        case idle, rendering, draining
        /// Not heard of for a while.
        case silent
        /// Its results were found wrong: it gets no work.
        case quarantined
    }

    /// `NAME/SLOT`.
    package var name: String
    package var state: State
    package var joinedAtSeconds: Double
    package var processor: String
    /// What it renders: job, song and segment, in words.
    package var task: String?
    package var committedTasks: Int
    package var failedAttempts: Int
    package var cpuSeconds: Double

    package init(
        name: String, state: State, joinedAtSeconds: Double, processor: String = "", task: String? = nil,
        committedTasks: Int = 0, failedAttempts: Int = 0, cpuSeconds: Double = 0
    ) {
        self.name = name
        self.state = state
        self.joinedAtSeconds = joinedAtSeconds
        self.processor = processor
        self.task = task
        self.committedTasks = committedTasks
        self.failedAttempts = failedAttempts
        self.cpuSeconds = cpuSeconds
    }
}

/// What was counted since the coordinator started.
package struct FarmCounters: Codable, Sendable, Equatable {
    package var tasksCommitted = 0
    package var tasksReused = 0
    package var tasksRepeated = 0
    package var attemptsFailed = 0
    package var alarms = 0
    package var messagesRefused = 0
    package var connectionsRefused = 0
    package var bytesReceived = 0
    package var bytesSent = 0
    package var renderedSeconds = 0.0
    package var cpuSeconds = 0.0
    /// Song time of ready and running tasks that are not done: what more workers would shorten.
    package var pendingSeconds = 0.0
    /// Tasks that could run now if there were a worker.
    package var readyTasks = 0

    package init() {}
}

/// The coordinator's store.
package struct StoreStatus: Codable, Sendable, Equatable {
    package var usedBytes: Int?
    package var limitBytes: Int?
    package var freeBytes: Int?
    package var sourceBytes: Int?

    package init(usedBytes: Int? = nil, limitBytes: Int? = nil, freeBytes: Int? = nil, sourceBytes: Int? = nil) {
        self.usedBytes = usedBytes
        self.limitBytes = limitBytes
        self.freeBytes = freeBytes
        self.sourceBytes = sourceBytes
    }
}
