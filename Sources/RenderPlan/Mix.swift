package import Quantities

/// A stretch of a port's stream laid on a strip.
package struct ClipRead: Sendable, Hashable, Codable, CanonicallyEncodable {
    package enum FadeShape: UInt8, Sendable, Codable { case linear = 0, equalPower = 1 }

    /// Port the samples come from.
    package var port: Int
    /// Song frames covered.
    package var startFrame: Int
    package var frameCount: Int
    /// Port frame = song frame + `portOffset`.
    package var portOffset: Int
    /// Linear.
    package var gain: Double
    package var fadeInFrames: Int
    package var fadeOutFrames: Int
    package var fadeShape: FadeShape

    package init(
        port: Int, startFrame: Int, frameCount: Int, portOffset: Int, gain: Double, fadeInFrames: Int = 0,
        fadeOutFrames: Int = 0, fadeShape: FadeShape = .linear
    ) {
        self.port = port
        self.startFrame = startFrame
        self.frameCount = frameCount
        self.portOffset = portOffset
        self.gain = gain
        self.fadeInFrames = fadeInFrames
        self.fadeOutFrames = fadeOutFrames
        self.fadeShape = fadeShape
    }

    package var range: FrameRange { FrameRange(start: startFrame, count: frameCount) }

    /// The clip cut to `input` song frames, its fades kept only where they are heard; nil when it is not heard.
    package func slice(_ input: FrameRange) -> ClipRead? {
        guard range.overlaps(input) else { return nil }
        var cut = self
        if input.start >= startFrame + fadeInFrames {
            cut.fadeInFrames = 0
            cut.startFrame = max(startFrame, input.start)
        }
        var end = range.end
        if input.end <= end - fadeOutFrames {
            cut.fadeOutFrames = 0
            end = min(end, input.end)
        }
        cut.frameCount = end - cut.startFrame
        if cut.fadeInFrames == 0 && cut.fadeOutFrames == 0 { cut.fadeShape = .linear }
        return cut
    }

    /// The port is left out: which bytes are read is said by the digests in the key.
    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(startFrame)
        encoder.put(frameCount)
        encoder.put(portOffset)
        encoder.put(gain)
        encoder.put(fadeInFrames)
        encoder.put(fadeOutFrames)
        encoder.put(fadeShape.rawValue)
    }
}

/// One device of a strip with its numbers.
package struct Stage: Sendable, Hashable, Codable, CanonicallyEncodable {
    /// Which processor: the raw value of SignalProcessing's `ProcessorKind`.
    package var kind: UInt8
    /// Version of the processor: another version is another key.
    package var version: UInt32
    /// The processor's parameters in the order of the table of devices, then those of its bands; all finite.
    package var values: [Double]
    /// The parameters that change over time.
    package var automation: [StageCurve]
    /// Port of the side-chain.
    package var keyPort: Int?
    package var latencyFrames: Int
    /// Whether the processor carries state from block to block.
    package var isStateful: Bool
    /// Which of the channel's devices this is, for messages only.
    package var device: Int

    package init(
        kind: UInt8, version: UInt32, values: [Double], automation: [StageCurve] = [], keyPort: Int? = nil,
        latencyFrames: Int = 0, isStateful: Bool = true, device: Int
    ) {
        precondition(values.allSatisfy(\.isFinite), "a plan holds finite numbers")
        self.kind = kind
        self.version = version
        self.values = values
        self.automation = automation
        self.keyPort = keyPort
        self.latencyFrames = latencyFrames
        self.isStateful = isStateful
        self.device = device
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(kind)
        encoder.put(Int(version))
        encoder.put(values)
        encoder.put(automation)
        encoder.put(keyPort != nil)
        encoder.put(latencyFrames)
    }
}

/// A parameter of a stage over time.
package struct StageCurve: Sendable, Hashable, Codable, CanonicallyEncodable {
    /// How a line between two points runs.
    package enum Scale: UInt8, Sendable, Codable {
        /// Straight in the parameter's own unit.
        case linear = 0
        /// Straight in octaves, between positive values.
        case octaves = 1
        /// Straight in decibels; to and from silence a straight line of the gain.
        case decibels = 2
    }

    /// Index into the stage's values.
    package var parameter: Int
    package var scale: Scale
    /// Values in the parameter's own unit.
    package var curve: Curve

    package init(parameter: Int, scale: Scale, curve: Curve) {
        self.parameter = parameter
        self.scale = scale
        self.curve = curve
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(parameter)
        encoder.put(scale.rawValue)
        curve.encode(into: &encoder)
    }
}

/// Where a strip's signal comes from.
package enum StripInput: Sendable, Hashable, Codable {
    case clips([ClipRead])
    /// Summed in Double in this order, rounded once.
    case terms([Term])
}

/// A stereo signal that a strip sums.
package enum Term: Sendable, Hashable, Codable {
    /// A port of the program.
    case port(Int)
    /// A sum of an earlier node of the same program.
    case wire(Int)
}

/// A channel of the mixer: input, devices, fader and pan.
package struct Strip: Sendable, Hashable, Codable {
    package enum PanLaw: UInt8, Sendable, Codable {
        /// sin/cos, -3 dB at the centre: mono sources.
        case constantPower = 0
        /// The far side is turned down linearly, unity at the centre: stereo sources.
        case balance = 1
    }

    package var input: StripInput
    package var stages: [Stage]
    /// Decibels.
    package var fader: Curve
    /// -1...1.
    package var pan: Curve
    package var panLaw: PanLaw
    package var isPolarityInverted: Bool

    package init(
        input: StripInput, stages: [Stage] = [], fader: Curve = Curve(constant: 0),
        pan: Curve = Curve(constant: 0),
        panLaw: PanLaw = .balance, isPolarityInverted: Bool = false
    ) {
        self.input = input
        self.stages = stages
        self.fader = fader
        self.pan = pan
        self.panLaw = panLaw
        self.isPolarityInverted = isPolarityInverted
    }

    /// Frames by which the strip reads ahead of its output.
    package var latencyFrames: Int { stages.reduce(0) { $0 + $1.latencyFrames } }
}

