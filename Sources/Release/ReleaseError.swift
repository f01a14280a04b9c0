internal import Glibc
internal import SoundFiles

/// Why a deliverable could not be planned, written or published: what happened, to which file, and the remedy.
///
/// Two errors are equal when their codes are.
package struct ReleaseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure; reports print the raw value.
    package enum Code: String, Sendable, Hashable {
        case noSpace = "release-no-space"
        case notPermitted = "release-not-permitted"
        /// The folder of a file went away, or a file stands where a folder should be.
        case folderMissing = "release-folder-missing"
        /// Files that would be written are there already.
        case exists = "release-exists"
        /// Another render is writing into the folder.
        case inUse = "release-in-use"
        case nameTooLong = "release-name-too-long"
        /// Two planned files have one name.
        case nameCollision = "release-name-collision"
        case writeFailed = "release-write-failed"
        case readFailed = "release-read-failed"
        /// What was written does not read back as what was put in.
        case damaged = "release-damaged"
        /// Files that belong together differ in length, rate or channels.
        case mismatch = "release-mismatch"
        /// A delivered sample is NaN or infinite.
        case notFinite = "release-not-finite"
    }

    package let code: Code
    /// What happened, and the remedy; without the path.
    package let message: String
    package let path: String
    /// All files concerned, where there are several.
    package let files: [String]
    /// `errno`, where the operating system refused.
    package let systemError: CInt?

    package init(
        _ code: Code, _ message: String, path: String, files: [String] = [], systemError: CInt? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.files = files
        self.systemError = systemError
    }

    package var description: String { "\(path): \(message)" }

    package static func == (a: ReleaseError, b: ReleaseError) -> Bool { a.code == b.code }
}

extension ReleaseError {
    /// A failed system call on `path`.
    static func system(_ number: CInt, _ path: String) -> ReleaseError {
        let reason = String(cString: strerror(number))
        let (code, message): (Code, String) =
            switch number {
            case ENOSPC, EDQUOT, EFBIG:
                (
                    .noSpace,
                    "does not fit on the disk (\(reason)). Make room, or choose another folder with -o, "
                        + "and render again: what was rendered is kept."
                )
            case EACCES, EPERM, EROFS:
                (
                    .notPermitted,
                    "may not be written by this user (\(reason)). Change the folder's permissions, "
                        + "or choose another folder with -o."
                )
            case ENOENT, ENOTDIR:
                (.folderMissing, "has no folder to lie in (\(reason)). Render again, or choose one with -o.")
            case EEXIST, ENOTEMPTY, EISDIR:
                (.exists, "is there already. Use --overwrite replace or --overwrite number.")
            case ENAMETOOLONG: (.nameTooLong, "is too long a path. Choose a shorter one with -o.")
            default: (.writeFailed, "cannot be written (\(reason)). Check the disk and render again.")
            }
        return ReleaseError(code, message, path: path, systemError: number)
    }

    /// The same failure as `error`, of a file that is called `path`.
    init(_ error: SoundFileError, path: String) {
        switch error.code {
        case .noSpace: self = .system(error.systemError ?? ENOSPC, path)
        case .notPermitted: self = .system(error.systemError ?? EACCES, path)
        case .writeFailed: self = .system(error.systemError ?? EIO, path)
        case .notFound, .notAFile, .readFailed:
            self.init(.readFailed, error.message, path: path, systemError: error.systemError)
        default:
            self.init(.damaged, "does not read back: it \(error.message)", path: path)
        }
    }
}

/// Runs `body` and turns what the sound file layer throws into a `ReleaseError` about `path`.
func releasing<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as SoundFileError {
        throw ReleaseError(error, path: path)
    }
}
