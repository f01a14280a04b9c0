import SignalProcessing

/// A line chart as SVG text: the same bytes for the same numbers.
struct Chart {
    struct Axis {
        var title: String
        var range: ClosedRange<Double>
        var ticks: [Double]
        var isLogarithmic = false

        static let frequency = Axis(
            title: "Hz", range: 20...20_000, ticks: [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000],
            isLogarithmic: true)

        static func linear(_ title: String, _ range: ClosedRange<Double>, step: Double) -> Axis {
            let count = Int(((range.upperBound - range.lowerBound) / step + 1e-9).rounded(.down))
            return Axis(
                title: title, range: range, ticks: (0...count).map { range.lowerBound + Double($0) * step })
        }

        /// 0 at the lower end, 1 at the upper.
        func position(_ value: Double) -> Double {
            let (low, high) = (range.lowerBound, range.upperBound)
            if isLogarithmic {
                return PinnedMath.log(max(value, 1e-9) / low) / PinnedMath.log(high / low)
            }
            return (value - low) / (high - low)
        }
    }

    struct Series {
        var label: String
        var points: [(x: Double, y: Double)]
    }

    var title: String
    var x: Axis
    var y: Axis
    var series: [Series]

    private static let width = 640.0
    private static let height = 320.0
    private static let left = 56.0
    private static let top = 34.0
    private static let plotWidth = 560.0
    private static let plotHeight = 230.0
    /// Distinguishable with impaired colour vision (Okabe and Ito).
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]

    /// - Precondition: no more series than there are colours.
    var svg: String {
        precondition(series.count <= Self.colours.count, "too many lines for one chart")
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 320\" "
                + "font-family=\"sans-serif\" font-size=\"11\">",
            "<rect width=\"640\" height=\"320\" fill=\"#ffffff\"/>",
            "<text x=\"\(Self.number(Self.left))\" y=\"20\" font-size=\"13\" fill=\"#222222\">\(title)</text>",
        ]
        for tick in x.ticks {
            let at = Self.left + x.position(tick) * Self.plotWidth
            lines.append(Self.line(at, Self.top, at, Self.top + Self.plotHeight, "#dddddd"))
            lines.append(Self.text(x.label(tick), at, Self.top + Self.plotHeight + 15, "middle"))
        }
        for tick in y.ticks {
            let at = Self.top + (1 - y.position(tick)) * Self.plotHeight
            lines.append(Self.line(Self.left, at, Self.left + Self.plotWidth, at, "#dddddd"))
            lines.append(Self.text(y.label(tick), Self.left - 6, at + 4, "end"))
        }
        lines.append(Self.text(x.title, Self.left + Self.plotWidth, Self.top + Self.plotHeight + 30, "end"))
        lines.append(Self.text(y.title, Self.left - 6, Self.top - 8, "end"))
        for (one, colour) in zip(series, Self.colours) { lines.append(path(one, colour)) }
        var at = Self.left
        for (one, colour) in zip(series, Self.colours) where series.count > 1 || !one.label.isEmpty {
            let y = Self.top + Self.plotHeight + 44
            lines.append(Self.line(at, y - 4, at + 16, y - 4, colour, width: 2))
            lines.append(Self.text(one.label, at + 20, y, "start"))
            at += 34 + 6.2 * Double(one.label.count)
        }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private func path(_ series: Series, _ colour: String) -> String {
        var text = ""
        var isOpen = false
        for point in series.points {
            let x = x.position(point.x)
            guard (-1e-9...1 + 1e-9).contains(x), point.y.isFinite else {
                isOpen = false
                continue
            }
            let y = min(1, max(0, y.position(point.y)))
            text += isOpen ? "L" : "M"
            let (across, down) = (Self.left + x * Self.plotWidth, Self.top + (1 - y) * Self.plotHeight)
            text += "\(Self.number(across)) \(Self.number(down))"
            isOpen = true
        }
        return "<path d=\"\(text)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\"/>"
    }

    private static func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, width: Double = 1
    ) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
            + "stroke=\"\(colour)\" stroke-width=\"\(number(width))\"/>"
    }

    private static func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\" fill=\"#444444\">\(text)</text>"
    }

    /// One decimal: what a screen can show.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let magnitude = tenths.magnitude
        return magnitude % 10 == 0 ? "\(sign)\(magnitude / 10)" : "\(sign)\(magnitude / 10).\(magnitude % 10)"
    }
}

extension Chart.Axis {
    func label(_ tick: Double) -> String {
        if isLogarithmic, tick >= 1000 { return Chart.number(tick / 1000) + "k" }
        let isFine = range.upperBound - range.lowerBound < 1
        guard isFine else { return Chart.number(tick) }
        let hundredths = Int((tick * 100).rounded())
        let text = String(hundredths.magnitude % 100 + 100).dropFirst()
        return "\(hundredths < 0 ? "-" : "")\(hundredths.magnitude / 100).\(text)"
    }
}
