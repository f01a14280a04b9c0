import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// Where the second file stands in time against the first.
package struct Alignment: Sendable, Equatable {
    /// Frames by which the same sound comes later in B; 0 where nothing speaks for another place.
    package let lagFrames: Int
    /// Of the sound at that place, -1 to 1; negative where B is upside down.
    package let correlation: Double
    /// The same as the files stand.
    package let correlationAsIs: Double
    /// The greatest magnitude that any place has, 0 to 1.
    package let greatestCorrelation: Double
    /// Whether the correlation is strong enough to call the place right.
    package let isConfident: Bool

    /// The farthest that is looked for.
    static let reachSeconds = 0.5
    /// Below that, files are taken as they stand.
    static let leastCorrelation = 0.8
}

/// Looks for the offset by Fourier transforms of a few stretches spread over the file, all channels together.
///
/// In every stretch B is looked at half a second farther to both sides than A. The best place is the one of the
/// greatest magnitude of the normalised correlation, and among equals (a steady tone has one a period) the nearest.
struct AlignmentSearch {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile

    private static let zoneCount = 6

    private struct Zone: Sendable {
        /// By lag, from -reach on, each over the power of A's stretch.
        var products: [Double]
        var powers: [Double]
    }

    func run(workers: Int) throws -> Alignment {
        let rate = first.info.rate
        let reach = Int(Alignment.reachSeconds * Double(rate))
        let size = Self.transformSize(reach: reach)
        let stretch = size - 2 * reach
        let starts = zoneStarts(stretch: stretch)
        let transform = FourierTransform(size: size)
        let zones = try StretchPool.map(starts.count, workers: workers) { index in
            try zone(start: starts[index], reach: reach, size: size, transform)
        }
        var products = [Double](repeating: 0, count: 2 * reach + 1)
        var powers = products
        var count = 0.0
        for case let zone? in zones {
            count += 1
            for i in products.indices {
                products[i] += zone.products[i]
                powers[i] += zone.powers[i]
            }
        }
        let correlations = products.indices.map { i in
            powers[i] > 0 ? products[i] / (count * powers[i]).squareRoot() : 0
        }
        return Self.decide(correlations, reach: reach)
    }

    private static func transformSize(reach: Int) -> Int {
        var size = 256
        while size < 8 * reach { size *= 2 }
        return size
    }

    static func decide(_ correlations: [Double], reach: Int) -> Alignment {
        let asIs = correlations[reach]
        let greatest = correlations.reduce(0) { max($0, $1.magnitude) }
        var best = reach
        var distance = Int.max
        for (i, value) in correlations.enumerated() where value.magnitude >= greatest - 1e-7 {
            if (i - reach).magnitude < distance { (best, distance) = (i, Int((i - reach).magnitude)) }
        }
        let value = correlations[best]
        let isStrong = value.magnitude >= Alignment.leastCorrelation
        // An edit moves the greatest correlation of bass-heavy music by a frame or two: another place must explain
        // at least half of what the files as they stand leave over.
        let isClear = best == reach || 1 - value.magnitude <= 0.5 * (1 - asIs.magnitude)
        guard isStrong, isClear else {
            return Alignment(
                lagFrames: 0, correlation: asIs, correlationAsIs: asIs, greatestCorrelation: greatest,
                isConfident: asIs.magnitude >= Alignment.leastCorrelation)
        }
        return Alignment(
            lagFrames: best - reach, correlation: value, correlationAsIs: asIs, greatestCorrelation: greatest,
            isConfident: true)
    }

    /// What A has and B is too short for is not looked at.
    private var frameCount: Int { min(first.info.frameCount, second.info.frameCount) }

