/// The maximum of the last few milliseconds of each channel on four stereo lanes, so that a steady tone has a
/// steady level.
///
/// Time is cut into buckets of 32 frames (64 from 64 kHz on, 128 from 128 kHz on), aligned to the song's absolute
/// frame. The level is the maximum of the bucket under way and of the last whole ones, a number per lane; lanes that
/// hold none get the level itself. It is a finite window over the input, so its state is equal again after the
/// window's length. Magnitudes are compared as the bits of floats, whose order is the same, so that NaN and infinity
/// are the largest; once seen they stay, and no snapshot can be written.
struct PeakHold: Sendable {
    /// The longest hold: eight whole buckets (5.3 ms at 48 kHz) and the one under way.
    static let bucketCount = 8

    let bucketFrames: Int
    /// Magnitudes of the bucket under way.
    var current = SIMD8<UInt32>()
    /// Maximum of the whole buckets that each lane holds.
    private(set) var held = SIMD8<UInt32>()
    /// Lanes that hold nothing.
    private(set) var follows = SIMDMask<SIMD8<Int32>>(repeating: true)
    /// Whether any of them listens to peaks.
    private(set) var hasFollowers = false
    /// For each bucket, all ones in the lanes that hold it and zero in the others.
    private var weights = InlineArray<8, SIMD8<UInt32>>(repeating: SIMD8())
    /// Whole buckets, twice, so that the eight from `newest` on are in order of age: nothing is moved.
    private var buckets = InlineArray<16, SIMD8<UInt32>>(repeating: SIMD8())
    private var newest = 0

    init(rateHertz: Double) { bucketFrames = Self.bucketFrames(rateHertz: rateHertz) }

    /// Sets how many buckets each lane holds; nil where it listens to no peaks.
    mutating func set(_ heldBuckets: [4 of Int?]) {
        hasFollowers = false
        for lane in 0..<8 {
            let count = heldBuckets[lane % 4]
            follows[lane] = (count ?? 0) == 0
            if count == 0 { hasFollowers = true }
            for i in 0..<Self.bucketCount { weights[i][lane] = i < count ?? 0 ? .max : 0 }
        }
        refresh()
    }

    static func bucketFrames(rateHertz: Double) -> Int {
        // A multiple of the control grid and a part of the kernel's chunk or a multiple of it.
        rateHertz < 64_000 ? 32 : rateHertz < 128_000 ? 64 : 128
    }

    /// Buckets to hold for a release: about a tenth of it, at most 5.3 ms (5.8 at 44.1 kHz).
    static func heldBuckets(releaseSeconds: Double, rateHertz: Double) -> Int {
        let bucketSeconds = Double(bucketFrames(rateHertz: rateHertz)) / rateHertz
        return Int(min(Double(bucketCount), (releaseSeconds / (10 * bucketSeconds)).rounded(.down)))
    }

    /// The hold's length in the mean over where in a bucket a signal ends.
    static func meanSeconds(heldBuckets: Int, rateHertz: Double) -> Double {
        heldBuckets == 0
            ? 0 : (Double(heldBuckets) + 0.5) * Double(bucketFrames(rateHertz: rateHertz)) / rateHertz
    }

    /// Frames from `frame` to the end of its bucket.
    func remainingFrames(at frame: Int) -> Int {
        let position = frame % bucketFrames
        return bucketFrames - (position < 0 ? position + bucketFrames : position)
    }

    /// Ends a bucket; to be called whenever the next frame is a multiple of `bucketFrames`.
    mutating func endBucket() {
        newest = newest == 0 ? Self.bucketCount - 1 : newest - 1
        var buckets = buckets.mutableSpan
        buckets[newest] = current
        buckets[newest + Self.bucketCount] = current
        // Infinity and NaN reach the sign bit.
        let sum = unsafeBitCast(current &+ SIMD8(repeating: 0x0080_0000), to: SIMD8<Int32>.self)
        let isPoisoned = unsafeBitCast(sum &>> SIMD8(repeating: 31), to: SIMD8<UInt32>.self)
        current = isPoisoned & SIMD8(repeating: Float.nan.bitPattern)
        refresh()
    }

    func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<8 { snapshot.put(signal: Float(bitPattern: current[lane])) }
        for i in 0..<Self.bucketCount {
            for lane in 0..<8 { snapshot.put(signal: Float(bitPattern: buckets[newest + i][lane])) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<8 { current[lane] = try snapshot.signal().bitPattern }
        for i in 0..<Self.bucketCount {
            for lane in 0..<8 { buckets[i][lane] = try snapshot.signal().bitPattern }
            buckets[i + Self.bucketCount] = buckets[i]
        }
        newest = 0
        refresh()
    }

    private mutating func refresh() {
        let (buckets, weights) = (buckets.span, weights.span)
        var highest = SIMD8<UInt32>()
        for i in 0..<Self.bucketCount {
            let value = buckets[newest + i] & weights[i]
            highest = highest.replacing(with: value, where: value .> highest)
        }
        held = highest
    }
}
