package import Quantities

/// Inputs whose integers can be had as they lie in memory, so that they go into lanes without a copy in between.
package protocol PackedInputs: SegmentInputs {
    /// The integers of `range`; nil where they do not lie in memory in one piece, or are none.
    ///
    /// Valid until the next call for the same port. What `read` gives is each of them, left-justified in 32 bits,
    /// times 2^-31.
    func packedFrames(port: Int, range: FrameRange) throws -> PackedFrames?
}

/// Interleaved little-endian integers of 16, 24 or 32 bits, of one channel or two.
package struct PackedFrames {
    package var bytes: UnsafeRawPointer
    package var bytesPerFrame: Int
    package var channelCount: Int

    package init(bytes: UnsafeRawPointer, bytesPerFrame: Int, channelCount: Int) {
        self.bytes = bytes
        self.bytesPerFrame = bytesPerFrame
        self.channelCount = channelCount
    }
}
