package import Quantities

/// The measurement of one window in the making: load the frames needed, in pieces of any size, then finish.
package struct WindowMeter: Sendable {
    /// What must be loaded for every channel.
    package let framesNeeded: FrameRange

    private let analyzer: LoudnessAnalyzer
    private let window: FrameRange
    /// Frames whose interpolated points belong to this window.
    private let points: FrameRange
    private let hops: Range<Int>
    /// Per channel the frames of `held`, silence where nothing was loaded.
    private var planes: [[Float]]
    private let held: FrameRange
    private var loadedFrameCounts: [Int]
    private var nonFiniteSampleCount = 0

    private static let groupFrameCount = TruePeakInterpolator.groupFrameCount

    init(_ analyzer: LoudnessAnalyzer, window: FrameRange, songFrameCount: Int) {
        self.analyzer = analyzer
        self.window = window
        framesNeeded = analyzer.framesNeeded(for: window, songFrameCount: songFrameCount)
        hops = analyzer.hops(endingIn: window)
        let reach = analyzer.interpolator.reachFrameCount
        points = FrameRange(
            window.start == 0 ? -reach : window.start,
            window.end == songFrameCount ? window.end + reach : window.end)
        // Whole seconds for the filter's lanes, and whole groups with a neighbour on both sides for the
        // peaks.
        var start = window.start - 3 * Self.groupFrameCount
        var end = points.end + 4 * Self.groupFrameCount
        if !hops.isEmpty {
            let perSecond = LoudnessAnalyzer.hopsPerSecond
            start = min(start, analyzer.filterStart(second: hops.lowerBound / perSecond))
            end = max(end, ((hops.upperBound - 1) / perSecond + 1) * analyzer.rateHertz)
        }
        held = FrameRange(start, end)
        planes = (0..<analyzer.channelCount).map { _ in [Float](repeating: 0, count: end - start) }
        loadedFrameCounts = [Int](repeating: 0, count: analyzer.channelCount)
    }

    /// Takes samples of one channel, the first of them at song frame `frame`. Frames that are not needed are
    /// left out; a frame must not be loaded twice.
    package mutating func load(_ samples: Span<Float>, channel: Int, from frame: Int) {
        let wanted = FrameRange(start: frame, count: samples.count).intersection(framesNeeded)
        guard !wanted.isEmpty else { return }
        loadedFrameCounts[channel] += wanted.count
        let offset = wanted.start - held.start
        samples.withUnsafeBufferPointer { source in
            planes[channel].withUnsafeMutableBufferPointer { plane in
                // SAFETY: `wanted` lies inside both; they are different allocations.
                let target = UnsafeMutableBufferPointer(rebasing: plane[offset..<offset + wanted.count])
                let first = wanted.start - frame
                let piece = UnsafeBufferPointer(rebasing: source[first..<first + wanted.count])
                _ = target.update(fromContentsOf: piece)
            }
        }
        if !planes[channel].isFinite(in: offset..<offset + wanted.count) {
            for i in offset..<offset + wanted.count where !planes[channel][i].isFinite {
                planes[channel][i] = 0
                if window.contains(held.start + i) { nonFiniteSampleCount += 1 }
            }
        }
    }

    /// Measures what was loaded.
    ///
    /// - Precondition: every channel was loaded.
    package consuming func finish() -> SegmentMeasurement {
        for count in loadedFrameCounts {
            precondition(count == framesNeeded.count, "a channel was not loaded, or a part of it twice")
        }
        var (samplePeaks, truePeaks): ([Float], [Float]) = ([], [])
        var last = -1
        for channel in 0..<analyzer.channelCount {
            let peaks = peaks(of: channel)
            samplePeaks.append(peaks.sample)
            truePeaks.append(peaks.interpolated)
            last = max(last, peaks.lastFrameAboveFloor)
        }
        return SegmentMeasurement(
            rateHertz: analyzer.rateHertz, channelCount: analyzer.channelCount, frameCount: window.count,
            oversampling: analyzer.oversampling, hopEnergies: hopEnergies(), samplePeaks: samplePeaks,
            truePeaks: truePeaks, lastFrameAboveFloor: last, nonFiniteSampleCount: nonFiniteSampleCount)
    }

    /// Filters all seconds of all channels, eight of them at a time in lanes.
    private func hopEnergies() -> [Double] {
        let perSecond = LoudnessAnalyzer.hopsPerSecond
        let warmUp = LoudnessAnalyzer.warmUpHopCount
        var energies = [Double](repeating: 0, count: hops.count * analyzer.channelCount)
        guard !hops.isEmpty else { return energies }
        let seconds = hops.lowerBound / perSecond...(hops.upperBound - 1) / perSecond
        let jobs = (0..<analyzer.channelCount).flatMap { channel in
            seconds.map { (channel: channel, second: $0) }
        }
        // A copy would double the memory; the pointers live inside this closure only.
        withPlanePointers { pointers in
            for first in stride(from: 0, to: jobs.count, by: 8) {
                let batch = jobs[first..<min(first + 8, jobs.count)]
                // A batch with lanes to spare repeats its first signal there.
                let lanes = (0..<8).map { lane in
                    let job = lane < batch.count ? batch[first + lane] : batch[first]
                    return pointers[job.channel] + (analyzer.filterStart(second: job.second) - held.start)
                }
                let longest = batch.map { min(hops.upperBound - $0.second * perSecond, perSecond) }.max() ?? 0
                var sums = [SIMD8<Double>](repeating: .zero, count: warmUp + longest)
                analyzer.filter.sumSquares(lanes, hopFrameCount: analyzer.hopFrameCount, into: &sums)
                for (lane, job) in batch.enumerated() {
                    let firstHop = job.second * perSecond
                    for hop in hops.clamped(to: firstHop..<firstHop + perSecond) {
                        energies[job.channel * hops.count + hop - hops.lowerBound] =
                            sums[warmUp + hop - firstHop][lane]
                    }
                }
            }
        }
        return energies
    }

    private func withPlanePointers(_ body: ([UnsafePointer<Float>]) -> Void) {
        func open(_ channel: Int, _ pointers: [UnsafePointer<Float>]) {
            guard channel < planes.count else { return body(pointers) }
            planes[channel].withUnsafeBufferPointer { plane in
                // SAFETY: a plane is never empty, and its pointer does not leave this nest of closures.
                guard let base = plane.baseAddress else { return }
                open(channel + 1, pointers + [base])
            }
        }
        open(0, [])
    }

    /// The peaks of one channel, and its last frame above the floor counted from the window's start.
    private func peaks(of channel: Int) -> (sample: Float, interpolated: Float, lastFrameAboveFloor: Int) {
        let size = Self.groupFrameCount
        let plane = planes[channel]
        // Groups of 32 frames on a grid through the window's start, two groups before it to one past the
        // points.
        let base = window.start - 2 * size
        let groupCount = (points.end - base + size - 1) / size + 1
        var groupPeaks = [Float](repeating: 0, count: groupCount)
        for group in 0..<groupCount {
            let offset = base - held.start + group * size
            groupPeaks[group] = plane.greatestMagnitude(in: offset..<offset + size)
        }
        let inner = 2..<2 + window.count / size
        var sample = groupPeaks[inner].max() ?? 0
        let tail = FrameRange(base + inner.upperBound * size, window.end).shifted(by: -held.start)
        sample = max(sample, plane.greatestMagnitude(in: tail.start..<tail.end))

        var interpolated = sample
        plane.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            for group in 1..<groupCount - 1 {
                let first = base + group * size
                let valid = FrameRange(start: first, count: size).intersection(points)
                if valid.isEmpty { continue }
                // No point of the group can exceed the bound, so leaving the group out changes no bit. Far
                // below any signal, where Float32 denormals round by more than the bound allows for, nothing
                // is left out but silence.
                let reachable = max(groupPeaks[group - 1], groupPeaks[group], groupPeaks[group + 1])
                let bound = reachable * analyzer.interpolator.boundFactor
                if reachable == 0 || (reachable > 1e-30 && bound <= interpolated) { continue }
                // SAFETY: `held` has two groups before and after the points, more than the filter's reach.
                let peak = analyzer.interpolator.peak(
                    at: start + (first - held.start), valid: valid.start - first..<valid.end - first)
                if peak > interpolated { interpolated = peak }
            }
        }
        let last = lastFrameAboveFloor(in: plane, groupPeaks: groupPeaks)
        return (sample, min(interpolated, .greatestFiniteMagnitude), last)
    }

    private func lastFrameAboveFloor(in plane: [Float], groupPeaks: [Float]) -> Int {
        let size = Self.groupFrameCount
        let offset = window.start - held.start
        var frame = window.count - 1
        while frame >= 0 {
            let group = frame / size
            // The peak of a group that the window ends in may be that of a later frame; then each frame is
            // looked at.
            if groupPeaks[2 + group] > SegmentMeasurement.floorGain {
                while frame >= group * size {
                    if plane[offset + frame].magnitude > SegmentMeasurement.floorGain { return frame }
                    frame -= 1
                }
            } else {
                frame = group * size - 1
            }
        }
        return -1
    }
}
