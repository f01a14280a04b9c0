/// The levels of four stereo lanes: held peaks, or mean squares, of each channel and of both.
struct CompressorLevels: Sendable {
    private var hold: PeakHold
    private var left = SIMD4<Double>()
    private var right = SIMD4<Double>()
    /// The window's first filter.
    private var firstLeft = SIMD4<Double>()
    private var firstRight = SIMD4<Double>()
    private var windowPole = SIMD4<Double>()
    private var windowInput = SIMD4<Double>()
    private var heldBuckets: [4 of Int?] = [4 of Int?](repeating: nil)
    /// Clears the sign in the lanes whose peaks are heard, and all else in the others.
    private var peakBits = SIMD8<UInt32>()
    /// All ones in the lanes whose power is heard.
    private var powerBits = SIMD8<UInt32>()
    private var hasPeaks = false
    private var hasPowers = false

    init(rateHertz: Double) { hold = PeakHold(rateHertz: rateHertz) }

    /// Sets a lane; nil passes and is not heard.
    mutating func set(_ index: Int, _ lane: CompressorLane?) {
        let isPeak = lane.map { !$0.detectsMeanSquare } ?? false
        let isPower = lane?.detectsMeanSquare ?? false
        for i in stride(from: index, to: 8, by: 4) {
            peakBits[i] = isPeak ? 0x7fff_ffff : 0
            powerBits[i] = isPower ? .max : 0
        }
        windowPole[index] = lane?.windowPole ?? 0
        windowInput[index] = 1 - windowPole[index]
        hasPowers = powerBits != SIMD8()
        hasPeaks = peakBits != SIMD8()
        let held = isPeak ? lane?.heldBuckets : nil
        guard heldBuckets[index] != held else { return }
        heldBuckets[index] = held
        hold.set(heldBuckets)
    }

    /// Writes the levels of each channel in each frame, and those of both channels, two frames in an element.
    mutating func follow(
        _ heard: Span<LaneFrame>, _ start: Int, _ count: Int, at frame: Int, _ each: inout MutableSpan<SIMD8<Float>>,
        _ both: inout MutableSpan<SIMD8<Float>>
    ) {
        precondition(
            start >= 0 && start + count <= heard.count && 2 * both.count > count && each.count >= (count + 1) / 2 * 2,
            "room for levels")
        guard hasPeaks else { return followPower(heard, start, count, &each, &both, isAlone: true) }
        var i = 0
        while i < count {
            let remaining = hold.remainingFrames(at: frame + i)
            let end = min(count, i + remaining)
            if hold.hasFollowers {
                followAny(heard, start, i, end, &each)
            } else {
                followHeld(heard, start, i, end, &each)
            }
            if end - i == remaining { hold.endBucket() }
            i = end
        }
        fold(each.span, count, &both)
        if hasPowers { followPower(heard, start, count, &each, &both, isAlone: false) }
    }

    // MARK: - Peaks

    /// Within a bucket, where all lanes hold peaks.
    ///
    /// Halves of vectors are taken in a loop of their own (`fold`): where one loop uses a vector whole and in halves,
    /// the compiler computes in halves.
    private mutating func followHeld(
        _ heard: Span<LaneFrame>, _ start: Int, _ first: Int, _ end: Int, _ each: inout MutableSpan<SIMD8<Float>>
    ) {
        var current = hold.current
        let (bits, held) = (peakBits, hold.held)
        for j in first..<end {
            let x = unsafeBitCast(heard[unchecked: start &+ j], to: SIMD8<UInt32>.self) & bits
            current = Self.larger(current, x)
            each[unchecked: j] = unsafeBitCast(Self.larger(current, held), to: SIMD8<Float>.self)
        }
        hold.current = current
    }

    private mutating func followAny(
        _ heard: Span<LaneFrame>, _ start: Int, _ first: Int, _ end: Int, _ each: inout MutableSpan<SIMD8<Float>>
    ) {
        var current = hold.current
        let (bits, held, follows) = (peakBits, hold.held, hold.follows)
        for j in first..<end {
            let x = unsafeBitCast(heard[unchecked: start &+ j], to: SIMD8<UInt32>.self) & bits
            current = Self.larger(current, x)
            let level = Self.larger(current, held).replacing(with: x, where: follows)
            each[unchecked: j] = unsafeBitCast(level, to: SIMD8<Float>.self)
        }
        hold.current = current
    }

