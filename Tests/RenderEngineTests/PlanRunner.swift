import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import Testing

/// A farm of one thread in memory: runs all programs of a list in order and keeps their windows, snapshots and
/// keys. Every read is checked against what the program says that it reads: that is what its key names.
final class PlanRunner {
    struct Options {
        var blockFrames = 512
        /// A fresh renderer for each segment, which loads the snapshot's bytes.
        var scatters = false
        /// The segments of programs without state from the last to the first, on one renderer.
        var reversesWindows = false
    }

    struct Failure: Error, Equatable {
        var program: Int
        var segment: Int
        var error: RenderError
    }

    let list: ProgramList
    /// Planes of each source file.
    let sources: [[[Float]]]
    let options: Options
    /// Per program, per segment.
    private(set) var results: [[TaskResult]] = []
    private(set) var keys: [[[UInt8]]] = []
    private(set) var snapshots: [[[UInt8]?]] = []
    /// Per program, per output, per segment: the parts' bytes.
    private(set) var windows: [[[[[UInt8]]]]] = []
    /// Per program, per output: planes of the whole stream, for planar outputs.
    private(set) var streams: [[[[Float]]]] = []

    init(_ list: ProgramList, sources: [[[Float]]], options: Options = Options()) {
        self.list = list
        self.sources = sources
        self.options = options
    }

    func run() throws {
        for program in list.programs {
            if case .hashSource(let body) = program.body {
                addSource(program, body)
            } else {
                try render(program)
            }
        }
    }

    func planes(_ stream: StreamRef) -> [[Float]] { streams[stream.program.rawValue][stream.output] }

    /// All bytes of an output, segment after segment.
    func bytes(_ stream: StreamRef) -> [UInt8] {
        windows[stream.program.rawValue][stream.output].flatMap { $0.flatMap { $0 } }
    }

    /// The blobs of an output, one per segment.
    func blobs(_ program: ProgramID, output: Int = 0) -> [[UInt8]] {
        windows[program.rawValue][output].map { $0.flatMap { $0 } }
    }

    // MARK: - Programs

    private func addSource(_ program: Program, _ body: SourceBody) {
        let planes = sources[body.source]
        var results: [TaskResult] = []
        for segment in 0..<program.segmentCount {
            let range = program.range(ofSegment: segment)
            var parts: [Part] = []
            var frame = range.start
            while frame < range.end {
                let end = min(range.end, frame + Program.partFrames)
                let bytes = planes.flatMap { floatBytes($0[frame..<end]) }
                parts.append(Part(digest: testDigest(bytes), byteCount: bytes.count))
                frame = end
            }
            results.append(TaskResult(outputs: [parts]))
        }
        self.results.append(results)
        keys.append([])
        snapshots.append([])
        windows.append([])
        streams.append([planes])
    }

    private func render(_ program: Program) throws {
        var results: [TaskResult] = []
        var keys: [[UInt8]] = []
        var snapshots: [[UInt8]?] = []
        var windows = program.outputs.map { _ in [[[UInt8]]]() }
        var renderer = try SegmentRenderer(program: program, blockFrames: options.blockFrames)
        try renderer.load(segment: 0, snapshot: nil)
        let early = try earlyOutputs(program, renderer)
        for segment in 0..<program.segmentCount {
            let inputs = program.dependencies(ofSegment: segment).map {
                self.results[$0.program.rawValue][$0.segment]
            }
            let before = snapshots.last ?? nil
            keys.append(
                program.keyBytes(
                    ofSegment: segment, inputs: inputs, snapshot: before.map(testDigest), namespace: "test"))
            if options.scatters {
                renderer = try SegmentRenderer(program: program, blockFrames: options.blockFrames)
                try renderer.load(segment: segment, snapshot: before)
            }
            let output = early[segment] ?? Collector(program)
            var snapshot: [UInt8]?
            do {
                if early[segment] == nil {
                    snapshot = try renderer.render(
                        segment: segment, inputs: Reader(self, program, segment: segment), outputs: output)
                }
            } catch let error as RenderError {
                throw Failure(program: self.results.count, segment: segment, error: error)
            }
            snapshots.append(snapshot)
            for (i, parts) in output.parts.enumerated() { windows[i].append(parts) }
            results.append(
                TaskResult(
                    outputs: output.parts.map {
                        $0.map { Part(digest: testDigest($0), byteCount: $0.count) }
                    },
                    snapshot: snapshot.map { Part(digest: testDigest($0), byteCount: $0.count) }))
            #expect(output.isComplete(program.range(ofSegment: segment).count), "parts of \(program.kind)")
        }
        streams.append(program.outputs.indices.map { planes(of: windows[$0], program.outputs[$0]) })
        self.results.append(results)
        self.keys.append(keys)
        self.snapshots.append(snapshots)
        self.windows.append(windows)
    }

