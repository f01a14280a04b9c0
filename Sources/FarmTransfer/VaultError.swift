internal import Glibc
internal import Storage

/// What went wrong with a vault or a file that is transferred, and what to do about it.
package struct VaultError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Room on the disk would help.
        case diskFull = "vault-disk-full"
        /// The directory or a file in it is not what it should be: a link, a directory, not there.
        case unusable = "vault-unusable"
        /// This process may open no further file: later, when others are closed.
        case noDescriptors = "vault-no-descriptors"
        case system = "vault-system-call"
    }

    package let code: Code
    /// A sentence for the user: what, where, and the remedy.
    package let message: String

    package var description: String { "\(message) [\(code.rawValue)]" }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What is said to whoever asked for bytes that could not be read: nothing is wrong with a file that cannot be
    /// opened for the moment.
    static func unavailability(_ error: any Error) -> Unavailability {
        (error as? VaultError)?.code == .noDescriptors || (error as? StoreError)?.code == .noDescriptors
            ? .busy : .unreadable
    }

    /// The system call that has just failed on `path`.
    static func system(_ call: String, _ path: String, _ number: Int32 = errno) -> VaultError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            return VaultError(.diskFull, "no space left for \(path) (\(call): \(reason)); free some disk")
        case ENOENT, ELOOP, ENOTDIR, EISDIR:
            return VaultError(.unusable, "\(path) cannot be used (\(call): \(reason))")
        case EMFILE, ENFILE: return VaultError(.noDescriptors, "no file can be opened any more: \(path) (\(reason))")
        default: return VaultError(.system, "\(call) failed for \(path): \(reason)")
        }
    }
}
