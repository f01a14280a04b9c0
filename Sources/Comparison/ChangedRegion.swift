import LoudnessChecks
import Metering
package import Quantities
import SignalProcessing
import SoundFiles

/// A stretch of A in which the residual is above the threshold.
package struct ChangedRegion: Sendable, Equatable {
    /// A's frames, on a grid of 10 ms.
    package let frames: FrameRange
    package let startSeconds: Double
    package let endSeconds: Double
    /// dBFS.
    package let peakDecibels: Double
    /// dBFS, AES17.
    package let rmsDecibels: Double
    /// LU by which B is louder in it, beyond the one gain over the whole file; nil where that cannot be measured or
    /// one of them is silent.
    package let loudnessChange: Double?
    /// Where most of the residual's power lies; nil where there are no spectra.
    package let band: ChangedBand?
}

/// A stretch of A in which B is louder or softer, beyond what one gain over the whole file explains.
package struct LoudnessChange: Sendable, Equatable {
    package let startSeconds: Double
    package let endSeconds: Double
    /// LU, positive where B is louder.
    package let change: Double
    package let band: ChangedBand?
}

/// Where most of a residual's power lies.
package enum ChangedBand: Sendable, Equatable {
    case octaves(OctaveRange)
    /// Direct current.
    case constant
    /// Below or above all octaves.
    case beyond

    package var lowHertz: Double? { if case .octaves(let range) = self { range.lowHertz } else { nil } }
    package var highHertz: Double? { if case .octaves(let range) = self { range.highHertz } else { nil } }

    /// "mostly above 5.6 kHz", "mostly DC".
    package var words: String {
        switch self {
        case .octaves(let range): range.words
        case .constant: "mostly DC"
        case .beyond: "mostly outside 20 Hz to 20 kHz"
        }
    }
}

/// Neighbouring octaves that hold at least four fifths of a power.
package struct OctaveRange: Sendable, Equatable {
    package let lowHertz: Double
    package let highHertz: Double
    private let isFirst: Bool
    private let isLast: Bool

    private static let share = 0.8
    /// Where neighbouring octaves meet, in numbers that people say.
    private static let edges: [Double] = [20, 45, 90, 180, 355, 710, 1400, 2800, 5600, 11_000, 22_000]

    /// nil where there is no power.
    package init?(powers: [Double]) {
        let total = powers.reduce(0, +)
        guard total > 0, powers.count + 1 == Self.edges.count else { return nil }
        for length in 1...powers.count {
            var best: (sum: Double, start: Int)?
            for start in 0...powers.count - length {
                let sum = powers[start..<start + length].reduce(0, +)
                if sum >= Self.share * total, sum > best?.sum ?? 0 { best = (sum, start) }
            }
            if let best {
                lowHertz = Self.edges[best.start]
                highHertz = Self.edges[best.start + length]
                isFirst = best.start == 0
                isLast = best.start + length == powers.count
                return
            }
        }
        return nil
    }

    /// "mostly above 5.6 kHz", "mostly 355 Hz to 1.4 kHz", "at all frequencies".
    package var words: String {
        if highHertz > 64 * lowHertz { return "at all frequencies" }
        if isFirst { return "mostly below \(Self.text(highHertz))" }
        if isLast { return "mostly above \(Self.text(lowHertz))" }
        return "mostly \(Self.text(lowHertz)) to \(Self.text(highHertz))"
    }

    static func text(_ hertz: Double) -> String {
        if hertz < 1000 { return "\(Int(hertz)) Hz" }
        let kilo = hertz / 1000
        return NumberText.fixed(kilo, decimals: kilo == kilo.rounded() ? 0 : 1) + " kHz"
    }
}

/// Finds where files differ.
struct ChangeSearch {
    let residual: Residual
    let first: FileProfile
    let second: FileProfile
    let lag: Int
    /// Where the offset is another one; empty: nowhere.
    let sections: [TimeSection]
    /// dB by which B is louder throughout.
    let gainDecibels: Double

    /// The most that are kept.
    static let regionLimit = 1000

    // MARK: Regions

    /// All regions in number and length, and those with the greatest residual, in the order of time.
    struct Regions {
        var kept: [ChangedRegion]
        var count: Int
        var seconds: Double
    }

    func regions(thresholdDecibels: Double, gapSeconds: Double) -> Regions {
        let threshold = Float(PinnedMath.gain(decibels: thresholdDecibels))
        let gap = Int((gapSeconds * Double(ResidualPass.hopsPerSecond)).rounded())
        var ranges: [Range<Int>] = []
        for (hop, peak) in residual.hopPeaks.enumerated() where peak > threshold {
            // Neighbours are one whatever the gap.
            if let last = ranges.last, hop - last.upperBound < max(1, gap) {
                ranges[ranges.count - 1] = last.lowerBound..<hop + 1
            } else {
                ranges.append(hop..<hop + 1)
            }
        }
        let curves = MomentaryCurves(first, second, lag: lag, sections: sections)
        let hopCount = ranges.reduce(0) { $0 + $1.count }
        return Regions(
            kept: greatest(ranges).map { region($0, curves) }, count: ranges.count,
            seconds: Double(hopCount) / Double(ResidualPass.hopsPerSecond))
    }

