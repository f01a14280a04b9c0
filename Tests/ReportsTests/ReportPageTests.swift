import Reports
import Testing

@Suite struct `A render report` {
    private func model() -> ReportModel {
        ReportModel(
            albumTitle: "Tom & Jerry's <Best>", artist: "\"Quoted\"", version: "1.2.3", targetLUFS: -14,
            ceilingDecibelsTruePeak: -1, isTargetForAlbum: true,
            songs: [
                ReportModel.Song(
                    title: "One", durationSeconds: 3723.4, integratedLUFS: -13.96, rangeLU: 6.25,
                    truePeakDecibels: -1.04, gainDecibels: 5.3, passes: 2, maximumReductionDecibels: 3.25,
                    stemsNullDecibels: -.infinity,
                    curves: ReportModel.Curves(
                        hopSeconds: 0.1, momentaryLUFS: [-.infinity, -20, -14, -60],
                        shortTermLUFS: [-20, -18, -17, -17],
                        truePeakDecibels: [-3, -1, -1, -200])),
                ReportModel.Song(title: "Two <script>alert(1)</script>"),
            ],
            files: [
                ReportModel.File(
                    path: "CD/01 One.flac", role: "master", format: "FLAC, 16 bit", byteCount: 21_110_444,
                    sha256: "0123456789abcdef", pcmSHA256: nil)
            ],
            farm: ReportModel.Farm(workerCount: 2, segmentCount: 8, timesRealTime: 41.2),
            failures: [ReportModel.Failure(subject: "Two", reason: "a <b>file</b> changed")],
            warnings: ["a & b"])
    }

    @Test func `is the same bytes for the same model`() {
        #expect(Array(ReportPage(model()).html.utf8) == Array(ReportPage(model()).html.utf8))
    }

    @Test func `differs when a value differs`() {
        var other = model()
        other.songs[0].passes = 3
        #expect(ReportPage(model()).html != ReportPage(other).html)
    }

    @Test func `escapes every text that comes from outside`() {
        let html = ReportPage(model()).html
        #expect(html.contains("<h1>Tom &amp; Jerry&#39;s &lt;Best&gt;</h1>"))
        #expect(html.contains("&quot;Quoted&quot;"))
        #expect(html.contains("Two &lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(html.contains("a &lt;b&gt;file&lt;/b&gt; changed"))
        #expect(html.contains("<li>a &amp; b</li>"))
        #expect(!html.contains("<script"))
        #expect(!html.contains("<b>"))
    }

    @Test func `replaces control characters, which HTML forbids`() {
        var odd = model()
        odd.albumTitle = "a\u{1B}[31mb\u{0}"
        let html = ReportPage(odd).html
        #expect(html.contains("a\u{FFFD}[31mb\u{FFFD}"))
        #expect(!html.unicodeScalars.contains("\u{1B}"))
    }

    @Test func `says not measured where a value is absent, and never zero`() throws {
        let html = ReportPage(model()).html
        let row = try #require(
            html.split(separator: "\n").first { $0.hasPrefix("<tr><th scope=\"row\"") && $0.contains("Two") })
        #expect(row.split(separator: "not measured", omittingEmptySubsequences: false).count == 9)
        let cells = row.split(separator: "<td ").dropFirst()
        #expect(cells.count == 8)
        for cell in cells { #expect(!cell.contains(">0")) }
    }

    @Test func `prints values in their units, to a tenth`() {
        let html = ReportPage(model()).html
        for text in [
            "1:02:03", "−14.0&nbsp;LUFS", "−1.0&nbsp;dBTP", "6.3&nbsp;LU", "+5.3&nbsp;dB", "−∞&nbsp;dBFS",
            "21.1&nbsp;MB",
            "<code>01234567…</code>", "<code>0123456789abcdef</code>", "41.2×",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test func `marks a true peak above the ceiling, and only that`() {
        #expect(!ReportPage(model()).html.contains("number over"))
        var loud = model()
        loud.songs[0].truePeakDecibels = -0.9
        #expect(ReportPage(loud).html.contains("number over"))
    }

    @Test func `shows failures before everything that was measured`() throws {
        let html = ReportPage(model()).html
        let failures = try #require(html.firstRange(of: "<h2>Failures</h2>"))
        let warnings = try #require(html.firstRange(of: "<h2>Warnings</h2>"))
        let songs = try #require(html.firstRange(of: "<h2>Songs</h2>"))
        #expect(failures.upperBound < warnings.lowerBound && warnings.upperBound < songs.lowerBound)
        #expect(html.contains("<span class=\"badge bad\">1 failure</span>"))
        var fine = model()
        fine.failures = []
        fine.warnings = []
        let clean = ReportPage(fine).html
        #expect(clean.contains(">complete</span>") && !clean.contains("<h2>Failures</h2>"))
        #expect(!clean.contains("<h2>Warnings</h2>"))
    }

    @Test func `loads nothing from elsewhere and runs nothing`() {
        let html = ReportPage(model()).html
        for text in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "onload", "onclick"] {
            #expect(!html.contains(text), "\(text)")
        }
        #expect(html.contains("prefers-color-scheme: dark"))
        #expect(html.contains("name=\"viewport\""))
    }

    @Test func `draws curves inside the plot, silence at its bottom`() throws {
        let html = ReportPage(model()).html
        let start = try #require(html.firstRange(of: "class=\"momentary\" points=\""))
        let points = html[start.upperBound...].prefix { $0 != "\"" }.split(separator: " ")
        #expect(points.count == 4)
        // The axis goes from 0 to -48 LUFS over 200 units.
        #expect(points == ["125.0,200.0", "375.0,83.3", "625.0,58.3", "875.0,200.0"])
        #expect(html.contains("ceiling −1.0") && html.contains("target −14.0"))
    }

    @Test func `draws at most 500 points, and keeps the peaks`() throws {
        var long = model()
        var values = Array(repeating: -30.0, count: 36_001)
        values[20_000] = -12
        long.songs[0].curves = ReportModel.Curves(hopSeconds: 0.1, shortTermLUFS: values)
        let html = ReportPage(long).html
        let start = try #require(html.firstRange(of: "class=\"short\" points=\""))
        let points = html[start.upperBound...].prefix { $0 != "\"" }.split(separator: " ")
        #expect(points.count <= 500 && points.count > 400)
        #expect(points.filter { $0.hasSuffix(",50.0") }.count == 1)
    }

    @Test func `has no plot without curves, and no empty sections`() {
        let html = ReportPage(ReportModel(albumTitle: "Empty", version: "1")).html
        #expect(!html.contains("<figure>") && !html.contains("<table>") && !html.contains("<h2>"))
    }

    @Test func `closes every element it opens`() {
        var open: [Substring] = []
        let html = ReportPage(model()).html
        var rest = html[...]
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }
            if tag.hasPrefix("!") || tag.hasSuffix("/") || name == "meta" { continue }
            if tag.hasPrefix("/") {
                #expect(open.popLast() == name, "\(tag)")
            } else {
                open.append(name)
            }
        }
        #expect(open.isEmpty)
    }
}
