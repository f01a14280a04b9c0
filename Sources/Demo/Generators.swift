import SignalProcessing

/// White noise as a function of (key, index): no state, so the same bytes in any order.
struct NoiseStream {
    let key: UInt64

    init(key: UInt64) { self.key = key }

    /// Derives an independent stream.
    func stream(_ number: Int) -> NoiseStream {
        NoiseStream(key: Self.mixed(key ^ Self.mixed(UInt64(bitPattern: Int64(number)) &+ 0x51ED_270B)))
    }

    /// Derives an independent stream from a name (FNV-1a over its UTF-8).
    func stream(_ name: String) -> NoiseStream {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return NoiseStream(key: Self.mixed(key ^ hash))
    }

    /// Uniform in -1..<1.
    subscript(index: Int) -> Double {
        let bits = Self.mixed(key &+ UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15)
        return Double(Int64(bitPattern: bits) >> 11) * 0x1p-52
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One cycle of a sine, interpolated linearly: error below 1e-7 of full scale.
enum SineTable {
    private static let size = 8192
    private static let values: [Double] = (0...size).map {
        PinnedMath.sin(6.283185307179586 * Double($0) / Double(size))
    }

    /// - Parameter cycles: the phase in whole turns, of any sign.
    @inline(__always)
    static func value(_ cycles: Double) -> Double {
        let position = (cycles - cycles.rounded(.down)) * Double(size)
        let index = min(Int(position), size - 1)
        let low = values[index]
        return low + (values[index + 1] - low) * (position - Double(index))
    }
}

/// A band-limited sawtooth by polynomial correction of its step (polyBLEP, Välimäki and Huovilainen 2007).
struct Sawtooth {
    var phase: Double

    mutating func next(_ step: Double) -> Double {
        phase += step
        if phase >= 1 { phase -= 1 }
        return 2 * phase - 1 - Self.residual(phase, step)
    }

    static func residual(_ phase: Double, _ step: Double) -> Double {
        if phase < step {
            let t = phase / step
            return t + t - t * t - 1
        }
        if phase > 1 - step {
            let t = (phase - 1) / step
            return t * t + t + t + 1
        }
        return 0
    }
}

/// A band-limited pulse of any width: the difference of two sawtooths.
struct Pulse {
    private var rising: Sawtooth
    private var falling: Sawtooth

    init(phase: Double, width: Double) {
        rising = Sawtooth(phase: phase)
        let other = phase + width
        falling = Sawtooth(phase: other - other.rounded(.down))
    }

    mutating func next(_ step: Double) -> Double { 0.5 * (rising.next(step) - falling.next(step)) }
}

/// A two-pole state-variable filter (trapezoidal integration, Simper's form).
struct StateVariableFilter {
    private var first = 0.0
    private var second = 0.0
    private var a1 = 0.0
    private var a2 = 0.0
    private var a3 = 0.0
    private var k = 1.4

    init() {}

    init(hertz: Double, q: Double, rate: Double) { tune(hertz: hertz, q: q, rate: rate) }

    mutating func tune(hertz: Double, q: Double, rate: Double) {
        // tan(x) by its Padé approximant, good to 0.1 % up to x = 1.3: a synthesiser's cutoff needs no more.
        let x = 3.141592653589793 * min(max(hertz, 10), 0.4 * rate) / rate
        let square = x * x
        let g = x * (15 - square) / (15 - 6 * square)
        k = 1 / q
        a1 = 1 / (1 + g * (g + k))
        a2 = g * a1
        a3 = g * a2
    }

    mutating func next(_ x: Double) -> (low: Double, band: Double, high: Double) {
        let v3 = x - second
        let band = a1 * first + a2 * v3
        let low = second + a2 * first + a3 * v3
        first = 2 * band - first
        second = 2 * low - second
        return (low, k * band, x - k * band - low)
    }
}

/// An exponential decay from 1 with the given time constant.
struct Decay {
    private(set) var value = 1.0
    private let factor: Double

    init(seconds: Double, rate: Double) { factor = PinnedMath.exp2(-1.4426950408889634 / (seconds * rate)) }

    mutating func next() -> Double {
        let now = value
        value *= factor
        return now
    }
}

/// Attack (linear), decay to a sustain level and release (exponential).
struct Contour {
    private var value = 0.0
    private var isRising = true
    private let rise: Double
    private let fall: Double
    private let sustain: Double
    private let release: Double

    init(attack: Double, decay: Double, sustain: Double, release: Double, rate: Double) {
        rise = 1 / max(1, attack * rate)
        fall = PinnedMath.exp2(-1.4426950408889634 / (decay * rate))
        self.sustain = sustain
        self.release = PinnedMath.exp2(-1.4426950408889634 / (release * rate))
    }

    mutating func next(isHeld: Bool) -> Double {
        if !isHeld {
            value *= release
        } else if isRising {
            value += rise
            if value >= 1 { isRising = false }
        } else {
            value = sustain + (value - sustain) * fall
        }
        return value
    }
}

/// Frequency of a MIDI note number, equal temperament, A4 (69) = 440 Hz.
func hertz(_ note: Double) -> Double { 440 * PinnedMath.exp2((note - 69) / 12) }

/// Amplitude of a level in decibels.
func amplitude(decibels: Double) -> Double { PinnedMath.gain(decibels: decibels) }

@inline(__always)
func softClip(_ x: Double) -> Double { x / (1 + x.magnitude) }
