internal import Glibc

/// What a render does about files that are there already.
package enum OverwritePolicy: String, Sendable, Hashable, CaseIterable {
    /// Refuses to start.
    case fail
    /// Puts the new file in the place of the old one, each when it is complete.
    case replace
    /// Writes into `FOLDER 2`, `FOLDER 3`... instead.
    case number
}

/// The folder of one render, held by this process until the object goes.
///
/// Nobody else renders into it meanwhile. Files that an interrupted render of the same session published
/// count as its own: they are replaced under every policy.
package final class ReleaseFolder {
    /// Absolute or as given; the policy may have numbered it.
    package let path: String
    /// Whether an interrupted render of the same session is carried on.
    package let isResumed: Bool

    private let policy: OverwritePolicy
    private let lock: MarkerLock
    /// Files of this session that may be there.
    private var ownFiles: Set<String>

    /// Takes the folder: chooses its number, makes it, locks it and leaves the marker in it.
    ///
    /// - Parameters:
    ///   - folder: where the user wants the render.
    ///   - sessionDigest: the session's identity; a render with another one is another render.
    /// - Throws: `ReleaseError`: `.exists` with the files under the policy `fail`, `.inUse` where another
    ///   process renders there, and what the system refuses.
    package init(
        claiming folder: String, for plan: ReleasePlan, policy: OverwritePolicy, sessionDigest: String
    ) throws {
        let claimed = try Self.claimNumbered(withoutFinalSlashes(folder), plan, policy, sessionDigest)
        path = claimed.path
        self.policy = policy
        lock = claimed.lock
        isResumed = claimed.marker != nil
        ownFiles = Set(claimed.marker?.files ?? [])
        for file in ownFiles { unlink(PendingFile.temporaryPath(for: "\(path)/\(file)")) }
        let marker = RenderMarker(
            session: sessionDigest, files: Array(ownFiles.union(plan.files.map(\.path))))
        if !isResumed || ownFiles.count != marker.files.count { try lock.write(marker.bytes()) }
    }

    /// What a render would find: nothing is made, locked or written.
    package static func survey(
        _ folder: String, for plan: ReleasePlan, policy: OverwritePolicy, sessionDigest: String
    ) -> FolderSurvey {
        let folder = withoutFinalSlashes(folder)
        var number = 1
        while true {
            let candidate = numbered(folder, number)
            let marker = RenderMarker.read(inFolder: candidate).flatMap {
                $0.session == sessionDigest ? $0 : nil
            }
            let present = present(plan, candidate)
            let blocking = policy == .replace ? [] : blocking(present, marker)
            if policy == .number, !blocking.isEmpty, number < maximumNumber {
                number += 1
                continue
            }
            return FolderSurvey(
                path: candidate, existingFiles: present, blockingFiles: blocking, isResumed: marker != nil)
        }
    }

    /// Makes a folder, with those above it, for files that are written without taking it: quick listens, fetched ones.
    ///
    /// - Throws: `ReleaseError`.
    package static func make(_ folder: String) throws { try makeFolder(withoutFinalSlashes(folder)) }

    /// Whether a render is under way in a folder, or was interrupted there.
    package static func isUnfinished(_ folder: String) -> Bool {
        isEntry(withoutFinalSlashes(folder) + "/" + RenderMarker.name)
    }

    /// The path of a planned file.
    package func path(of file: PlannedFile) -> String { "\(path)/\(file.path)" }

    /// Begins a deliverable under its temporary name, and makes its folder.
    ///
    /// - Precondition: the file is no document.
    /// - Throws: `ReleaseError`.
    package func writer(for file: PlannedFile) throws -> DeliverableWriter {
        guard let kind = file.kind else { preconditionFailure("a document is no deliverable") }
        let path = path(of: file)
        try makeFolder(withoutFinalSlashes(split(path).folder))
        return try DeliverableWriter(
            finalPath: path, kind: kind, rateHertz: file.rateHertz, channelCount: file.channelCount)
    }

    /// Gives a finished deliverable its final name, under the policy.
    ///
    /// - Throws: `ReleaseError`.
    package func publish(_ writer: DeliverableWriter, as file: PlannedFile) throws {
        try writer.publish(isReplacing: mayReplace(file))
        // It may be written again: a dispute can take back windows of a song that was published.
        ownFiles.insert(file.path)
    }

    /// Takes a file that is there for the deliverable that it is.
    package func keep(_ file: PlannedFile) { ownFiles.insert(file.path) }

    /// Writes a document whole or not at all, under the policy.
    ///
    /// - Throws: `ReleaseError`.
    package func write(_ bytes: [UInt8], as file: PlannedFile) throws {
        try writeAtomically(bytes, to: path(of: file), isReplacing: mayReplace(file))
        ownFiles.insert(file.path)
    }

    /// The render is over: the marker goes, and what lies in the folder is a delivery from now on.
    ///
    /// An interrupted render does not call this; the same command then carries on.
    package func complete() { lock.remove() }

    /// Whether a file that is there under the planned name is this render's to replace, and so to leave as it is.
    package func mayReplace(_ file: PlannedFile) -> Bool {
        policy == .replace || ownFiles.contains(file.path)
    }

    private static let maximumNumber = 9_999

    private static func numbered(_ folder: String, _ number: Int) -> String {
        number == 1 ? folder : "\(folder) \(number)"
    }

    private struct Claim {
        var path: String
        var lock: MarkerLock
        /// Of the interrupted render of the same session.
        var marker: RenderMarker?
    }

    private static func claimNumbered(
        _ folder: String, _ plan: ReleasePlan, _ policy: OverwritePolicy, _ sessionDigest: String
    ) throws(ReleaseError) -> Claim {
        var number = 1
        while true {
            do {
                return try claim(numbered(folder, number), plan, policy, sessionDigest)
            } catch {
                let isTaken = error.code == .exists || error.code == .inUse
                guard isTaken, policy == .number, number < maximumNumber else { throw error }
                number += 1
            }
        }
    }

    private static func claim(
        _ folder: String, _ plan: ReleasePlan, _ policy: OverwritePolicy, _ sessionDigest: String
    ) throws(ReleaseError) -> Claim {
        try makeFolder(folder)
        let lock = try MarkerLock(folder: folder)
        let marker = RenderMarker.read(inFolder: folder).flatMap { $0.session == sessionDigest ? $0 : nil }
        let blocking = policy == .replace ? [] : blocking(present(plan, folder), marker)
        guard blocking.isEmpty else {
            if lock.isNew { lock.remove() }
            throw occupied(folder, blocking)
        }
        return Claim(path: folder, lock: lock, marker: marker)
    }

    private static func present(_ plan: ReleasePlan, _ folder: String) -> [String] {
        plan.files.map(\.path).filter { isEntry("\(folder)/\($0)") }
    }

    private static func blocking(_ present: [String], _ marker: RenderMarker?) -> [String] {
        guard let marker else { return present }
        let own = Set(marker.files)
        return present.filter { !own.contains($0) }
    }

    private static func occupied(_ folder: String, _ files: [String]) -> ReleaseError {
        let limit = 10
        let listed = files.prefix(limit).map { "`\($0)`" }.joined(separator: ", ")
        let rest = files.count > limit ? " and \(files.count - limit) more" : ""
        return ReleaseError(
            .exists,
            "holds files that this render would write: \(listed)\(rest). Use --overwrite replace to replace "
                + "them, --overwrite number to write into `\(split(folder).name) 2`, or another folder with -o.",
            path: folder, files: files)
    }
}

/// What lies where a render would write.
package struct FolderSurvey: Sendable, Equatable {
    /// The folder that would be written, with its number.
    package let path: String
    /// Planned files that are there; those that do not block would be replaced.
    package let existingFiles: [String]
    /// Planned files that are there and may not be replaced: the render would refuse to start.
    package let blockingFiles: [String]
    /// Whether an interrupted render of the same session would be carried on.
    package let isResumed: Bool
}
