internal import Hashing
package import Quantities
internal import SoundFiles

/// One file of a render, written from its windows in order under a temporary name, then published whole.
///
/// Windows may be taken back (`rewind`) and the end may be cut (`truncate`) until `finish`. A writer that is
/// let go without `publish` leaves nothing behind. One thread at a time.
package final class DeliverableWriter {
    /// What the parts that are appended hold.
    package enum Kind: Sendable, Hashable {
        /// A WAV file; parts are interleaved little-endian integers of this depth (16 or 24 bits).
        case wavPCM(SampleFormat)
        /// A WAV file; parts are planar Float32 little-endian, all frames of channel 0 first.
        case wavFloat
        /// A FLAC file of this depth (16 or 24 bits); parts are whole blocks of it.
        case flac(SampleFormat)

        package var isFLAC: Bool { if case .flac = self { true } else { false } }
    }

    package let finalPath: String
    package let kind: Kind
    package let rateHertz: Int
    package let channelCount: Int
    /// Frames appended so far.
    package private(set) var frameCount = 0

    private let file: PendingFile
    private let layout: SampleLayout
    private let wave: WaveWriter?
    private var flac: FlacAssembly?
    private var byteCount = 0
    private var stage = Stage.open

    private enum Stage { case open, finished, published }

    /// The name of an unfinished file, beside its final one.
    package var temporaryPath: String { file.temporaryPath }

    /// Creates the temporary file; one that an earlier process left of the same name is replaced.
    ///
    /// - Parameters:
    ///   - channelCount: 1 or 2.
    ///   - isShared: whether another process may write the same file at the same time.
    /// - Throws: `ReleaseError`.
    package init(
        finalPath: String, kind: Kind, rateHertz: Int, channelCount: Int, isShared: Bool = false
    ) throws {
        precondition((1...2).contains(channelCount), "mono and stereo files are written")
        self.finalPath = finalPath
        self.kind = kind
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        let file = try PendingFile(finalPath: finalPath, isShared: isShared)
        self.file = file
        layout =
            switch kind {
            case .wavPCM(let samples), .flac(let samples): SampleLayout(format: samples, channelCount: channelCount)
            case .wavFloat: SampleLayout(format: .float32, channelCount: channelCount)
            }
        if case .flac = kind {
            wave = nil
            let assembly = try releasing(finalPath) { [layout] in
                try FlacAssembly(name: finalPath, rate: rateHertz, layout: layout)
            }
            flac = assembly
            // The header is written with the first blocks: a full disk is waited for there.
            byteCount = assembly.headerByteCount
        } else {
            wave = try releasing(finalPath) { [layout] in
                try WaveWriter(descriptor: file.descriptor, name: finalPath, rate: rateHertz, layout: layout)
            }
        }
    }

    /// Bytes of the file before its first block; 0 for a WAV file.
    package var headerByteCount: Int { flac?.headerByteCount ?? 0 }

    /// Appends the next part.
    ///
    /// - Precondition: of a WAV file, the bytes of whole frames.
    /// - Throws: `ReleaseError`, `.damaged` for bytes that are not the next blocks of a FLAC file; the file can then
    ///   only be rewound or abandoned.
    package func append(_ part: UnsafeRawBufferPointer) throws {
        precondition(stage == .open, "a finished file takes no more frames")
        let count: Int
        switch kind {
        case .wavPCM:
            count = part.count / layout.bytesPerFrame
            precondition(layout.byteCount(frames: count) == part.count, "a frame in pieces")
            try releasing(finalPath) { try wave?.append(packed: part) }
        case .wavFloat:
            count = part.count / layout.bytesPerFrame
            precondition(layout.byteCount(frames: count) == part.count, "a frame in pieces")
            guard count > 0 else { return }
            try part.withMemoryRebound(to: Float.self) { samples in
                guard let start = samples.baseAddress else { return }
                try releasing(finalPath) {
                    try wave?.append(
                        left: start, right: channelCount == 2 ? start + count : nil, count: count)
                }
            }
        case .flac:
            count = try releasing(finalPath) { try flac?.take(part) ?? 0 }
            do {
                if frameCount == 0, let flac { try file.write(flac.header(md5: nil).span.bytes, at: 0) }
                try file.write(part, at: byteCount)
            } catch {
                flac?.rewind(toFrame: frameCount)
                throw error
            }
            byteCount += part.count
        }
        frameCount += count
    }

    /// Drops what was written from `frame` on, because its windows were taken back; later parts follow there.
    ///
    /// - Precondition: `frame` was reached; of a FLAC file, a block begins there.
    /// - Throws: `ReleaseError`.
    package func rewind(toFrame frame: Int) throws {
        precondition(stage == .open, "a finished file is not rewound")
        precondition(frame >= 0 && frame <= frameCount, "rewound to where nothing was written")
        flac?.rewind(toFrame: frame)
        if let flac {
            byteCount = flac.headerByteCount + flac.blockByteCount
            try file.truncate(toByteCount: byteCount)
        }
        try releasing(finalPath) { try wave?.truncate(toFrames: frame) }
        frameCount = frame
    }

    /// Cuts the file to its first `frames` frames: the length cut.
    ///
    /// - Precondition: so many were written, to a WAV file: an encoded one is cut before it is encoded.
    /// - Throws: `ReleaseError`.
    package func truncate(toFrames frames: Int) throws {
        precondition(flac == nil, "an encoded file is cut before it is encoded")
        try rewind(toFrame: frames)
    }

    /// Completes the file under its temporary name, waits for the disk, reads it back and hashes it.
    ///
    /// - Throws: `ReleaseError`; `.damaged` where the file does not read back as what was written.
    package func finish() throws -> DeliveredFile {
        precondition(stage == .open, "a file is finished once")
        if let wave {
            byteCount = try releasing(finalPath) { try wave.finish() }
        }
        // The length is in the header before the file is read, the digest of its samples when they were read.
        if let flac { try file.write(flac.header(md5: nil).span.bytes, at: 0) }
        try file.synchronise()
        stage = .finished
        let reader = try reader()
        if flac == nil, let start = reader?.dataOffset {
            let digests = try hashedBytes(samples: start..<start + layout.byteCount(frames: frameCount))
            return delivered(digests.file, samples: digests.samples)
        }
        let samples = try hashedSamples(reader)
        if let flac {
            try file.write(flac.header(md5: samples.md5).span.bytes, at: 0)
            try file.synchronise()
        }
        return delivered(try hashedBytes().file, samples: samples.sha256)
    }

    private func delivered(_ digest: String, samples: String) -> DeliveredFile {
        DeliveredFile(
            path: finalPath, byteCount: byteCount, frameCount: frameCount, sha256: digest, pcmSHA256: samples)
    }

    /// Gives the file its final name, which is durable when this returns.
    ///
    /// - Parameter isReplacing: whether a file that is there may go.
    /// - Precondition: `finish` returned.
    /// - Throws: `ReleaseError`, `.exists` where a file is there that may not go.
    package func publish(isReplacing: Bool = false) throws {
        precondition(stage == .finished, "only a finished file is published, and once")
        try file.publish(isReplacing: isReplacing)
        stage = .published
    }

    /// Removes what was written; a published file stays.
    package func abandon() {
        file.abandon()
        if stage == .open { stage = .finished }
    }

    /// SHA-256 of the file, and of a part of it besides, in one pass.
    private func hashedBytes(samples: Range<Int> = 0..<0) throws -> (file: String, samples: String) {
        let hasher = SHA256Hasher()
        let sampleHasher = SHA256Hasher()
        let runByteCount = 1 << 20
        let whole = (byteCount + runByteCount - 1) / runByteCount
        let runs = flac?.runs(byteCount: runByteCount) ?? Array(repeating: [runByteCount], count: whole)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: runByteCount, alignment: 64)
        defer { buffer.deallocate() }
        var offset = 0
        for (place, run) in runs.enumerated() {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<run.reduce(0, +)])
            let bytes = UnsafeRawBufferPointer(rebasing: wanted[..<(try file.read(into: wanted, at: offset))])
            // A decoder gives silence for a block that is damaged, and goes on.
            guard flac == nil || place == 0 || FlacAssembly.isWhole(bytes, blocks: run) else {
                throw damaged("a damaged block at byte \(offset)")
            }
            hasher.update(bytes)
            let part = samples.clamped(to: offset..<offset + bytes.count)
            sampleHasher.update(
                UnsafeRawBufferPointer(rebasing: bytes[(part.lowerBound - offset)..<(part.upperBound - offset)]))
            offset += bytes.count
        }
        guard offset == byteCount, try file.read(into: buffer, at: offset) == 0 else {
            throw damaged("another length than \(byteCount) bytes")
        }
        return (hasher.finishHexadecimal(), sampleHasher.finishHexadecimal())
    }

    /// The samples as they are decoded: interleaved, little-endian, at the file's own depth.
    ///
    /// - Parameter reader: nil for a file without a frame.
    /// - Returns: `md5` is of the same bytes, for the header of a FLAC file.
    private func hashedSamples(_ reader: SoundFileReader?) throws -> (sha256: String, md5: [UInt8]?) {
        let hasher = SHA256Hasher()
        var digest = flac == nil ? nil : SampleMD5()
        try releasing(finalPath) {
            try reader?.forEachPart { _, bytes in
                hasher.update(bytes)
                digest?.add(bytes)
            }
        }
        return (hasher.finishHexadecimal(), digest?.finish())
    }

    /// A reader of what was written, whose header says what it should; nil for a file without a frame, which no reader
    /// takes: a song cut to nothing is one all the same.
    private func reader() throws -> SoundFileReader? {
        guard frameCount > 0 else { return nil }
        let reader = try releasing(finalPath) { try SoundFileReader(descriptor: file.descriptor, name: finalPath) }
        let info = reader.info
        guard info.rate == rateHertz, info.channelCount == channelCount, info.layout == layout else {
            throw damaged("\(info.channelCount) channels of \(info.format) at \(info.rate) Hz")
        }
        guard info.frameCount == frameCount else {
            throw damaged("\(info.frameCount) frames instead of \(frameCount)")
        }
        return reader
    }

    private func damaged(_ what: String) -> ReleaseError {
        ReleaseError(
            .damaged, "reads back with \(what). Check the disk and the memory, and render again.",
            path: finalPath)
    }
}

/// A finished file: what its bytes and its samples hash to.
package struct DeliveredFile: Sendable, Hashable {
    /// The final path, whether published or not.
    package let path: String
    package let byteCount: Int
    package let frameCount: Int
    /// SHA-256 of the file, 64 hexadecimal digits.
    package let sha256: String
    /// SHA-256 of the interleaved little-endian samples at the file's own depth: the same on every machine
    /// and for every wrapping of the same samples.
    package let pcmSHA256: String

    package init(path: String, byteCount: Int, frameCount: Int, sha256: String, pcmSHA256: String) {
        self.path = path
        self.byteCount = byteCount
        self.frameCount = frameCount
        self.sha256 = sha256
        self.pcmSHA256 = pcmSHA256
    }
}
