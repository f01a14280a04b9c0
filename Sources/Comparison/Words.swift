import LoudnessChecks
import Metering
import Quantities
import Reports
import SignalProcessing
import SoundFiles

/// Figures and sentences as people read them, the same in text and on the page.
enum Words {
    /// Text of others on one line, without what moves a terminal's cursor.
    static func line(_ text: String, atMost limit: Int = 400) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit {
                result.append("…")
                break
            }
            switch scalar {
            case "\n", "\r", "\t", "\u{2028}", "\u{2029}": result.append(" ")
            default: result.append(ReportText.isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(result)
    }

    /// "1:02.345".
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 1e9 else { return "?" }
        let total = Int((seconds.magnitude * 1000).rounded())
        let (whole, rest) = (total / 1000, total % 1000)
        let two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
        let hours = whole >= 3600 ? "\(whole / 3600):" : ""
        let minutes = hours.isEmpty ? "\(whole / 60)" : two(whole / 60 % 60)
        let thousandths = String(1000 + rest).dropFirst()
        return (seconds < 0 ? "-" : "") + hours + minutes + ":" + two(whole % 60) + "." + thousandths
    }

    /// "1:02.3", for what is known to a tenth.
    static func tenths(_ seconds: Double) -> String { NumberText.time(seconds, tenths: true) }

    /// One decimal.
    static func level(_ value: Double, _ unit: String) -> String { NumberText.fixed(value, decimals: 1) + " " + unit }

    /// "+0.5", "-1.2", "0.0".
    static func signed(_ value: Double, decimals: Int = 1) -> String {
        let text = NumberText.fixed(value, decimals: decimals)
        return value > 0 && text.contains { $0 != "0" && $0 != "." } ? "+" + text : text
    }

    /// "1.8 LU louder", "0.6 LU softer", "as loud".
    static func louder(_ change: Double) -> String {
        let text = NumberText.fixed(change.magnitude, decimals: 1)
        return text == "0.0" ? "as loud" : "\(text) LU \(change > 0 ? "louder" : "softer")"
    }

    /// A gain of a few thousandths is not "0.00".
    static func gain(_ decibels: Double) -> String {
        NumberText.fixed(decibels.magnitude, decimals: decibels.magnitude < 0.095 ? 3 : 2) + " dB"
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)" + (number == 1 ? "" : "s") }

    /// "WAV, 24-bit PCM, 48000 Hz, stereo, 3:42.100".
    static func form(_ profile: FileProfile) -> String {
        let layout = profile.layoutName.isEmpty ? "\(profile.info.channelCount) channels" : profile.layoutName
        return "\(profile.info.container.rawValue), \(profile.encoding), \(profile.info.rate) Hz, \(layout), "
            + time(profile.durationSeconds)
    }

    // MARK: Sentences

    static func relation(_ relation: Relation) -> String {
        switch relation {
        case .identicalFiles: "bit-identical files"
        case .identicalSamples: "identical samples"
        case .withinTolerance: "within the tolerance"
        case .different: "different"
        }
    }

    /// Behind a number of pairs.
    private static func kind(_ relation: Relation) -> String {
        switch relation {
        case .identicalFiles: "bit-identical"
        case .identicalSamples: "with identical samples"
        case .withinTolerance: "within the tolerance"
        case .different: "different"
        }
    }

    /// "B is 0.50 dB louder throughout", "B is 1.00 dB louder in 11 of 20 s"; nil without one.
    static func gain(_ result: PairResult) -> String? {
        guard let gain = result.gain, gain.isConfident else { return nil }
        var parts: [String] = []
        let isThroughout = gain.fittingSecondCount == gain.secondCount
        let place = isThroughout ? "throughout" : "in \(gain.fittingSecondCount) of \(gain.secondCount) s"
        if gain.decibels.magnitude >= 0.0005 {
            parts.append("B is \(Self.gain(gain.decibels)) \(gain.decibels > 0 ? "louder" : "softer") \(place)")
        }
        if gain.isPolarityFlipped {
            parts.append("the polarity of B is flipped" + (isThroughout || !parts.isEmpty ? "" : " " + place))
        }
        return parts.joined(separator: ", and ")
    }

