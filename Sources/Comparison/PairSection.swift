import LoudnessChecks
import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// One pair on the page.
struct PairSection {
    private let pair: ComparedPair
    private let index: Int
    private let audioByteLimit: Int

    /// The most rows of a list.
    private static let rowLimit = 60

    init(_ pair: ComparedPair, index: Int, audioByteLimit: Int) {
        self.pair = pair
        self.index = index
        self.audioByteLimit = audioByteLimit
    }

    /// Empty where the samples are equal.
    var html: String {
        guard case .compared(let result) = pair.outcome else { return "" }
        let title = ComparisonPage.text(pair.pair.title)
        guard result.relation != .identicalSamples else {
            return "<section id=\"pair-\(index)\"><h2>\(title)</h2>\n\(forms(result))"
                + "<p>The samples are all equal: only the wrapping differs.</p></section>\n"
        }
        return """
            <section id="pair-\(index)" class="pair"><h2>\(title)</h2>
            \(forms(result))\(tiles(result))\(findings(result))\(player(result))\(regions(result))\(changes(result))\
            \(ComparisonCharts(result).html)\(figures(result))</section>

            """
    }

    private func forms(_ result: PairResult) -> String {
        [("a", pair.pair.a, result.first), ("b", pair.pair.b, result.second)].map { side, file, profile in
            "<p class=\"facts\"><span class=\"side side-\(side)\">\(side.uppercased())</span> "
                + "<code>\(ComparisonPage.text(file.id))</code> \(ComparisonPage.text(Words.form(profile)))</p>\n"
        }.joined()
    }

