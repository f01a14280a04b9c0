/// Consecutive frames that have something in common.
package struct SampleRun: Sendable, Hashable {
    /// The first of them.
    package var frame: Int
    package var frameCount: Int

    package init(frame: Int, frameCount: Int) {
        self.frame = frame
        self.frameCount = frameCount
    }
}

/// The runs of a whole song.
package struct SampleRuns: Sendable, Hashable {
    /// The most places that are kept.
    package static let maximumPlaceCount = 1000

    package internal(set) var count = 0
    /// Frames of the longest; 0 when there is none.
    package internal(set) var longestFrameCount = 0
    /// The first 1,000, in order.
    package internal(set) var places: [SampleRun] = []

    mutating func append(_ run: SampleRun) {
        count += 1
        longestFrameCount = max(longestFrameCount, run.frameCount)
        if places.count < Self.maximumPlaceCount { places.append(run) }
    }

    /// Both together, their places in order.
    func merged(with other: SampleRuns) -> SampleRuns {
        var all = SampleRuns()
        all.count = count + other.count
        all.longestFrameCount = max(longestFrameCount, other.longestFrameCount)
        let sorted = (places + other.places).sorted { $0.frame < $1.frame }
        all.places = Array(sorted.prefix(Self.maximumPlaceCount))
        return all
    }
}

/// The runs of one second. Those that touch its borders are kept apart: only the neighbours tell their length.
struct SecondRuns: Sendable, Hashable {
    /// Frames of the run that begins with the second; all of them when the second is one run.
    var leadingFrameCount = 0
    /// Frames of the run that ends with the second; the same when the second is one run.
    var trailingFrameCount = 0
    /// The others, their frames counted from the second's first, as far as they are long enough.
    var inner = SampleRuns()

    mutating func add(_ run: SampleRun, secondFrameCount: Int, minimumFrameCount: Int) {
        let (isFirst, isLast) = (run.frame == 0, run.frame + run.frameCount == secondFrameCount)
        if isFirst { leadingFrameCount = run.frameCount }
        if isLast { trailingFrameCount = run.frameCount }
        if !isFirst, !isLast, run.frameCount >= minimumFrameCount { inner.append(run) }
    }

    /// The runs of samples at or beyond a level.
    ///
    /// - Parameters:
    ///   - chunkPeaks: the greatest sample of each chunk, after `sign`.
    ///   - sign: 1, or -1 to look at the signal upside down.
    static func atLeast(
        _ level: Float, in x: UnsafePointer<Float>, count: Int, chunkPeaks: [Float], sign: Float,
        minimumFrameCount: Int
    ) -> SecondRuns {
        var runs = SecondRuns()
        var open = SampleRun(frame: 0, frameCount: 0)
        func close() {
            guard open.frameCount > 0 else { return }
            runs.add(open, secondFrameCount: count, minimumFrameCount: minimumFrameCount)
            open.frameCount = 0
        }
        for (chunk, peak) in chunkPeaks.enumerated() {
            guard sign * peak >= level else {
                close()
                continue
            }
            let first = chunk * ChannelScan.chunkFrameCount
            for frame in first..<min(first + ChannelScan.chunkFrameCount, count) {
                if sign * x[frame] >= level {
                    if open.frameCount == 0 { open.frame = frame }
                    open.frameCount += 1
                } else {
                    close()
                }
            }
        }
        close()
        return runs
    }

