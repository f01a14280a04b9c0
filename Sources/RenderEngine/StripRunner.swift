import Quantities
import RenderPlan
import SignalProcessing

/// A strip's planar block and its mixer gains at work.
final class StripRunner {
    let planes: StereoScratch
    /// The strip as far as it matters in the segment under way.
    private(set) var strip: Strip
    private(set) var latencyFrames = 0
    /// Frames of the strip's input in which one clip is heard and does not fade; empty until a block was there.
    var solo = Solo()
    /// Fader times pan of each side, where they stay the same all segment long.
    private(set) var constantGains: (left: Double, right: Double)?
    /// The same per frame of the block, after `evaluateMixer`, where they do not.
    let leftGains: Scratch<Double>
    let rightGains: Scratch<Double>
    private let faderGains: Scratch<Double>

    init(_ strip: Strip, blockFrames: Int) {
        planes = StereoScratch(frameCount: blockFrames)
        leftGains = Scratch(count: blockFrames, zero: 0)
        rightGains = Scratch(count: blockFrames, zero: 0)
        faderGains = Scratch(count: blockFrames, zero: 0)
        self.strip = strip
        prepare(strip)
    }

    /// Takes what matters of the strip in the next segment.
    func prepare(_ slice: Strip) {
        strip = slice
        latencyFrames = slice.latencyFrames
        solo = Solo()
        constantGains = nil
        guard let fader = slice.fader.constant, let pan = slice.pan.constant else { return }
        let gain = Curve.gain(fader)
        let sides = Self.sides(pan: pan, law: slice.panLaw)
        constantGains = (gain * sides.left, gain * sides.right)
    }

    /// A clip that is heard alone for a while.
    struct Solo {
        var startFrame = 0
        var endFrame = 0
        var port = 0
        var portOffset = 0
        var gain = 1.0
        /// Whether the samples need no check: none is NaN, infinite or -0, and the gain is 1.
        var isPlain = false

        func holds(frame: Int, count: Int) -> Bool { frame >= startFrame && frame + count <= endFrame }

        func range(frame: Int, count: Int) -> FrameRange { FrameRange(start: frame + portOffset, count: count) }
    }

    /// Whether no sample of the block is NaN or infinite.
    func isFinite(_ count: Int) -> Bool { allFinite(planes.left, count) && allFinite(planes.right, count) }

    /// Fills the gains per frame, unless they are constant.
    func evaluateMixer(frame: Int, count: Int) {
        guard constantGains == nil else { return }
        let (left, right) = (leftGains.pointer, rightGains.pointer)
        if let pan = strip.pan.constant {
            strip.fader.gains(from: frame, count: count, into: left)
            let sides = Self.sides(pan: pan, law: strip.panLaw)
            for i in 0..<count {
                right[i] = left[i] * sides.right
                left[i] *= sides.left
            }
            return
        }
        strip.pan.values(from: frame, count: count, into: left)
        for i in 0..<count {
            let sides = Self.sides(pan: left[i], law: strip.panLaw)
            left[i] = sides.left
            right[i] = sides.right
        }
        strip.fader.gains(from: frame, count: count, into: faderGains.pointer)
        multiply(left, by: faderGains.pointer, count)
        multiply(right, by: faderGains.pointer, count)
    }

    /// Gains of a pan position -1...1 under a law (docs/session.md, "Pan").
    static func sides(pan: Double, law: Strip.PanLaw) -> (left: Double, right: Double) {
        switch law {
        case .constantPower:
            let angle = (pan + 1) * (Double.pi / 4)
            return (PinnedMath.cos(angle), PinnedMath.sin(angle))
        case .balance:
            return (pan > 0 ? 1 - pan : 1, pan < 0 ? 1 + pan : 1)
        }
    }
}