    /// The outputs of a program without state, made from the last segment to the first.
    private func earlyOutputs(_ program: Program, _ renderer: SegmentRenderer) throws -> [Int: Collector] {
        guard options.reversesWindows, program.kind == .windowed else { return [:] }
        var outputs: [Int: Collector] = [:]
        for segment in (0..<program.segmentCount).reversed() {
            let output = Collector(program)
            _ = try renderer.render(
                segment: segment, inputs: Reader(self, program, segment: segment), outputs: output)
            outputs[segment] = output
        }
        return outputs
    }

    private func planes(of windows: [[[UInt8]]], _ port: OutputPort) -> [[Float]] {
        guard case .planarFloat32 = port.format else { return [] }
        var planes = [[Float]](repeating: [], count: port.channelCount)
        for part in windows.joined() {
            let samples = floats(part)
            let count = samples.count / port.channelCount
            for channel in planes.indices {
                planes[channel] += samples[channel * count..<(channel + 1) * count]
            }
        }
        return planes
    }
}

/// Hands out streams, and objects to whatever the program did not announce.
private final class Reader: SegmentInputs {
    private let runner: PlanRunner
    private let program: Program
    private let announced: [PortRead]

    init(_ runner: PlanRunner, _ program: Program, segment: Int) {
        self.runner = runner
        self.program = program
        announced = program.reads(ofSegment: segment)
    }

    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws {
        let input = program.inputs[port]
        let inside = range.intersection(FrameRange(0, input.frameCount))
        left.update(repeating: 0, count: range.count)
        right?.update(repeating: 0, count: range.count)
        guard !inside.isEmpty else { return }
        let isAnnounced = announced.contains {
            $0.port == port && $0.range.start <= inside.start && inside.end <= $0.range.end
        }
        if !isAnnounced { Issue.record("port \(port) was read at \(inside), which no key names") }
        let planes = runner.streams[input.program.rawValue][input.output]
        let at = inside.start - range.start
        for i in 0..<inside.count { left[at + i] = planes[0][inside.start + i] }
        if let right {
            let plane = planes[planes.count - 1]
            for i in 0..<inside.count { right[at + i] = plane[inside.start + i] }
        }
    }
}

private final class Collector: SegmentOutputs {
    private let program: Program
    private(set) var parts: [[[UInt8]]]

    init(_ program: Program) {
        self.program = program
        parts = program.outputs.map { _ in [] }
    }

    func write(output: Int, part: UnsafeRawBufferPointer) throws { parts[output].append(Array(part)) }

    /// Whether each output has as many parts, of the right sizes, as its format says.
    func isComplete(_ frameCount: Int) -> Bool {
        zip(program.outputs, parts).allSatisfy { port, parts in
            let frameBytes: Int
            switch port.format {
            case .planarFloat32: frameBytes = 4 * port.channelCount
            case .interleaved(let samples): frameBytes = port.channelCount * samples.bitCount / 8
            case .bytes, .digests: return parts.count == 1
            }
            let sizes = stride(from: 0, to: frameCount, by: Program.partFrames).map {
                min(Program.partFrames, frameCount - $0) * frameBytes
            }
            return parts.map(\.count) == sizes
        }
    }
}

// MARK: - Bytes

/// 128 bits that change whenever a byte does; good enough for tests.
func testDigest(_ bytes: [UInt8]) -> Digest {
    var (a, b): (UInt64, UInt64) = (0x9E37_79B9_7F4A_7C15, UInt64(bytes.count))
    for byte in bytes {
        a = (a ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        b = (b &+ UInt64(byte) &+ 1) &* 0xD6E8_FEB8_6659_FD93
        b ^= b >> 32
    }
    return Digest(high: a, low: b)
}

func floatBytes(_ samples: some Sequence<Float>) -> [UInt8] {
    samples.flatMap { sample in
        (0..<4).map { UInt8(truncatingIfNeeded: sample.bitPattern >> (8 * UInt32($0))) }
    }
}

func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { i in
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[i + $1]) << (8 * UInt32($1)) }
        return Float(bitPattern: word)
    }
}
