import Metering
import Quantities
import SignalProcessing

/// A response of noise that decays by 60 dB in its length.
private func response(seconds: Int, rateHertz: Int) -> [[Float]] {
    let noise = Music(noiseSeconds: seconds, rateHertz: rateHertz)
    let count = noise.frameCount
    var gain: Float = 0.01
    let step = 1 - 6.9 / Float(count)
    var channels = [noise.left, noise.right]
    for i in 0..<count {
        channels[0][i] *= gain
        channels[1][i] *= gain
        gain *= step
    }
    return channels
}

/// Convolution of the music in segments of ten seconds, as the engine cuts a song, or in one piece.
private func measureConvolver(_ name: String, seconds: Int, segmentSeconds: Int, _ music: Music, rounds: Int)
    -> Measurement
{
    let kernel = ConvolutionKernel(impulse: response(seconds: seconds, rateHertz: music.rateHertz))
    let convolver = StereoConvolver(kernel: kernel)
    let segment = segmentSeconds * music.rateHertz
    let frameCount = music.frameCount / segment * segment
    var check: Float = 0
    let measurement = Measurement(
        name, frameCount: frameCount, .timesRealTime(rateHertz: music.rateHertz), rounds: rounds
    ) {
        for start in stride(from: 0, to: frameCount, by: segment) {
            do {
                try convolver.render(
                    frameCount: segment,
                    read: { first, count, left, right in
                        for i in 0..<count {
                            let frame = start + first + i
                            // The song goes round, so that the history of the first segment is as loud as any.
                            let place = frame < 0 ? frame + frameCount : frame
                            left[i] = music.left[place % frameCount]
                            right[i] = music.right[place % frameCount]
                        }
                    },
                    write: { _, left, right in check += left[0] + right[0] })
            } catch { fatalError("a convolution that cannot fail has failed: \(error)") }
        }
    }
    precondition(check.isFinite, "the convolution went wrong")
    return measurement
}

/// Both channels from one rate to another, in parts of ten seconds.
private func measureConverter(_ name: String, from: Int, to: Int, _ music: Music, rounds: Int) -> Measurement {
    let converter = PolyphaseConverter(from: from, to: to)
    // The samples count as `from` whatever they were: the work is the same.
    let seconds = 10
    let window = converter.inputRange(forOutput: 0..<seconds * to)
    let planes = [music.left, music.right].map { plane in
        (0..<window.count).map { plane[$0 % plane.count] }
    }
    var output = [Float](repeating: 0, count: seconds * to)
    return Measurement(name, frameCount: seconds * from, .timesRealTime(rateHertz: from), rounds: rounds) {
        for plane in planes {
            var span = output.mutableSpan
            converter.process(input: plane.span, inputStart: window.lowerBound, output: &span, outputStart: 0)
        }
    }
}

private func measureMeter(_ name: String, _ oversampling: Oversampling, _ music: Music, rounds: Int)
    -> Measurement
{
    let analyzer = LoudnessAnalyzer(rateHertz: music.rateHertz, channelCount: 2, oversampling: oversampling)
    let window = FrameRange(0, music.frameCount / 2)
    let planes = [music.left, music.right]
    var check = 0
    return Measurement(
        name, frameCount: window.count, .timesRealTime(rateHertz: music.rateHertz), rounds: rounds
    ) {
        check += analyzer.measure(planes: planes, window: window, songFrameCount: music.frameCount).hopCount
    }
}

/// What works on windows instead of sample by sample.
func windowMeasurements(_ music: Music, rounds: Int) -> [Measurement] {
    [
        measureConvolver(
            "convolver, 3 s, segments of 10 s", seconds: 3, segmentSeconds: 10, music, rounds: rounds),
        measureConvolver(
            "convolver, 3 s, in one piece of 20 s", seconds: 3, segmentSeconds: 20, music, rounds: rounds),
        measureConverter("converter, 96 to 44.1 kHz", from: 96_000, to: 44_100, music, rounds: rounds),
        measureConverter("converter, 48 to 44.1 kHz", from: 48_000, to: 44_100, music, rounds: rounds),
        measureConverter("converter, 44.1 to 48 kHz", from: 44_100, to: 48_000, music, rounds: rounds),
        measureMeter("meter, loudness and true peak at 4x", .quadruple, music, rounds: rounds),
    ]
}
