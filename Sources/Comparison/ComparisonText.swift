import LoudnessChecks
import Metering
import Quantities
import SoundFiles

/// The report for a person at a terminal.
package enum ComparisonText {
    private static let shownRegions = 12

    /// - Parameter width: columns; lines are broken at blanks there.
    package static func document(_ report: ComparisonReport, width: Int = 100) -> String {
        let width = max(60, width)
        var lines: [String] = []
        let isList =
            report.pairs.count > 1 || !report.onlyInA.isEmpty || !report.onlyInB.isEmpty || !report.passedOver.isEmpty
        if isList {
            lines += wrapped("A  ", Words.line(report.nameA), 3, width)
            lines += wrapped("B  ", Words.line(report.nameB), 3, width)
            lines.append("")
            for pair in report.pairs { lines += short(pair, width) }
            for id in report.onlyInA { lines += wrapped("  only in A       ", Words.line(id), 18, width) }
            for id in report.onlyInB { lines += wrapped("  only in B       ", Words.line(id), 18, width) }
            for file in report.passedOver {
                lines += wrapped("  not looked at   ", Words.line(file.id) + ": " + file.reason.words, 18, width)
            }
            for pair in report.pairs {
                guard case .compared(let result) = pair.outcome, result.relation == .different else { continue }
                lines += ["", String(repeating: "-", count: min(width, 80))] + full(pair, result, width)
            }
        } else {
            for pair in report.pairs {
                switch pair.outcome {
                case .compared(let result): lines += full(pair, result, width)
                case .identical(let info):
                    lines += names(pair, width)
                    lines.append("   \(info.container.rawValue), \(info.rate) Hz, \(info.frameCount) frames each")
                case .failed: lines += names(pair, width)
                }
            }
        }
        for failure in report.failures { lines += wrapped("error: ", Words.line(failure), 7, width) }
        let tolerance = report.options.toleranceDecibels.map {
            " (tolerance \(Words.level($0, "dBFS")) of residual peak)"
        }
        lines += [""] + wrapped("", Words.summary(report) + (tolerance ?? ""), 2, width)
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line of a list.
    private static func short(_ pair: ComparedPair, _ width: Int) -> [String] {
        var text = Words.line(pair.pair.title, atMost: 120)
        let word: String
        switch pair.outcome {
        case .identical: word = "bit-identical"
        case .failed: word = "not compared"
        case .compared(let result):
            word =
                switch result.relation {
                case .identicalFiles: "bit-identical"
                case .identicalSamples: "same samples"
                case .withinTolerance: "in tolerance"
                case .different: "DIFFERENT"
                }
            if result.relation != .identicalSamples, let peak = result.judgedPeakDecibels {
                text += ": residual peak \(Words.level(peak, "dBFS"))"
            }
        }
        return wrapped("  " + word.padded(to: 16), text, 18, width)
    }

    private static func names(_ pair: ComparedPair, _ width: Int) -> [String] {
        wrapped("A  ", Words.line(pair.pair.a.id), 3, width) + wrapped("B  ", Words.line(pair.pair.b.id), 3, width)
    }

    // MARK: One pair

    private static func full(_ pair: ComparedPair, _ result: PairResult, _ width: Int) -> [String] {
        var lines = wrapped("A  ", Words.line(pair.pair.a.id), 3, width)
        lines.append("   " + Words.form(result.first))
        lines += wrapped("B  ", Words.line(pair.pair.b.id), 3, width)
        lines.append("   " + Words.form(result.second))
        lines.append("")
        func row(_ name: String, _ text: String) { lines += wrapped("  " + name.padded(to: 11), text, 13, width) }
        if result.relation == .identicalSamples { row("Samples", "all equal") }
        if let reason = result.incomparable { row("Samples", reason + ".") }
        for text in Words.nonFinite(result) { row("Broken", text) }
        if let text = Words.depths(result) { row("Form", text) }
        if let text = Words.openness(result) { row("Samples", text) }
        for (index, text) in Words.timings(result).enumerated() { row(index == 0 ? "Timing" : "", text) }
        for (index, text) in Words.channels(result).enumerated() { row(index == 0 ? "Channels" : "", text) }
        if let text = Words.gain(result) { row("Level", text) }
        for text in Words.lengths(result) { row("Length", text) }
        if result.relation != .identicalSamples { for (name, text) in residuals(result) { row(name, text) } }
        if let first = result.aligned?.first { row("First", Words.sample(first, result)) }
        lines += regions(result, width) + changes(result, width)
        lines += [""] + figures(result)
        if result.relation != .identicalSamples { lines += octaves(result) }
        return lines
    }

    /// What is left, as the files stand and after each thing was taken out.
    private static func residuals(_ result: PairResult) -> [(String, String)] {
        var rows: [(String, String)] = []
        func add(_ residual: Residual?, _ words: String) {
            guard let residual else { return }
            let text =
                residual.peakDecibels == -.infinity
                ? "nothing"
                : "peak \(Words.level(residual.peakDecibels, "dBFS")), RMS "
                    + Words.level(residual.rmsDecibels, "dBFS")
            rows.append((rows.isEmpty ? "Residual" : "", words.isEmpty ? text : "\(text) \(words)"))
        }
        add(result.asIs, "as the files stand")
        let standing = result.matched == nil && result.restored == nil ? "" : "as the files stand"
        add(result.aligned, result.asIs == nil ? standing : "at the same place")
        if result.restored != nil, let placement = result.placement {
            add(result.restored, Words.undone(placement))
            add(result.matched, "and at the same level")
        } else {
            add(result.matched, result.asIs == nil ? "at the same level" : "at the same place and level")
        }
        if let text = Words.rounding(result), !rows.isEmpty { rows.append(("", "That is \(text).")) }
        return rows
    }

    private static func regions(_ result: PairResult, _ width: Int) -> [String] {
        guard result.residual != nil, result.relation != .identicalSamples else { return [] }
        let threshold = Words.level(result.thresholdDecibels, "dBFS")
        guard !result.regions.isEmpty else { return ["", "  Changed: nothing above \(threshold)"] }
        var lines = ["", "  Changed\(Words.besides(result)) (residual above \(threshold))"]
        for region in Words.greatest(result.regions, count: shownRegions) {
            let span = Words.time(region.startSeconds) + " - " + Words.time(region.endSeconds)
            lines += wrapped("    " + span.padded(to: 24), Words.region(region), 28, width)
        }
        if result.regionCount > shownRegions {
            let kept = result.regions.count
            let listed = result.regionCount == kept ? "them all" : "the greatest \(kept)"
            lines.append(
                "    These are the greatest of \(result.regionCount), together "
                    + "\(Words.tenths(result.regionSeconds)); --json has \(listed).")
        }
        return lines
    }

    private static func changes(_ result: PairResult, _ width: Int) -> [String] {
        let changes = Words.changes(result)
        guard !changes.isEmpty else { return [] }
        var lines = ["", "  " + Words.changesTitle(result)]
        for change in changes.prefix(shownRegions) {
            let span = Words.tenths(change.startSeconds) + " - " + Words.tenths(change.endSeconds)
            lines += wrapped("    " + span.padded(to: 24), Words.change(change), 28, width)
        }
        let rest = changes.count - shownRegions
        if rest > 0 { lines.append("    and \(rest) more (--json has them)") }
        return lines
    }

    private static func figures(_ result: PairResult) -> [String] {
        var lines = ["  " + "".padded(to: 24) + ["A", "B", "B - A"].map { $0.padded(to: 10, isRight: true) }.joined()]
        for row in FigureRow.rows(result) {
            let values = [row.a, row.b].map { value in
                (value.map { NumberText.fixed($0, decimals: row.decimals) } ?? "-").padded(to: 10, isRight: true)
            }
            let change = row.change.map { Words.signed($0, decimals: row.decimals) } ?? ""
            let unit = row.metric.unit.rawValue
            lines.append(
                "  " + row.metric.title.padded(to: 24) + values.joined() + change.padded(to: 10, isRight: true)
                    + (unit.isEmpty ? "" : "  " + unit))
        }
        let reasons = Set([result.first.unmeasured, result.second.unmeasured].compactMap { $0 }).sorted()
        return lines + reasons.map { "  No loudness: " + $0 }
    }

    private static func octaves(_ result: PairResult) -> [String] {
        let centres = SignalSummary.bandCentresHertz
        func row(_ name: String, _ cells: [String]) -> String {
            "  " + name.padded(to: 10) + cells.map { $0.padded(to: 6, isRight: true) }.joined()
        }
        let (a, b) = (result.first.signal.bandLevels.map(\.value), result.second.signal.bandLevels.map(\.value))
        guard a.count == centres.count, b.count == centres.count else { return [] }
        var lines = ["", row("Octave Hz", centres.map { NumberText.fixed($0, decimals: $0 < 50 ? 1 : 0) })]
        lines.append(
            row("B - A dB", zip(a, b).map { $0.isFinite && $1.isFinite ? Words.signed($1 - $0) : "-" }))
        if let residual = result.residual, result.relation != .identicalSamples,
            residual.bandLevels.count == centres.count
        {
            lines.append(row("Left dBFS", residual.bandLevels.map { NumberText.fixed($0, decimals: 0) }))
        }
        return lines
    }

    // MARK: Lines

    /// The text broken at blanks; lines after the first are indented.
    private static func wrapped(_ label: String, _ text: String, _ indent: Int, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            let margin = lines.isEmpty ? label.count : indent
            if !line.isEmpty, margin + line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        let margin = String(repeating: " ", count: indent)
        return lines.enumerated().map { ($0.offset == 0 ? label : margin) + $0.element }
    }
}

extension String {
    /// At least that many columns wide.
    fileprivate func padded(to width: Int, isRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - count))
        return isRight ? blanks + self : self + blanks
    }
}
