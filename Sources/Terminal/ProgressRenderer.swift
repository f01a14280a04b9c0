/// Turns a `ProgressModel` into lines of text: pure, so that its looks are tested.
package struct ProgressRenderer: Sendable {
    /// Block and ellipsis characters; false gives plain ASCII.
    package var usesUnicode: Bool
    /// ANSI colours (never the only carrier of a meaning).
    package var usesColor: Bool

    package init(usesUnicode: Bool = true, usesColor: Bool = false) {
        self.usesUnicode = usesUnicode
        self.usesColor = usesColor
    }

    /// The live display: a line for each song and a summary, in a window of `width` columns.
    ///
    /// There are no more lines than `height`. When the songs do not fit, those that are done are left out
    /// first, then those that wait.
    package func lines(_ model: ProgressModel, width: Int, height: Int) -> [String] {
        // The last column stays empty: writing into it makes some terminals wrap.
        let room = max(1, width - 1)
        let shown = visibleSongs(model, count: max(0, min(height, 40) - 1))
        let titleWidth = min(
            shown.reduce(8) { max($0, TextLayout.columns(model.songs[$1].title)) }, max(8, room / 3))
        var lines = shown.map { songLine(model.songs[$0], titleWidth: titleWidth, room: room) }
        if height > 0 { lines.append(summary(model, room: room)) }
        return lines
    }

    /// One line about a song for a log, without control sequences.
    package func plainLine(_ song: ProgressModel.Song, countsSegments: Bool = true) -> String {
        let title = TextLayout.fitted(song.title, to: 60, ellipsis: ellipsis)
        if let failure = song.failure { return "\(title): failed: \(failure)" }
        if song.isFinished { return "\(title): done" }
        guard song.segmentCount > 0 else { return "\(title): \(song.stage)" }
        let counts = countsSegments ? " (\(song.segmentsDone)/\(song.segmentCount) segments)" : ""
        return "\(title): \(song.stage), \(percent(song))\(counts)"
    }

    /// The summary for a log.
    package func plainSummary(_ model: ProgressModel) -> String {
        facts(model).joined(separator: ", ")
    }

    /// A bar of exactly `width` columns; with Unicode it moves in eighths of a column.
    package func bar(fraction: Double, width: Int) -> String {
        let share = fraction.isNaN ? 0 : min(1, max(0, fraction))
        guard usesUnicode else {
            let full = Int(share * Double(width))
            return String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
        }
        let eighths = Int(share * Double(width * 8))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let full = eighths / 8
        let blank = width - full - (partial.isEmpty ? 0 : 1)
        return String(repeating: "█", count: full) + partial + String(repeating: "░", count: blank)
    }

    private var ellipsis: String { usesUnicode ? "…" : "..." }

    private func songLine(_ song: ProgressModel.Song, titleWidth: Int, room: Int) -> String {
        let title = TextLayout.padded(song.title, to: min(titleWidth, room), ellipsis: ellipsis)
        let rest = room - TextLayout.columns(title)
        if let failure = song.failure {
            let text = TextLayout.fitted("  failed: \(failure)", to: rest, ellipsis: ellipsis)
            return title + colored(text, "31")
        }
        if song.isFinished {
            return title + colored(TextLayout.fitted("  done", to: rest, ellipsis: ellipsis), "32")
        }
        let share = TextLayout.rightAligned(percent(song), to: 4)
        let barWidth = min(40, rest - 2 - 2 - 4 - 2 - 16)
        guard barWidth >= 6 else {
            return title + TextLayout.fitted(" \(share) \(song.stage)", to: rest, ellipsis: ellipsis)
        }
        let fraction = song.segmentCount > 0 ? Double(song.segmentsDone) / Double(song.segmentCount) : 0
        let stage = TextLayout.fitted(song.stage, to: rest - barWidth - 10, ellipsis: ellipsis)
        return "\(title)  \(colored(bar(fraction: fraction, width: barWidth), "36"))  \(share)  \(stage)"
    }

    private func summary(_ model: ProgressModel, room: Int) -> String {
        // What does not fit is left out from the end: the most important facts stand first.
        var text = ""
        for fact in facts(model) {
            let longer = text.isEmpty ? fact : text + (usesUnicode ? " · " : ", ") + fact
            if TextLayout.columns(longer) > room { break }
            text = longer
        }
        return text.isEmpty ? TextLayout.fitted(facts(model)[0], to: room, ellipsis: ellipsis) : text
    }

    private func facts(_ model: ProgressModel) -> [String] {
        var facts = ["\(model.segmentsDone)/\(model.segmentCount) segments"]
        if !model.countsSegments { facts = ["\(Int(100 * model.fraction))%"] }
        if let seconds = model.remainingSeconds { facts.append("\(TextLayout.clock(seconds: seconds)) left") }
        if let factor = model.timesRealTime { facts.append("\(TextLayout.times(factor)) real time") }
        if model.workerCount > 0 { facts.append("\(model.workersBusy)/\(model.workerCount) workers") }
        if model.pass > 0 { facts.append("pass \(model.pass)") }
        if model.reusedCount > 0 { facts.append("\(model.reusedCount) reused") }
        if model.retriedCount > 0 { facts.append("\(model.retriedCount) retried") }
        return facts
    }

    /// Indices of the songs to show, in order: failures and those at work first, then what waits, then
    /// what is done.
    private func visibleSongs(_ model: ProgressModel, count: Int) -> [Int] {
        func rank(_ song: ProgressModel.Song) -> Int {
            if song.failure != nil { return 0 }
            if song.isFinished { return 3 }
            return song.segmentsDone > 0 ? 1 : 2
        }
        let ranked = model.songs.indices.sorted { a, b in
            let ranks = (rank(model.songs[a]), rank(model.songs[b]))
            return ranks.0 == ranks.1 ? a < b : ranks.0 < ranks.1
        }
        return ranked.prefix(count).sorted()
    }

    private func percent(_ song: ProgressModel.Song) -> String {
        guard song.segmentCount > 0 else { return "-" }
        return "\(min(100, 100 * song.segmentsDone / song.segmentCount))%"
    }

    private func colored(_ text: String, _ code: String) -> String {
        usesColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
