/// Drums: sine sweeps, squares without a common pitch, and filtered noise.
extension NoteContext {
    func kick(bottom: Double, decay: Double) -> [Double] {
        var sweep = Decay(seconds: 0.022, rate: rate)
        var body = Decay(seconds: decay, rate: rate)
        var click = Decay(seconds: 0.0025, rate: rate)
        var filter = StateVariableFilter(hertz: 2600, q: 0.8, rate: rate)
        let hold = frames(0.03)
        var phase = 0.0
        return (0..<frames(decay * 7)).map { i in
            let level = i < hold ? 1 : body.next()
            let y = softClip(2.2 * SineTable.value(phase) * level) * 1.4
            phase += (bottom + (bottom * 3.4) * sweep.next()) / rate
            let edge = min(1, Double(i) / (0.0004 * rate))
            return y + 0.5 * filter.next(noise[i]).band * click.next() * velocity * edge
        }
    }

    func snare(tune: Double, snap: Double) -> [Double] {
        var bend = Decay(seconds: 0.012, rate: rate)
        var low = Decay(seconds: 0.075, rate: rate)
        var high = Decay(seconds: 0.04, rate: rate)
        var rattle = Decay(seconds: 0.06 + 0.07 * snap, rate: rate)
        var crack = Decay(seconds: 0.008, rate: rate)
        var band = StateVariableFilter(hertz: 2100, q: 0.6, rate: rate)
        var bright = StateVariableFilter(hertz: 5200, q: 0.7, rate: rate)
        var phase = 0.0
        return (0..<frames(0.75)).map { i in
            phase += tune * (1 + 0.35 * bend.next()) / rate
            let shell =
                0.65 * SineTable.value(phase) * low.next() + 0.35 * SineTable.value(phase * 1.78)
                * high.next()
            let x = noise[i]
            let wires = (1.1 * band.next(x).band + 0.55 * bright.next(x).high) * rattle.next()
            return shell + snap * wires + 0.4 * x * crack.next()
        }
    }

    func clap() -> [Double] {
        var band = StateVariableFilter(hertz: 1250, q: 1.6, rate: rate)
        var high = StateVariableFilter(hertz: 700, q: 0.7, rate: rate)
        let spacing = frames(0.0105)
        var burst = Decay(seconds: 0.005, rate: rate)
        var tail = Decay(seconds: 0.085, rate: rate)
        return (0..<frames(0.6)).map { i in
            let level: Double
            if i < 3 * spacing {
                if i % spacing == 0 { burst = Decay(seconds: 0.005, rate: rate) }
                level = burst.next()
            } else {
                level = 0.85 * tail.next()
            }
            return 2.4 * high.next(band.next(noise[i]).band).high * level
        }
    }

    func rim() -> [Double] {
        var ring = Decay(seconds: 0.022, rate: rate)
        var tick = Decay(seconds: 0.003, rate: rate)
        var filter = StateVariableFilter(hertz: 1700, q: 1.2, rate: rate)
        return (0..<frames(0.18)).map { i in
            let t = Double(i) / rate
            let wood = SineTable.value(820 * t) + 0.7 * SineTable.value(1710 * t)
            return 0.55 * wood * ring.next() + 1.3 * filter.next(noise[i]).band * tick.next()
        }
    }

    /// Hats and cymbals: six squares in inharmonic ratios and noise through a steep high-pass.
    func metal(decay: Double, cutoff: Double, tune: Double) -> [Double] {
        let partials = [271.0, 397, 489, 691, 713, 1057].map { $0 * tune * (0.98 + 0.04 * velocity) / rate }
        var phases = partials.indices.map { (noise.stream(9)[$0] + 1) / 2 }
        var filters = [
            StateVariableFilter(hertz: cutoff, q: 0.9, rate: rate),
            StateVariableFilter(hertz: cutoff * 0.9, q: 0.6, rate: rate),
        ]
        var body = Decay(seconds: decay, rate: rate)
        var stick = Decay(seconds: 0.004, rate: rate)
        return (0..<frames(min(decay * 7, 4))).map { i in
            var squares = 0.0
            for p in partials.indices {
                phases[p] += partials[p]
                if phases[p] >= 1 { phases[p] -= 1 }
                squares += phases[p] < 0.5 ? 1 : -1
            }
            let x = 0.16 * squares + 0.75 * noise[i]
            let bright = filters[1].next(filters[0].next(x).high).high
            return bright * (0.9 * body.next() + 0.5 * stick.next())
        }
    }

    func shaker() -> [Double] {
        var filter = StateVariableFilter(hertz: 5600, q: 1.1, rate: rate)
        var contour = Contour(attack: 0.018, decay: 0.035, sustain: 0, release: 0.02, rate: rate)
        return (0..<frames(0.22)).map { i in 1.6 * filter.next(noise[i]).band * contour.next(isHeld: true) }
    }

    func tom() -> [Double] {
        var bend = Decay(seconds: 0.06, rate: rate)
        var body = Decay(seconds: 0.19, rate: rate)
        var skin = Decay(seconds: 0.02, rate: rate)
        var filter = StateVariableFilter(hertz: hertz * 7, q: 0.8, rate: rate)
        var phase = 0.0
        return (0..<frames(1.2)).map { i in
            phase += hertz * (1 + 0.5 * bend.next()) / rate
            let drum = SineTable.value(phase) + 0.25 * SineTable.value(phase * 1.59)
            return 0.8 * drum * body.next() + 0.7 * filter.next(noise[i]).band * skin.next()
        }
    }

    /// Noise that opens and grows over the note, decorrelated between the sides.
    func riser() -> [[Double]] {
        [0, 1].map { side in
            let stream = noise.stream(side)
            var filter = StateVariableFilter()
            return (0..<held).map { i in
                let t = Double(i) / Double(held)
                if i % 16 == 0 { filter.tune(hertz: 300 + 9000 * t * t * t, q: 1.8, rate: rate) }
                let fade = min(1, Double(held - i) / (0.02 * rate))
                return 1.2 * filter.next(stream[i]).band * t * t * fade
            }
        }
    }
}
