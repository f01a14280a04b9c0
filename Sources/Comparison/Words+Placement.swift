import LoudnessChecks
import Quantities
import SoundFiles

/// Sentences about B's channels and its place in time.
extension Words {
    /// "B is 480 frames (10.000 ms) later", "from 1:30.200 on B is 1234 frames (25.708 ms) later"; empty without an
    /// offset.
    static func timings(_ result: PairResult) -> [String] {
        guard let alignment = result.alignment else { return [] }
        let rate = Double(result.first.info.rate)
        if let sections = result.placement?.sections, !sections.isEmpty {
            let more = "the offset changes again after that: more changes of the offset than these are not followed"
            return self.sections(sections, rate: rate) + (result.placement?.hasMoreSections == true ? [more] : [])
        }
        var lines: [String] = []
        let fraction = result.placement?.fractionFrames ?? 0
        let drift = result.placement?.drift
        if alignment.lagFrames != 0 || fraction != 0 {
            lines.append(later(Double(alignment.lagFrames) + fraction, rate: rate))
        } else if drift == nil, !alignment.isConfident, result.aligned?.first != nil,
            alignment.greatestCorrelation > 0, result.restored == nil
        {
            // Equal sound needs no other place, and silence has none.
            lines.append(
                "no offset fits well enough (correlation "
                    + "\(NumberText.fixed(alignment.greatestCorrelation, decimals: 2))): compared as the files stand")
        }
        if let drift {
            let speed = NumberText.fixed(drift.partsPerMillion.magnitude, decimals: 1)
            lines.append(
                "B drifts: its offset goes from \(signed(drift.startLagFrames)) to "
                    + "\(signed(drift.endLagFrames)) frames, \(speed) millionths "
                    + (drift.partsPerMillion > 0 ? "slower" : "faster"))
        }
        return lines
    }

    private static func sections(_ sections: [TimeSection], rate: Double) -> [String] {
        sections.indices.compactMap { index in
            let section = sections[index]
            let place =
                section.lagFrames == 0
                ? "B stands where A does" : later(Double(section.lagFrames), rate: rate)
            guard index > 0 else { return section.lagFrames == 0 ? nil : "at first " + place }
            let change = section.lagFrames - sections[index - 1].lagFrames
            return "from \(time(Double(section.frame) / rate)) on \(place): "
                + "\(count(Int(change.magnitude), "frame")) before it \(change.magnitude == 1 ? "is" : "are") only in "
                + (change > 0 ? "B" : "A")
        }
    }

    /// "B is 0.37 frames (0.008 ms) later".
    private static func later(_ frames: Double, rate: Double) -> String {
        let isWhole = frames == frames.rounded()
        let number =
            isWhole
            ? count(Int(frames.magnitude), "frame") : NumberText.fixed(frames.magnitude, decimals: 2) + " frames"
        let milliseconds = NumberText.fixed(1000 * frames.magnitude / rate, decimals: isWhole ? 3 : 4)
        return "B is \(number) (\(milliseconds) ms) \(frames > 0 ? "later" : "earlier")"
    }

    /// "the right channel of B is inverted"; a line for each finding.
    static func channels(_ result: PairResult) -> [String] {
        guard let placement = result.placement else { return [] }
        let isThroughout = placement.fittingSecondCount == placement.secondCount
        let place = isThroughout ? "" : ", in \(placement.fittingSecondCount) of \(placement.secondCount) s"
        return placement.channels.map { finding in
            // What is silent is so in the whole file.
            channel(finding, result) + (finding.kind == .silent ? "" : place)
        }
    }

    static func channel(_ finding: ChannelFinding, _ result: PairResult) -> String {
        let isFirst = finding.side == .a
        let (own, other) = isFirst ? (result.first, result.second) : (result.second, result.first)
        let (name, otherName) = isFirst ? ("A", "B") : ("B", "A")
        let channel = self.channel(finding.channel, of: own)
        let source = source(finding, otherName, other)
        switch finding.kind {
        case .inverted: return "\(channel) of \(name) is inverted"
        case .silent: return "\(channel) is silent in \(name)"
        case .moved: return "\(channel) of \(name) is \(source ?? otherName)"
        case .swapped:
            guard own.info.channelCount > 2, let partner = finding.other else {
                return "the channels of \(name) are swapped"
            }
            return "channels \(finding.channel + 1) and \(partner + 1) of \(name) are swapped"
        case .dualMono: return "both channels of \(name) are \(source ?? "the same")"
        case .mono: return "the one channel of \(name) is \(source ?? "mono")"
        }
    }

    /// "A's left", "B's channels mixed to mono"; nil where nothing is known.
    private static func source(_ finding: ChannelFinding, _ name: String, _ profile: FileProfile) -> String? {
        if finding.isMixed { return "\(name)'s channels mixed to mono" }
        return finding.other.map { index in
            profile.info.channelCount == 1 ? "\(name)'s one" : "\(name)'s \(side(index, of: profile))"
        }
    }

    /// What of a stereo file the one channel of the other was compared with; nil where it is all of it.
    static func partner(_ result: PairResult) -> String? {
        guard result.restored != nil, let placement = result.placement, placement.routes != nil,
            let finding = placement.channels.first(where: { $0.kind == .mono })
        else { return nil }
        return finding.side == .a ? source(finding, "B", result.second) : source(finding, "A", result.first)
    }

    private static func channel(_ index: Int, of profile: FileProfile) -> String {
        switch profile.info.channelCount {
        case 1: "the one channel"
        case 2: "the \(side(index, of: profile)) channel"
        default: side(index, of: profile)
        }
    }

    private static func side(_ index: Int, of profile: FileProfile) -> String {
        profile.info.channelCount == 2 ? (index == 0 ? "left" : "right") : "channel \(index + 1)"
    }

    /// "with the channels put right", behind a residual.
    static func undone(_ placement: Placement) -> String {
        var parts: [String] = []
        if placement.routes != nil {
            let isSilence = !placement.channels.isEmpty && placement.channels.allSatisfy { $0.kind == .silent }
            let channels = placement.channels.count == 1 ? "channel" : "channels"
            parts.append(isSilence ? "without the silent \(channels)" : "with the channels put right")
        }
        if !placement.sections.isEmpty { parts.append("with each stretch at its place") }
        if placement.fractionFrames != 0 { parts.append("with the part of a frame taken out") }
        return parts.joined(separator: ", ")
    }
}
