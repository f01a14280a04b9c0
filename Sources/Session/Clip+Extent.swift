import Quantities

extension SourceFile {
    /// Song frames that the file holds from one of its frames on: ceil((frameCount - startFrame) * rate /
    /// file rate).
    ///
    /// - Parameters:
    ///   - startFrame: in the file's own frames; at or beyond the end gives 0.
    ///   - songRateHertz: the rate of the song.
    package func songFrames(from startFrame: Int, songRateHertz: Int) -> Int {
        guard startFrame < frameCount else { return 0 }
        let scaled = Int128(frameCount - startFrame) * Int128(songRateHertz)
        let divisor = Int128(rateHertz)
        return Int((scaled + divisor - 1) / divisor)
    }
}

extension Clip {
    /// Whether its samples are those of its file, without gain or fades.
    package var isUntouched: Bool { gain == .unity && fadeInFrames == 0 && fadeOutFrames == 0 }
}
