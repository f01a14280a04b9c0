internal import Glibc
internal import SessionFiles

/// A revision as it is typed: `[ALBUM@]7`, `[ALBUM@]latest`, `[ALBUM@]latest~2`, `[ALBUM@]NAME`.
package struct RevisionReference: Sendable, Equatable {
    package enum Which: Sendable, Equatable {
        case number(Int)
        /// So many before the last one.
        case latest(back: Int)
        case name(String)
    }

    /// An album or song file, with or without its ending, or a folder with one such; nil for the one in the current
    /// folder.
    package let album: String?
    package let which: Which

    /// - Throws: `.notAReference`.
    package init(_ text: String) throws(RevisionError) {
        // Names hold no `@`, paths may.
        let sign = text.lastIndex(of: "@")
        let rest = sign.map { String(text[text.index(after: $0)...]) } ?? text
        album = sign.map { String(text[..<$0]) }
        guard album != "", let which = Self.parse(rest) else {
            throw RevisionError(
                .notAReference,
                "\"\(printable(text, limit: 200))\" is no revision."
                    + " Write a number, latest, latest~2 or a name, after ALBUM@ where several albums are here."
            )
        }
        self.which = which
    }

    private static func parse(_ text: String) -> Which? {
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return Int(text).map { .number($0) }
        }
        if text == "latest" { return .latest(back: 0) }
        if text.hasPrefix("latest~") {
            let steps = text.dropFirst(7)
            guard !steps.isEmpty, steps.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return Int(steps).map { .latest(back: $0) }
        }
        return (try? RevisionName.check(text)) == nil ? nil : .name(text)
    }

    /// The revision that is meant, seen from a folder.
    ///
    /// - Parameter currentFolder: absolute.
    /// - Throws: `.notFound`, `.ambiguous` with the candidates, `.damaged` where its record is.
    package func find(from currentFolder: String) throws(RevisionError) -> FoundRevision {
        try find(in: Self.log(album, from: currentFolder))
    }

    /// The revision of a log that is meant.
    package func find(in log: RevisionLog) throws(RevisionError) -> FoundRevision {
        let list = log.list()
        switch which {
        case .number(let number):
            if let revision = list.revisions.first(where: { $0.number == number }) {
                return FoundRevision(log: log, revision: revision)
            }
            if let damaged = list.damaged.first(where: { $0.number == number }) {
                throw RevisionError(.damaged, "\(damaged.path) \(damaged.reason)")
            }
            throw RevisionError(.notFound, "\(log.stem) has no revision \(number); it has \(Self.extent(list))")
        case .latest(let back):
            guard back < list.revisions.count else {
                throw RevisionError(
                    .notFound,
                    "\(log.stem) has no revision \(back) before the last one; it has \(Self.extent(list))")
            }
            let found = list.revisions[list.revisions.count - 1 - back]
            // An older one in the place of the last would be the wrong mix.
            if let damaged = list.damaged.first(where: { $0.number > found.number }) {
                throw RevisionError(
                    .damaged,
                    "\(damaged.path) \(damaged.reason). Name the revision by its number, such as \(found.number)")
            }
            return FoundRevision(log: log, revision: found)
        case .name(let name):
            let key = RevisionName.key(name)
            if let revision = list.revisions.first(where: { $0.name.map(RevisionName.key) == key }) {
                return FoundRevision(log: log, revision: revision)
            }
            let names = list.revisions.compactMap(\.name)
            let near = nearestName(to: name, among: names + ["latest"])
            let remedy =
                near.map { "did you mean \"\($0)\"?" }
                ?? (names.isEmpty
                    ? "none of its revisions has a name; it has \(Self.extent(list))"
                    : "there are \(Self.joined(names.map { "\"\($0)\"" }))")
            throw RevisionError(.notFound, "\(log.stem) has no revision called \"\(printable(name))\": \(remedy)")
        }
    }

    /// The log of an album as it is typed, or of the one album in the current folder.
    ///
    /// - Throws: `.notFound`, `.ambiguous`.
    package static func log(_ album: String?, from currentFolder: String) throws(RevisionError) -> RevisionLog {
        guard let album else {
            try RevisionLog.checkIsReadable(currentFolder)
            return try only(
                RevisionLog.logs(in: currentFolder), in: currentFolder, shown: "this folder", prefix: "")
        }
        let path = absolute(album, from: currentFolder)
        let log = RevisionLog(ofSession: path)
        if !log.numbers.isEmpty { return log }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            let prefix = album.hasSuffix("/") ? album : album + "/"
            try RevisionLog.checkIsReadable(path)
            return try only(RevisionLog.logs(in: path), in: path, shown: album, prefix: prefix)
        }
        try RevisionLog.checkIsReadable(log.folder, stem: log.stem)
        let others = RevisionLog.logs(in: log.folder).map(\.stem)
        if let near = nearestName(to: log.stem, among: others) {
            let typedFolder = album.lastIndex(of: "/").map { String(album[...$0]) } ?? ""
            throw RevisionError(.notFound, "\(album) has no revisions; did you mean \(typedFolder)\(near)?")
        }
        let rest =
            others.isEmpty
            ? "`lathe render \(album)` records one" : "here are those of \(joined(others))"
        throw RevisionError(.notFound, "\(album) has no revisions; \(rest)")
    }

    private static func only(
        _ logs: [RevisionLog], in folder: String, shown: String, prefix: String
    ) throws(RevisionError) -> RevisionLog {
        switch logs.count {
        case 1: return logs[0]
        case 0:
            throw RevisionError(
                .notFound,
                "no album in \(shown) has revisions: `lathe render ALBUM` records one. From elsewhere, write ALBUM@7."
            )
        default:
            throw RevisionError(
                .ambiguous,
                "\(shown) has \(logs.count) albums with revisions: \(joined(logs.map { prefix + $0.stem }))."
                    + " Say which, as in \(prefix)\(logs[0].stem)@latest.")
        }
    }

    private static func absolute(_ path: String, from folder: String) -> String {
        plainPath(path.hasPrefix("/") ? path : folder + "/" + path)
    }

    private static func extent(_ list: RevisionList) -> String {
        let numbers = (list.revisions.map(\.number) + list.damaged.map(\.number)).sorted()
        guard let first = numbers.first, let last = numbers.last else { return "none" }
        return numbers.count == 1 ? "only \(first)" : "\(numbers.count), from \(first) to \(last)"
    }

    private static func joined(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}

/// A revision and whose it is.
package struct FoundRevision: Sendable {
    package let log: RevisionLog
    package let revision: Revision

    package init(log: RevisionLog, revision: Revision) {
        self.log = log
        self.revision = revision
    }
}
