import Quantities
import RenderPlan
import SignalProcessing

/// Runs strips and sums block by block: ports to planar scratch, four strips to a lane group, devices over the
/// lanes, and back to planar for the taps, so that a block stays in the first-level cache from end to end.
final class MixRunner: SegmentRunner {
    private let program: Program
    private let blockFrames: Int
    private let latencyFrames: Int
    private var nodes: [NodeRunner] = []
    private let scratch: [StereoScratch]
    /// Where each wire's block lies: in `scratch`, or where the window of an output is collected.
    private let wires: Scratch<StripPlanes>
    private let outputWires: [Int]

    init(program: Program, body: MixBody, blockFrames: Int) throws {
        self.program = program
        // Longer blocks would leave the cache, shorter ones are only for tests.
        self.blockFrames = min(blockFrames, 8192)
        latencyFrames = body.latencyFrames
        outputWires = body.outputWires
        let wireCount = body.nodes.reduce(0) { $0 + $1.sums.count }
        let frames = self.blockFrames
        let scratch = (0..<wireCount).map { _ in StereoScratch(frameCount: frames) }
        self.scratch = scratch
        wires = Scratch(unwritten: wireCount)
        resetWires()
        try makeNodes(body)
    }

    private func resetWires() {
        for (i, planes) in scratch.enumerated() {
            wires.pointer[i] = StripPlanes(left: planes.left, right: planes.right)
        }
    }

    private func makeNodes(_ body: MixBody) throws {
        nodes = try body.nodes.enumerated().map {
            try NodeRunner(
                index: $0.offset, node: $0.element, rateHertz: program.rateHertz, startFrame: -latencyFrames,
                blockFrames: blockFrames)
        }
    }

    func reset() throws {
        guard case .mix(let body) = program.body else { return }
        try makeNodes(body)
    }

    func restore(_ snapshot: [UInt8], beforeSegment segment: Int) throws {
        var reader = SnapshotReader(snapshot)
        // After the last segment nothing is prepared: there the state only has to be readable.
        if segment < program.segmentCount, case .mix(let slice) = program.body(forSegment: segment) {
            for (runner, node) in zip(nodes, slice.nodes) { runner.prepare(node) }
        }
        for node in nodes { try node.read(from: &reader, before: segment * program.segmentFrames) }
        guard reader.isAtEnd else { throw RenderError.malformedSnapshot }
    }

    func snapshot() throws -> [UInt8] {
        var bytes: [UInt8] = []
        for node in nodes { try node.write(to: &bytes) }
        return bytes
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        guard case .mix(let slice) = program.body(forSegment: segment) else { return }
        let range = program.range(ofSegment: segment)
        let writers = outputWires.indices.map {
            WindowWriter(output: $0, channelCount: 2, frameCount: range.count, isChecked: false)
        }
        for (runner, node) in zip(nodes, slice.nodes) { runner.prepare(node) }
        let packed = inputs as? any PackedInputs
        if segment == 0 {
            var frame = -latencyFrames
            while frame < 0 {
                let count = min(blockFrames, -frame)
                try process(frame: frame, count: count, inputs: inputs, packed: packed)
                frame += count
            }
        }
        // A wire that is put out is made in its window; one that is put out twice is copied to the other.
        let owners = outputWires.indices.map { outputWires[..<$0].firstIndex(of: outputWires[$0]) == nil }
        defer { resetWires() }
        var frame = range.start
        while frame < range.end {
            let room = writers.first?.room ?? blockFrames
            let count = min(blockFrames, range.end - frame, room)
            for i in writers.indices where owners[i] {
                wires.pointer[outputWires[i]] = StripPlanes(
                    left: writers[i].destination(channel: 0), right: writers[i].destination(channel: 1))
            }
            try process(frame: frame, count: count, inputs: inputs, packed: packed)
            for i in writers.indices {
                if !owners[i] {
                    let wire = wires.pointer[outputWires[i]]
                    writers[i].destination(channel: 0).update(from: wire.left, count: count)
                    writers[i].destination(channel: 1).update(from: wire.right, count: count)
                }
            }
            for writer in writers { try writer.advance(count, to: outputs) }
            frame += count
        }
    }

    private func process(
        frame: Int, count: Int, inputs: any SegmentInputs, packed: (any PackedInputs)?
    ) throws {
        var firstWire = 0
        for node in nodes {
            try node.process(
                frame: frame, count: count, inputs: inputs, packed: packed, wires: UnsafePointer(wires.pointer),
                firstWire: firstWire)
            if frame < 0 {
                // A window begins at frame 0: who reads this wire in another program hears nothing before, and so must
                // who reads it here, though a filter with look-ahead may ring there.
                for wire in firstWire..<firstWire + node.sumCount {
                    wires.pointer[wire].left.update(repeating: 0, count: count)
                    wires.pointer[wire].right.update(repeating: 0, count: count)
                }
            }
            firstWire += node.sumCount
        }
    }
}

/// Two planes of Float32.
final class StereoScratch {
    let frameCount: Int
    private let storage: Scratch<Float>
    let left: UnsafeMutablePointer<Float>
    let right: UnsafeMutablePointer<Float>

    init(frameCount: Int) {
        self.frameCount = frameCount
        storage = Scratch(count: 2 * frameCount, zero: 0)
        left = storage.pointer
        right = storage.pointer + frameCount
    }
}
