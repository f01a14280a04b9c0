package import Quantities

/// What is in an audio file, as found by opening it.
package struct ProbedFile: Sendable, Hashable {
    package var rateHertz: Int
    package var channelCount: Int
    package var frameCount: Int
    package var samples: SampleFormat

    package init(rateHertz: Int, channelCount: Int, frameCount: Int, samples: SampleFormat) {
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.samples = samples
    }
}
