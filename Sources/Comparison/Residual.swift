import Metering
package import Quantities
import SignalProcessing

/// What is left when one file is taken from the other, over the frames that both have.
package struct Residual: Sendable {
    package let rateHertz: Int
    /// A's frames that B has, too.
    package let common: FrameRange
    /// dBFS of the greatest sample; `-.infinity` where all are equal.
    package private(set) var peakDecibels: Double = -Double.infinity
    /// A's frame of that sample, and its channel, of the file with more channels, else of A; nil where all are equal,
    /// and no channel where they are mixed.
    package private(set) var peakPlace: (frame: Int, channel: Int?)?
    /// dBFS of the root mean square of all channels (AES17: a full-scale sine reads 0).
    package private(set) var rmsDecibels: Double = -Double.infinity
    /// Mean squares in the octaves of `SignalSummary.bandCentresHertz`, the mean of all channels; empty where not
    /// asked for.
    package private(set) var bandPowers: [Double] = []
    package private(set) var first: DifferingSample?
    package private(set) var differingFrameCount: Int = 0
    /// Seconds in which samples that are no number were taken as silence in both files.
    package private(set) var nonFiniteSeconds: [Int] = []
    /// Per second of A: dBFS.
    package private(set) var secondPeaks: [Double] = []
    package private(set) var secondRMS: [Double] = []

    private(set) var sums: [PairSums] = []
    /// Per 10 ms of A, over all channels.
    private(set) var hopPeaks: [Float] = []
    private(set) var hopEnergies: [Double] = []
    /// Per second of A, over all channels: sums of squares, of all, of the middle, and of what is constant.
    private var secondEnergies: [Double] = []
    private var middleEnergies: [Double] = []
    private var constantEnergies: [Double] = []
    /// One per channel.
    private var signals: [SignalSummary]
    private let channels: [Int?]
    private var energy = 0.0

    /// -90 dBFS, but never below what rounding and dither of the coarser file leave: three steps of it.
    static func defaultThresholdDecibels(bitCounts: [Int?]) -> Double {
        let steps = bitCounts.compactMap { $0 }.filter { $0 <= 24 }.map { Double($0) }
        let coarsest = steps.min().map { 9.542425094393248 - 6.020599913279624 * ($0 - 1) } ?? -.infinity
        return max(-90, coarsest)
    }

    /// - Parameter channels: which channel each of those compared is; nil for what is mixed.
    init(rate: Int, channels: [Int?], common: FrameRange) {
        rateHertz = rate
        self.channels = channels
        self.common = common
        signals = channels.map { _ in SignalSummary(rateHertz: rate, channelCount: 1) }
    }

    var channelCount: Int { signals.count }

    /// Takes the next second.
    mutating func append(_ record: ResidualPass.SecondRecord) {
        do throws(MeasurementError) {
            for channel in signals.indices { try signals[channel].append(record.signals[channel]) }
        } catch { preconditionFailure("seconds do not follow each other: \(error)") }
        if record.hasNonFinite { nonFiniteSeconds.append(sums.count) }
        hopPeaks += record.hopPeaks
        hopEnergies += record.hopEnergies
        let sum = record.hopEnergies.reduce(0, +)
        energy += sum
        secondEnergies.append(sum)
        let edge = min(Self.edgeHops, record.hopEnergies.count / 4)
        middleEnergies.append(record.hopEnergies.dropFirst(edge).dropLast(edge).reduce(0, +))
        constantEnergies.append(record.constantEnergy)
        secondRMS.append(Self.rms(sum, sampleCount: record.sums.frameCount * signals.count))
        secondPeaks.append(PinnedMath.decibels(gain: Double(record.hopPeaks.reduce(0, max))))
        sums.append(record.sums)
        if first == nil { first = record.first }
        differingFrameCount += record.differingFrameCount
    }

    /// Makes the figures of the whole.
    mutating func finish() {
        rmsDecibels = Self.rms(energy, sampleCount: common.count * signals.count)
        // Whoever measures the signal may leave samples out; the hops have them all.
        var greatest: Float = 0
        for (channel, signal) in signals.enumerated() {
            guard let measured = signal.channels.first, measured.samplePeak > greatest else { continue }
            greatest = measured.samplePeak
            peakPlace = measured.samplePeakFrame.map { ($0, channels[channel]) }
        }
        peakDecibels = PinnedMath.decibels(gain: Double(hopPeaks.reduce(greatest, max)))
        bandPowers = Self.bands(signals, 0..<sums.count)
    }

    /// Mean squares in octaves over some seconds of A.
    func bandPowers(seconds: Range<Int>) -> [Double] {
        Self.bands(signals, seconds.clamped(to: 0..<(signals.first?.secondCount ?? 0)))
    }

    /// Where most of the power of some seconds of A lies; nil where there are no spectra, no power, or where nobody
    /// knows: windows hardly see what happens at the edge of a second.
    func band(seconds: Range<Int>) -> ChangedBand? {
        let seconds = seconds.clamped(to: 0..<sums.count)
        let powers = bandPowers(seconds: seconds)
        let energy = secondEnergies[seconds].reduce(0, +)
        guard !powers.isEmpty, energy > 0 else { return nil }
        let sampleCount = sums[seconds].reduce(0) { $0 + $1.frameCount } * signals.count
        if powers.reduce(0, +) * Double(sampleCount) >= 0.5 * energy {
            return OctaveRange(powers: powers).map { .octaves($0) }
        }
        if constantEnergies[seconds].reduce(0, +) >= 0.5 * energy { return .constant }
        return middleEnergies[seconds].reduce(0, +) >= 0.75 * energy ? .beyond : nil
    }

    /// Whether an octave has far more than its share of white noise, which rounding and dither are.
    var hasStandingOctave: Bool {
        guard energy > 0 else { return false }
        let mean = energy / Double(common.count * signals.count)
        return zip(SignalSummary.bandCentresHertz, bandPowers).contains { centre, power in
            let (low, high) = (centre * 0.5.squareRoot(), centre * 2.0.squareRoot())
            let width = max(0, min(high, Double(rateHertz) / 2) - low)
            // 9 dB: the lowest octaves of a short file are a handful of lines.
            return power > 8 * mean * max(width, 20) / (Double(rateHertz) / 2)
        }
    }

    /// Hops at either edge of a second.
    private static let edgeHops = 8

    /// dBFS in the octaves.
    package var bandLevels: [Double] { bandPowers.map { 10 * PinnedMath.log10(2 * $0) } }

    private static func bands(_ signals: [SignalSummary], _ seconds: Range<Int>) -> [Double] {
        guard let count = signals.first?.secondCount, count > 0, !seconds.isEmpty else { return [] }
        var sums: [Double] = []
        for signal in signals {
            let powers = signal.bandPowers(seconds: seconds)
            if sums.isEmpty { sums = powers } else { for (i, power) in powers.enumerated() { sums[i] += power } }
        }
        return sums.map { $0 / Double(signals.count) }
    }

    /// AES17.
    static func rms(_ energy: Double, sampleCount: Int) -> Double {
        sampleCount == 0 ? -.infinity : 10 * PinnedMath.log10(2 * energy / Double(sampleCount))
    }
}
