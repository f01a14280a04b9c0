import CVector
import Quantities
import RenderPlan
import SignalProcessing

/// One node of a mix at work: its strips in groups of four, then its sums.
final class NodeRunner {
    private let index: Int
    private let groups: [LaneGroup]
    private let strips: [StripRunner]
    private var sums: [SumRunner] = []
    /// All sums at once, where that is possible in the segment under way.
    private var laneMix: LaneMix?
    private let left: Scratch<Double>
    private let right: Scratch<Double>
    private let gains: Scratch<Double>
    private let clip: StereoScratch

    /// The sums of the node, each of which makes one wire.
    var sumCount: Int { sums.count }

    /// - Parameter startFrame: the first output frame that will be processed.
    init(index: Int, node: MixNode, rateHertz: Int, startFrame: Int, blockFrames: Int) throws {
        self.index = index
        let strips = node.strips.map { StripRunner($0, blockFrames: blockFrames) }
        self.strips = strips
        groups = try stride(from: 0, to: node.strips.count, by: 4).map { first in
            let members = first..<min(first + 4, node.strips.count)
            return try LaneGroup(
                firstStrip: first, strips: Array(node.strips[members]), planes: strips[members].map(\.planes),
                rateHertz: rateHertz, startFrame: startFrame, blockFrames: blockFrames)
        }
        left = Scratch(count: blockFrames, zero: 0)
        right = Scratch(count: blockFrames, zero: 0)
        gains = Scratch(count: blockFrames, zero: 0)
        clip = StereoScratch(frameCount: blockFrames)
        prepare(node)
    }

