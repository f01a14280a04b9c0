import Quantities

/// One card for each song: curves, spectrum, channels, details.
extension CheckPage {
    var songs: String {
        guard !index.drawn.isEmpty || index.measuredCount > 0 else { return "" }
        let measurements = index.drawn.compactMap(\.measurement)
        let bands = index.drawn.compactMap { TargetBand(index.findings(of: $0.id)) }
        let loudness = LevelScale.loudness(measurements, bands: bands, height: 200)
        let spectrum = LevelScale.spectrum(measurements, height: 110)
        // Only looked up by name.
        var means: [String: [Double]] = [:]
        for section in index.sections {
            guard section.group != nil else { continue }
            let mean = SpectrumChart.mean(section.items.compactMap(\.measurement))
            for item in section.items { means[item.id] = mean }
        }
        let isMany = index.drawn.count > 40
        var cards = BoundedParts(byteLimit: Room.songs)
        for (offset, item) in index.drawn.enumerated() {
            guard let measurement = item.measurement else { continue }
            cards.append {
                SongCard(
                    item: item, measurement: measurement, number: offset + 1, findings: index.findings(of: item.id),
                    badge: report.isJudged ? " " + index.verdict(of: item.id).badge() : "", isStrict: report.isStrict,
                    loudness: loudness, spectrum: spectrum, groupMean: means[item.id] ?? [],
                    bucketCount: isMany ? 150 : 400
                ).html
            }
        }
        return """
            <section class="songs">
            <h2>Loudness over time, spectrum and details</h2>
            \(drawnNote(cards))\(cards.html)</section>

            """
    }

    /// Which files have no chart, if any.
    private func drawnNote(_ cards: BoundedParts) -> String {
        let missing = index.measuredCount - cards.written
        guard missing > 0 else { return "" }
        let isSelected = report.isJudged && index.measuredCount > PageIndex.drawnLimit
        let which = isSelected ? " that failed or have warnings" : ""
        return "<p class=\"facts\">\(index.measuredCount) files are too many to draw all: there are charts for "
            + "\(cards.written)\(which), the other \(missing) are in the tables only.</p>\n"
    }
}

/// What is shown of one file below the tables.
struct SongCard {
    let item: CheckedItem
    let measurement: Measurement
    /// From 1; links point at it.
    let number: Int
    let findings: [Finding]
    let badge: String
    let isStrict: Bool
    let loudness: LevelScale
    let spectrum: LevelScale
    let groupMean: [Double]
    let bucketCount: Int

    /// More are not numbered in a chart.
    private static let stretchLimit = 20
    private static let eventLimit = 50

    var html: String {
        let placed = findings.filter { $0.status != .passed && $0.startSeconds?.isFinite == true }
        // `sorted` keeps the order of equals.
        let stretches = Array(
            placed.sorted { $0.startSeconds ?? 0 < $1.startSeconds ?? 0 }.prefix(Self.stretchLimit))
        let chart = LoudnessChart(
            measurement: measurement, stretches: stretches, band: TargetBand(findings),
            ceilingDecibels: TargetBand.ceiling(findings), scale: loudness, isStrict: isStrict,
            bucketCount: bucketCount)
        let bars = SpectrumChart(levels: measurement.octaveLevels, mean: groupMean, scale: spectrum).html ?? ""
        let columns = bars + peaks
        return """
            <article id="song-\(number)">
            <h3>\(PageText.title(item.title, instead: item.id))\(badge)</h3>
            <p class="facts"><code>\(PageText.text(item.id))</code> \(facts)</p>
            \(chart.html ?? "<p class=\"facts\">No curves were measured.</p>\n")\(list(of: stretches))\
            \(columns.isEmpty ? "" : "<div class=\"columns\">\n\(columns)</div>\n")\(details)</article>

            """
    }

    private var facts: String {
        let form = measurement.form
        let kilohertz = NumberText.fixed(Double(form.rateHertz) / 1000, decimals: form.rateHertz % 1000 == 0 ? 0 : 1)
        let format = [form.container, form.encoding, form.layout].map { PageText.text($0, atMost: 40) }
        return format.joined(separator: ", ") + ", \(kilohertz) kHz, \(PageText.size(form.byteCount))"
    }

    /// The numbers in the chart, in words.
    private func list(of stretches: [Finding]) -> String {
        guard !stretches.isEmpty else { return "" }
        let rows = stretches.enumerated().map { index, finding in
            let kind = finding.verdict(isStrict: isStrict).kind
            let message = CheckPage.firstClause(finding.message.isEmpty ? finding.demand : finding.message).first
            return "<li><b class=\"number-mark \(kind)\">\(index + 1)</b> "
                + "<strong>\(FindingTimes.text(finding))</strong> \(PageText.text(message, atMost: 400)) "
                + "<code>\(PageText.text(finding.rule, atMost: 60))</code></li>\n"
        }
        return "<ul class=\"stretches\">\n\(rows.joined())</ul>\n"
    }

