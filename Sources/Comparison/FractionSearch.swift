import Quantities
import SignalProcessing
import SoundFiles

/// Looks for a part of a frame by which B is later, by the slope of the phase of the cross-spectrum.
///
/// It is believed where nothing else is with that stretch: a plain delay and one gain must leave no more than a
/// hundredth of what the gain alone leaves, in every octave that has something to say. An equaliser moves the phase as
/// well, but not alike in all octaves, and not without the level.
struct FractionSearch {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile
    let routes: [ChannelRoute]

    /// The most channels that are looked at.
    private static let channelLimit = 8
    private static let leastFrames = 0.01
    private static let greatestSpreadFrames = 0.02
    private static let octaveShare = 0.01
    private static let leastOctaveCount = 2

    /// Frames, at most half a one; 0 where nothing speaks for it.
    func run(_ stretches: [PlacedStretch]) throws -> Double {
        let rate = first.info.rate
        var size = 1024
        while size < rate / 2 { size *= 2 }
        let transform = FourierTransform(size: size)
        let looks = routes.filter { $0.a != .none && $0.b != .none }.prefix(Self.channelLimit)
        let sourceA = try ChannelSource(path: a, channels: Self.channels(looks.map(\.a)))
        let sourceB = try ChannelSource(path: b, channels: Self.channels(looks.map(\.b)))
        let x = DoublePlanes(channelCount: sourceA.channels.count, frameCount: size)
        let y = DoublePlanes(channelCount: sourceB.channels.count, frameCount: size)
        let scratch = DoublePlanes(channelCount: 2, frameCount: size)
        let window = (0..<size).map { 0.5 - 0.5 * PinnedMath.cos(2 * Double.pi * (Double($0) + 0.5) / Double(size)) }
        var delays: [Double] = []
        var looked = 0
        for stretch in stretches {
            let frames = FrameRange(start: stretch.frame, count: size)
            try sourceA.read(frames, into: x.planes)
            try sourceB.read(frames.shifted(by: stretch.lag), into: y.planes)
            var spectrum = CrossSpectrum(size: size)
            for route in looks {
                let (termA, termB) = (sourceA.term(route.a), sourceB.term(route.b))
                guard let p = termA.plane(of: x.planes, count: size, scratch: scratch.planes[0]),
                    let q = termB.plane(of: y.planes, count: size, scratch: scratch.planes[1])
                else { continue }
                let both = ComplexLine(
                    real: (0..<size).map { window[$0] * p[$0] },
                    imaginary: (0..<size).map { route.sign * window[$0] * q[$0] })
                spectrum.add(both, transform)
            }
            guard spectrum.power > 1e-10 * Double(size) * Double(size) else { continue }
            looked += 1
            if let delay = delay(spectrum, rate: rate) { delays.append(delay) }
            // Nothing is claimed without three quarters of them.
            if looked >= 2, delays.isEmpty { return 0 }
        }
        guard !delays.isEmpty, 4 * delays.count >= 3 * looked else { return 0 }
        let sorted = delays.sorted()
        let median = sorted[sorted.count / 2]
        guard median.magnitude >= Self.leastFrames,
            sorted[sorted.count - 1] - sorted[0] <= Self.greatestSpreadFrames
        else { return 0 }
        return median
    }

    /// Those that make up some terms, each once; of a mean the first two.
    private static func channels(_ terms: [ChannelTerm]) -> [Int] {
        let all = terms.flatMap { term -> [Int] in
            switch term {
            case .channel(let channel): [channel]
            case .mean: [0, 1]
            case .none: []
            }
        }
        return Set(all).sorted()
    }

    /// Frames; nil where a delay is not what tells A and B apart.
    private func delay(_ spectrum: CrossSpectrum, rate: Int) -> Double? {
        let delay = spectrum.delay()
        guard delay.magnitude >= Self.leastFrames, delay.magnitude <= 0.75 else { return nil }
        let floor = noisePower(spectrum.size)
        var told = 0
        for octave in spectrum.octaves(rate: rate, delay: delay) {
            let noise = floor * Double(octave.lineCount)
            guard octave.before > 100 * noise else { continue }
            if octave.after > Self.octaveShare * octave.before + 2 * noise { return nil }
            told += 1
        }
        return told >= Self.leastOctaveCount ? delay : nil
    }

    /// What rounding with dither leaves in one line, of both files and all channels.
    private func noisePower(_ size: Int) -> Double {
        let bits = [first, second].map { $0.info.format.isFloat ? 24 : min(24, $0.bitCount ?? 16) }.min() ?? 16
        let step = 1 / Double(1 << (bits - 1))
        return step * step * 0.375 * Double(size) * Double(min(Self.channelLimit, routes.count))
    }
}

extension ChannelSource {
    /// A term of the file's channels as one of those that are read.
    fileprivate func term(_ term: ChannelTerm) -> ChannelTerm {
        guard case .channel(let channel) = term else { return term }
        return channels.firstIndex(of: channel).map { .channel($0) } ?? .none
    }
}