    /// The larger channel's level.
    private func fold(_ each: Span<SIMD8<Float>>, _ count: Int, _ both: inout MutableSpan<SIMD8<Float>>) {
        for i in 0..<(count + 1) / 2 {
            let (x, y) = (each[unchecked: 2 &* i], each[unchecked: 2 &* i &+ 1])
            let left = SIMD8(lowHalf: x.lowHalf, highHalf: y.lowHalf)
            let right = SIMD8(lowHalf: x.highHalf, highHalf: y.highHalf)
            both[unchecked: i] = left.replacing(with: right, where: right .> left)
        }
    }

    @inline(always)
    private static func larger(_ x: SIMD8<UInt32>, _ y: SIMD8<UInt32>) -> SIMD8<UInt32> {
        x.replacing(with: y, where: y .> x)
    }

    // MARK: - Powers

    /// The mean squares; `isAlone` where no lane has peaks, else they join them.
    private mutating func followPower(
        _ heard: Span<LaneFrame>, _ start: Int, _ count: Int, _ each: inout MutableSpan<SIMD8<Float>>,
        _ both: inout MutableSpan<SIMD8<Float>>, isAlone: Bool
    ) {
        var (left, right) = (left, right)
        var (firstLeft, firstRight) = (firstLeft, firstRight)
        let half = SIMD4<Double>(repeating: 0.5)
        for i in 0..<count {
            stepPower(heard[start + i], &firstLeft, &firstRight)
            left = (windowInput * firstLeft).addingProduct(windowPole, left)
            right = (windowInput * firstRight).addingProduct(windowPole, right)
            let level = SIMD8(lowHalf: SIMD4<Float>(left), highHalf: SIMD4<Float>(right))
            each[i] = isAlone ? level : Self.joined(each[i], level)
            let mean = SIMD4<Float>(half * (left + right))
            let pair = both[i >> 1]
            if i & 1 == 0 {
                both[i >> 1].lowHalf = isAlone ? mean : Self.joined(pair.lowHalf, mean)
            } else {
                both[i >> 1].highHalf = isAlone ? mean : Self.joined(pair.highHalf, mean)
            }
        }
        (self.left, self.right) = (left, right)
        (self.firstLeft, self.firstRight) = (firstLeft, firstRight)
    }

    /// Peaks and powers are +0 in the other's lanes.
    @inline(always)
    private static func joined(_ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
        unsafeBitCast(
            unsafeBitCast(x, to: SIMD8<UInt32>.self) | unsafeBitCast(y, to: SIMD8<UInt32>.self), to: SIMD8<Float>.self)
    }

    @inline(always)
    private static func joined(_ x: SIMD4<Float>, _ y: SIMD4<Float>) -> SIMD4<Float> {
        unsafeBitCast(
            unsafeBitCast(x, to: SIMD4<UInt32>.self) | unsafeBitCast(y, to: SIMD4<UInt32>.self), to: SIMD4<Float>.self)
    }

    /// The mean square of each channel through a one-pole filter.
    @inline(always)
    private func stepPower(_ frame: LaneFrame, _ left: inout SIMD4<Double>, _ right: inout SIMD4<Double>) {
        let word = unsafeBitCast(frame, to: SIMD8<UInt32>.self) & powerBits
        let x = unsafeBitCast(word, to: LaneFrame.self)
        let (l, r) = (SIMD4<Double>(x.lowHalf), SIMD4<Double>(x.highHalf))
        left = (windowInput * (l * l)).addingProduct(windowPole, left)
        right = (windowInput * (r * r)).addingProduct(windowPole, right)
    }

    // MARK: - Snapshot

    func write(to snapshot: inout SnapshotWriter) {
        hold.write(to: &snapshot)
        for lane in 0..<4 { snapshot.put(recursive: left[lane]) }
        for lane in 0..<4 { snapshot.put(recursive: right[lane]) }
        for lane in 0..<4 { snapshot.put(recursive: firstLeft[lane]) }
        for lane in 0..<4 { snapshot.put(recursive: firstRight[lane]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        try hold.read(from: &snapshot)
        for lane in 0..<4 { left[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { right[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { firstLeft[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { firstRight[lane] = try snapshot.recursiveDouble() }
    }
}
