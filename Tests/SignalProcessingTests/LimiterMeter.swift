import Foundation

/// A true-peak meter that shares nothing with the limiter: 16 times, 96 taps with a Blackman window, libm,
/// Double.
struct LimiterMeter {
    private static let half = 48
    private let phases: [[Double]]

    init() {
        phases = (0..<16).map { phase in
            (0..<2 * Self.half).map { tap in
                let t = Double(tap - Self.half + 1) - Double(phase) / 16
                let u = t / Double(Self.half)
                let window = 0.42 + 0.5 * cos(Double.pi * u) + 0.08 * cos(2 * Double.pi * u)
                return (t == 0 ? 1 : sin(Double.pi * t) / (Double.pi * t)) * window
            }
        }
    }

    /// The larger of sample peak and 16 times interpolated peak, in dB re 1.0.
    ///
    /// Interpolates only where one of the six samples around is above a quarter of the peak.
    func truePeakDecibels(_ x: [Float]) -> Double {
        let samplePeak = x.reduce(0) { max($0, Double($1.magnitude)) }
        var peak = samplePeak
        for n in Self.half..<x.count - Self.half {
            let near = (n - 2...n + 3).reduce(Float(0)) { max($0, x[$1].magnitude) }
            guard Double(near) > samplePeak / 4 else { continue }
            for taps in phases[1...] {
                var sum = 0.0
                for k in 0..<2 * Self.half { sum += taps[k] * Double(x[n - Self.half + 1 + k]) }
                peak = max(peak, sum.magnitude)
            }
        }
        return 20 * log10(peak)
    }
}
