/// A test signal: every frame is a function of the signal's settings, the channel and the absolute frame alone, so any
/// part can be rendered first, and twice.
///
/// Tones, sweeps, impulses and bursts are the same in both channels; noise is independent. Before frame 0 everything
/// but tones and noise is silent.
package struct TestSignal: Sendable, Equatable {
    package enum Shape: Sendable, Equatable {
        /// A sine; frequencies here are rounded to 2^-32 Hz and exact at any frame.
        case tone(hertz: Double)
        /// A sine whose frequency grows exponentially (A. Farina, AES 108th Convention, 2000), once, from frame 0 on.
        case sweep(fromHertz: Double, toHertz: Double, seconds: Double)
        /// Gaussian; the level is the RMS level.
        case whiteNoise(seed: UInt64)
        /// 1/f within 0.33 dB from a ten-thousandth of the rate on; the level is the RMS level.
        case pinkNoise(seed: UInt64)
        /// One frame in so many.
        case impulses(everyFrames: Int)
        /// Two sines of half the amplitude each: for intermodulation.
        case twin(lowHertz: Double, highHertz: Double)
        /// A sine whose level begins at `firstDecibels` and changes by `stepDecibels` every `stepSeconds`, `stepCount`
        /// times; then silence. For static curves.
        case staircase(
            hertz: Double, firstDecibels: Double, stepDecibels: Double, stepSeconds: Double, stepCount: Int)
        /// A quarter of the rate at 45 degrees: the samples are at the level, the true peak is 3.01 dB above. On for
        /// `onFrames`, off for `offFrames`.
        case quarterRateBursts(onFrames: Int, offFrames: Int)
    }

    /// Changes whenever the same settings would give other bits.
    package static let version: UInt32 = 1

    package let shape: Shape
    /// Peak level of a sine or a sample, RMS level of noise, in dBFS.
    package let levelDecibels: Double
    package let rateHertz: Int

    private let level: Double
    private let left: SignalNoise?
    private let right: SignalNoise?

    /// nil where a frequency is not between 0 and half the rate, or a length is not positive.
    package init?(_ shape: Shape, levelDecibels: Double, rateHertz: Int) {
        guard rateHertz > 0, levelDecibels.isFinite, Self.isPossible(shape, rateHertz: rateHertz) else {
            return nil
        }
        self.shape = shape
        self.levelDecibels = levelDecibels
        self.rateHertz = rateHertz
        level = levelDecibels == 0 ? 1 : PinnedMath.gain(decibels: levelDecibels)
        switch shape {
        case .whiteNoise(let seed), .pinkNoise(let seed):
            left = SignalNoise(seed: seed, channel: 0)
            right = SignalNoise(seed: seed, channel: 1)
        default:
            left = nil
            right = nil
        }
    }

    package static func == (a: TestSignal, b: TestSignal) -> Bool {
        a.shape == b.shape && a.levelDecibels == b.levelDecibels && a.rateHertz == b.rateHertz
    }

    /// Frames after which it is silent for good; nil where it never ends.
    package var frameCount: Int? {
        switch shape {
        case .sweep(_, _, let seconds): frames(seconds)
        case .staircase(_, _, _, let seconds, let count): frames(seconds) * count
        default: nil
        }
    }

    /// Fills both spans, of the same length, with the frames from `frame` on.
    package func render(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        precondition(left.count == right.count, "channels differ in length")
        let count = min(1024, left.count)
        var values = [Double](repeating: 0, count: count)
        var start = 0
        while start < left.count {
            let part = min(count, left.count - start)
            write(to: &values, count: part, at: frame + start, noise: self.left)
            for i in 0..<part { left[start + i] = Float(level * values[i]) }
            if self.right == nil {
                for i in 0..<part { right[start + i] = left[start + i] }
            } else {
                write(to: &values, count: part, at: frame + start, noise: self.right)
                for i in 0..<part { right[start + i] = Float(level * values[i]) }
            }
            start += part
        }
    }

    private func frames(_ seconds: Double) -> Int { Int((seconds * Double(rateHertz)).rounded()) }

    private static func isPossible(_ shape: Shape, rateHertz: Int) -> Bool {
        let half = Double(rateHertz) / 2
        // An hour is enough for a sweep, and keeps frame counts far from overflow.
        func isLength(_ seconds: Double) -> Bool { seconds * Double(rateHertz) >= 1 && seconds <= 3600 }
        switch shape {
        case .tone(let hertz): return (0...half).contains(hertz)
        case .sweep(let low, let high, let seconds):
            return low > 0 && low < high && high <= half && isLength(seconds)
        case .whiteNoise, .pinkNoise: return true
        case .impulses(let frames): return frames > 0
        case .twin(let low, let high): return (0...half).contains(low) && (0...half).contains(high)
        case .staircase(let hertz, let first, let step, let seconds, let count):
            return (0...half).contains(hertz) && (-200...200).contains(first) && (-200...200).contains(step)
                && isLength(seconds) && (1...10_000).contains(count)
        case .quarterRateBursts(let on, let off): return on > 0 && off >= 0 && off < 1 << 40 && on < 1 << 40
        }
    }
}

