import Foundation
import Glibc
import Hashing
import Metering
import Quantities
import Release
import RenderPlan
import SoundFiles

/// A master that an earlier render delivered under the same name, and what is remembered of it: while the file is as it
/// was left, and the windows that come are those that it was made of, it need not be written, read back and measured
/// again.
///
/// It is known by size, both times, inode and device, as a source is. The memory is a cache: a record that is missing,
/// torn or of other bytes only costs time.
struct KeptFile {
    /// What the file looked like when it was published.
    struct Appearance: Codable, Equatable {
        var byteCount: Int
        var modifiedNanoseconds: Int
        var changedNanoseconds: Int
        var inode: UInt64
        var device: UInt64

        init?(ofFile path: String) {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            byteCount = Int(status.st_size)
            modifiedNanoseconds = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
            changedNanoseconds = Int(status.st_ctim.tv_sec) * 1_000_000_000 + Int(status.st_ctim.tv_nsec)
            inode = UInt64(status.st_ino)
            device = UInt64(status.st_dev)
        }
    }

    private struct Header: Codable {
        var version: Int
        /// As `kindText`.
        var kind: String
        var rateHertz: Int
        var channelCount: Int
        var appearance: Appearance
        var path: String
        var byteCount: Int
        var frameCount: Int
        var sha256: String
        var pcmSHA256: String
        /// High and low word of each part's digest, in order.
        var parts: [[UInt64]]
        var partByteCounts: [Int]
        /// Bytes of each measured window; nil without a check.
        var windowByteCounts: [Int]?
    }

    let appearance: Appearance
    let file: DeliveredFile
    let check: DeliveredCheck?
    /// The parts that the file was written from.
    let parts: [Part]

    /// Changes with what a file is made of from the same parts.
    private static let version = 1

    /// The file of a plan as it lies under its name; nil where it is not known to be what was delivered there.
    init?(_ planned: PlannedFile, path: String, directory: String, flacLibrary: String) {
        guard let kind = Self.kindText(planned, flacLibrary), let now = Appearance(ofFile: path),
            let data = try? Data(contentsOf: URL(fileURLWithPath: Self.recordPath(path, directory))), data.count >= 8
        else { return nil }
        let headerCount = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard headerCount >= 0, headerCount <= data.count - 8,
            let header = try? JSONDecoder().decode(Header.self, from: data[8..<8 + headerCount]),
            header.version == Self.version, header.kind == kind, header.rateHertz == planned.rateHertz,
            header.channelCount == planned.channelCount, header.appearance == now, header.path == path,
            header.parts.count == header.partByteCounts.count, header.parts.allSatisfy({ $0.count == 2 })
        else { return nil }
        appearance = now
        file = DeliveredFile(
            path: path, byteCount: header.byteCount, frameCount: header.frameCount, sha256: header.sha256,
            pcmSHA256: header.pcmSHA256)
        parts = zip(header.parts, header.partByteCounts).map {
            Part(digest: Digest(high: $0[0], low: $0[1]), byteCount: $1)
        }
        guard let counts = header.windowByteCounts else {
            check = nil
            return
        }
        var windows: [SegmentMeasurement] = []
        var offset = 8 + headerCount
        for count in counts {
            guard count >= 0, count <= data.count - offset,
                let window = try? SegmentMeasurement(bytes: [UInt8](data[offset..<offset + count]))
            else { return nil }
            windows.append(window)
            offset += count
        }
        guard let restored = DeliveredCheck.restored(path: path, windows: windows) else { return nil }
        check = restored
    }

