import Quantities

/// Writes a WAV file to a descriptor or a path, in bounded memory; beyond 4 GiB it becomes RF64 (EBU Tech
/// 3306).
///
/// The bytes are a function of format, rate, channels and samples: no time, no serial, no PEAK chunk, no
/// library version. Layout: `RIFF`, a `JUNK` chunk of 28 bytes that turns into `ds64` on promotion, `fmt `,
/// for floats `fact`, then `data`. Integers of 16 and 24 bits are WAVE_FORMAT_PCM, floats
/// WAVE_FORMAT_IEEE_FLOAT: mono and stereo need no channel mask, and every reader takes these
/// (WAVE_FORMAT_EXTENSIBLE, which Microsoft recommends above 16 bits, is refused by several). Until `finish`
/// the header announces an empty file. One thread at a time.
package final class WaveWriter {
    package let layout: SampleLayout
    package let rate: Int
    /// Frames written so far.
    package private(set) var frameCount = 0

    private let stream: ByteStream
    private let riffByteCountLimit: Int
    private var scratch = AlignedBytes()
    private var isFinished = false

    /// The largest size a RIFF header can state.
    package static let riffByteCountLimit = Int(UInt32.max)

    /// Creates the file, or empties the one that is there.
    package convenience init(path: String, rate: Int, layout: SampleLayout) throws(SoundFileError) {
        try self.init(stream: ByteStream(creating: path), rate: rate, layout: layout, riffByteCountLimit: nil)
    }

    /// Writes to a descriptor that stays the caller's, from offset 0 on; bytes that are there already are
    /// cut.
    ///
    /// - Parameters:
    ///   - name: what error messages call the file.
    ///   - riffByteCountLimit: the RIFF size above which the file becomes RF64; smaller in tests only.
    package convenience init(
        descriptor: CInt, name: String, rate: Int, layout: SampleLayout,
        riffByteCountLimit: Int = WaveWriter.riffByteCountLimit
    ) throws(SoundFileError) {
        try self.init(
            stream: ByteStream(descriptor: descriptor, name: name), rate: rate, layout: layout,
            riffByteCountLimit: riffByteCountLimit)
    }

    private init(
        stream: ByteStream, rate: Int, layout: SampleLayout, riffByteCountLimit: Int?
    ) throws(SoundFileError) {
        precondition(layout.channelCount <= 2, "mono and stereo files are written")
        precondition(layout.format != .integer32, "WAV files are written with 16, 24 or 32f bits")
        precondition(acceptedRates.contains(rate), "no such sample rate")
        self.stream = stream
        self.rate = rate
        self.layout = layout
        self.riffByteCountLimit = riffByteCountLimit ?? Self.riffByteCountLimit
        if stream.byteCount > 0 { try stream.truncate(to: 0) }
        try write(header())
    }

    /// Appends frames that are packed already.
    ///
    /// - Precondition: whole frames of the writer's layout, before `finish`.
    package func append(packed bytes: UnsafeRawBufferPointer) throws(SoundFileError) {
        precondition(!isFinished, "a finished file takes no more frames")
        precondition(bytes.count % layout.bytesPerFrame == 0, "a frame in pieces")
        guard !bytes.isEmpty else { return }
        try stream.write(bytes, at: headerByteCount + layout.byteCount(frames: frameCount))
        frameCount += bytes.count / layout.bytesPerFrame
    }

    /// Packs and appends integer samples of the layout's depth, clipping what lies beyond its range.
    ///
    /// - Parameters:
    ///   - right: nil for mono, and only then.
    ///   - packed: sees the packed bytes before they are written, to hash them.
    package func append(
        left: UnsafePointer<Int32>, right: UnsafePointer<Int32>?, count: Int,
        packed: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(SoundFileError) {
        let bytes = scratch.prefix(layout.byteCount(frames: count))
        layout.pack(left: left, right: right, into: bytes)
        packed(UnsafeRawBufferPointer(bytes))
        try append(packed: UnsafeRawBufferPointer(bytes))
    }

    /// Appends float samples bit by bit.
    ///
    /// - Parameters:
    ///   - right: nil for mono, and only then.
    ///   - packed: sees the packed bytes before they are written, to hash them.
    package func append(
        left: UnsafePointer<Float>, right: UnsafePointer<Float>?, count: Int,
        packed: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(SoundFileError) {
        let bytes = scratch.prefix(layout.byteCount(frames: count))
        layout.pack(left: left, right: right, into: bytes)
        packed(UnsafeRawBufferPointer(bytes))
        try append(packed: UnsafeRawBufferPointer(bytes))
    }

    /// Drops what was written beyond `frames`; later frames follow there.
    ///
    /// - Precondition: so many frames were written.
    package func truncate(toFrames frames: Int) throws(SoundFileError) {
        precondition(!isFinished, "a finished file is not cut")
        precondition(frames >= 0 && frames <= frameCount, "a file is not lengthened by cutting it")
        frameCount = frames
        try stream.truncate(to: headerByteCount + layout.byteCount(frames: frames))
    }

    /// Writes the pad byte and the header's sizes; the file is whole when this returns.
    ///
    /// - Parameter isSynchronised: wait until the bytes are on the disk.
    /// - Returns: the file's size in bytes.
    @discardableResult
    package func finish(isSynchronised: Bool = false) throws(SoundFileError) -> Int {
        precondition(!isFinished, "a file is finished once")
        if dataByteCount % 2 == 1 { try write([0], at: headerByteCount + dataByteCount) }
        try write(header())
        if isSynchronised { try stream.synchronise() }
        isFinished = true
        return stream.byteCount
    }

    private var dataByteCount: Int { layout.byteCount(frames: frameCount) }
    private var headerByteCount: Int { layout.format.isFloat ? 94 : 80 }

    private func header() -> [UInt8] {
        let riffByteCount = headerByteCount - 8 + dataByteCount + dataByteCount % 2
        let isWide = riffByteCount > riffByteCountLimit
        let short = { (value: Int) in isWide ? Int(UInt32.max) : value }
        var bytes = HeaderBytes()
        bytes.put(isWide ? "RF64" : "RIFF")
        bytes.put(short(riffByteCount), 4)
        bytes.put("WAVE")
        bytes.put(isWide ? "ds64" : "JUNK")
        bytes.put(28, 4)
        bytes.put(isWide ? riffByteCount : 0, 8)
        bytes.put(isWide ? dataByteCount : 0, 8)
        bytes.put(isWide ? frameCount : 0, 8)
        bytes.put(0, 4)  // the length of an empty table of other large chunks
        bytes.put("fmt ")
        bytes.put(layout.format.isFloat ? 18 : 16, 4)
        bytes.put(layout.format.isFloat ? 3 : 1, 2)
        bytes.put(layout.channelCount, 2)
        bytes.put(rate, 4)
        bytes.put(rate * layout.bytesPerFrame, 4)
        bytes.put(layout.bytesPerFrame, 2)
        bytes.put(layout.format.bitCount, 2)
        if layout.format.isFloat {
            bytes.put(0, 2)  // no extension
            bytes.put("fact")  // which every format but PCM has
            bytes.put(4, 4)
            bytes.put(short(frameCount), 4)
        }
        bytes.put("data")
        bytes.put(short(dataByteCount), 4)
        assert(bytes.bytes.count == headerByteCount)
        return bytes.bytes
    }

    private func write(_ bytes: [UInt8], at offset: Int = 0) throws(SoundFileError) {
        var outcome: Result<Void, SoundFileError> = .success(())
        bytes.withUnsafeBytes { source in
            do throws(SoundFileError) { try stream.write(source, at: offset) } catch {
                outcome = .failure(error)
            }
        }
        try outcome.get()
    }
}

private struct HeaderBytes {
    var bytes: [UInt8] = []

    mutating func put(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    mutating func put(_ value: Int, _ byteCount: Int) {
        for i in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }
}
