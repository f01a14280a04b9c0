import Quantities

/// A vertical axis of levels.
struct LevelScale: Equatable {
    var low: Double
    var high: Double
    var height: Double

    /// From the top; what lies outside is drawn at the edge, no number at the bottom.
    func y(_ level: Double) -> Double {
        guard !level.isNaN else { return height }
        return height * (high - min(max(level, low), high)) / (high - low)
    }

    /// From the top, in per cent of the height.
    func share(_ level: Double) -> String { oneDecimal(100 * y(level) / height) }

    func contains(_ level: Double) -> Bool { level >= low && level <= high }

    /// Multiples of a step between the edges, from the top.
    func lines(every step: Double) -> [Double] {
        var result: [Double] = []
        var level = (high / step).rounded(.down) * step
        while level > low {
            if level < high { result.append(level) }
            level -= step
        }
        return result
    }

    /// Labels of those lines as HTML; none where the unit stands or where they would be cut.
    func labels(every step: Double) -> String {
        lines(every: step).filter { y($0) > 6 && y($0) < height - 18 }.map {
            "<span class=\"mark left\" style=\"top:\(share($0))%\">\(PageText.number($0, decimals: 0))</span>"
        }.joined()
    }

    /// One scale for all of these, so that songs can be compared by eye.
    static func loudness(_ measurements: [Measurement], bands: [TargetBand] = [], height: Double) -> LevelScale {
        var (top, bottom) = (-Double.infinity, Double.infinity)
        for measurement in measurements {
            for level in measurement.curves.momentary where level > top && level < .infinity { top = level }
            // The soft parts lie about a loudness range below the whole.
            let range = measurement.values[.range]?.number ?? 0
            if let level = measurement.values[.integrated]?.number, level.isFinite, range.isFinite {
                bottom = min(bottom, level - max(0, range) - 6)
            }
        }
        for band in bands {
            for level in [band.low, band.high].compactMap({ $0 }) where level.isFinite {
                (top, bottom) = (max(top, level), min(bottom, level))
            }
        }
        guard top.isFinite else { return LevelScale(low: -48, high: 0, height: height) }
        let high = min(12, max(-24, ((top + 0.5) / 6).rounded(.up) * 6))
        let depth = [36.0, 48].first { bottom >= high - $0 } ?? 72
        return LevelScale(low: high - depth, high: high, height: height)
    }

    static func spectrum(_ measurements: [Measurement], height: Double) -> LevelScale {
        var top = -Double.infinity
        for measurement in measurements {
            for level in measurement.octaveLevels where level > top && level < .infinity { top = level }
        }
        let high = top.isFinite ? min(6, max(-60, ((top + 1) / 6).rounded(.up) * 6)) : 0
        return LevelScale(low: high - 48, high: high, height: height)
    }
}

/// The horizontal axis of one file.
struct TimeScale {
    var seconds: Double
    var width: Double

    /// As long as the file says, and at least as long as its curves.
    init(_ measurement: Measurement, width: Double) {
        let curves = measurement.curves
        let form = measurement.form
        let duration = form.rateHertz > 0 ? form.durationSeconds : 0
        let heard = max(Double(curves.momentary.count), Double(curves.shortTerm.count)) * 0.1
        seconds = max(duration, heard, 0.1)
        self.width = width
    }

    func x(_ time: Double) -> Double { time.isNaN ? 0 : width * min(max(time / seconds, 0), 1) }

    /// From the left, in per cent of the width.
    func share(_ time: Double) -> String { NumberText.fixed(100 * x(time) / width, decimals: 2) }

    /// At most seven round times from 0 on; none so near the end that its label would be cut.
    var ticks: [(time: Double, label: String)] {
        let steps = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400]
        let step = steps.first { seconds / $0 <= 6 } ?? (seconds / 6)
        var result: [(time: Double, label: String)] = []
        while Double(result.count) * step < seconds * 0.94 {
            let time = Double(result.count) * step
            result.append((time, NumberText.time(time, tenths: step < 1)))
        }
        return result
    }
}

/// A curve with no more points than a screen can show.
enum CurveShape {
    /// Distance of two values of the momentary and short-term curves, in seconds.
    static let hopSeconds = 0.1
    /// A value stands at the middle of its window, so that what is heard and what is drawn lie at one place.
    static let momentaryMiddleSeconds = 0.2
    static let shortTermMiddleSeconds = 1.5

