internal import Session

/// A value over a song's timeline: fixed, or by the points of an automation.
struct Curve {
    /// Holds where there are no points.
    var fixed: Double
    var points: [AutomationPoint]
    /// Whether a way from or to silence is a ramp of gain instead of a line in dB.
    var isGain: Bool

    var isAutomated: Bool { !points.isEmpty }

    /// The curve between two neighbouring breakpoints.
    fileprivate struct Piece {
        /// NaN where only mathematics that this target lacks could tell.
        var first: Double
        var last: Double
        var isLevel: Bool
        /// From or to silence: the points that it lies between.
        var ramp: (from: AutomationPoint, to: AutomationPoint)?

        static func level(_ value: Double) -> Piece { Piece(first: value, last: value, isLevel: true) }

        func isSame(as other: Piece) -> Bool {
            if let ramp, let theirs = other.ramp {
                // The shape of the first of two points says nothing about the way to the second.
                return ramp.from.frame == theirs.from.frame && ramp.from.value == theirs.from.value
                    && ramp.to.frame == theirs.to.frame && ramp.to.value == theirs.to.value
            }
            if isLevel, other.isLevel { return first == other.first }
            return ramp == nil && other.ramp == nil && Self.isClose(first, other.first)
                && Self.isClose(last, other.last)
        }

        /// A point set on a line by hand, in the decimals that a file holds, does not lie on it to the last bit.
        private static func isClose(_ a: Double, _ b: Double) -> Bool {
            a == b || (a - b).magnitude <= 1e-9 * max(1, max(a.magnitude, b.magnitude))
        }
    }

    /// - Parameters:
    ///   - next: index of the first point after `start`.
    ///   - end: nil: no point follows on either side.
    fileprivate func piece(from start: Int, to end: Int?, next: Int) -> Piece {
        guard next > 0 else { return .level(points.first?.value ?? fixed) }
        let from = points[next - 1]
        guard let end, next < points.count, points[next].shape == .linear, points[next].value != from.value else {
            return .level(from.value)
        }
        let to = points[next]
        if isGain, !from.value.isFinite || !to.value.isFinite {
            return Piece(
                first: start == from.frame ? from.value : .nan, last: end == to.frame ? to.value : .nan,
                isLevel: false, ramp: (from, to))
        }
        func value(_ frame: Int) -> Double {
            if frame == to.frame { return to.value }
            let position = Double(frame - from.frame) / Double(to.frame - from.frame)
            return from.value + (to.value - from.value) * position
        }
        return Piece(first: value(start), last: value(end), isLevel: false)
    }
}

/// Where and by how much two curves differ.
struct CurveDifference {
    enum Form: Equatable {
        /// One value in place of another, everywhere in `ranges`.
        case level(from: Double, to: Double)
        /// Everywhere in `ranges` the later curve lies higher by this.
        case shifted(Double)
        /// Values where they are farthest apart; nil where silence is on the way and no point shows it.
        case varying((from: Double, to: Double, frame: Int)?)

        static func == (a: Form, b: Form) -> Bool {
            switch (a, b) {
            case (.level(let x, let y), .level(let z, let w)): x == z && y == w
            case (.shifted(let x), .shifted(let y)): x == y
            case (.varying(let x), .varying(let y)): x?.from == y?.from && x?.to == y?.to && x?.frame == y?.frame
            default: false
            }
        }
    }

    /// In order, apart from each other; the last may be open.
    var ranges: [(start: Int, end: Int?)] = []
    var form = Form.varying(nil)

    /// nil where the values are the same everywhere, however they are written.
    ///
    /// - Parameters: on one timeline.
    /// - Complexity: O(points).
    init?(_ a: Curve, _ b: Curve) {
        var (nextA, nextB, start) = (0, 0, 0)
        var level: (from: Double, to: Double)?
        var shift: Double?
        var (isLevel, isShifted) = (true, true)
        var farthest: (from: Double, to: Double, frame: Int)?
        func note(_ from: Double, _ to: Double, _ frame: Int) {
            guard !from.isNaN, !to.isNaN, from != to else { return }
            guard let known = farthest else {
                farthest = (from, to, frame)
                return
            }
            if (to - from).magnitude > (known.to - known.from).magnitude { farthest = (from, to, frame) }
        }
        while true {
            while nextA < a.points.count, a.points[nextA].frame <= start { nextA += 1 }
            while nextB < b.points.count, b.points[nextB].frame <= start { nextB += 1 }
            let frameA = nextA < a.points.count ? a.points[nextA].frame : nil
            let frameB = nextB < b.points.count ? b.points[nextB].frame : nil
            let end = frameA.map { frame in min(frame, frameB ?? frame) } ?? frameB
            let (pieceA, pieceB) = (
                a.piece(from: start, to: end, next: nextA), b.piece(from: start, to: end, next: nextB)
            )
            if !pieceA.isSame(as: pieceB) {
                if let last = ranges.indices.last, ranges[last].end == start {
                    ranges[last].end = end
                } else {
                    ranges.append((start, end))
                }
                note(pieceA.first, pieceB.first, start)
                note(pieceA.last, pieceB.last, end ?? start)
                let isBothLevel = pieceA.isLevel && pieceB.isLevel
                isLevel =
                    isLevel && isBothLevel && (level ?? (pieceA.first, pieceB.first)) == (pieceA.first, pieceB.first)
                level = level ?? (pieceA.first, pieceB.first)
                let shifts = [pieceB.first - pieceA.first, pieceB.last - pieceA.last]
                let known = shift ?? shifts[0]
                isShifted = isShifted && shifts.allSatisfy { ($0 - known).magnitude <= 1e-9 }
                shift = known
            }
            guard let end else { break }
            start = end
        }
        guard let level, let shift else { return nil }
        form =
            isLevel
            ? .level(from: level.from, to: level.to)
            : isShifted ? .shifted(DecimalDigits(shift)?.rounded(decimals: 8).number ?? shift) : .varying(farthest)
    }
}

extension DecimalDigits {
    /// The number that the digits stand for.
    var number: Double? { Double(text()) }
}
