import Quantities
import SoundFiles

/// Finds the frame at which B's offset changes, between two places at which it is known.
final class SectionSplit {
    private let routes: [ChannelRoute]
    /// B's level over A's, without its sign.
    private let gain: Double
    private let block: Int
    private let capacity: Int
    private let sourceA: PlaneSource
    private let sourceB: PlaneSource
    private let x: DoublePlanes
    private let y: DoublePlanes
    private let scratch: DoublePlanes

    /// - Parameter gain: B's level over A's.
    init(a: String, b: String, rate: Int, routes: [ChannelRoute], gain: Double) throws {
        self.routes = routes
        self.gain = gain.magnitude
        block = max(1, rate / 100)
        let channelCount = max(
            try SoundFileReader.probe(path: a).channelCount, try SoundFileReader.probe(path: b).channelCount)
        // A second, of many channels less: whole blocks of about a million samples.
        capacity = block * max(1, min(100, (1 << 20) / (block * channelCount)))
        sourceA = try PlaneSource(path: a, capacity: capacity)
        sourceB = try PlaneSource(path: b, capacity: capacity)
        x = DoublePlanes(channelCount: sourceA.info.channelCount, frameCount: capacity)
        y = DoublePlanes(channelCount: sourceB.info.channelCount, frameCount: capacity)
        scratch = DoublePlanes(channelCount: 2, frameCount: capacity)
    }

    /// A's first frame of which B has the second offset, or nil where there is no room for what B lacks of A.
    ///
    /// - Parameters:
    ///   - range: A's frames; at its start B has the first offset, at its end the second.
    ///   - known: for how many frames at the start, and at the end, B surely has it.
    func frame(in range: Range<Int>, from lag: Int, to next: Int, known: Int) throws -> Int? {
        let missing = max(0, lag - next)
        guard range.count > missing else { return nil }
        // Polarity may turn there, too.
        let head = try sign(range.lowerBound..<min(range.upperBound, range.lowerBound + known), lag: lag)
        let tail = try sign(max(range.lowerBound, range.upperBound - known)..<range.upperBound, lag: next)
        // By blocks first.
        let before = try errors(range, lag: lag, sign: head, grain: block)
        let after = try errors(range, lag: next, sign: tail, grain: block)
        let place = Self.split(before, after, missing: (missing + block / 2) / block)
        let coarse = range.lowerBound + place * block
        let start = max(range.lowerBound, coarse - 3 * block)
        let end = min(range.upperBound, coarse + 3 * block + missing)
        guard end - start > missing else { return nil }
        let fine = Self.split(
            try errors(start..<end, lag: lag, sign: head, grain: 1),
            try errors(start..<end, lag: next, sign: tail, grain: 1), missing: missing)
        return start + fine + missing
    }

    /// How many are explained by `before`, when all behind them but for `missing` are by `after`.
    private static func split(_ before: [Double], _ after: [Double], missing: Int) -> Int {
        let rest = max(0, before.count - missing)
        var cost = after.dropFirst(before.count - rest).reduce(0, +)
        var (best, least) = (0, cost)
        for i in 0..<rest {
            cost += before[i] - after[i + before.count - rest]
            if cost < least - 1e-12 { (best, least) = (i + 1, cost) }
        }
        return best
    }

    /// Whether B is A upside down: 1 or -1.
    private func sign(_ range: Range<Int>, lag: Int) throws -> Double {
        var sum = 0.0
        try read(range, lag: lag, grain: 1) { route, _, p, q, count in
            sum += route.sign * PlaneSums.product(p, q, count: count)
        }
        return sum < 0 ? -1 : 1
    }

    /// Sums of squares of what one offset leaves, of `grain` frames each.
    private func errors(_ range: Range<Int>, lag: Int, sign: Double, grain: Int) throws -> [Double] {
        var errors = [Double](repeating: 0, count: (range.count + grain - 1) / grain)
        try read(range, lag: lag, grain: grain) { route, base, p, q, count in
            let factor = sign * gain * route.sign
            for i in 0..<count {
                let rest = q[i] - factor * p[i]
                errors[(base + i) / grain] += rest * rest
            }
        }
        return errors
    }

    /// Calls `body` with every route, frames from the start of `range`, and what it compares of A and B, in pieces of
    /// whole grains.
    private func read(
        _ range: Range<Int>, lag: Int, grain: Int,
        _ body: (ChannelRoute, Int, UnsafePointer<Double>, UnsafePointer<Double>, Int) -> Void
    ) throws {
        var frame = range.lowerBound
        while frame < range.upperBound {
            let frames = FrameRange(frame, min(range.upperBound, frame + capacity / grain * grain))
            if try !sourceA.read(frames, into: x.planes) { x.clean(frameCount: frames.count) }
            if try !sourceB.read(frames.shifted(by: lag), into: y.planes) { y.clean(frameCount: frames.count) }
            for route in routes {
                guard let p = route.a.plane(of: x.planes, count: frames.count, scratch: scratch.planes[0]),
                    let q = route.b.plane(of: y.planes, count: frames.count, scratch: scratch.planes[1])
                else { continue }
                body(route, frame - range.lowerBound, p, q, frames.count)
            }
            frame = frames.end
        }
    }
}
