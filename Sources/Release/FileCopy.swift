internal import Glibc
internal import Hashing

/// Copies of whole files, and what their bytes hash to.
package enum FileCopy {
    /// FICLONE of linux/fs.h, which Swift does not import: a copy that shares the blocks of the original.
    private static let cloneRequest: UInt = 0x4004_9409

    /// Size and SHA-256 (64 hexadecimal digits) of a file.
    ///
    /// - Throws: `ReleaseError`.
    package static func digest(ofFile path: String) throws -> (byteCount: Int, sha256: String) {
        let descriptor = try opened(path)
        defer { close(descriptor) }
        return try digest(of: descriptor, named: path)
    }

    /// Fills an empty file with another one's bytes, in blocks of the original where the file system can share them,
    /// and waits for the disk.
    ///
    /// - Parameter name: what messages call the copy.
    /// - Returns: what the copy reads back as.
    /// - Throws: `ReleaseError`.
    package static func copy(
        _ source: String, to descriptor: CInt, named name: String
    ) throws -> (byteCount: Int, sha256: String) {
        let original = try opened(source)
        defer { close(original) }
        if ioctl(descriptor, cloneRequest, original) != 0 { try copyBytes(original, source, descriptor, name) }
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw ReleaseError.system(errno, name) }
        }
        return try digest(of: descriptor, named: name)
    }

    private static func copyBytes(_ original: CInt, _ source: String, _ copy: CInt, _ name: String) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try read(original, source, into: buffer, at: offset)
            if count == 0 { return }
            var done = 0
            while done < count {
                let put = pwrite(copy, buffer.baseAddress! + done, count - done, off_t(offset + done))
                if put > 0 {
                    done += put
                } else if put == 0 || errno != EINTR {
                    throw ReleaseError.system(put == 0 ? ENOSPC : errno, name)
                }
            }
            offset += count
        }
    }

    private static func digest(of descriptor: CInt, named name: String) throws -> (byteCount: Int, sha256: String) {
        let hasher = SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try read(descriptor, name, into: buffer, at: offset)
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
        return (offset, hasher.finishHexadecimal())
    }

    /// A regular file: opening a pipe might wait for ever.
    private static func opened(_ path: String) throws -> CInt {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ReleaseError(.readFailed, "is no regular file.", path: path)
        }
        return descriptor
    }

    private static func read(
        _ descriptor: CInt, _ name: String, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw unreadable(name) }
        }
    }

    private static func unreadable(_ path: String) -> ReleaseError {
        ReleaseError(
            .readFailed, "cannot be read (\(String(cString: strerror(errno)))).", path: path, systemError: errno)
    }
}

extension ReleasePlan {
    /// The files of an earlier render, by what was recorded of them.
    ///
    /// - Precondition: every path stays below the folder.
    package init(recorded recordedFiles: [(path: String, role: PlannedFile.Role)]) {
        files = recordedFiles.map { file in
            PlannedFile(
                role: file.role, path: file.path, song: nil, delivery: nil, stem: nil, kind: nil, rateHertz: 0,
                channelCount: 0, description: "the recorded \(file.role.rawValue)")
        }
        renamed = []
    }

    /// This plan with another one's files after its own, for the folder that holds both.
    package func adding(_ other: ReleasePlan) -> ReleasePlan {
        ReleasePlan(files: files + other.files, renamed: renamed + other.renamed)
    }

    private init(files: [PlannedFile], renamed: [RenamedFile]) {
        self.files = files
        self.renamed = renamed
    }
}

extension ReleaseFolder {
    /// Gives a copy of a file a planned name, once it was read back and found to be the right one.
    ///
    /// - Parameters:
    ///   - sha256: of the bytes that are wanted.
    ///   - isReplacing: whether a file of that name may go.
    /// - Throws: `ReleaseError`; `.damaged` where the file is another one, `.exists`.
    package func copy(_ source: String, as file: PlannedFile, sha256: String, isReplacing: Bool) throws {
        let final = path(of: file)
        try makeFolder(withoutFinalSlashes(split(final).folder))
        let pending = try PendingFile(finalPath: final)
        let copied = try FileCopy.copy(source, to: pending.descriptor, named: final)
        guard copied.sha256 == sha256 else {
            throw ReleaseError(.damaged, "is not what was kept: its bytes have changed.", path: source)
        }
        // What an interrupted restore published is its own.
        try pending.publish(isReplacing: isReplacing || isResumed)
    }

    /// Writes a text with the folders above it, whole or not at all, under the policy.
    ///
    /// - Throws: `ReleaseError`.
    package func writeText(_ text: String, as file: PlannedFile) throws {
        try makeFolder(withoutFinalSlashes(split(path(of: file)).folder))
        try write(Array(text.utf8), as: file)
    }
}
