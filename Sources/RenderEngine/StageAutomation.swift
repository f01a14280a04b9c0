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
    /// The parameter at a song frame, in its own unit.
    func value(at frame: Int) -> Double {
        guard let (from, to, position) = curve.line(at: frame) else { return unscaled(curve.heldValue(at: frame)) }
        if scale == .decibels, min(from, to) <= Curve.silenceDecibels {
            let gain = Curve.gain(from) + (Curve.gain(to) - Curve.gain(from)) * position
            return max(PinnedMath.decibels(gain: gain), Curve.silenceDecibels)
        }
        return unscaled(from + (to - from) * position)
    }

    private func unscaled(_ value: Double) -> Double { scale == .octaves ? PinnedMath.exp2(value) : value }
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
