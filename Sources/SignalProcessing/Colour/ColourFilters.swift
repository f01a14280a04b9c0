/// The treble emphasis before a tape and its exact inverse after it: first-order shelves by the trapezoidal rule.
///
/// Before: (k s + w) / (s + w), w at 8 kHz (below 0.45 of the rate), so the treble is k times as loud from 8 kHz on and
/// the rise begins at 8 kHz / k. After: the inverse, whose pole is the former's zero. In Double; state is two numbers
/// per channel that a difference leaves in less than a millisecond.
struct ColourEmphasis: Sendable {
    private let warped: Double
    private var before = SIMD2<Double>.zero
    private var after = SIMD2<Double>.zero

    init(rateHertz: Int) {
        warped = PinnedMath.tan(Double.pi * (8000 / Double(rateHertz)))
    }

    mutating func emphasize(_ line: inout [Float], left: Int, right: Int, count: Int, gain: Double) {
        let step = warped / (1 + warped)
        var work = line.mutableSpan
        var state = before
        for i in 0..<count {
            let x = SIMD2(Double(work[left + i]), Double(work[right + i]))
            let move = (x - state) * step
            let low = state + move
            state = low + move
            let y = low + (x - low) * gain
            work[left + i] = Float(y.x)
            work[right + i] = Float(y.y)
        }
        before = state
    }

    mutating func restore(_ line: inout [Float], left: Int, right: Int, count: Int, gain: Double) {
        let corner = warped / gain
        var work = line.mutableSpan
        let step = corner / (1 + corner)
        let inverse = 1 / gain
        var state = after
        for i in 0..<count {
            let x = SIMD2(Double(work[left + i]), Double(work[right + i]))
            let move = (x - state) * step
            let low = state + move
            state = low + move
            let y = low + (x - low) * inverse
            work[left + i] = Float(y.x)
            work[right + i] = Float(y.y)
        }
        after = state
    }

    func write(to snapshot: inout SnapshotWriter) {
        for value in [before.x, before.y, after.x, after.y] { snapshot.put(recursive: value) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        before = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
        after = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
    }
}

/// Takes away the direct current that an asymmetric curve makes: the signal less a one-pole low-pass at 2 Hz, in
/// Double. 0.04 dB are lost at 20 Hz.
struct ColourBlocker: Sendable {
    static let cornerHertz = 2.0
    private let step: Double
    private var level = SIMD2<Double>.zero

    init(rateHertz: Int) {
        step = 1 - PinnedMath.exp(-2 * Double.pi * Self.cornerHertz / Double(rateHertz))
    }

    /// Frames until what is left of 1 is 3e-6.
    static func tailFrames(rateHertz: Int) -> Int { Int(12.75 * Double(rateHertz) / (2 * Double.pi * cornerHertz)) }

    mutating func process(_ line: inout [Float], left: Int, right: Int, count: Int) {
        var level = level
        var work = line.mutableSpan
        for i in 0..<count {
            let x = SIMD2(Double(work[left + i]), Double(work[right + i]))
            level = level.addingProduct(x - level, SIMD2(repeating: step))
            let y = x - level
            work[left + i] = Float(y.x)
            work[right + i] = Float(y.y)
        }
        self.level = level
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(recursive: level.x)
        snapshot.put(recursive: level.y)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        level = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
    }
}
