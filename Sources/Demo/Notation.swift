/// One note of a phrase; times in beats (quarter notes) from the phrase's start.
struct Note {
    var start: Double
    var beats: Double
    /// MIDI note number; 60 is C4.
    var pitch: Double
    /// 0 to 1.
    var velocity: Double
}

/// The compact notations in which the demo's music is written down.
enum Notation {
    /// Reads `C#4`, `Bb2`, `A3` as a MIDI note number.
    static func pitch(_ name: some StringProtocol) -> Double {
        let steps: [Character: Int] = ["C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11]
        guard let letter = name.first, let step = steps[letter], let octave = name.last?.wholeNumberValue
        else {
            preconditionFailure("\(name) is no note name")
        }
        let accidental = name.dropFirst().dropLast().reduce(0) { $0 + ($1 == "#" ? 1 : -1) }
        return Double(12 * (octave + 1) + step + accidental)
    }

    /// Reads a chord: note names separated by blanks, lowest first.
    static func chord(_ text: String) -> [Double] { text.split(separator: " ").map { pitch($0) } }

    /// Reads a grid of sixteenths, sixteen characters a bar; bars are separated by `|`.
    ///
    /// `.` is a rest and `-` holds what sounds. `X x o g` strike the bar's whole chord (or a drum), loud to
    /// ghost; a digit strikes one tone of it, counted from the lowest and on into the octaves above.
    /// - Parameter chords: one per bar, repeated as needed.
    static func grid(_ text: String, _ chords: [String] = ["C4"]) -> [Note] {
        let tones = chords.map { chord($0) }
        let loudness: [Character: Double] = ["X": 1, "x": 0.8, "o": 0.55, "g": 0.3]
        var notes: [Note] = []
        var sounding = 0
        for (bar, cells) in text.split(separator: "|").enumerated() {
            precondition(cells.count == 16, "bar \(bar + 1) of \(text) has \(cells.count) cells")
            let tonesOfBar = tones[bar % tones.count]
            for (cell, mark) in cells.enumerated() {
                if mark == "-" {
                    for i in 0..<sounding { notes[notes.count - 1 - i].beats += 0.25 }
                    continue
                }
                sounding = 0
                let start = Double(bar * 16 + cell) / 4
                if let velocity = loudness[mark] {
                    notes += tonesOfBar.map { Note(start: start, beats: 0.25, pitch: $0, velocity: velocity) }
                    sounding = tonesOfBar.count
                } else if let digit = mark.wholeNumberValue {
                    let octave = Double(digit / tonesOfBar.count * 12)
                    let accent = cell % 4 == 0 ? 0.92 : (cell % 2 == 0 ? 0.76 : 0.62)
                    let tone = tonesOfBar[digit % tonesOfBar.count] + octave
                    notes.append(Note(start: start, beats: 0.25, pitch: tone, velocity: accent))
                    sounding = 1
                } else {
                    precondition(mark == ".", "\(mark) is no mark of a grid")
                }
            }
        }
        return notes
    }

    /// Reads a melody: `NOTE:BEATS` with `r` for a rest, `!` after it for an accent, `~` for a soft note;
    /// bars are separated by `|` and must have four beats.
    static func melody(_ text: String) -> [Note] {
        var notes: [Note] = []
        for (bar, part) in text.split(separator: "|").enumerated() {
            var time = 0.0
            for token in part.split(separator: " ") {
                let fields = token.split(separator: ":")
                let length = fields[1].filter { $0 != "!" && $0 != "~" }
                guard let beats = Double(length) else { preconditionFailure("\(token) has no length") }
                if fields[0] != "r" {
                    let velocity = token.hasSuffix("!") ? 1 : (token.hasSuffix("~") ? 0.5 : 0.78)
                    notes.append(
                        Note(
                            start: Double(bar * 4) + time, beats: beats, pitch: pitch(fields[0]),
                            velocity: velocity))
                }
                time += beats
            }
            precondition(time == 4, "bar \(bar + 1) of \(text) has \(time) beats")
        }
        return notes
    }
}