    /// Of each of `bucketCount` stretches the greatest and the least value, in the order in which they come.
    static func thinned(_ values: [Double], bucketCount: Int) -> [(index: Int, value: Double)] {
        guard values.count > 2 * bucketCount else { return values.enumerated().map { ($0.offset, $0.element) } }
        var result: [(index: Int, value: Double)] = []
        for bucket in 0..<bucketCount {
            let range = bucket * values.count / bucketCount..<(bucket + 1) * values.count / bucketCount
            var (high, low) = (range.lowerBound, range.lowerBound)
            for index in range {
                if level(values[index]) > level(values[high]) { high = index }
                if level(values[index]) < level(values[low]) { low = index }
            }
            for index in high == low ? [high] : [min(high, low), max(high, low)] {
                result.append((index, values[index]))
            }
        }
        return result
    }

    private static func level(_ value: Double) -> Double { value.isNaN ? -.infinity : value }

    /// The `points` of a polyline.
    static func line(
        _ values: [Double], middleSeconds: Double, bucketCount: Int, _ time: TimeScale, _ scale: LevelScale,
        left: Double = 0, top: Double = 0
    ) -> String {
        thinned(values, bucketCount: bucketCount).map { index, value in
            let x = left + time.x(Double(index) * hopSeconds + middleSeconds)
            return oneDecimal(x) + "," + oneDecimal(top + scale.y(value))
        }.joined(separator: " ")
    }

    /// The `points` of a polygon of steps, one for each second or for the greatest of several.
    static func steps(
        _ values: [Double], bucketCount: Int, _ time: TimeScale, _ scale: LevelScale, left: Double = 0, top: Double = 0
    ) -> String {
        guard !values.isEmpty else { return "" }
        let count = min(values.count, bucketCount)
        let bottom = oneDecimal(top + scale.height)
        var points: [String] = []
        for bucket in 0..<count {
            let range = bucket * values.count / count..<(bucket + 1) * values.count / count
            let value = values[range].reduce(-Double.infinity) { $1 > $0 ? $1 : $0 }
            let y = oneDecimal(top + scale.y(value))
            let start = oneDecimal(left + time.x(Double(range.lowerBound)))
            let end = oneDecimal(left + time.x(Double(range.upperBound)))
            if bucket == 0 { points.append(start + "," + bottom) }
            points.append(start + "," + y)
            points.append(end + "," + y)
            if bucket == count - 1 { points.append(end + "," + bottom) }
        }
        return points.joined(separator: " ")
    }
}

/// Overs or clipped runs that lie so near together that one mark stands for them.
struct EventMark: Equatable {
    var startSeconds: Double
    var endSeconds: Double
    var count: Int
    /// The greatest value of them, and where it is.
    var value: Double
    var channel: String

    static func marks(_ events: [SoundEvent], _ time: TimeScale, bins: Int) -> [EventMark] {
        var result: [EventMark] = []
        var lastBin = -1
        for event in events where event.timeSeconds.isFinite {
            let bin = Int(time.x(event.timeSeconds) / time.width * Double(bins))
            if bin == lastBin, var mark = result.popLast() {
                mark.endSeconds = event.timeSeconds
                mark.count += 1
                if event.value > mark.value { (mark.value, mark.channel) = (event.value, event.channel) }
                result.append(mark)
            } else {
                result.append(
                    EventMark(
                        startSeconds: event.timeSeconds, endSeconds: event.timeSeconds, count: 1, value: event.value,
                        channel: event.channel))
            }
            lastBin = bin
        }
        return result
    }

    /// "True-peak over at 0:12.3 in L: 0.3 dBTP", escaped.
    func overTitle() -> String {
        title(
            one: "True-peak over", many: "true-peak overs", worst: "the highest",
            value: PageText.decibels(value, "dBTP"))
    }

    /// "Clipped run at 0:12.3 in L: 5 samples", escaped.
    func clipTitle() -> String {
        title(
            one: "Clipped run", many: "clipped runs", worst: "the longest",
            value: PageText.number(value, decimals: 0) + " samples")
    }

    private func title(one: String, many: String, worst: String, value: String) -> String {
        let start = NumberText.time(startSeconds, tenths: true)
        let channel = PageText.text(channel, atMost: 20)
        if count == 1 { return "\(one) at \(start) in \(channel): \(value)" }
        let end = NumberText.time(endSeconds, tenths: true)
        return "\(count) \(many) from \(start) to \(end), \(worst) in \(channel): \(value)"
    }
}
