/// Figures of a farm at work, or of one job of it, for progress and reports.
package struct FarmFigures: Sendable, Equatable {
    package var workerCount = 0
    package var busyWorkerCount = 0
    package var renderedTasks = 0
    package var reusedTasks = 0
    package var repeatedTasks = 0
    package var auditedTasks = 0
    package var retriedTasks = 0
    package var doneTasks = 0
    package var totalTasks = 0
    /// Song time that was rendered, summed over chained mix tasks alone would say little: all tasks count.
    package var renderedSeconds = 0.0
    package var cpuSeconds = 0.0
    /// What of `renderedTasks`, `reusedTasks` and `cpuSeconds` came after the mix.
    package var finish = StageFigures()
    package var bytesMoved = 0
    package var alarms: [String] = []

    package init() {}
}

/// What one stage of a render took.
package struct StageFigures: Sendable, Equatable {
    package var renderedTasks = 0
    package var reusedTasks = 0
    package var cpuSeconds = 0.0
}

/// What one life of a worker has done.
package struct WorkerFigures: Sendable, Equatable {
    package private(set) var committedTasks = 0
    package private(set) var cpuSeconds = 0.0

    mutating func add(costMicroseconds: Int) {
        committedTasks += 1
        cpuSeconds += Double(costMicroseconds) / 1e6
    }
}
