/// Stereo width, with the low end in mono: a gain and a high-pass on the side signal.
///
/// With s = (left - right) / 2 and s' the side wanted, left grows by s' - s and right shrinks by it, so the mono sum
/// stays, to the rounding of Float32. The high-pass is Linkwitz and Riley's of fourth order (J. Audio Eng. Soc. 24(1),
/// 1976): two Butterworth sections in the incremental form of `SectionCoefficients`, in Double; -6 dB at the corner, 24
/// dB per octave below. It turns the side's phase near the corner, not the mid's: the mono sum has priority.
///
/// - Latency 0. Tail: the high-pass's, 0 without it. Snapshot: 32 bytes. Re-convergence: the second boundary.
/// - A width of 100 % without the high-pass passes every bit.
/// - Automation: width moves in a straight line over 8 frames, the corner at once with the states rescaled; on and off
///   is a cross-fade of 8 frames.
package struct StereoWidth: StereoDevice {
    package static let version: UInt32 = 1
    package static let parameterNames = ["width", "mono-below"]
    /// A corner up to here is none.
    package static let offHertz = 10.0

    package var latencyFrames: Int { 0 }
    /// Four poles of damping 0.707 fall by 100 dB within 22 / (0.707 w), the w^3 t^3 of the double pair included.
    package var tailFrames: Int {
        guard cornerHertz > Self.offHertz else { return 0 }
        return Int((22 / (0.707 * 2 * Double.pi * cornerHertz) * rateHertz).rounded(.up))
    }

    private let rateHertz: Double
    private var cornerHertz: Double
    private var filter: SideHighPass
    private var glide = ParameterGlide()
    private var width: GlidingNumber
    /// Part of the side that comes from the filter.
    private var filtered: GlidingNumber

    /// - Parameter values: The width, 0 to 2, and the corner in hertz, 10 (none) to 500.
    package init?(parameters values: [Double], rateHertz: Int) {
        guard Self.isValid(values), rateHertz >= 16_000 else { return nil }
        self.rateHertz = Double(rateHertz)
        cornerHertz = values[1]
        filter = SideHighPass(hertz: values[1], rateHertz: self.rateHertz)
        width = GlidingNumber(values[0])
        filtered = GlidingNumber(values[1] > Self.offHertz ? 1 : 0)
    }

    private static func isValid(_ values: [Double]) -> Bool {
        values.count == 2 && (0...2).contains(values[0]) && (offHertz...500).contains(values[1])
    }

    package mutating func update(parameters values: [Double]) {
        guard Self.isValid(values) else { preconditionFailure("not a width's parameters") }
        width.move(to: values[0], glide)
        filtered.move(to: values[1] > Self.offHertz ? 1 : 0, glide)
        // On its way out the filter stays as it is.
        if values[1] != cornerHertz, values[1] > Self.offHertz {
            filter.retune(hertz: values[1], rateHertz: rateHertz)
        }
        cornerHertz = values[1]
        glide.begin()
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let count = glide.chunk(remaining: left.count - start, limit: Int.max)
            let (width, filtered) = (width.line(glide), filtered.line(glide))
            if filtered.stays(at: 0) {
                if !width.stays(at: 1) { Self.widen(&left, &right, from: start, count: count, width) }
            } else {
                filter.widen(&left, &right, from: start, count: count, width, filtered)
            }
            glide.advance(count: count)
            // A filter that is out has no past.
            if !glide.isMoving, filtered.slope != 0, self.filtered.target == 0 { filter.clear() }
            start += count
        }
    }

    @inline(never)
    private static func widen(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        _ width: ParameterLine
    ) {
        precondition(start >= 0 && start + count <= left.count && start + count <= right.count)
        var begin = start
        if width.slope == 0 {
            let growth = SIMD8(repeating: Float(0.5 * (width.start - 1)))
            while begin &+ 8 <= start + count {
                let (x, y) = (left.lanes(at: begin), right.lanes(at: begin))
                let step = (x - y) * growth
                left.setLanes(x + step, at: begin)
                right.setLanes(y - step, at: begin)
                begin &+= 8
            }
        }
        for i in begin..<start + count {
            let growth = Float(0.5 * (width.value(i - start) - 1))
            let x = unsafe left[unchecked: i]
            let y = unsafe right[unchecked: i]
            let step = (x - y) * growth
            unsafe left[unchecked: i] = x + step
            unsafe right[unchecked: i] = y - step
        }
    }

    package func write(to snapshot: inout SnapshotWriter) { filter.write(to: &snapshot) }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try filter.read(from: &snapshot)
        glide.settle()
    }
}

/// Linkwitz and Riley's high-pass of fourth order on the side signal.
///
/// Each section: t = x - p, the output a t, p' = p + r + 2ga(2g + k) t, r' = r + 4gga t, with g = tan(pi f / rate), k =
/// root 2, a = 1 / (1 + gk + gg); r is 2g times the first integrator, p the second one plus (g + k) times the first.
struct SideHighPass: Sendable {
    private var g: Double
    private var gain: Double
    private var stepP: Double
    private var stepR: Double
    private var p = SIMD2<Double>()
    private var r = SIMD2<Double>()

    init(hertz: Double, rateHertz: Double) {
        g = PinnedMath.tan(Double.pi * hertz / rateHertz)
        let k = 1.4142135623730951
        gain = 1 / (1 + g * k + g * g)
        stepP = 2 * g * gain * (2 * g + k)
        stepR = 4 * g * g * gain
    }

    /// Keeps what the integrators hold.
    mutating func retune(hertz: Double, rateHertz: Double) {
        let (oldP, oldR, oldG) = (p, r, g)
        self = SideHighPass(hertz: hertz, rateHertz: rateHertz)
        r = oldR * (g / oldG)
        p = oldP + oldR * ((g - oldG) / (2 * oldG))
    }

    mutating func clear() { (p, r) = (SIMD2(), SIMD2()) }

    @inline(never)
    mutating func widen(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        _ width: ParameterLine, _ filtered: ParameterLine
    ) {
        precondition(start >= 0 && start + count <= left.count && start + count <= right.count)
        var (p0, r0, p1, r1) = (p[0], r[0], p[1], r[1])
        for i in start..<start + count {
            let x = Double(unsafe left[unchecked: i])
            let y = Double(unsafe right[unchecked: i])
            let side = (x - y) * 0.5
            let t0 = side - p0
            let middle = gain * t0
            p0 = (p0 + r0).addingProduct(stepP, t0)
            r0 = r0.addingProduct(stepR, t0)
            let t1 = middle - p1
            p1 = (p1 + r1).addingProduct(stepP, t1)
            r1 = r1.addingProduct(stepR, t1)
            let wanted = side.addingProduct(filtered.value(i - start), gain * t1 - side)
            let step = wanted * width.value(i - start) - side
            unsafe left[unchecked: i] = Float(x + step)
            unsafe right[unchecked: i] = Float(y - step)
        }
        (p, r) = (SIMD2(p0, p1), SIMD2(r0, r1))
    }

    func write(to snapshot: inout SnapshotWriter) {
        for value in [p[0], r[0], p[1], r[1]] { snapshot.put(recursive: value) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        p[0] = try snapshot.recursiveDouble()
        r[0] = try snapshot.recursiveDouble()
        p[1] = try snapshot.recursiveDouble()
        r[1] = try snapshot.recursiveDouble()
    }
}