    /// Remembers a file that was just published.
    ///
    /// What goes wrong is nobody's concern: the file is then written again by the next render.
    static func remember(
        _ planned: PlannedFile, _ file: DeliveredFile, _ check: DeliveredCheck?, parts: [Part], directory: String,
        flacLibrary: String
    ) {
        guard let kind = kindText(planned, flacLibrary), let appearance = Appearance(ofFile: file.path) else { return }
        let windows = check?.windows.map(\.bytes)
        let header = Header(
            version: version, kind: kind, rateHertz: planned.rateHertz, channelCount: planned.channelCount,
            appearance: appearance, path: file.path, byteCount: file.byteCount, frameCount: file.frameCount,
            sha256: file.sha256, pcmSHA256: file.pcmSHA256, parts: parts.map { [$0.digest.high, $0.digest.low] },
            partByteCounts: parts.map(\.byteCount), windowByteCounts: windows?.map(\.count))
        guard let bytes = try? JSONEncoder().encode(header) else { return }
        var data = Data((0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) })
        data.append(bytes)
        for window in windows ?? [] { data.append(contentsOf: window) }
        let manager = FileManager.default
        try? manager.createDirectory(atPath: directory, withIntermediateDirectories: true)
        forgetSome(in: directory)
        try? data.write(to: URL(fileURLWithPath: recordPath(file.path, directory)), options: .atomic)
    }

    /// What is made of the parts; a FLAC file's header names its encoder.
    private static func kindText(_ planned: PlannedFile, _ flacLibrary: String) -> String? {
        planned.kind.map { $0.isFLAC ? "\($0) by \(flacLibrary)" : "\($0)" }
    }

    private static func recordPath(_ path: String, _ directory: String) -> String {
        "\(directory)/\(Digest.of(Array(path.utf8)))"
    }

    private static let maximumRecordCount = 4000

    /// Half of the records go, the oldest, where there are very many.
    private static func forgetSome(in directory: String) {
        let manager = FileManager.default
        guard let names = try? manager.contentsOfDirectory(atPath: directory), names.count > maximumRecordCount else {
            return
        }
        let dated = names.map { name in
            (Appearance(ofFile: "\(directory)/\(name)")?.modifiedNanoseconds ?? 0, name)
        }.sorted { $0 < $1 }
        for (_, name) in dated.prefix(names.count / 2) { try? manager.removeItem(atPath: "\(directory)/\(name)") }
    }
}

/// A kept file while its windows come in.
struct KeptProgress {
    let kept: KeptFile
    let planned: PlannedFile
    /// Parts that came and are those of the file.
    private(set) var count = 0

    init(_ kept: KeptFile, _ planned: PlannedFile) {
        self.kept = kept
        self.planned = planned
    }

    /// Takes the next window; false where it is another than that of the file.
    mutating func take(_ parts: [Part]) -> Bool {
        guard count + parts.count <= kept.parts.count,
            Array(kept.parts[count..<count + parts.count]) == parts
        else { return false }
        count += parts.count
        return true
    }

    /// True where every part came, and the file is still the one that it was.
    var isWhole: Bool {
        count == kept.parts.count && KeptFile.Appearance(ofFile: kept.file.path) == kept.appearance
    }

    /// Writes the parts that came out of the file, for one that goes on otherwise.
    ///
    /// - Throws: `FarmError` where the file does not hold them any more, and what reading and writing throw.
    func copy(to writer: DeliverableWriter) throws {
        let descriptor = Glibc.open(kept.file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.changed(kept) }
        defer { close(descriptor) }
        // One open file from the check to the last byte: what is renamed or replaced meanwhile does not matter.
        guard KeptFile.Appearance(ofFile: kept.file.path) == kept.appearance else { throw Self.changed(kept) }
        // Of a FLAC file bytes are read, of others frames.
        let reader =
            writer.kind.isFLAC ? nil : try SoundFileReader(descriptor: descriptor, name: kept.file.path)
        var offset = writer.headerByteCount
        for part in kept.parts[..<count] {
            let bytes: [UInt8]
            if let reader {
                let frames = part.byteCount / reader.info.layout.bytesPerFrame
                let range = FrameRange(start: offset, count: frames)
                guard range.end <= reader.info.frameCount else { throw Self.changed(kept) }
                bytes = try reader.withCanonicalBytes(range) { Array($0) }
                offset += frames
            } else {
                bytes = try [UInt8](unsafeUninitializedCapacity: part.byteCount) { buffer, count in
                    guard pread(descriptor, buffer.baseAddress, part.byteCount, off_t(offset)) == part.byteCount else {
                        throw Self.changed(kept)
                    }
                    count = part.byteCount
                }
                offset += part.byteCount
            }
            let packed = planned.kind == .wavFloat ? Self.planar(bytes, channelCount: planned.channelCount) : bytes
            guard Digest.of(packed) == part.digest else { throw Self.changed(kept) }
            try packed.withUnsafeBytes { try writer.append($0) }
        }
    }

    private static func changed(_ kept: KeptFile) -> FarmError {
        FarmError("\(kept.file.path) changed while it was compared. Render again.")
    }

    /// Interleaved Float32 with one channel after the other.
    private static func planar(_ bytes: [UInt8], channelCount: Int) -> [UInt8] {
        let frames = bytes.count / (4 * channelCount)
        var planar = [UInt8](repeating: 0, count: bytes.count)
        for channel in 0..<channelCount {
            for frame in 0..<frames {
                for byte in 0..<4 {
                    planar[(channel * frames + frame) * 4 + byte] = bytes[(frame * channelCount + channel) * 4 + byte]
                }
            }
        }
        return planar
    }
}
