import SignalProcessing

/// Pitched voices: subtractive (saw, pulse and a low-pass), FM, additive and plucked string.
extension NoteContext {
    func bass(cutoff: Double, drive: Double, sustain: Double) -> [Double] {
        var saw = Sawtooth(phase: 0.5)
        var filter = StateVariableFilter()
        var contour = Contour(attack: 0.004, decay: 0.35, sustain: sustain, release: 0.035, rate: rate)
        var sweep = Decay(seconds: 0.13, rate: rate)
        let step = hertz / rate
        return (0..<(held + frames(0.2))).map { i in
            let opening = sweep.next()
            if i % 16 == 0 {
                filter.tune(hertz: cutoff * (0.6 + 2.2 * opening * velocity), q: 1.3, rate: rate)
            }
            let sub = SineTable.value(Double(i) * step)
            let x = filter.next(saw.next(step)).low
            return softClip((0.75 * x + 0.8 * sub) * drive) * contour.next(isHeld: i < held)
        }
    }

    /// A tine piano by FM (Chowning 1973): a warm 1:1 pair and a short bright 1:14 pair, with tremolo.
    func electricPiano(brightness: Double) -> [[Double]] {
        let length = held + frames(0.5)
        var left: [Double] = []
        var right: [Double] = []
        left.reserveCapacity(length)
        right.reserveCapacity(length)
        var contour = Contour(attack: 0.003, decay: 1.6, sustain: 0.12, release: 0.09, rate: rate)
        var tine = Decay(seconds: 0.09, rate: rate)
        var warmth = Decay(seconds: 0.8, rate: rate)
        for i in 0..<length {
            let cycles = Double(i) * hertz / rate
            let body = (0.08 + 0.16 * velocity * brightness) * warmth.next()
            let carrier = SineTable.value(cycles + body * SineTable.value(cycles))
            let bright = SineTable.value(cycles + 0.05 * brightness * velocity * SineTable.value(14 * cycles))
            let y = (0.7 * carrier + 0.3 * bright * tine.next()) * contour.next(isHeld: i < held)
            let tremolo = 0.22 * SineTable.value(4.6 * Double(i) / rate)
            left.append(y * (1 + tremolo))
            right.append(y * (1 - tremolo))
        }
        return [left, right]
    }

    /// Drawbars 8', 4', 2 2/3', 2' with a percussive third harmonic.
    func organ() -> [Double] {
        var contour = Contour(attack: 0.006, decay: 0.5, sustain: 0.7, release: 0.03, rate: rate)
        var percussion = Decay(seconds: 0.09, rate: rate)
        return (0..<(held + frames(0.2))).map { i in
            let c = Double(i) * hertz / rate
            let bars =
                0.5 * SineTable.value(c) + 0.3 * SineTable.value(2 * c) + 0.16 * SineTable.value(3 * c)
                + 0.12 * SineTable.value(4 * c) + 0.3 * SineTable.value(3 * c) * percussion.next()
            return bars * contour.next(isHeld: i < held)
        }
    }

    /// Three detuned saws a side through a slowly moving low-pass.
    func pad(cutoff: Double, attack: Double, release: Double, detune: Double) -> [[Double]] {
        [0, 1].map { side in
            let stream = noise.stream(side)
            var saws = (0..<3).map { Sawtooth(phase: (stream[$0] + 1) / 2) }
            let steps = (0..<3).map { n in
                hertz / rate * (1 + detune * (Double(n) - 1 + (side == 0 ? 0.18 : -0.18)))
            }
            var filter = StateVariableFilter()
            var contour = Contour(attack: attack, decay: 1.5, sustain: 0.75, release: release, rate: rate)
            let start = (stream[7] + 1) / 2
            return (0..<(held + frames(release * 6))).map { i in
                if i % 32 == 0 {
                    let motion = SineTable.value(start + 0.19 * Double(i) / rate)
                    filter.tune(hertz: cutoff * (1 + 0.3 * motion), q: 0.8, rate: rate)
                }
                var x = 0.0
                for n in 0..<3 { x += saws[n].next(steps[n]) }
                return 0.4 * filter.next(x).low * contour.next(isHeld: i < held)
            }
        }
    }

