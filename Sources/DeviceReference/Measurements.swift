import Session
import SignalProcessing

/// What a device does to test signals, at 48 kHz.
enum Measurement {
    static let rateHertz = 48_000

    /// A fresh device by its table, as the engine makes it.
    static func device(_ device: Device) -> any StereoDevice {
        let values = device.values.map { $0 == .infinity ? 1e300 : $0 == -.infinity ? -10_000 : $0 }
        guard let kind = ProcessorKind.allCases.first(where: { "\($0)" == "\(device.kind)" }) else {
            preconditionFailure("\(device.kind) is no processor")
        }
        func strip<Wrapped: LaneDevice>(_ type: Wrapped.Type) -> (any StereoDevice)? {
            SingleStrip<Wrapped>(parameters: values, rateHertz: rateHertz)
        }
        let made: (any StereoDevice)? =
            switch kind.processor {
            case .lanes(let type): strip(type)
            case .stereo(let type): type.init(parameters: values, rateHertz: rateHertz)
            }
        guard let made else { preconditionFailure("\(device.kind) refuses its own parameters") }
        return made
    }

    /// The device's output, from song frame `frame` on.
    static func run(
        _ device: Device, left: [Float], right: [Float], at frame: Int = 0
    ) -> (left: [Float], right: [Float]) {
        var processor = Self.device(device)
        var (left, right) = (left, right)
        var start = 0
        while start < left.count {
            let count = min(4096, left.count - start)
            process(&processor, &left, &right, start, count, frame + start)
            start += count
        }
        return (left, right)
    }

