import Foundation
import SignalProcessing

/// Signals and readings for the tests of gates, de-essers, multiband compressors and transient shapers.
enum DynamicsBench {
    /// Runs a device over a signal in both channels, `key` in both of its side-chain; the left channel comes back.
    static func run<Device: StereoDevice>(_ device: Device, _ signal: [Double], key: [Double]? = nil) -> [Double] {
        var device = device
        return run(&device, signal, key: key)
    }

    static func run<Device: StereoDevice>(
        _ device: inout Device, _ signal: [Double], key: [Double]? = nil, from frame: Int = 0
    ) -> [Double] {
        var left = signal.map(Float.init)
        var right = left
        if let key {
            let keys = key.map(Float.init)
            var l = left.mutableSpan
            var r = right.mutableSpan
            device.process(left: &l, right: &r, keyLeft: keys.span, keyRight: keys.span, at: frame)
        } else {
            var l = left.mutableSpan
            var r = right.mutableSpan
            device.process(left: &l, right: &r, at: frame)
        }
        return left.map(Double.init)
    }

    static func gain(_ decibels: Double) -> Double { pow(10, decibels / 20) }
    static func decibels(_ gain: Double) -> Double { 20 * log10(abs(gain)) }

    /// A sine whose level in decibels is a function of the frame.
    static func tone(_ hertz: Double, _ count: Int, rate: Double, _ level: (Int) -> Double) -> [Double] {
        (0..<count).map { gain(level($0)) * sin(2 * .pi * hertz * Double($0) / rate + 0.3) }
    }

    /// Amplitude of a sine in a stretch, by correlation under a Hann window.
    static func amplitude(_ x: ArraySlice<Double>, hertz: Double, rate: Double) -> Double {
        var (re, im, weights) = (0.0, 0.0, 0.0)
        for (i, value) in x.enumerated() {
            let window = 0.5 - 0.5 * cos(2 * .pi * (Double(i) + 0.5) / Double(x.count))
            let angle = 2 * .pi * hertz * Double(i) / rate
            re += window * value * cos(angle)
            im += window * value * sin(angle)
            weights += window
        }
        return 2 * sqrt(re * re + im * im) / weights
    }

    /// Frames from `start` until a gain in decibels has covered 63 % of the way to its value at `end`.
    ///
    /// Read where the reference is not near a zero crossing.
    static func framesTo63(_ output: [Double], over reference: [Double], from start: Int, end: Int) -> Double {
        // Not of the first frames, where a filter may still be ringing.
        let peak = reference[(start + end) / 2..<end].reduce(0) { max($0, abs($1)) }
        var course: [(frame: Int, gain: Double)] = []
        for i in start..<end where abs(reference[i]) > 0.3 * peak {
            course.append((i, decibels(output[i] / reference[i])))
        }
        let before = reference[..<start].lastIndex {
            abs($0) > 0.3 * reference[..<start].reduce(0) { max($0, abs($1)) }
        }
        guard let before, let last = course.last else { return .nan }
        let from = decibels(output[before] / reference[before])
        let target = from + (last.gain - from) * (1 - exp(-1))
        var previous = (frame: start - 1, gain: from)
        for point in course {
            if (point.gain - target) * (from - target) <= 0 {
                let share = (target - previous.gain) / (point.gain - previous.gain)
                return Double(previous.frame - start + 1) + share * Double(point.frame - previous.frame)
            }
            previous = point
        }
        return .nan
    }

    /// Largest distance from 0 dB of an impulse response's magnitude at frequencies from 20 Hz to 20 kHz.
    static func ripple(_ response: [Double], rate: Double, points: Int = 60) -> Double {
        (0..<points).map { i in
            let hertz = 20 * pow(1000, Double(i) / Double(points - 1))
            return abs(decibels(magnitude(response, hertz: hertz, rate: rate)))
        }.max() ?? .nan
    }

    static func magnitude(_ response: [Double], hertz: Double, rate: Double) -> Double {
        let step = (cos(2 * .pi * hertz / rate), -sin(2 * .pi * hertz / rate))
        var turn = (1.0, 0.0)
        var (re, im) = (0.0, 0.0)
        for x in response {
            re += x * turn.0
            im += x * turn.1
            turn = (turn.0 * step.0 - turn.1 * step.1, turn.0 * step.1 + turn.1 * step.0)
        }
        return sqrt(re * re + im * im)
    }
}
