import RenderPlan
import SignalProcessing

extension Curve {
    /// Linear gain of a curve in decibels at each of `count` frames from `frame`.
    ///
    /// A line is straight in decibels; towards or from silence it is a straight line of the gain itself.
    func gains(from frame: Int, count: Int, into gains: UnsafeMutablePointer<Double>) {
        forEachStretch(from: frame, count: count) { stretch in
            guard let line = stretch.line else {
                let gain = Curve.gain(stretch.value)
                for i in stretch.frames { gains[i] = gain }
                return
            }
            let isRampToSilence = min(line.from, line.to) <= Curve.silenceDecibels
            for i in stretch.frames {
                let position = line.position(frame + i)
                if isRampToSilence {
                    let a = Curve.gain(line.from)
                    let b = Curve.gain(line.to)
                    gains[i] = a + (b - a) * position
                } else {
                    gains[i] = Curve.gain(line.from + (line.to - line.from) * position)
                }
            }
        }
    }

    /// The value itself (pan) at each of `count` frames from `frame`.
    func values(from frame: Int, count: Int, into values: UnsafeMutablePointer<Double>) {
        forEachStretch(from: frame, count: count) { stretch in
            for i in stretch.frames {
                guard let line = stretch.line else {
                    values[i] = stretch.value
                    continue
                }
                values[i] = line.from + (line.to - line.from) * line.position(frame + i)
            }
        }
    }

    static func gain(_ decibels: Double) -> Double {
        decibels <= silenceDecibels ? 0 : PinnedMath.gain(decibels: decibels)
    }

    /// A straight line between two points.
    struct Line {
        let from: Double
        let to: Double
        let startFrame: Int
        let endFrame: Int

        func position(_ frame: Int) -> Double { Double(frame - startFrame) / Double(endFrame - startFrame) }
    }

    private struct Stretch {
        let frames: Range<Int>
        let value: Double
        let line: Line?
    }

    /// Cuts `count` frames from `frame` at the points and hands on each stretch, frames counted from `frame`.
    private func forEachStretch(from frame: Int, count: Int, _ body: (Stretch) -> Void) {
        var at = frame
        let end = frame + count
        while at < end {
            let next = points.firstIndex { $0.frame > at }
            let stop = min(end, next.map { points[$0].frame } ?? end)
            let frames = at - frame..<stop - frame
            switch next {
            case .some(let index) where index > 0 && points[index].isLinear:
                let line = Line(
                    from: points[index - 1].value, to: points[index].value,
                    startFrame: points[index - 1].frame,
                    endFrame: points[index].frame)
                body(Stretch(frames: frames, value: 0, line: line))
            case .some(let index):
                body(Stretch(frames: frames, value: points[max(0, index - 1)].value, line: nil))
            case nil:
                body(Stretch(frames: frames, value: points[points.count - 1].value, line: nil))
            }
            at = stop
        }
    }
}
