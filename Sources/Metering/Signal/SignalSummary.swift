package import Quantities
internal import SignalProcessing

/// Levels, faults, stereo image and spectrum of a song, folded from the records of its seconds in order.
///
/// Values are nil where they cannot be measured. Nothing is rounded but `dynamicRange`. Levels are relative to a
/// full-scale sine (AES17): a sine of peak 1 reads 0 dBFS.
package struct SignalSummary: Sendable {
    package let rateHertz: Int
    package let channelCount: Int
    /// Frames folded so far.
    package private(set) var frameCount = 0
    package private(set) var channels: [ChannelSignal]

    private var zeroRuns: RunFold
    private var quietRuns: RunFold
    private(set) var seconds: [Second] = []
    /// Sums over seconds of powers times frames.
    private(set) var linePowers = [Double](repeating: 0, count: OctaveSpectrum.lineCount)
    private(set) var lineFrameCount = 0

    /// What is kept of one second, for curves.
    struct Second: Sendable {
        var frameCount: Int
        var peak: Float
        /// Summed over channels.
        var squares: Double
        /// Of the first two channels.
        var (left, right, product): (Double, Double, Double)
        var spectrum: OctaveSpectrum.Result?
    }

    /// An empty song.
    package init(rateHertz: Int, channelCount: Int) {
        precondition((8000...768_000).contains(rateHertz), "8 to 768 kHz")
        precondition((1...SegmentMeasurement.maximumChannelCount).contains(channelCount), "1 to 64 channels")
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        channels = [ChannelSignal](repeating: ChannelSignal(rateHertz: rateHertz), count: channelCount)
        let least = SignalAnalyzer.leastSilenceFrameCount(rateHertz: rateHertz)
        zeroRuns = RunFold(minimumFrameCount: least)
        quietRuns = RunFold(minimumFrameCount: least)
    }

    /// Adds the next second of the song.
    ///
    /// - Throws: `outOfPlace` when it cannot be the next one: another rate, channel count or place, or after an
    ///   incomplete second. The summary is then unchanged.
    package mutating func append(_ second: SignalSecond) throws(MeasurementError) {
        guard second.rateHertz == rateHertz, second.channelCount == channelCount, second.second == seconds.count,
            frameCount == seconds.count * rateHertz,
            seconds.isEmpty || (seconds[0].spectrum == nil) == (second.spectrum == nil)
        else { throw .outOfPlace }
        var kept = Second(
            frameCount: second.frameCount, peak: 0, squares: 0, left: second.channels[0].squares,
            right: channelCount > 1 ? second.channels[1].squares : 0, product: second.product,
            spectrum: second.spectrum)
        for channel in 0..<channelCount {
            let record = second.channels[channel]
            channels[channel].append(record, secondFrameCount: second.frameCount)
            kept.peak = max(kept.peak, record.peak)
            kept.squares += record.squares
        }
        zeroRuns.append(second.zeroRuns, secondFrameCount: second.frameCount)
        quietRuns.append(second.quietRuns, secondFrameCount: second.frameCount)
        if let lines = second.spectrum?.linePowers, !lines.isEmpty {
            for line in lines.indices {
                linePowers[line] = linePowers[line].addingProduct(lines[line], Double(second.frameCount))
            }
            lineFrameCount += second.frameCount
            // Summed already, and most of the memory.
            kept.spectrum?.linePowers = []
        }
        seconds.append(kept)
        frameCount += second.frameCount
    }
}

// MARK: - Faults and silence

extension SignalSummary {
    /// NaN and infinite samples of all channels; they count as silence in everything else.
    package var nonFiniteSampleCount: Int { channels.reduce(0) { $0 + $1.nonFiniteSampleCount } }

    /// The first frame with such a sample.
    package var firstNonFiniteFrame: Int? { channels.compactMap(\.firstNonFiniteFrame).min() }

    /// Of the finest channel.
    package var bitDepth: BitDepth {
        BitDepth(activeBits: channels.reduce(UInt32?.some(0)) { $1.activeBits(with: $0) })
    }

    /// Frames before the first with a sample above -80 dBFS in any channel; all of them for a silent song.
    package var headSilenceFrameCount: Int { quietRuns.head.frameCount }
    /// Frames after the last with such a sample.
    package var tailSilenceFrameCount: Int { quietRuns.tail.frameCount }
    /// Frames before the first with a sample that is not 0.
    package var headDigitalSilenceFrameCount: Int { zeroRuns.head.frameCount }
    /// Frames after the last with such a sample.
    package var tailDigitalSilenceFrameCount: Int { zeroRuns.tail.frameCount }

    /// The longest stretch of 5 ms or more, neither at the head nor at the tail, with no sample above -80 dBFS.
    package var longestInnerSilence: SampleRun? { quietRuns.longestInner }
    /// The longest such stretch of zeros: a drop-out, or an edit.
    package var longestDropOut: SampleRun? { zeroRuns.longestInner }

    /// "DR" after the Pleasurize Music Foundation's v1.3 (2009): the mean over channels, rounded. Silent channels are
    /// left out. Nil below 3 s.
    package var dynamicRange: Int? {
        let values = channels.compactMap { $0.dynamicRange?.value }
        guard !values.isEmpty else { return nil }
        return Int((values.reduce(0, +) / Double(values.count)).rounded(.toNearestOrAwayFromZero))
    }
}

// MARK: - Curves

extension SignalSummary {
    /// Seconds folded so far; the last may be incomplete.
    package var secondCount: Int { seconds.count }

    /// The root mean square of all channels in one second, in dBFS (AES17); -infinity for silence.
    package func rms(second: Int) -> Decibels {
        let count = Double(seconds[second].frameCount * channelCount)
        return Decibels(10 * PinnedMath.log10(2 * seconds[second].squares / count))
    }

    /// The greatest sample magnitude of all channels in one second; 1 is full scale.
    package func samplePeak(second: Int) -> Float { seconds[second].peak }

    /// The correlation of the first two channels in one second, -1 to 1; nil for mono, and where one is silent.
    package func correlation(second: Int) -> Double? { StereoSums(seconds[second...second]).correlation }
}
