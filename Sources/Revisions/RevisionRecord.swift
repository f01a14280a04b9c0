internal import Foundation
internal import Glibc

/// Records as bytes: JSON with sorted keys, one per file.
enum RevisionRecord {
    /// Above any session (whose files end at 64 MiB each), below what would fill the memory.
    static let maximumByteCount = 128 << 20
    private static let maximumCount = 1_000_000

    static func encode(_ revision: Revision) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = [UInt8](try encoder.encode(revision)) + [UInt8(ascii: "\n")]
        guard bytes.count <= maximumByteCount else {
            throw RevisionError(.tooLarge, "the session's files are too large to be recorded (\(bytes.count) bytes)")
        }
        return bytes
    }

    /// Reads a record; keys that are not known are passed over.
    ///
    /// - Throws: `.damaged` with the reason, as the end of a sentence about the file.
    static func decode(_ bytes: [UInt8], number: Int) throws(RevisionError) -> Revision {
        struct Head: Decodable {
            var format: Int
        }
        let decoder = JSONDecoder()
        guard let head = try? decoder.decode(Head.self, from: Data(bytes)) else {
            throw RevisionError(.damaged, "is no record of a revision")
        }
        guard head.format == Revision.currentFormat else {
            throw RevisionError(.damaged, "was written by a newer Lathe (format \(head.format)); update Lathe")
        }
        let revision: Revision
        do {
            revision = try decoder.decode(Revision.self, from: Data(bytes))
        } catch {
            throw RevisionError(.damaged, "is no whole record of a revision (\(reason(error)))")
        }
        if let fault = fault(revision, number) { throw RevisionError(.damaged, fault) }
        return revision
    }

    /// The bytes of a record with other values for some keys, and everything else as it was: what a newer version
    /// wrote beside stays.
    static func changing(_ bytes: [UInt8], to revision: Revision, _ keys: [String]) throws -> [UInt8] {
        let decoder = JSONDecoder()
        var members = try decoder.decode([String: JSONValue].self, from: Data(bytes))
        let own = try decoder.decode([String: JSONValue].self, from: Data(encode(revision)))
        for key in keys { members[key] = own[key] }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(members)) + [UInt8(ascii: "\n")]
    }

    /// The bytes of a regular file of a bounded size; nothing is waited for.
    static func read(_ path: String) throws(RevisionError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw RevisionError(.damaged, "cannot be read (\(String(cString: strerror(errno))))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RevisionError(.damaged, "is no regular file")
        }
        guard status.st_size <= maximumByteCount else {
            throw RevisionError(.damaged, "is larger than any record (\(status.st_size) bytes)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress! + done, buffer.count - done)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw RevisionError(.damaged, "cannot be read to its end") }
            done += got
        }
        return bytes
    }

    /// What of a record is no use, or would do harm: paths decide what is written, hashes name files.
    private static func fault(_ revision: Revision, _ number: Int) -> String? {
        if revision.number != number { return "says that it is revision \(revision.number)" }
        if Revision.seconds(revision.time) == nil { return "has no time" }
        let lists = [
            revision.session.files.count, revision.sources.count, revision.outputs.count, revision.songs.count,
        ]
        if lists.contains(where: { $0 > maximumCount }) { return "has lists that are too long" }
        for output in revision.outputs {
            if !isInside(output.path) { return "has a file outside of its folder" }
            if !isHexadecimal(output.sha256, count: 64) || output.bytes < 0 { return "has a file without a hash" }
        }
        let seconds = revision.options.segmentSeconds
        if !(0.01...3_600).contains(seconds) { return "has segments of \(seconds) s" }
        let frames = revision.songs.compactMap(\.frames) + revision.sources.compactMap { $0.sound?.frames }
        let sizes = frames + revision.sources.map(\.byteCount) + revision.outputs.map(\.bytes)
        let rates = revision.songs.compactMap(\.rate) + revision.sources.compactMap { $0.sound?.rate }
        let channels = revision.sources.compactMap { $0.sound?.channels }
        guard sizes.allSatisfy({ (0...1 << 40).contains($0) }), rates.allSatisfy({ (1...10_000_000).contains($0) }),
            channels.allSatisfy({ (1...1_024).contains($0) })
        else { return "has sizes that no file has" }
        let paths = revision.session.files.map(\.path)
        if !paths.contains(revision.session.root) { return "has no session" }
        if paths.contains(where: { $0.isEmpty || $0.contains("\0") }) { return "has a session file without a name" }
        if let pin = revision.pinned, !isHexadecimal(pin.id, count: 32) { return "has a pin without a number" }
        if let name = revision.name, (try? RevisionName.check(name)) == nil { return "has a name that is none" }
        return nil
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(context.codingPath.last?.stringValue ?? "it") is something else"
        default: "it is cut off or damaged"
        }
    }
}

/// Whether a path stays below the folder that it is relative to.
package func isInside(_ path: String) -> Bool {
    let steps = path.split(separator: "/", omittingEmptySubsequences: false)
    return steps.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }
}

/// Whether a text is so many lower-case hexadecimal digits.
func isHexadecimal(_ text: String, count: Int) -> Bool {
    text.utf8.count == count
        && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
}

/// Any JSON, kept as it is.
enum JSONValue: Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case natural(UInt64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case members([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .natural(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .members(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .natural(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .members(let value): try container.encode(value)
        }
    }
}
