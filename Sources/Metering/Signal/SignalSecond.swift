/// What `SignalAnalyzer` found in one second of a song: everything that the values of `SignalSummary` are later
/// computed from, without the audio.
package struct SignalSecond: Sendable, Hashable {
    package let rateHertz: Int
    /// The second's place in the song, from 0.
    package let second: Int
    /// Frames in it: the rate, or fewer at the end of the song.
    package let frameCount: Int
    let channels: [ChannelSecond]
    /// The sum of left by right; 0 for mono.
    let product: Double
    /// Frames in which all channels are digital silence, and in which none is above the silence level.
    let zeroRuns: SecondRuns
    let quietRuns: SecondRuns
    /// nil when the spectrum was not asked for.
    let spectrum: OctaveSpectrum.Result?

    package var channelCount: Int { channels.count }
}

/// One channel of one second. Non-finite samples are silence in everything but their count.
struct ChannelSecond: Sendable, Hashable {
    /// The sum of the samples.
    var sum = 0.0
    /// The part before the border of two blocks of the dynamic range, if there is one in this second, and the rest.
    var parts: [RangePart] = []
    /// The least and the greatest sample.
    var least: Float = 0
    var greatest: Float = 0
    /// The first frame of the greatest magnitude.
    var peakFrame = 0
    var nonFiniteCount = 0
    /// -1 when there is none.
    var firstNonFiniteFrame = -1
    /// As `ChannelScan.activeBits` has them; nil for finer samples, and for samples beyond full scale.
    var activeBits: UInt32? = 0
    /// Runs at or beyond full scale, positive and negative.
    var fullScaleRuns: [SecondRuns] = []
    /// Runs at the greatest and at the least sample, where that is a possible ceiling below full scale.
    var ceilingRuns: [SecondRuns] = []

    var squares: Double { parts.reduce(0) { $0 + $1.squares } }
    var peak: Float { max(greatest, -least) }
}

/// A part of a block of the dynamic range.
struct RangePart: Sendable, Hashable {
    var frameCount: Int
    var squares: Double
    var peak: Float
}