    /// Lengths and what only one file has, a line each.
    static func lengths(_ result: PairResult) -> [String] {
        result.extras.map { extra in
            let info = extra.side == .a ? result.first.info : result.second.info
            let seconds = Double(extra.frames.count) / Double(info.rate)
            let sound =
                extra.peakDecibels == -.infinity
                ? "digital silence" : "peak \(level(extra.peakDecibels, "dBFS"))"
            return "only \(extra.side == .a ? "A" : "B") has the \(extra.isHead ? "first" : "last") "
                + "\(NumberText.fixed(seconds, decimals: 3)) s (\(count(extra.frames.count, "frame")), \(sound))"
        }
    }

    /// Where A and B are files of another kind; nil where they are alike.
    static func depths(_ result: PairResult) -> String? {
        let (a, b) = (result.first, result.second)
        if a.info.channelCount != b.info.channelCount, result.incomparable == nil {
            let mono = a.info.channelCount == 1 ? "A" : "B"
            return "\(mono) is mono: compared with \(partner(result) ?? "both channels of the other")"
        }
        if result.hasOtherLoudspeakers {
            return "the channels are for other loudspeakers (A \(a.layoutName), B \(b.layoutName))"
        }
        guard a.encoding != b.encoding else { return nil }
        return "A is \(a.encoding), B \(b.encoding)"
    }

    /// What 64-bit floats leave open; nil where there are none, or where something differs.
    static func openness(_ result: PairResult) -> String? {
        result.isEqualAsFloats
            ? "equal as 32-bit floats, as which 64-bit floats are compared: what lies below is not known" : nil
    }

    /// What rounding to the coarser depth would leave, which is white: half a step, with dither up to two, between
    /// two dithers three; nil where the residual is more.
    static func rounding(_ result: PairResult) -> String? {
        guard let residual = result.residual, residual.peakDecibels > -.infinity,
            result.relation != .identicalSamples, !residual.hasStandingOctave,
            let bits = [result.first, result.second].filter({ !$0.info.format.isFloat }).compactMap(\.bitCount).min()
        else { return nil }
        let isAlike = result.first.encoding == result.second.encoding && result.matched == nil
        // B's steps are as wide as the gain makes them.
        let step = max(1, result.gain?.factor.magnitude ?? 1) / Double(1 << (bits - 1))
        let steps = PinnedMath.gain(decibels: residual.peakDecibels) / step - 1e-6
        guard bits <= 24, steps <= (isAlike ? 3 : 2) else { return nil }
        if isAlike { return "no more than other dither at \(bits) bits leaves" }
        return "no more than rounding to \(bits) bits \(steps <= 0.5 ? "" : "with dither ")leaves"
    }

    /// NaN and infinity, a line for each file.
    static func nonFinite(_ result: PairResult) -> [String] {
        [("A", result.first), ("B", result.second)].compactMap { name, profile in
            let found = profile.signal.nonFiniteSampleCount
            guard found > 0, let frame = profile.signal.firstNonFiniteFrame else { return nil }
            let channel = profile.signal.channels.firstIndex { $0.firstNonFiniteFrame == frame } ?? 0
            return "\(name) holds \(count(found, "sample")) that \(found == 1 ? "is" : "are") no number (NaN or "
                + "infinite), the first at frame \(frame), \(time(Double(frame) / Double(profile.info.rate))), "
                + "\(profile.channelName(channel)): render or export it again"
        }
    }

    /// "at frame 144000 (0:03.000), L: 0.123456 in A, 0.130001 in B".
    static func sample(_ sample: DifferingSample, _ result: PairResult) -> String {
        let other = sample.frameInB == sample.frame ? "" : ", frame \(sample.frameInB) of B"
        let stereo = result.first.info.channelCount >= result.second.info.channelCount ? result.first : result.second
        // 24 bits differ in the seventh decimal, 32 bits in the tenth.
        let decimals = (sample.valueA - sample.valueB).magnitude < 1e-7 ? 12 : 8
        let values = [sample.valueA, sample.valueB].map { NumberText.fixed($0, decimals: decimals) }
        return "frame \(sample.frame) (\(time(Double(sample.frame) / Double(result.first.info.rate)))\(other)), "
            + "\(stereo.channelName(sample.channel ?? 0)): \(values[0]) in A, \(values[1]) in B"
    }

