import Quantities

/// Loudness and peaks of one file over time: SVG stretched to the page's width, labels and marks in HTML so that they
/// keep their size on a phone.
struct LoudnessChart {
    let measurement: Measurement
    /// Those about a stretch of time, in the order of their numbers in the chart.
    let stretches: [Finding]
    let band: TargetBand?
    let ceilingDecibels: Double?
    let scale: LevelScale
    let isStrict: Bool
    /// Each becomes at most two points.
    let bucketCount: Int

    private static let width = 1000.0
    private static let markBins = 120
    private static let peakScale = LevelScale(low: -18, high: 3, height: 90)

    private var time: TimeScale { TimeScale(measurement, width: Self.width) }

    /// nil where there is nothing to draw.
    var html: String? {
        let curves = measurement.curves
        let hasLoudness = !(curves.momentary.isEmpty && curves.shortTerm.isEmpty)
        let hasPeaks = !(curves.peak.isEmpty && measurement.overs.isEmpty && measurement.clips.isEmpty)
        guard hasLoudness || hasPeaks else { return nil }
        var parts = ["<figure>\n"]
        if hasLoudness { parts.append(loudness) }
        if hasPeaks { parts.append(peaks) }
        parts.append(timeAxis)
        parts.append("<figcaption>\(legend)</figcaption>\n</figure>\n")
        return parts.joined()
    }

    // MARK: Loudness

    private var loudness: String {
        let curves = measurement.curves
        var shapes = gridLines(scale, every: 12)
        let labels = scale.labels(every: 12)
        if let band { shapes += shape(of: band) }
        if !curves.momentary.isEmpty {
            shapes += polyline(curves.momentary, CurveShape.momentaryMiddleSeconds, kind: "momentary")
        }
        if !curves.shortTerm.isEmpty {
            shapes += polyline(curves.shortTerm, CurveShape.shortTermMiddleSeconds, kind: "short")
        }
        if let integrated = measurement.values[.integrated]?.number, integrated.isFinite {
            shapes += line(scale, at: integrated, kind: "integrated")
        }
        return plot(name, unit: "LUFS", scale, shapes, labels + layer(stretchMarks), kind: "loudness")
    }

    /// The chart in words, for those who do not see it.
    private var name: String {
        var parts = ["Loudness over time"]
        for metric in [Metric.integrated, .shortTermMaximum, .momentaryMaximum] {
            guard let value = measurement.values[metric]?.number else { continue }
            parts.append("\(metric.title.lowercased()) \(PageText.quantity(value, metric))")
        }
        if let band { parts.append("allowed \(band.text) LUFS") }
        return parts.joined(separator: ", ")
    }

    private func shape(of band: TargetBand) -> String {
        guard band.isClosed, let low = band.low, let high = band.high else {
            return (band.high ?? band.low).map { line(scale, at: $0, kind: "target") } ?? ""
        }
        let (top, bottom) = (scale.y(high), scale.y(low))
        // A tolerance of a tenth would not be seen.
        let height = max(4, bottom - top)
        return "<rect class=\"band\" x=\"0\" y=\"\(oneDecimal((top + bottom - height) / 2))\" "
            + "width=\"\(Int(Self.width))\" height=\"\(oneDecimal(height))\"/>"
    }

    private var stretchMarks: String {
        // Labels that would lie on each other go to lines of their own.
        var ends: [Double] = []
        return stretches.enumerated().map { index, finding in
            let start = finding.startSeconds ?? 0
            let end = max(start, finding.endSeconds ?? start)
            let left = time.x(start) / Self.width
            let row = ends.firstIndex { $0 + 0.05 < left } ?? ends.count
            if row == ends.count { ends.append(left) } else { ends[row] = left }
            let kind = finding.verdict(isStrict: isStrict).kind
            let share = NumberText.fixed(100 * (time.x(end) - time.x(start)) / Self.width, decimals: 2)
            let words = PageText.text(finding.rule, atMost: 60) + ", " + FindingTimes.text(finding)
            // A label at the right edge would be cut.
            let side = left > 0.95 ? " turned" : ""
            return "<span class=\"stretch \(kind)\(side)\" style=\"left:\(time.share(start))%;width:\(share)%\" "
                + "title=\"\(words)\"><b style=\"top:\(2 + row % 6 * 17)px\">\(index + 1)</b></span>"
        }.joined()
    }

    // MARK: Peaks

