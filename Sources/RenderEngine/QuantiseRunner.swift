import CVector
import Quantities
import RenderPlan
import SignalProcessing

/// Dither and rounding of one port into interleaved little-endian integers. Output 1: how many samples clipped.
final class QuantiseRunner: SegmentRunner {
    private let program: Program
    private let body: QuantiseBody
    private var channels: [Channel]
    private let planes: StereoScratch
    private let left: Scratch<Int32>
    private let right: Scratch<Int32>
    private let packed: Scratch<UInt8>

    /// What quantises a channel.
    private enum Channel {
        case plain(Quantiser)
        /// Carries its errors from part to part of a segment.
        case shaped(ShapedQuantiser)

        /// - Returns: the number of samples that were clipped.
        mutating func process(
            _ input: Span<Float>, from inputStart: Int, into output: inout MutableSpan<Int32>,
            from outputStart: Int
        ) -> Int {
            switch self {
            case .plain(let quantiser):
                return quantiser.process(
                    input: input, inputStart: inputStart, output: &output, outputStart: outputStart)
            case .shaped(var quantiser):
                let clipped = quantiser.process(
                    input: input, inputStart: inputStart, output: &output, outputStart: outputStart)
                self = .shaped(quantiser)
                return clipped
            }
        }
    }

    init(program: Program, body: QuantiseBody) throws {
        let isShaped = body.dither == .shaped
        guard body.samples == .integer16 || body.samples == .integer24,
            body.version == (isShaped ? ShapedQuantiser.version : Quantiser.version),
            body.reachFrames == (body.dither == .none ? 0 : Quantiser.blankingReachFrames)
        else { throw RenderError.malformedProgram }
        self.program = program
        self.body = body
        planes = StereoScratch(frameCount: Program.partFrames + 2 * body.reachFrames)
        left = Scratch(unwritten: Program.partFrames)
        right = Scratch(unwritten: Program.partFrames)
        packed = Scratch(unwritten: Program.partFrames * program.outputs[0].channelCount * body.samples.bitCount / 8)
        let bits = body.samples.bitCount
        channels = (0..<program.outputs[0].channelCount).map { channel in
            let noise = DitherNoise(seed: body.seed, outputOrdinal: body.output, channel: channel)
            guard isShaped else { return .plain(Quantiser(bits: bits, dither: body.dither == .none ? nil : noise)) }
            return .shaped(
                ShapedQuantiser(
                    bits: bits, dither: noise, rateHertz: program.rateHertz, segmentFrames: program.segmentFrames))
        }
    }

    func render(segment: Int, inputs: any SegmentInputs, outputs: any SegmentOutputs) throws {
        let range = program.range(ofSegment: segment)
        var clippedCount = 0
        var frame = range.start
        while frame < range.end {
            let part = FrameRange(start: frame, count: min(Program.partFrames, range.end - frame))
            clippedCount += try quantise(part, inputs: inputs, outputs: outputs)
            frame = part.end
        }
        let count = (0..<8).map { UInt8(truncatingIfNeeded: clippedCount >> (8 * $0)) }
        try count.withUnsafeBytes { try outputs.write(output: 1, part: $0) }
    }

    private func quantise(
        _ part: FrameRange, inputs: any SegmentInputs, outputs: any SegmentOutputs
    ) throws -> Int {
        let needed = FrameRange(part.start - body.reachFrames, part.end + body.reachFrames)
        try inputs.read(port: 0, range: needed, left: planes.left, right: planes.right)
        var clippedCount = try quantise(planes.left, needed, channel: 0, part, into: left.pointer)
        if channels.count > 1 {
            clippedCount += try quantise(planes.right, needed, channel: 1, part, into: right.pointer)
        }
        let byteCount = part.count * channels.count * body.samples.bitCount / 8
        let second = channels.count > 1 ? right.pointer : nil
        if body.samples == .integer16 {
            lathe_pack_int16(packed.pointer, left.pointer, second, part.count)
        } else {
            lathe_pack_int24(packed.pointer, left.pointer, second, part.count)
        }
        try outputs.write(
            output: 0, part: UnsafeRawBufferPointer(start: packed.pointer, count: byteCount))
        return clippedCount
    }

    private func quantise(
        _ plane: UnsafeMutablePointer<Float>, _ needed: FrameRange, channel: Int, _ part: FrameRange,
        into integers: UnsafeMutablePointer<Int32>
    ) throws -> Int {
        guard allFinite(plane, needed.count) else {
            throw RenderError.notFinite(node: 0, strip: 0, device: nil)
        }
        var output = MutableSpan<Int32>(_unsafeStart: integers, count: part.count)
        return channels[channel].process(
            Span(_unsafeStart: plane, count: needed.count), from: needed.start, into: &output, from: part.start)
    }
}
