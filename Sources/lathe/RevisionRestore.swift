import Farm
import FarmKeys
import Foundation
import Hashing
import Quantities
import Release
import RenderCompiler
import Revisions
import Session
import SessionFiles
import Storage

/// Delivers a revision again: copied from the store where all of it is kept, rendered otherwise.
struct RevisionRestore {
    var found: FoundRevision
    var farm: FarmOptions
    var overwrite = OverwritePolicy.fail
    var writesSession = false
    var alwaysRenders = false
    var acceptsChangedSources = false
    /// Where it is rendered; nil for this machine.
    var endpoint: FarmEndpoint?
    /// The client's folder of keys.
    var keys: String?

    init(found: FoundRevision, farm: FarmOptions) {
        self.found = found
        self.farm = farm
    }

    private var revision: Revision { found.revision }

    /// - Parameter folder: absolute; the policy may number it.
    /// - Throws: a `Failure`, before anything is written where sources are gone or changed.
    func run(into folder: String) throws -> Restored {
        if !alwaysRenders, let kept = keptFiles() { return try copy(kept, into: folder) }
        if revision.pinned != nil, !alwaysRenders {
            note("warning: not all files of \(found.title) are in the store any more; it is rendered again")
        }
        try checkSources()
        return try render(into: folder)
    }

    // MARK: - From the store

    private typealias Kept = (output: Revision.Output, path: String)

    /// Every file of sound, and the documents that are kept with them; nil where one is missing.
    private func keptFiles() -> [Kept]? {
        var stores = [farm.store.map(absolutePath) ?? defaultStoreDirectory()]
        if let pin = revision.pinned { stores.insert(pin.store, at: 0) }
        for store in stores {
            let deliverables = KeptDeliverables(store: store)
            let kept: [Kept] = revision.outputs.compactMap { output in
                deliverables.path(of: output.sha256, byteCount: output.bytes).map { (output, $0) }
            }
            if !kept.isEmpty, kept.count(where: { $0.output.isSound }) == revision.soundOutputs.count { return kept }
        }
        return nil
    }

    private func copy(_ kept: [Kept], into wanted: String) throws -> Restored {
        let files: [(path: String, role: PlannedFile.Role)] = kept.map {
            ($0.output.path, PlannedFile.Role(rawValue: $0.output.role) ?? .master)
        }
        let plan = ReleasePlan(recorded: files)
        let folder = try claim(wanted, plan.adding(sessionPlan))
        for (file, entry) in zip(plan.files, kept) {
            do {
                try folder.copy(
                    entry.path, as: file, sha256: entry.output.sha256, isReplacing: overwrite == .replace)
            } catch let error as ReleaseError {
                let remedy = error.code == .damaged ? " `--render` renders the revision again from its sources." : ""
                throw Failure(code: Exit.couldNotRun, message: error.description + remedy)
            }
        }
        let session = try writeSession(folder)
        folder.complete()
        return Restored(
            folder: folder.path, isFromStore: true,
            files: kept.filter(\.output.isSound).map { Restored.File(path: $0.output.path, verdict: .same) },
            sessionFiles: session)
    }

    // MARK: - Rendered

    /// Says what of the sources is not as it was, before anything is rendered.
    private func checkSources() throws {
        let states = found.sourceStates()
        let gone = states.filter { $0.kind == .gone }
        let changed = states.filter { $0.kind == .changed }
        var printed: [String] = []
        for state in gone + changed {
            printed.append(state.text)
            complain(state.text)
        }
        for state in states where state.kind == .touched {
            note("warning: \(state.text). What is rendered will tell whether its samples are the same.")
        }
        let advice = "A revision that was pinned needs no sources: `lathe pin` keeps its files."
        if !gone.isEmpty {
            throw Failure(
                code: Exit.couldNotRun,
                message: "\(found.title) cannot be rendered again without \(gone.count) of its \(states.count) sources."
                    + " Put them back. \(advice)", printed: printed)
        }
        guard changed.isEmpty || acceptsChangedSources else {
            throw Failure(
                code: Exit.couldNotRun,
                message: "\(changed.count) of the \(states.count) sources of \(found.title) were changed since. Put"
                    + " the old ones back, or render another result with --changed-sources. \(advice)",
                printed: printed)
        }
    }

