package import Quantities

/// A stream that a program reads: an output of an earlier program, by name of the port it is read through.
package struct InputPort: Sendable, Hashable, Codable {
    package var program: ProgramID
    package var output: Int
    package var channelCount: Int
    /// Timeline of the producer: frames per segment and in all. Beyond it the stream is silence.
    package var segmentFrames: Int
    package var frameCount: Int
    /// The source file behind a hashing program; nil for a stream that was rendered.
    package var source: Int?

    package init(
        program: ProgramID, output: Int, channelCount: Int, segmentFrames: Int, frameCount: Int,
        source: Int? = nil
    ) {
        self.program = program
        self.output = output
        self.channelCount = channelCount
        self.segmentFrames = segmentFrames
        self.frameCount = frameCount
        self.source = source
    }
}

/// A stream that a program makes.
package struct OutputPort: Sendable, Hashable, Codable {
    package enum Format: Sendable, Hashable, Codable {
        /// Planar Float32 little-endian in parts of 65,536 frames.
        case planarFloat32
        /// Interleaved little-endian integers in parts of 65,536 frames.
        case interleaved(SampleFormat)
        /// One blob, such as a measurement, or a stretch of an encoded file in parts of whole blocks.
        case bytes
        /// Digests only.
        case digests
    }

    package var channelCount: Int
    package var format: Format

    package init(channelCount: Int, format: Format) {
        self.channelCount = channelCount
        self.format = format
    }

    /// Bytes of a frame in its parts; nil where the format does not say.
    package var bytesPerFrame: Int? {
        switch format {
        case .planarFloat32: channelCount * MemoryLayout<Float>.stride
        case .interleaved(let samples): channelCount * samples.bitCount / 8
        case .bytes, .digests: nil
        }
    }
}

/// Frames of a port that a segment reads; never empty, inside the producer's timeline.
package struct PortRead: Sendable, Hashable {
    package var port: Int
    package var range: FrameRange

    package init(port: Int, range: FrameRange) {
        self.port = port
        self.range = range
    }
}

/// A compiled, immutable piece of work with one set of outputs. Nothing in it but numbers.
package struct Program: Sendable, Hashable, Codable {
    /// Frames in a part.
    package static let partFrames = 65_536
    /// The control grid; it divides every segment (numeric contract, docs/determinism.md).
    package static let controlFrames = 8
    /// Part of every key. It changes when the meaning of a program's bytes changes.
    package static let kernelVersion = 3

    package var kind: ProgramKind
    /// Rate of this program's timeline.
    package var rateHertz: Int
    package var segmentFrames: Int
    package var frameCount: Int
    package var inputs: [InputPort]
    package var outputs: [OutputPort]
    package var body: Body
    /// Index of the song it belongs to; in no key.
    package var song: Int

    package init(
        kind: ProgramKind, rateHertz: Int, segmentFrames: Int, frameCount: Int, inputs: [InputPort],
        outputs: [OutputPort], body: Body, song: Int
    ) {
        precondition(segmentFrames > 0 && frameCount > 0, "a program without frames")
        self.kind = kind
        self.rateHertz = rateHertz
        self.segmentFrames = segmentFrames
        self.frameCount = frameCount
        self.inputs = inputs
        self.outputs = outputs
        self.body = body
        self.song = song
    }

    package var segmentCount: Int {
        kind == .whole ? 1 : (frameCount + segmentFrames - 1) / segmentFrames
    }

    /// Frames of each of its windows but the last, as a consumer counts them.
    package var windowFrames: Int { kind == .whole ? frameCount : segmentFrames }

    /// The frames of this program's timeline that segment `index` makes.
    package func range(ofSegment index: Int) -> FrameRange {
        precondition(index >= 0 && index < segmentCount, "segment out of range")
        if kind == .whole { return FrameRange(0, frameCount) }
        return FrameRange(index * segmentFrames, min(frameCount, (index + 1) * segmentFrames))
    }

    /// Parts of a window of `frames` frames.
    package static func partCount(frames: Int) -> Int { (frames + partFrames - 1) / partFrames }
}

/// What a program does.
package enum Body: Sendable, Hashable, Codable {
    /// Strips, sums, devices.
    case mix(MixBody)
    case convert(ConvertBody)
    case convolve(ConvolveBody)
    case match(MatchBody)
    case finish(FinishBody)
    case measure(MeasureBody)
    case quantise(QuantiseBody)
    case encode(EncodeBody)
    case hashSource(SourceBody)
    /// The whole stream backwards: it needs all of its input at once, and proves the third kind in tests.
    case reverse
}

