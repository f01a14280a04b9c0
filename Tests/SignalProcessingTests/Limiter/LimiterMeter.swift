import Foundation

/// A true-peak meter that shares nothing with the limiter: 16 times, libm, a window of its own.
struct LimiterMeter: Sendable {
    enum Window: Sendable {
        case kaiser(beta: Double), blackman, hann

        /// `u` runs from -1 to 1.
        func weight(_ u: Double) -> Double {
            switch self {
            case .blackman: 0.42 + 0.5 * cos(Double.pi * u) + 0.08 * cos(2 * Double.pi * u)
            case .hann: 0.5 + 0.5 * cos(Double.pi * u)
            case .kaiser(let beta): Self.bessel(beta * max(0, 1 - u * u).squareRoot()) / Self.bessel(beta)
            }
        }

        /// The mean of exp(x cos t) over a circle, by the trapezoidal rule, which is exact here.
        private static func bessel(_ x: Double) -> Double {
            (0..<64).reduce(0) { $0 + exp(x * cos(Double.pi * Double($1) / 32)) } / 64
        }
    }

    /// From blunt to sharp; the second is what the delivered files are read with.
    static let all = [
        LimiterMeter(tapCount: 24, .kaiser(beta: 6)), LimiterMeter(tapCount: 32, .kaiser(beta: 8)),
        LimiterMeter(tapCount: 32, .kaiser(beta: 5)), LimiterMeter(tapCount: 48, .hann),
        LimiterMeter(tapCount: 64, .kaiser(beta: 8)), LimiterMeter(tapCount: 64, .kaiser(beta: 5)),
        LimiterMeter(tapCount: 96, .blackman), LimiterMeter(tapCount: 128, .kaiser(beta: 8)),
    ]

    let tapCount: Int
    private let phases: [[SIMD8<Float>]]

    /// - Parameter tapCount: per phase; a multiple of 8.
    init(tapCount: Int, _ window: Window) {
        self.tapCount = tapCount
        let half = tapCount / 2
        phases = (1..<16).map { phase in
            let taps = (0..<tapCount).map { tap -> Float in
                let t = Double(tap - half + 1) - Double(phase) / 16
                return Float(sin(Double.pi * t) / (Double.pi * t) * window.weight(t / Double(half)))
            }
            return stride(from: 0, to: tapCount, by: 8).map { SIMD8(taps[$0..<$0 + 8]) }
        }
    }

    /// The larger of sample peak and 16 times interpolated peak, in dB re 1.0.
    ///
    /// Interpolates only where one of the six samples around is above a quarter of the peak.
    func truePeakDecibels(_ x: [Float]) -> Double {
        let half = tapCount / 2
        let samplePeak = x.reduce(0) { max($0, $1.magnitude) }
        var peak = samplePeak
        x.withUnsafeBytes { bytes in
            for n in half..<x.count - half {
                let near = (n - 2...n + 3).reduce(Float(0)) { max($0, x[$1].magnitude) }
                guard near > samplePeak / 4 else { continue }
                for taps in phases {
                    var sums = SIMD8<Float>.zero
                    for k in taps.indices {
                        let offset = 4 * (n - half + 1 + 8 * k)
                        sums += taps[k] * bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                    }
                    peak = max(peak, sums.sum().magnitude)
                }
            }
        }
        return 20 * log10(Double(peak))
    }
}