    private func render(into wanted: String) throws -> Restored {
        let album = try found.albumToRender()
        let songs = try chosenSongs(of: album, revision.options.only)
        guard let stems = StemsChoice(rawValue: revision.options.stems) else {
            throw Failure(
                code: Exit.couldNotRun, message: "\(found.title) asks for stems that this version does not make.")
        }
        let plan = try releasing {
            try ReleasePlan(album: album, stemNames: stemNames(album), stems: stems, songs: songs)
        }
        if let endpoint {
            let folder = try claim(wanted, plan.adding(sessionPlan))
            let document = try RestoreOnFarm(found: found, album: album, stems: stems, endpoint: endpoint, keys: keys)
                .run(into: folder, plan: plan, progress: farm.progress)
            return try conclude(document, folder)
        }
        let store = try openStore(farm.store)
        let folder = try claim(wanted, plan.adding(sessionPlan))
        let document = try RestoreRender(
            album: album, plan: plan, folder: folder, songs: songs, stems: stems,
            segmentSeconds: revision.options.segmentSeconds, farm: farm
        ).run(store)
        _ = try orFail { try store.trimIfNeeded(limitByteCount: try storeLimitBytes(store)) }
        _ = try orFail { try store.close() }
        return try conclude(document, folder)
    }

    /// Compares what was rendered with what was recorded.
    private func conclude(_ document: RenderDocument, _ folder: ReleaseFolder) throws -> Restored {
        for warning in document.warnings { note("warning: \(warning)") }
        let session = try writeSession(folder)
        if document.failures.isEmpty { folder.complete() }
        var restored = Restored(
            folder: folder.path, isFromStore: false, files: compare(document), sessionFiles: session,
            failures: document.failures.map { [$0.song, $0.what].compactMap { $0 }.joined(separator: ": ") })
        if let tasks = document.farm?.tasks {
            restored.segments = "\(tasks.rendered) segments rendered, \(tasks.reused) reused"
        }
        return restored
    }

    // MARK: - Compared

    private func compare(_ document: RenderDocument) -> [Restored.File] {
        let files = document.songs.flatMap { $0.files + $0.stems }
        return revision.soundOutputs.map { output in
            guard let file = files.first(where: { $0.path == output.path }) else {
                return Restored.File(path: output.path, verdict: .missing, reason: reason(document))
            }
            if file.sha256 == output.sha256 { return Restored.File(path: output.path, verdict: .same) }
            if file.pcmSha256 == output.pcmSha256 {
                return Restored.File(path: output.path, verdict: .sameSamples, reason: libraryChanges(document))
            }
            return Restored.File(path: output.path, verdict: .different, reason: reason(document))
        }
    }

    private func libraryChanges(_ document: RenderDocument) -> String {
        let names = Set(document.libraries.keys).union(revision.libraries.keys).sorted()
        let changes = names.compactMap { name -> String? in
            let (old, new) = (revision.libraries[name] ?? "none", document.libraries[name] ?? "none")
            return old == new ? nil : "\(name) was \(old) and is \(new)"
        }
        return changes.isEmpty
            ? "Lathe was \(revision.lathe) and is \(latheVersion)" : changes.joined(separator: ", ")
    }

    private func reason(_ document: RenderDocument) -> String {
        if revision.engine != "\(Engine.digest)" {
            return "the engine is another one (Lathe \(revision.lathe) then, \(latheVersion) now)"
        }
        let states = found.sourceStates().filter { $0.kind != .same }.map { $0.shownPath }
        if !states.isEmpty { return "sources were changed (\(states.prefix(4).joined(separator: ", ")))" }
        return document.failures.isEmpty ? "for no reason that is known: please report it" : "see the errors"
    }

    // MARK: - The session's own files

    /// Those that lie below the album's folder, where they are asked for.
    private var sessionFiles: [Revision.SessionText.File] {
        writesSession ? revision.session.files.filter { isInside($0.path) } : []
    }

    private var sessionPlan: ReleasePlan {
        ReleasePlan(recorded: sessionFiles.map { ($0.path, .document) })
    }

    private func writeSession(_ folder: ReleaseFolder) throws -> [String] {
        guard writesSession else { return [] }
        for file in revision.session.files where !isInside(file.path) {
            note(
                "warning: \(printable(file.path)) lies outside of the album's folder and is not written;"
                    + " `lathe show \(found.log.stem)@\(revision.number) --session` prints it")
        }
        let plan = sessionPlan
        for (planned, file) in zip(plan.files, sessionFiles) {
            try releasing { try folder.writeText(file.text, as: planned) }
        }
        return sessionFiles.map(\.path)
    }

    private func claim(_ wanted: String, _ plan: ReleasePlan) throws -> ReleaseFolder {
        let choices = "\(revision.options) \(writesSession)"
        let identity = "restore \(revision.number) \(revision.session.digest) \(choices) \(Engine.digest)"
        return try releasing {
            try ReleaseFolder(
                claiming: wanted, for: plan, policy: overwrite,
                sessionDigest: Digest.of(Array(identity.utf8)).description)
        }
    }
}
