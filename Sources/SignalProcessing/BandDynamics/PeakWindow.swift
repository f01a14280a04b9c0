/// The maximum of the last few milliseconds on up to four levels, so that a steady tone has a steady level.
///
/// Time is cut into buckets of half a millisecond, aligned to the song's absolute frame. The level is the maximum of
/// the bucket under way and of the last whole ones, a number of them per lane. It is a finite window over the input, so
/// its state is equal again after the window's length.
struct PeakWindow: Sendable {
    /// The longest window: twenty whole buckets (10 ms) and the one under way.
    static let bucketCount = 20

    let bucketFrames: Int
    private let laneCount: Int
    var window = Window()
    /// For each age, 1 in the lanes that hold a bucket of that age and 0 in the others.
    private var weights = InlineArray<20, SIMD4<Float>>(repeating: SIMD4())
    private var longest = 0
    /// Whole buckets in a ring; the newest one is at `newest`.
    private var buckets = InlineArray<32, SIMD4<Float>>(repeating: SIMD4())
    private var newest = 0

    init(laneCount: Int, rateHertz: Double) {
        self.laneCount = laneCount
        bucketFrames = max(1, Int((rateHertz * 0.0005).rounded()))
    }

    /// What changes within a bucket.
    struct Window: Sendable {
        var current = SIMD4<Float>()
        /// Maximum of the whole buckets that each lane holds.
        var held = SIMD4<Float>()

        @inline(always)
        mutating func level(_ x: SIMD4<Float>) -> SIMD4<Float> {
            current = current.replacing(with: x, where: x .> current)
            return held.replacing(with: current, where: current .> held)
        }
    }

    /// Buckets to hold for a release: about a tenth of it, at most `most`.
    func heldBuckets(releaseSeconds: Double, rateHertz: Double, most: Int) -> Int {
        let bucketSeconds = Double(bucketFrames) / rateHertz
        return Int(min(Double(most), (releaseSeconds / (10 * bucketSeconds)).rounded(.down)))
    }

    /// The window's delay, in the mean over where in a bucket a signal ends.
    func meanSeconds(heldBuckets: Int, rateHertz: Double) -> Double {
        (Double(heldBuckets) + 0.5) * Double(bucketFrames) / rateHertz
    }

    /// Holds another number of buckets from now on.
    mutating func hold(_ heldBuckets: Int, lane: Int) {
        for age in 0..<Self.bucketCount { weights[age][lane] = age < heldBuckets ? 1 : 0 }
        longest = 0
        for age in 0..<Self.bucketCount where weights[age] != SIMD4() { longest = age + 1 }
        refresh()
    }

    /// Frames from `frame` to the end of its bucket.
    func remainingFrames(at frame: Int) -> Int {
        let position = frame % bucketFrames
        return bucketFrames - (position < 0 ? position + bucketFrames : position)
    }

    /// Ends a bucket; to be called whenever the next frame is a multiple of `bucketFrames`.
    mutating func endBucket() {
        newest = (newest + 1) & 31
        buckets[newest] = window.current
        window.current = SIMD4()
        refresh()
    }

    /// Replaces peaks by levels, for detectors of one level.
    mutating func follow(_ peaks: inout MutableSpan<Float>, count: Int, at frame: Int) {
        var i = 0
        while i < count {
            let remaining = remainingFrames(at: frame + i)
            let end = min(count, i + remaining)
            let held = window.held[0]
            var current = window.current[0]
            for j in i..<end {
                let x = peaks[j]
                current = x > current ? x : current
                peaks[j] = current > held ? current : held
            }
            window.current[0] = current
            if end - i == remaining { endBucket() }
            i = end
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<laneCount { snapshot.put(signal: window.current[lane]) }
        for age in 0..<Self.bucketCount {
            for lane in 0..<laneCount { snapshot.put(signal: buckets[(newest - age) & 31][lane]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<laneCount { window.current[lane] = try snapshot.signal() }
        for age in 0..<Self.bucketCount {
            for lane in 0..<laneCount { buckets[(newest - age) & 31][lane] = try snapshot.signal() }
        }
        refresh()
    }

    private mutating func refresh() {
        var highest = SIMD4<Float>()
        for age in 0..<longest {
            let value = buckets[(newest &- age) & 31] * weights[age]
            highest = highest.replacing(with: value, where: value .> highest)
        }
        window.held = highest
    }
}
