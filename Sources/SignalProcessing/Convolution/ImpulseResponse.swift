/// What a convolution reverb is set to; the numbers of its row in the table of devices.
package struct ConvolverParameters: Sendable, Equatable {
    /// The keys of the table in order.
    package static let names = ["predelay", "gain", "mix", "length", "normalize"]

    /// 0 to 0.5 s.
    package var predelaySeconds: Double
    /// Of the wet signal, -60 to 24 dB.
    package var gainDecibels: Double
    /// 0 (dry) to 1 (wet); in between, the sum of (1 - mix) dry and mix wet.
    package var mix: Double
    /// Where the response is cut off, with a fade; 0.01 to 30 s.
    package var lengthSeconds: Double
    /// Whether the response is scaled to pass the power of white noise unchanged.
    package var isNormalized: Bool

    /// nil where the numbers are not ones that the table allows.
    package init?(values: [Double]) {
        guard values.count == Self.names.count, (0...0.5).contains(values[0]), (-60...24).contains(values[1]),
            (0...1).contains(values[2]), (0.01...30).contains(values[3]), values[4] == 0 || values[4] == 1
        else { return nil }
        predelaySeconds = values[0]
        gainDecibels = values[1]
        mix = values[2]
        lengthSeconds = values[3]
        isNormalized = values[4] == 1
    }
}

extension ConvolutionKernel {
    /// The kernel of a convolution reverb: response, predelay, gain and dry signal in one.
    ///
    /// A response of another rate is converted (`PolyphaseConverter`); the frames by which its filter rings ahead are
    /// the kernel's look-ahead, so the direct sound stays where it is. A mix of 0 is an exact identity.
    ///
    /// - Parameters:
    ///   - impulse: 1, 2 or 4 channels (as `ConvolutionKernel`) of equal length.
    ///   - impulseRateHertz: Of the file.
    ///   - rateHertz: Of the session.
    package convenience init(
        _ parameters: ConvolverParameters, impulse: [[Float]], impulseRateHertz: Int, rateHertz: Int
    ) {
        let (channels, ahead) = Self.converted(impulse, from: impulseRateHertz, to: rateHertz)
        let length = ahead + max(1, Self.frames(parameters.lengthSeconds, rateHertz))
        var wet = channels.map { Self.cut($0, to: length, rateHertz) }
        let energy = wet.reduce(0.0) { sum, channel in
            channel.reduce(sum) { $0.addingProduct(Double($1), Double($1)) }
        }
        // Half of what both outputs get from independent noise on both inputs; a mono response serves both.
        let power = wet.count == 1 ? energy : energy / 2
        let norm = parameters.isNormalized && power > 0 ? 1 / power.root : 1
        let gain = Float(PinnedMath.gain(decibels: parameters.gainDecibels) * norm * parameters.mix)
        let delay = Self.frames(parameters.predelaySeconds, rateHertz)
        let dry = Float(1 - parameters.mix)
        for path in wet.indices {
            wet[path] = Array(repeating: 0, count: delay) + wet[path].map { $0 * gain }
            let isStraight = wet.count < 4 || path == 0 || path == 3
            guard isStraight, dry > 0 else { continue }
            if wet[path].count <= ahead { wet[path] += Array(repeating: 0, count: ahead + 1 - wet[path].count) }
            wet[path][ahead] += dry
        }
        guard parameters.mix > 0 else {
            self.init(impulse: [[1]])
            return
        }
        let count = wet.reduce(1) { max($0, $1.count) }
        self.init(
            impulse: wet.map { $0 + Array(repeating: 0, count: count - $0.count) }, lookaheadFrames: ahead)
    }

    private static func frames(_ seconds: Double, _ rateHertz: Int) -> Int {
        Int((seconds * Double(rateHertz)).rounded(.toNearestOrEven))
    }

    /// The response at another rate, with the same gain, and the frames of it that lie before its beginning.
    private static func converted(_ impulse: [[Float]], from: Int, to: Int) -> ([[Float]], ahead: Int) {
        guard from != to else { return (impulse, 0) }
        let converter = PolyphaseConverter(from: from, to: to)
        let margin = converter.historyFrames
        let ahead = converter.outputFrameCount(forInput: margin)
        let count = ahead + converter.outputFrameCount(forInput: impulse[0].count + margin)
        let input = converter.inputRange(forOutput: -ahead..<count - ahead)
        let scale = Float(Double(from) / Double(to))
        let channels = impulse.map { channel in
            var padded = [Float](repeating: 0, count: input.count)
            for i in channel.indices { padded[i - input.lowerBound] = channel[i] * scale }
            var output = [Float](repeating: 0, count: count)
            var span = output.mutableSpan
            converter.process(
                input: padded.span, inputStart: input.lowerBound, output: &span, outputStart: -ahead)
            return output
        }
        return (channels, ahead)
    }

    /// Fades out over the last 50 ms, or the last quarter, of what is kept.
    private static func cut(_ channel: [Float], to count: Int, _ rateHertz: Int) -> [Float] {
        guard count < channel.count else { return channel }
        var kept = Array(channel[..<count])
        let fade = max(1, min(rateHertz / 20, count / 4))
        for i in 0..<fade {
            let cosine = PinnedMath.cos(Double.pi * (Double(i) + 0.5) / Double(fade))
            kept[count - fade + i] *= Float(0.5 + 0.5 * cosine)
        }
        return kept
    }
}
