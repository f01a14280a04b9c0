import Quantities
import Reports

/// The loudness of one file over time as a picture of its own: SVG 1.1 with its own background.
///
/// Viewers that know `prefers-color-scheme` show it dark where the reader wants that; all others light.
package struct LoudnessPlot {
    private let measurement: Measurement
    private let title: String
    private let scale: LevelScale
    private let time: TimeScale

    private static let width = 1200
    private static let height = 560
    private static let left = 64.0
    private static let top = 96.0
    private static let plotWidth = 1104.0
    private static let plotHeight = 370.0
    /// Each becomes at most two points.
    private static let bucketCount = 550

    package init(_ measurement: Measurement, title: String) {
        self.measurement = measurement
        self.title = title
        scale = LevelScale.loudness([measurement], height: Self.plotHeight)
        time = TimeScale(measurement, width: Self.plotWidth)
    }

    /// The whole document, UTF-8.
    package var svg: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.width)" height="\(Self.height)" \
        viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-labelledby="name">
        <title id="name">\(PageText.text(title, atMost: 200)), loudness over time</title>
        <style>
        \(Self.css)
        </style>
        <rect class="back" width="\(Self.width)" height="\(Self.height)"/>
        <text class="head" x="\(oneDecimal(Self.left))" y="38">\(PageText.text(clippedTitle))</text>
        <text class="quiet" x="\(oneDecimal(Self.left))" y="64">\(facts)</text>
        \(levelAxis)\(timeAxis)\(curves)\(integrated)\(overs)\
        <rect class="frame" x="\(oneDecimal(Self.left))" y="\(oneDecimal(Self.top))" \
        width="\(oneDecimal(Self.plotWidth))" height="\(oneDecimal(Self.plotHeight))"/>
        \(legend)</svg>

        """
    }

    private static let css = """
        text { font: 15px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; fill: #1d2126; }
        .head { font-size: 22px; font-weight: bold; }
        .quiet { fill: #646b75; }
        .end { text-anchor: end; }
        .middle { text-anchor: middle; }
        .back { fill: #fff; }
        .frame { fill: none; stroke: #dedad3; }
        .grid { stroke: #dedad3; stroke-width: 1; }
        .momentary { fill: none; stroke: #7ea5b3; stroke-width: 1; }
        .short { fill: none; stroke: #1f6f8b; stroke-width: 2; stroke-linejoin: round; }
        .integrated { fill: none; stroke: #9a4f96; stroke-width: 1.5; }
        .over { fill: #b3261e; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e8e6e1; }
          .quiet { fill: #9aa3ad; }
          .back { fill: #1c2024; }
          .frame { stroke: #343a41; }
          .grid { stroke: #343a41; }
          .momentary { stroke: #4f8496; }
          .short { stroke: #6fc3df; }
          .integrated { stroke: #d9a0d6; }
          .over { fill: #ff8a80; }
        }
        """

    /// As much as fits; letters that are as wide as high count twice.
    private var clippedTitle: String {
        var result = String.UnicodeScalarView()
        var columns = 0
        for scalar in title.unicodeScalars {
            columns += scalar.value >= 0x1100 ? 2 : 1
            guard columns <= 84 else { return String(result) + "…" }
            result.append(scalar)
        }
        return String(result)
    }

    private var facts: String {
        let metrics: [(label: String, metric: Metric)] = [
            ("I", .integrated), ("S max", .shortTermMaximum), ("M max", .momentaryMaximum), ("LRA", .range),
            ("TP", .truePeak), ("PLR", .peakToLoudness), ("duration", .duration),
        ]
        return metrics.compactMap { label, metric -> String? in
            switch measurement.values[metric] {
            case .number(let value)?: "\(label) \(PageText.quantity(value, metric))"
            case .unmeasurable?: "no \(label)"
            case nil: nil
            }
        }.joined(separator: " · ")
    }

    private var levelAxis: String {
        let lines = scale.lines(every: 6).map { level in
            let y = Self.top + scale.y(level)
            return "<line class=\"grid\" x1=\"\(oneDecimal(Self.left))\" y1=\"\(oneDecimal(y))\" "
                + "x2=\"\(oneDecimal(Self.left + Self.plotWidth))\" y2=\"\(oneDecimal(y))\"/>"
                + "<text class=\"quiet end\" x=\"\(oneDecimal(Self.left - 8))\" y=\"\(oneDecimal(y + 5))\">"
                + "\(PageText.number(level, decimals: 0))</text>\n"
        }
        return lines.joined() + "<text class=\"quiet end\" x=\"\(oneDecimal(Self.left - 8))\" "
            + "y=\"\(oneDecimal(Self.top + Self.plotHeight))\">LUFS</text>\n"
    }

    private var timeAxis: String {
        let bottom = Self.top + Self.plotHeight
        return time.ticks.map { tick in
            let x = oneDecimal(Self.left + time.x(tick.time))
            return "<line class=\"grid\" x1=\"\(x)\" y1=\"\(oneDecimal(Self.top))\" x2=\"\(x)\" "
                + "y2=\"\(oneDecimal(bottom + 6))\"/>"
                + "<text class=\"quiet middle\" x=\"\(x)\" y=\"\(oneDecimal(bottom + 22))\">\(tick.label)</text>\n"
        }.joined()
    }

    private var curves: String {
        let curves = measurement.curves
        guard !(curves.momentary.isEmpty && curves.shortTerm.isEmpty) else {
            return "<text class=\"quiet middle\" x=\"\(oneDecimal(Self.left + Self.plotWidth / 2))\" "
                + "y=\"\(oneDecimal(Self.top + Self.plotHeight / 2))\">too short for curves</text>\n"
        }
        return line(curves.momentary, CurveShape.momentaryMiddleSeconds, kind: "momentary")
            + line(curves.shortTerm, CurveShape.shortTermMiddleSeconds, kind: "short")
    }

    private func line(_ values: [Double], _ middle: Double, kind: String) -> String {
        guard !values.isEmpty else { return "" }
        let points = CurveShape.line(
            values, middleSeconds: middle, bucketCount: Self.bucketCount, time, scale, left: Self.left, top: Self.top)
        return "<polyline class=\"\(kind)\" points=\"\(points)\"/>\n"
    }

    private var integrated: String {
        guard let value = measurement.values[.integrated]?.number, value.isFinite else { return "" }
        let y = Self.top + scale.y(value)
        return "<line class=\"integrated\" x1=\"\(oneDecimal(Self.left))\" y1=\"\(oneDecimal(y))\" "
            + "x2=\"\(oneDecimal(Self.left + Self.plotWidth))\" y2=\"\(oneDecimal(y))\"/>\n"
    }

    /// Triangles above the plot that point at where the peak goes over.
    private var overs: String {
        EventMark.marks(measurement.overs, time, bins: 240).map { mark in
            let x = Self.left + time.x(mark.startSeconds)
            let base = oneDecimal(Self.top - 11)
            return "<path class=\"over\" d=\"M\(oneDecimal(x - 5)) \(base)H\(oneDecimal(x + 5))"
                + "L\(oneDecimal(x)) \(oneDecimal(Self.top - 1))Z\"><title>\(mark.overTitle())</title></path>\n"
        }.joined()
    }

    private var legend: String {
        let curves = measurement.curves
        let y = Double(Self.height) - 24
        var x = Self.left
        var result = ""
        func entry(_ kind: String, _ text: String, isTriangle: Bool = false) {
            let shape =
                isTriangle
                ? "<path class=\"over\" d=\"M\(oneDecimal(x + 6)) \(oneDecimal(y - 10))h12l-6 11Z\"/>"
                : "<path class=\"\(kind)\" d=\"M\(oneDecimal(x)) \(oneDecimal(y - 5))h24\"/>"
            result += shape + "<text x=\"\(oneDecimal(x + 32))\" y=\"\(oneDecimal(y))\">\(text)</text>\n"
            x += 64 + 8.2 * Double(text.count)
        }
        if !curves.shortTerm.isEmpty { entry("short", "short-term (3 s)") }
        if !curves.momentary.isEmpty { entry("momentary", "momentary (0.4 s)") }
        if let value = measurement.values[.integrated]?.number, value.isFinite {
            entry("integrated", "integrated " + PageText.decibels(value, "LUFS"))
        }
        if !measurement.overs.isEmpty {
            let counted = measurement.values[.overs]?.number ?? 0
            let count = max(Double(measurement.overs.count), counted.isFinite ? counted : 0)
            entry("over", "true-peak overs: " + NumberText.fixed(count, decimals: 0), isTriangle: true)
        }
        return result
    }
}
