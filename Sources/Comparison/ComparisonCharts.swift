import LoudnessChecks
import Metering
import Quantities
import SoundFiles

/// The curves of one pair: SVG stretched to the page's width, its labels in HTML so that they keep their size.
struct ComparisonCharts {
    private let result: PairResult
    private let seconds: Double
    private let a: ProfileCurves
    private let b: ProfileCurves
    /// Seconds by which B's curves are drawn earlier.
    private let lag: Double

    private static let width = 1000.0
    /// More points than this are drawn as one for several.
    private static let pointLimit = 500

    init(_ result: PairResult) {
        self.result = result
        a = ProfileCurves(result.first)
        b = ProfileCurves(result.second)
        lag = result.lagSeconds
        seconds = max(0.001, result.first.durationSeconds, result.second.durationSeconds - result.lagSeconds)
    }

    var html: String {
        [loudness, change, residual, truePeak, image, spectrum].joined()
    }

    // MARK: Curves

    private var loudness: String {
        guard a.shortTerm.count > 1 || b.shortTerm.count > 1 else { return "" }
        let top = (a.momentary + b.momentary).filter(\.isFinite).max() ?? -12
        let high = min(12, max(-24, ((top + 0.5) / 6).rounded(.up) * 6))
        let scale = Scale(low: high - 36, high: high, height: 170)
        let shapes =
            line(a.shortTerm, step: 0.1, middle: 1.5, scale, "line-a")
            + line(b.shortTerm, step: 0.1, middle: 1.5 - lag, scale, "line-b")
        return figure(
            "Short-term loudness", [plot(scale, every: 12, "LUFS", shapes, "tall", "Short-term loudness of A and B")],
            keys: sideKeys)
    }

    private var change: String {
        guard a.shortTerm.count > 1, b.shortTerm.count > 1 else { return "" }
        let shift = Int((lag * 10).rounded())
        func differences(_ x: [Double], _ y: [Double]) -> [Double] {
            x.indices.map { i in
                guard y.indices.contains(i + shift), x[i] > ComparisonOptions.audibleLUFS,
                    y[i + shift] > ComparisonOptions.audibleLUFS
                else { return .nan }
                return y[i + shift] - x[i]
            }
        }
        let values = differences(a.momentary, b.momentary)
        let greatest = values.filter(\.isFinite).reduce(0) { max($0, $1.magnitude) }
        let reach = [1.0, 3, 6, 12, 24].first { $0 >= greatest } ?? 48
        let scale = Scale(low: -reach, high: reach, height: 90)
        let shapes = rule(scale, at: 0, "zero") + line(values, step: 0.1, middle: 0.2, scale, "line-left")
        return figure(
            "How much louder B is (momentary)",
            [plot(scale, every: reach / 2, "LU", shapes, "small", "Momentary loudness of B minus that of A")], keys: "")
    }

    private var residual: String {
        guard let residual = result.residual, residual.peakDecibels > -.infinity else { return "" }
        let scale = Scale(low: -120, high: 0, height: 170)
        let shapes =
            steps(residual.secondPeaks, scale) + line(residual.secondRMS, step: 1, middle: 0.5, scale, "line-left")
            + rule(scale, at: result.thresholdDecibels, "threshold")
        let words =
            result.matched == nil
            ? "" : result.asIs == nil ? " at the same level" : " at the same place and level"
        let keys = "<span class=\"key key-left\">RMS of each second; the area is its peak</span>"
        return figure(
            "Residual" + words, [plot(scale, every: 24, "dBFS", shapes, "tall", "Residual over time")], keys: keys)
    }

    private var truePeak: String {
        guard a.truePeak.count > 1, b.truePeak.count > 1 else { return "" }
        let scale = Scale(low: -18, high: 3, height: 90)
        let shapes =
            line(a.truePeak, step: 1, middle: 0.5, scale, "line-a")
            + line(b.truePeak, step: 1, middle: 0.5 - lag, scale, "line-b")
        return figure(
            "True peak of each second", [plot(scale, every: 6, "dBTP", shapes, "small", "True peaks of A and B")],
            keys: sideKeys)
    }

