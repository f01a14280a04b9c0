internal import CVector

/// A tremolo, and with a stereo phase of 180 degrees an auto-pan: the gain follows a slow wave.
///
/// The gain is 1 - depth (1 - wave) / 2, the wave from -1 to 1, in the middle and rising at frame 0 of the song. At 180
/// degrees the gains of the two sides add up to 2 - depth in every frame: a pan of constant amplitude, so a mono
/// signal's mono sum does not move. By the law of power that is the gain's square: at 180 degrees the powers of the two
/// sides add up to 2 - depth, so the loudness does not move (a full sine goes over a sine and a cosine). A square's
/// edges take 5 ms on a cubic, at most half a period.
///
/// - Latency 0, tail 0. No state: snapshot 0 bytes, nothing to re-converge.
/// - Automation: depth, in a straight line over 8 frames.
package struct Tremolo: StereoDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = TremoloParameters.names
    /// From one level of the square to the other.
    static let edgeSeconds = 0.005

    package var latencyFrames: Int { 0 }
    package var tailFrames: Int { 0 }

    private var parameters: TremoloParameters
    private let oscillator: LowFrequencyOscillator
    private let offset: UInt64
    /// What makes the square's edges of a triangle.
    private let steepness: Double
    private var glide = ParameterGlide()
    private var depth: GlidingNumber

    package init?(parameters values: [Double], rateHertz: Int) {
        guard let parameters = TremoloParameters(values: values), rateHertz >= 16_000 else { return nil }
        self.init(parameters, rateHertz: rateHertz)
    }

    package init(_ parameters: TremoloParameters, rateHertz: Int) {
        self.parameters = parameters
        oscillator = LowFrequencyOscillator(hertz: parameters.hertz, rateHertz: rateHertz)
        offset = LowFrequencyOscillator.phase(turns: parameters.stereoPhaseDegrees / 360)
        // A triangle rises by 2 in half a period.
        let edge = min(Self.edgeSeconds * parameters.hertz, 0.5)
        steepness = 1 / (2 * edge)
        depth = GlidingNumber(parameters.depth)
    }

    package mutating func update(parameters values: [Double]) {
        guard let new = TremoloParameters(values: values) else {
            preconditionFailure("not a tremolo's parameters")
        }
        guard new.depth != parameters.depth else { return }
        parameters.depth = new.depth
        depth.move(to: new.depth, glide)
        glide.begin()
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let count = glide.chunk(remaining: left.count - start, limit: Int.max)
            let depth = depth.line(glide)
            // No product with 1 either, which would flush subnormals.
            if !depth.stays(at: 0) {
                apply(to: &left, from: start, count: count, at: frame + start, ahead: 0, depth)
                apply(to: &right, from: start, count: count, at: frame + start, ahead: offset, depth)
            }
            glide.advance(count: count)
            start += count
        }
    }

    private func apply(
        to samples: inout MutableSpan<Float>, from start: Int, count: Int, at frame: Int,
        ahead offset: UInt64,
        _ depth: ParameterLine
    ) {
        switch parameters.shape {
        case .sine: apply(to: &samples, start, count, frame, offset, depth) { PinnedMath.sine(phase: $0) }
        case .triangle:
            apply(to: &samples, start, count, frame, offset, depth) { PinnedMath.triangle(phase: $0) }
        case .square:
            let slope = steepness
            let one = SIMD4<Double>(repeating: 1)
            apply(to: &samples, start, count, frame, offset, depth) { phases in
                let ramp = PinnedMath.triangle(phase: phases) * slope
                let edge = ramp.replacing(with: one, where: ramp .> one).replacing(
                    with: -one, where: ramp .< -one)
                return edge * (one * 1.5 - edge * edge * 0.5)
            }
        }
    }

    @inline(always)
    private func apply(
        to samples: inout MutableSpan<Float>, _ start: Int, _ count: Int, _ frame: Int, _ offset: UInt64,
        _ depth: ParameterLine, _ wave: (SIMD4<UInt64>) -> SIMD4<Double>
    ) {
        precondition(start >= 0 && start + count <= samples.count)
        var phases = oscillator.fourPhases(at: frame, ahead: offset)
        let step = oscillator.fourFrames
        let isPower = parameters.law == .power
        let (one, half) = (SIMD4<Double>(repeating: 1), SIMD4<Double>(repeating: 0.5))
        var i = 0
        while i < count {
            // 1 - wave is exact at the wave's top: there the gain is 1.
            let down = (one - wave(phases)) * half
            let level = one - depth.four(i) * down
            let gains = isPower ? Self.roots(level) : SIMD4<Float>(level)
            if i &+ 4 <= count {
                for k in 0..<4 { unsafe samples[unchecked: start &+ i &+ k] *= gains[k] }
            } else {
                for k in 0..<count - i { samples[start + i + k] *= gains[k] }
            }
            phases &+= step
            i &+= 4
        }
    }

    /// Swift's own root of four doubles becomes calls of the C library here.
    @inline(always)
    private static func roots(_ level: SIMD4<Double>) -> SIMD4<Float> {
        var roots = level
        // SAFETY: a vector of four doubles lies in memory as four doubles.
        withUnsafeMutableBytes(of: &roots) {
            lathe_square_roots($0.baseAddress!.assumingMemoryBound(to: Double.self))
        }
        return SIMD4<Float>(roots)
    }

    package func write(to snapshot: inout SnapshotWriter) {}

    package mutating func read(from snapshot: inout SnapshotReader) throws { glide.settle() }
}
