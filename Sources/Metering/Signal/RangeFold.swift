internal import SignalProcessing

/// The "DR" of one channel after the Pleasurize Music Foundation's v1.3 (2009): how far the second-highest block peak
/// lies above the root mean square of the loudest fifth of all blocks.
struct RangeFold: Sendable {
    private let blockFrameCount: Int
    /// Of whole blocks: mean squares and peaks.
    private var powers: [Double] = []
    private var peaks: [Float] = []
    /// The block in the making.
    private var open = RangePart(frameCount: 0, squares: 0, peak: 0)

    /// 3 s; at 44.1 kHz the 132,480 frames of the original meter.
    static func blockFrameCount(rateHertz: Int) -> Int { rateHertz == 44_100 ? 132_480 : 3 * rateHertz }

    /// A second of a song, cut where a block ends inside it.
    static func pieces(rateHertz: Int, second: Int, frameCount: Int) -> [Range<Int>] {
        let block = blockFrameCount(rateHertz: rateHertz)
        let start = second * rateHertz
        let border = (start + block - 1) / block * block - start
        return border > 0 && border < frameCount ? [0..<border, border..<frameCount] : [0..<frameCount]
    }

    init(rateHertz: Int) { blockFrameCount = Self.blockFrameCount(rateHertz: rateHertz) }

    mutating func append(_ part: RangePart) {
        open.frameCount += part.frameCount
        open.squares += part.squares
        open.peak = max(open.peak, part.peak)
        guard open.frameCount >= blockFrameCount else { return }
        precondition(open.frameCount == blockFrameCount, "the part crosses the border of two blocks")
        powers.append(open.squares / Double(blockFrameCount))
        peaks.append(open.peak)
        open = RangePart(frameCount: 0, squares: 0, peak: 0)
    }

    /// In decibels, not rounded; nil below one whole block, and for silence. An incomplete block at the end counts
    /// with its own length, as in the original. The root mean square of a full-scale sine is 0 dB.
    var decibels: Double? {
        guard !powers.isEmpty else { return nil }
        var (powers, peaks) = (powers, peaks)
        if open.frameCount > 0 {
            powers.append(open.squares / Double(open.frameCount))
            peaks.append(open.peak)
        }
        let loud = powers.sorted().suffix(max(1, powers.count / 5))
        let mean = 2 * loud.reduce(0, +) / Double(loud.count)
        let peak = Double(peaks.sorted()[max(0, peaks.count - 2)])
        guard mean > 0, peak > 0 else { return nil }
        return 10 * PinnedMath.log10(peak * peak / mean)
    }
}