// MARK: - Frames

extension TestSignal {
    /// The signal at a level of 0 dB.
    private func write(to values: inout [Double], count: Int, at frame: Int, noise: SignalNoise?) {
        switch shape {
        case .tone(let hertz):
            let phase = SignalPhase(hertz: hertz, rateHertz: rateHertz)
            for i in 0..<count { values[i] = phase.sine(at: frame + i) }
        case .twin(let low, let high):
            let a = SignalPhase(hertz: low, rateHertz: rateHertz)
            let b = SignalPhase(hertz: high, rateHertz: rateHertz)
            for i in 0..<count { values[i] = (a.sine(at: frame + i) + b.sine(at: frame + i)) / 2 }
        case .sweep(let low, let high, let seconds):
            for i in 0..<count { values[i] = sweep(low, high, seconds, at: frame + i) }
        case .whiteNoise: noise?.writeWhite(to: &values, count: count, at: frame)
        case .pinkNoise: noise?.writePink(to: &values, count: count, at: frame)
        case .impulses(let period):
            for i in 0..<count { values[i] = frame + i >= 0 && (frame + i) % period == 0 ? 1 : 0 }
        case .staircase(let hertz, let first, let step, let seconds, let stepCount):
            let phase = SignalPhase(hertz: hertz, rateHertz: rateHertz)
            let length = frames(seconds)
            for i in 0..<count {
                let index = (frame + i) / length
                let isOn = frame + i >= 0 && index < stepCount
                let gain = isOn ? PinnedMath.gain(decibels: first + step * Double(index)) : 0
                values[i] = gain * phase.sine(at: frame + i)
            }
        case .quarterRateBursts(let on, let off):
            for i in 0..<count {
                let position = (frame + i) % (on + off)
                // +, +, -, -: sin(45 degrees) = cos(45 degrees), scaled to 1.
                values[i] = frame + i < 0 || position >= on ? 0 : position & 2 == 0 ? 1 : -1
            }
        }
    }

    private func sweep(_ low: Double, _ high: Double, _ seconds: Double, at frame: Int) -> Double {
        guard frame >= 0, frame < frames(seconds) else { return 0 }
        let growth = PinnedMath.log(high / low)
        let part = Double(frame) / (seconds * Double(rateHertz))
        let cycles = low * seconds / growth * (PinnedMath.exp(growth * part) - 1)
        return PinnedMath.sin(2 * Double.pi * (cycles - cycles.rounded(.down)))
    }
}

extension TestSignal: CustomStringConvertible {
    /// One line for a person: "tone, 997 Hz, -20 dBFS, 48000 Hz".
    package var description: String {
        let what =
            switch shape {
            case .tone(let hertz): "tone, \(Self.text(hertz)) Hz"
            case .sweep(let low, let high, let seconds):
                "sweep, \(Self.text(low)) to \(Self.text(high)) Hz in \(Self.text(seconds)) s"
            case .whiteNoise(let seed): "white noise, seed \(seed)"
            case .pinkNoise(let seed): "pink noise, seed \(seed)"
            case .impulses(let frames): "impulses, every \(frames) frames"
            case .twin(let low, let high): "twin tone, \(Self.text(low)) and \(Self.text(high)) Hz"
            case .staircase(let hertz, let first, let step, let seconds, let count):
                "staircase, \(Self.text(hertz)) Hz, \(count) steps of \(Self.text(step)) dB "
                    + "from \(Self.text(first)) dB, "
                    + "\(Self.text(seconds)) s each"
            case .quarterRateBursts(let on, let off):
                "quarter-rate bursts, \(on) frames on, \(off) off"
            }
        return "\(what), \(Self.text(levelDecibels)) dBFS, \(rateHertz) Hz"
    }

    /// Without a fraction where there is none.
    private static func text(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
