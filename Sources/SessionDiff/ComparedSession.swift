package import Session

/// One of the two sessions that are compared.
package struct ComparedSession: Sendable {
    package var album: Album
    /// The folder of its file, absolute: what lies below it is known by its path from there, so that a copy of a
    /// whole session is equal to it.
    package var folder: String
    /// What is known of audio files, by absolute path: the same text for the same file.
    package var contents: [String: String]
    /// What the samples of each audio file are, whatever wraps them, where that is known of both sessions; by path.
    package var sounds: [String: String]

    package init(
        album: Album, folder: String, contents: [String: String] = [:], sounds: [String: String] = [:]
    ) {
        self.album = album
        self.folder = folder
        self.contents = contents
        self.sounds = sounds
    }

    /// What a file is known by on both sides.
    package func name(of source: SourceFile) -> String {
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        return source.path.hasPrefix(prefix) ? String(source.path.dropFirst(prefix.count)) : source.path
    }
}

/// The last step of a path.
func fileName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}
