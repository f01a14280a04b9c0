package import Quantities
internal import SignalProcessing

/// How finely samples are resolved.
package enum BitDepth: Sendable, Hashable {
    /// Digital silence.
    case silence
    /// All samples are multiples of 2^(1 - bits): 16 for a 16-bit file, in whatever container; 1 to 24.
    case integer(Int)
    /// A sample is finer than 24 bits, or beyond full scale.
    case float
}

/// What `SignalSummary` holds of one channel.
///
/// Levels are relative to a full-scale sine (AES17): a sine of peak 1 reads 0 dBFS, a square wave +3.01 dBFS. Peaks
/// are relative to the sample value 1.
package struct ChannelSignal: Sendable {
    /// The greatest sample magnitude; 1 is full scale.
    package private(set) var samplePeak: Float = 0
    /// The first frame that has it; nil for silence.
    package private(set) var samplePeakFrame: Int?
    /// NaN and infinite samples; they count as silence in everything else.
    package private(set) var nonFiniteSampleCount = 0
    package private(set) var firstNonFiniteFrame: Int?

    private var frameCount = 0
    private var sum = 0.0
    private var squares = 0.0
    private var activeBits: UInt32? = 0
    private var range: RangeFold
    private var fullScale = [RunFold](repeating: RunFold(minimumFrameCount: minimumRun), count: 2)
    private var ceilings = [RunFold](repeating: RunFold(minimumFrameCount: minimumRun), count: 2)
    /// The greatest sample, and the least with its sign changed.
    private var extremes: [Float] = [0, 0]

    private static let minimumRun = SignalAnalyzer.clipRunFrameCount

    init(rateHertz: Int) { range = RangeFold(rateHertz: rateHertz) }

    mutating func append(_ second: ChannelSecond, secondFrameCount: Int) {
        if second.peak > samplePeak {
            samplePeak = second.peak
            samplePeakFrame = frameCount + second.peakFrame
        }
        if second.nonFiniteCount > 0, firstNonFiniteFrame == nil {
            firstNonFiniteFrame = frameCount + second.firstNonFiniteFrame
        }
        nonFiniteSampleCount += second.nonFiniteCount
        sum += second.sum
        for part in second.parts {
            squares += part.squares
            range.append(part)
        }
        if let bits = activeBits, let more = second.activeBits { activeBits = bits | more } else { activeBits = nil }
        for (side, extreme) in [second.greatest, -second.least].enumerated() {
            fullScale[side].append(second.fullScaleRuns[side], secondFrameCount: secondFrameCount)
            if extreme > extremes[side] {
                extremes[side] = extreme
                ceilings[side].restart()
            }
            if extreme == extremes[side] {
                ceilings[side].append(second.ceilingRuns[side], secondFrameCount: secondFrameCount)
            } else {
                ceilings[side].skip(secondFrameCount: secondFrameCount)
            }
        }
        frameCount += secondFrameCount
    }

    /// In dBFS relative to the sample value 1.
    package var samplePeakLevel: Decibels { Decibels(PinnedMath.decibels(gain: Double(samplePeak))) }

    /// The root mean square in dBFS (AES17); nil without frames, -infinity for silence.
    package var rms: Decibels? {
        frameCount == 0 ? nil : Decibels(10 * PinnedMath.log10(2 * squares / Double(frameCount)))
    }

    /// Peak over root mean square in dB: 3.01 for a sine, 0 for a square wave; nil for silence.
    package var crestFactor: Decibels? {
        guard squares > 0 else { return nil }
        let peak = Double(samplePeak)
        return Decibels(10 * PinnedMath.log10(peak * peak * Double(frameCount) / squares))
    }

    /// The mean of all samples, -1 to 1; nil without frames.
    package var offset: Double? { frameCount == 0 ? nil : sum / Double(frameCount) }

    /// The magnitude of the offset in dB relative to the sample value 1; -infinity for none.
    package var offsetLevel: Decibels? { offset.map { Decibels(PinnedMath.decibels(gain: $0.magnitude)) } }

    /// Runs of three or more consecutive samples of one sign whose magnitude is at least 32767 / 32768.
    package var clipRuns: SampleRuns { fullScale[0].runs.merged(with: fullScale[1].runs) }

    /// Runs of three or more consecutive samples equal to the greatest or the least sample of the channel, where that
    /// is below full scale but not below -20 dBFS: what clipping leaves behind when a gain follows it. Slow tones in
    /// coarse samples have such runs too.
    package var flatTopRuns: SampleRuns { ceilings[0].runs.merged(with: ceilings[1].runs) }

    package var bitDepth: BitDepth { BitDepth(activeBits: activeBits) }

    /// Not rounded; see `SignalSummary.dynamicRange`. Nil below 3 s, and for silence.
    package var dynamicRange: Decibels? { range.decibels.map { Decibels($0) } }

    /// For the whole song: nil where this channel alone makes the samples floating-point.
    func activeBits(with others: UInt32?) -> UInt32? {
        guard let others, let activeBits else { return nil }
        return others | activeBits
    }
}

extension BitDepth {
    init(activeBits: UInt32?) {
        guard let activeBits else {
            self = .float
            return
        }
        self = activeBits == 0 ? .silence : .integer(24 - activeBits.trailingZeroBitCount)
    }
}
