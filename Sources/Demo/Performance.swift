/// Plays phrases: turns notes into sound.
struct Performance {
    let song: Composition
    let seed: UInt64

    /// Renders every phrase of a part, scaled together so that the loudest peaks at the part's level.
    func sounds(of part: Part) -> [Sound] {
        let noise = NoiseStream(key: seed).stream(song.name).stream(part.name)
        var sounds = part.phrases.map { sound(of: $0, in: part, noise: noise) }
        let peak = sounds.reduce(0) { max($0, $1.peak) }
        precondition(peak > 0, "\(part.name) is silent")
        let gain = amplitude(decibels: part.peakDecibels) / peak
        for i in sounds.indices { sounds[i].scale(by: gain) }
        return sounds
    }

    private func sound(of phrase: Phrase, in part: Part, noise: NoiseStream) -> Sound {
        let rate = Double(part.rateHertz)
        let secondsPerBeat = 60 / song.beatsPerMinute
        let phraseFrames = Int((Double(phrase.bars) * song.secondsPerBar * rate).rounded())
        var sound = Sound(
            rateHertz: part.rateHertz, channelCount: part.channelCount,
            frameCount: phraseFrames + part.rateHertz * 3)
        for (layerNumber, layer) in phrase.layers.enumerated() {
            // A phrase's takes differ in timing and touch; the key makes each an independent stream.
            let stream = noise.stream("\(phrase.key)\(layerNumber)")
            for (number, note) in layer.notes.enumerated() {
                let start = swung(note.start) * secondsPerBeat
                let end = swung(note.start + note.beats) * secondsPerBeat
                let late = part.looseness * (stream[2 * number] + 1) / 2
                let touch = 1 + 0.06 * stream[2 * number + 1]
                let velocity = min(1, note.velocity * touch)
                let channels = layer.voice.rendered(
                    pitch: note.pitch, seconds: max(0.02, end - start - 0.004), velocity: velocity,
                    rate: rate,
                    noise: stream.stream(number))
                sound.add(
                    channels, at: Int(((start + late) * rate).rounded()),
                    gain: layer.gain * velocity * (0.4 + 0.6 * velocity), pan: layer.pan)
            }
        }
        sound.blockDirectCurrent()
        sound.trimTail(keeping: phraseFrames, fade: part.rateHertz / 200)
        return sound
    }

    /// Moves the second sixteenth of each pair; a straight swing of 0.5 leaves every time alone.
    private func swung(_ beat: Double) -> Double {
        let pair = (beat * 2).rounded(.down)
        let within = beat * 2 - pair
        let warped =
            within < 0.5 ? within * 2 * song.swing : song.swing + (within - 0.5) * 2 * (1 - song.swing)
        return (pair + warped) / 2
    }
}
