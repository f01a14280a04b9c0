package import FarmProtocol
import Foundation

/// Numbers of lives: larger after every start, whatever the clock does, and not to be guessed: a life is part of the
/// name under which messages reach a process.
package enum Lives {
    /// The next number, which is recorded in the file before it is returned.
    package static func next(in path: String) throws -> Incarnation { Incarnation(try nextNumber(in: path)) }

    /// `next` as a plain number.
    package static func nextNumber(in path: String) throws -> UInt64 {
        let last = FileManager.default.contents(atPath: path).flatMap {
            UInt64(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
        // 41 bits of milliseconds last until 2039, 42 until 2109.
        let clock = UInt64(max(0, Date().timeIntervalSince1970 * 1000)) & (1 << 42 - 1)
        let step = UInt64.random(in: 1..<(1 << 21))
        // A file that somebody spoilt must not end the numbers.
        let next = max(last.map { $0 < 1 << 63 ? $0 + step : 0 } ?? 0, clock << 21 | step)
        try writeDurably(Array("\(next)\n".utf8), to: path)
        return next
    }
}

/// Keeps a second coordinator out of a directory, for as long as this object or its process lives.
final class DirectoryLock {
    private let descriptor: Int32

    init(_ directory: String) throws {
        descriptor = open(directory + "/coordinator.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ServiceError("\(directory) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ServiceError("another coordinator works in \(directory): stop it, or give this one another --store")
        }
    }

    deinit { close(descriptor) }
}