    private var image: String {
        guard a.correlation.count > 1, b.correlation.count > 1 else { return "" }
        func numbers(_ values: [Double?]) -> [Double] { values.map { $0 ?? .nan } }
        let scale = Scale(low: -1, high: 1, height: 90)
        let correlation =
            rule(scale, at: 0, "zero") + line(numbers(a.correlation), step: 1, middle: 0.5, scale, "line-a")
            + line(numbers(b.correlation), step: 1, middle: 0.5 - lag, scale, "line-b")
        let width = Scale(low: -30, high: 6, height: 90)
        let widths =
            line(numbers(a.width), step: 1, middle: 0.5, width, "line-a")
            + line(numbers(b.width), step: 1, middle: 0.5 - lag, width, "line-b")
        return figure(
            "Correlation, and width (side over mid)",
            [
                plot(scale, every: 0.5, "corr", correlation, "small", "Correlation of left and right in A and B"),
                plot(width, every: 12, "dB", widths, "small", "Width of A and B"),
            ], keys: sideKeys)
    }

    private var spectrum: String {
        let centres = SignalSummary.bandCentresHertz
        let (x, y) = (result.first.signal.bandLevels.map(\.value), result.second.signal.bandLevels.map(\.value))
        guard x.count == centres.count, y.count == centres.count else { return "" }
        let left = result.residual?.bandLevels ?? []
        let top = (x + y).filter(\.isFinite).max() ?? 0
        let high = min(6, max(-60, ((top + 1) / 6).rounded(.up) * 6))
        let scale = Scale(low: high - 84, high: high, height: 170)
        let pitch = Self.width / Double(centres.count)
        var shapes = ""
        for (octave, level) in left.enumerated() where level > scale.low {
            let top = scale.y(level)
            shapes +=
                "<rect class=\"bar-left\" x=\"\(oneDecimal((Double(octave) + 0.15) * pitch))\" "
                + "y=\"\(oneDecimal(top))\" width=\"\(oneDecimal(0.7 * pitch))\" "
                + "height=\"\(oneDecimal(scale.height - top))\"/>"
        }
        for (levels, kind) in [(x, "line-a"), (y, "line-b")] {
            let points = levels.enumerated().map { octave, level in
                oneDecimal((Double(octave) + 0.5) * pitch) + "," + oneDecimal(scale.y(level))
            }
            shapes += "<polyline class=\"\(kind)\" points=\"\(points.joined(separator: " "))\"/>"
        }
        let names = centres.map { hertz in
            let text =
                hertz >= 1000
                ? NumberText.fixed(hertz / 1000, decimals: 0) + "k"
                : NumberText.fixed(hertz, decimals: hertz < 50 ? 1 : 0)
            return "<span>\(text)</span>"
        }
        let chart = plot(
            scale, every: 24, "dBFS", shapes, "tall", "Octave levels of A, B and the residual", hasTime: false)
        let keys = sideKeys + (left.isEmpty ? "" : " <span class=\"key key-left\">residual</span>")
        return """
            <p class="chart-title">Spectrum in octaves</p>
            <figure>\(chart)\
            <div class="octaves" aria-hidden="true">\(names.joined())</div>
            <figcaption>\(keys)</figcaption></figure>

            """
    }

    // MARK: Parts

    private var sideKeys: String { "<span class=\"key key-a\">A</span> <span class=\"key key-b\">B</span>" }

    private func figure(_ title: String, _ plots: [String], keys: String) -> String {
        "<p class=\"chart-title\">\(title)</p>\n<figure>\n\(plots.joined())\(times)"
            + (keys.isEmpty ? "" : "<figcaption>\(keys)</figcaption>") + "</figure>\n"
    }

    private func plot(
        _ scale: Scale, every step: Double, _ unit: String, _ shapes: String, _ kind: String, _ name: String,
        hasTime: Bool = true
    ) -> String {
        let levels = scale.lines(every: step)
        let grid = levels.map { rule(scale, at: $0, "grid") }.joined()
        let labels = levels.filter { scale.y($0) > 6 && scale.y($0) < scale.height - 18 }.map { level in
            let text = ComparisonPage.number(level, decimals: level == level.rounded() ? 0 : 1)
            let top = oneDecimal(100 * scale.y(level) / scale.height)
            return "<span class=\"mark left\" style=\"top:\(top)%\">\(text)</span>"
        }.joined()
        return """
            <div class="plot \(kind)">
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(scale.height))" preserveAspectRatio="none" role="img" \
            aria-label="\(name)">\(grid)\(shapes)</svg>
            <span class="unit">\(unit)</span>\(labels)\(hasTime ? layer : "")
            </div>

            """
    }

