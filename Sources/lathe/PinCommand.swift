import ArgumentParser
import Foundation
import Release
import Revisions

struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Marks a revision as released: its files are kept until it is unpinned.",
        discussion: """
            The deliverables are copied to the store (sharing their blocks where the file system can), and neither
            `lathe store prune` nor `lathe log --prune` takes anything of it. `lathe restore` needs no sources then.
              lathe pin latest --name "master 1"
              lathe pin 7 --from ~/out           where the files of 7 were restored to
            """)

    @Argument(help: "A revision: a number, a name, latest, latest~2, ALBUM@7.") var revision: String
    @Option(help: ArgumentHelp("The folder with its files (default: where they were delivered).", valueName: "folder"))
    var from: String?
    @Option(help: "Also give it this name.") var name: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Also give it this message.", valueName: "text"))
    var message: String?
    @Option(help: "The store's directory (default: $XDG_CACHE_HOME/lathe).") var store: String?
    @Flag(help: "One JSON document on standard output: the revision's record.") var json = false

    func run() throws {
        let found = try findRevision(revision)
        // What would be refused afterwards is refused before anything is copied.
        try orFail {
            if let name {
                try RevisionName.check(name)
                try found.log.checkIsFree(name, except: found.revision.number)
            }
            if let message { try RevisionName.check(message: message) }
        }
        let before = try found.revision.pinned.flatMap { try isWhole($0, found) ? $0 : nil }
        let pin = try before ?? keep(found)
        let changed: Revision
        do {
            changed = try found.log.change(found.revision.number, name: name, message: message, pin: .pin(pin))
        } catch {
            if before == nil { try? KeptDeliverables(store: pin.store).release(pin.id) }  // else pruned in an hour
            throw Failure(code: Exit.couldNotRun, message: "\(error)")
        }
        if json { return try printJSON(changed) }
        let files = found.revision.soundOutputs
        let bytes = files.reduce(0) { $0 + $1.bytes }
        let title = FoundRevision(log: found.log, revision: changed).title
        print("\(title) is pinned: \(files.count) files, \(sizeText(bytes)), in \(pin.store)/deliverables")
    }

    /// Whether the pin does as it is; an album that was moved is no orphan of `lathe store prune` any more then.
    private func isWhole(_ pin: Revision.Pin, _ found: FoundRevision) throws -> Bool {
        if let store, absolutePath(store) != pin.store { return false }
        let kept = KeptDeliverables(store: pin.store)
        let revision = found.revision
        // What takes long comes first, without the lock that `follow` looks under.
        guard kept.pin(pin.id) != nil,
            revision.soundOutputs.allSatisfy({ kept.verifiedPath(of: $0.sha256, byteCount: $0.bytes) != nil })
        else { return false }
        let record = found.log.path(ofRecord: revision.number)
        return try orFail { try kept.follow(pin.id, of: revision, to: record) }
    }

    private func keep(_ found: FoundRevision) throws -> Revision.Pin {
        let directory = store.map(absolutePath) ?? defaultStoreDirectory()
        let kept = KeptDeliverables(store: directory)
        let folder = from.map(absolutePath) ?? found.revision.folder
        var files: [KeptPin.File] = []
        var places: [String?] = []
        for output in found.revision.outputs {
            let path = "\(folder)/\(output.path)"
            let isKept = kept.verifiedPath(of: output.sha256, byteCount: output.bytes) != nil
            let presence = output.presence(in: folder)
            if !isKept, presence == .gone || presence == .changed {
                // render.json of a later render is another one; the music matters.
                guard output.isSound else { continue }
                throw gone(path, presence, found)
            }
            if !isKept, !output.isSound, try orFail({ try output.verifiedPresence(in: folder) }) != .same { continue }
            files.append(KeptPin.File(path: output.path, bytes: output.bytes, sha256: output.sha256))
            places.append(isKept ? nil : path)
        }
        let id = (0..<2).map { _ in String(format: "%016lx", UInt.random(in: 0 ... .max)) }.joined()
        let pin = KeptPin(
            id: id, record: found.log.path(ofRecord: found.revision.number), number: found.revision.number,
            time: found.revision.time, session: found.revision.session.digest, files: files)
        do {
            try kept.keep(pin, from: places)
        } catch let error as RevisionError where error.code == .changed {
            throw Failure(code: Exit.couldNotRun, message: "\(error). \(remedy(found))")
        } catch let error as RevisionError {
            throw Failure(code: Exit.couldNotRun, message: "\(error). Another store can be chosen with --store.")
        } catch {
            throw Failure(code: Exit.couldNotRun, message: "\(error)")
        }
        return Revision.Pin(id: id, time: timeText(Int(time(nil))), store: directory)
    }

    private func gone(_ path: String, _ presence: Revision.Output.Presence, _ found: FoundRevision) -> Failure {
        let what = presence == .gone ? "is not there any more" : "is another file now"
        return Failure(code: Exit.couldNotRun, message: "\(path) \(what). \(remedy(found))")
    }

    private func remedy(_ found: FoundRevision) -> String {
        "Restore the revision and pin that: `lathe restore \(revision) -o DIR`, then"
            + " `lathe pin \(revision) --from DIR`."
    }
}

struct UnpinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Takes a pin back; `lathe store prune` then gives the space back.",
        discussion: "Example: lathe unpin 7")

    @Argument(help: "A revision: a number, a name, latest, latest~2, ALBUM@7.") var revision: String
    @Flag(help: "One JSON document on standard output: the revision's record.") var json = false

    func run() throws {
        let found = try findRevision(revision)
        guard let pin = found.revision.pinned else {
            if json { return try printJSON(found.revision) }
            return note("\(found.title) is not pinned.")
        }
        let changed = try orFail { try found.log.change(found.revision.number, pin: .unpin) }
        try orFail {
            let kept = KeptDeliverables(store: pin.store)
            // An album's folder that was copied has the pin of the original, which stays.
            if !isOfAnother(pin, kept, found) { try kept.release(pin.id) }
        }
        if json { return try printJSON(changed) }
        print("\(found.title) is not pinned any more. `lathe store prune` gives the space of its files back.")
    }

    private func isOfAnother(_ pin: Revision.Pin, _ kept: KeptDeliverables, _ found: FoundRevision) -> Bool {
        guard let entry = kept.pin(pin.id) else { return false }
        let own = found.log.path(ofRecord: found.revision.number)
        return entry.record != own && isPinned(entry)
    }

    /// Whether the record that a pin was made for still has it.
    private func isPinned(_ entry: KeptPin) -> Bool {
        let folder = (entry.record as NSString).deletingLastPathComponent as NSString
        let album = ((folder.deletingLastPathComponent as NSString).deletingLastPathComponent as NSString)
        let log = RevisionLog(folder: album.deletingLastPathComponent, stem: folder.lastPathComponent)
        return (try? log.revision(entry.number))?.pinned?.id == entry.id
    }
}