/// Spectra of A and B, and of both together, over some channels, up to four fifths of half the rate.
private struct CrossSpectrum {
    let size: Int
    private let lineCount: Int
    private var aa: [Double]
    private var bb: [Double]
    private var real: [Double]
    private var imaginary: [Double]

    init(size: Int) {
        self.size = size
        lineCount = size * 2 / 5
        aa = [Double](repeating: 0, count: lineCount)
        bb = aa
        real = aa
        imaginary = aa
    }

    var power: Double { aa.reduce(0, +) }

    /// - Parameter both: A in the real parts, B in the imaginary ones.
    mutating func add(_ both: ComplexLine, _ transform: FourierTransform) {
        var both = both
        both.transform(transform)
        for k in 1..<lineCount {
            let (a, b) = (both.firstSpectrum(k), both.secondSpectrum(k))
            aa[k] += a.real * a.real + a.imaginary * a.imaginary
            bb[k] += b.real * b.real + b.imaginary * b.imaginary
            real[k] += a.real * b.real + a.imaginary * b.imaginary
            imaginary[k] += a.real * b.imaginary - a.imaginary * b.real
        }
    }

    /// The delay in frames that leaves least, by Newton's method from 0.
    func delay() -> Double {
        var delay = 0.0
        for _ in 0..<6 {
            var (slope, bend) = (0.0, 0.0)
            turn(by: delay) { k, _, radians, real, imaginary in
                slope += radians * imaginary
                bend += radians * radians * real
            }
            guard bend > 0 else { return 0 }
            let step = -slope / bend
            delay = max(-1, min(1, delay + step))
            if step.magnitude < 1e-6 { break }
        }
        return delay
    }

    struct Octave {
        /// The power that one gain leaves, and that gain and delay leave.
        var before = 0.0
        var after = 0.0
        var lineCount = 0
    }

    /// From 62.5 Hz on.
    func octaves(rate: Int, delay: Double) -> [Octave] {
        var sum = 0.0
        turn(by: delay) { _, _, _, real, _ in sum += real }
        let power = aa.reduce(0, +)
        let gain = power > 0 ? sum / power : 0
        var octaves: [Octave] = []
        var edge = 0
        turn(by: delay) { k, line, _, turned, _ in
            guard Double(k) * Double(rate) >= 62.5 * Double(size) else { return }
            while octaves.isEmpty || k >= edge {
                octaves.append(Octave())
                edge = Int((62.5 * Double(1 << octaves.count) * Double(size) / Double(rate)).rounded(.up))
            }
            let own = bb[k] + gain * gain * aa[k]
            octaves[octaves.count - 1].before += max(0, own - 2 * gain * line)
            octaves[octaves.count - 1].after += max(0, own - 2 * gain * turned)
            octaves[octaves.count - 1].lineCount += 1
        }
        return octaves
    }

    /// Calls `body` with every line, the real part of its product, its radians per frame, and the product's real and
    /// imaginary parts with the delay taken back.
    private func turn(by delay: Double, _ body: (Int, Double, Double, Double, Double) -> Void) {
        let step = 2 * Double.pi / Double(size)
        let (cosine, sine) = (PinnedMath.cos(step * delay), PinnedMath.sin(step * delay))
        var (x, y) = (1.0, 0.0)
        for k in 1..<lineCount {
            (x, y) = (x * cosine - y * sine, x * sine + y * cosine)
            body(
                k, real[k], step * Double(k), real[k] * x - imaginary[k] * y, real[k] * y + imaginary[k] * x)
        }
    }
}

/// Reads between frames: a windowed sinc (Kaiser's window) of 128 frames.
struct FractionalReading: Sendable {
    /// Frames that are needed before and behind.
    static let reach = 64
    private let taps: [Double]

    /// - Parameter fraction: how far behind a frame is read, -1 to 1.
    init(fraction: Double) {
        let beta = 8.0
        func bessel(_ x: Double) -> Double {
            var (sum, term, k) = (1.0, 1.0, 1.0)
            while term > 1e-17 * sum {
                term *= x * x / (4 * k * k)
                sum += term
                k += 1
            }
            return sum
        }
        let scale = 1 / bessel(beta)
        taps = (-Self.reach...Self.reach).map { offset in
            let t = Double(offset) - fraction
            let u = t / Double(Self.reach)
            guard u.magnitude < 1 else { return 0 }
            let window = bessel(beta * (1 - u * u).squareRoot()) * scale
            return t == 0 ? 1 : window * PinnedMath.sin(Double.pi * t) / (Double.pi * t)
        }
    }

    /// - Parameter source: `reach` frames before and behind `count` ones.
    func read(_ source: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>) {
        var i = 0
        while i + 8 <= count {
            var sum = SIMD8<Double>.zero
            for j in taps.indices {
                let p = source + (i + j)
                sum += taps[j] * SIMD8(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
            }
            for l in 0..<8 { target[i + l] = sum[l] }
            i += 8
        }
        while i < count {
            var sum = 0.0
            for j in taps.indices { sum += taps[j] * source[i + j] }
            target[i] = sum
            i += 1
        }
    }
}
