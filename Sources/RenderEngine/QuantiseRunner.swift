import CVector
import Quantities
import RenderPlan
import SignalProcessing

/// Dither and rounding of one port into interleaved little-endian integers. Output 1: how many samples clipped.
final class QuantiseRunner: SegmentRunner {
    private let program: Program
    private let body: QuantiseBody
    private let quantisers: [Quantiser]

    init(program: Program, body: QuantiseBody) throws {
        guard body.samples == .integer16 || body.samples == .integer24, body.version == Quantiser.version,
            body.reachFrames == (body.isDithered ? Quantiser.blankingReachFrames : 0)
        else { throw RenderError.malformedProgram }
        self.program = program
        self.body = body
        quantisers = (0..<program.outputs[0].channelCount).map { channel in
            let noise = DitherNoise(seed: body.seed, outputOrdinal: body.output, channel: channel)
            return Quantiser(bits: body.samples.bitCount, dither: body.isDithered ? noise : nil)
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
        let planes = StereoScratch(frameCount: needed.count)
        try inputs.read(port: 0, range: needed, left: planes.left, right: planes.right)
        let left = Scratch<Int32>(count: part.count, zero: 0)
        let right = Scratch<Int32>(count: part.count, zero: 0)
        var clippedCount = try quantise(planes.left, needed, channel: 0, part, into: left.pointer)
        if quantisers.count > 1 {
            clippedCount += try quantise(planes.right, needed, channel: 1, part, into: right.pointer)
        }
        let byteCount = part.count * quantisers.count * body.samples.bitCount / 8
        let packed = Scratch<UInt8>(count: byteCount, zero: 0)
        let second = quantisers.count > 1 ? right.pointer : nil
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
        return quantisers[channel].process(
            input: Span(_unsafeStart: plane, count: needed.count), inputStart: needed.start, output: &output,
            outputStart: part.start)
    }
}