    /// A plucked string (Karplus and Strong 1983; damping and fractional delay after Jaffe and Smith 1983).
    func pluck(brightness: Double, sustain: Double) -> [Double] {
        let period = rate / hertz
        let blend = 0.5 - 0.35 * brightness
        let whole = Int(period - blend)
        let fraction = period - blend - Double(whole)
        let loss = PinnedMath.exp2(-1.4426950408889634 / (sustain * hertz))
        var excite = StateVariableFilter(
            hertz: (1200 + 7000 * brightness) * (0.35 + 0.65 * velocity), q: 0.7, rate: rate)
        var string = (0..<(whole + 1)).map { excite.next(noise[$0]).low }
        let mean = string.reduce(0, +) / Double(string.count)
        for i in string.indices { string[i] -= mean }
        var contour = Contour(attack: 0.0005, decay: 1000, sustain: 1, release: 0.06, rate: rate)
        var head = 0
        var before = 0.0
        return (0..<(held + frames(0.4))).map { i in
            let newest = string[head]
            let next = string[head + 1 == string.count ? 0 : head + 1]
            let delayed = newest * fraction + next * (1 - fraction)
            let damped = loss * ((1 - blend) * delayed + blend * before)
            before = delayed
            string[head] = damped
            head = head + 1 == string.count ? 0 : head + 1
            return 1.2 * damped * contour.next(isHeld: i < held)
        }
    }

    func bell(ratio: Double, decay: Double) -> [Double] {
        var body = Decay(seconds: decay, rate: rate)
        var index = Decay(seconds: decay * 0.35, rate: rate)
        var strike = Decay(seconds: 0.03, rate: rate)
        let attack = Double(frames(0.0015))
        return (0..<frames(min(decay * 6, 5))).map { i in
            let c = Double(i) * hertz / rate
            let depth = (0.1 + 0.32 * velocity) * index.next()
            let tone =
                SineTable.value(c + depth * SineTable.value(ratio * c))
                + 0.35 * SineTable.value(2.003 * c) * strike.next()
            return 0.75 * tone * body.next() * min(1, Double(i) / attack)
        }
    }

    /// A pulse and a saw with delayed vibrato through a resonant low-pass.
    func pulseLead(cutoff: Double) -> [Double] {
        var pulse = Pulse(phase: 0, width: 0.36)
        var saw = Sawtooth(phase: 0.3)
        var filter = StateVariableFilter()
        var contour = Contour(attack: 0.012, decay: 0.5, sustain: 0.7, release: 0.07, rate: rate)
        var sweep = Decay(seconds: 0.3, rate: rate)
        return (0..<(held + frames(0.45))).map { i in
            let t = Double(i) / rate
            let depth = 0.006 * min(1, max(0, (t - 0.22) / 0.3))
            let step = hertz / rate * (1 + depth * SineTable.value(5.4 * t))
            let opening = sweep.next()
            if i % 16 == 0 {
                filter.tune(hertz: cutoff * (0.7 + velocity * opening) + hertz, q: 1.6, rate: rate)
            }
            let x = 0.9 * pulse.next(step) + 0.45 * saw.next(step * 1.004)
            return 0.9 * filter.next(x).low * contour.next(isHeld: i < held)
        }
    }

    /// Sine and two overtones with breath noise at the pitch.
    func flute() -> [Double] {
        var contour = Contour(attack: 0.07, decay: 0.6, sustain: 0.85, release: 0.1, rate: rate)
        var breath = StateVariableFilter(hertz: hertz * 2, q: 3, rate: rate)
        var chiff = Decay(seconds: 0.07, rate: rate)
        var phase = 0.0
        return (0..<(held + frames(0.6))).map { i in
            let t = Double(i) / rate
            let depth = min(1, max(0, (t - 0.3) / 0.5))
            let wave = SineTable.value(5.1 * t)
            phase += hertz / rate * (1 + 0.0035 * depth * wave)
            let tone =
                0.75 * SineTable.value(phase) + 0.2 * velocity * SineTable.value(2 * phase)
                + 0.09 * velocity * SineTable.value(3 * phase)
            let air = breath.next(noise[i]).band * (0.09 + 0.25 * chiff.next())
            return (tone * (1 + 0.12 * depth * wave) + air) * contour.next(isHeld: i < held)
        }
    }

    func arpeggio(cutoff: Double, decay: Double) -> [Double] {
        var pulse = Pulse(phase: 0, width: 0.27)
        var filter = StateVariableFilter()
        var level = Decay(seconds: decay, rate: rate)
        var sweep = Decay(seconds: decay * 0.5, rate: rate)
        let attack = Double(frames(0.002))
        let release = Double(frames(0.012))
        let length = min(max(held, frames(0.03)), frames(decay * 7))
        return (0..<length).map { i in
            let opening = sweep.next()
            if i % 16 == 0 { filter.tune(hertz: cutoff * (0.5 + 2 * opening * velocity), q: 2, rate: rate) }
            let edge = min(1, Double(i) / attack, Double(length - i) / release)
            return 1.3 * filter.next(pulse.next(hertz / rate)).low * level.next() * edge
        }
    }
}
