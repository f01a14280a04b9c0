/// A flanger: the signal plus itself a few milliseconds ago, a delay that swings slowly on a sine, and feedback.
///
/// A comb whose notches lie at odd multiples of half the delay's inverse (Dattorro, "Effect Design, Part 2:
/// Delay-Line Modulation and Chorus", J. Audio Eng. Soc. 45(10), 1997), with a 16-tap interpolator. The delay goes from
/// `delay` to `delay` + `depth` and back; at frame 0 of the song it is half-way and rises.
///
/// - Latency 0. Tail: the passes of the longest delay until -100 dB (`EchoTail`).
/// - Snapshot: 8 bytes per frame of 20 ms: 7.8 kB at 48 kHz.
/// - Re-convergence: 340 passes of the delay at 95 %, 7 s at the longest; 20 ms without feedback.
/// - Automation: all but rate and stereo phase, in a straight line over 8 frames.
package struct Flanger: StereoDevice {
    package static let version: UInt32 = 1
    package static let parameterNames = FlangerParameters.names

    package var latencyFrames: Int { 0 }
    package var tailFrames: Int {
        let longest = (parameters.delaySeconds + parameters.depthSeconds) * Double(rateHertz)
        return EchoTail.passes(feedback: parameters.feedback)
            * (Int(longest.rounded(.up)) + FractionalRead.reach)
    }

    private var parameters: FlangerParameters
    private let rateHertz: Int
    private var voices: ModulatedVoices
    private var glide = ParameterGlide()
    private var centre: GlidingNumber
    private var swing: GlidingNumber
    private var feedback: GlidingNumber
    private var mix: GlidingNumber

    package init?(parameters values: [Double], rateHertz: Int) {
        guard let parameters = FlangerParameters(values: values), rateHertz >= 44_100 else { return nil }
        self.init(parameters, rateHertz: rateHertz)
    }

    package init(_ parameters: FlangerParameters, rateHertz: Int) {
        self.parameters = parameters
        self.rateHertz = rateHertz
        let longest = FlangerParameters.longestDelaySeconds + FlangerParameters.longestDepthSeconds
        voices = ModulatedVoices(
            voiceCount: 1, hertz: parameters.hertz, turnsBetweenChannels: parameters.stereoPhaseDegrees / 360,
            longestFrames: longest * Double(rateHertz), rateHertz: rateHertz)
        centre = GlidingNumber(Self.centreFrames(parameters, rateHertz))
        swing = GlidingNumber(parameters.depthSeconds / 2 * Double(rateHertz))
        feedback = GlidingNumber(parameters.feedback)
        mix = GlidingNumber(parameters.mix)
    }

    private static func centreFrames(_ parameters: FlangerParameters, _ rateHertz: Int) -> Double {
        (parameters.delaySeconds + parameters.depthSeconds / 2) * Double(rateHertz)
    }

    package mutating func update(parameters values: [Double]) {
        guard var new = FlangerParameters(values: values) else {
            preconditionFailure("not a flanger's parameters")
        }
        (new.hertz, new.stereoPhaseDegrees) = (parameters.hertz, parameters.stereoPhaseDegrees)
        guard new != parameters else { return }
        parameters = new
        centre.move(to: Self.centreFrames(new, rateHertz), glide)
        swing.move(to: new.depthSeconds / 2 * Double(rateHertz), glide)
        feedback.move(to: new.feedback, glide)
        mix.move(to: new.mix, glide)
        glide.begin()
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let count = glide.chunk(remaining: left.count - start, limit: ModulatedVoices.chunkFrames)
            let wet = mix.line(glide)
            let lines = ModulatedVoices.Lines(
                centre: centre.line(glide), swing: swing.line(glide), feedback: feedback.line(glide),
                dry: wet.complement, wet: wet, crossing: .level(0))
            voices.process(&left, &right, from: start, count: count, at: frame + start, lines)
            glide.advance(count: count)
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) { voices.write(to: &snapshot) }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try voices.read(from: &snapshot)
        glide.settle()
    }
}
