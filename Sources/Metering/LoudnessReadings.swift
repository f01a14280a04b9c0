package import Quantities
internal import SignalProcessing

/// A scale of a loudness meter.
package enum LoudnessScale: Sendable, Hashable, CaseIterable {
    case integrated, momentary, shortTerm, range

    /// What a song must last at least to have a reading: 400 ms or 3 s.
    package var neededMilliseconds: Int {
        switch self {
        case .integrated, .momentary: 400
        case .shortTerm, .range: 3000
        }
    }
}

/// Why a scale has no reading.
package enum Unmeasurable: Sendable, Hashable {
    /// The song is shorter than the scale's window.
    case shorterThan(milliseconds: Int)
    /// All of it lies below the absolute gate of -70 LUFS (integrated, range) or is silence (momentary, short-term).
    case silent
    /// A sample is NaN or infinite.
    case nonFinite
}

/// A greatest loudness, with the window that has it: the first one, where several have.
package struct TimedLoudness: Sendable, Hashable {
    package let loudness: LUFS
    /// The window's frames: 400 ms or 3 s of the song.
    package let frames: FrameRange
}

/// The peaks of one channel.
package struct ChannelPeaks: Sendable, Hashable {
    /// Relative to full scale; `-inf` for silence.
    package let sample: Decibels
    /// `-inf` for silence; never below the sample peak.
    package let truePeak: DecibelsTruePeak
    /// The first frame with a point at the true peak; nil for silence, and where the meter was not asked for it
    /// (`LoudnessAnalyzer.overThreshold`).
    package let truePeakFrame: Int?
}

extension LoudnessSummary {
    /// Why a scale has no reading; nil where it has one.
    package func unmeasurable(_ scale: LoudnessScale) -> Unmeasurable? {
        if nonFiniteSampleCount > 0 { return .nonFinite }
        let reading: Double? =
            switch scale {
            case .integrated: integrated?.value
            case .momentary: momentaryMaximum?.value
            case .shortTerm: shortTermMaximum?.value
            case .range: rangeLoudnessUnits
            }
        guard reading == nil else { return nil }
        return frameCount * 1000 < scale.neededMilliseconds * rateHertz
            ? .shorterThan(milliseconds: scale.neededMilliseconds) : .silent
    }

    /// Whether the song lasts the 60 s that EBU Tech 3341 asks for before it calls a loudness range stable.
    package var isRangeStable: Bool { frameCount >= 60 * rateHertz }

    /// The greatest loudness of any 400 ms, at steps of 10 ms, and where it lies.
    package var momentaryMaximumWindow: TimedLoudness? { maximumWindow(over: Loudness.momentaryHopCount) }

    /// The greatest loudness of any 3 s, at steps of 10 ms, and where it lies.
    package var shortTermMaximumWindow: TimedLoudness? { maximumWindow(over: Loudness.shortTermHopCount) }

    /// One per channel; nil when there are no frames, or a sample is NaN or infinite.
    package var channelPeaks: [ChannelPeaks]? {
        guard frameCount > 0, nonFiniteSampleCount == 0 else { return nil }
        return (0..<channelCount).map { channel in
            let frame = truePeakFrames[channel]
            return ChannelPeaks(
                sample: Decibels(PinnedMath.decibels(gain: Double(samplePeaks[channel]))),
                truePeak: DecibelsTruePeak(PinnedMath.decibels(gain: Double(truePeaks[channel]))),
                truePeakFrame: frame < 0 ? nil : frame)
        }
    }

    /// Peak to loudness ratio in LU: the greatest true peak of any channel over the integrated loudness.
    package var peakToLoudnessRatio: Double? {
        guard let truePeak, let integrated, truePeak.value > -.infinity else { return nil }
        return truePeak.value - integrated.value
    }

    /// The least peak to short-term loudness ratio in LU, and where: of every 3 s at 10 Hz that is not below
    /// -70 LUFS, its greatest sample of any channel over its loudness.
    ///
    /// Published definitions take true peaks, which lie up to a few tenths of a decibel higher in dense music.
    /// Nil when no 3 s are left, and when the meter was not asked for details (`LoudnessAnalyzer.overThreshold`).
    package var peakToShortTermMinimum: (ratioLoudnessUnits: Double, frames: FrameRange)? {
        let hopCount = Loudness.shortTermHopCount
        guard nonFiniteSampleCount == 0, !hopPeaks.isEmpty else { return nil }
        let tens = stride(from: 0, through: hopPeaks.count - 10, by: 10).map { start in
            hopPeaks[start..<start + 10].reduce(0, max)
        }
        var least: (ratio: Double, start: Int)?
        for (index, power) in powers(over: hopCount, every: 10).enumerated() where power > 0 {
            let loudness = Loudness.level(power).value
            guard loudness >= -70 else { continue }
            let peak = tens[index..<index + hopCount / 10].reduce(0, max)
            let ratio = PinnedMath.decibels(gain: Double(peak)) - loudness
            if least.map({ ratio < $0.ratio }) ?? true { least = (ratio, 10 * index) }
        }
        return least.map { ($0.ratio, frames(fromHop: $0.start, hopCount: hopCount)) }
    }

    private func maximumWindow(over hopCount: Int) -> TimedLoudness? {
        guard nonFiniteSampleCount == 0 else { return nil }
        var (greatest, start) = (0.0, 0)
        for (hop, power) in powers(over: hopCount, every: 1).enumerated() where power > greatest {
            (greatest, start) = (power, hop)
        }
        guard greatest > 0 else { return nil }
        return TimedLoudness(
            loudness: Loudness.level(greatest), frames: frames(fromHop: start, hopCount: hopCount))
    }

    private func frames(fromHop hop: Int, hopCount: Int) -> FrameRange {
        let hopFrameCount = rateHertz / LoudnessAnalyzer.hopsPerSecond
        return FrameRange(start: hop * hopFrameCount, count: hopCount * hopFrameCount)
    }
}
