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

    func run(_ options: ComparisonOptions) throws -> Alignment {
        let rate = first.info.rate
        let reach = Int(Alignment.reachSeconds * Double(rate))
        let size = Self.transformSize(reach: reach)
        let stretch = size - 2 * reach
        let starts = zoneStarts(stretch: stretch)
        let transform = FourierTransform(size: size)
        var products = [Double](repeating: 0, count: 2 * reach + 1)
        var powers = products
        var count = 0.0
        let workers = options.workers(bytesEach: Self.groupByteCount + 80 * size)
        try StretchPool.fold(starts.count, workers: workers) { index in
            try zone(start: starts[index], reach: reach, size: size, transform)
        } into: { zone in
            guard let zone else { return }
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

    /// Bytes of channels that are held at a time, unless two take more.
    private static let groupByteCount = 48 << 20

    /// nil where A or B is silent.
    private func zone(start: Int, reach: Int, size: Int, _ transform: FourierTransform) throws -> Zone? {
        let stretch = size - 2 * reach
        let held = FrameRange(start, min(start + stretch, frameCount))
        let around = FrameRange(start: start - reach, count: size)
        let sourceA = try PlaneSource(path: a, capacity: Self.blockFrameCount)
        let sourceB = try PlaneSource(path: b, capacity: Self.blockFrameCount)
        let channelCount = max(sourceA.info.channelCount, sourceB.info.channelCount)
        let groupCount = 2 * max(1, Self.groupByteCount / (32 * size))
        var products = [Double](repeating: 0, count: 2 * reach + 1)
        var squares = [Double](repeating: 0, count: size)
        var power = 0.0
        for group in stride(from: 0, to: channelCount, by: groupCount) {
            let channels = group..<min(channelCount, group + groupCount)
            var linesA = try lines(sourceA, held, at: reach, channels, size: size)
            var linesB = try lines(sourceB, around, at: 0, channels, size: size)
            for (index, pair) in stride(from: channels.lowerBound, to: channels.upperBound, by: 2).enumerated() {
                for part in 0..<min(2, channels.upperBound - pair) {
                    for i in reach..<reach + held.count {
                        let left = linesA[index][part, i]
                        power += left * left
                    }
                    for i in 0..<size {
                        let right = linesB[index][part, i]
                        squares[i] += right * right
                    }
                }
                linesA[index].transform(transform)
                linesB[index].transform(transform)
                linesB[index].multiplyByConjugate(of: linesA[index])
                linesA[index] = ComplexLine(0)
                linesB[index].invert(transform)
                for lag in -reach...reach { products[lag + reach] += linesB[index].real[lag & (size - 1)] }
                linesB[index] = ComplexLine(0)
            }
        }
        let least = 1e-12 * Double(held.count)
        guard power > least, squares.reduce(0, +) > least else { return nil }
        return Zone(
            products: products.map { $0 / power },
            powers: Self.powers(squares, reach: reach, count: held.count).map { $0 / power })
    }

    private static let blockFrameCount = 65_536

    /// Channels in twos, with silence around them.
    private func lines(
        _ source: PlaneSource, _ frames: FrameRange, at offset: Int, _ channels: Range<Int>, size: Int
    ) throws -> [ComplexLine] {
        let count = source.info.channelCount
        var lines = stride(from: channels.lowerBound, to: channels.upperBound, by: 2).map { _ in ComplexLine(size) }
        let block = DoublePlanes(channelCount: count, frameCount: Self.blockFrameCount)
        var frame = frames.start
        while frame < frames.end {
            let piece = FrameRange(frame, min(frames.end, frame + Self.blockFrameCount))
            if try !source.read(piece, into: block.planes) { block.clean(frameCount: piece.count) }
            let place = offset + piece.start - frames.start
            for channel in channels {
                let plane = block.planes[count == 1 ? 0 : channel]
                let (line, part) = ((channel - channels.lowerBound) / 2, (channel - channels.lowerBound) % 2)
                for i in 0..<piece.count { lines[line][part, place + i] = plane[i] }
            }
            frame = piece.end
        }
        return lines
    }

    /// The power of B under A's stretch at each lag.
    private static func powers(_ squares: [Double], reach: Int, count: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: squares.count + 1)
        for (i, square) in squares.enumerated() { sums[i + 1] = sums[i] + square }
        return (0...2 * reach).map { max(0, sums[$0 + count] - sums[$0]) }
    }
}
