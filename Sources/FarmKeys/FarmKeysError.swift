/// What is wrong with keys, the table of keys, or an enrolment, and what to do about it.
///
/// Two errors are equal when their codes are.
package struct FarmKeysError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure this is. Kinds may be added.
    package enum Code: String, Sendable, Hashable {
        /// There is no key pair, or no table, where one is needed.
        case absent
        /// Something is there that would have to be overwritten.
        case exists
        /// Others may read or change what must be private.
        case unsafePermissions
        /// A file, a name, a key, or a token is not what it should be.
        case invalid
        /// A limit of this module.
        case limitExceeded
        /// Another process holds the table's lock.
        case busy
        /// The coordinator said no.
        case refused
        /// The coordinator did not answer.
        case noAnswer
        /// A call of the operating system failed.
        case system
    }

    package let code: Code
    /// What happened and how to remedy it.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package static func == (a: FarmKeysError, b: FarmKeysError) -> Bool { a.code == b.code }
    package var description: String { message }
}
