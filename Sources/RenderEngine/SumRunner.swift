import RenderPlan

/// What one sum of a node takes in a segment.
final class SumRunner {
    struct RunningTap {
        var tap: Tap
        var strip: Int
        /// -1 where the strip's polarity is inverted.
        var sign: Double
        /// The send's gain with its sign, where it stays the same.
        var constantGain: Double?
        /// All of the tap's gain for each side, where nothing about it changes.
        var constantGains: (Double, Double)?

        /// The send's gain with its sign at each frame.
        func gains(from frame: Int, count: Int, into gains: UnsafeMutablePointer<Double>) {
            if let constantGain {
                gains.update(repeating: constantGain, count: count)
                return
            }
            tap.gain.gains(from: frame, count: count, into: gains)
            if sign < 0 { for i in 0..<count { gains[i] = -gains[i] } }
        }
    }

    let taps: [RunningTap]
    /// All taps, where every gain stays the same all segment long. The planes are those of the strips.
    let constantTerms: [ScaledPlanes]?
    /// Whether every gain stays the same and the strips are taken in the node's order, each at most once.
    let isInOrder: Bool

    init(_ taps: [Tap], strips: [StripRunner]) {
        self.taps = taps.map { tap in
            let runner = strips[tap.strip]
            let sign = runner.strip.isPolarityInverted ? -1.0 : 1
            var constantGain = tap.gain.constant.map { Curve.gain($0) * sign }
            if tap.point == .output { constantGain = sign }
            var running = RunningTap(tap: tap, strip: tap.strip, sign: sign, constantGain: constantGain)
            switch (tap.point, constantGain, runner.constantGains) {
            case (.preFader, .some(let gain), _): running.constantGains = (gain, gain)
            case (_, .some(let gain), .some(let mixer)):
                running.constantGains = (mixer.left * gain, mixer.right * gain)
            default: break
            }
            return running
        }
        var planes: [ScaledPlanes] = []
        for tap in self.taps {
            guard let gains = tap.constantGains else { break }
            let source = strips[tap.strip].planes
            planes.append(
                ScaledPlanes(left: source.left, right: source.right, leftGain: gains.0, rightGain: gains.1))
        }
        constantTerms = planes.count == taps.count ? planes : nil
        isInOrder = planes.count == taps.count && zip(taps, taps.dropFirst()).allSatisfy { $0.strip < $1.strip }
    }
}
