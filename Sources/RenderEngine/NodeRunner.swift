import CVector
import Quantities
import RenderPlan
import SignalProcessing

/// One node of a mix at work: its strips in groups of four, then its sums.
final class NodeRunner {
    private let index: Int
    private let groups: [LaneGroup]
    private let strips: [StripRunner]
    private let left: Scratch<Double>
    private let right: Scratch<Double>
    private let gains: Scratch<Double>
    private let clip: StereoScratch

    init(index: Int, node: MixNode, rateHertz: Int, blockFrames: Int) throws {
        self.index = index
        strips = node.strips.map { StripRunner($0, blockFrames: blockFrames) }
        groups = try stride(from: 0, to: node.strips.count, by: 4).map { first in
            let members = Array(node.strips[first..<min(first + 4, node.strips.count)])
            return try LaneGroup(
                firstStrip: first, strips: members, rateHertz: rateHertz, blockFrames: blockFrames)
        }
        left = Scratch(count: blockFrames, zero: 0)
        right = Scratch(count: blockFrames, zero: 0)
        gains = Scratch(count: blockFrames, zero: 0)
        clip = StereoScratch(frameCount: blockFrames)
    }

    func write(to bytes: inout [UInt8]) throws {
        for group in groups {
            for step in group.steps {
                var writer = SnapshotWriter()
                step.write(to: &writer)
                do {
                    bytes.append(contentsOf: try writer.finish())
                } catch {
                    let device = step.devices.lazy.compactMap(\.self).first
                    throw RenderError.notFinite(node: index, strip: step.strip, device: device)
                }
            }
        }
    }

    func read(from reader: inout SnapshotReader) throws {
        for group in groups {
            for step in group.steps {
                do { try step.read(from: &reader) } catch { throw RenderError.malformedSnapshot }
            }
        }
    }

    /// Makes the node's wires for output frames [frame, frame + count).
    func process(
        _ node: MixNode, frame: Int, count: Int, inputs: any SegmentInputs, wires: [StereoScratch], firstWire: Int
    ) throws {
        for (runner, strip) in zip(strips, node.strips) {
            try gather(strip, into: runner, frame: frame + strip.latencyFrames, count: count, inputs, wires)
        }
        // Before the devices: what they were given, and not they, is to blame then.
        for s in strips.indices where !strips[s].isFinite(count) {
            throw RenderError.notFinite(node: index, strip: s, device: nil)
        }
        for group in groups {
            try group.process(strips: strips, frame: frame, count: count, inputs: inputs)
        }
        for s in strips.indices where !node.strips[s].stages.isEmpty && !strips[s].isFinite(count) {
            throw RenderError.notFinite(node: index, strip: s, device: culprit(strip: s, of: node))
        }
        for (runner, strip) in zip(strips, node.strips) { runner.evaluateMixer(strip, frame: frame, count: count) }
        for (w, taps) in node.sums.enumerated() {
            sum(taps, of: node, frame: frame, count: count)
            round(left.pointer, to: wires[firstWire + w].left, count)
            round(right.pointer, to: wires[firstWire + w].right, count)
        }
    }

    /// The first device of a strip whose state is not finite; the last device where no state shows it.
    private func culprit(strip: Int, of node: MixNode) -> Int? {
        for step in groups[strip / 4].steps {
            guard let device = step.devices[strip % 4] else { continue }
            var writer = SnapshotWriter()
            step.write(to: &writer)
            if (try? writer.finish()) == nil { return device }
        }
        return node.strips[strip].stages.last?.device
    }

    // MARK: - Input

    private func gather(
        _ strip: Strip, into runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs,
        _ wires: [StereoScratch]
    ) throws {
        switch strip.input {
        case .clips(let clips):
            runner.planes.left.update(repeating: 0, count: count)
            runner.planes.right.update(repeating: 0, count: count)
            for clip in clips { try add(clip, to: runner, frame: frame, count: count, inputs) }
        case .terms(let terms):
            try gather(terms, into: runner, frame: frame, count: count, inputs, wires)
        }
    }

    private func gather(
        _ terms: [Term], into runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs,
        _ wires: [StereoScratch]
    ) throws {
        left.pointer.update(repeating: 0, count: count)
        right.pointer.update(repeating: 0, count: count)
        for term in terms {
            switch term {
            case .port(let port):
                try inputs.read(
                    port: port, range: FrameRange(start: frame, count: count), left: clip.left, right: clip.right)
                accumulate(clip.left, into: left.pointer, gain: 1, count)
                accumulate(clip.right, into: right.pointer, gain: 1, count)
            case .wire(let wire):
                accumulate(wires[wire].left, into: left.pointer, gain: 1, count)
                accumulate(wires[wire].right, into: right.pointer, gain: 1, count)
            }
        }
        round(left.pointer, to: runner.planes.left, count)
        round(right.pointer, to: runner.planes.right, count)
    }

