import Foundation
import Hashing
package import Quantities

extension ContentHash {
    /// The SHA-256 of a file, read in pieces.
    package static func ofFile(
        _ path: String, progress: (Int) -> Void = { _ in }
    ) throws -> (hash: ContentHash, byteCount: Int) {
        guard let file = FileHandle(forReadingAtPath: path) else { throw FarmError("\(path) cannot be read") }
        defer { try? file.close() }
        let hasher = SHA256Hasher()
        var byteCount = 0
        while let data = try file.read(upToCount: 1 << 20), !data.isEmpty {
            data.withUnsafeBytes { hasher.update($0) }
            byteCount += data.count
            progress(data.count)
        }
        return (ContentHash(words: hasher.finish().words), byteCount)
    }
}
