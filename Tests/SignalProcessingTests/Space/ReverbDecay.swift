import Foundation
import SignalProcessing

/// Decay times from an impulse response (ISO 3382-1: backward integration, T30).
enum ReverbDecay {
    /// The response of three cascaded band-passes; with a Q of 1.4 each is an octave wide.
    private static func band(_ x: [Float], hertz: Double, rateHertz: Int) -> [Double] {
        var y = x.map(Double.init)
        let g = tan(Double.pi * hertz / Double(rateHertz))
        let k = 1 / 1.4
        for _ in 0..<3 {
            var s1 = 0.0
            var s2 = 0.0
            for i in y.indices {
                let bandPass = (s1 + g * (y[i] - s2)) / (1 + g * (g + k))
                let lowPass = s2 + g * bandPass
                s1 = 2 * bandPass - s1
                s2 = 2 * lowPass - s2
                y[i] = k * bandPass
            }
        }
        return y
    }

    /// T60 in seconds of all channels of some responses together in an octave, by a line through -5 to -35 dB of the
    /// backward integral.
    static func seconds(_ responses: [ContractSignal], hertz: Double, rateHertz: Int = 48_000) -> Double {
        let channels = responses.flatMap { [$0.left, $0.right] }.map { band($0, hertz: hertz, rateHertz: rateHertz) }
        var energy = 0.0
        var curve = channels[0]
        for i in curve.indices.reversed() {
            for channel in channels { energy += channel[i] * channel[i] }
            curve[i] = energy
        }
        var (n, st, sd, stt, std) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for i in curve.indices {
            let level = 10 * log10(curve[i] / energy + 1e-300)
            guard level <= -5 else { continue }
            if level < -35 { break }
            let t = Double(i) / Double(rateHertz)
            n += 1
            st += t
            sd += level
            stt += t * t
            std += t * level
        }
        return -60 / ((n * std - st * sd) / (n * stt - st * st))
    }
}

/// Figures of signals.
enum ReverbFigures {
    static func power(_ x: ArraySlice<Float>) -> Double {
        x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(x.count)
    }

    static func correlation(_ signal: ContractSignal, _ range: Range<Int>) -> Double {
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for i in range {
            let (x, y) = (Double(signal.left[i]), Double(signal.right[i]))
            xx += x * x
            yy += y * y
            xy += x * y
        }
        return xy / (xx * yy).squareRoot()
    }

    /// Normalised echo density (Abel & Huang, AES 121, 2006): the share of samples beyond one standard deviation re
    /// that of a normal distribution, in 20 ms around a frame.
    static func echoDensity(_ x: [Float], at frame: Int, rateHertz: Int) -> Double {
        let half = rateHertz / 100
        let window = x[max(0, frame - half)..<min(x.count, frame + half)]
        let deviation = power(window).squareRoot()
        guard deviation > 0 else { return 0 }
        let beyond = window.count { Double($0.magnitude) > deviation }
        return Double(beyond) / Double(window.count) / 0.3173
    }

    /// Largest peak re the mean in dB, and flatness, of the powers at 600 frequencies far enough apart to be
    /// independent; for noise about 8 dB and exp(-0.577) = 0.56.
    static func spectrum(_ x: ArraySlice<Float>, rateHertz: Int) -> (peakDecibels: Double, flatness: Double) {
        let values = x.map(Double.init)
        let powers = (0..<600).map { k -> Double in
            let c = 2 * cos(2 * Double.pi * (200 + 5.3 * Double(k)) / Double(rateHertz))
            var (a, b) = (0.0, 0.0)
            for v in values { (a, b) = (v + c * a - b, a) }
            return a * a + b * b - c * a * b
        }
        let mean = powers.reduce(0, +) / 600
        return (10 * log10((powers.max() ?? 0) / mean), exp(powers.reduce(0) { $0 + log($1) } / 600) / mean)
    }
}

extension ReverbSetting {
    func reverb(rateHertz: Int = 48_000) -> FDNReverb {
        guard let reverb = FDNReverb(parameters: values, rateHertz: rateHertz) else { fatalError("refused \(values)") }
        return reverb
    }

    func response(frameCount: Int, right: Double = 1, rateHertz: Int = 48_000) -> ContractSignal {
        output(of: ContractSignal(frameCount: frameCount) { $0 == 0 ? (1, right) : (0, 0) }, rateHertz: rateHertz)
    }

    func output(of signal: ContractSignal, rateHertz: Int = 48_000) -> ContractSignal {
        var run = ContractRun(reverb(rateHertz: rateHertz), isKeyed: false)
        return run.process(signal, blockFrames: 4096)
    }
}
