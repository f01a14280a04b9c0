package import Quantities

/// A value over song time in closed form: what it is at a frame depends on the frame alone.
///
/// Before the first point the first value holds, after the last the last one. A constant is a curve of one point.
package struct Curve: Sendable, Hashable, Codable, CanonicallyEncodable {
    package struct Point: Sendable, Hashable, Codable {
        package var frame: Int
        /// Decibels for gains (`-.infinity` is silence, written as -10,000), -1...1 for pan.
        package var value: Double
        /// The way to this point from the one before: a straight line, or a jump at the point.
        package var isLinear: Bool

        package init(frame: Int, value: Double, isLinear: Bool) {
            self.frame = frame
            self.value = value
            self.isLinear = isLinear
        }
    }

    /// Stands for `-inf dB` in a curve: below every gain anyone can write, and finite for every encoding.
    package static let silenceDecibels = -10_000.0

    /// In the order of their frames; never empty.
    package private(set) var points: [Point]

    /// - Precondition: at least one point, frames strictly increasing.
    package init(points: [Point]) {
        precondition(!points.isEmpty, "a curve has at least one point")
        precondition(
            zip(points, points.dropFirst()).allSatisfy { $0.frame < $1.frame }, "points out of order")
        self.points = points
    }

    package init(constant value: Double) {
        self.init(points: [Point(frame: 0, value: value, isLinear: false)])
    }

    /// The value everywhere, where it is the same everywhere.
    package var constant: Double? {
        points.allSatisfy { $0.value == points[0].value } ? points[0].value : nil
    }

    /// The points that determine a value inside `range`, neighbours outside included, and no others.
    package func slice(_ range: FrameRange) -> Curve {
        // The last point at or before the first frame, and the first one at or after the last frame
        // when a line leads to it.
        let first = points.lastIndex { $0.frame <= range.start } ?? 0
        var last = first
        while last + 1 < points.count, points[last].frame < range.end - 1 {
            let next = points[last + 1]
            if next.frame >= range.end && !next.isLinear { break }
            last += 1
        }
        var kept = Array(points[first...last])
        if kept.count == 1 || kept.allSatisfy({ $0.value == kept[0].value }) {
            return Curve(constant: kept[0].value)
        }
        // How one got to the first point does not matter here; nor does when, unless a line leaves from it.
        kept[0].isLinear = false
        if !kept[1].isLinear { kept[0].frame = range.start }
        return Curve(points: kept)
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(points.count)
        for point in points {
            encoder.put(point.frame)
            encoder.put(point.value)
            encoder.put(point.isLinear)
        }
    }
}
