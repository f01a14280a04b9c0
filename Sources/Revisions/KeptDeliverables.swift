internal import Foundation
internal import Glibc
internal import Release

/// The deliverables of pinned revisions, in `STORE/deliverables`: files by their SHA-256, and for every pin a record of
/// those it needs.
///
/// Any number of processes may use it; whoever writes or removes holds its lock.
package struct KeptDeliverables: Sendable {
    /// Absolute.
    package let directory: String

    /// - Parameter store: the store's directory; nothing is made in it before something is kept.
    package init(store: String) { directory = store + "/deliverables" }

    /// Where a file lies; nil where it is not kept. Its bytes are checked when they are copied.
    package func path(of sha256: String, byteCount: Int) -> String? {
        guard isHexadecimal(sha256, count: 64) else { return nil }
        let path = file(sha256)
        guard let state = FileState(ofFile: path), state.byteCount == byteCount else { return nil }
        return path
    }

    /// Where a file lies whose bytes are what they were when it was kept; nil where it is not kept, or has rotted.
    package func verifiedPath(of sha256: String, byteCount: Int) -> String? {
        guard let path = path(of: sha256, byteCount: byteCount),
            let read = try? FileCopy.digest(ofFile: path), read.sha256 == sha256
        else { return nil }
        return path
    }

    /// Keeps the files of a pin; durable when this returns.
    ///
    /// - Parameter sources: where each file of the pin lies now, in their order; nil where it is kept already.
    /// - Throws: `.changed` naming a file that is not the one that was recorded, `.notKept`.
    package func keep(_ pin: KeptPin, from sources: [String?]) throws {
        precondition(sources.count == pin.files.count, "a place for each file")
        do throws(RevisionError) {
            try makeFolders(directory + "/pins")
        } catch {
            throw RevisionError(.notKept, error.message)
        }
        let lock = try locked()
        defer { withExtendedLifetime(lock) {} }
        removeLeftovers()
        // The pin first: what is copied for it is then never taken for something that nobody needs.
        try writePin(pin)
        do {
            for (entry, source) in zip(pin.files, sources) {
                if verifiedPath(of: entry.sha256, byteCount: entry.bytes) != nil { continue }
                guard let source else {
                    throw RevisionError(.changed, "\(entry.path) is kept no more")
                }
                try copyIn(source, entry)
            }
            try synchronise()
        } catch {
            unlink(pinFile(pin.id))
            throw error
        }
    }

    /// Takes a pin back; its files go with the next `prune` unless another pin needs them.
    package func release(_ id: String) throws {
        guard isHexadecimal(id, count: 32), access(pinFile(id), F_OK) == 0 else { return }
        let lock = try locked()
        defer { withExtendedLifetime(lock) {} }
        guard unlink(pinFile(id)) == 0 || errno == ENOENT else { throw failure("unlink", pinFile(id)) }
    }

    /// A pin by its number; nil where there is none.
    package func pin(_ id: String) -> KeptPin? {
        guard isHexadecimal(id, count: 32) else { return nil }
        return try? readPin(pinFile(id))
    }

    /// Whether all sound of a pinned revision is kept for it. The pin of an album that was copied goes when it is taken
    /// back in either place.
    package func keeps(_ revision: Revision) -> Bool {
        guard let id = revision.pinned?.id, pin(id) != nil else { return false }
        return revision.soundOutputs.allSatisfy { path(of: $0.sha256, byteCount: $0.bytes) != nil }
    }

    /// Notes where the record of a pin lies now, where its album was moved; not while the old one is there.
    ///
    /// - Parameter revision: the one that the pin is for.
    /// - Returns: whether the pin, all its files and all sound of the revision are kept, by their sizes. Where not, a
    ///   prune came first: it is to be kept anew.
    /// - Throws: `.notKept`.
    package func follow(_ id: String, of revision: Revision, to record: String) throws -> Bool {
        // A store that is gone keeps nothing.
        guard pin(id) != nil else { return false }
        let lock = try locked()
        defer { withExtendedLifetime(lock) {} }
        // Read under the lock: a prune may have taken it meanwhile.
        guard var pin = pin(id), isWhole(pin, of: revision) else { return false }
        if pin.record != record, orphanReason(pin) != nil {
            pin.record = record
            try writePin(pin)
            try synchronise()
        }
        return true
    }

    private func isWhole(_ pin: KeptPin, of revision: Revision) -> Bool {
        let named = Set(pin.files.map(\.sha256))
        return pin.files.allSatisfy { path(of: $0.sha256, byteCount: $0.bytes) != nil }
            && revision.soundOutputs.allSatisfy { named.contains($0.sha256) }
    }

    /// What is kept, and for whom.
    ///
    /// - Parameter dropped: pins that are taken for gone.
    package func survey(without dropped: Set<String> = []) -> KeptSurvey {
        var survey = KeptSurvey()
        // A folder that cannot be read is not an empty one: what it needs is not known then.
        for folder in [directory, directory + "/pins"] where !RecordFolder.isReadable(folder) {
            survey.damagedPins.append("\(folder) cannot be read (\(String(cString: strerror(errno))))")
        }
        for name in RecordFolder.names(directory + "/pins") where name.hasSuffix(".json") {
            do throws(RevisionError) {
                let path = "\(directory)/pins/\(name)"
                let pin = try readPin(path)
                if dropped.contains(pin.id) { continue }
                if isStale(pin, path) { survey.stalePins.append(pin) } else { survey.pins.append(pin) }
            } catch {
                survey.damagedPins.append("\(directory)/pins/\(name) \(error.message)")
            }
        }
        let needed = Set(survey.pins.flatMap { $0.files.map(\.sha256) })
        for name in RecordFolder.names(directory) where isHexadecimal(name, count: 64) {
            let byteCount = FileState(ofFile: file(name))?.byteCount ?? 0
            survey.fileCount += 1
            survey.byteCount += byteCount
            if !needed.contains(name) { survey.idle.append(KeptSurvey.File(sha256: name, byteCount: byteCount)) }
        }
        let present = Set(RecordFolder.names(directory))
        for pin in survey.pins {
            survey.missing += pin.files.filter { !present.contains($0.sha256) }.map { (pin, $0.path) }
                .map { KeptSurvey.Missing(pin: $0, path: $1) }
        }
        findOrphans(&survey)
        return survey
    }

    /// Which pins have no revision, and the space that comes back with each of them and with all.
    private func findOrphans(_ survey: inout KeptSurvey) {
        let reasons = survey.pins.map(orphanReason)
        let hashes = survey.pins.map { Set($0.files.map(\.sha256)) }
        var pinCounts: [String: Int] = [:]
        for hash in hashes.joined() { pinCounts[hash, default: 0] += 1 }
        var orphanCounts: [String: Int] = [:]
        for (index, reason) in reasons.enumerated() where reason != nil {
            for hash in hashes[index] { orphanCounts[hash, default: 0] += 1 }
        }
        func byteCount(_ hash: String) -> Int { FileState(ofFile: file(hash))?.byteCount ?? 0 }
        for (index, reason) in reasons.enumerated() {
            guard let reason else { continue }
            let own = hashes[index].filter { pinCounts[$0] == 1 }.reduce(0) { $0 + byteCount($1) }
            survey.orphans.append(KeptSurvey.Orphan(pin: survey.pins[index], byteCount: own, reason: reason))
        }
        survey.orphanedByteCount = orphanCounts.filter { pinCounts[$0.key] == $0.value }
            .reduce(0) { $0 + byteCount($1.key) }
    }

    /// Removes the files that no pin needs; while a pin cannot be read, none.
    ///
    /// - Parameter dropped: orphans that are wanted no more; of other pins none goes.
    /// - Returns: what was, or with a dry run would be, removed.
    /// - Throws: `.notKept`.
    package func prune(
        isDryRun: Bool, dropping dropped: Set<String> = []
    ) throws -> (count: Int, byteCount: Int, dropped: [KeptPin]) {
        guard access(directory, F_OK) == 0 else { return (0, 0, []) }
        let lock = isDryRun ? nil : try locked()
        defer { withExtendedLifetime(lock) {} }
        // Looked at under the lock: an album may have come back.
        let gone = dropped.compactMap { pin($0) }.filter { orphanReason($0) != nil }.sorted { $0.id < $1.id }
        let survey = survey(without: Set(gone.map(\.id)))
        guard survey.damagedPins.isEmpty else { return (0, 0, []) }
        if !isDryRun {
            removeLeftovers()
            for pin in gone {
                guard unlink(pinFile(pin.id)) == 0 || errno == ENOENT else { throw failure("unlink", pinFile(pin.id)) }
            }
            for pin in survey.stalePins { unlink(pinFile(pin.id)) }
            for idle in survey.idle {
                guard unlink(file(idle.sha256)) == 0 || errno == ENOENT else {
                    throw failure("unlink", file(idle.sha256))
                }
            }
        }
        return (survey.idle.count, survey.idle.reduce(0) { $0 + $1.byteCount }, gone)
    }

    /// Reads every kept file.
    ///
    /// - Parameter isRepairing: what is damaged is removed: it can then be pinned again.
    /// - Returns: how much was read, and the hashes of the files that are not what they were.
    package func verify(isRepairing: Bool) throws -> (count: Int, byteCount: Int, damaged: [String]) {
        var result = (count: 0, byteCount: 0, damaged: [String]())
        for name in RecordFolder.names(directory) where isHexadecimal(name, count: 64) {
            let read = try? FileCopy.digest(ofFile: file(name))  // what cannot be read is damaged
            result.count += 1
            result.byteCount += read?.byteCount ?? 0
            guard read?.sha256 != name else { continue }
            result.damaged.append(name)
            if isRepairing {
                guard unlink(file(name)) == 0 || errno == ENOENT else { throw failure("unlink", file(name)) }
            }
        }
        return result
    }

    // MARK: -

    private static let suffix = ".incoming"

    private func file(_ sha256: String) -> String { "\(directory)/\(sha256)" }
    private func pinFile(_ id: String) -> String { "\(directory)/pins/\(id).json" }

    private func locked() throws(RevisionError) -> FolderLock {
        guard let lock = FolderLock(directory) else {
            throw RevisionError(.notKept, "\(directory) is in use by another command; try again when that is done")
        }
        return lock
    }

    private func copyIn(_ source: String, _ entry: KeptPin.File) throws {
        let temporary = "\(directory)/.\(getpid())-\(UInt32.random(in: 0 ... .max))\(Self.suffix)"
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o444)
        guard descriptor >= 0 else { throw failure("create a file", directory) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        let copied = try FileCopy.copy(source, to: descriptor, named: temporary)
        guard copied.byteCount == entry.bytes, copied.sha256 == entry.sha256 else {
            throw RevisionError(.changed, "\(source) is not the file that was delivered: its bytes have changed")
        }
        guard rename(temporary, file(entry.sha256)) == 0 else { throw failure("rename", file(entry.sha256)) }
    }

    private func writePin(_ pin: KeptPin) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = [UInt8](try encoder.encode(pin)) + [UInt8(ascii: "\n")]
        let temporary = "\(directory)/.\(pin.id)\(Self.suffix)"
        guard FileManager.default.createFile(atPath: temporary, contents: Data(bytes)) else {
            throw failure("write", temporary)
        }
        let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", temporary) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0, rename(temporary, pinFile(pin.id)) == 0 else {
            throw failure("write", pinFile(pin.id))
        }
    }

    private func readPin(_ path: String) throws(RevisionError) -> KeptPin {
        let bytes = try RevisionRecord.read(path)
        guard let pin = try? JSONDecoder().decode(KeptPin.self, from: Data(bytes)), isHexadecimal(pin.id, count: 32),
            pin.files.allSatisfy({ isHexadecimal($0.sha256, count: 64) && isInside($0.path) })
        else { throw RevisionError(.damaged, "is no record of a pin") }
        return pin
    }

    /// Whether the record, which is there, knows nothing of the pin: its command was killed on the way. One that is
    /// being made is younger than an hour.
    private func isStale(_ pin: KeptPin, _ path: String) -> Bool {
        guard let state = FileState(ofFile: path), time(nil) - state.modified / 1_000_000_000 > 3_600,
            let bytes = try? RevisionRecord.read(pin.record),
            let revision = try? RevisionRecord.decode(bytes, number: pin.number)
        else { return false }
        // The album may have been moved, and another one may lie at its place.
        guard revision.time == pin.time, revision.session.digest == pin.session else { return false }
        return revision.pinned?.id != pin.id
    }

    /// Why a pin is an orphan; nil where its revision is there, or cannot be read.
    private func orphanReason(_ pin: KeptPin) -> KeptSurvey.Orphan.Reason? {
        var status = stat()
        if lstat(pin.record, &status) != 0 { return errno == ENOENT || errno == ENOTDIR ? .gone : nil }
        guard let time = pin.time, let bytes = try? RevisionRecord.read(pin.record),
            let revision = try? RevisionRecord.decode(bytes, number: pin.number)
        else { return nil }
        return revision.time == time && revision.session.digest == pin.session ? nil : .replaced
    }

    private func removeLeftovers() {
        for name in RecordFolder.names(directory) where name.hasPrefix(".") && name.hasSuffix(Self.suffix) {
            unlink("\(directory)/\(name)")
        }
    }

    private func synchronise() throws {
        for path in [directory, directory + "/pins"] {
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure("open", path) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("fsync", path) }
        }
    }

    private func failure(_ operation: String, _ path: String) -> RevisionError {
        RevisionError(.notKept, RecordFolder.failure(operation, path).message)
    }
}

