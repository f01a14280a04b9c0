/// The filters that take a signal to 2, 4 or 8 times its rate and back around a curve, and the delay of it all.
///
/// Up: half-band filters, one per doubling (every second output is an input). Down: half-band filters but for the
/// last, whose stop band begins at half the session's rate, and the first, which has an even length where the curve's
/// kernel delays by half a sample. The last one also lifts what the kernel of the curve takes from the treble: the
/// response is flat up to `passEdge`. All are Kaiser-windowed sincs of `attenuationDecibels` (J. Kaiser, "Nonrecursive
/// digital filter design using the I0-sinh window function", ISCAS 1974), of linear phase.
struct OversamplingDesign {
    static let attenuationDecibels = 136.0

    /// Doublings: 0 to 3.
    let stageCount: Int
    /// Up from rate 2^i: the taps of the even outputs, newest input first.
    let up: [[Double]]
    /// Down to rate 2^i.
    let down: [[Double]]
    /// By how many samples of the higher rate each of `down` looks back further than it must, 0 or 1.
    let lags: [Int]
    /// Whole frames of the session's rate.
    let latencyFrames: Int

    /// Up to where the response is flat, in cycles per frame: 20 kHz at 48 kHz and in proportion above, 20 kHz at 44.1.
    static func passEdge(rateHertz: Int) -> Double {
        let edge = 20_000 / Double(rateHertz)
        return edge < 0.4536 && edge > 20.0 / 48 ? edge : 20.0 / 48
    }

    /// - Parameters:
    ///   - stageCount: doublings, 0 to 3.
    ///   - order: of the curve's anti-aliasing kernel, 1 to 3; it delays by half as many samples, and the third, which
    ///     asks for the sample after the way, by one more.
    init(stageCount: Int, order: Int, rateHertz: Int) {
        let edge = Self.passEdge(rateHertz: rateHertz)
        var up: [[Double]] = []
        var down: [[Double]] = []
        // In halves of a sample of the highest rate.
        var delay = stageCount == 0 ? 0 : order == 3 ? 5 : order
        for i in 0..<stageCount {
            let rate = Double(2 << i)
            // A half-band filter's edges mirror each other; above the first stage content up to 1/2 has images.
            let pass = i == 0 ? edge : 0.5
            let reach = Self.halfBandReach(transition: (rate / 2 - 2 * pass) / rate)
            up.append(Self.evenTaps(Self.halfBand(reach: reach)))
            delay += 2 * (2 * reach - 1) << (stageCount - 1 - i)
            let isEven = i == stageCount - 1 && order % 2 == 1
            if i == 0 {
                let taps = Self.lowPass(pass: edge, stop: 0.5, rate: 2, isEven: isEven)
                down.append(Self.convolved(taps, Self.lift(order: order, factor: 1 << stageCount, edge: edge)))
            } else if isEven {
                down.append(Self.lowPass(pass: edge, stop: rate / 2 - 0.5, rate: rate, isEven: true))
            } else {
                down.append(Self.halfBand(reach: reach))
            }
        }
        // Each stage lags so that the delay up to it is a whole number of the samples that it gives.
        var lags = [Int](repeating: 0, count: stageCount)
        for i in (0..<stageCount).reversed() {
            let unit = 2 << (stageCount - 1 - i)
            // Of two inputs the newer is the first tap's.
            delay += (down[i].count - 1) * unit / 2 - unit
            lags[i] = delay % (2 * unit) == 0 ? 0 : 1
            delay += lags[i] * unit
        }
        self.stageCount = stageCount
        self.up = up
        self.down = down
        self.lags = lags
        latencyFrames = delay >> (stageCount + 1)
    }

    // MARK: - Filters

    /// Taps of a Kaiser window for a transition of this many cycles per sample.
    private static func length(transition: Double) -> Int {
        Int((attenuationDecibels - 7.95) / (2.285 * 2 * Double.pi * transition)) + 2
    }

    /// K of a half-band filter of 4K - 1 taps.
    private static func halfBandReach(transition: Double) -> Int { (length(transition: transition) + 4) / 4 }

