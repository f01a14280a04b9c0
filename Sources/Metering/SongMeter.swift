package import Quantities

/// Measures a song from its first frame to its last, as it is read, in memory for a few seconds of it.
///
/// What comes out is what `LoudnessAnalyzer` and `LoudnessSummary` make of the same song, bit for bit; this is
/// faster, because each sample is read once, buffers are kept, and a true peak that was found rules out what
/// cannot exceed it in all that follows.
package struct SongMeter: Sendable {
    private let analyzer: LoudnessAnalyzer
    private let windowFrameCount: Int
    private let empty: LoudnessSummary
    private var summary: LoudnessSummary
    /// What the summary of the song under way was folded from, in order; empty unless `keepsWindows`.
    package private(set) var windows: [SegmentMeasurement] = []
    private let keepsWindows: Bool
    private var meter: WindowMeter
    private var window: FrameRange
    /// The frames of the window's needs that are there.
    private var loaded: FrameRange

    /// Longer than any song.
    private static let endless = 1 << 60

    /// - Parameters:
    ///   - empty: a summary without frames, of the analyzer's rate and channels.
    ///   - keepsWindows: whether `windows` is wanted; they stay until the next song's first one.
    package init(_ analyzer: LoudnessAnalyzer, into empty: LoudnessSummary, keepsWindows: Bool = false) {
        precondition(
            empty.frameCount == 0 && empty.rateHertz == analyzer.rateHertz
                && empty.channelCount == analyzer.channelCount, "the summary is of another song")
        self.analyzer = analyzer
        self.empty = empty
        self.keepsWindows = keepsWindows
        summary = empty
        // Whole seconds that fill the filter's eight lanes, and lie in the second-level cache.
        let common = min(8, analyzer.channelCount & -analyzer.channelCount)
        windowFrameCount = max(4, 8 / common) * analyzer.rateHertz
        window = FrameRange(0, windowFrameCount)
        meter = analyzer.meter(for: window, songFrameCount: Self.endless)
        loaded = FrameRange(0, 0)
    }

    /// Takes the next frames of the song from `read`, which is called as often as needed.
    ///
    /// - Parameter read: writes the frames of the song that it is given, one pointer per channel to the first of
    ///   them. What it throws ends the measurement: the meter is then good for `restart` only.
    package mutating func append<Failure: Error>(
        frameCount: Int, _ read: (FrameRange, [UnsafeMutablePointer<Float>]) throws(Failure) -> Void
    ) throws(Failure) {
        let end = loaded.end + frameCount
        while loaded.end < end {
            let piece = FrameRange(loaded.end, min(end, meter.framesNeeded.end))
            try meter.load(piece) { (planes) throws(Failure) in try read(piece, planes) }
            loaded.end = piece.end
            if loaded.end == meter.framesNeeded.end {
                fold()
                turn(to: FrameRange(start: window.end, count: windowFrameCount), songFrameCount: Self.endless)
            }
        }
    }

    /// The summary of all frames; the meter then measures another song of the same kind.
    package mutating func finish() -> LoudnessSummary {
        let frameCount = loaded.end
        while summary.frameCount < frameCount {
            turn(
                to: FrameRange(summary.frameCount, min(summary.frameCount + windowFrameCount, frameCount)),
                songFrameCount: frameCount)
            fold()
        }
        defer { restart() }
        return summary
    }

    /// Forgets what was measured.
    package mutating func restart() {
        summary = empty
        meter.forget()
        loaded = FrameRange(0, 0)
        turn(to: FrameRange(0, windowFrameCount), songFrameCount: Self.endless)
    }

    private mutating func turn(to next: FrameRange, songFrameCount: Int) {
        window = next
        loaded = meter.turn(to: next, songFrameCount: songFrameCount, loaded: loaded)
    }

    private mutating func fold() {
        let known = summary.truePeaks.map(\.bitPattern)
        let measured = meter.measure(knownPeakBits: known)
        if keepsWindows {
            if summary.frameCount == 0 { windows = [] }
            windows.append(measured)
        }
        do { try summary.append(measured) } catch {
            preconditionFailure("windows of one song do not follow each other: \(error)")
        }
    }
}
