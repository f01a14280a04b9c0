package import Quantities

/// Encodes a stretch of a song to blocks of its FLAC file.
///
/// The blocks of all stretches in order, behind `FlacAssembly.header`, are the bytes that one `FlacEncoder` makes of
/// the whole song. One thread at a time.
package final class FlacStretchEncoder {
    private let encoder: FlacEncoder
    private let firstFrame: Int
    private let name: String

    /// - Parameters:
    ///   - name: What error messages call the file.
    ///   - firstFrame: Where in the song the stretch begins.
    /// - Precondition: a block begins there.
    package init(name: String, rate: Int, layout: SampleLayout, firstFrame: Int) throws(SoundFileError) {
        precondition(firstFrame >= 0 && firstFrame % FlacBlocks.frameCount == 0, "a stretch begins with a block")
        encoder = try FlacEncoder(name: name, rate: rate, layout: layout, level: FlacBlocks.level)
        self.firstFrame = firstFrame
        self.name = name
    }

    /// Encodes frames that are packed in the layout.
    ///
    /// - Precondition: whole frames.
    package func append(packed bytes: UnsafeRawBufferPointer) throws(SoundFileError) {
        try encoder.append(packed: bytes)
    }

    /// Ends the stretch; what was encoded is decoded and compared.
    ///
    /// - Parameter largestPart: Bytes that a part of several blocks may have; one block may have more.
    /// - Returns: The blocks in order, in parts of whole blocks.
    /// - Throws: What `FlacEncoder.finish` throws, also for an encoder that cuts blocks of another length.
    /// - Precondition: at least one frame was appended, and this is called once.
    package func finish(largestPart: Int) throws -> [[UInt8]] {
        let stream = ByteStream(memory: try encoder.finish(), name: name)
        let audioOffset = try FlacMetadata(stream, start: 0).audioOffset
        let blocks = try stream.memory.withUnsafeBytes { file in
            let audio = UnsafeRawBufferPointer(rebasing: file[audioOffset...])
            let found = try FlacBlocks.scan(audio, first: 0, name: name)
            return FlacBlocks.renumbered(found, of: audio, first: firstFrame / FlacBlocks.frameCount)
        }
        var parts: [[UInt8]] = []
        for block in blocks {
            if let last = parts.last, last.count + block.count <= largestPart {
                parts[parts.count - 1] += block
            } else {
                parts.append(block)
            }
        }
        return parts
    }
}

extension FlacBlocks {
    /// Whether parts, one after the other, are the whole blocks of these frames of a song and no others.
    ///
    /// - Precondition: a block begins with the range.
    package static func isStretch(_ parts: [[UInt8]], of range: FrameRange) -> Bool {
        precondition(range.start % frameCount == 0, "a stretch begins with a block")
        var number = range.start / frameCount
        var frame = range.start
        for part in parts {
            let found = part.withUnsafeBytes { try? scan($0, first: number, name: "stretch") }
            guard let blocks = found else { return false }
            for block in blocks {
                // Only the last one may be shorter: a whole one is missing otherwise.
                guard block.header.frameCount == min(frameCount, range.end - frame) else { return false }
                frame += block.header.frameCount
            }
            number += blocks.count
        }
        return frame == range.end
    }
}

/// What a FLAC file that is put together from stretches begins with, and what of it must be known for that.
///
/// No block is kept: only their sizes, for the header (RFC 9639, section 8.2).
package struct FlacAssembly {
    private let name: String
    /// The metadata of a file of one frame: the encoder's name, and where the numbers go.
    private let template: [UInt8]
    /// Bytes of each block.
    private var sizes: [Int] = []
    /// Frames of audio in the blocks so far.
    package private(set) var frameCount = 0
    /// Bytes of the blocks so far.
    package private(set) var blockByteCount = 0

    /// - Parameter name: What error messages call the file.
    package init(name: String, rate: Int, layout: SampleLayout) throws(SoundFileError) {
        let encoder = try FlacEncoder(name: name, rate: rate, layout: layout, level: FlacBlocks.level)
        let frame = [UInt8](repeating: 0, count: layout.bytesPerFrame)
        let outcome = frame.withUnsafeBytes { bytes in
            Result { () throws(SoundFileError) in try encoder.append(packed: bytes) }
        }
        try outcome.get()
        let stream = ByteStream(memory: try encoder.finish(), name: name)
        template = Array(stream.memory[..<(try FlacMetadata(stream, start: 0).audioOffset)])
        self.name = name
    }

    /// Bytes of the header, whatever follows it.
    package var headerByteCount: Int { template.count }

    /// Takes the next blocks.
    ///
    /// - Returns: The frames of audio in them.
    /// - Throws: `.verificationFailed` where the bytes are not the whole blocks that come next; nothing is taken then.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) throws(SoundFileError) -> Int {
        guard frameCount % FlacBlocks.frameCount == 0 else {
            throw .wrongBlocks(name, "goes on behind a block of less than \(FlacBlocks.frameCount) frames")
        }
        let blocks = try FlacBlocks.scan(bytes, first: sizes.count, name: name)
        sizes += blocks.map(\.byteCount)
        blockByteCount += bytes.count
        let count = blocks.reduce(0) { $0 + $1.header.frameCount }
        frameCount += count
        return count
    }

    /// Drops the blocks from `frame` on.
    ///
    /// - Precondition: it was reached, and a block begins there, or it is the end.
    package mutating func rewind(toFrame frame: Int) {
        precondition(frame >= 0 && frame <= frameCount, "rewound to where nothing was taken")
        guard frame < frameCount else { return }
        precondition(frame % FlacBlocks.frameCount == 0, "blocks are taken back whole")
        sizes.removeSubrange((frame / FlacBlocks.frameCount)...)
        blockByteCount = sizes.reduce(0, +)
        frameCount = frame
    }

    /// Stretches of the file to read it by: the header, then runs of whole blocks.
    ///
    /// - Returns: The bytes of each block; of the header, all in one.
    package func runs(byteCount: Int) -> [[Int]] {
        var runs = [[template.count]]
        var free = 0
        for size in sizes {
            if size > free {
                runs.append([])
                free = byteCount
            }
            runs[runs.count - 1].append(size)
            free -= size
        }
        return runs
    }

    /// Whether every one of these blocks has its checksum.
    package static func isWhole(_ bytes: UnsafeRawBufferPointer, blocks sizes: [Int]) -> Bool {
        var offset = 0
        for size in sizes {
            guard offset + size <= bytes.count,
                Checksums.sixteen(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])) == 0
            else { return false }
            offset += size
        }
        return offset == bytes.count
    }

    /// What stands before the blocks.
    ///
    /// - Parameter md5: The MD5 digest of the samples, interleaved, little-endian (`SampleMD5`); nil where it is not
    ///   known yet.
    package func header(md5: [UInt8]?) -> [UInt8] {
        var header = template
        // Behind the marker and the block's own header: lengths of blocks (two bytes each), sizes (three each), rate,
        // channels and depth, 36 bits of length, and the digest.
        let start = 8
        func put(_ value: Int, at offset: Int, _ count: Int) {
            for place in 0..<count {
                header[start + offset + place] = UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - place)))
            }
        }
        put(sizes.min() ?? 0, at: 4, 3)
        put(sizes.max() ?? 0, at: 7, 3)
        header[start + 13] = header[start + 13] & 0xF0 | UInt8(truncatingIfNeeded: frameCount >> 32 & 0xF)
        put(frameCount, at: 14, 4)
        let digest = md5 ?? [UInt8](repeating: 0, count: 16)
        header.replaceSubrange(start + 18..<start + 34, with: digest)
        return header
    }
}
