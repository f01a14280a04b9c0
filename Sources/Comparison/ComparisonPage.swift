import LoudnessChecks
import Quantities
import Reports
import SoundFiles

/// The report for people: one HTML page with curves and a player, and without anything from elsewhere. It is
/// well-formed XML too.
///
/// The same report over the same files gives the same bytes.
package struct ComparisonPage {
    let report: ComparisonReport
    /// What the sound of one pair may take in the page.
    private let audioByteLimit: Int

    /// The most pairs that are shown in full.
    private static let pairLimit = 200

    /// - Parameter audioByteLimit: bytes that all sound in the page may take; 0 for none.
    package init(_ report: ComparisonReport, audioByteLimit: Int) {
        self.report = report
        let shown = report.pairs.count { pair in
            if case .compared(let result) = pair.outcome { result.relation != .identicalSamples } else { false }
        }
        self.audioByteLimit = audioByteLimit / max(1, min(shown, Self.pairLimit))
    }

    /// The whole document, UTF-8. Files are read again for their sound.
    package var html: String {
        let detailed = report.pairs.enumerated().filter { _, pair in
            if case .compared = pair.outcome { true } else { false }
        }
        let sections = detailed.prefix(Self.pairLimit).map { index, pair in
            PairSection(pair, index: index, audioByteLimit: audioByteLimit).html
        }
        let rest = detailed.count - sections.count
        let omitted = rest > 0 ? "<p class=\"facts\">\(rest) more pairs are left out here: --json has all.</p>\n" : ""
        return [head, header, failures, list, sections.joined(), omitted, footer].joined()
    }

    private var head: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>\(Self.text(Words.summary(report))): \(Self.text(report.nameA)), \(Self.text(report.nameB))</title>
        <style>
        \(ReportStyle.css)
        \(ComparisonStyle.css)
        </style>
        </head>
        <body>
        <main>

        """
    }

    private var header: String {
        let kind = report.failures.isEmpty ? (report.isSame ? "good" : "fair") : "bad"
        let tolerance = report.options.toleranceDecibels.map {
            " · tolerance \(Words.level($0, "dBFS")) of residual peak"
        }
        let verdict = report.failures.isEmpty ? (report.isSame ? "SAME" : "DIFFERENT") : "NOT COMPARED"
        let summary =
            Self.text(Words.summary(report)) + (tolerance ?? "") + " · Lathe " + Self.text(report.lathe)
        let title = report.pairs.count == 1 ? report.pairs[0].pair.title : "\(report.pairs.count) pairs"
        return """
            <header>
            <p class="verdict"><span class="badge \(kind)">\(verdict)</span></p>
            <h1>\(Self.text(title))</h1>
            <p class="artist"><span class="side side-a">A</span> <code>\(Self.text(report.nameA))</code><br/>
            <span class="side side-b">B</span> <code>\(Self.text(report.nameB))</code></p>
            <p class="facts">\(summary)</p>
            </header>

            """
    }

    private var failures: String {
        guard !report.failures.isEmpty else { return "" }
        let rows = report.failures.prefix(200).map { "<li>\(Self.text($0, atMost: 600))</li>\n" }
        return "<section class=\"notice bad\"><h2>Could not be compared</h2>\n<ul>\n\(rows.joined())</ul></section>\n"
    }

    // MARK: The list of pairs

    private var list: String {
        guard
            report.pairs.count > 1 || !report.onlyInA.isEmpty || !report.onlyInB.isEmpty || !report.passedOver.isEmpty
        else { return "" }
        let rows = report.pairs.enumerated().prefix(5000).map { index, pair in row(index, pair) }
        let only = [("A", report.onlyInA), ("B", report.onlyInB)].map { side, names in
            names.prefix(1000).map { name in
                "<tr><th>\(Self.text(name))</th><td class=\"verdict-cell\"><span class=\"badge fair\">only in \(side)"
                    + "</span></td>" + String(repeating: "<td class=\"number\"></td>", count: 3) + "</tr>\n"
            }.joined()
        }
        let left = report.passedOver.prefix(1000).map { file in
            "<tr><th>\(Self.text(file.id))</th><td class=\"verdict-cell\"><span class=\"badge fair\">not looked at"
                + "</span></td><td colspan=\"3\">\(Self.text(file.reason.words))</td></tr>\n"
        }
        return """
            <section><h2>All files</h2>
            <table><thead><tr><th>File</th><th></th><th>Residual dBFS</th><th>Loudness LU</th>\
            <th>True peak dB</th></tr></thead><tbody>
            \(rows.joined())\(only.joined())\(left.joined())</tbody></table></section>

            """
    }

    private func row(_ index: Int, _ pair: ComparedPair) -> String {
        var title = Self.text(pair.pair.title)
        var (residual, loudness, peak) = ("", "", "")
        let badge: (String, String)
        switch pair.outcome {
        case .identical: badge = ("good", "bit-identical")
        case .failed: badge = ("bad", "not compared")
        case .compared(let result):
            title = "<a href=\"#pair-\(index)\">\(title)</a>"
            badge = (result.relation == .different ? "fair" : "good", Words.relation(result.relation))
            if result.relation != .identicalSamples, let judged = result.judgedPeakDecibels {
                residual = Self.number(judged)
            }
            let rows = FigureRow.rows(result)
            func change(_ metric: Metric) -> String {
                rows.first { $0.metric == metric }?.change.map { Self.signed($0) } ?? ""
            }
            (loudness, peak) = (change(.integrated), change(.truePeak))
        }
        func cell(_ name: String, _ text: String) -> String {
            "<td class=\"number\" data-name=\"\(name)\">\(text)</td>"
        }
        return "<tr><th>\(title)</th><td class=\"verdict-cell\"><span class=\"badge \(badge.0)\">\(badge.1)</span></td>"
            + cell("Residual dBFS", residual) + cell("Loudness LU", loudness) + cell("True peak dB", peak) + "</tr>\n"
    }

    private var footer: String {
        """
        <footer>B is drawn where A has the same sound. The residual is what is left when A is taken from B; RMS after \
        AES17. Loudness after ITU-R BS.1770 and EBU R 128.</footer>
        </main>
        <script>
        \(PlayerScript.text)
        </script>
        </body>
        </html>

        """
    }

    // MARK: Text

    /// Text of others on one line, escaped.
    static func text(_ text: String, atMost limit: Int = 300) -> String {
        ReportText.escaped(Words.line(text, atMost: limit))
    }

    /// With a true minus sign.
    static func number(_ value: Double, decimals: Int = 1) -> String {
        guard value.isFinite else { return value < 0 ? "−∞" : "∞" }
        let text = NumberText.fixed(value, decimals: decimals)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    static func signed(_ value: Double, decimals: Int = 1) -> String {
        let text = Words.signed(value, decimals: decimals)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }
}
