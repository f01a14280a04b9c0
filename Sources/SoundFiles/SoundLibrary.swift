import CSndFile
import Glibc
import Synchronization

/// An open libsndfile handle over a `ByteStream`: the one place where that library is called.
///
/// The library sees virtual I/O only, so it opens no path, moves no descriptor's offset, and every error of
/// the operating system is remembered by the stream. One thread at a time.
final class SoundLibraryFile {
    private let handle: OpaquePointer
    private let stream: ByteStream
    let frameCount: Int
    let rate: Int
    let channelCount: Int
    /// The library's container and codec.
    let majorFormat: Int
    let minorFormat: Int
    /// The frame that the next read starts at.
    private(set) var position = 0

    /// The library keeps the reason for a failed opening in a global variable.
    private static let opening = Mutex<Void>(())

    init(reading stream: ByteStream) throws(SoundFileError) {
        var info = SF_INFO()
        stream.position = 0
        (handle, info) = try Self.open(stream, SFM_READ, info, failure: .malformed)
        self.stream = stream
        frameCount = Int(info.frames)
        rate = Int(info.samplerate)
        channelCount = Int(info.channels)
        majorFormat = Int(info.format) & SF_FORMAT_TYPEMASK
        minorFormat = Int(info.format) & SF_FORMAT_SUBMASK
    }

    /// Opens the stream, from its start, for a FLAC encoder.
    init(
        writingFLAC stream: ByteStream, rate: Int, channelCount: Int, bitCount: Int
    ) throws(SoundFileError) {
        var info = SF_INFO()
        info.samplerate = CInt(rate)
        info.channels = CInt(channelCount)
        minorFormat = bitCount == 16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24
        majorFormat = SF_FORMAT_FLAC
        info.format = CInt(majorFormat | minorFormat)
        stream.position = 0
        (handle, _) = try Self.open(stream, SFM_WRITE, info, failure: .unsupported)
        self.stream = stream
        self.rate = rate
        self.channelCount = channelCount
        frameCount = 0
    }

    deinit { sf_close(handle) }

    /// What the libraries call themselves, such as `libsndfile-1.2.0`.
    static var versionText: String { String(cString: sf_version_string()) }

    func seek(toFrame frame: Int) throws(SoundFileError) {
        guard position != frame else { return }
        guard sf_seek(handle, sf_count_t(frame), SEEK_SET) == sf_count_t(frame) else {
            throw failure(at: frame)
        }
        position = frame
    }

    /// Reads `count` frames, left-justified in 16 bits, or throws.
    func read(_ target: UnsafeMutablePointer<Int16>, count: Int) throws(SoundFileError) {
        try advance(by: count, sf_readf_short(handle, target, sf_count_t(count)))
    }

    /// Reads `count` frames, left-justified in 32 bits, or throws.
    func read(_ target: UnsafeMutablePointer<Int32>, count: Int) throws(SoundFileError) {
        try advance(by: count, sf_readf_int(handle, target, sf_count_t(count)))
    }

    /// Reads `count` frames as floats at ±1 full scale, or throws.
    func read(_ target: UnsafeMutablePointer<Float>, count: Int) throws(SoundFileError) {
        try advance(by: count, sf_readf_float(handle, target, sf_count_t(count)))
    }

    /// Writes `count` frames that are left-justified in 32 bits.
    func write(_ source: UnsafePointer<Int32>, count: Int) throws(SoundFileError) {
        let written = sf_writef_int(handle, source, sf_count_t(count))
        if let error = stream.firstError { throw error }
        guard written == sf_count_t(count) else {
            throw SoundFileError(.writeFailed, stream.name, "was not encoded (\(libraryMessage)).")
        }
    }

    /// Sets a tag before the first frame is written.
    ///
    /// - Parameter kind: one of the library's `SF_STR_` constants.
    func setTag(_ kind: Int, _ text: String) throws(SoundFileError) {
        guard sf_set_string(handle, CInt(kind), text) == 0 else {
            throw SoundFileError(.writeFailed, stream.name, "takes no such tag (\(libraryMessage)).")
        }
    }

    /// Sets the encoder's effort, 0 (fastest) to 1 (smallest), before the first frame is written.
    func setCompression(_ level: Double) throws(SoundFileError) {
        var level = level
        guard
            sf_command(handle, CInt(SFC_SET_COMPRESSION_LEVEL), &level, CInt(MemoryLayout<Double>.size)) != 0
        else {
            throw SoundFileError(.writeFailed, stream.name, "takes no compression level (\(libraryMessage)).")
        }
    }

