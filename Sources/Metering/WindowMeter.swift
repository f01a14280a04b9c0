package import Quantities

/// The measurement of one window in the making: load the frames needed, in pieces of any size, then finish.
package struct WindowMeter: Sendable {
    /// What must be loaded for every channel.
    package private(set) var framesNeeded: FrameRange

    let analyzer: LoudnessAnalyzer
    private var window: FrameRange
    /// Frames whose interpolated points belong to this window.
    private var points: FrameRange
    private var hops: Range<Int>
    /// The frames of `held` of one channel after the other, `stride` apart; silence outside of `framesNeeded`.
    private var storage: [Float]
    private var held: FrameRange
    private var stride: Int
    private var loadedFrameCounts: [Int]
    /// Up to here, samples that are no numbers were counted, and replaced by silence.
    private var cleanEnd: Int
    /// The frames, one for each sample, of those that were replaced but lie after the window.
    private var nonFiniteFramesAhead: [Int] = []

    private static let groupFrameCount = TruePeakInterpolator.groupFrameCount

    init(_ analyzer: LoudnessAnalyzer, window: FrameRange, songFrameCount: Int) {
        self.analyzer = analyzer
        let layout = Layout(analyzer, window: window, songFrameCount: songFrameCount)
        self.window = window
        (framesNeeded, points, hops, held) = (layout.needed, layout.points, layout.hops, layout.held)
        stride = held.count
        cleanEnd = held.start
        let sampleCount = held.count * analyzer.channelCount
        // Whatever is not loaded is silenced below; `measure` requires the rest to be loaded.
        storage = Array(unsafeUninitializedCapacity: sampleCount) { _, count in count = sampleCount }
        loadedFrameCounts = [Int](repeating: 0, count: analyzer.channelCount)
        silenceSurroundings()
    }

    /// Where the frames of a window lie.
    private struct Layout {
        let needed: FrameRange
        let points: FrameRange
        let hops: Range<Int>
        let held: FrameRange

        init(_ analyzer: LoudnessAnalyzer, window: FrameRange, songFrameCount: Int) {
            needed = analyzer.framesNeeded(for: window, songFrameCount: songFrameCount)
            hops = analyzer.hops(endingIn: window)
            let reach = analyzer.interpolator.reachFrameCount
            points = FrameRange(
                window.start == 0 ? -reach : window.start,
                window.end == songFrameCount ? window.end + reach : window.end)
            // Whole seconds for the filter's lanes, and whole groups with a neighbour on both sides for the
            // peaks, which are looked at in batches.
            let size = WindowMeter.groupFrameCount
            var start = window.start - 3 * size
            var end = points.end + (4 + GroupExtents.batchGroupCount) * size
            if !hops.isEmpty {
                let perSecond = LoudnessAnalyzer.hopsPerSecond
                start = min(start, analyzer.filterStart(second: hops.lowerBound / perSecond))
                end = max(end, ((hops.upperBound - 1) / perSecond + 1) * analyzer.rateHertz)
            }
            held = FrameRange(start, end)
        }
    }

    /// Takes samples of one channel, the first of them at song frame `frame`. Frames that are not needed are
    /// left out; a frame must not be loaded twice.
    package mutating func load(_ samples: Span<Float>, channel: Int, from frame: Int) {
        let wanted = FrameRange(start: frame, count: samples.count).intersection(framesNeeded)
        guard !wanted.isEmpty else { return }
        loadedFrameCounts[channel] += wanted.count
        let offset = channel * stride + wanted.start - held.start
        samples.withUnsafeBufferPointer { source in
            storage.withUnsafeMutableBufferPointer { storage in
                // SAFETY: `wanted` lies inside both; they are different allocations.
                let target = UnsafeMutableBufferPointer(rebasing: storage[offset..<offset + wanted.count])
                let first = wanted.start - frame
                let piece = UnsafeBufferPointer(rebasing: source[first..<first + wanted.count])
                _ = target.update(fromContentsOf: piece)
            }
        }
    }

    /// Lets `body` write the samples of all channels itself, one pointer per channel to the first of `frames`.
    ///
    /// - Precondition: the frames are needed and were not loaded.
    package mutating func load<Failure: Error>(
        _ frames: FrameRange, _ body: ([UnsafeMutablePointer<Float>]) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(
            framesNeeded.start <= frames.start && frames.end <= framesNeeded.end, "frames that are not needed")
        for channel in 0..<analyzer.channelCount { loadedFrameCounts[channel] += frames.count }
        let offsets = (0..<analyzer.channelCount).map { $0 * stride + frames.start - held.start }
        try writeStorage { (base: UnsafeMutablePointer<Float>) throws(Failure) in
            // SAFETY: the frames lie in each plane, and the pointers live during the call only.
            try body(offsets.map { base + $0 })
        }
    }

    /// Measures what was loaded.
    ///
    /// - Precondition: every channel was loaded.
    package consuming func finish() -> SegmentMeasurement { measure(knownPeakBits: nil) }

    /// The same, for a meter that is used again.
    ///
    /// - Parameter knownPeakBits: per channel a true peak of the song's that was found in windows before this
    ///   one. What cannot exceed it is not looked at, so the true peaks of this measurement are right only where
    ///   they exceed it.
    mutating func measure(knownPeakBits: [UInt32]?) -> SegmentMeasurement {
        for count in loadedFrameCounts {
            precondition(count == framesNeeded.count, "a channel was not loaded, or a part of it twice")
        }
        let size = Self.groupFrameCount
        // Groups of 32 frames on a grid through the window's start, two groups before it to one past the
        // points.
        let base = window.start - 2 * size
        let groupCount = (points.end - base + size - 1) / size + 1
        var nonFiniteSampleCount = nonFiniteFramesAhead.count { window.contains($0) }
        nonFiniteFramesAhead.removeAll { window.contains($0) }
        let batch = GroupExtents.batchGroupCount
        var extents = GroupExtents(groupCount: (groupCount + batch - 1) / batch * batch)
        var found = Peaks()
        for channel in 0..<analyzer.channelCount {
            let start = channel * stride
            scan(start, base - held.start, into: &extents)
            nonFiniteSampleCount += clean(start, base: base, extents: &extents)
            let known = knownPeakBits?[channel] ?? 0
            storage.withUnsafeBufferPointer { storage in
                let plane = storage.baseAddress! + (start - held.start)
                findPeaks(
                    of: channel, plane, base: base, groupCount: groupCount, extents: extents, known: known,
                    in: &found)
            }
        }
        cleanEnd = framesNeeded.end
        return SegmentMeasurement(
            rateHertz: analyzer.rateHertz, channelCount: analyzer.channelCount, frameCount: window.count,
            oversampling: analyzer.oversampling, hopEnergies: hopEnergies(), samplePeaks: found.sample,
            truePeaks: found.interpolated, lastFrameAboveFloor: found.lastFrameAboveFloor,
            nonFiniteSampleCount: nonFiniteSampleCount, overThreshold: analyzer.overThreshold,
            truePeakFrames: found.frames, overs: found.overs,
            hopPeaks: analyzer.overThreshold == nil ? [] : hopPeaks())
    }

    /// The greatest sample of any channel in each hop.
    private func hopPeaks() -> [Float] {
        let size = analyzer.hopFrameCount
        return storage.withUnsafeBufferPointer { storage in
            hops.map { hop in
                var greatest: UInt32 = 0
                for channel in 0..<analyzer.channelCount {
                    // SAFETY: `held` has all hops that end in the window from their start on.
                    let start = storage.baseAddress! + (channel * stride + hop * size - held.start)
                    greatest = max(greatest, GroupExtents.greatestMagnitudeBits(start, count: size))
                }
                return Float(bitPattern: greatest)
            }
        }
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
        var sums = [SIMD8<Double>](repeating: .zero, count: warmUp + perSecond)
        storage.withUnsafeBufferPointer { storage in
            // SAFETY: storage is never empty, and the pointers do not leave this closure.
            guard let start = storage.baseAddress else { return }
            for first in Swift.stride(from: 0, to: jobs.count, by: 8) {
                let batch = jobs[first..<min(first + 8, jobs.count)]
                // A batch with lanes to spare repeats its first signal there.
                let lanes = (0..<8).map { lane in
                    let job = lane < batch.count ? batch[first + lane] : batch[first]
                    return start + (job.channel * stride + analyzer.filterStart(second: job.second) - held.start)
                }
                let longest = batch.map { min(hops.upperBound - $0.second * perSecond, perSecond) }.max() ?? 0
                sums.removeSubrange(min(sums.count, warmUp + longest)...)
                while sums.count < warmUp + longest { sums.append(.zero) }
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
}

// MARK: - Samples that are no numbers

extension WindowMeter {
    private func scan(_ start: Int, _ offset: Int, into extents: inout GroupExtents) {
        storage.withUnsafeBufferPointer { storage in
            // SAFETY: `held` has a group before the first one, and a batch of them after the last one.
            extents.scan(storage.baseAddress! + (start + offset))
        }
    }

    /// Replaces NaN and infinity by silence.
    ///
    /// - Parameter start: where the channel starts in `storage`.
    /// - Returns: how many of them lay in the window.
    private mutating func clean(_ start: Int, base: Int, extents: inout GroupExtents) -> Int {
        let scanned = FrameRange(start: base, count: extents.peakBits.count * Self.groupFrameCount)
        var greatest = extents.greatestPeakBits
        storage.withUnsafeBufferPointer { storage in
            // What the filter reads before and after the groups, except for what was looked at already.
            for range in [
                FrameRange(max(cleanEnd, held.start), max(cleanEnd, held.start, scanned.start)),
                FrameRange(min(scanned.end, held.end), held.end),
            ] where !range.isEmpty {
                // SAFETY: the range lies in `held`.
                let bits = GroupExtents.greatestMagnitudeBits(
                    storage.baseAddress! + (start + range.start - held.start), count: range.count)
                greatest = max(greatest, bits)
            }
        }
        guard greatest >= 0x7f80_0000 else { return 0 }
        var count = 0
        for frame in held.start..<held.end where !storage[start + frame - held.start].isFinite {
            storage[start + frame - held.start] = 0
            if window.contains(frame) { count += 1 }
            if frame >= window.end { nonFiniteFramesAhead.append(frame) }
        }
        scan(start, base - held.start, into: &extents)
        return count
    }
}

// MARK: - Peaks

extension WindowMeter {
    private struct Peaks {
        var sample: [Float] = []
        var interpolated: [Float] = []
        var frames: [Int] = []
        var overs: [TruePeakOver] = []
        var lastFrameAboveFloor = -1
    }

    /// - Parameter plane: frame 0 of the song, as it were.
    private func findPeaks(
        of channel: Int, _ plane: UnsafePointer<Float>, base: Int, groupCount: Int, extents: GroupExtents,
        known: UInt32, in found: inout Peaks
    ) {
        let size = Self.groupFrameCount
        var sampleBits: UInt32 = 0
        let inner = 2..<2 + window.count / size
        for bits in extents.peakBits[inner] where bits > sampleBits { sampleBits = bits }
        let tail = FrameRange(base + inner.upperBound * size, window.end)
        // SAFETY: the window lies in `held`.
        sampleBits = max(
            sampleBits, GroupExtents.greatestMagnitudeBits(plane + tail.start, count: tail.count))
        var search = PeakSearch(
            channel: channel, threshold: analyzer.overThreshold, hopFrameCount: analyzer.hopFrameCount,
            frameCount: window.count, samplePeakBits: sampleBits,
            sampleFrame: analyzer.overThreshold == nil
                ? 0 : firstFrame(reaching: sampleBits, plane, extents: extents))
        let thresholdBits = analyzer.overThreshold?.bitPattern ?? .max
        extents.peakBits.withUnsafeBufferPointer { peaks in
            extents.curvatureBits.withUnsafeBufferPointer { curvatures in
                for group in 1..<groupCount - 1 {
                    let first = base + group * size
                    // No point of a group that stays below the level can be a peak or an over, so leaving it out
                    // changes no bit.
                    let level = min(max(search.peakBits, known), thresholdBits, 0x7f80_0000)
                    if analyzer.interpolator.bound.staysBelow(
                        Float(bitPattern: level), peaks, curvatures, group: group, following: plane[first + size])
                    {
                        continue
                    }
                    let valid = FrameRange(start: first, count: size).intersection(points)
                    if valid.isEmpty { continue }
                    // SAFETY: `held` has two groups before and after the points, more than the filter's reach.
                    var found = analyzer.interpolator.peaks(at: plane + first)
                    let frames = valid.start - first..<valid.end - first
                    if valid.count < size { found.keep(frames) }
                    search.take(found, first: first - window.start, valid: frames, samples: plane + first)
                }
            }
        }
        let greatest = Float.greatestFiniteMagnitude
        found.sample.append(Float(bitPattern: sampleBits))
        found.interpolated.append(search.peakBits < 0x7f80_0000 ? Float(bitPattern: search.peakBits) : greatest)
        if analyzer.overThreshold != nil { found.frames.append(window.isEmpty ? -1 : search.peakFrame) }
        if !window.isEmpty { found.overs += search.overs }
        found.lastFrameAboveFloor = max(
            found.lastFrameAboveFloor, lastFrameAboveFloor(plane + window.start, extents: extents))
    }

    /// The first frame of the window, counted from its start, whose sample has this magnitude; 0 for none.
    private func firstFrame(reaching bits: UInt32, _ plane: UnsafePointer<Float>, extents: GroupExtents) -> Int {
        let size = Self.groupFrameCount
        for group in 0..<(window.count + size - 1) / size where extents.peakBits[2 + group] >= bits {
            for frame in group * size..<min(window.count, (group + 1) * size)
            where plane[window.start + frame].bitPattern & 0x7fff_ffff == bits {
                return frame
            }
        }
        return 0
    }

    /// - Parameter samples: the window's first one.
    private func lastFrameAboveFloor(_ samples: UnsafePointer<Float>, extents: GroupExtents) -> Int {
        let size = Self.groupFrameCount
        var frame = window.count - 1
        while frame >= 0 {
            let group = frame / size
            // The peak of a group that the window ends in may be that of a later frame; then each frame is
            // looked at.
            if Float(bitPattern: extents.peakBits[2 + group]) > SegmentMeasurement.floorGain {
                while frame >= group * size {
                    if samples[frame].magnitude > SegmentMeasurement.floorGain { return frame }
                    frame -= 1
                }
            } else {
                frame = group * size - 1
            }
        }
        return -1
    }
}

// MARK: - Memory

extension WindowMeter {
    /// Turns to another window, and keeps what it needs of what is there.
    ///
    /// - Parameter loaded: the frames that were loaded for every channel; nothing before `framesNeeded`.
    /// - Returns: the frames of the new window's that are there already; they begin where it begins.
    mutating func turn(to window: FrameRange, songFrameCount: Int, loaded: FrameRange) -> FrameRange {
        let layout = Layout(analyzer, window: window, songFrameCount: songFrameCount)
        let kept = loaded.intersection(layout.needed)
        precondition(kept.isEmpty || kept.start == layout.needed.start, "windows follow each other")
        let source = kept.start - held.start
        let target = kept.start - layout.held.start
        let channels = analyzer.channelCount
        if layout.held.count > stride {
            var wider = [Float](repeating: 0, count: layout.held.count * channels)
            for channel in 0..<channels where !kept.isEmpty {
                for i in 0..<kept.count {
                    wider[channel * layout.held.count + target + i] = storage[channel * stride + source + i]
                }
            }
            storage = wider
            stride = layout.held.count
        } else if source != target {
            storage.withUnsafeMutableBufferPointer { storage in
                let base = storage.baseAddress!
                // SAFETY: both ranges lie in the channel's plane; `update` allows them to overlap.
                for channel in 0..<channels {
                    (base + (channel * stride + target)).update(
                        from: base + (channel * stride + source), count: kept.count)
                }
            }
        }
        self.window = window
        (framesNeeded, points, hops, held) = (layout.needed, layout.points, layout.hops, layout.held)
        for channel in 0..<channels { loadedFrameCounts[channel] = kept.count }
        silenceSurroundings()
        return kept.isEmpty ? FrameRange(framesNeeded.start, framesNeeded.start) : kept
    }

    /// Forgets all samples: a new song begins.
    mutating func forget() {
        cleanEnd = .min
        nonFiniteFramesAhead.removeAll(keepingCapacity: true)
    }

    private mutating func silenceSurroundings() {
        let (before, after) = (framesNeeded.start - held.start, framesNeeded.end - held.start)
        let (stride, count, channels) = (stride, held.count, analyzer.channelCount)
        storage.withUnsafeMutableBufferPointer { storage in
            for channel in 0..<channels {
                // SAFETY: `framesNeeded` lies in `held`, which is no longer than `stride`.
                let plane = storage.baseAddress! + channel * stride
                plane.update(repeating: 0, count: before)
                (plane + after).update(repeating: 0, count: count - after)
            }
        }
    }

    private mutating func writeStorage<Failure: Error>(
        _ body: (UnsafeMutablePointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try storage.withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
            // SAFETY: storage is never empty.
            if let base = buffer.baseAddress { try body(base) }
        }
    }
}
