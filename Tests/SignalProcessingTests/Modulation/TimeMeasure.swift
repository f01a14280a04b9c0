import Foundation
import SignalProcessing
import Testing

/// Measuring of delays, responses and gains.
enum TimeMeasure {
    /// The device's answer to a constant 1 in both channels.
    static func constant(_ device: any StereoDevice, frameCount: Int, from first: Int = 0) -> StereoSignal {
        run(device, StereoSignal(frameCount: frameCount) { _ in (1, 1) }, from: first)
    }

    static func impulse(_ device: any StereoDevice, frameCount: Int, right: Double = 1) -> StereoSignal {
        run(device, StereoSignal(frameCount: frameCount) { $0 == 0 ? (1, right) : (0, 0) })
    }

    static func run(_ device: any StereoDevice, _ signal: StereoSignal, from first: Int = 0) -> StereoSignal {
        func opened<Device: StereoDevice>(_ device: Device) -> StereoSignal {
            var device = device
            return processed(signal, by: &device, blockFrames: 1000, from: first)
        }
        return opened(device)
    }

    /// What the device makes of exp(i w n), each channel: its answers to cosine and sine.
    static func analytic(
        _ device: any StereoDevice, hertz: Double, frameCount: Int, rateHertz: Double = 48_000,
        from first: Int = 0
    ) -> (left: [Complex], right: [Complex]) {
        let w = 2 * Double.pi * hertz / rateHertz
        let real = run(
            device, StereoSignal(frameCount: frameCount) { (cos(w * Double($0)), cos(w * Double($0))) },
            from: first)
        let imaginary = run(
            device, StereoSignal(frameCount: frameCount) { (sin(w * Double($0)), sin(w * Double($0))) },
            from: first)
        return (
            zip(real.left, imaginary.left).map { Complex(Double($0), Double($1)) },
            zip(real.right, imaginary.right).map { Complex(Double($0), Double($1)) }
        )
    }

    /// The delay of a wholly wet device in frames, frame by frame, below a tenth of a second; from the turning of a
    /// tone of 10 Hz.
    static func delays(_ answer: [Complex], rateHertz: Double = 48_000) -> [Double] {
        let w = 2 * Double.pi * 10 / rateHertz
        return answer.enumerated().map { n, z in
            let turned = Complex(cos(w * Double(n)), sin(w * Double(n))) * z.conjugate
            let angle = atan2(turned.imaginary, turned.real)
            return (angle < 0 ? angle + 2 * Double.pi : angle) / w
        }
    }

    /// Response at a frequency of what an impulse gave.
    static func response(_ impulse: [Float], hertz: Double, rateHertz: Double = 48_000) -> Complex {
        var sum = Complex(0, 0)
        let w = 2 * Double.pi * hertz / rateHertz
        for (n, x) in impulse.enumerated() where x != 0 {
            sum = sum + Complex(Double(x) * cos(w * Double(n)), -Double(x) * sin(w * Double(n)))
        }
        return sum
    }

    static func decibels(_ gain: Double) -> Double { 20 * log10(gain + 1e-30) }
}

struct Complex {
    var real: Double
    var imaginary: Double

    init(_ real: Double, _ imaginary: Double) { (self.real, self.imaginary) = (real, imaginary) }

    var conjugate: Complex { Complex(real, -imaginary) }
    var magnitude: Double { (real * real + imaginary * imaginary).squareRoot() }

    static func + (a: Complex, b: Complex) -> Complex { Complex(a.real + b.real, a.imaginary + b.imaginary) }
    static func - (a: Complex, b: Complex) -> Complex { Complex(a.real - b.real, a.imaginary - b.imaginary) }
    static func * (a: Complex, b: Complex) -> Complex {
        Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
    }
}

extension Sequence where Element: FloatingPoint {
    /// Infinite where there is nothing.
    var highest: Element { self.max() ?? .infinity }
    var lowest: Element { self.min() ?? -.infinity }
}
