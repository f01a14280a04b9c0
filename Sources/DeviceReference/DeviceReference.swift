import Session
import SignalProcessing

/// docs/devices.md and its charts, from the table of devices and from measuring the devices.
package enum DeviceReference {
    package struct Page: Sendable {
        /// Relative to docs/.
        package var path: String
        package var content: String
    }

    /// The page itself and one SVG file for each chart.
    package static func pages() -> [Page] {
        var lines = [
            "# Devices", "",
            "Every insert effect: what it does, its parameters, and what it measures. The tables are those that the "
                + "session reader uses, the curves are measured on the devices themselves at 48 kHz; `make doc` "
                + "writes this page, and a test fails where it is not what the code does. How a device is written "
                + "in a session is in [session.md](session.md), the figures that the tests assert in "
                + "[fact-sheet.md](fact-sheet.md).",
            "",
            "In the column *over time*, `yes` is a parameter that can be automated: every 8 frames it takes the "
                + "value that its curve has there ([0016](decisions/0016-automation-grid.md)). Latency never reaches "
                + "the mix: each channel is fed ahead by its own ([0009](decisions/0009-feed-ahead.md)).", "",
        ]
        lines += [DeviceDescription.all.map { "[\($0.name)](#\($0.name))" }.joined(separator: " · "), ""]
        var pages: [Page] = []
        for row in DeviceDescription.all {
            lines += section(row)
            guard let kind = DeviceKind(rawValue: row.name) else { continue }
            lines += properties(kind)
            for (index, chart) in DeviceCharts.charts(of: kind).enumerated() {
                let path = "devices/\(row.name)-\(index + 1).svg"
                lines += ["![\(row.name): \(chart.title)](\(path))", ""]
                pages.append(Page(path: path, content: chart.svg))
            }
        }
        return [Page(path: "devices.md", content: lines.joined(separator: "\n") + "\n")] + pages
    }

    private static func section(_ row: DeviceDescription) -> [String] {
        var lines = ["## \(row.name)", "", row.summary, "", "Method: \(row.reference)", ""]
        lines += table(row.parameters)
        if let bands = row.bands {
            let count = "\(bands.count.lowerBound) to \(bands.count.upperBound)"
            lines += ["`bands`, \(count), each: \(bands.summary)", ""] + table(bands.parameters)
        }
        if row.hasKey { lines += ["`key` names a channel to listen to.", ""] }
        return lines
    }

    private static func table(_ parameters: [ParameterDescription]) -> [String] {
        guard !parameters.isEmpty else { return [] }
        var lines = ["| parameter | range | default | over time | meaning |", "|---|---|---|---|---|"]
        for row in parameters {
            let range: String =
                switch row.unit {
                case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
                case .onOff: "`true`, `false`"
                default: row.range.map { "\($0.low) to \($0.high)" } ?? ""
                }
            let fallback = row.defaultText.map { "`\($0)`" } ?? "required"
            lines.append(
                "| `\(row.name)` | \(range) | \(fallback) | \(row.isAutomatable ? "yes" : "") | \(row.summary) |")
        }
        return lines + [""]
    }

    /// Latency and tail of the device as it stands in the first chart.
    private static func properties(_ kind: DeviceKind) -> [String] {
        guard let example = DeviceCharts.example(of: kind) else { return [] }
        let device = Measurement.device(example)
        let tail = Double(device.tailFrames) / Double(Measurement.rateHertz)
        return [
            "Latency \(device.latencyFrames) frames, tail \(Chart.number(tail)) s, in the setting of the first curve.",
            "",
        ]
    }
}
