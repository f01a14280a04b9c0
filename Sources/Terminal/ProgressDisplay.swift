/// Shows a render's progress on standard error: a live bar, plain lines, JSON lines or nothing.
///
/// It has no clock: the caller passes the time in seconds on any steady scale. Use it from one thread.
package final class ProgressDisplay {
    package enum Mode: String, Sendable, CaseIterable {
        /// Redrawn in place, at most ten times a second.
        case live
        /// A line when a song enters a stage and at each further tenth of it.
        case plain
        /// One JSON object a line, at most four times a second and at the end.
        case json
        case none
    }

    package let mode: Mode
    private let renderer: ProgressRenderer
    private let terminal: any ProgressTerminal
    /// Columns of each line that is on the screen.
    private var drawnColumns: [Int] = []
    private var lastDrawing: Double?
    private var latest = ProgressModel()
    private var plainMarks: [PlainMark] = []

    /// What was last printed about a song, so that it is printed once.
    private struct PlainMark: Equatable {
        var stage = ""
        var tenth = -1
        var isFinished = false
        var failure: String?
    }

    package init(mode: Mode, renderer: ProgressRenderer, terminal: any ProgressTerminal) {
        self.mode = mode
        self.renderer = renderer
        self.terminal = terminal
    }

    /// Takes the newest state and draws it when it is time.
    ///
    /// - Parameter now: seconds; smaller than the last one counts as no time passed.
    package func update(_ model: ProgressModel, now: Double) {
        let model = mode == .json ? model : model.byAlbum
        latest = model
        switch mode {
        case .none: return
        case .plain: terminal.write(plainText(model))
        case .live where isDue(now, every: 0.1):
            lastDrawing = now
            terminal.write(frame(above: ""))
        case .json where isDue(now, every: 0.25):
            lastDrawing = now
            terminal.write(ProgressLine.json(model, now: now) + "\n")
        case .live, .json: return
        }
    }

    /// Prints a line that stays: above the live bar, or simply as a line.
    ///
    /// In JSON mode it is an object. Control characters become blanks, as names of files may hold
    /// any; line breaks are kept.
    package func log(_ text: String) {
        let line = TextLayout.printable(text)
        switch mode {
        case .live:
            // Without a first drawing there is nothing to draw again.
            terminal.write(lastDrawing == nil ? line + "\n" : frame(above: line + "\n"))
        case .json: terminal.write(ProgressLine.json(message: text) + "\n")
        case .plain, .none: terminal.write(line + "\n")
        }
    }

    /// Draws the last state once more, whatever the time, and leaves the cursor below it.
    package func finish(now: Double) {
        switch mode {
        case .live:
            guard lastDrawing != nil || !latest.songs.isEmpty else { return }
            latest.remainingSeconds = nil
            terminal.write(frame(above: ""))
            drawnColumns = []
        case .json: terminal.write(ProgressLine.json(latest, now: now) + "\n")
        case .plain:
            latest.remainingSeconds = nil
            if !latest.songs.isEmpty { terminal.write(renderer.plainSummary(latest) + "\n") }
        case .none: return
        }
        lastDrawing = nil
    }

    /// Erases the live bar, for instance before a final message.
    package func clear() {
        guard mode == .live, !drawnColumns.isEmpty else { return }
        terminal.write(erasure(width: terminal.size.columns))
        drawnColumns = []
        lastDrawing = nil
    }

    private func isDue(_ now: Double, every interval: Double) -> Bool {
        guard let lastDrawing else { return true }
        return now - lastDrawing >= interval
    }

    /// Up to the bar's first line, and everything below it erased.
    ///
    /// A window that became narrower since has
    /// wrapped the lines onto more rows.
    private func erasure(width: Int) -> String {
        let rows = drawnColumns.reduce(0) { $0 + max(1, ($1 + width - 1) / width) }
        return rows > 0 ? "\u{1B}[\(rows)A\r\u{1B}[J" : ""
    }

    /// One write for a whole frame, so that nothing else lands in its middle.
    private func frame(above text: String) -> String {
        let size = terminal.size
        let lines = renderer.lines(latest, width: size.columns, height: max(1, size.rows - 2))
        let start = erasure(width: size.columns)
        drawnColumns = lines.map { TextLayout.columns(TextLayout.withoutColors($0)) }
        return start + text + lines.map { $0 + "\n" }.joined()
    }

    private func plainText(_ model: ProgressModel) -> String {
        var text = ""
        for (i, song) in model.songs.enumerated() {
            if i == plainMarks.count { plainMarks.append(PlainMark()) }
            let tenth = song.segmentCount > 0 ? 10 * song.segmentsDone / song.segmentCount : 0
            let mark = PlainMark(
                stage: song.stage, tenth: tenth, isFinished: song.isFinished, failure: song.failure)
            if mark != plainMarks[i] { text += renderer.plainLine(song, countsSegments: model.countsSegments) + "\n" }
            plainMarks[i] = mark
        }
        return text
    }
}
