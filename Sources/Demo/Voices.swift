/// A sound source of the demo: what a note is played on.
///
/// Every voice is a pure function of its note.
enum Voice {
    case kick(bottom: Double, decay: Double)
    case snare(tune: Double, snap: Double)
    case clap
    case rim
    case hat(decay: Double)
    case shaker
    case cymbal(decay: Double)
    case tom
    case bass(cutoff: Double, drive: Double, sustain: Double)
    case electricPiano(brightness: Double)
    case organ
    case pad(cutoff: Double, attack: Double, release: Double, detune: Double)
    case pluck(brightness: Double, sustain: Double)
    case bell(ratio: Double, decay: Double)
    case pulseLead(cutoff: Double)
    case flute
    case arpeggio(cutoff: Double, decay: Double)
    case riser

    /// Renders one note at full velocity 1, one or two channels, peak around 1.
    ///
    /// - Parameters:
    ///   - pitch: MIDI note number, unused by most drums.
    ///   - seconds: how long the key is held.
    ///   - velocity: 0 to 1, for what changes in timbre; the level is applied by the caller.
    func rendered(
        pitch: Double, seconds: Double, velocity: Double, rate: Double, noise: NoiseStream
    ) -> [[Double]] {
        let note = NoteContext(
            hertz: hertz(pitch), seconds: seconds, velocity: velocity, rate: rate, noise: noise)
        switch self {
        case .kick(let bottom, let decay): return [note.kick(bottom: bottom, decay: decay)]
        case .snare(let tune, let snap): return [note.snare(tune: tune, snap: snap)]
        case .clap: return [note.clap()]
        case .rim: return [note.rim()]
        case .hat(let decay): return [note.metal(decay: decay, cutoff: 7000, tune: 1)]
        case .shaker: return [note.shaker()]
        case .cymbal(let decay): return [note.metal(decay: decay, cutoff: 3800, tune: 0.83)]
        case .tom: return [note.tom()]
        case .bass(let cutoff, let drive, let sustain):
            return [note.bass(cutoff: cutoff, drive: drive, sustain: sustain)]
        case .electricPiano(let brightness): return note.electricPiano(brightness: brightness)
        case .organ: return [note.organ()]
        case .pad(let cutoff, let attack, let release, let detune):
            return note.pad(cutoff: cutoff, attack: attack, release: release, detune: detune)
        case .pluck(let brightness, let sustain):
            return [note.pluck(brightness: brightness, sustain: sustain)]
        case .bell(let ratio, let decay): return [note.bell(ratio: ratio, decay: decay)]
        case .pulseLead(let cutoff): return [note.pulseLead(cutoff: cutoff)]
        case .flute: return [note.flute()]
        case .arpeggio(let cutoff, let decay): return [note.arpeggio(cutoff: cutoff, decay: decay)]
        case .riser: return note.riser()
        }
    }
}

/// What a voice knows of the note it plays.
struct NoteContext {
    let hertz: Double
    let seconds: Double
    let velocity: Double
    let rate: Double
    let noise: NoiseStream

    /// Frames for which the key is held.
    var held: Int { Int((seconds * rate).rounded()) }

    func frames(_ seconds: Double) -> Int { Int((seconds * rate).rounded(.up)) }
}
