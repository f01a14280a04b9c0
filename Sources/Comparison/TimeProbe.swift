import Quantities
import SignalProcessing
import SoundFiles

/// Where one short stretch of A is found in B, whatever became of its channels.
///
/// Neighbouring channels are taken two at a time, each of A's with each of B's, and of two channels their mean as well.
/// The score of a place is the share of power that is explained, by the best of these for every channel, of either
/// file.
final class TimeProbe {
    struct Hit {
        var lag: Int
        /// Where between frames the greatest score lies, besides.
        var fraction: Double
        /// 0 to 1.
        var score: Double
    }

    static let seconds = 0.5
    /// The most channels that are looked at.
    private static let channelLimit = 8

    let reach: Int
    let frameCount: Int
    private let size: Int
    private let transform: FourierTransform
    private let sourceA: ChannelSource
    private let sourceB: ChannelSource
    private let x: DoublePlanes
    private let y: DoublePlanes

    init(a: String, b: String, rate: Int) throws {
        reach = Int(Alignment.reachSeconds * Double(rate))
        frameCount = Int(Self.seconds * Double(rate))
        var size = 256
        while size < frameCount + 2 * reach { size *= 2 }
        self.size = size
        transform = FourierTransform(size: size)
        let window = frameCount + 2 * reach
        func source(_ path: String) throws -> ChannelSource {
            let count = try SoundFileReader.probe(path: path).channelCount
            return try ChannelSource(path: path, channels: Array(0..<min(Self.channelLimit, count)))
        }
        (sourceA, sourceB) = (try source(a), try source(b))
        x = DoublePlanes(channelCount: sourceA.channels.count, frameCount: frameCount)
        y = DoublePlanes(channelCount: sourceB.channels.count, frameCount: window)
    }

    /// Scores by lag, from `centre - reach` to `centre + reach`; nil where A or B is silent.
    func scores(frame: Int, centre: Int) throws -> [Double]? {
        let window = FrameRange(start: frame + centre - reach, count: frameCount + 2 * reach)
        let held = FrameRange(start: frame, count: frameCount)
        try sourceA.read(held, into: x.planes)
        try sourceB.read(window, into: y.planes)
        let channelCount = max(x.planes.count, y.planes.count)
        var fold = ScoreFold(lagCount: 2 * reach + 1, frameCount: frameCount, hasMeans: channelCount <= 2)
        for pair in stride(from: 0, to: channelCount, by: 2) {
            let left = x.planes[min(pair, x.planes.count)..<min(pair + 2, x.planes.count)]
            let right = y.planes[min(pair, y.planes.count)..<min(pair + 2, y.planes.count)]
            add(Array(left), Array(right), window.count, to: &fold)
        }
        return fold.scores
    }

    /// The best place, and of equals the nearest to the centre.
    func hit(_ scores: [Double], centre: Int) -> Hit {
        let greatest = scores.reduce(0, max)
        var best = reach
        var distance = Int.max
        for (i, score) in scores.enumerated() where score >= greatest - 1e-7 && abs(i - reach) < distance {
            (best, distance) = (i, abs(i - reach))
        }
        var fraction = 0.0
        if best > 0, best + 1 < scores.count {
            let (before, at, after) = (scores[best - 1], scores[best], scores[best + 1])
            let bend = before - 2 * at + after
            if bend < 0 { fraction = max(-0.5, min(0.5, 0.5 * (before - after) / bend)) }
        }
        return Hit(lag: centre + best - reach, fraction: fraction, score: scores[best])
    }

    private func add(
        _ a: [UnsafeMutablePointer<Double>], _ b: [UnsafeMutablePointer<Double>], _ windowCount: Int,
        to fold: inout ScoreFold
    ) {
        var (zA, zB) = (ComplexLine(size), ComplexLine(size))
        for (part, plane) in a.enumerated() { for i in 0..<frameCount { zA[part, i] = plane[i] } }
        for (part, plane) in b.enumerated() { for i in 0..<windowCount { zB[part, i] = plane[i] } }
        zA.transform(transform)
        zB.transform(transform)
        var (straight, crossed) = (ComplexLine(size), ComplexLine(size))
        for k in 0..<size {
            let (a1, a2) = (zA.firstSpectrum(k), zA.secondSpectrum(k))
            let (b1, b2) = (zB.firstSpectrum(k), zB.secondSpectrum(k))
            let (c11, c22) = (Self.conjugateProduct(a1, b1), Self.conjugateProduct(a2, b2))
            let (c12, c21) = (Self.conjugateProduct(a1, b2), Self.conjugateProduct(a2, b1))
            straight[0, k] = c11.real - c22.imaginary
            straight[1, k] = c11.imaginary + c22.real
            crossed[0, k] = c12.real - c21.imaginary
            crossed[1, k] = c12.imaginary + c21.real
        }
        straight.invert(transform)
        crossed.invert(transform)
        fold.add(a, b, windowCount, straight, crossed)
    }