/// What a sum takes from a strip.
package struct Tap: Sendable, Hashable, Codable {
    package enum Point: UInt8, Sendable, Codable {
        /// After fader and pan.
        case output = 0
        /// After fader and pan, with the send's own gain.
        case postFader = 1
        /// After the devices, with the send's own gain.
        case preFader = 2
    }

    package var strip: Int
    package var point: Point
    /// Decibels; ignored for `output`.
    package var gain: Curve

    package init(strip: Int, point: Point, gain: Curve = Curve(constant: 0)) {
        self.strip = strip
        self.point = point
        self.gain = gain
    }
}

/// Up to eight strips and the stereo sums made of them.
package struct MixNode: Sendable, Hashable, Codable {
    package static let maximumStripCount = 8

    package var strips: [Strip]
    /// Each sum makes one wire; taps are added in order in Double and rounded once.
    package var sums: [[Tap]]

    package init(strips: [Strip], sums: [[Tap]]) {
        self.strips = strips
        self.sums = sums
    }
}

/// Nodes in the order in which they run. Wires are numbered through all nodes' sums.
package struct MixBody: Sendable, Hashable, Codable, CanonicallyEncodable {
    package var nodes: [MixNode]
    /// The wires that leave the program, one per output port.
    package var outputWires: [Int]

    package init(nodes: [MixNode], outputWires: [Int]) {
        self.nodes = nodes
        self.outputWires = outputWires
    }

    package var isStateful: Bool {
        nodes.contains { $0.strips.contains { $0.stages.contains(where: \.isStateful) } }
    }

    package var latencyFrames: Int {
        nodes.reduce(0) { max($0, $1.strips.reduce(0) { max($0, $1.latencyFrames) }) }
    }

    /// The body with only what matters while output frames `range` are made. A chained program's first segment
    /// also primes its latency, so its input reaches back to the song's start.
    package func slice(_ range: FrameRange, isFirst: Bool) -> MixBody {
        var body = self
        for n in nodes.indices {
            for s in nodes[n].strips.indices {
                let strip = nodes[n].strips[s]
                if case .clips(let clips) = strip.input {
                    let input = inputRange(of: strip, for: range, isFirst: isFirst)
                    body.nodes[n].strips[s].input = .clips(clips.compactMap { $0.slice(input) })
                }
                body.nodes[n].strips[s].fader = strip.fader.slice(range)
                body.nodes[n].strips[s].pan = strip.pan.slice(range)
                sliceAutomation(&body.nodes[n].strips[s], range, isFirst: isFirst)
            }
            for w in nodes[n].sums.indices {
                for t in nodes[n].sums[w].indices {
                    body.nodes[n].sums[w][t].gain = nodes[n].sums[w][t].gain.slice(range)
                }
            }
        }
        return body
    }

    /// Automation counts in the song frames of what a stage takes in, and begins one control interval early: there a
    /// processor that goes on from a snapshot learns what it was set to.
    private func sliceAutomation(_ strip: inout Strip, _ range: FrameRange, isFirst: Bool) {
        let priming = isFirst ? strip.latencyFrames : 0
        var ahead = strip.latencyFrames
        for i in strip.stages.indices {
            let heard = FrameRange(
                range.start - priming + ahead - 2 * Program.controlFrames, range.end + ahead)
            for c in strip.stages[i].automation.indices {
                strip.stages[i].automation[c].curve = strip.stages[i].automation[c].curve.slice(heard)
            }
            ahead -= strip.stages[i].latencyFrames
        }
    }

    /// The song frames a strip takes in while it puts out `range`.
    package func inputRange(of strip: Strip, for range: FrameRange, isFirst: Bool) -> FrameRange {
        FrameRange(isFirst ? range.start : range.start + strip.latencyFrames, range.end + strip.latencyFrames)
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(nodes.count)
        for node in nodes {
            encoder.put(node.strips.count)
            for strip in node.strips { encode(strip, into: &encoder) }
            encoder.put(node.sums.count)
            for taps in node.sums {
                encoder.put(taps.count)
                for tap in taps {
                    encoder.put(tap.strip)
                    encoder.put(tap.point.rawValue)
                    tap.gain.encode(into: &encoder)
                }
            }
        }
        encoder.put(outputWires.count)
        for wire in outputWires { encoder.put(wire) }
    }

    private func encode(_ strip: Strip, into encoder: inout CanonicalEncoder) {
        switch strip.input {
        case .clips(let clips):
            encoder.put(UInt8(0))
            encoder.put(clips)
        case .terms(let terms):
            encoder.put(UInt8(1))
            encoder.put(terms.count)
            for term in terms {
                switch term {
                case .port: encoder.put(-1)
                case .wire(let wire): encoder.put(wire)
                }
            }
        }
        encoder.put(strip.stages)
        strip.fader.encode(into: &encoder)
        strip.pan.encode(into: &encoder)
        encoder.put(strip.panLaw.rawValue)
        encoder.put(strip.isPolarityInverted)
    }
}
