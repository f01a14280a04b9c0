package import Quantities

/// Where a segment's inputs come from. The farm reads windows and sources; tests hand out arrays.
package protocol SegmentInputs: AnyObject {
    /// Copies `range` of a port's stream into planar buffers of `range.count` frames.
    ///
    /// Frames outside the port's timeline are zero. A mono stream is given in both planes; a caller that wants
    /// one channel passes nil for `right`.
    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws

    /// Whether no sample of a port can be NaN, infinite or -0, as in a file of integers.
    func holdsIntegers(port: Int) -> Bool
}

extension SegmentInputs {
    package func holdsIntegers(port: Int) -> Bool { false }
}

/// Where a segment's outputs go, part by part and in order.
package protocol SegmentOutputs: AnyObject {
    /// Takes the next part of an output port. The bytes are only valid during the call.
    func write(output: Int, part: UnsafeRawBufferPointer) throws
}

/// Why a segment could not be rendered. Any of them fails the task; nothing of it is recorded.
package enum RenderError: Error, Equatable {
    /// NaN or infinity came out of a device (node, strip, device of that strip) or, without one, of an input.
    case notFinite(node: Int, strip: Int, device: Int?)
    /// The snapshot's bytes are not those of this program.
    case malformedSnapshot
    /// A program with numbers that its processors cannot have written.
    case malformedProgram
    /// The program is not one the engine runs (encoding is done by whoever holds the codec).
    case unsupported
}
