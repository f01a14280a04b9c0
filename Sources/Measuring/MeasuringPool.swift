import Foundation
import LoudnessChecks
import Metering
import SoundFiles
import Synchronization

/// Measures files on all cores.
///
/// A long file is cut into stretches of whole seconds; which thread takes which has no influence on any bit, as
/// meters are folded in the order of the file (docs/determinism.md).
package final class MeasuringPool: Sendable {
    private let inputs: [MeasureInput]
    private let options: MeasuringOptions
    private let state: Mutex<PoolState>

    package init(_ inputs: [MeasureInput], options: MeasuringOptions) {
        self.inputs = inputs
        self.options = options
        state = Mutex(PoolState(estimates: inputs.map(Self.estimatedStretchCount)))
    }

    /// What a file that was not opened yet is taken to come to, by its size, so that the time left can be told.
    private static func estimatedStretchCount(_ input: MeasureInput) -> Int {
        var status = stat()
        guard stat(input.path, &status) == 0 else { return 1 }
        // 64 s of stereo with 24 bits at 48 kHz.
        return max(1, Int(status.st_size) / 18_432_000)
    }

    /// The outcomes in the order of the inputs, with what albums are pooled from.
    ///
    /// - Parameter progress: called on this thread, about ten times a second.
    package func run(progress: (MeasuringProgress) -> Void) -> [MeasuredFile] {
        let threads = DispatchGroup()
        for _ in 0..<max(1, options.workerCount) {
            DispatchQueue.global().async(group: threads) { [self] in work() }
        }
        while threads.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
            progress(state.withLock(\.progress))
        }
        progress(state.withLock(\.progress))
        return state.withLock { $0.outcomes.compactMap(\.self) }
    }

    private func work() {
        let meters = MeterShelf(options)
        while true {
            switch state.withLock({ $0.next() }) {
            case .open(let file): open(file)
            case .stretch(let file, let stretch): measure(file, stretch, meters)
            // Another thread is opening a file, which may have stretches for this one.
            case .wait: usleep(1_000)
            case .done: return
            }
        }
    }

    private func open(_ file: Int) {
        // Many files keep all threads busy by themselves.
        let isCut = options.workerCount > 1 && inputs.count < 4 * options.workerCount
        let job = FileJob(inputs[file], options, isCut: isCut)
        state.withLock { $0.opened(file, job) }
        if case .failed(let reason) = job.plan {
            finish(file, MeasuredFile(outcome: .failed(reason), summary: nil))
        }
    }

    private func measure(_ file: Int, _ stretch: Int, _ meters: MeterShelf) {
        guard let job = state.withLock({ $0.jobs[file] }) else { return }
        let result = job.measure(stretch, meters)
        let results = state.withLock { $0.measured(file, stretch, result, seconds: job.seconds(of: stretch)) }
        if let results { finish(file, job.conclude(results, options)) }
    }

    private func finish(_ file: Int, _ outcome: MeasuredFile) {
        state.withLock { $0.finished(file, outcome) }
    }
}

/// What the threads share.
private struct PoolState {
    enum Work { case open(Int), stretch(Int, Int), wait, done }

    var outcomes: [MeasuredFile?]
    var jobs: [FileJob?]
    private let estimates: [Int]
    private var results: [[FileJob.StretchResult?]]
    private var doneCounts: [Int]
    private var nextFile = 0
    private var ready: [(file: Int, stretch: Int)] = []
    private var openingCount = 0
    private var busyCount = 0
    private var soundSeconds = 0.0

    init(estimates: [Int]) {
        let fileCount = estimates.count
        self.estimates = estimates
        outcomes = Array(repeating: nil, count: fileCount)
        jobs = Array(repeating: nil, count: fileCount)
        results = Array(repeating: [], count: fileCount)
        doneCounts = Array(repeating: 0, count: fileCount)
    }

    /// Stretches before further files, so that few files are open at once.
    mutating func next() -> Work {
        if let last = ready.popLast() {
            busyCount += 1
            return .stretch(last.file, last.stretch)
        }
        if nextFile < outcomes.count {
            nextFile += 1
            openingCount += 1
            return .open(nextFile - 1)
        }
        return openingCount > 0 ? .wait : .done
    }

    mutating func opened(_ file: Int, _ job: FileJob) {
        openingCount -= 1
        jobs[file] = job
        results[file] = Array(repeating: nil, count: job.stretchCount)
        // Taken from the end.
        for stretch in (0..<job.stretchCount).reversed() { ready.append((file, stretch)) }
    }

    /// All results of the file when this was the last one.
    mutating func measured(
        _ file: Int, _ stretch: Int, _ result: FileJob.StretchResult, seconds: Double
    ) -> [FileJob.StretchResult]? {
        busyCount -= 1
        soundSeconds += seconds
        results[file][stretch] = result
        doneCounts[file] += 1
        guard doneCounts[file] == results[file].count else { return nil }
        let all = results[file].compactMap(\.self)
        results[file] = []
        return all
    }

    mutating func finished(_ file: Int, _ outcome: MeasuredFile) {
        outcomes[file] = outcome
        jobs[file] = nil
    }

    var progress: MeasuringProgress {
        MeasuringProgress(
            files: outcomes.indices.map { file in
                let total = max(1, jobs[file]?.stretchCount ?? estimates[file])
                guard let outcome = outcomes[file] else { return (doneCounts[file], total, nil) }
                if case .failed(let reason) = outcome.outcome { return (total, total, reason) }
                return (total, total, nil)
            }, busyWorkerCount: busyCount, soundSeconds: soundSeconds)
    }
}
