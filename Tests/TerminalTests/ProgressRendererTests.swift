import Terminal
import Testing

@Suite struct `The progress renderer` {
    private let plain = ProgressRenderer(usesUnicode: false, usesColor: false)
    private let unicode = ProgressRenderer(usesUnicode: true, usesColor: false)

    private func model() -> ProgressModel {
        ProgressModel(
            songs: [
                .init(
                    title: "Lanterns", stage: "encoding", segmentsDone: 8, segmentCount: 8, isFinished: true),
                .init(title: "Last Train East", stage: "mixing", segmentsDone: 3, segmentCount: 8),
                .init(title: "Snow", stage: "waiting", segmentCount: 8),
            ], pass: 1, workersBusy: 3, workerCount: 4, reusedCount: 2, retriedCount: 1, timesRealTime: 41.23,
            remainingSeconds: 64.2)
    }

    @Test func `fills 80 columns, and leaves the last one empty`() {
        let lines = unicode.lines(model(), width: 80, height: 10)
        #expect(
            lines == [
                "Lanterns         done",
                "Last Train East  ██████████████▎░░░░░░░░░░░░░░░░░░░░░░░   37%  mixing",
                "Snow             ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0%  waiting",
                "11/24 segments · 1:05 left · 41x real time · 3/4 workers · pass 1 · 2 reused",
            ])
    }

    @Test func `falls back to ASCII`() {
        let lines = plain.lines(model(), width: 60, height: 10)
        #expect(
            lines == [
                "Lanterns         done",
                "Last Train East  ######............   37%  mixing",
                "Snow             ..................    0%  waiting",
                "11/24 segments, 1:05 left, 41x real time, 3/4 workers",
            ])
        #expect(lines.joined().utf8.allSatisfy { $0 < 128 })
    }

    @Test func `drops the bar where there is no room for it`() {
        #expect(
            unicode.lines(model(), width: 36, height: 10) == [
                "Lanterns     done",
                "Last Train…  37% mixing",
                "Snow          0% waiting",
                "11/24 segments · 1:05 left",
            ])
    }

    @Test(arguments: [1, 2, 5, 9, 20, 33, 47, 80, 200]) func `is never wider than the window`(width: Int) {
        var wide = model()
        wide.songs[0].title = "夜のフェリーと港の灯りについての歌"
        wide.songs[1].failure = "audio/kick.wav changed while rendering. Render it again, please."
        wide.songs[0].isFinished = false
        for renderer in [plain, unicode] {
            for line in renderer.lines(wide, width: width, height: 10) {
                // Each of the song's wide characters counts for two columns.
                let columns = line.reduce(0) { $0 + ($1.unicodeScalars.first!.value > 0x2FFF ? 2 : 1) }
                #expect(columns <= max(1, width - 1), "\(line)")
            }
        }
    }

    @Test func `keeps failures and running songs when the window is low`() {
        var many = ProgressModel(
            songs: (0..<30).map {
                .init(title: "Song \($0)", segmentsDone: 8, segmentCount: 8, isFinished: true)
            })
        many.songs[21] = .init(title: "Running", stage: "mixing", segmentsDone: 1, segmentCount: 8)
        many.songs[25] = .init(title: "Broken", failure: "no such file")
        let lines = plain.lines(many, width: 60, height: 4)
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("Song 0"))
        #expect(lines[1].hasPrefix("Running"))
        #expect(lines[2].hasPrefix("Broken") && lines[2].contains("failed: no such file"))
        #expect(plain.lines(many, width: 60, height: 0).isEmpty)
    }

    @Test func `says dash, not zero, while the segments are not counted`() {
        let line = plain.lines(
            ProgressModel(songs: [.init(title: "A", stage: "hashing")]), width: 60, height: 5)[0]
        #expect(line.contains("-  hashing") && !line.contains("%"))
    }

    @Test func `lets no title move the cursor`() {
        let line = plain.lines(
            ProgressModel(songs: [.init(title: "a\u{1B}[2J\nb\u{9B}c", segmentCount: 1)]), width: 60,
            height: 5)[0]
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value < 127 })
    }

    @Test func `moves its bar in eighths of a column, always at the same width`() {
        #expect(unicode.bar(fraction: 0.5, width: 4) == "██░░")
        #expect(unicode.bar(fraction: 0.53125, width: 4) == "██▏░")
        #expect(unicode.bar(fraction: 1, width: 4) == "████")
        #expect(unicode.bar(fraction: .nan, width: 3) == "░░░")
        #expect(plain.bar(fraction: 2, width: 3) == "###")
        for i in 0...100 { #expect(unicode.bar(fraction: Double(i) / 100, width: 13).count == 13) }
    }

    @Test func `colours only when asked to`() {
        let coloured = ProgressRenderer(usesUnicode: true, usesColor: true)
        #expect(coloured.lines(model(), width: 80, height: 10).joined().contains("\u{1B}[32m  done\u{1B}[0m"))
        #expect(!unicode.lines(model(), width: 80, height: 10).joined().contains("\u{1B}"))
    }
}