    /// "1.8 LU louder, mostly above 5.6 kHz, residual peak -23.1 dBFS".
    static func region(_ region: ChangedRegion) -> String {
        var parts: [String] = []
        if let change = region.loudnessChange { parts.append(louder(change)) }
        if let band = region.band { parts.append(band.words) }
        parts.append("residual peak \(level(region.peakDecibels, "dBFS"))")
        return parts.joined(separator: ", ")
    }

    static func change(_ change: LoudnessChange) -> String {
        [louder(change.change), change.band?.words].compactMap { $0 }.joined(separator: ", ")
    }

    /// Those with the greatest residual, in the order of time.
    static func greatest(_ regions: [ChangedRegion], count: Int) -> [ChangedRegion] {
        guard regions.count > count else { return regions }
        return regions.sorted { ($0.peakDecibels, $1.startSeconds) > ($1.peakDecibels, $0.startSeconds) }
            .prefix(count).sorted { $0.startSeconds < $1.startSeconds }
    }

    /// Without those that the list of regions tells already.
    static func changes(_ result: PairResult) -> [LoudnessChange] {
        result.loudnessChanges.filter { change in
            !result.regions.contains { region in
                guard let told = region.loudnessChange else { return false }
                return abs(region.startSeconds - change.startSeconds) <= 0.3
                    && abs(region.endSeconds - change.endSeconds) <= 0.3 && abs(told - change.change) <= 1
            }
        }
    }

    /// Without words about loudness where the gain already told all.
    static func changesTitle(_ result: PairResult) -> String { "Louder or softer" + besides(result) }

    /// ", besides the gain"; empty without one.
    static func besides(_ result: PairResult) -> String {
        result.gain?.isConfident == true && result.gain?.decibels != 0 ? ", besides the gain" : ""
    }

    // MARK: Whole report

    /// What differs, in one line: "B is 0.50 dB louder throughout; 1 change".
    private static func essence(_ result: PairResult) -> String {
        guard let residual = result.residual else { return "other rates or channels" }
        var parts: [String] = []
        if !nonFinite(result).isEmpty { parts.append("samples that are no number") }
        let isPlaced = result.alignment?.lagFrames ?? 0 != 0 || result.placement != nil
        if isPlaced { parts += timings(result) }
        parts += channels(result)
        if let text = gain(result) { parts.append(text) }
        if result.extras.contains(where: { !$0.isHead }) { parts.append("the lengths differ") }
        if result.hasOtherLoudspeakers { parts.append("the channels are for other loudspeakers") }
        if result.isEqualAsFloats { parts.append("equal as 32-bit floats, not known to be identical") }
        if !result.regions.isEmpty {
            parts.append(
                "\(count(result.regionCount, "change")), residual peak \(level(residual.peakDecibels, "dBFS"))")
        } else if residual.peakDecibels > -.infinity {
            parts.append("nothing \(parts.isEmpty ? "" : "else ")above \(level(result.thresholdDecibels, "dBFS"))")
        }
        return parts.isEmpty ? "the channels differ" : parts.joined(separator: "; ")
    }

    static func summary(_ report: ComparisonReport) -> String {
        guard report.failures.isEmpty else {
            return "NOT COMPARED: " + (report.failures.count == 1 ? "one thing" : "\(report.failures.count) things")
                + " could not be compared"
        }
        if report.pairs.count == 1, report.onlyInA.isEmpty, report.onlyInB.isEmpty, report.passedOver.isEmpty,
            let pair = report.pairs.first, let relation = pair.relation
        {
            let word = Self.relation(relation).uppercased()
            guard relation == .different, case .compared(let result) = pair.outcome else { return word }
            return word + ": " + essence(result)
        }
        var parts = Relation.allCases.compactMap { relation -> String? in
            let number = report.count(relation)
            return number == 0 ? nil : "\(number) \(kind(relation))"
        }
        if !report.onlyInA.isEmpty { parts.append("\(report.onlyInA.count) only in A") }
        if !report.onlyInB.isEmpty { parts.append("\(report.onlyInB.count) only in B") }
        if !report.passedOver.isEmpty { parts.append("\(report.passedOver.count) not looked at") }
        if parts.isEmpty { parts.append("nothing to compare") }
        return (report.isSame ? "SAME: " : "DIFFERENT: ") + parts.joined(separator: ", ")
    }
}
