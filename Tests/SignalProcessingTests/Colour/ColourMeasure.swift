import Foundation
import SignalProcessing

/// Measurements on one second at 48 kHz: every whole number of hertz is a bin of its own.
struct ColourSpectrum {
    static let rate = 48_000
    private static let table: [Double] = (0..<rate).map { sin(2 * Double.pi * Double($0) / Double(rate)) }

    let samples: [Double]

    /// The last second of the left channel.
    init(_ signal: ContractSignal) { samples = signal.left.suffix(Self.rate).map(Double.init) }

    init(samples: [Double]) { self.samples = samples }

    static func sine(_ hertz: Int, level: Double = 1, seconds: Double = 1.25) -> ContractSignal {
        ContractSignal(frameCount: Int(seconds * Double(rate))) { i in
            let x = level * table[(i * hertz + 2003) % rate]
            return (x, x)
        }
    }

    /// Amplitude of the sine and the cosine at a frequency.
    func parts(_ hertz: Int) -> (sine: Double, cosine: Double) {
        var (s, c) = (0.0, 0.0)
        var (i, j) = (0, Self.rate / 4)
        for x in samples {
            s += x * Self.table[i]
            c += x * Self.table[j]
            i = (i + hertz) % Self.rate
            j = (j + hertz) % Self.rate
        }
        let scale = (hertz == 0 ? 1 : 2) / Double(samples.count)
        return (s * scale, c * scale)
    }

    func amplitude(_ hertz: Int) -> Double {
        let (s, c) = parts(hertz)
        return (s * s + c * c).squareRoot()
    }

    /// In decibels re the fundamental: everything below 24 kHz that is neither direct current nor a harmonic, and the
    /// largest single one of the harmonics that were folded back.
    func aliases(of hertz: Int) -> (total: Double, largest: Double) {
        var rest = samples
        var fundamental = 0.0
        for k in 0...(Self.rate / 2 / hertz) {
            let (s, c) = parts(k * hertz)
            if k == 1 { fundamental = (s * s + c * c).squareRoot() }
            var (i, j) = (0, Self.rate / 4)
            for n in rest.indices {
                rest[n] -= s * Self.table[i] + c * Self.table[j]
                i = (i + k * hertz) % Self.rate
                j = (j + k * hertz) % Self.rate
            }
        }
        let power = rest.reduce(0) { $0 + $1 * $1 } / Double(rest.count)
        let remaining = ColourSpectrum(samples: rest)
        var largest = 0.0
        for k in (Self.rate / 2 / hertz + 1)...220 {
            let folded = k * hertz % Self.rate
            largest = max(largest, remaining.amplitude(min(folded, Self.rate - folded)))
        }
        return (10 * log10(2 * power) - 20 * log10(fundamental), 20 * log10(largest / fundamental))
    }
}

extension ContractSignal {
    /// Through a device, in blocks of 512.
    func through(_ device: any StereoDevice) -> ContractSignal {
        var run = ContractRun(device, isKeyed: false)
        return run.process(self, blockFrames: 512)
    }
}

enum ColourDevice {
    /// Bias and emphasis 0 where they are not given.
    static func saturator(
        _ curve: SaturatorCurve, drive: Double = 0, bias: Double = 0, emphasis: Double = 0, output: Double = 0,
        mix: Double = 1, stages: Int = 3, rateHertz: Int = 48_000
    ) -> Saturator {
        let values = [Double(curve.rawValue), drive, bias, emphasis, output, mix, Double(stages)]
        guard let device = Saturator(parameters: values, rateHertz: rateHertz) else {
            fatalError("the saturator refuses \(values)")
        }
        return device
    }

    static func clipper(
        gain: Double = 0, ceiling: Double = 0, softness: Double = 0, isStrict: Bool = false, stages: Int = 3,
        rateHertz: Int = 48_000
    ) -> Clipper {
        let values = [gain, ceiling, softness, isStrict ? 1 : 0, Double(stages)]
        guard let device = Clipper(parameters: values, rateHertz: rateHertz) else {
            fatalError("the clipper refuses \(values)")
        }
        return device
    }
}
