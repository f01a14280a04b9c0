import CVector
import Foundation

/// CPU seconds of this process.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Calls `body` with denormals treated as zero, as the engine runs.
@inline(never)
func withoutDenormals(_ body: () -> Void) {
    let saved = lathe_fp_guard_begin()
    body()
    lathe_fp_guard_end(saved)
}

/// One row of the table: how long a kernel takes for a known amount of work.
struct Measurement {
    /// Part of the names of the rows that are wanted; nil: all of them.
    static let wanted = ProcessInfo.processInfo.environment["KERNEL"]

    let name: String
    /// CPU seconds of one pass over `frameCount` frames: of the rounds the least, and the median.
    let best: Double
    let median: Double
    let frameCount: Int
    let isMeasured: Bool
    /// How the row is read.
    let reading: Reading

    enum Reading {
        /// Seconds of stereo signal per CPU second.
        case timesRealTime(rateHertz: Int)
        /// Nanoseconds for one frame of eight lanes.
        case nanosecondsPerFrame
        /// Sections times samples of eight lanes, in thousand millions a second.
        case sectionSamples(sections: Int)
    }

    /// Measures `pass`, which works on `frameCount` frames: rounds of at least 0.1 s after one to warm up.
    init(_ name: String, frameCount: Int, _ reading: Reading, rounds: Int, pass: () -> Void) {
        self.name = name
        self.frameCount = frameCount
        self.reading = reading
        isMeasured = Self.wanted.map { name.contains($0) } ?? true
        guard isMeasured else {
            (best, median) = (0, 0)
            return
        }
        var times: [Double] = []
        withoutDenormals {
            let began = cpuSeconds()
            pass()
            let passes = max(1, Int((0.1 / max(cpuSeconds() - began, 1e-7)).rounded(.up)))
            for _ in 0..<rounds {
                let start = cpuSeconds()
                for _ in 0..<passes { pass() }
                times.append((cpuSeconds() - start) / Double(passes))
            }
        }
        times.sort()
        best = times[0]
        median = times[times.count / 2]
    }

    /// The figure for a time of one pass.
    private func figure(_ seconds: Double) -> Double {
        switch reading {
        case .timesRealTime(let rateHertz): Double(frameCount) / Double(rateHertz) / seconds
        case .nanosecondsPerFrame: seconds * 1e9 / Double(frameCount)
        case .sectionSamples(let sections): Double(frameCount * 8 * sections) / seconds / 1e9
        }
    }

    private var unit: String {
        switch reading {
        case .timesRealTime: "x real time"
        case .nanosecondsPerFrame: "ns a frame of 8 lanes"
        case .sectionSamples: "G section-samples/s"
        }
    }

    private static func text(_ value: Double) -> String {
        String(format: value < 100 ? "%.2f" : "%.0f", value)
    }

    /// A row of a Markdown table.
    var row: String { "| \(name) | \(Self.text(figure(median))) | \(Self.text(figure(best))) | \(unit) |" }
}
