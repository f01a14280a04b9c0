internal import Glibc

/// The revisions of one album or song file.
///
/// They lie beside it, in `.lathe/revisions/STEM`, a file each: they are the user's, not the store's, which may be
/// deleted. Any number of processes may use the same log.
package struct RevisionLog: Sendable, Hashable {
    /// Absolute path of the folder with the album in it.
    package let folder: String
    /// The album's file name without `.yaml`.
    package let stem: String

    package init(folder: String, stem: String) {
        self.folder = folder
        self.stem = stem
    }

    /// - Parameter path: of an album or song file, absolute; it need not be there any more.
    package init(ofSession path: String) {
        let path = plainPath(path)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let ending = [".yaml", ".yml"].first { name.lowercased().hasSuffix($0) } ?? ""
        let stem = String(name.dropLast(ending.count))
        // `..yaml` must not become a folder's parent.
        let isUsable = !stem.isEmpty && stem != "." && stem != ".."
        self.init(folder: folderOf(path), stem: isUsable ? stem : name)
    }

    /// The logs of a folder that hold a record, in order of their names.
    package static func logs(in folder: String) -> [RevisionLog] {
        RecordFolder.names(home(folder)).map { RevisionLog(folder: folder, stem: $0) }.filter { !$0.numbers.isEmpty }
    }

    /// What cannot be listed is not an empty log.
    ///
    /// - Throws: `.unreadable`.
    static func checkIsReadable(_ folder: String, stem: String? = nil) throws(RevisionError) {
        for path in [home(folder)] + (stem.map { ["\(home(folder))/\($0)"] } ?? []) {
            guard !RecordFolder.isReadable(path) else { continue }
            let isFile = errno == ENOTDIR
            throw RevisionError(
                .unreadable,
                "\(path) cannot be read (\(String(cString: strerror(errno))))."
                    + (isFile ? " A file lies where a folder is needed: move it away." : " Change its permissions."))
        }
    }

    /// The folder of the records.
    package var directory: String { "\(Self.home(folder))/\(stem)" }

    /// Where a record lies.
    package func path(ofRecord number: Int) -> String { "\(directory)/\(RecordFolder.fileName(number))" }

    /// The absolute path for one that a record holds.
    package func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    /// The numbers there are, readable or not, ascending.
    package var numbers: [Int] { RecordFolder.numbers(directory) }

    /// All revisions, ascending, and the records that cannot be read.
    package func list() -> RevisionList {
        var list = RevisionList(log: self)
        for number in numbers {
            do throws(RevisionError) {
                list.revisions.append(try revision(number))
            } catch {
                list.damaged.append(DamagedRecord(number: number, path: path(ofRecord: number), reason: error.message))
            }
        }
        return list
    }

    /// - Throws: `.damaged`; the message ends a sentence about the file.
    package func revision(_ number: Int) throws(RevisionError) -> Revision {
        placed(try RevisionRecord.decode(RevisionRecord.read(path(ofRecord: number)), number: number))
    }

    /// As read from a record, whose folder is relative to the album's: an album may be moved with what was made of it.
    private func placed(_ revision: Revision) -> Revision {
        var placed = revision
        placed.folder = plainPath(absolute(revision.folder))
        return placed
    }

    /// To be written into a record.
    private func portable(_ revision: Revision) -> Revision {
        var portable = revision
        let path = relative(revision.folder, to: folder)
        // Behind a link `..` is not what it looks like.
        if !path.split(separator: "/").contains("..") { portable.folder = path }
        return portable
    }

    /// The last one that can be read.
    package func latest() -> Revision? {
        for number in numbers.reversed() { if let revision = try? revision(number) { return revision } }
        return nil
    }

    /// The newest revision, where a render of the same would come to what already lies in its folder: session, choices,
    /// engine and libraries are the same, the audio is, and every file is there with the size and time that were
    /// recorded. The documents of a pinned one are those that are kept: in the folder there may be later ones.
    ///
    /// - Parameters:
    ///   - draft: what would be rendered; its outputs are not looked at.
    ///   - folder: where it would be delivered.
    package func standing(_ draft: Expected, in folder: String) -> Revision? {
        // Of a damaged record nobody knows what it says.
        guard let last = numbers.last, let latest = try? revision(last) else { return nil }
        let sources = latest.sources
        guard latest.session.digest == draft.session.digest, latest.options == draft.options,
            latest.engine == draft.engine, latest.libraries == draft.libraries, latest.folder == plainPath(folder),
            sources.count == draft.sources.count, zip(sources, draft.sources).allSatisfy({ $0.isSameFile(as: $1) }),
            latest.outputs.allSatisfy({ output in
                let presence = output.presence(in: latest.folder)
                return presence == .same || latest.pinned != nil && !output.isSound && presence != .gone
            })
        else { return nil }
        return latest
    }

    /// What decides the bytes of a render that has not begun.
    package struct Expected: Sendable {
        package var session: Revision.SessionText
        package var options: Revision.Options
        package var engine: String
        /// As in a revision: another encoder may write other bytes.
        package var libraries: [String: String]
        /// In order of their paths.
        package var sources: [Revision.Source]

        package init(
            session: Revision.SessionText, options: Revision.Options, engine: String, libraries: [String: String],
            sources: [Revision.Source]
        ) {
            self.session = session
            self.options = options
            self.engine = engine
            self.libraries = libraries
            self.sources = sources
        }
    }

    /// What became of a finished render.
    package enum Recording: Sendable {
        case recorded(Revision)
        /// It came to the same as this one, the last, and has no name and no message of its own.
        case unchanged(Revision)
    }

    /// Records a finished render under the next free number; durable when this returns.
    ///
    /// - Parameter beforeLinking: called when the record is on the disk and has no number yet.
    /// - Throws: `.nameTaken`, `.badName`, `.badMessage`, `.notWritten`, `.tooLarge`.
    package func record(_ draft: Revision, beforeLinking: () -> Void = {}) throws -> Recording {
        if let name = draft.name { try RevisionName.check(name) }
        if let message = draft.message { try RevisionName.check(message: message) }
        let records = try RecordFolder(writing: directory)
        if let name = draft.name { try checkIsFree(name, except: nil) }
        if draft.name == nil, draft.message == nil, let last = numbers.last,
            let latest = try? revision(last), latest.isSameRender(as: draft)
        {
            return .unchanged(try moving(latest, to: draft, records))
        }
        var revision = draft
        revision.number = try records.append(
            { number in
                var numbered = draft
                numbered.number = number
                return try RevisionRecord.encode(portable(numbered))
            }, beforeLinking: beforeLinking)
        return .recorded(revision)
    }

    /// The same render was delivered again: its files lie where they were written last, and have the time of that. The
    /// audio that it was made from now, by these libraries now, makes the same.
    private func moving(_ revision: Revision, to draft: Revision, _ records: RecordFolder) throws -> Revision {
        var moved = revision
        moved.folder = draft.folder
        // The documents that a pin keeps stay those that were kept.
        let documents = (revision.pinned == nil ? draft : revision).outputs.filter { !$0.isSound }
        moved.outputs = draft.soundOutputs + documents
        let known = revision.sources.reduce(into: [String: Revision.Source]()) { $0[$1.path] = $1 }
        moved.sources = draft.sources.map { source in
            // What its samples are may have been learned then, and not now.
            guard source.sound?.digest == nil, let before = known[source.path], before.isSameFile(as: source)
            else { return source }
            return before
        }
        moved.libraries = draft.libraries
        guard moved != revision else { return revision }
        let changed = ["folder", "outputs", "sources", "libraries"]
        let bytes = try RevisionRecord.read(path(ofRecord: revision.number))
        try records.replace(
            revision.number, with: RevisionRecord.changing(bytes, to: portable(moved), changed))
        return moved
    }

    /// Gives a revision a name or a message, or pins it; nil for what stays.
    ///
    /// - Throws: as `record`, and `.damaged`.
    @discardableResult
    package func change(
        _ number: Int, name: String? = nil, message: String? = nil, pin: PinChange? = nil
    ) throws -> Revision {
        if let name { try RevisionName.check(name) }
        if let message { try RevisionName.check(message: message) }
        let records = try RecordFolder(writing: directory)
        if let name { try checkIsFree(name, except: number) }
        let bytes = try RevisionRecord.read(path(ofRecord: number))
        var revision = placed(try RevisionRecord.decode(bytes, number: number))
        if let name { revision.name = name }
        if let message { revision.message = message }
        switch pin {
        case .pin(let pin): revision.pinned = pin
        case .unpin: revision.pinned = nil
        case nil: break
        }
        try records.replace(number, with: RevisionRecord.changing(bytes, to: revision, ["name", "message", "pinned"]))
        return revision
    }

    /// What is to become of a revision's pin.
    package enum PinChange: Sendable {
        case pin(Revision.Pin)
        case unpin
    }

    /// - Throws: `.nameTaken` where another revision is called so.
    package func checkIsFree(_ name: String, except number: Int? = nil) throws(RevisionError) {
        let key = RevisionName.key(name)
        for other in list().revisions where other.number != number {
            guard let taken = other.name, RevisionName.key(taken) == key else { continue }
            throw RevisionError(
                .nameTaken,
                "revision \(other.number) is called \"\(taken)\" already. Choose another name, or none.")
        }
    }

    private static func home(_ folder: String) -> String { "\(folder == "/" ? "" : folder)/.lathe/revisions" }
}

/// A log as it was read.
package struct RevisionList: Sendable {
    package let log: RevisionLog
    /// Ascending.
    package var revisions: [Revision] = []
    package var damaged: [DamagedRecord] = []
}

/// A record that cannot be read; it keeps its number.
package struct DamagedRecord: Sendable, Equatable {
    package let number: Int
    package let path: String
    /// The end of a sentence that begins with the file.
    package let reason: String
}