    private func tiles(_ result: PairResult) -> String {
        var tiles: [(String, String)] = []
        if let residual = result.residual {
            tiles.append(("Residual peak", ComparisonPage.number(residual.peakDecibels) + " dBFS"))
            tiles.append(("Residual RMS", ComparisonPage.number(residual.rmsDecibels) + " dBFS"))
        }
        if let gain = result.gain, gain.isConfident {
            tiles.append(("Gain of B", ComparisonPage.signed(gain.decibels, decimals: 2) + " dB"))
        }
        if let alignment = result.alignment, alignment.lagFrames != 0, result.placement?.sections.isEmpty ?? true {
            tiles.append(("B is later by", ComparisonPage.number(1000 * result.lagSeconds, decimals: 2) + " ms"))
        }
        let names: [(Metric, String)] = [
            (.integrated, "Louder by"), (.truePeak, "True peak higher by"), (.range, "Range wider by"),
            (.width, "Wider by"),
        ]
        let rows = FigureRow.rows(result)
        for (metric, name) in names {
            guard let row = rows.first(where: { $0.metric == metric }), let change = row.change else { continue }
            tiles.append((name, ComparisonPage.signed(change) + " " + row.changeUnit))
        }
        let cells = tiles.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }
        return "<dl class=\"tiles\">\(cells.joined())</dl>\n"
    }

    private func findings(_ result: PairResult) -> String {
        var lines = Words.nonFinite(result)
        if let reason = result.incomparable { lines.append(reason) }
        lines += [Words.depths(result), Words.openness(result)].compactMap { $0 }
        lines += Words.timings(result) + Words.channels(result)
        if let text = Words.gain(result) { lines.append(text) }
        lines += Words.lengths(result)
        if let restored = result.restored, let placement = result.placement {
            let level = restored.peakDecibels == -.infinity ? "nothing" : Words.level(restored.peakDecibels, "dBFS")
            lines.append("the residual \(Words.undone(placement)): peak \(level)")
        }
        if let text = Words.rounding(result) { lines.append("the residual is " + text) }
        if let first = result.aligned?.first {
            lines.append("the first sample that differs: " + Words.sample(first, result))
        }
        let rows = lines.map { line in
            "<li>\(ComparisonPage.text(line.prefix(1).uppercased() + line.dropFirst(), atMost: 500)).</li>\n"
        }
        return rows.isEmpty ? "" : "<ul class=\"said\">\n\(rows.joined())</ul>\n"
    }

    // MARK: Places

    private func regions(_ result: PairResult) -> String {
        guard result.residual != nil else { return "" }
        let threshold = ComparisonPage.number(result.thresholdDecibels)
        guard !result.regions.isEmpty else { return "<p class=\"facts\">No residual above \(threshold) dBFS.</p>\n" }
        let rows = Words.greatest(result.regions, count: Self.rowLimit).map { region in
            row(region.startSeconds, region.endSeconds, Words.time, Words.region(region))
        }
        return "<h3>Changed\(Words.besides(result))</h3>\n<p class=\"facts\">Residual above \(threshold) dBFS.</p>\n"
            + list(rows, of: result.regionCount, listed: result.regions.count)
    }

    private func changes(_ result: PairResult) -> String {
        let changes = Words.changes(result)
        guard !changes.isEmpty else { return "" }
        let rows = changes.prefix(Self.rowLimit).map { change in
            row(change.startSeconds, change.endSeconds, Words.tenths, Words.change(change))
        }
        return "<h3>\(Words.changesTitle(result))</h3>\n" + list(rows, of: changes.count, listed: changes.count)
    }

    private func row(_ start: Double, _ end: Double, _ clock: (Double) -> String, _ words: String) -> String {
        let at = NumberText.fixed(max(0, start - 1), decimals: 2)
        return "<li><button type=\"button\" class=\"go\" data-at=\"\(at)\">\(clock(start)) – \(clock(end))</button> "
            + "\(ComparisonPage.text(words))</li>\n"
    }

    /// - Parameter listed: how many the JSON document has.
    private func list(_ rows: [String], of count: Int, listed: Int) -> String {
        let rest = count - rows.count
        let words = listed == count ? "them" : "the greatest \(listed)"
        let more = rest > 0 ? "<li class=\"facts\">and \(rest) more: --json has \(words)</li>\n" : ""
        return "<ul class=\"places\">\n\(rows.joined())\(more)</ul>\n"
    }

    // MARK: Player

    private func player(_ result: PairResult) -> String {
        guard audioByteLimit > 0 else { return "" }
        let sound: EmbeddedSound
        do { sound = try EmbeddedSound(pair.pair, result, byteLimit: audioByteLimit * 3 / 4) } catch {
            return "<p class=\"facts\">No player: \(ComparisonPage.text("\(error)")).</p>\n"
        }
        var notes = ["FLAC, \(sound.bitCount) bits"]
        if sound.isExcerpt {
            notes.append(
                "\(Words.tenths(sound.startSeconds)) to \(Words.tenths(sound.startSeconds + sound.durationSeconds)), "
                    + "around the greatest difference: --audio-limit makes room for more")
        }
        if sound.gainDecibels < 0 {
            notes.append("\(ComparisonPage.number(sound.gainDecibels)) dB, so that nothing clips")
        }
        if result.restored != nil { notes.append("B is heard as it stands: its channels and places are not put right") }
        if let gain = result.gain, gain.isConfident, result.residual != nil {
            let parts = [gain.decibels == 0 ? nil : "level", gain.isPolarityFlipped ? "polarity" : nil]
            notes.append("B − A is with B at A's \(parts.compactMap { $0 }.joined(separator: " and "))")
        }
        let match = Self.levelMatch(result)
        func button(_ side: String, _ name: String, _ key: String) -> String {
            "<button type=\"button\" class=\"side-button\" data-side=\"\(side)\" "
                + "aria-pressed=\"\(side == "a")\">\(name) <kbd>\(key)</kbd></button>"
        }
        // Without common samples there is nothing to hear of their difference.
        let hasDifference = result.residual != nil
        let difference = hasDifference ? button("d", "B − A", "d") : ""
        let boost =
            hasDifference
            ? "\n<label><input type=\"checkbox\" class=\"boost\"/> difference 24 dB louder</label>" : ""
        return """
            <div class="player" data-rate="\(result.first.info.rate)" data-start="\(Self.exact(sound.startSeconds))" \
            data-factor="\(Self.exact(result.gain?.factor ?? 1))" data-match="\(Self.exact(match))">
            <div class="controls"><button type="button" class="play">Play</button>
            <span class="sides" role="group" aria-label="What is heard">\(button("a", "A", "a"))\
            \(button("b", "B", "b"))\(difference)</span>
            <span class="clock">\(Words.tenths(sound.startSeconds))</span></div>
            <input type="range" class="seek" min="0" max="\(Self.exact(sound.durationSeconds))" step="0.01" value="0" \
            aria-label="Place"/>
            <p class="controls"><label><input type="checkbox" class="match"/> level-matched \
            (\(ComparisonPage.signed(-match, decimals: 2)) dB on B)</label>\(boost)</p>
            <p class="facts state">\(notes.joined(separator: "; ")).</p>
            <noscript><p class="facts">The player needs scripts.</p></noscript>
            <script type="text/plain" class="sound-a">\(sound.a)</script>
            <script type="text/plain" class="sound-b">\(sound.b)</script>
            </div>

            """
    }

    /// dB by which B is louder: the gain where there is one, else the loudness.
    private static func levelMatch(_ result: PairResult) -> Double {
        if let gain = result.gain, gain.isConfident { return gain.decibels }
        return FigureRow.rows(result).first { $0.metric == .integrated }?.change ?? 0
    }

    private static func exact(_ value: Double) -> String { NumberText.fixed(value, decimals: 6) }

    // MARK: Figures

    private func figures(_ result: PairResult) -> String {
        let rows = FigureRow.rows(result).map { row in
            let unit = row.metric.unit.rawValue
            func cell(_ name: String, _ value: Double?) -> String {
                let text = value.map { ComparisonPage.number($0, decimals: row.decimals) } ?? "–"
                return "<td class=\"number\" data-name=\"\(name)\">\(text)</td>"
            }
            let change = row.change.map { ComparisonPage.signed($0, decimals: row.decimals) } ?? ""
            return "<tr><th>\(row.metric.title)\(unit.isEmpty ? "" : " <span class=\"facts\">\(unit)</span>")</th>"
                + cell("A", row.a) + cell("B", row.b)
                + "<td class=\"number\" data-name=\"B − A\">\(change)</td></tr>\n"
        }
        guard !rows.isEmpty else { return "" }
        return "<table class=\"figures\"><thead><tr><th>Measured</th><th>A</th><th>B</th><th>B − A</th></tr>"
            + "</thead>\n<tbody>\n" + rows.joined() + "</tbody></table>\n"
    }
}
