import RenderPlan
import SignalProcessing

/// The parameters of one stage at work, on the control grid of the strip's output frames.
///
/// A value belongs to the song frame that the stage takes in at a grid point, so that look-ahead moves no automation.
struct StageAutomation {
    /// What the processor was last given.
    private(set) var values: [Double]
    /// Whether nothing changes in any segment.
    let isConstant: Bool
    private var curves: [StageCurve]
    private let aheadFrames: Int

    /// - Parameter aheadFrames: Frames by which what the stage takes in is ahead of the strip's output.
    /// - Parameter startFrame: The first output frame that will be processed.
    init(_ stage: Stage, aheadFrames: Int, startFrame: Int) {
        values = stage.values
        curves = stage.automation
        isConstant = stage.automation.isEmpty
        self.aheadFrames = aheadFrames
        if !isConstant { reset(before: startFrame) }
    }

    /// Takes the curves as far as they matter in the next segment.
    mutating func prepare(_ stage: Stage) { curves = stage.automation }

    /// What the processor was given at the grid point before `frame`, where it goes on from a snapshot.
    mutating func reset(before frame: Int) {
        let grid = Program.controlFrames
        _ = advance(to: ((frame + grid - 1) & ~(grid - 1)) - grid)
    }

    /// Evaluates the curves at a grid point; false where nothing changed since the last one.
    mutating func advance(to frame: Int) -> Bool {
        var hasChanged = false
        for curve in curves {
            let value = curve.value(at: frame + aheadFrames)
            if value != values[curve.parameter] {
                values[curve.parameter] = value
                hasChanged = true
            }
        }
        return hasChanged
    }
}

extension StageCurve {
    /// The parameter at a song frame, in its own unit: at a point what the point says, to the bit.
    func value(at frame: Int) -> Double {
        guard let (from, to, position) = curve.line(at: frame) else { return curve.heldValue(at: frame) }
        let (low, high) = from < to ? (from, to) : (to, from)
        let value: Double
        switch scale {
        case .octaves:
            let (start, end) = (PinnedMath.log2(from), PinnedMath.log2(to))
            value = PinnedMath.exp2(start + (end - start) * position)
        case .decibels where low <= Curve.silenceDecibels:
            value = PinnedMath.decibels(gain: Curve.gain(from) + (Curve.gain(to) - Curve.gain(from)) * position)
        case .decibels, .linear:
            value = from + (to - from) * position
        }
        // Rounding must not carry it past its points: no processor takes what lies beyond a parameter's range.
        return value > high ? high : value > low ? value : low
    }

    /// The smallest and the largest value that the parameter can take; nil where the curve is none of this scale.
    var extremes: (low: Double, high: Double)? {
        let values = curve.points.map(\.value)
        guard let low = values.min(), let high = values.max(), values.allSatisfy(\.isFinite),
            scale != .octaves || low > 0
        else { return nil }
        return (low, high)
    }
}

extension Stage {
    /// The parameters' values with each automated one at either end of its curve: what a processor has to take.
    ///
    /// nil where a curve is none of the stage's.
    var extremes: [[Double]]? {
        var found: [[Double]] = [values]
        var last = -1
        for curve in automation {
            guard curve.parameter > last, values.indices.contains(curve.parameter), let ends = curve.extremes else {
                return nil
            }
            last = curve.parameter
            for end in [ends.low, ends.high] {
                var changed = values
                changed[curve.parameter] = end
                found.append(changed)
            }
        }
        return found
    }
}

extension Curve {
    /// The line that a frame lies on, and how far along; nil where the value is held.
    func line(at frame: Int) -> (from: Double, to: Double, position: Double)? {
        guard let next = points.firstIndex(where: { $0.frame > frame }), next > 0, points[next].isLinear else {
            return nil
        }
        let (a, b) = (points[next - 1], points[next])
        return (a.value, b.value, Double(frame - a.frame) / Double(b.frame - a.frame))
    }

    /// The value where none leads to another.
    func heldValue(at frame: Int) -> Double {
        let next = points.firstIndex { $0.frame > frame } ?? points.count
        return points[max(0, next - 1)].value
    }
}