    /// Changed stretches, and where the player is.
    private var layer: String {
        let marks = result.regions.prefix(200).map { region in
            "<i class=\"stretch\" style=\"left:\(share(region.startSeconds))%;"
                + "width:\(share(region.endSeconds - region.startSeconds))%\"></i>"
        }
        return "<div class=\"layer\">\(marks.joined())"
            + "<i class=\"cursor\" hidden=\"hidden\" data-seconds=\"\(NumberText.fixed(seconds, decimals: 4))\">"
            + "</i></div>"
    }

    private func share(_ value: Double) -> String {
        NumberText.fixed(100 * max(0, min(1, value / seconds)), decimals: 2)
    }

    private var times: String {
        let steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
        let step = steps.first { seconds / $0 <= 6 } ?? 14_400
        var labels = ""
        var at = 0.0
        while at < seconds * 0.95 {
            labels += "<span style=\"left:\(share(at))%\">\(NumberText.time(at, tenths: step < 1))</span>"
            at += step
        }
        return "<div class=\"times\" aria-hidden=\"true\">\(labels)</div>\n"
    }

    private func rule(_ scale: Scale, at level: Double, _ kind: String) -> String {
        let y = oneDecimal(scale.y(level))
        return "<line class=\"\(kind)\" x1=\"0\" y1=\"\(y)\" x2=\"\(Int(Self.width))\" y2=\"\(y)\"/>"
    }

    private func x(_ at: Double) -> String { oneDecimal(Self.width * max(0, min(1, at / seconds))) }

    /// Broken where there is no number; several values to a point are their mean.
    private func line(_ values: [Double], step: Double, middle: Double, _ scale: Scale, _ kind: String) -> String {
        let bundle = max(1, (values.count + Self.pointLimit - 1) / Self.pointLimit)
        var lines: [[String]] = [[]]
        for first in stride(from: 0, to: values.count, by: bundle) {
            let part = values[first..<min(values.count, first + bundle)].filter { !$0.isNaN && $0 > -.infinity }
            guard !part.isEmpty else {
                if lines[lines.count - 1].count > 0 { lines.append([]) }
                continue
            }
            let mean = part.reduce(0, +) / Double(part.count)
            let at = (Double(first) + Double(bundle - 1) / 2) * step + middle
            lines[lines.count - 1].append(x(at) + "," + oneDecimal(scale.y(mean)))
        }
        return lines.filter { !$0.isEmpty }.map {
            "<polyline class=\"\(kind)\" points=\"\($0.joined(separator: " "))\"/>"
        }.joined()
    }

    /// The area under peaks of seconds.
    private func steps(_ values: [Double], _ scale: Scale) -> String {
        let bundle = max(1, (values.count + Self.pointLimit - 1) / Self.pointLimit)
        var points: [String] = ["0,\(oneDecimal(scale.height))"]
        for first in stride(from: 0, to: values.count, by: bundle) {
            let last = min(values.count, first + bundle)
            let y = oneDecimal(scale.y(values[first..<last].max() ?? -.infinity))
            points.append(x(Double(first)) + "," + y)
            points.append(x(Double(last)) + "," + y)
        }
        points.append(x(Double(values.count)) + "," + oneDecimal(scale.height))
        return "<polygon class=\"area-left\" points=\"\(points.joined(separator: " "))\"/>"
    }

    private struct Scale {
        let low: Double
        let high: Double
        let height: Double

        func y(_ level: Double) -> Double { height * (high - min(max(level, low), high)) / (high - low) }

        func lines(every step: Double) -> [Double] {
            var result: [Double] = []
            var index = (high / step).rounded(.down)
            while index * step > low {
                if index * step < high { result.append(index * step) }
                index -= 1
            }
            return result
        }
    }
}
