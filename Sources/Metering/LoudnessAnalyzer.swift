package import Quantities

/// Measures windows of a song, in any order, on any machine, with the same bits for every way to cut the
/// song.
///
/// - Loudness: K-weighted energy (ITU-R BS.1770-5 Annex 1) per channel and hop of 10 ms, in Double. The
///   filter starts from silence 200 ms before every whole second of the song (an error of 1e-13 LU), so a
///   hop's energy depends on at most 1.2 s of signal and on nothing else.
/// - True peak: BS.1770-5 Annex 2 by `Oversampling`. The points of a frame are those from it up to the next
///   frame; the first and the last window also hold the filter's ringing before and after the song.
/// - Outside the song, the signal is silence.
package struct LoudnessAnalyzer: Sendable {
    package let rateHertz: Int
    package let channelCount: Int
    package let oversampling: Oversampling
    /// The gain above which a true peak is an over; nil: neither overs nor the frames of the greatest peaks are
    /// looked for, and the measurement's bytes are those of a meter that knows nothing of them. Infinity asks for
    /// the frames alone.
    package let overThreshold: Float?
    /// Frames in 10 ms.
    package let hopFrameCount: Int

    let filter: KWeighting
    let interpolator: TruePeakInterpolator

    /// Hops by which the filter starts before the second that it is wanted for.
    static let warmUpHopCount = 20
    static let hopsPerSecond = 100

    /// - Precondition: `isSupported(rateHertz:)`, 1 to 64 channels, a threshold that is not negative.
    package init(
        rateHertz: Int, channelCount: Int, oversampling: Oversampling = .quadruple, overThreshold: Float? = nil
    ) {
        precondition(Self.isSupported(rateHertz: rateHertz), "the rate has no hop of 10 ms")
        precondition((1...SegmentMeasurement.maximumChannelCount).contains(channelCount), "1 to 64 channels")
        precondition(overThreshold.map { $0 >= 0 } ?? true, "a threshold is a magnitude")
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.oversampling = oversampling
        self.overThreshold = overThreshold.map { $0 == 0 ? 0 : $0 }
        hopFrameCount = rateHertz / Self.hopsPerSecond
        filter = KWeighting(rate: rateHertz)
        interpolator = TruePeakInterpolator(oversampling)
    }

    /// Whether 10 ms are a whole number of frames, at 8 to 768 kHz. All session rates are supported.
    package static func isSupported(rateHertz: Int) -> Bool {
        (8000...768_000).contains(rateHertz) && rateHertz.isMultiple(of: hopsPerSecond)
    }

    /// The frames that measuring a window reads: for a window that starts on a whole second, 200 ms before it
    /// and a few frames after it; up to 1.2 s before any other one.
    package func framesNeeded(for window: FrameRange, songFrameCount: Int) -> FrameRange {
        let reach = interpolator.reachFrameCount
        var start = window.start - reach + 1
        let hops = hops(endingIn: window)
        if !hops.isEmpty {
            start = min(start, filterStart(second: hops.lowerBound / Self.hopsPerSecond))
        }
        return FrameRange(max(0, start), min(songFrameCount, window.end + reach))
    }

    /// Begins to measure a window of a song of `songFrameCount` frames.
    package func meter(for window: FrameRange, songFrameCount: Int) -> WindowMeter {
        precondition(window.start >= 0 && window.end <= songFrameCount, "the window leaves the song")
        return WindowMeter(self, window: window, songFrameCount: songFrameCount)
    }

    /// Measures a window from planes that hold at least the frames needed; `firstFrame` is the song frame of
    /// each plane's first sample.
    package func measure(
        planes: [[Float]], firstFrame: Int = 0, window: FrameRange, songFrameCount: Int
    ) -> SegmentMeasurement {
        precondition(planes.count == channelCount, "one plane per channel")
        var meter = meter(for: window, songFrameCount: songFrameCount)
        for (channel, plane) in planes.enumerated() {
            meter.load(plane.span, channel: channel, from: firstFrame)
        }
        return meter.finish()
    }

    func hops(endingIn window: FrameRange) -> Range<Int> {
        window.start / hopFrameCount..<window.end / hopFrameCount
    }

    func filterStart(second: Int) -> Int {
        (second * Self.hopsPerSecond - Self.warmUpHopCount) * hopFrameCount
    }
}