    private var peaks: String {
        guard !measurement.channels.isEmpty else { return "" }
        let ceiling = TargetBand.ceiling(findings)
        let rows = measurement.channels.prefix(64).map { channel in
            let kind = ceiling.map { channel.truePeak > $0 } == true ? " over" : ""
            return "<tr><th scope=\"row\">\(PageText.text(channel.name, atMost: 20))</th>"
                + "<td class=\"number\(kind)\"><span>\(PageText.decibels(channel.truePeak, "dBTP"))</span></td>"
                + "<td class=\"number\">\(PageText.decibels(channel.samplePeak, "dBFS"))</td></tr>\n"
        }
        return """
            <table class="small">
            <thead><tr><th scope="col">Channel</th><th scope="col">True peak</th>\
            <th scope="col">Sample peak</th></tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table>

            """
    }

    // MARK: Details

    private var details: String {
        """
        <details><summary>Details</summary>
        \(values)\(form)\(events)</details>

        """
    }

    private var values: String {
        let tiles = measurement.values.entries.map { metric, value in
            let text =
                switch value {
                case .number(let number): PageText.quantity(number, metric)
                case .unmeasurable(let reason): "<span class=\"absent\">\(PageText.text(reason, atMost: 120))</span>"
                }
            return "<div><dt>\(metric.title)</dt><dd>\(text)</dd></div>\n"
        }
        return tiles.isEmpty ? "" : "<dl class=\"tiles\">\n\(tiles.joined())</dl>\n"
    }

    private var form: String {
        let form = measurement.form
        var rows: [(name: String, text: String)] = [
            ("Frames", "\(form.frameCount) at \(form.rateHertz) Hz"),
            ("Channels", form.channelNames.prefix(64).map { PageText.text($0, atMost: 20) }.joined(separator: " ")),
        ]
        if let bits = form.bits { rows.append(("Bits of a sample", "\(bits)\(form.isFloat ? ", float" : "")")) }
        if let edge = measurement.brickWallHertz {
            rows.append(("Spectrum ends at", PageText.quantity(edge, .bandwidth)))
        }
        if measurement.isUpsamplingSuspected { rows.append(("Suspicion", "upsampled, or once coded with loss")) }
        if let tag = form.waveFormatTag {
            rows.append(("Format tag", tag == 0xFFFE ? "0xFFFE, extensible" : String(tag)))
        }
        if !form.chunks.isEmpty {
            let shown = form.chunks.prefix(60).map { chunk in
                "<code>\(PageText.text(chunk.name, atMost: 40))</code> \(PageText.size(chunk.byteCount))"
                    + (chunk.isAfterAudio ? " behind the sound" : "")
            }
            let others = form.chunks.count - shown.count
            rows.append(("Chunks", shown.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")))
        }
        if form.trailingByteCount > 0 { rows.append(("Bytes behind the last chunk", String(form.trailingByteCount))) }
        if let hash = measurement.pcmSHA256 {
            rows.append(("SHA-256 of the samples", "<code>\(PageText.text(hash, atMost: 128))</code>"))
        }
        let entries = rows.map { "<dt>\($0.name)</dt><dd>\($0.text)</dd>\n" }
        return "<dl class=\"form\">\n\(entries.joined())</dl>\n"
    }

    private var events: String {
        let time = TimeScale(measurement, width: 1000)
        return eventList("True-peak overs", .overs, EventMark.marks(measurement.overs, time, bins: 120)) {
            $0.overTitle()
        }
            + eventList("Clipped runs", .clipRuns, EventMark.marks(measurement.clips, time, bins: 120)) {
                $0.clipTitle()
            }
    }

    private func eventList(
        _ name: String, _ metric: Metric, _ marks: [EventMark], _ words: (EventMark) -> String
    ) -> String {
        guard !marks.isEmpty else { return "" }
        let total = measurement.values[metric]?.number.map { " (\(NumberText.fixed($0, decimals: 0)))" } ?? ""
        let rows = marks.prefix(Self.eventLimit).map { "<li>\(words($0))</li>\n" }
        let others = marks.count - rows.count
        let rest = others > 0 ? "<li>and \(others) more places</li>\n" : ""
        return "<p class=\"facts\">\(name)\(total)</p>\n<ul class=\"held\">\n\(rows.joined())\(rest)</ul>\n"
    }
}
