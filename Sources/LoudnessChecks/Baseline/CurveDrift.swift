internal import SignalProcessing

/// What differs between two versions of one song over time, second by second.
package struct CurveDrift: Sendable {
    package let alignment: CurveAlignment
    private let old: LoudnessLock.Curves
    private let new: LoudnessLock.Curves
    private let quiet: Double
    /// Whether seconds fit only to within a second: the music moved by a part of one.
    private let isBetweenSeconds: Bool

    /// A stretch of the new version that differs from what the old one has there.
    package struct Stretch: Sendable, Hashable {
        /// Seconds of the new version, the end not included.
        package var start: Int
        package var end: Int
        /// How much louder the stretch as a whole became, in LU; silence counts as `DriftLimits.quietLUFS`.
        package var loudness: Double
        /// How much brighter its seconds became on average, in dB; 0 where nothing tells.
        package var brightness: Double
        package var wasSilent: Bool
        package var isSilent: Bool
    }

    package init(old: LoudnessLock.Item, new: LoudnessLock.Item, quietLUFS: Double) {
        let isLengthSame = old.rateHertz == new.rateHertz && old.frameCount == new.frameCount
        self.init(old: old.curves, new: new.curves, isLengthSame: isLengthSame, quietLUFS: quietLUFS)
    }

    private init(old: LoudnessLock.Curves, new: LoudnessLock.Curves, isLengthSame: Bool, quietLUFS: Double) {
        (self.old, self.new, quiet) = (old, new, quietLUFS)
        alignment =
            old == new
            ? CurveAlignment(identical: old.loudness.count)
            : CurveAlignment(old: old, new: new, quietLUFS: quietLUFS)
        isBetweenSeconds =
            !(isLengthSame && alignment.edits.isEmpty)
            && Self.misfit(alignment, old, new, quietLUFS) > Self.maximumMisfit
    }

    /// What the typical second differs by, in LU, once the gain between the versions is taken out.
    private static func misfit(
        _ alignment: CurveAlignment, _ old: LoudnessLock.Curves, _ new: LoudnessLock.Curves, _ quiet: Double
    ) -> Double {
        let differences = alignment.segments.flatMap { segment in
            (0..<segment.count).map { t in
                max(new.loudness[segment.new + t], quiet) - max(old.loudness[segment.old + t], quiet)
            }
        }
        let gain = median(differences)
        return median(differences.map { ($0 - gain).magnitude })
    }

    /// LU by which the typical second of a shifted version may differ before the shift is held to be a fraction.
    private static let maximumMisfit = 0.25

    /// Stretches where the loudness of 3 s moved by more than the limit in LU, in order of time.
    package func loudnessStretches(limit: Double) -> [Stretch] {
        alignment.segments.flatMap { segment in
            let a = powers(old.loudness, segment.old, segment.count)
            let b = powers(new.loudness, segment.new, segment.count)
            let differences = zip(a, b).map { Self.decibels($1 / $0) }
            return stretches(segment, differences, Self.windows(differences.count), limit) { window in
                let level = b[window].reduce(0, +)
                return distance(window, differences.count) { Self.decibels(level / a[$0].reduce(0, +)) }
            }
        }
    }

    /// Stretches whose loudness differs in each single second by more than the limit, for versions that should be one.
    package func secondStretches(limit: Double) -> [Stretch] {
        let count = min(old.loudness.count, new.loudness.count)
        let whole = CurveAlignment.Segment(old: 0, new: 0, count: count)
        let differences = (0..<count).map { max(new.loudness[$0], quiet) - max(old.loudness[$0], quiet) }
        return stretches(whole, differences, (0..<count).map { $0..<$0 + 1 }, limit) { differences[$0.lowerBound] }
    }

    /// Stretches where brightness, averaged over 3 s, moved by more than the limit in dB, in order of time.
    package func brightnessStretches(limit: Double) -> [Stretch] {
        alignment.segments.flatMap { segment in
            let differences = (0..<segment.count).map { brightnessDifference(segment.old + $0, segment.new + $0) }
            return stretches(segment, differences.map { $0 ?? 0 }, Self.windows(segment.count), limit) { window in
                distance(window, segment.count) { other in
                    let told = zip(other, window).compactMap {
                        brightnessDifference(segment.old + $0, segment.new + $1)
                    }
                    return told.isEmpty ? 0 : told.reduce(0, +) / Double(told.count)
                }
            }
        }
    }

    // MARK: -

    /// Runs of one sign: seconds of windows beyond the limit that themselves are beyond half of it.
    ///
    /// A window beyond the limit has at least one such second, so nothing that is found is lost.
    private func stretches(
        _ segment: CurveAlignment.Segment, _ differences: [Double], _ windows: [Range<Int>], _ limit: Double,
        _ difference: (Range<Int>) -> Double
    ) -> [Stretch] {
        // Sums of powers come back from logarithms a few units in the last place beside what they were.
        let limit = limit + 1e-9
        var signs = [Int](repeating: 0, count: differences.count)
        for window in windows {
            let moved = difference(window)
            guard moved.magnitude > limit else { continue }
            for t in window where differences[t].magnitude > limit / 2 && (differences[t] > 0) == (moved > 0) {
                signs[t] = moved > 0 ? 1 : -1
            }
        }
        var runs: [(range: Range<Int>, sign: Int)] = []
        for (t, sign) in signs.enumerated() where sign != 0 {
            if let last = runs.last, last.sign == sign, t - last.range.upperBound <= Self.mergeSeconds {
                runs[runs.count - 1].range = last.range.lowerBound..<t + 1
            } else {
                runs.append((t..<t + 1, sign))
            }
        }
        return runs.map { describe(segment, $0.range) }
    }

    /// Stretches that are this close are one to a listener.
    private static let mergeSeconds = 3

    private func describe(_ segment: CurveAlignment.Segment, _ range: Range<Int>) -> Stretch {
        let a = powers(old.loudness, segment.old + range.lowerBound, range.count)
        let b = powers(new.loudness, segment.new + range.lowerBound, range.count)
        let tilts = range.compactMap { brightnessDifference(segment.old + $0, segment.new + $0) }
        return Stretch(
            start: segment.new + range.lowerBound, end: segment.new + range.upperBound,
            loudness: Self.decibels(b.reduce(0, +) / a.reduce(0, +)),
            brightness: tilts.isEmpty ? 0 : tilts.reduce(0, +) / Double(tilts.count),
            wasSilent: range.allSatisfy { old.loudness[segment.old + $0] <= quiet },
            isSilent: range.allSatisfy { new.loudness[segment.new + $0] <= quiet })
    }

    /// Every 3 s; one window where there are fewer.
    private static func windows(_ count: Int) -> [Range<Int>] {
        count < 3 ? (count > 0 ? [0..<count] : []) : (0...count - 3).map { $0..<$0 + 3 }
    }

    /// A window's difference from the old version's window; where seconds fit only roughly, the least of what the
    /// windows a second before and after leave open.
    private func distance(_ window: Range<Int>, _ count: Int, _ difference: (Range<Int>) -> Double) -> Double {
        let here = difference(window)
        guard isBetweenSeconds else { return here }
        var (least, most) = (here, here)
        for shift in [-1, 1] where window.lowerBound + shift >= 0 && window.upperBound + shift <= count {
            let there = difference(window.lowerBound + shift..<window.upperBound + shift)
            (least, most) = (min(least, there), max(most, there))
        }
        return least > 0 ? least : most < 0 ? most : 0
    }

    private func brightnessDifference(_ i: Int, _ j: Int) -> Double? {
        guard i < old.brightness.count, j < new.brightness.count, old.loudness[i] > quiet, new.loudness[j] > quiet
        else { return nil }
        let difference = new.brightness[j] - old.brightness[i]
        return difference.isFinite ? difference : nil
    }

    private func powers(_ curve: [Double], _ start: Int, _ count: Int) -> [Double] {
        curve[start..<start + count].map { level in
            // log2(10) / 10
            PinnedMath.exp2(min(max(level, quiet), 100) * 0.33219280948873623)
        }
    }

    private static func decibels(_ ratio: Double) -> Double { 10 * PinnedMath.log10(ratio) }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
