/// Why a revision cannot be found, recorded or changed: what happened, and the remedy.
///
/// Two errors are equal when their codes are.
package struct RevisionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package enum Code: String, Sendable, Hashable {
        /// Words on the command line that name no revision in any notation.
        case notAReference = "revision-not-a-reference"
        /// There is no such album, number or name.
        case notFound = "revision-not-found"
        /// Several albums are meant.
        case ambiguous = "revision-ambiguous"
        case badName = "revision-bad-name"
        case nameTaken = "revision-name-taken"
        case badMessage = "revision-bad-message"
        /// A record that is no record, or not of this version.
        case damaged = "revision-damaged"
        /// The folder of the records cannot be listed.
        case unreadable = "revision-unreadable"
        /// The record cannot be written.
        case notWritten = "revision-not-written"
        case tooLarge = "revision-too-large"
        /// A deliverable is no longer what the record says.
        case changed = "revision-changed"
        /// What is kept in the store cannot be read or written.
        case notKept = "revision-not-kept"
    }

    package let code: Code
    /// A sentence or two, without a full stop where one clause does.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        // Names of folders and what somebody wrote into a record get into it.
        self.message = printable(message)
    }

    package var description: String { message }

    package static func == (a: RevisionError, b: RevisionError) -> Bool { a.code == b.code }
}
