/// The maximum of the last few milliseconds on four lanes, so that a steady tone has a steady level.
///
/// Time is cut into buckets of half a millisecond, aligned to the song's absolute frame. The level is the
/// maximum of the bucket under way and of the last whole ones, a number per lane; lanes that hold none get
/// the level itself. It is a finite window over the input, so its state is equal again after the window's
/// length.
struct PeakHold: Sendable {
    /// The longest hold: ten whole buckets (5 ms) and the one under way.
    static let bucketCount = 10

    let bucketFrames: Int
    var window: Window
    /// For each bucket, 1 in the lanes that hold it and 0 in the others.
    private var weights = InlineArray<10, SIMD4<Float>>(repeating: SIMD4())
    /// Whole buckets, newest first.
    private var buckets = InlineArray<10, SIMD4<Float>>(repeating: SIMD4())

    init(heldBuckets: [Int], rateHertz: Double) {
        var follows = SIMDMask<SIMD4<Int32>>(repeating: false)
        for lane in 0..<4 {
            follows[lane] = heldBuckets[lane] == 0
            for i in 0..<heldBuckets[lane] { weights[i][lane] = 1 }
        }
        window = Window(follows: follows)
        bucketFrames = Self.bucketFrames(rateHertz: rateHertz)
    }

    static func bucketFrames(rateHertz: Double) -> Int { max(1, Int((rateHertz * 0.0005).rounded())) }

    /// Buckets to hold for a release: about a tenth of it, at most 5 ms.
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
        for i in (1..<Self.bucketCount).reversed() { buckets[i] = buckets[i - 1] }
        buckets[0] = window.current
        window.current = SIMD4()
        refresh()
    }

    func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<4 { snapshot.put(signal: window.current[lane]) }
        for i in 0..<Self.bucketCount { for lane in 0..<4 { snapshot.put(signal: buckets[i][lane]) } }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<4 { window.current[lane] = try snapshot.signal() }
        for i in 0..<Self.bucketCount { for lane in 0..<4 { buckets[i][lane] = try snapshot.signal() } }
        refresh()
    }

    private mutating func refresh() {
        var highest = SIMD4<Float>()
        for i in 0..<Self.bucketCount {
            let value = buckets[i] * weights[i]
            highest = highest.replacing(with: value, where: value .> highest)
        }
        window.held = highest
    }

    /// What changes within a bucket.
    struct Window: Sendable {
        var current = SIMD4<Float>()
        /// Maximum of the whole buckets that each lane holds.
        var held = SIMD4<Float>()
        /// Lanes that hold nothing.
        let follows: SIMDMask<SIMD4<Int32>>

        init(follows: SIMDMask<SIMD4<Int32>>) { self.follows = follows }

        @inline(always)
        mutating func level(_ x: SIMD4<Float>) -> SIMD4<Float> {
            current = current.replacing(with: x, where: x .> current)
            let highest = held.replacing(with: current, where: current .> held)
            return highest.replacing(with: x, where: follows)
        }
    }
}
