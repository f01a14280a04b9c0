/// A stretch of one channel whose true peak lies above a threshold.
///
/// Its points are above the threshold and less than 10 ms apart from one to the next.
package struct TruePeakOver: Sendable, Hashable {
    package let channel: Int
    /// The first frame with a point above the threshold, counted from the song's start (in a
    /// `SegmentMeasurement`, from the window's). The points of a frame are the sample and what is interpolated
    /// between it and the next one; those before the song count for its first frame, those after it for its last.
    package internal(set) var startFrame: Int
    /// One past the last such frame.
    package internal(set) var endFrame: Int
    /// The greatest magnitude of a point; 1 is full scale.
    package internal(set) var peak: Float
    /// The first frame that reaches it.
    package internal(set) var peakFrame: Int

    package init(channel: Int, startFrame: Int, endFrame: Int, peak: Float, peakFrame: Int) {
        self.channel = channel
        self.startFrame = startFrame
        self.endFrame = endFrame
        self.peak = peak
        self.peakFrame = peakFrame
    }

    func shifted(by frames: Int) -> TruePeakOver {
        TruePeakOver(
            channel: channel, startFrame: startFrame + frames, endFrame: endFrame + frames, peak: peak,
            peakFrame: peakFrame + frames)
    }

    /// Takes in the over that comes next on the same channel, when it lies near enough. Overs are chains of
    /// near points, so any way to cut the song leads to the same ones.
    mutating func merge(_ next: TruePeakOver, hopFrameCount: Int) -> Bool {
        guard next.startFrame - (endFrame - 1) < hopFrameCount else { return false }
        endFrame = max(endFrame, next.endFrame)
        if next.peak > peak { (peak, peakFrame) = (next.peak, next.peakFrame) }
        return true
    }
}

/// The greatest true peak of one channel, with its frame if that is wanted, and its overs in the making.
struct PeakSearch {
    private(set) var peakBits: UInt32
    /// -1 for silence.
    private(set) var peakFrame: Int
    private(set) var overs: [TruePeakOver] = []

    private let channel: Int
    private let thresholdBits: UInt32?
    private let hopFrameCount: Int
    /// The frames of the window counted from its start: points outside count for its first or last one.
    private let frameCount: Int

    /// - Parameters:
    ///   - threshold: nil: neither frames nor overs are wanted.
    ///   - sampleFrame: the first frame that reaches `samplePeakBits`.
    init(
        channel: Int, threshold: Float?, hopFrameCount: Int, frameCount: Int, samplePeakBits: UInt32,
        sampleFrame: Int
    ) {
        self.channel = channel
        thresholdBits = threshold.map(\.bitPattern)
        self.hopFrameCount = hopFrameCount
        self.frameCount = frameCount
        peakBits = samplePeakBits
        peakFrame = samplePeakBits == 0 ? -1 : sampleFrame
    }

    /// Takes the greatest points of 32 frames, without the samples.
    ///
    /// - Parameters:
    ///   - first: the frame of the first of them, counted from the window's start.
    ///   - samples: its sample.
    mutating func take(
        _ points: FramePeaks, first: Int, valid: Range<Int>, samples: UnsafePointer<Float>
    ) {
        let greatest = points.greatestBits
        guard let thresholdBits else {
            if greatest > peakBits { peakBits = greatest }
            return
        }
        if greatest > peakBits || greatest == peakBits && first < peakFrame && greatest > 0 {
            if let frame = valid.first(where: { points[$0] == greatest }) {
                let clamped = clamp(first + frame)
                peakFrame = greatest > peakBits ? clamped : min(peakFrame, clamped)
                peakBits = greatest
            }
        }
        for frame in valid {
            // SAFETY: the caller vouches for 32 samples.
            let bits = max(points[frame], samples[frame].bitPattern & 0x7fff_ffff)
            guard bits > thresholdBits else { continue }
            let at = clamp(first + frame)
            let over = TruePeakOver(
                channel: channel, startFrame: at, endFrame: at + 1,
                peak: min(Float(bitPattern: bits), .greatestFiniteMagnitude), peakFrame: at)
            if overs.last == nil || !overs[overs.count - 1].merge(over, hopFrameCount: hopFrameCount) {
                overs.append(over)
            }
        }
    }

    private func clamp(_ frame: Int) -> Int { max(0, min(frameCount - 1, frame)) }
}
