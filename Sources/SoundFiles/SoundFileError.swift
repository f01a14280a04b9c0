/// Why a sound file could not be read or written: what happened to which file, and what to do about it.
///
/// Two errors are equal when their codes are.
package struct SoundFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure a caller may want to tell apart.
    package enum Code: Sendable, Hashable {
        case notFound
        case notPermitted
        /// A directory, a device, a pipe: anything but a file.
        case notAFile
        /// None of the containers that are read.
        case notAudio
        /// A container that is read, with content that is not.
        case unsupported
        /// The header announces more than the file holds.
        case truncated
        /// The header contradicts itself, or the decoder failed.
        case malformed
        /// There is not one frame in it.
        case empty
        /// The file became shorter or different while it was read.
        case changed
        case noSpace
        case readFailed
        case writeFailed
        /// What was encoded does not decode to what was put in.
        case verificationFailed
    }

    package let code: Code
    /// The path, or the name under which the descriptor or the bytes were opened.
    package let file: String
    /// What happened, and the remedy; without the file's name.
    package let message: String
    /// `errno`, where the operating system refused.
    package let systemError: CInt?

    package init(_ code: Code, _ file: String, _ message: String, systemError: CInt? = nil) {
        self.code = code
        self.file = file
        self.message = message
        self.systemError = systemError
    }

    package var description: String { "\(file): \(message)" }

    package static func == (a: SoundFileError, b: SoundFileError) -> Bool { a.code == b.code }
}

extension SoundFileError {
    /// More than one or two channels, where two planes were asked for.
    static func tooManyChannels(_ file: String, _ count: Int) -> SoundFileError {
        SoundFileError(
            .unsupported, file,
            "has \(count) channels; only mono and stereo are read. Split it into such files.")
    }

    /// More planes than anybody measures.
    static func tooManyPlanes(_ file: String, _ count: Int) -> SoundFileError {
        SoundFileError(
            .unsupported, file,
            "has \(count) channels; at most \(SoundFileReader.maximumPlaneCount) are read. Split it into such files.")
    }

    static func emptyFile(_ file: String) -> SoundFileError {
        SoundFileError(.empty, file, "is an empty file. Record or export it again.")
    }

    static func notAudio(_ file: String) -> SoundFileError {
        SoundFileError(
            .notAudio, file,
            "is not a sound file that Lathe reads. Use WAV, RF64, W64, AIFF, CAF, FLAC, Ogg or MP3.")
    }

    static func shrunk(_ file: String) -> SoundFileError {
        SoundFileError(.changed, file, "became shorter while it was read. Leave it alone until Lathe is done.")
    }

    static func truncated(_ file: String, announced: UInt64, held: UInt64) -> SoundFileError {
        SoundFileError(
            .truncated, file,
            "is cut short: its header announces \(announced) bytes of audio, but only \(held) are there. "
                + "Copy or export it again.")
    }

    static func malformed(_ file: String, _ reason: String) -> SoundFileError {
        SoundFileError(.malformed, file, "\(reason). Export it again.")
    }
}
