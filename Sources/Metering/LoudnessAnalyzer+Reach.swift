import Quantities

extension LoudnessAnalyzer {
    /// Changes whenever the same signal would give other bits.
    package static let version: UInt32 = 1

    /// The most frames before and after any window that measuring it reads.
    package static func reach(rateHertz: Int) -> (historyFrames: Int, lookaheadFrames: Int) {
        let analyzer = LoudnessAnalyzer(rateHertz: rateHertz, channelCount: 2)
        // A window that starts just before a whole second reads furthest back: to the filter's start for that
        // second.
        let window = FrameRange(10 * rateHertz - 1, 11 * rateHertz)
        let needed = analyzer.framesNeeded(for: window, songFrameCount: 20 * rateHertz)
        return (window.start - needed.start, needed.end - window.end)
    }
}
