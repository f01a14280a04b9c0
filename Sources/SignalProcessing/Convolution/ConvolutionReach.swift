extension ConvolutionKernel {
    /// How far a convolution reverb's kernel reaches at most, before anybody has read the response.
    ///
    /// - Parameter impulseFrames: Of the longest channel, at its own rate.
    package static func reach(
        _ parameters: ConvolverParameters, impulseFrames: Int, impulseRateHertz: Int, rateHertz: Int
    ) -> (historyFrames: Int, lookaheadFrames: Int) {
        var length = impulseFrames
        var ahead = 0
        if impulseRateHertz != rateHertz {
            let converter = PolyphaseConverter(from: impulseRateHertz, to: rateHertz)
            ahead = converter.outputFrameCount(forInput: converter.historyFrames)
            length = converter.outputFrameCount(forInput: impulseFrames + converter.historyFrames)
        }
        let kept = min(length, Int((parameters.lengthSeconds * Double(rateHertz)).rounded(.up)) + 1)
        let delay = Int((parameters.predelaySeconds * Double(rateHertz)).rounded(.up))
        return (max(1, kept) + delay, ahead)
    }
}

extension LinearPhaseKernel {
    /// Taps of the longest filter that `design` makes at a rate.
    package static func longestTapCount(rateHertz: Int) -> Int {
        var scale = 1
        while 64_000 * scale < rateHertz { scale *= 2 }
        return (tapRange.upperBound - 1) * scale + 1
    }
}
