import Quantities

/// Computes, from canonical bytes, the MD5 that a FLAC file states of its samples.
///
/// Whoever reads a file anyway adds what is read and need not read it twice.
package struct StoredChecksumCheck {
    private let stored: [UInt8]?
    private let isWidened: Bool
    private var digest = SampleMD5()
    private var narrowBytes: [UInt8] = []

    /// What a file's own checksum says of its samples.
    package enum Verdict: Sendable, Hashable {
        /// The decoded samples are those that were encoded.
        case matches
        /// They are others: the file was damaged after it was encoded, or its decoder is at fault.
        case differs
        /// The file states none: it is no FLAC file, or its encoder left the field empty.
        case absent
    }

    init(stored: [UInt8]?, isWidened: Bool) {
        self.stored = stored
        self.isWidened = isWidened
    }

    /// Adds canonical bytes, in the order of the file and each once.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard stored != nil else { return }
        guard isWidened else { return digest.add(bytes) }
        // 8-bit samples became 16-bit ones (times 256), but are digested as they were.
        narrowBytes.removeAll(keepingCapacity: true)
        for i in stride(from: 1, to: bytes.count, by: 2) { narrowBytes.append(bytes[i]) }
        narrowBytes.withUnsafeBytes { digest.add($0) }
    }

    /// What comes of it when the whole file was added.
    package mutating func finish() -> Verdict {
        guard let stored else { return .absent }
        return digest.finish() == stored ? .matches : .differs
    }
}

extension SoundFileReader {
    /// A check of the file's own checksum that is given what is read: `add` every part in order, then `finish`.
    package func storedChecksumCheck() -> StoredChecksumCheck {
        StoredChecksumCheck(stored: storedMD5, isWidened: info.format == .integer8)
    }

    /// Decodes the whole file and compares its samples with the checksum that the file states.
    ///
    /// - Returns: `.absent`, without reading, for every file but FLAC.
    /// - Throws: whatever reading may come to.
    package func verifyChecksum() throws -> StoredChecksumCheck.Verdict {
        var check = storedChecksumCheck()
        guard storedMD5 != nil else { return .absent }
        try forEachPart { _, bytes in check.add(bytes) }
        return check.finish()
    }
}
