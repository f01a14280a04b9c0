import Quantities

/// Where the samples of a PCM or float file lie, from its header alone.
struct SoundHeader {
    var container: SoundContainer
    var rate: Int
    var channelCount: Int
    var format: SampleFormat
    /// The byte order of the samples; meaningless where `isDirect` is false.
    var isBigEndian = false
    /// False where the codec library decodes the samples.
    var isDirect: Bool
    /// The bytes of one frame in the file.
    var bytesPerFrame: Int
    /// As WAVE_FORMAT_EXTENSIBLE numbers them.
    var channelMask: UInt32?
    /// The used bits of a sample, where they are fewer than the format's.
    var validBitCount: Int?
    var dataOffset = 0
    var frameCount = 0
}

/// The most chunks a header may have before it is called damaged.
let maximumChunkCount = 10_000

/// Sample rates that a header may name; the session decides which it takes.
let acceptedRates = 1...6_144_000
/// Channel counts that a header may name.
let acceptedChannelCounts = 1...1_024

extension [UInt8] {
    /// The unsigned integer of `count` bytes (at most 8) at `offset`.
    func littleEndian(_ offset: Int, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for i in 0..<count { value |= UInt64(self[offset + i]) << UInt64(8 * i) }
        return value
    }

    /// The unsigned integer of `count` bytes (at most 8) at `offset`.
    func bigEndian(_ offset: Int, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for i in 0..<count { value = value << 8 | UInt64(self[offset + i]) }
        return value
    }

    /// The four characters at `offset`, whatever they are, for comparisons and messages.
    func characters(_ offset: Int) -> String {
        String(decoding: self[offset..<offset + 4].map { (32...126).contains($0) ? $0 : 63 }, as: UTF8.self)
    }

    func holds(_ text: StaticString, at offset: Int) -> Bool {
        let end = offset + text.utf8CodeUnitCount
        guard end <= count else { return false }
        return text.withUTF8Buffer { wanted in self[offset..<end].elementsEqual(wanted) }
    }
}

/// The bytes of the data chunk that a header announces, checked against what the stream holds.
func checkedData(
    _ stream: ByteStream, offset: Int, announced: UInt64, bytesPerFrame: Int
) throws(SoundFileError) -> Int {
    let held = UInt64(max(0, stream.byteCount - offset))
    guard announced <= held else { throw .truncated(stream.name, announced: announced, held: held) }
    return Int(announced) / bytesPerFrame
}

/// A header that does not say how long its sound is: a cut copy could not be told from a whole one.
func unfinished(_ stream: ByteStream) -> SoundFileError {
    SoundFileError(
        .truncated, stream.name,
        "does not state its length: it was written to a pipe, or its recording was never finished. "
            + "\(max(0, stream.byteCount)) bytes are there. Open and save it in an editor that can repair it."
    )
}
