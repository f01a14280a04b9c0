/// Writes a render's report: one HTML page without scripts and without anything from elsewhere.
///
/// The same model gives the same bytes: there is no date in it, and nothing depends on the machine.
package struct ReportPage {
    private let model: ReportModel

    package init(_ model: ReportModel) { self.model = model }

    /// The whole document, UTF-8.
    package var html: String {
        let sections = [head, header, failures, warnings, songs, charts, files, farm, footer]
        return sections.joined()
    }

    private var head: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(ReportText.escaped(model.albumTitle)): render report</title>
        <style>
        \(ReportStyle.css)
        </style>
        </head>
        <body>
        <main>

        """
    }

    private var header: String {
        let artist =
            model.artist.isEmpty ? "" : "<p class=\"artist\">\(ReportText.escaped(model.artist))</p>\n"
        let verdict =
            model.failures.isEmpty
            ? "<span class=\"badge good\">complete</span>"
            : "<span class=\"badge bad\">\(counted(model.failures.count, "failure"))</span>"
        let caution =
            model.warnings.isEmpty
            ? "" : " <span class=\"badge fair\">\(counted(model.warnings.count, "warning"))</span>"
        let durations = model.songs.compactMap(\.durationSeconds)
        let total = durations.count == model.songs.count ? durations.reduce(0, +) : nil
        var facts = ["\(counted(model.songs.count, "song")), \(ReportText.duration(total))"]
        if let target = model.targetLUFS {
            let scope = model.isTargetForAlbum ? "for the album" : "for each song"
            facts.append("target \(ReportText.quantity(target, "LUFS")) \(scope)")
        }
        if let ceiling = model.ceilingDecibelsTruePeak {
            facts.append("ceiling \(ReportText.quantity(ceiling, "dBTP"))")
        }
        if let album = model.albumIntegratedLUFS {
            facts.append("album \(ReportText.quantity(album, "LUFS"))")
        }
        return """
            <header>
            <p class="badges">\(verdict)\(caution)</p>
            <h1>\(ReportText.escaped(model.albumTitle))</h1>
            \(artist)<p class="facts">\(facts.joined(separator: " · "))</p>
            </header>

            """
    }

    private var failures: String {
        guard !model.failures.isEmpty else { return "" }
        let items = model.failures.map {
            "<li><strong>\(ReportText.escaped($0.subject))</strong> \(ReportText.escaped($0.reason))</li>\n"
        }
        return "<section class=\"notice bad\">\n<h2>Failures</h2>\n<ul>\n\(items.joined())</ul>\n</section>\n"
    }

    private var warnings: String {
        guard !model.warnings.isEmpty else { return "" }
        let items = model.warnings.map { "<li>\(ReportText.escaped($0))</li>\n" }
        return
            "<section class=\"notice fair\">\n<h2>Warnings</h2>\n<ul>\n\(items.joined())</ul>\n</section>\n"
    }

    private var songs: String {
        guard !model.songs.isEmpty else { return "" }
        let names = [
            "Song", "Duration", "Integrated", "True peak", "Range", "Gain", "Passes", "Limiter", "Stems null",
        ]
        let head = names.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let rows = model.songs.enumerated().map { i, song in
            let title = ReportText.escaped(song.title)
            let isOver = over(song.truePeakDecibels, model.ceilingDecibelsTruePeak)
            let cells: [(String, String, String)] = [
                (names[1], ReportText.duration(song.durationSeconds), ""),
                (names[2], ReportText.quantity(song.integratedLUFS, "LUFS"), ""),
                (names[3], ReportText.quantity(song.truePeakDecibels, "dBTP"), isOver ? " over" : ""),
                (names[4], ReportText.quantity(song.rangeLU, "LU"), ""),
                (names[5], ReportText.quantity(song.gainDecibels, "dB", isSigned: true), ""),
                (names[6], ReportText.count(song.passes), ""),
                (names[7], ReportText.quantity(song.maximumReductionDecibels, "dB"), ""),
                (names[8], ReportText.quantity(song.stemsNullDecibels, "dBFS"), ""),
            ]
            let data = cells.map { "<td class=\"number\($0.2)\" data-name=\"\($0.0)\">\($0.1)</td>" }.joined()
            return
                "<tr><th scope=\"row\"><span class=\"index\">\(i + 1)</span>\(title)</th>\(data)</tr>\n"
        }
        return """
            <section>
            <h2>Songs</h2>
            <table>
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table>
            </section>

            """
    }

    private var charts: String {
        let figures = model.songs.enumerated().compactMap { i, song -> String? in
            guard let curves = song.curves else { return nil }
            let chart = ReportChart(
                curves: curves, targetLUFS: model.targetLUFS, ceilingDecibels: model.ceilingDecibelsTruePeak)
            guard let html = chart.html else { return nil }
            let maxima = [
                "largest short-term \(ReportText.quantity(song.shortTermMaximumLUFS, "LUFS"))",
                "momentary \(ReportText.quantity(song.momentaryMaximumLUFS, "LUFS"))",
            ]
            return """
                <h3><span class="index">\(i + 1)</span>\(ReportText.escaped(song.title))</h3>
                <p class="facts">\(maxima.joined(separator: " · "))</p>
                \(html)
                """
        }
        guard !figures.isEmpty else { return "" }
        return "<section>\n<h2>Loudness over time</h2>\n\(figures.joined())</section>\n"
    }

    private var files: String {
        guard !model.files.isEmpty else { return "" }
        let items = model.files.map { file in
            let digest = file.sha256.map { "<code>\(ReportText.escaped(String($0.prefix(8))))…</code>" } ?? ""
            let facts = "\(ReportText.escaped(file.role)) · \(ReportText.escaped(file.format))"
            return """
                <details>
                <summary><span class="path">\(ReportText.escaped(file.path))</span>\
                <span class="facts">\(facts) · \(ReportText.size(file.byteCount)) \(digest)</span></summary>
                <dl>
                <dt>SHA-256 of the file</dt><dd>\(full(file.sha256))</dd>
                <dt>SHA-256 of the samples</dt><dd>\(full(file.pcmSHA256))</dd>
                </dl>
                </details>

                """
        }
        return "<section>\n<h2>Files</h2>\n\(items.joined())</section>\n"
    }

    private var farm: String {
        guard let farm = model.farm else { return "" }
        let speed = farm.timesRealTime.map { "\(ReportText.number($0))×" } ?? ReportText.absent
        let workers = farm.workerCount == 0 ? "none, in one process" : String(farm.workerCount)
        var cells: [(String, String)] = [
            ("Workers", workers), ("Segments", ReportText.count(farm.segmentCount)),
            ("Rendered", ReportText.count(farm.renderedCount)),
            ("Reused", ReportText.count(farm.reusedCount)),
            ("Retried", ReportText.count(farm.retriedCount)),
            ("Audited", ReportText.count(farm.auditedCount)),
            ("Real time", speed), ("Wall clock", ReportText.quantity(farm.wallSeconds, "s")),
            ("Processor", ReportText.quantity(farm.processorSeconds, "s")),
        ]
        if let seconds = farm.finishSeconds { cells.append(("Finishing", ReportText.quantity(seconds, "s"))) }
        let items = cells.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" }
        return "<section>\n<h2>Farm</h2>\n<dl class=\"tiles\">\n\(items.joined())</dl>\n</section>\n"
    }

    private var footer: String {
        """
        <footer>Lathe \(ReportText.escaped(model.version)). Loudness after ITU-R BS.1770 and EBU R 128, \
        range after EBU Tech 3342.</footer>
        </main>
        </body>
        </html>

        """
    }

    private func over(_ peak: Double?, _ ceiling: Double?) -> Bool {
        guard let peak, let ceiling else { return false }
        return peak > ceiling + 0.05
    }

    private func full(_ digest: String?) -> String {
        digest.map { "<code>\(ReportText.escaped($0))</code>" } ?? ReportText.absent
    }

    private func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
