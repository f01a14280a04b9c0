internal import Glibc
package import Quantities
internal import Synchronization

/// Puts a source into a vault.
package final class VaultSink: BlobSink {
    private struct State {
        var incoming: IncomingSource?
        var isPinned = false
    }

    private let hash: ContentHash
    private let vault: SourceVault
    private let pins: Bool
    private let state = Mutex(State())

    /// - Parameter pins: whether the source is pinned when it is there, for the caller to unpin.
    package init(_ hash: ContentHash, vault: SourceVault, pins: Bool = false) {
        self.hash = hash
        self.vault = vault
        self.pins = pins
    }

    /// Makes room in the vault and a file to write into; throws `VaultError`, `diskFull` where there is none.
    package func begin(byteCount: Int) throws {
        abandon()
        let incoming = try vault.begin(hash, byteCount: byteCount)
        state.withLock { $0.incoming = incoming }
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws {
        try state.withLock { $0.incoming }?.write(bytes, at: offset)
    }

    /// Whether the bytes have the hash; the file is in the vault then, and pinned if that was wanted.
    package func finish() throws -> Bool {
        guard let incoming = state.withLock({ $0.incoming }), try incoming.finish() else { return false }
        state.withLock { $0.incoming = nil }
        try finishedElsewhere()
        return true
    }

    /// Removes what was written, or gives the pin back.
    package func abandon() {
        let old = state.withLock { state in
            defer { state = State() }
            return state
        }
        old.incoming?.abandon()
        if old.isPinned { vault.unpin([hash]) }
    }

    /// Takes the pin that was wanted.
    package func finishedElsewhere() throws {
        guard pins else { return }
        guard try vault.pin([hash]).isEmpty else {
            throw VaultError(.unusable, "\(hash) was evicted as soon as it had come; the vault is too small")
        }
        state.withLock { $0.isPinned = true }
    }
}

/// Writes a file of the caller's own, a fetched deliverable: under another name beside it first, renamed when the
/// hash is right. A file that was there is replaced then.
package final class FileSink: BlobSink {
    private let path: String
    private let hash: ContentHash
    private let mode: mode_t
    private let state = Mutex<IncomingFile?>(nil)

    /// - Parameters:
    ///   - path: its directory exists.
    ///   - mode: permissions of the file, less the process's mask.
    package init(path: String, hash: ContentHash, mode: UInt32 = 0o644) {
        self.path = path
        self.hash = hash
        self.mode = mode_t(mode)
    }

    /// Makes the file beside its place; throws `VaultError`.
    package func begin(byteCount: Int) throws {
        abandon()
        let (directory, name) = try place()
        let temporary = ".\(name.prefix(100)).\(getpid()).part"
        // Left behind by a process with this number, or an earlier start.
        _ = unlinkat(directory.number, temporary, 0)
        let file = try IncomingFile(temporary, in: directory, byteCount: byteCount, mode: mode)
        state.withLock { $0 = file }
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws {
        try state.withLock { $0 }?.write(bytes, at: offset)
    }

    /// Whether the bytes have the hash; the file is in its place then.
    package func finish() throws -> Bool {
        guard let file = state.withLock({ $0 }), try file.hash() == hash else { return false }
        let (directory, name) = try place()
        try file.move(to: name, in: directory, isReplacing: true)
        state.withLock { $0 = nil }
        return true
    }

    /// Removes what was written; a finished file stays.
    package func abandon() {
        let file = state.withLock { state in
            defer { state = nil }
            return state
        }
        file?.remove()
    }

    private func place() throws(VaultError) -> (Descriptor, String) {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard !name.isEmpty, path.hasSuffix(name) else {
            throw VaultError(.unusable, "\(path) is not the path of a file")
        }
        let parent = path.dropLast(name.utf8.count)
        let directory = try Descriptor(path: parent.isEmpty ? "." : String(parent), flags: O_RDONLY | O_DIRECTORY)
        return (directory, name)
    }
}
