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
    private let wires: [StereoScratch]
    private let outputWires: [Int]

    init(program: Program, body: MixBody, blockFrames: Int) throws {
        self.program = program
        // Longer blocks would leave the cache, shorter ones are only for tests.
        self.blockFrames = min(blockFrames, 8192)
        latencyFrames = body.latencyFrames
        outputWires = body.outputWires
        let wireCount = body.nodes.reduce(0) { $0 + $1.sums.count }
        let frames = self.blockFrames
        wires = (0..<wireCount).map { _ in StereoScratch(frameCount: frames) }
        try makeNodes(body)
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
        if segment == 0 {
            var frame = -latencyFrames
            while frame < 0 {
                let count = min(blockFrames, -frame)
                try process(frame: frame, count: count, inputs: inputs)
                frame += count
            }
        }
        var frame = range.start
        while frame < range.end {
            let room = writers.first?.room ?? blockFrames
            let count = min(blockFrames, range.end - frame, room)
            try process(frame: frame, count: count, inputs: inputs)
            for (writer, wire) in zip(writers, outputWires) {
                writer.destination(channel: 0).update(from: wires[wire].left, count: count)
                writer.destination(channel: 1).update(from: wires[wire].right, count: count)
                try writer.advance(count, to: outputs)
            }
            frame += count
        }
    }

    private func process(frame: Int, count: Int, inputs: any SegmentInputs) throws {
        var firstWire = 0
        for node in nodes {
            try node.process(frame: frame, count: count, inputs: inputs, wires: wires, firstWire: firstWire)
            firstWire += node.sumCount
        }
    }
}

/// Two planes of Float32.
final class StereoScratch {
    private let storage: Scratch<Float>
    let left: UnsafeMutablePointer<Float>
    let right: UnsafeMutablePointer<Float>

    init(frameCount: Int) {
        storage = Scratch(count: 2 * frameCount, zero: 0)
        left = storage.pointer
        right = storage.pointer + frameCount
    }
}
