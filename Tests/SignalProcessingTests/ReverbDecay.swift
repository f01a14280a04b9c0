import Foundation

/// Decay times from an impulse response (ISO 3382-1: backward integration, T30).
enum ReverbDecay {
    /// The response of two cascaded band-passes; a Q of 1.4 is an octave wide.
    private static func band(_ x: [Float], hertz: Double, q: Double, rateHertz: Int) -> [Double] {
        var y = x.map(Double.init)
        let g = tan(Double.pi * hertz / Double(rateHertz))
        let k = 1 / q
        for _ in 0..<2 {
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

    /// T60 in seconds of both channels together in a band, by a line through -5 to -35 dB of the backward
    /// integral.
    static func seconds(_ signal: StereoSignal, hertz: Double, q: Double, rateHertz: Int) -> Double {
        let left = band(signal.left, hertz: hertz, q: q, rateHertz: rateHertz)
        let right = band(signal.right, hertz: hertz, q: q, rateHertz: rateHertz)
        var energy = 0.0
        var curve = left
        for i in left.indices.reversed() {
            energy += left[i] * left[i] + right[i] * right[i]
            curve[i] = energy
        }
        var (n, st, sd, stt, std) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for i in curve.indices {
            let level = 10 * log10(curve[i] / energy + 1e-300)
            guard level <= -5, level >= -35 else { continue }
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
