import Terminal
import Testing

/// A terminal of which only what matters here is played: lines, the cursor's way up, erasing below.
private final class Screen: ProgressTerminal {
    var size: (columns: Int, rows: Int) = (columns: 60, rows: 12)
    private(set) var writes: [String] = []
    private(set) var lines: [String] = []

    func write(_ text: String) {
        writes.append(text)
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix("\u{1B}[") {
                rest = rest.dropFirst(2)
                let number = Int(rest.prefix { $0.isNumber })
                rest = rest.drop { $0.isNumber }
                let isUp = rest.first == "A"
                rest = rest.dropFirst()
                // Erasing is what follows every way up, so the rows below go at once.
                if isUp { lines.removeLast(min(lines.count, number ?? 1)) }
            } else {
                let line = rest.prefix { $0 != "\n" && $0 != "\u{1B}" }
                rest = rest.dropFirst(line.count)
                if rest.first == "\n" {
                    lines.append(String(line).replacing("\r", with: ""))
                    rest = rest.dropFirst()
                }
            }
        }
    }
}

@Suite struct `The progress display` {
    private func display(_ mode: ProgressDisplay.Mode) -> (ProgressDisplay, Screen) {
        let screen = Screen()
        let renderer = ProgressRenderer(usesUnicode: false, usesColor: false)
        return (ProgressDisplay(mode: mode, renderer: renderer, terminal: screen), screen)
    }

    private func model(_ done: Int, stage: String = "mixing") -> ProgressModel {
        ProgressModel(songs: [.init(title: "Ferry", stage: stage, segmentsDone: done, segmentCount: 40)])
    }

    @Test func `draws at most ten times a second, and the last state always`() {
        let (display, screen) = display(.live)
        for i in 0...40 { display.update(model(i), now: Double(i) * 0.03) }
        #expect(screen.writes.count == 11)
        display.finish(now: 1.21)
        #expect(screen.writes.count == 12)
        #expect(screen.lines.count == 2)
        #expect(screen.lines[0].contains("100%") && screen.lines[1] == "40/40 segments")
    }

    @Test func `prints a warning above the bar and draws the bar again`() {
        let (display, screen) = display(.live)
        display.log("before")
        display.update(model(1), now: 0)
        display.log("warning: one")
        display.update(model(20), now: 1)
        display.log("warning:\u{1B}[2J two")
        #expect(screen.lines.count == 5)
        #expect(screen.lines[0...2] == ["before", "warning: one", "warning: [2J two"])
        #expect(screen.lines[3].hasPrefix("Ferry") && screen.lines[3].contains("50%"))
    }

    @Test func `erases the rows onto which a narrower window has wrapped the bar`() throws {
        let (display, screen) = display(.live)
        display.update(model(20), now: 0)
        let columns = screen.lines.map(\.count)
        screen.size = (columns: 25, rows: 12)
        display.update(model(21), now: 1)
        let rows = columns.reduce(0) { $0 + ($1 + 24) / 25 }
        #expect(rows > columns.count)
        #expect(try #require(screen.writes.last).hasPrefix("\u{1B}[\(rows)A\r\u{1B}[J"))
    }

    @Test func `clears the bar without a trace`() {
        let (display, screen) = display(.live)
        display.log("kept")
        display.update(model(1), now: 0)
        display.clear()
        display.clear()
        #expect(screen.lines == ["kept"])
    }

    @Test func `prints a plain line for each stage and each tenth, once`() {
        let (display, screen) = display(.plain)
        for i in 0...40 {
            for _ in 0..<3 { display.update(model(i), now: Double(i)) }
        }
        display.update(model(40, stage: "encoding"), now: 41)
        var last = model(40, stage: "encoding")
        last.songs[0].isFinished = true
        display.update(last, now: 42)
        display.update(last, now: 43)
        display.finish(now: 44)
        #expect(screen.lines.count == 11 + 1 + 1 + 1)
        #expect(screen.lines[0] == "Ferry: mixing, 0% (0/40 segments)")
        #expect(screen.lines[1] == "Ferry: mixing, 10% (4/40 segments)")
        #expect(screen.lines[11] == "Ferry: encoding, 100% (40/40 segments)")
        #expect(screen.lines[12] == "Ferry: done")
        #expect(screen.lines[13] == "40/40 segments")
        #expect(!screen.writes.joined().contains("\u{1B}"))
    }

    @Test func `prints a failure with its reason`() {
        let (display, screen) = display(.plain)
        display.update(ProgressModel(songs: [.init(title: "Ferry", failure: "no such file")]), now: 0)
        #expect(screen.lines == ["Ferry: failed: no such file"])
    }

    @Test func `writes one JSON object a line, quoted by the rules`() {
        let (display, screen) = display(.json)
        var state = model(3)
        state.songs[0].title = "A \"B\"\\\n\u{1}"
        state.timesRealTime = 2.5
        display.update(state, now: 0.5)
        display.update(state, now: 0.6)
        display.log("warning: x")
        display.finish(now: 1)
        #expect(screen.lines.count == 3)
        #expect(
            screen.lines[0] == """
                {"event":"progress","seconds":0.500,"segmentsDone":3,"segmentCount":40,"timesRealTime":2.500,\
                "workersBusy":0,"workerCount":0,"reused":0,"retried":0,"songs":[{"title":"A \\"B\\"\\\\\\n\\u0001",\
                "stage":"mixing","segmentsDone":3,"segmentCount":40,"finished":false}]}
                """)
        #expect(screen.lines[1] == "{\"event\":\"log\",\"message\":\"warning: x\"}")
    }

    @Test func `says nothing when told so, but warnings`() {
        let (display, screen) = display(.none)
        display.update(model(1), now: 0)
        display.log("warning: x")
        display.finish(now: 1)
        #expect(screen.writes == ["warning: x\n"])
    }

    @Test func `follows the environment`() {
        func settings(_ choice: ProgressDisplay.Choice, _ environment: [String: String], terminal: Bool)
            -> ProgressSettings
        {
            ProgressSettings(choice, environment: environment, isTerminal: terminal)
        }
        let xterm = ["TERM": "xterm", "LANG": "en_GB.UTF-8"]
        #expect(settings(.auto, xterm, terminal: true).mode == .live)
        #expect(settings(.auto, xterm, terminal: false).mode == .plain)
        #expect(settings(.auto, ["TERM": "dumb"], terminal: true).mode == .plain)
        #expect(settings(.json, xterm, terminal: true).mode == .json)
        #expect(settings(.none, xterm, terminal: true).mode == .none)
        #expect(settings(.auto, xterm, terminal: true).usesColor)
        #expect(!settings(.auto, xterm.merging(["NO_COLOR": "1"]) { $1 }, terminal: true).usesColor)
        #expect(settings(.auto, xterm.merging(["NO_COLOR": ""]) { $1 }, terminal: true).usesColor)
        #expect(settings(.auto, xterm, terminal: true).usesUnicode)
        #expect(!settings(.auto, xterm.merging(["LC_ALL": "C"]) { $1 }, terminal: true).usesUnicode)
        #expect(
            settings(.auto, ["TERM": "xterm", "LC_ALL": "", "LC_CTYPE": "C.utf8"], terminal: true).usesUnicode
        )
    }
}