    @inline(never)
    private static func process(
        _ device: inout any StereoDevice, _ left: inout [Float], _ right: inout [Float], _ start: Int, _ count: Int,
        _ frame: Int
    ) {
        left.withUnsafeMutableBufferPointer { l in
            right.withUnsafeMutableBufferPointer { r in
                var a = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: l[start..<start + count]))
                var b = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: r[start..<start + count]))
                device.process(left: &a, right: &b, at: frame)
            }
        }
    }

    /// Which part of the stereo signal carries the impulse and is looked at.
    enum Part { case left, mid, side }

    /// Magnitude response in dB, from the impulse response, at some 200 frequencies.
    static func response(_ device: Device, part: Part = .left, at frame: Int = 0) -> [(x: Double, y: Double)] {
        let count = 32_768
        var left = [Float](repeating: 0, count: count)
        var right = left
        left[0] = 0.25
        right[0] = part == .mid ? 0.25 : part == .side ? -0.25 : 0
        let out = run(device, left: left, right: right, at: frame)
        let impulse = (0..<count).map { i -> Double in
            switch part {
            case .left: Double(out.left[i]) * 4
            case .mid: Double(out.left[i]) * 2 + Double(out.right[i]) * 2
            case .side: Double(out.left[i]) * 2 - Double(out.right[i]) * 2
            }
        }
        let turns = (0..<count).map { PinnedMath.cos(2 * Double.pi * Double($0) / Double(count)) }
        var bins: [Int] = []
        for step in 0...220 {
            let hertz = 18 * PinnedMath.exp2(Double(step) / 220 * PinnedMath.log2(21_000.0 / 18))
            let bin = Int((hertz / Double(rateHertz) * Double(count)).rounded())
            if bin != bins.last { bins.append(bin) }
        }
        return bins.map { bin in
            var (re, im) = (0.0, 0.0)
            var phase = 0
            for sample in impulse {
                re += sample * turns[phase]
                im += sample * turns[(phase + count / 4) % count]
                phase = (phase + bin) % count
            }
            let hertz = Double(bin) * Double(rateHertz) / Double(count)
            return (hertz, PinnedMath.decibels(gain: max((re * re + im * im).squareRoot(), 1e-8)))
        }
    }

    /// A tone in quadrature: its level is the same at every frame.
    static func tone(hertz: Double, frameCount: Int, level: (Int) -> Double) -> (left: [Float], right: [Float]) {
        var (left, right) = ([Float](), [Float]())
        for i in 0..<frameCount {
            let phase = 2 * Double.pi * (Double(i) * hertz / Double(rateHertz)).truncatingRemainder(dividingBy: 1)
            left.append(Float(level(i) * PinnedMath.sin(phase)))
            right.append(Float(level(i) * PinnedMath.cos(phase)))
        }
        return (left, right)
    }

    /// Level of a quadrature tone at each frame, in dB.
    static func levels(_ signal: (left: [Float], right: [Float])) -> [Double] {
        zip(signal.left, signal.right).map { l, r in
            let power = Double(l) * Double(l) + Double(r) * Double(r)
            return PinnedMath.decibels(gain: max(power.squareRoot(), 1e-6))
        }
    }

    /// Output level over input level of a 1 kHz tone, in dB, each level held for half a second.
    static func staticCurve(_ device: Device, hertz: Double = 1000) -> [(x: Double, y: Double)] {
        let hold = rateHertz / 2
        let steps = Array(stride(from: -60.0, through: 0, by: 2))
        let gains = steps.map { PinnedMath.gain(decibels: $0) }
        let input = tone(hertz: hertz, frameCount: hold * steps.count) { gains[$0 / hold] }
        let out = levels(run(device, left: input.left, right: input.right))
        return steps.indices.map { (steps[$0], out[(($0 + 1) * hold) - 200]) }
    }

    /// Gain in dB over time in ms of a 1 kHz tone whose level steps up and down again.
    static func gainOverTime(
        _ device: Device, quiet: Double = -40, loud: Double = -6, from: Double, to: Double, seconds: Double
    ) -> [(x: Double, y: Double)] {
        let count = Int(seconds * Double(rateHertz))
        let (low, high) = (PinnedMath.gain(decibels: quiet), PinnedMath.gain(decibels: loud))
        let input = tone(hertz: 1000, frameCount: count) {
            let time = Double($0) / Double(rateHertz)
            return time >= from && time < to ? high : low
        }
        let latency = Self.device(device).latencyFrames
        let before = levels(input)
        let after = levels(run(device, left: input.left, right: input.right))
        return stride(from: 0, to: count - latency, by: max(1, count / 400)).map {
            (Double($0) / Double(rateHertz) * 1000, after[$0 + latency] - before[$0])
        }
    }

    /// Output over input of a slow sine wave of full scale.
    static func transferCurve(_ device: Device, level: Double = 1) -> [(x: Double, y: Double)] {
        let count = rateHertz
        let latency = Self.device(device).latencyFrames
        let input = (0..<count).map { Float(level * PinnedMath.sin(2 * Double.pi * Double($0 % 2400) / 2400)) }
        let out = run(device, left: input, right: input).left
        // A quarter of the last whole wave before the end, from the bottom to the top.
        let start = count / 2400 * 2400 - 2 * 2400 - 600
        return (0...1200).filter { $0 % 12 == 0 }.map {
            (Double(input[start + $0]), Double(out[start + $0 + latency]))
        }
    }

    /// Energy still to come, in dB, over time in seconds, after an impulse (Schroeder).
    static func energyDecay(_ device: Device, seconds: Double) -> [(x: Double, y: Double)] {
        let count = Int(seconds * Double(rateHertz))
        var impulse = [Float](repeating: 0, count: count)
        impulse[0] = 1
        let out = run(device, left: impulse, right: impulse)
        var energy = [Double](repeating: 0, count: count + 1)
        for i in (0..<count).reversed() {
            energy[i] =
                energy[i + 1] + Double(out.left[i]) * Double(out.left[i])
                + Double(out.right[i]) * Double(out.right[i])
        }
        return stride(from: 0, to: count, by: count / 300).map {
            (Double($0) / Double(rateHertz), 5 * PinnedMath.log10(max(energy[$0] / max(energy[0], 1e-30), 1e-20)) * 2)
        }
    }

    /// Level of what comes after an impulse, in dB, over time in ms: the loudest sample of each millisecond.
    static func echoes(
        _ device: Device, seconds: Double
    ) -> (left: [(x: Double, y: Double)], right: [(x: Double, y: Double)]) {
        let count = Int(seconds * Double(rateHertz))
        var impulse = [Float](repeating: 0, count: count)
        impulse[0] = 1
        let out = run(device, left: impulse, right: impulse)
        func peaks(_ channel: [Float]) -> [(x: Double, y: Double)] {
            stride(from: 0, to: count - 48, by: 48).map { start in
                let peak = channel[start..<start + 48].reduce(0) { max($0, $1.magnitude) }
                return (Double(start) / 48, PinnedMath.decibels(gain: max(Double(peak), 1e-6)))
            }
        }
        return (peaks(out.left), peaks(out.right))
    }
}