    private static func halfBand(reach: Int) -> [Double] { windowedSinc(count: 4 * reach - 1, cutoff: 0.25) }

    /// Every second tap of a half-band filter, which are all but the middle one, times 2: what an even output weighs.
    private static func evenTaps(_ taps: [Double]) -> [Double] {
        stride(from: 0, to: taps.count, by: 2).map { 2 * taps[$0] }
    }

    private static func lowPass(pass: Double, stop: Double, rate: Double, isEven: Bool) -> [Double] {
        let count = length(transition: (stop - pass) / rate)
        return windowedSinc(count: count % 2 == (isEven ? 0 : 1) ? count : count + 1, cutoff: (pass + stop) / 2 / rate)
    }

    /// Sum 1; cutoff in cycles per sample. A half-band filter's zeros are exact, its middle exactly 1/2.
    private static func windowedSinc(count: Int, cutoff: Double) -> [Double] {
        let beta = 0.1102 * (attenuationDecibels - 8.7)
        let half = Double(count - 1) / 2
        let isHalfBand = cutoff == 0.25
        var taps = (0..<count).map { j -> Double in
            let t = Double(j) - half
            if t == 0 { return 2 * cutoff }
            if isHalfBand, (2 * j - count + 1) % 4 == 0 { return 0 }
            let v = 1 - t * t / (half * half)
            return PinnedMath.sin(2 * Double.pi * cutoff * t) / (Double.pi * t) * bessel(beta * beta * v / 4)
                / bessel(beta * beta / 4)
        }
        let middle = isHalfBand ? count / 2 : -1
        var sum = 0.0
        for j in 0..<count where j != middle { sum += taps[j] }
        for j in 0..<count where j != middle { taps[j] *= (isHalfBand ? 0.5 : 1) / sum }
        return taps
    }

    /// I0(2 sqrt x), by its series of positive terms.
    private static func bessel(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while term > sum * 1e-18 {
            term *= x / (k * k)
            sum += term
            k += 1
        }
        return sum
    }

    /// A filter at twice the session's rate that undoes the response of the curve's kernel to a straight line.
    ///
    /// It is the polynomial in sin^2(w/2) through the inverse response at Chebyshev's points (Newton's form), so
    /// symmetric and short.
    private static func lift(order: Int, factor: Int, edge: Double) -> [Double] {
        let degree = factor == 2 ? 8 : 6
        var nodes: [Double] = []
        var divided: [Double] = []
        for j in 0...degree {
            let f = edge * PinnedMath.cos(Double.pi * (2 * Double(j) + 1) / (4 * Double(degree + 1)))
            let s = PinnedMath.sin(Double.pi * f / 2)
            nodes.append(s * s)
            let x = Double.pi * f / Double(factor)
            divided.append(1 / response(order: order, x))
        }
        for level in 1...degree {
            for j in stride(from: degree, through: level, by: -1) {
                divided[j] = (divided[j] - divided[j - 1]) / (nodes[j] - nodes[j - level])
            }
        }
        var taps = [divided[degree]]
        for j in (0..<degree).reversed() {
            taps = convolved(taps, [-0.25, 0.5 - nodes[j], -0.25])
            taps[taps.count / 2] += divided[j]
        }
        return taps
    }

    /// What the kernels make of a way between samples, at x half of the angle per sample: (1 1)/2 and (1 4 1)/6 of a
    /// straight one; of a parabola (1 11 11 1)/24 and (3 14 3)/240 of the second differences at both ends.
    private static func response(order: Int, _ x: Double) -> Double {
        switch order {
        case 1: PinnedMath.cos(x)
        case 2: (2 + PinnedMath.cos(2 * x)) / 3
        default:
            (11 * PinnedMath.cos(x) + PinnedMath.cos(3 * x)) / 12
                - (PinnedMath.cos(3 * x) - PinnedMath.cos(x)) * (7 + 3 * PinnedMath.cos(2 * x)) / 120
        }
    }

    private static func convolved(_ a: [Double], _ b: [Double]) -> [Double] {
        var product = [Double](repeating: 0, count: a.count + b.count - 1)
        for i in a.indices { for j in b.indices { product[i + j] += a[i] * b[j] } }
        return product
    }
}
