import Quantities

/// The loudness and true-peak plots of a song: SVG stretched to the page's width, its labels in HTML so that
/// they keep their size on a phone.
struct ReportChart {
    let curves: ReportModel.Curves
    let targetLUFS: Double?
    let ceilingDecibels: Double?

    private static let width = 1000.0
    /// More points than this are drawn as the largest of their neighbours.
    private static let pointLimit = 500

    /// nil when there is nothing to draw.
    var html: String? {
        let count = [curves.momentaryLUFS, curves.shortTermLUFS, curves.truePeakDecibels].compactMap {
            $0?.count
        }.max()
        guard let count, count > 1, curves.hopSeconds > 0 else { return nil }
        let seconds = Double(count) * curves.hopSeconds
        var parts: [String] = []
        if curves.momentaryLUFS != nil || curves.shortTermLUFS != nil { parts.append(loudness(seconds)) }
        if let peaks = curves.truePeakDecibels { parts.append(truePeak(peaks, seconds)) }
        parts.append(timeAxis(seconds))
        return "<figure>\n" + parts.joined() + legend + "</figure>\n"
    }

    private func loudness(_ seconds: Double) -> String {
        let scale = Scale(low: -48, high: 0, height: 200)
        var shapes = [-36.0, -24, -12].map { scale.line(at: $0, width: Self.width, kind: "grid") }.joined()
        if let values = curves.momentaryLUFS {
            shapes += polyline(values, scale, seconds, kind: "momentary")
        }
        if let values = curves.shortTermLUFS {
            shapes += polyline(values, scale, seconds, kind: "short")
        }
        var labels = [-36.0, -24, -12].map { scale.label(ReportText.number($0).withoutSuffix(".0"), at: $0) }
            .joined()
        if let targetLUFS {
            shapes += scale.line(at: targetLUFS, width: Self.width, kind: "target")
            labels += scale.label(
                "target \(ReportText.number(targetLUFS))", at: targetLUFS, kind: "right target-label")
        }
        return plot("Loudness in LUFS over time", "LUFS", scale, shapes, labels, kind: "loudness")
    }

    private func truePeak(_ peaks: [Double], _ seconds: Double) -> String {
        let scale = Scale(low: -18, high: 3, height: 90)
        var shapes = [-12.0, -6, 0].map { scale.line(at: $0, width: Self.width, kind: "grid") }.joined()
        shapes += area(peaks, scale, seconds)
        var labels = [-12.0, -6, 0].map { scale.label(ReportText.number($0).withoutSuffix(".0"), at: $0) }
            .joined()
        if let ceilingDecibels {
            shapes += scale.line(at: ceilingDecibels, width: Self.width, kind: "ceiling")
            labels += scale.label(
                "ceiling \(ReportText.number(ceilingDecibels))", at: ceilingDecibels,
                kind: "right ceiling-label")
        }
        return plot("True peak in dBTP over time", "dBTP", scale, shapes, labels, kind: "peak")
    }

    private func plot(
        _ name: String, _ unit: String, _ scale: Scale, _ shapes: String, _ labels: String, kind: String
    ) -> String {
        """
        <div class="plot \(kind)">
        <svg viewBox="0 0 \(Int(Self.width)) \(Int(scale.height))" preserveAspectRatio="none" role="img" \
        aria-label="\(name)">\(shapes)</svg>
        <span class="unit">\(unit)</span>\(labels)
        </div>

        """
    }

    private func polyline(_ values: [Double], _ scale: Scale, _ seconds: Double, kind: String) -> String {
        "<polyline class=\"\(kind)\" points=\"\(points(values, scale, seconds))\"/>"
    }

    private func area(_ values: [Double], _ scale: Scale, _ seconds: Double) -> String {
        let bottom = ReportChart.coordinate(scale.height)
        let curve = points(values, scale, seconds)
        let right = ReportChart.coordinate(Self.width * Double(values.count) * curves.hopSeconds / seconds)
        return
            "<polygon class=\"peaks\" points=\"0,\(bottom) \(curve) \(right),\(bottom)\"/>"
    }

    private func points(_ values: [Double], _ scale: Scale, _ seconds: Double) -> String {
        let stride = max(1, (values.count + Self.pointLimit - 1) / Self.pointLimit)
        var result: [String] = []
        var start = 0
        while start < values.count {
            let end = min(values.count, start + stride)
            let value = values[start..<end].reduce(-Double.infinity) { $1 > $0 ? $1 : $0 }
            let middle = (Double(start + end) / 2) * curves.hopSeconds
            let x = ReportChart.coordinate(Self.width * middle / seconds)
            result.append("\(x),\(ReportChart.coordinate(scale.y(value)))")
            start = end
        }
        return result.joined(separator: " ")
    }

    private func timeAxis(_ seconds: Double) -> String {
        let steps = [5.0, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]
        let step = steps.first { seconds / $0 <= 6 } ?? (seconds / 6)
        var labels = ""
        var time = 0.0
        while time < seconds * 0.96 {
            let share = oneDecimal(100 * time / seconds)
            labels += "<span style=\"left:\(share)%\">\(ReportText.duration(time))</span>"
            time += step
        }
        return "<div class=\"times\">\(labels)</div>\n"
    }

    private var legend: String {
        var entries: [String] = []
        if curves.shortTermLUFS != nil {
            entries.append("<span class=\"key short-key\">short-term (3 s)</span>")
        }
        if curves.momentaryLUFS != nil {
            entries.append("<span class=\"key momentary-key\">momentary (0.4 s)</span>")
        }
        if curves.truePeakDecibels != nil { entries.append("<span class=\"key peaks-key\">true peak</span>") }
        return "<figcaption>\(entries.joined(separator: " "))</figcaption>\n"
    }

    /// A tenth of a unit is a tenth of a pixel or less.
    fileprivate static func coordinate(_ value: Double) -> String { oneDecimal(value) }

    /// A vertical axis in decibels.
    private struct Scale {
        let low: Double
        let high: Double
        let height: Double

        func y(_ value: Double) -> Double {
            guard !value.isNaN else { return height }
            return height * (high - min(max(value, low), high)) / (high - low)
        }

        func line(at value: Double, width: Double, kind: String) -> String {
            let y = ReportChart.coordinate(y(value))
            return "<line class=\"\(kind)\" x1=\"0\" y1=\"\(y)\" x2=\"\(Int(width))\" y2=\"\(y)\"/>"
        }

        func label(_ text: String, at value: Double, kind: String = "left") -> String {
            let share = oneDecimal(100 * y(value) / height)
            return "<span class=\"mark \(kind)\" style=\"top:\(share)%\">\(text)</span>"
        }
    }
}

extension String {
    /// Without the suffix, when it is there.
    fileprivate func withoutSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