/// Which files a pinned revision needs.
package struct KeptPin: Codable, Sendable, Equatable {
    /// A kept file, and what it was called.
    package struct File: Codable, Sendable, Equatable {
        package var path: String
        package var bytes: Int
        package var sha256: String

        package init(path: String, bytes: Int, sha256: String) {
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// 32 hexadecimal digits.
    package var id: String
    /// Path of the revision's record.
    package var record: String
    package var number: Int
    /// Time and session digest of the revision: another one may come to lie at `record`. Absent in older pins.
    package var time: String?
    package var session: String?
    package var files: [File]

    package init(
        id: String, record: String, number: Int, time: String? = nil, session: String? = nil, files: [File]
    ) {
        self.id = id
        self.record = record
        self.number = number
        self.time = time
        self.session = session
        self.files = files
    }
}

/// What a store keeps of pinned revisions.
package struct KeptSurvey: Sendable {
    package struct File: Sendable, Equatable {
        package var sha256: String
        package var byteCount: Int
    }

    /// A file that a pin needs and that is not there.
    package struct Missing: Sendable, Equatable {
        package var pin: KeptPin
        package var path: String
    }

    /// A pin whose revision is not where it was when it was pinned: the album was deleted or moved, or lies on a disk
    /// that is not there. Its files stay until somebody says otherwise.
    package struct Orphan: Sendable, Equatable {
        package enum Reason: String, Sendable {
            /// There is nothing.
            case gone
            /// Another revision has its place.
            case replaced
        }

        package var pin: KeptPin
        /// Of its files that are kept and that no other pin needs, another orphan neither.
        package var byteCount: Int
        package var reason: Reason
    }

    package var fileCount = 0
    package var byteCount = 0
    package var pins: [KeptPin] = []
    /// Those of `pins` without a revision.
    package var orphans: [Orphan] = []
    /// Of the files that only orphans need, each once.
    package var orphanedByteCount = 0
    /// Of commands that were killed: the next `prune` takes them.
    package var stalePins: [KeptPin] = []
    /// Files that no pin needs, in order of their hashes.
    package var idle: [File] = []
    package var missing: [Missing] = []
    /// Records of pins that cannot be read, each as a sentence.
    package var damagedPins: [String] = []
}