    private var peaks: String {
        let scale = Self.peakScale
        var shapes = gridLines(scale, every: 6)
        let labels = scale.labels(every: 6)
        let steps = CurveShape.steps(measurement.curves.peak, bucketCount: bucketCount, time, scale)
        if !steps.isEmpty { shapes += "<polygon class=\"peaks\" points=\"\(steps)\"/>" }
        if let ceilingDecibels { shapes += line(scale, at: ceilingDecibels, kind: "ceiling") }
        let overs = EventMark.marks(measurement.overs, time, bins: Self.markBins).map { mark in
            "<i class=\"over-mark\" style=\"left:\(time.share(mark.startSeconds))%;top:\(scale.share(mark.value))%\" "
                + "title=\"\(mark.overTitle())\"></i>"
        }
        let clips = EventMark.marks(measurement.clips, time, bins: Self.markBins).map { mark in
            "<i class=\"clip-mark\" style=\"left:\(time.share(mark.startSeconds))%\" title=\"\(mark.clipTitle())\"></i>"
        }
        let name =
            "Peaks over time, \(PageText.count(eventCount(.overs, measurement.overs), "true-peak over")), "
            + PageText.count(eventCount(.clipRuns, measurement.clips), "clipped run")
        return plot(
            name, unit: "dBFS", scale, shapes, labels + layer(clips.joined() + overs.joined()), kind: "peak")
    }

    /// The list of events may be shorter than what was counted.
    private func eventCount(_ metric: Metric, _ events: [SoundEvent]) -> Int {
        guard let count = measurement.values[metric]?.number, count >= 0, count < 1e15 else { return events.count }
        return max(events.count, Int(count))
    }

    // MARK: Parts

    private func gridLines(_ scale: LevelScale, every step: Double) -> String {
        scale.lines(every: step).map { line(scale, at: $0, kind: "grid") }.joined()
    }

    private func line(_ scale: LevelScale, at level: Double, kind: String) -> String {
        let y = oneDecimal(scale.y(level))
        return "<line class=\"\(kind)\" x1=\"0\" y1=\"\(y)\" x2=\"\(Int(Self.width))\" y2=\"\(y)\"/>"
    }

    private func polyline(_ values: [Double], _ middle: Double, kind: String) -> String {
        let points = CurveShape.line(values, middleSeconds: middle, bucketCount: bucketCount, time, scale)
        return "<polyline class=\"\(kind)\" points=\"\(points)\"/>"
    }

    private func layer(_ marks: String) -> String { marks.isEmpty ? "" : "<div class=\"layer\">\(marks)</div>" }

    private func plot(
        _ name: String, unit: String, _ scale: LevelScale, _ shapes: String, _ labels: String, kind: String
    ) -> String {
        """
        <div class="plot \(kind)">
        <svg viewBox="0 0 \(Int(Self.width)) \(Int(scale.height))" preserveAspectRatio="none" role="img" \
        aria-label="\(name)">\(shapes)</svg>
        <span class="unit">\(unit)</span>\(labels)
        </div>

        """
    }

    private var timeAxis: String {
        let labels = time.ticks.map { "<span style=\"left:\(time.share($0.time))%\">\($0.label)</span>" }
        return "<div class=\"times\" aria-hidden=\"true\">\(labels.joined())</div>\n"
    }

    private var legend: String {
        let curves = measurement.curves
        var keys: [String] = []
        if !curves.shortTerm.isEmpty { keys.append("<span class=\"key short-key\">short-term (3 s)</span>") }
        if !curves.momentary.isEmpty { keys.append("<span class=\"key momentary-key\">momentary (0.4 s)</span>") }
        if let integrated = measurement.values[.integrated]?.number, integrated.isFinite {
            let text = PageText.decibels(integrated, "LUFS")
            keys.append("<span class=\"key integrated-key\">integrated \(text)</span>")
        }
        if let band {
            let kind = band.isClosed ? "band-key" : "target-key"
            keys.append("<span class=\"key \(kind)\">allowed \(band.text)\u{A0}LUFS</span>")
        }
        if !curves.peak.isEmpty { keys.append("<span class=\"key peaks-key\">sample peak</span>") }
        if let ceilingDecibels {
            let text = PageText.decibels(ceilingDecibels, "dBTP")
            keys.append("<span class=\"key ceiling-key\">ceiling \(text)</span>")
        }
        if !measurement.overs.isEmpty { keys.append("<span class=\"key over-key\">true-peak over</span>") }
        if !measurement.clips.isEmpty { keys.append("<span class=\"key clip-key\">clipped run</span>") }
        return keys.joined(separator: " ")
    }
}

/// Where in a file a finding lies, in words.
enum FindingTimes {
    /// "at 1:42.3", "1:42 to 2:10"; empty where it is about no time.
    static func text(_ finding: Finding) -> String {
        guard let start = finding.startSeconds, start.isFinite else { return "" }
        guard let end = finding.endSeconds, end.isFinite, end > start else {
            return "at " + NumberText.time(start, tenths: true)
        }
        let tenths = end - start < 2
        return NumberText.time(start, tenths: tenths) + " to " + NumberText.time(end, tenths: tenths)
    }
}