    /// Adds what is heard of a clip in [frame, frame + count), its gain and fades applied in Double.
    private func add(
        _ read: ClipRead, to runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs
    ) throws {
        let heard = read.range.intersection(FrameRange(start: frame, count: count))
        guard !heard.isEmpty else { return }
        let at = heard.start - frame
        let destination = runner.planes
        try inputs.read(
            port: read.port, range: heard.shifted(by: read.portOffset), left: clip.left, right: clip.right)
        let isFading =
            heard.start < read.startFrame + read.fadeInFrames
            || heard.end > read.range.end - read.fadeOutFrames
        guard isFading else {
            addScaled(clip.left, to: destination.left + at, gain: read.gain, heard.count)
            addScaled(clip.right, to: destination.right + at, gain: read.gain, heard.count)
            return
        }
        for i in 0..<heard.count { gains.pointer[i] = read.gain * read.fadeGain(at: heard.start + i) }
        addScaled(clip.left, to: destination.left + at, gains: gains.pointer, heard.count)
        addScaled(clip.right, to: destination.right + at, gains: gains.pointer, heard.count)
    }

    // MARK: - Sums

    private func sum(_ taps: [Tap], of node: MixNode, frame: Int, count: Int) {
        left.pointer.update(repeating: 0, count: count)
        right.pointer.update(repeating: 0, count: count)
        for tap in taps {
            let runner = strips[tap.strip]
            let isInverted = node.strips[tap.strip].isPolarityInverted
            let fixed = tap.gain.constant.map { Curve.gain($0) * (isInverted ? -1 : 1) }
            switch (tap.point, fixed) {
            case (.output, _):
                add(runner, scaledBy: isInverted ? -1 : 1, count)
            case (.postFader, .some(let gain)):
                add(runner, scaledBy: gain, count)
            case (.preFader, .some(let gain)):
                accumulate(runner.planes.left, into: left.pointer, gain: gain, count)
                accumulate(runner.planes.right, into: right.pointer, gain: gain, count)
            case (let point, nil):
                tap.gain.gains(from: frame, count: count, into: gains.pointer)
                if isInverted { for i in 0..<count { gains.pointer[i] = -gains.pointer[i] } }
                if point == .postFader {
                    accumulate(
                        runner.planes.left, into: left.pointer, gains: gains.pointer, runner.leftGain, count)
                    accumulate(
                        runner.planes.right, into: right.pointer, gains: gains.pointer, runner.rightGain, count)
                } else {
                    let unity = StripRunner.MixerGain.constant(1)
                    accumulate(runner.planes.left, into: left.pointer, gains: gains.pointer, unity, count)
                    accumulate(runner.planes.right, into: right.pointer, gains: gains.pointer, unity, count)
                }
            }
        }
    }

    private func add(_ runner: StripRunner, scaledBy gain: Double, _ count: Int) {
        switch (runner.leftGain, runner.rightGain) {
        case (.constant(let l), .constant(let r)):
            accumulate(runner.planes.left, into: left.pointer, gain: l * gain, count)
            accumulate(runner.planes.right, into: right.pointer, gain: r * gain, count)
        default:
            for i in 0..<count { gains.pointer[i] = gain }
            accumulate(runner.planes.left, into: left.pointer, gains: gains.pointer, runner.leftGain, count)
            accumulate(runner.planes.right, into: right.pointer, gains: gains.pointer, runner.rightGain, count)
        }
    }
}

extension ClipRead {
    /// Fade gain at a song frame inside the clip: frames count from the clip's edges, so that a fade of n frames
    /// has its middles at (i + 1/2) / n and a fade out mirrors a fade in exactly.
    func fadeGain(at frame: Int) -> Double {
        var gain = 1.0
        let fromStart = frame - startFrame
        if fromStart < fadeInFrames { gain *= shape((Double(fromStart) + 0.5) / Double(fadeInFrames)) }
        let toEnd = range.end - 1 - frame
        if toEnd < fadeOutFrames { gain *= shape((Double(toEnd) + 0.5) / Double(fadeOutFrames)) }
        return gain
    }

    private func shape(_ position: Double) -> Double {
        switch fadeShape {
        case .linear: position
        // sin^2 + cos^2 = 1: two uncorrelated signals that cross keep their power.
        case .equalPower: PinnedMath.sin(position * (Double.pi / 2))
        }
    }
}