    /// The loudest second of A in each of some parts of it.
    private func zoneStarts(stretch: Int) -> [Int] {
        let rate = first.info.rate
        let frames = frameCount
        guard frames > stretch else { return [0] }
        let seconds = min(first.signal.secondCount, second.signal.secondCount)
        let count = min(Self.zoneCount, max(1, frames / stretch))
        var starts: [Int] = []
        for zone in 0..<count {
            let range = seconds * zone / count..<seconds * (zone + 1) / count
            let levels = range.map { first.signal.rms(second: $0).value }
            guard let loudest = levels.max(), let place = levels.firstIndex(of: loudest) else { continue }
            let start = min((range.lowerBound + place) * rate, frames - stretch)
            if starts.last != start { starts.append(start) }
        }
        return starts
    }

    /// nil where A or B is silent.
    private func zone(start: Int, reach: Int, size: Int, _ transform: FourierTransform) throws -> Zone? {
        let stretch = size - 2 * reach
        let held = FrameRange(start, min(start + stretch, frameCount))
        let sourceA = try PlaneSource(path: a, capacity: size)
        let sourceB = try PlaneSource(path: b, capacity: size)
        let x = DoublePlanes(channelCount: sourceA.info.channelCount, frameCount: size)
        let y = DoublePlanes(channelCount: sourceB.info.channelCount, frameCount: size)
        if try !sourceA.read(held, into: x.planes) { x.clean(frameCount: size) }
        if try !sourceB.read(FrameRange(start: start - reach, count: size), into: y.planes) {
            y.clean(frameCount: size)
        }
        let channelCount = max(x.planes.count, y.planes.count)
        var products = [Double](repeating: 0, count: 2 * reach + 1)
        var squares = [Double](repeating: 0, count: size)
        var power = 0.0
        for pair in stride(from: 0, to: channelCount, by: 2) {
            var (zA, zB) = (ComplexLine(size), ComplexLine(size))
            for (part, channel) in (pair..<min(pair + 2, channelCount)).enumerated() {
                let left = x.planes[x.planes.count == 1 ? 0 : channel]
                let right = y.planes[y.planes.count == 1 ? 0 : channel]
                for i in 0..<held.count {
                    zA[part, reach + i] = left[i]
                    power += left[i] * left[i]
                }
                for i in 0..<size {
                    zB[part, i] = right[i]
                    squares[i] += right[i] * right[i]
                }
            }
            zA.transform(transform)
            zB.transform(transform)
            zB.multiplyByConjugate(of: zA)
            zB.invert(transform)
            for lag in -reach...reach { products[lag + reach] += zB.real[lag & (size - 1)] }
        }
        let least = 1e-12 * Double(held.count)
        guard power > least, squares.reduce(0, +) > least else { return nil }
        return Zone(
            products: products.map { $0 / power },
            powers: Self.powers(squares, reach: reach, count: held.count).map { $0 / power })
    }

    /// The power of B under A's stretch at each lag.
    private static func powers(_ squares: [Double], reach: Int, count: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: squares.count + 1)
        for (i, square) in squares.enumerated() { sums[i + 1] = sums[i] + square }
        return (0...2 * reach).map { max(0, sums[$0 + count] - sums[$0]) }
    }
}

/// Complex numbers in two arrays.
private struct ComplexLine {
    private(set) var real: [Double]
    private var imaginary: [Double]

    init(_ count: Int) {
        real = [Double](repeating: 0, count: count)
        imaginary = real
    }

    subscript(part: Int, index: Int) -> Double {
        get { part == 0 ? real[index] : imaginary[index] }
        set { if part == 0 { real[index] = newValue } else { imaginary[index] = newValue } }
    }

    mutating func transform(_ transform: FourierTransform) {
        (real, imaginary) = transform.transformed(real: real, imaginary: imaginary)
    }

    mutating func multiplyByConjugate(of other: ComplexLine) {
        for i in real.indices {
            let (x, y) = (real[i], imaginary[i])
            real[i] = x * other.real[i] + y * other.imaginary[i]
            imaginary[i] = y * other.real[i] - x * other.imaginary[i]
        }
    }

    mutating func invert(_ transform: FourierTransform) {
        let (swapped, parts) = transform.transformed(real: imaginary, imaginary: real)
        let scale = 1 / Double(real.count)
        real = parts.map { $0 * scale }
        imaginary = swapped.map { $0 * scale }
    }
}