/// Rate conversion of one port, zero-phase, aligned to `startFrame`.
package struct ConvertBody: Sendable, Hashable, Codable {
    package var fromHertz: Int
    package var toHertz: Int
    /// Frame of this timeline that coincides with `portStartFrame` of the port; silence before it.
    package var startFrame: Int
    package var frameCount: Int
    package var portStartFrame: Int
    /// Port frames that one side of the kernel may need.
    package var reachFrames: Int
    package var version: UInt32

    package init(
        fromHertz: Int, toHertz: Int, startFrame: Int, frameCount: Int, portStartFrame: Int, reachFrames: Int,
        version: UInt32
    ) {
        self.fromHertz = fromHertz
        self.toHertz = toHertz
        self.startFrame = startFrame
        self.frameCount = frameCount
        self.portStartFrame = portStartFrame
        self.reachFrames = reachFrames
        self.version = version
    }

    /// The port frames that output frames `range` are made of, not yet cut to the port's timeline.
    package func portRange(for range: FrameRange) -> FrameRange? {
        let heard = range.intersection(FrameRange(start: startFrame, count: frameCount))
        guard !heard.isEmpty else { return nil }
        // Floor of a rational position: both factors are below 2^32.
        let first = (heard.start - startFrame) * fromHertz / toHertz
        let last = (heard.end - 1 - startFrame) * fromHertz / toHertz + 1
        return FrameRange(portStartFrame + first - reachFrames, portStartFrame + last + 1 + reachFrames)
    }
}

/// Gain and true-peak limiter of the finish. Outputs: the limited stream and a blob with the deepest gain.
package struct FinishBody: Sendable, Hashable, Codable {
    /// Numbers of the limiter, its input gain included.
    package var values: [Double]
    package var latencyFrames: Int
    package var version: UInt32

    package init(values: [Double], latencyFrames: Int, version: UInt32) {
        self.values = values
        self.latencyFrames = latencyFrames
        self.version = version
    }
}

/// Loudness and peaks of a window and its neighbours; output: one blob.
package struct MeasureBody: Sendable, Hashable, Codable {
    package var historyFrames: Int
    package var lookaheadFrames: Int
    package var version: UInt32
    /// True where only the last frame above the floor is wanted, for the length cut.
    package var isLevelOnly: Bool

    package init(historyFrames: Int, lookaheadFrames: Int, version: UInt32, isLevelOnly: Bool = false) {
        self.historyFrames = historyFrames
        self.lookaheadFrames = lookaheadFrames
        self.version = version
        self.isLevelOnly = isLevelOnly
    }
}

/// Dither and rounding to integers.
package struct QuantiseBody: Sendable, Hashable, Codable {
    package enum Dither: UInt8, Sendable, Codable {
        case none = 0
        case triangular = 1
        /// Triangular, with error feedback that begins anew at each segment.
        case shaped = 2
    }

    package var samples: SampleFormat
    package var dither: Dither
    package var seed: UInt64
    /// Ordinal of the deliverable, so that two of them never carry the same noise.
    package var output: Int
    /// Neighbours looked at for digital silence.
    package var reachFrames: Int
    package var version: UInt32

    package init(
        samples: SampleFormat, dither: Dither, seed: UInt64, output: Int, reachFrames: Int, version: UInt32
    ) {
        self.samples = samples
        self.dither = dither
        self.seed = seed
        self.output = output
        self.reachFrames = reachFrames
        self.version = version
    }
}

/// A stretch of a lossless file: the blocks that hold the frames of a segment, which begins with a block.
package struct EncodeBody: Sendable, Hashable, Codable {
    package enum Container: UInt8, Sendable, Codable { case flac = 1 }

    package var container: Container
    package var samples: SampleFormat
    /// Name and version of the codec library: other libraries may write other bytes.
    package var library: String

    package init(container: Container, samples: SampleFormat, library: String) {
        self.container = container
        self.samples = samples
        self.library = library
    }

    /// Frames of a block: a segment has a multiple of them.
    package static let blockFrames = 4_096

    /// The length of an encoder's segments over a stream with segments of `frames` frames: rounded up, so that there
    /// are not more of them.
    package static func segmentFrames(over frames: Int) -> Int {
        (frames + blockFrames - 1) / blockFrames * blockFrames
    }

    /// Changes with how stretches are encoded and numbered.
    package static let version: UInt32 = 1
}

/// A file on its own grid. `identity` stands for (path, size, modification time, inode).
package struct SourceBody: Sendable, Hashable, Codable {
    package var source: Int
    package var identity: Digest
    package var samples: SampleFormat

    package init(source: Int, identity: Digest, samples: SampleFormat) {
        self.source = source
        self.identity = identity
        self.samples = samples
    }
}
