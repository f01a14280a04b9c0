/// A song of the demo: its music, and the text of its session file with a mark for each track's clips.
struct Composition {
    /// Name of the session file and of its folder of audio.
    let name: String
    let title: String
    let beatsPerMinute: Double
    /// Where the second sixteenth of a pair falls: 0.5 is straight, 0.66 a triplet shuffle.
    let swing: Double
    let bars: Int
    let parts: [Part]
    /// YAML with a line `@Track@` wherever the clips of a part go.
    let session: String
}

/// A track's music: some phrases, and the order in which they are played.
struct Part {
    let name: String
    var channelCount = 1
    var rateHertz = 48000
    /// 24, or 16 with dither.
    var bitCount = 24
    var isFLAC = false
    /// Peak of the loudest phrase's file.
    var peakDecibels = -6.0
    /// Longest delay of a note behind the grid.
    var looseness = 0.005
    let phrases: [Phrase]
    /// One character for every two bars: a phrase's key starts it, `-` lets it go on, `.` is silence.
    let arrangement: String
    var fadeIn = ""
    var fadeOut = "10 ms"
}

/// A few bars for one track, rendered to one file and used by as many clips as the song needs.
struct Phrase {
    let key: Character
    let bars: Int
    let layers: [Layer]

    init(_ key: Character, bars: Int, _ layers: Layer...) {
        self.key = key
        self.bars = bars
        self.layers = layers
    }
}

/// Notes on one voice.
struct Layer {
    let voice: Voice
    let notes: [Note]
    let gain: Double
    let pan: Double

    init(_ voice: Voice, _ notes: [Note], gain: Double = 1, pan: Double = 0) {
        self.voice = voice
        self.notes = notes
        self.gain = gain
        self.pan = pan
    }
}

/// A use of a phrase on the song's timeline.
struct Placement {
    let phrase: Phrase
    /// Counted from 0.
    let bar: Int
    /// Bars until the next phrase starts, or until the phrase's own end.
    let bars: Int
    /// Whether another phrase starts then, so that the rest of this one is cut.
    let isFollowed: Bool
}

extension Part {
    static let barsPerSlot = 2

    /// The uses of the phrases, in time order.
    var placements: [Placement] {
        let slots = Array(arrangement)
        return slots.indices.compactMap { slot in
            guard slots[slot] != ".", slots[slot] != "-" else { return nil }
            guard let phrase = phrases.first(where: { $0.key == slots[slot] }) else {
                preconditionFailure("\(name) has no phrase \(slots[slot])")
            }
            let held = slots[(slot + 1)...].prefix { $0 == "-" }.count + 1
            let bars = held * Self.barsPerSlot
            precondition(bars <= phrase.bars, "\(name): \(phrase.key) is shorter than its place")
            let end = slot + held
            let isFollowed = bars < phrase.bars || (end < slots.count && slots[end] != ".")
            return Placement(phrase: phrase, bar: slot * Self.barsPerSlot, bars: bars, isFollowed: isFollowed)
        }
    }

    /// Path of a phrase's file below the album's folder.
    func fileName(of phrase: Phrase, in song: Composition) -> String {
        let stem = name.lowercased().split(separator: " ").joined(separator: "-")
        return "audio/\(song.name)/\(stem)-\(phrase.key).\(isFLAC ? "flac" : "wav")"
    }
}

extension Composition {
    var secondsPerBar: Double { 240 / beatsPerMinute }

    /// The session file: the text with its clips.
    var sessionText: String {
        session.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let mark = line.drop { $0 == " " }
            guard mark.hasPrefix("@"), mark.hasSuffix("@"), mark.count > 2 else { return String(line) }
            guard let part = parts.first(where: { $0.name == mark.dropFirst().dropLast() }) else {
                preconditionFailure("\(title) has no part \(mark)")
            }
            let indent = String(repeating: " ", count: line.count - mark.count)
            return part.placements.map { indent + "- " + clip($0, of: part) }.joined(separator: "\n")
        }.joined(separator: "\n") + "\n"
    }

    /// One clip in YAML's flow style: at a bar, and as long as the phrase where another one follows.
    private func clip(_ placement: Placement, of part: Part) -> String {
        var fields = ["file: \(part.fileName(of: placement.phrase, in: self))", "at: \(placement.bar + 1)|1"]
        if placement.isFollowed { fields.append("length: \(placement.bars) bars") }
        if !part.fadeIn.isEmpty { fields.append("fade-in: \(part.fadeIn)") }
        fields.append("fade-out: \(part.fadeOut)")
        return "{\(fields.joined(separator: ", "))}"
    }
}