    /// Takes what matters of the node in the next segment.
    func prepare(_ slice: MixNode) {
        for (runner, strip) in zip(strips, slice.strips) { runner.prepare(strip) }
        for group in groups { group.prepare(slice.strips) }
        sums = slice.sums.map { SumRunner($0, strips: strips) }
        laneMix = LaneMix(sums, groups: groups)
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

    /// - Parameter frame: The first output frame of the segment that the snapshot leads to.
    func read(from reader: inout SnapshotReader, before frame: Int) throws {
        for group in groups {
            for step in group.steps {
                do { try step.read(from: &reader, before: frame) } catch { throw RenderError.malformedSnapshot }
            }
        }
    }

    /// Makes the node's wires for output frames [frame, frame + count).
    ///
    /// - Parameters:
    ///   - packed: The inputs once more, where they can be had packed.
    ///   - wires: Those of the whole program; the node's own begin at `firstWire`.
    func process(
        frame: Int, count: Int, inputs: any SegmentInputs, packed: (any PackedInputs)?,
        wires: UnsafePointer<StripPlanes>, firstWire: Int
    ) throws {
        for group in groups {
            try take(group, frame: frame, count: count, inputs, packed, wires)
            try group.process(frame: frame, count: count, inputs: inputs)
        }
        if let laneMix, groups.contains(where: \.isInLanes) {
            for group in groups { group.enterLanes(count) }
            if !laneMix.run(into: wires + firstWire, count: count) { try blame(count) }
            return
        }
        for group in groups { group.leaveLanes(count) }
        for runner in strips { runner.evaluateMixer(frame: frame, count: count) }
        for s in sums.indices {
            if !sum(sums[s], into: wires[firstWire + s], frame: frame, count: count) { try blame(count) }
        }
    }

    /// Gives a group its strips' input.
    private func take(
        _ group: LaneGroup, frame: Int, count: Int, _ inputs: any SegmentInputs, _ packed: (any PackedInputs)?,
        _ wires: UnsafePointer<StripPlanes>
    ) throws {
        if group.startsInLanes, let packed, try takePacked(group, frame: frame, count: count, packed) { return }
        group.takePlanes()
        for s in group.firstStrip..<group.firstStrip + group.stripCount {
            let runner = strips[s]
            // Before the devices: what they were given, and not they, is to blame then.
            guard try gather(runner, frame: frame + runner.latencyFrames, count: count, inputs, wires) else {
                throw RenderError.notFinite(node: index, strip: s, device: nil)
            }
        }
    }

    /// Takes the strips' integers straight into lanes; false where one of them is not a single, plain clip of a file.
    private func takePacked(
        _ group: LaneGroup, frame: Int, count: Int, _ inputs: any PackedInputs
    ) throws -> Bool {
        for i in 0..<group.stripCount {
            let runner = strips[group.firstStrip + i]
            let at = frame + runner.latencyFrames
            guard runner.solo.isPlain, runner.solo.holds(frame: at, count: count) else { return false }
            // Bytes are only good until the next call for their port.
            for other in 0..<i where strips[group.firstStrip + other].solo.port == runner.solo.port { return false }
            let range = runner.solo.range(frame: at, count: count)
            guard let frames = try inputs.packedFrames(port: runner.solo.port, range: range) else { return false }
            group.packed.pointer[i] = lathe_packed(
                bytes: frames.bytes.assumingMemoryBound(to: UInt8.self),
                width: frames.bytesPerFrame / frames.channelCount, channels: frames.channelCount)
        }
        group.takePacked(count)
        return true
    }

    /// A sum is not finite, though everything that came in was.
    private func blame(_ count: Int) throws {
        for group in groups { group.leaveLanes(count) }
        for (s, runner) in strips.enumerated() where !runner.isFinite(count) {
            throw RenderError.notFinite(node: index, strip: s, device: culprit(strip: s))
        }
        throw RenderError.notFinite(node: index, strip: 0, device: nil)
    }

    /// The first device of a strip whose state is not finite; the last device where no state shows it.
    private func culprit(strip: Int) -> Int? {
        for step in groups[strip / 4].steps {
            guard let device = step.devices[strip % 4] else { continue }
            var writer = SnapshotWriter()
            step.write(to: &writer)
            if (try? writer.finish()) == nil { return device }
        }
        return strips[strip].strip.stages.last?.device
    }

    // MARK: - Input

    /// Fills the strip's planes; false where something in them is not finite.
    private func gather(
        _ runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs, _ wires: UnsafePointer<StripPlanes>
    ) throws -> Bool {
        if runner.solo.holds(frame: frame, count: count) {
            return try readSolo(runner, frame: frame, count: count, inputs)
        }
        switch runner.strip.input {
        case .clips(let clips):
            return try gather(clips, of: runner, frame: frame, count: count, inputs)
        case .terms(let terms):
            return try gather(terms, into: runner.planes, frame: frame, count: count, inputs, wires)
        }
    }

    /// Mostly one clip fills the block and does not fade: it is read to its place.
    private func readSolo(
        _ runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs
    ) throws -> Bool {
        let (solo, planes) = (runner.solo, runner.planes)
        try inputs.read(
            port: solo.port, range: solo.range(frame: frame, count: count), left: planes.left, right: planes.right)
        if solo.isPlain { return true }
        let isFinite = scale(planes.left, gain: solo.gain, count)
        return scale(planes.right, gain: solo.gain, count) && isFinite
    }

    private func gather(
        _ clips: [ClipRead], of runner: StripRunner, frame: Int, count: Int, _ inputs: any SegmentInputs
    ) throws -> Bool {
        let block = FrameRange(start: frame, count: count)
        var heard: ClipRead?
        var heardCount = 0
        for clip in clips where clip.range.overlaps(block) {
            heard = clip
            heardCount += 1
        }
        if heardCount == 1, let only = heard, only.range.intersection(block) == block,
            !only.isFading(in: block)
        {
            runner.solo = solo(only, among: clips, around: block, inputs)
            return try readSolo(runner, frame: frame, count: count, inputs)
        }
        let planes = runner.planes
        planes.left.update(repeating: 0, count: count)
        planes.right.update(repeating: 0, count: count)
        guard heardCount > 0 else { return true }
        for clip in clips { try add(clip, to: planes, frame: frame, count: count, inputs) }
        return allFinite(planes.left, count) && allFinite(planes.right, count)
    }

    /// How far around a block the only clip heard in it stays the only one, and does not fade.
    private func solo(
        _ only: ClipRead, among clips: [ClipRead], around block: FrameRange, _ inputs: any SegmentInputs
    ) -> StripRunner.Solo {
        var start = only.startFrame + only.fadeInFrames
        var end = only.range.end - only.fadeOutFrames
        for clip in clips where clip != only && !clip.range.isEmpty {
            if clip.range.end <= block.start { start = max(start, clip.range.end) }
            if clip.range.start >= block.end { end = min(end, clip.range.start) }
        }
        return StripRunner.Solo(
            startFrame: start, endFrame: end, port: only.port, portOffset: only.portOffset, gain: only.gain,
            isPlain: only.gain == 1 && inputs.holdsIntegers(port: only.port))
    }

    private func gather(
        _ terms: [Term], into planes: StereoScratch, frame: Int, count: Int, _ inputs: any SegmentInputs,
        _ wires: UnsafePointer<StripPlanes>
    ) throws -> Bool {
        if terms.count == 1, case .port(let port) = terms[0] {
            try inputs.read(
                port: port, range: FrameRange(start: frame, count: count), left: planes.left,
                right: planes.right)
            let isFinite = scale(planes.left, gain: 1, count)
            return scale(planes.right, gain: 1, count) && isFinite
        }
        left.pointer.update(repeating: 0, count: count)
        right.pointer.update(repeating: 0, count: count)
        for term in terms {
            switch term {
            case .port(let port):
                try inputs.read(
                    port: port, range: FrameRange(start: frame, count: count), left: clip.left,
                    right: clip.right)
                accumulate(clip.left, into: left.pointer, gain: 1, count)
                accumulate(clip.right, into: right.pointer, gain: 1, count)
            case .wire(let wire):
                accumulate(wires[wire].left, into: left.pointer, gain: 1, count)
                accumulate(wires[wire].right, into: right.pointer, gain: 1, count)
            }
        }
        round(left.pointer, to: planes.left, count)
        round(right.pointer, to: planes.right, count)
        return allFinite(planes.left, count) && allFinite(planes.right, count)
    }

    /// Adds what is heard of a clip in [frame, frame + count), its gain and fades applied in Double.
    private func add(
        _ read: ClipRead, to destination: StereoScratch, frame: Int, count: Int, _ inputs: any SegmentInputs
    ) throws {
        let heard = read.range.intersection(FrameRange(start: frame, count: count))
        guard !heard.isEmpty else { return }
        let at = heard.start - frame
        try inputs.read(
            port: read.port, range: heard.shifted(by: read.portOffset), left: clip.left, right: clip.right)
        guard read.isFading(in: heard) else {
            addScaled(clip.left, to: destination.left + at, gain: read.gain, heard.count)
            addScaled(clip.right, to: destination.right + at, gain: read.gain, heard.count)
            return
        }
        for i in 0..<heard.count { gains.pointer[i] = read.gain * read.fadeGain(at: heard.start + i) }
        addScaled(clip.left, to: destination.left + at, gains: gains.pointer, heard.count)
        addScaled(clip.right, to: destination.right + at, gains: gains.pointer, heard.count)
    }

    // MARK: - Sums

    /// Fills a wire; false where something in it is not finite.
    private func sum(_ sum: SumRunner, into wire: StripPlanes, frame: Int, count: Int) -> Bool {
        if let terms = sum.constantTerms {
            let isFinite = mix(terms, { ($0.left, $0.leftGain) }, into: wire.left, count)
            return mix(terms, { ($0.right, $0.rightGain) }, into: wire.right, count) && isFinite
        }
        left.pointer.update(repeating: 0, count: count)
        right.pointer.update(repeating: 0, count: count)
        for tap in sum.taps {
            let planes = strips[tap.strip].planes
            if let (leftGain, rightGain) = tap.constantGains {
                accumulate(planes.left, into: left.pointer, gain: leftGain, count)
                accumulate(planes.right, into: right.pointer, gain: rightGain, count)
                continue
            }
            let runner = strips[tap.strip]
            evaluate(tap, mixer: runner.constantGains?.left, runner.leftGains, frame, count)
            accumulate(planes.left, into: left.pointer, gains: gains.pointer, count)
            evaluate(tap, mixer: runner.constantGains?.right, runner.rightGains, frame, count)
            accumulate(planes.right, into: right.pointer, gains: gains.pointer, count)
        }
        round(left.pointer, to: wire.left, count)
        round(right.pointer, to: wire.right, count)
        return allFinite(wire.left, count) && allFinite(wire.right, count)
    }

    /// Fills `gains` for one side of a tap whose gain changes: the send's gain and polarity times that of the mixer,
    /// a constant or one per frame.
    private func evaluate(
        _ tap: SumRunner.RunningTap, mixer: Double?, _ perFrame: Scratch<Double>, _ frame: Int, _ count: Int
    ) {
        tap.gains(from: frame, count: count, into: gains.pointer)
        if tap.tap.point == .preFader { return }
        if let mixer {
            for i in 0..<count { gains.pointer[i] *= mixer }
        } else {
            multiply(gains.pointer, by: perFrame.pointer, count)
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

    /// Whether a fade is heard in some frames of the clip.
    func isFading(in frames: FrameRange) -> Bool {
        frames.start < startFrame + fadeInFrames || frames.end > range.end - fadeOutFrames
    }

    private func shape(_ position: Double) -> Double {
        switch fadeShape {
        case .linear: position
        // sin^2 + cos^2 = 1: two uncorrelated signals that cross keep their power.
        case .equalPower: PinnedMath.sin(position * (Double.pi / 2))
        }
    }
}