    /// The runs of frames in which no channel is above a level.
    ///
    /// - Parameters:
    ///   - chunkMagnitudes: the greatest magnitude of each chunk in any channel.
    ///   - minimumFrameCount: at least two chunks, so that a run holds a whole one.
    static func atMost(
        _ level: Float, in planes: [UnsafePointer<Float>], count: Int, chunkMagnitudes: [Float],
        minimumFrameCount: Int
    ) -> SecondRuns {
        precondition(minimumFrameCount >= 2 * ChannelScan.chunkFrameCount, "the run could hide between two chunks")
        func isQuiet(_ frame: Int) -> Bool { planes.allSatisfy { $0[frame].magnitude <= level } }
        let size = ChannelScan.chunkFrameCount
        var runs = SecondRuns()
        var chunk = 0
        while chunk < chunkMagnitudes.count {
            guard chunkMagnitudes[chunk] <= level else {
                chunk += 1
                continue
            }
            var (start, end) = (chunk * size, min((chunk + 1) * size, count))
            while start > 0, isQuiet(start - 1) { start -= 1 }
            repeat { chunk += 1 } while chunk < chunkMagnitudes.count && chunkMagnitudes[chunk] <= level
            end = min(chunk * size, count)
            while end < count, isQuiet(end) { end += 1 }
            runs.add(
                SampleRun(frame: start, frameCount: end - start), secondFrameCount: count,
                minimumFrameCount: minimumFrameCount)
        }
        // At the borders, runs of any length count.
        if runs.leadingFrameCount == 0 {
            while isQuiet(runs.leadingFrameCount) { runs.leadingFrameCount += 1 }
        }
        if runs.trailingFrameCount == 0 {
            while isQuiet(count - 1 - runs.trailingFrameCount) { runs.trailingFrameCount += 1 }
        }
        return runs
    }
}

/// Joins the runs of one second after the other.
struct RunFold: Sendable {
    let minimumFrameCount: Int
    /// The runs that have ended, the one at the start of the song among them.
    private var ended = SampleRuns()
    /// The run that begins with the song; it may not have ended.
    private(set) var head = SampleRun(frame: 0, frameCount: 0)
    /// The longest run that has ended and did not begin with the song, the first of equals.
    private(set) var longestInner: SampleRun?
    /// The run that ends where the song ends so far.
    private(set) var tail = SampleRun(frame: 0, frameCount: 0)
    private var frameCount = 0

    init(minimumFrameCount: Int) { self.minimumFrameCount = minimumFrameCount }

    mutating func append(_ second: SecondRuns, secondFrameCount: Int) {
        if tail.frameCount == 0 { tail.frame = frameCount }
        tail.frameCount += second.leadingFrameCount
        if tail.frame == 0 { head = tail }
        if second.leadingFrameCount < secondFrameCount {
            end(tail)
            for run in second.inner.places {
                noteInner(SampleRun(frame: frameCount + run.frame, frameCount: run.frameCount))
            }
            add(second.inner)
            tail = SampleRun(
                frame: frameCount + secondFrameCount - second.trailingFrameCount,
                frameCount: second.trailingFrameCount)
        }
        frameCount += secondFrameCount
    }

    /// The frames of a second without any run.
    mutating func skip(secondFrameCount: Int) { append(SecondRuns(), secondFrameCount: secondFrameCount) }

    /// Forgets all runs so far.
    mutating func restart() {
        let count = frameCount
        self = RunFold(minimumFrameCount: minimumFrameCount)
        frameCount = count
        tail.frame = count
    }

    /// All runs, as if the song ended here.
    var runs: SampleRuns {
        var all = ended
        if tail.frameCount >= minimumFrameCount { all.append(tail) }
        return all
    }

    private mutating func end(_ run: SampleRun) {
        guard run.frameCount > 0 else { return }
        if run.frame > 0 { noteInner(run) }
        if run.frameCount >= minimumFrameCount { ended.append(run) }
    }

    private mutating func noteInner(_ run: SampleRun) {
        guard run.frameCount >= minimumFrameCount, run.frameCount > (longestInner?.frameCount ?? 0) else { return }
        longestInner = run
    }

    private mutating func add(_ inner: SampleRuns) {
        ended.count += inner.count
        ended.longestFrameCount = max(ended.longestFrameCount, inner.longestFrameCount)
        for run in inner.places.prefix(SampleRuns.maximumPlaceCount - ended.places.count) {
            ended.places.append(SampleRun(frame: frameCount + run.frame, frameCount: run.frameCount))
        }
    }
}