    private func advance(by count: Int, _ read: sf_count_t) throws(SoundFileError) {
        guard read == sf_count_t(count) else {
            let end = position + max(0, Int(read))
            // Where the library stands now is anybody's guess: make the next read seek.
            position = -1
            throw failure(at: end)
        }
        position += count
    }

    private func failure(at frame: Int) -> SoundFileError {
        if let error = stream.firstError { return error }
        if stream.hasShrunk { return .shrunk(stream.name) }
        return SoundFileError(
            .malformed, stream.name,
            "cannot be decoded from frame \(frame) on\(libraryReason): it is damaged or cut short. "
                + "Copy or export it again.")
    }

    private var libraryReason: String {
        sf_error(handle) == 0 ? " (the data end early)" : Self.reason(String(cString: sf_strerror(handle)))
    }

    /// The library's words in brackets, unless they say nothing of the file: for its own faults, and for what it cannot
    /// know behind virtual I/O.
    private static func reason(_ message: String) -> String {
        let isEmpty = ["Internal", "Unspecified", "File does not exist", "Error : unknown"].contains {
            message.hasPrefix($0)
        }
        let text = message.hasPrefix("Error : ") ? String(message.dropFirst(8)) : message
        return isEmpty ? "" : " (\(text.hasSuffix(".") ? String(text.dropLast()) : text))"
    }

    private var libraryMessage: String {
        sf_error(handle) == 0 ? "the data end early" : String(cString: sf_strerror(handle))
    }

    private static func open(
        _ stream: ByteStream, _ mode: Int, _ request: SF_INFO, failure: SoundFileError.Code
    ) throws(SoundFileError) -> (OpaquePointer, SF_INFO) {
        var io = virtualInputOutput()
        var info = request
        // SAFETY: whoever holds the handle holds the stream, and closes the handle first.
        let data = Unmanaged.passUnretained(stream).toOpaque()
        let (opened, message) = opening.withLock { _ in
            let opened = sf_open_virtual(&io, CInt(mode), &info, data)
            return (Handle(pointer: opened), opened == nil ? String(cString: sf_strerror(nil)) : "")
        }
        guard let handle = opened.pointer else {
            if let error = stream.firstError { throw error }
            throw SoundFileError(failure, stream.name, "is not understood\(reason(message)). Export it again.")
        }
        return (handle, info)
    }

    /// Carries a fresh handle out of the lock.
    private struct Handle: @unchecked Sendable {
        // SAFETY: nobody else knows the pointer yet.
        let pointer: OpaquePointer?
    }
}

/// The library's calls, passed on to the `ByteStream` that was given as user data.
private func virtualInputOutput() -> SF_VIRTUAL_IO {
    SF_VIRTUAL_IO(
        get_filelen: { data in sf_count_t(owner(of: data).byteCount) },
        seek: { offset, origin, data in
            let stream = owner(of: data)
            let base = origin == SEEK_SET ? 0 : (origin == SEEK_CUR ? stream.position : stream.byteCount)
            let (target, hasOverflowed) = base.addingReportingOverflow(Int(offset))
            guard !hasOverflowed, target >= 0 else { return -1 }
            stream.position = target
            return sf_count_t(target)
        },
        read: { target, count, data in
            let stream = owner(of: data)
            guard let target, count > 0 else { return 0 }
            // A failure is remembered by the stream; to the library it is the end of the file.
            let read = try? stream.read(
                at: stream.position, into: UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
            stream.position += read ?? 0
            return sf_count_t(read ?? 0)
        },
        write: { source, count, data in
            let stream = owner(of: data)
            guard let source, count > 0, stream.position <= stream.byteCount else { return 0 }
            do {
                try stream.write(
                    UnsafeRawBufferPointer(start: source, count: Int(count)), at: stream.position)
            } catch { return 0 }  // remembered by the stream
            stream.position += Int(count)
            return count
        },
        tell: { data in sf_count_t(owner(of: data).position) })
}

private func owner(of data: UnsafeMutableRawPointer?) -> ByteStream {
    Unmanaged<ByteStream>.fromOpaque(data!).takeUnretainedValue()
}
