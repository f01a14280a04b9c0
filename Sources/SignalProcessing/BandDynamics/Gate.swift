/// A noise gate and downward expander for a stereo signal.
///
/// Feed-forward in the logarithmic domain (Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design",
/// J. Audio Eng. Soc. 60(6), 2012). It opens with the first sample at or above the threshold, in either channel. It
/// closes once every sample of the hold time stayed below threshold - hysteresis. The hold counts in whole frames from
/// the last sample that did not; it is at least 5.5 ms, half a period of 91 Hz, so that a tone's zero crossings neither
/// close it nor let it chatter. Closed, it takes off (ratio - 1) dB for each dB below the threshold, at most the range.
/// Attack and release are the times in which the gain covers 63 % of a change in decibels. Both channels get the same
/// gain.
///
/// Look-ahead delays the signal, not the detector: the gate opens that much before the sound, and the hold is
/// longer by the same time.
///
/// Latency: the look-ahead, rounded to frames. Tail 0 frames. Snapshot: 136 bytes, and 8 per frame of latency.
/// Re-convergence: the envelope is equal by the second segment boundary for releases up to 0.5 s. Whether it is open
/// depends on the past while the level stays between its two thresholds: a hysteresis. A range of 0 dB passes
/// every bit.
package struct Gate: StereoDevice {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1
    package static let parameterNames = GateParameters.names

    package let latencyFrames: Int
    package let tailFrames = 0
    private let rateHertz: Double
    private var detector: GateDetector
    private var listening: KeyFilter
    private var window: PeakWindow
    private var envelope = ReductionEnvelope()
    /// In units of one doubling.
    private var threshold: Float = 0
    private var slope: Float = 0
    private var range: Float = 0
    private var delayLeft: [Float]
    private var delayRight: [Float]
    private var delayPosition = 0

    package init?(parameters: [Double], rateHertz: Int) {
        guard let settings = GateParameters(values: parameters) else { return nil }
        self.init(settings, rateHertz: Double(rateHertz))
    }

    /// - Parameter rateHertz: Sample rate of the signal.
    package init(_ settings: GateParameters, rateHertz: Double) {
        self.rateHertz = rateHertz
        latencyFrames = Int((settings.lookAheadSeconds * rateHertz).rounded())
        delayLeft = [Float](repeating: 0, count: latencyFrames)
        delayRight = [Float](repeating: 0, count: latencyFrames)
        window = PeakWindow(laneCount: 1, rateHertz: rateHertz)
        window.hold(GateDetector.windowBuckets, lane: 0)
        detector = GateDetector(window: window, lookAheadFrames: latencyFrames)
        listening = KeyFilter(
            lowCutHertz: settings.keyLowCutHertz, highCutHertz: settings.keyHighCutHertz, rateHertz: rateHertz)
        set(settings)
        // Before the song there was silence.
        envelope.reduction = slope > 0 ? Double(range) : 0
    }

    package mutating func update(parameters: [Double]) {
        guard let settings = GateParameters(values: parameters) else { return }
        listening.retune(lowCutHertz: settings.keyLowCutHertz, highCutHertz: settings.keyHighCutHertz)
        set(settings)
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        var work = GateChunk()
        var start = 0
        while start < left.count {
            let count = min(DynamicsChunk.frameCount, left.count - start)
            var levels = work.levels.mutableSpan
            listening.listen(left.span, right.span, start, count, &levels)
            finish(&levels, &left, &right, start, count, frame)
            start += count
        }
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, keyLeft: Span<Float>, keyRight: Span<Float>,
        at frame: Int
    ) {
        precondition(keyLeft.count == left.count && keyRight.count == left.count, "a key as long as the block")
        var work = GateChunk()
        var start = 0
        while start < left.count {
            let count = min(DynamicsChunk.frameCount, left.count - start)
            var levels = work.levels.mutableSpan
            listening.listen(keyLeft, keyRight, start, count, &levels)
            finish(&levels, &left, &right, start, count, frame)
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(recursive: envelope.reduction)
        detector.write(to: &snapshot)
        listening.write(to: &snapshot)
        window.write(to: &snapshot)
        for i in 0..<latencyFrames { snapshot.put(signal: delayLeft[(delayPosition + i) % latencyFrames]) }
        for i in 0..<latencyFrames { snapshot.put(signal: delayRight[(delayPosition + i) % latencyFrames]) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        envelope.reduction = try snapshot.recursiveDouble()
        try detector.read(from: &snapshot)
        try listening.read(from: &snapshot)
        try window.read(from: &snapshot)
        delayPosition = 0
        for i in 0..<latencyFrames { delayLeft[i] = try snapshot.signal() }
        for i in 0..<latencyFrames { delayRight[i] = try snapshot.signal() }
    }

    private mutating func set(_ settings: GateParameters) {
        threshold = DynamicsChunk.units(settings.thresholdDecibels)
        slope = Float(min(settings.ratio - 1, 1e6))
        range = DynamicsChunk.units(settings.rangeDecibels)
        envelope.growPole = DynamicsChunk.pole(seconds: settings.releaseSeconds, rateHertz: rateHertz)
        envelope.shrinkPole = DynamicsChunk.pole(seconds: settings.attackSeconds, rateHertz: rateHertz)
        detector.set(
            openLevel: PinnedMath.gain(decibels: settings.thresholdDecibels),
            closeLevel: PinnedMath.gain(decibels: settings.thresholdDecibels - settings.hysteresisDecibels),
            holdFrames: Int((settings.holdSeconds * rateHertz).rounded()))
    }

    /// From peaks to gains, and these to the delayed signal.
    @inline(never)
    private mutating func finish(
        _ levels: inout MutableSpan<Float>, _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>,
        _ start: Int, _ count: Int, _ frame: Int
    ) {
        detector.follow(&levels, &window, count, frame + start)
        reduce(&levels, count)
        envelope.smooth(&levels, count: count)
        for i in stride(from: 0, to: count, by: 8) {
            levels.setLanes(PinnedMath.exp2(SIMD8() - levels.lanes(at: i)), at: i)
        }
        if latencyFrames > 0 {
            let first = delayPosition
            delayPosition = Self.delay(&left, start, count, &delayLeft, first)
            _ = Self.delay(&right, start, count, &delayRight, first)
        }
        DynamicsChunk.apply(levels.span, to: &left, start, count)
        DynamicsChunk.apply(levels.span, to: &right, start, count)
    }

    /// Levels to target reductions.
    private func reduce(_ levels: inout MutableSpan<Float>, _ count: Int) {
        let zero = SIMD8<Float>()
        let (top, most) = (SIMD8(repeating: threshold), SIMD8(repeating: range))
        for i in stride(from: 0, to: count, by: 8) {
            var below = top - PinnedMath.log2(levels.lanes(at: i))
            below = below.replacing(with: zero, where: below .< zero) * slope
            levels.setLanes(below.replacing(with: most, where: below .> most), at: i)
        }
    }

    /// - Returns: The delay's position after the chunk.
    private static func delay(
        _ samples: inout MutableSpan<Float>, _ start: Int, _ count: Int, _ line: inout [Float], _ first: Int
    ) -> Int {
        var line = line.mutableSpan
        var position = first
        for i in start..<start + count {
            let waiting = line[position]
            line[position] = samples[i]
            samples[i] = waiting
            position += 1
            if position == line.count { position = 0 }
        }
        return position
    }
}

/// The levels of a chunk, later its gains.
private struct GateChunk {
    var levels = InlineArray<128, Float>(repeating: 0)
}

/// Whether a gate is open, frame by frame.
struct GateDetector: Sendable {
    /// Ten whole buckets of half a millisecond and the one under way.
    static let windowBuckets = 10
    /// What an open gate tells as its level: no threshold is above it.
    private static let open: Float = 1e30

    private var isOpen = false
    /// Frames since the last one at or above the closing level, at most `closingFrames`.
    private var quietFrames: Int
    private var openLevel: Float = 0
    private var closeLevel: Float = 0
    private var closingFrames: Int
    private let shortestFrames: Int
    private let lookAheadFrames: Int

    init(window: PeakWindow, lookAheadFrames: Int) {
        shortestFrames = (Self.windowBuckets + 1) * window.bucketFrames
        self.lookAheadFrames = lookAheadFrames
        closingFrames = shortestFrames + lookAheadFrames
        quietFrames = closingFrames
    }

    mutating func set(openLevel: Double, closeLevel: Double, holdFrames: Int) {
        self.openLevel = Float(openLevel)
        self.closeLevel = Float(closeLevel)
        closingFrames = max(holdFrames, shortestFrames) + lookAheadFrames
        // A closed gate has no past.
        if !isOpen { quietFrames = closingFrames }
    }

    /// Replaces peaks by what the curve is to see: the held level where closed, an endless one where open.
    mutating func follow(_ peaks: inout MutableSpan<Float>, _ window: inout PeakWindow, _ count: Int, _ frame: Int) {
        var i = 0
        while i < count {
            let remaining = window.remainingFrames(at: frame + i)
            let end = min(count, i + remaining)
            window.window.current[0] = follow(&peaks, window.window, i, end)
            if end - i == remaining { window.endBucket() }
            i = end
        }
    }

    @inline(always)
    private mutating func follow(
        _ peaks: inout MutableSpan<Float>, _ window: PeakWindow.Window, _ start: Int, _ end: Int
    ) -> Float {
        let held = window.held[0]
        var current = window.current[0]
        // Masks of bits in place of truth, as a wave goes through its levels too often for a branch to be guessed. The
        // bits of positive numbers are in their order.
        let (openBits, closeBits) = (Int32(bitPattern: openLevel.bitPattern), Int32(bitPattern: closeLevel.bitPattern))
        let endless = Int32(bitPattern: Self.open.bitPattern)
        let closing = closingFrames
        var (open, quiet) = (isOpen ? -1 : 0, quietFrames)
        for i in start..<end {
            let x = peaks[i]
            current = x > current ? x : current
            let level = current > held ? current : held
            let bits = Int32(bitPattern: x.bitPattern)
            quiet = (quiet &+ 1) & Int((bits &- closeBits) &>> 31)
            quiet = quiet < closing ? quiet : closing
            open = Int(~((bits &- openBits) &>> 31)) | (open & ((quiet &- closing) &>> 63))
            let mask = Int32(truncatingIfNeeded: open)
            let word = (Int32(bitPattern: level.bitPattern) & ~mask) | (endless & mask)
            peaks[i] = Float(bitPattern: UInt32(bitPattern: word))
        }
        (isOpen, quietFrames) = (open != 0, quiet)
        return current
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(integer: isOpen ? 1 : 0)
        // Of a closed gate only that it is closed can be heard.
        snapshot.put(integer: isOpen ? quietFrames : closingFrames)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        let (open, quiet) = (try snapshot.integer(), try snapshot.integer())
        guard (0...1).contains(open), (0...closingFrames).contains(quiet) else { throw SnapshotError.malformed }
        isOpen = open == 1
        quietFrames = quiet
    }
}
