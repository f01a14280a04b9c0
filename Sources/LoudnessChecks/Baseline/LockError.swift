/// Why a baseline cannot be read or written: where, what is wrong and what to do.
package struct LockError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// Not a `loudness.lock` at all.
        case notALock
        /// Written by a newer Lathe in a format that this one does not read.
        case newerFormat
        /// Git's conflict markers are in it.
        case mergeConflict
        /// A line that does not read.
        case syntax
        /// Something stands there twice.
        case duplicate
        /// Something that must be there is not.
        case missing
        case limitExceeded
        /// The report holds something that a baseline cannot be made of.
        case notAcceptable
    }

    package var code: Code
    package var file: String
    /// From 1; nil where no line is to blame.
    package var line: Int?
    /// One line, without a full stop.
    package var message: String

    /// "loudness.lock:12: error: ...", as editors and CI systems read it.
    package var description: String { file + (line.map { ":\($0)" } ?? "") + ": error: " + message }
}

extension LockError: Equatable {
    package static func == (a: LockError, b: LockError) -> Bool { a.code == b.code && a.line == b.line }
}

/// How much a lock may hold. More is an error, and nothing is allocated on the word of a file.
package enum LockLimits {
    package static let byteCount = 256 << 20
    package static let lineByteCount = 1 << 16
    package static let itemCount = 200_000
    package static let groupCount = 50_000
    /// Of one item: lines that this version does not know.
    package static let unknownLineCount = 1_000
    /// A day and a half.
    package static let curveSeconds = 130_000
    package static let channelCount = 1_024
    package static let rateHertz = 100_000_000
}
