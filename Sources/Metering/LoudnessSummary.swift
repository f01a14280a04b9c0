package import Quantities
internal import SignalProcessing

/// The loudness and the peaks of a song, folded from the measurements of its windows in order.
///
/// Values are nil where they cannot be measured: too short, below the absolute gate throughout, or with a
/// sample that was NaN or infinite. Nothing is rounded. Mono is measured as it is, one channel of weight 1:
/// 3.01 LU below the same signal on two channels.
///
/// An incomplete hop of 10 ms at the end is not part of any loudness value.
package struct LoudnessSummary: Sendable {
    package let rateHertz: Int
    package let channelCount: Int
    /// Frames folded so far.
    package private(set) var frameCount = 0
    /// The greatest sample magnitude per channel; 1 is full scale.
    package private(set) var samplePeaks: [Float]
    /// The greatest interpolated magnitude per channel.
    package private(set) var truePeaks: [Float]
    /// The last frame of the song with a sample above -100 dBFS; -1 when there is none.
    package private(set) var lastFrameAboveFloor = -1
    /// NaN and infinite samples.
    package private(set) var nonFiniteSampleCount = 0

    /// The threshold of the measurements folded so far; nil when they looked for no overs, and then the
    /// following are empty.
    package private(set) var overThreshold: Float?
    /// The first frame of each channel with a point at its true peak; -1 for silence.
    package private(set) var truePeakFrames: [Int]
    /// The overs of all channels together, those that are not kept included.
    package private(set) var overCount = 0
    /// Per channel the first overs.
    private var channelOvers: [[TruePeakOver]]
    /// The last over of each channel, which the next one may belong to.
    private var lastOvers: [TruePeakOver?]
    /// Per hop, the greatest sample of any channel.
    private(set) var hopPeaks: [Float] = []

    /// Per hop, the sum over channels of weighted energies.
    private var hopEnergies: [Double] = []
    private let channelWeights: [Double]

    /// The most overs that a summary keeps.
    package static let keptOverCount = 1000

    /// An empty song.
    ///
    /// - Parameter channelWeights: one per channel, BS.1770-5 Table 3: 1 for front channels, 1.41 for
    ///   surround channels at the sides, 0 for LFE. For one and two channels, nil means 1.
    package init(rateHertz: Int, channelCount: Int, channelWeights: [Double]? = nil) {
        precondition(LoudnessAnalyzer.isSupported(rateHertz: rateHertz), "the rate has no hop of 10 ms")
        precondition(channelWeights != nil || channelCount <= 2, "more than two channels need weights")
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.channelWeights = channelWeights ?? [Double](repeating: 1, count: channelCount)
        precondition(self.channelWeights.count == channelCount, "one weight per channel")
        samplePeaks = [Float](repeating: 0, count: channelCount)
        truePeaks = samplePeaks
        truePeakFrames = [Int](repeating: -1, count: channelCount)
        channelOvers = [[TruePeakOver]](repeating: [], count: channelCount)
        lastOvers = [TruePeakOver?](repeating: nil, count: channelCount)
    }

    /// An empty song of a known layout.
    package init(rateHertz: Int, layout: ChannelLayout, mono: MonoLoudness = .asIs) {
        self.init(
            rateHertz: rateHertz, channelCount: layout.channelCount, channelWeights: layout.weights(mono: mono))
    }

    /// Adds the next window of the song.
    ///
    /// - Throws: `outOfPlace` when it cannot be the next one; the summary is then unchanged.
    package mutating func append(_ segment: SegmentMeasurement) throws(MeasurementError) {
        let hopFrameCount = rateHertz / LoudnessAnalyzer.hopsPerSecond
        let end = frameCount + segment.frameCount
        guard segment.rateHertz == rateHertz, segment.channelCount == channelCount,
            segment.hopCount == end / hopFrameCount - frameCount / hopFrameCount,
            hopEnergies.count == frameCount / hopFrameCount,
            frameCount == 0 || segment.overThreshold == overThreshold
        else { throw .outOfPlace }
        overThreshold = segment.overThreshold
        for hop in 0..<segment.hopCount {
            var sum = 0.0
            for channel in 0..<channelCount {
                sum += channelWeights[channel] * segment.hopEnergies[channel * segment.hopCount + hop]
            }
            hopEnergies.append(sum)
        }
        for channel in 0..<channelCount {
            samplePeaks[channel] = max(samplePeaks[channel], segment.samplePeaks[channel])
            if overThreshold != nil, segment.truePeaks[channel] > truePeaks[channel] {
                truePeakFrames[channel] = frameCount + segment.truePeakFrames[channel]
            }
            truePeaks[channel] = max(truePeaks[channel], segment.truePeaks[channel])
        }
        if segment.lastFrameAboveFloor >= 0 {
            lastFrameAboveFloor = frameCount + segment.lastFrameAboveFloor
        }
        nonFiniteSampleCount += segment.nonFiniteSampleCount
        hopPeaks += segment.hopPeaks
        for over in segment.overs { take(over.shifted(by: frameCount), hopFrameCount: hopFrameCount) }
        frameCount = end
    }

    private mutating func take(_ over: TruePeakOver, hopFrameCount: Int) {
        let channel = over.channel
        let kept = channelOvers[channel].count
        if lastOvers[channel]?.merge(over, hopFrameCount: hopFrameCount) ?? false {
            if let last = lastOvers[channel], channelOvers[channel].last?.startFrame == last.startFrame {
                channelOvers[channel][kept - 1] = last
            }
            return
        }
        overCount += 1
        lastOvers[channel] = over
        if kept < Self.keptOverCount { channelOvers[channel].append(over) }
    }

    /// Where the true peak lies above the threshold: the first 1000 such stretches, in the order of their first
    /// frame and then of channels. `overCount` counts them all.
    package var overs: [TruePeakOver] {
        let all = channelOvers.flatMap { $0 }.sorted { ($0.startFrame, $0.channel) < ($1.startFrame, $1.channel) }
        return Array(all.prefix(Self.keptOverCount))
    }

    /// Forgets the loudness of everything from `frameCount` on. Peaks stay as they are: a song is cut where
    /// nothing above -100 dBFS follows.
    package mutating func truncate(toFrameCount count: Int) {
        precondition(count >= 0, "a song has no negative length")
        guard count < frameCount else { return }
        frameCount = count
        let hopCount = count / (rateHertz / LoudnessAnalyzer.hopsPerSecond)
        hopEnergies.removeSubrange(hopCount...)
        if !hopPeaks.isEmpty { hopPeaks.removeSubrange(hopCount...) }
        lastFrameAboveFloor = min(lastFrameAboveFloor, count - 1)
    }

    /// Integrated loudness: BS.1770-5 Annex 1 with both gates. Needs 400 ms.
    package var integrated: LUFS? { Self.integrated(pooling: [self]) }

    /// The integrated loudness of an album: the gating blocks of all songs under one relative gate, without
    /// the gaps.
    ///
    /// Nil when no block is above the gates, or when any song holds non-finite samples.
    package static func integrated(pooling songs: [LoudnessSummary]) -> LUFS? {
        guard songs.allSatisfy({ $0.nonFiniteSampleCount == 0 }) else { return nil }
        let blocks = songs.flatMap { $0.powers(over: Loudness.momentaryHopCount, every: 10) }
        return Loudness.gated(blocks: blocks)
    }

    /// The greatest loudness of any 400 ms, at steps of 10 ms (EBU Tech 3341).
    package var momentaryMaximum: LUFS? { maximum(over: Loudness.momentaryHopCount) }

    /// The greatest loudness of any 3 s, at steps of 10 ms (EBU Tech 3341).
    package var shortTermMaximum: LUFS? { maximum(over: Loudness.shortTermHopCount) }

    /// The loudness range in LU (EBU Tech 3342) of 3 s windows at 10 Hz, all inside the song. Needs 3 s.
    package var rangeLoudnessUnits: Double? {
        guard nonFiniteSampleCount == 0 else { return nil }
        return Loudness.range(powers(over: Loudness.shortTermHopCount, every: 10))
    }

    /// The greatest true peak of any channel, `-inf` for silence; never below the sample peak.
    package var truePeak: DecibelsTruePeak? {
        guard frameCount > 0, nonFiniteSampleCount == 0, let peak = truePeaks.max() else { return nil }
        return DecibelsTruePeak(PinnedMath.decibels(gain: Double(peak)))
    }

    /// The greatest sample of any channel, relative to full scale; `-inf` for silence.
    package var samplePeak: Decibels? {
        guard frameCount > 0, nonFiniteSampleCount == 0, let peak = samplePeaks.max() else { return nil }
        return Decibels(PinnedMath.decibels(gain: Double(peak)))
    }

    /// Momentary loudness over time: element i is that of the 400 ms from i * `everyHops` * 10 ms on.
    package func momentaryCurve(everyHops stride: Int) -> [LUFS] {
        powers(over: Loudness.momentaryHopCount, every: stride).map(Loudness.level)
    }

    /// Short-term loudness over time: element i is that of the 3 s from i * `everyHops` * 10 ms on.
    package func shortTermCurve(everyHops stride: Int) -> [LUFS] {
        powers(over: Loudness.shortTermHopCount, every: stride).map(Loudness.level)
    }

    private func maximum(over hopCount: Int) -> LUFS? {
        guard nonFiniteSampleCount == 0, let power = powers(over: hopCount, every: 1).max(), power > 0 else {
            return nil
        }
        return Loudness.level(power)
    }

    /// The mean squares of all whole windows of `hopCount` hops, a multiple of ten, at steps of `step` hops.
    ///
    /// Each is a sum of sums over ten hops, never a running sum, so it depends on its own hops alone.
    func powers(over hopCount: Int, every step: Int) -> [Double] {
        precondition(step > 0, "a step is at least one hop")
        guard hopEnergies.count >= hopCount else { return [] }
        let scale = 1 / Double(hopCount * (rateHertz / LoudnessAnalyzer.hopsPerSecond))
        let tens = (0...hopEnergies.count - 10).map { start in
            var sum = hopEnergies[start]
            for hop in start + 1..<start + 10 { sum += hopEnergies[hop] }
            return sum
        }
        return stride(from: 0, through: hopEnergies.count - hopCount, by: step).map { start in
            var sum = tens[start]
            var ten = start + 10
            while ten < start + hopCount {
                sum += tens[ten]
                ten += 10
            }
            return sum * scale
        }
    }
}