    private static func conjugateProduct(
        _ a: (real: Double, imaginary: Double), _ b: (real: Double, imaginary: Double)
    ) -> (real: Double, imaginary: Double) {
        (a.real * b.real + a.imaginary * b.imaginary, a.real * b.imaginary - a.imaginary * b.real)
    }
}

/// What of the channels' power is explained at every lag.
private struct ScoreFold {
    let frameCount: Int
    let hasMeans: Bool
    private var explainedA: [Double]
    private var explainedB: [Double]
    private var powersB: [Double]
    private var powerA = 0.0

    init(lagCount: Int, frameCount: Int, hasMeans: Bool) {
        self.frameCount = frameCount
        self.hasMeans = hasMeans
        explainedA = [Double](repeating: 0, count: lagCount)
        explainedB = explainedA
        powersB = explainedA
    }

    mutating func add(
        _ a: [UnsafeMutablePointer<Double>], _ b: [UnsafeMutablePointer<Double>], _ windowCount: Int,
        _ straight: ComplexLine, _ crossed: ComplexLine
    ) {
        // Of the channels, then of their mean.
        var pa = [0.0, 0.0, 0.0]
        for (i, plane) in a.enumerated() { pa[i] = PlaneSums.product(plane, plane, count: frameCount) }
        let product = a.count == 2 ? PlaneSums.product(a[0], a[1], count: frameCount) : 0
        pa[2] = 0.25 * (pa[0] + pa[1] + 2 * product)
        powerA += pa[0] + pa[1]
        var running = (0.0, 0.0, 0.0)
        func step(_ i: Int, _ sign: Double) {
            let left = b.isEmpty ? 0 : b[0][i]
            let right = b.count == 2 ? b[1][i] : 0
            running.0 += sign * left * left
            running.1 += sign * right * right
            running.2 += sign * left * right
        }
        for i in 0..<frameCount { step(i, 1) }
        for lag in explainedA.indices {
            if lag > 0 {
                step(lag - 1, -1)
                step(lag + frameCount - 1, 1)
            }
            let (p1, p2) = (max(0, running.0), max(0, running.1))
            let p3 = max(0, 0.25 * (p1 + p2 + 2 * running.2))
            let (c11, c22) = (straight.real[lag], straight.imaginary[lag])
            let (c12, c21) = (crossed.real[lag], crossed.imaginary[lag])
            var a1 = max(share(c11, pa[0], p1), share(c12, pa[0], p2))
            var a2 = max(share(c22, pa[1], p2), share(c21, pa[1], p1))
            var b1 = max(share(c11, pa[0], p1), share(c21, pa[1], p1))
            var b2 = max(share(c22, pa[1], p2), share(c12, pa[0], p2))
            if hasMeans {
                a1 = max(a1, share(0.5 * (c11 + c12), pa[0], p3))
                a2 = max(a2, share(0.5 * (c21 + c22), pa[1], p3))
                b1 = max(b1, share(0.5 * (c11 + c21), pa[2], p1))
                b2 = max(b2, share(0.5 * (c12 + c22), pa[2], p2))
            }
            explainedA[lag] += a1 * pa[0] + a2 * pa[1]
            explainedB[lag] += b1 * p1 + b2 * p2
            powersB[lag] += p1 + p2
        }
    }

    /// The square of a correlation.
    private func share(_ product: Double, _ a: Double, _ b: Double) -> Double {
        // What is left by rounding of a stretch that has gone silent correlates with nothing.
        a * b > 1e-20 * Double(frameCount) ? min(1, product * product / (a * b)) : 0
    }

    /// nil where there is no power.
    var scores: [Double]? {
        let least = 1e-12 * Double(frameCount)
        guard powerA > least, (powersB.max() ?? 0) > least else { return nil }
        return explainedA.indices.map { lag in
            guard powersB[lag] > least else { return 0 }
            return max(explainedA[lag] / powerA, explainedB[lag] / powersB[lag])
        }
    }
}