    private func greatest(_ ranges: [Range<Int>]) -> [Range<Int>] {
        guard ranges.count > Self.regionLimit else { return ranges }
        let peaks = ranges.map { residual.hopPeaks[$0].reduce(0, max) }
        let order = ranges.indices.sorted { (peaks[$0], $1) > (peaks[$1], $0) }
        return order.prefix(Self.regionLimit).sorted().map { ranges[$0] }
    }

    private func region(_ hops: Range<Int>, _ curves: MomentaryCurves?) -> ChangedRegion {
        let (rate, perSecond) = (residual.rateHertz, ResidualPass.hopsPerSecond)
        let frames = FrameRange(
            hops.lowerBound * rate / perSecond, min(residual.common.end, hops.upperBound * rate / perSecond))
        let peak = residual.hopPeaks[hops].reduce(0, max)
        let energy = residual.hopEnergies[hops].reduce(0, +)
        return ChangedRegion(
            frames: frames, startSeconds: Double(frames.start) / Double(rate),
            endSeconds: Double(frames.end) / Double(rate),
            peakDecibels: PinnedMath.decibels(gain: Double(peak)),
            rmsDecibels: Residual.rms(energy, sampleCount: frames.count * residual.channelCount),
            loudnessChange: curves?.change(hops: hops).map { $0 - gainDecibels }, band: band(hops: hops))
    }

    private func band(hops: Range<Int>) -> ChangedBand? {
        let perSecond = ResidualPass.hopsPerSecond
        let seconds = hops.lowerBound / perSecond..<(hops.upperBound - 1) / perSecond + 1
        return residual.band(seconds: seconds)
    }

    // MARK: Loudness

    /// Where the momentary loudness moved by at least `least` LU in one direction.
    func loudnessChanges(least: Double) -> [LoudnessChange] {
        guard let curves = MomentaryCurves(first, second, lag: lag, sections: sections) else { return [] }
        var ranges: [(range: Range<Int>, sign: Double)] = []
        // Tenths of a second.
        for window in stride(from: 0, to: curves.count, by: 10) {
            guard let change = curves.change(window: window).map({ $0 - gainDecibels }), change.magnitude >= least
            else { continue }
            let sign = change < 0 ? -1.0 : 1
            if let last = ranges.last, last.sign == sign, window - last.range.upperBound < 100 {
                ranges[ranges.count - 1].range = last.range.lowerBound..<window + 1
            } else {
                ranges.append((window..<window + 1, sign))
            }
        }
        return ranges.filter { $0.range.count > 20 }.prefix(Self.regionLimit).compactMap { range, _ in
            guard let change = curves.mean(windows: range).map({ $0 - gainDecibels }) else { return nil }
            // A window stands for its middle.
            let middle = 20
            return LoudnessChange(
                startSeconds: range.lowerBound == 0 ? 0 : Double(range.lowerBound + middle) / 100,
                endSeconds: Double(range.upperBound - 1 + middle) / 100, change: change,
                band: band(hops: range.lowerBound + middle..<range.upperBound + middle))
        }
    }
}

/// Momentary loudness of both files every 10 ms, B's moved to where A has the same sound.
private struct MomentaryCurves {
    private let a: [Double]
    private let b: [Double]
    /// B's windows are so many later: from a window of A on.
    private let offsets: [(window: Int, count: Int)]

    /// nil where one of them has none.
    init?(_ first: FileProfile, _ second: FileProfile, lag: Int, sections: [TimeSection]) {
        guard let x = first.loudness, let y = second.loudness, first.info.rate == second.info.rate else { return nil }
        a = x.momentaryCurve(everyHops: 1).map(\.value)
        b = y.momentaryCurve(everyHops: 1).map(\.value)
        func windows(_ frames: Int) -> Int { Int((Double(frames) * 100 / Double(first.info.rate)).rounded()) }
        offsets =
            sections.isEmpty ? [(0, windows(lag))] : sections.map { (windows($0.frame), windows($0.lagFrames)) }
        guard !a.isEmpty, !b.isEmpty else { return nil }
    }

    /// Windows of A.
    var count: Int { a.count }

    /// LU by which B is louder in one window; nil where either is below -60 LUFS.
    func change(window: Int) -> Double? { mean(windows: window..<window + 1) }

    /// LU by which B's power is greater over these windows.
    func mean(windows: Range<Int>) -> Double? {
        var (powerA, powerB) = (0.0, 0.0)
        var count = 0.0
        for window in windows {
            let offset = offsets.count == 1 ? offsets[0].count : offsets.last { $0.window <= window }?.count ?? 0
            guard a.indices.contains(window), b.indices.contains(window + offset) else { continue }
            powerA += PinnedMath.gain(decibels: 2 * a[window])
            powerB += PinnedMath.gain(decibels: 2 * b[window + offset])
            count += 1
        }
        let least = PinnedMath.gain(decibels: 2 * ComparisonOptions.audibleLUFS) * count
        guard count > 0, powerA > least, powerB > least else { return nil }
        return 10 * PinnedMath.log10(powerB / powerA)
    }

    /// The same over hops: of the windows that lie in them, or of the one around their middle.
    func change(hops: Range<Int>) -> Double? {
        let last = hops.upperBound - 40
        if last >= hops.lowerBound { return mean(windows: hops.lowerBound..<last + 1) }
        let middle = (hops.lowerBound + hops.upperBound) / 2 - 20
        let window = min(max(0, middle), a.count - 1)
        return mean(windows: window..<window + 1)
    }
}
