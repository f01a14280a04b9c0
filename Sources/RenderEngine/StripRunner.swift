import Quantities
import RenderPlan
import SignalProcessing

/// A strip's planar block and its mixer gains at work.
final class StripRunner {
    enum MixerGain {
        case constant(Double)
        case perFrame(Scratch<Double>)
    }

    let planes: StereoScratch
    private(set) var leftGain = MixerGain.constant(1)
    private(set) var rightGain = MixerGain.constant(1)
    private let panLaw: Strip.PanLaw
    private let leftGains: Scratch<Double>
    private let rightGains: Scratch<Double>
    private let pans: Scratch<Double>

    init(_ strip: Strip, blockFrames: Int) {
        planes = StereoScratch(frameCount: blockFrames)
        panLaw = strip.panLaw
        leftGains = Scratch(count: blockFrames, zero: 0)
        rightGains = Scratch(count: blockFrames, zero: 0)
        pans = Scratch(count: blockFrames, zero: 0)
    }

    /// Whether no sample of the block is NaN or infinite.
    func isFinite(_ count: Int) -> Bool { allFinite(planes.left, count) && allFinite(planes.right, count) }

    /// Fader times pan for each side, constant over the block wherever both are.
    func evaluateMixer(_ strip: Strip, frame: Int, count: Int) {
        if let fader = strip.fader.constant, let pan = strip.pan.constant {
            let gain = Curve.gain(fader)
            let sides = Self.sides(pan: pan, law: panLaw)
            leftGain = .constant(gain * sides.left)
            rightGain = .constant(gain * sides.right)
            return
        }
        strip.fader.gains(from: frame, count: count, into: leftGains.pointer)
        strip.pan.values(from: frame, count: count, into: pans.pointer)
        for i in 0..<count {
            let gain = leftGains.pointer[i]
            let sides = Self.sides(pan: pans.pointer[i], law: panLaw)
            leftGains.pointer[i] = gain * sides.left
            rightGains.pointer[i] = gain * sides.right
        }
        leftGain = .perFrame(leftGains)
        rightGain = .perFrame(rightGains)
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
