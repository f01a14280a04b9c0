/// Why a measurement could not be read or folded.
package enum MeasurementError: Error, Equatable {
    /// The bytes are not what `SegmentMeasurement.bytes` writes.
    case malformed
    /// The measurement has another rate or channel count, or does not begin where the one before it ended.
    case outOfPlace
}

/// What a meter found in one window of a song: everything that loudness, peaks and the song's audible end are
/// later computed from, without the audio.
///
/// Hops lie on the song's own grid of 10 ms, whatever the windows are; a hop belongs to the window in which
/// it ends. Two measurements of the same song that cut it differently hold the same hops, bit for bit.
package struct SegmentMeasurement: Sendable, Hashable {
    package let rateHertz: Int
    package let channelCount: Int
    /// Frames in the window.
    package let frameCount: Int
    package let oversampling: Oversampling
    /// Hops that end inside the window.
    package let hopCount: Int
    /// Sums of squares after K-weighting, without channel weights: all hops of channel 0, then those of
    /// channel 1...
    package let hopEnergies: [Double]
    /// The greatest sample magnitude of each channel; 1 is full scale.
    package let samplePeaks: [Float]
    /// The greatest interpolated magnitude of each channel, at least its sample peak.
    package let truePeaks: [Float]
    /// The last frame, counted from the window's start, with a sample above -100 dBFS; -1 when there is none.
    package let lastFrameAboveFloor: Int
    /// NaN and infinite samples in the window; they were measured as silence.
    package let nonFiniteSampleCount: Int

    /// The meter's threshold for overs; nil when it looked for none, and then the following are empty.
    package let overThreshold: Float?
    /// The first frame of each channel, counted from the window's start, with a point at its true peak; -1 for
    /// silence and for a window without frames.
    package let truePeakFrames: [Int]
    /// Channel after channel, in the order of time, counted from the window's start.
    package let overs: [TruePeakOver]
    /// The greatest sample magnitude of any channel in each hop.
    package let hopPeaks: [Float]

    /// -100 dBFS: what lies at or below it at the end of a song is cut off.
    package static let floorGain: Float = 1e-5
    /// The most channels that a measurement has.
    package static let maximumChannelCount = 64

    static let plainMagic: UInt32 = 0x3153_4d4c  // "LMS1"
    static let detailedMagic: UInt32 = 0x3253_4d4c  // "LMS2"
    static let maximumFrameCount = 1 << 40

    /// The energies of one channel.
    package func hopEnergies(channel: Int) -> ArraySlice<Double> {
        hopEnergies[channel * hopCount..<(channel + 1) * hopCount]
    }

    init(
        rateHertz: Int, channelCount: Int, frameCount: Int, oversampling: Oversampling, hopEnergies: [Double],
        samplePeaks: [Float], truePeaks: [Float], lastFrameAboveFloor: Int, nonFiniteSampleCount: Int,
        overThreshold: Float?, truePeakFrames: [Int], overs: [TruePeakOver], hopPeaks: [Float]
    ) {
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.oversampling = oversampling
        hopCount = hopEnergies.count / channelCount
        self.hopEnergies = hopEnergies
        self.samplePeaks = samplePeaks
        self.truePeaks = truePeaks
        self.lastFrameAboveFloor = lastFrameAboveFloor
        self.nonFiniteSampleCount = nonFiniteSampleCount
        self.overThreshold = overThreshold
        self.truePeakFrames = truePeakFrames
        self.overs = overs
        self.hopPeaks = hopPeaks
    }
}
