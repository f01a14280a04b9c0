internal import SignalProcessing

/// A frequency from which on a spectrum falls off a cliff, as sample-rate converters and lossy coders leave it.
///
/// There is a cliff where eight neighbouring lines (of 256 up to half the rate) are on average at least 24 dB above
/// **every** line that lies a tenth of the frequency or more above them, and where that fall is at least four times
/// the one over the tenth before. Filters up to about 60 dB per octave do not do the first, and steeper slopes, or
/// those that a bilinear transform squeezes against half the rate, not the second. The edge is the highest line within
/// that tenth less than 12 dB below the eight.
package struct SpectrumEdge: Sendable, Hashable {
    package let hertz: Double
    /// How far the spectrum falls.
    package let dropDecibels: Double
    /// Whether the edge lies so far below half the rate, at 0.91 of it or lower, that no converter to this rate would
    /// have left it: the material once had a lower rate or was coded with loss.
    package let isSuspicious: Bool

    package static let leastDropDecibels = 24.0
    package static let greatestSuspiciousShare = 0.91
    /// Music may really end below this.
    package static let leastHertz = 3000.0

    private static let neighbourCount = 8
    private static let leastBend = 4.0
    /// 12 dB.
    private static let edgeDecibels = 12.0

    /// - Parameters:
    ///   - powers: mean squares in lines from 0 to half the rate.
    ///   - noisePower: what counts as content is above this.
    init?(powers: [Double], rateHertz: Int, noisePower: Double) {
        let count = powers.count
        let lineHertz = Double(rateHertz) / 2 / Double(count)
        let levels = powers.map { 10 * PinnedMath.log10(max($0, 1e-20)) }
        let noise = 10 * PinnedMath.log10(noisePower)
        // The greatest level from each line on.
        var above = levels
        for line in (0..<count - 1).reversed() { above[line] = max(levels[line], above[line + 1]) }
        // The mean of a line and those below it.
        func mean(_ line: Int) -> Double {
            levels[line + 1 - Self.neighbourCount...line].reduce(0, +) / Double(Self.neighbourCount)
        }
        var best: (line: Int, level: Double, drop: Double)?
        let first = max(Self.neighbourCount - 1, Int((Self.leastHertz / lineHertz).rounded(.up)))
        for line in first..<max(first, count) {
            let next = line + Self.gap(line)
            // Two lines at least must show that nothing follows.
            guard next + 2 <= count else { break }
            let level = mean(line)
            let drop = level - above[next]
            let before = mean(max(Self.neighbourCount - 1, line - Self.gap(line))) - level
            guard level > noise, drop >= max(Self.leastDropDecibels, Self.leastBend * before) else { continue }
            if drop > best?.drop ?? 0 { best = (line, level, drop) }
        }
        guard let best else { return nil }
        let end = best.line + Self.gap(best.line)
        let edge = (best.line..<end).last { levels[$0] > best.level - Self.edgeDecibels } ?? best.line
        hertz = Double(edge + 1) * lineHertz
        dropDecibels = best.drop
        isSuspicious = Double(edge + 1) <= Self.greatestSuspiciousShare * Double(count)
    }

    /// A tenth of the frequency, and at least four lines: what a filter is given to fall.
    private static func gap(_ line: Int) -> Int { max(4, (line + 5) / 10) }
}
