import ArgumentParser
import Farm
import FarmService
import Foundation
import Quantities
import Revisions
import Storage

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "What is kept of earlier renders.",
        discussion: """
            Everything in the store can be rendered again: it only saves time.
              lathe store stat                how much there is
              lathe store verify --repair     read all of it, drop what is damaged
              lathe store prune --to 5GB      give back what was unused longest
            Except for the files of pinned revisions, which no prune takes: see `lathe help pin`.
            """,
        subcommands: [Stat.self, Verify.self, Prune.self])

    struct Place: ParsableArguments {
        @Option(name: .long, help: "The store's directory (default: $XDG_CACHE_HOME/lathe).") var store: String?
        @Flag(help: "One JSON document on standard output.") var json = false
    }

    struct Stat: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sizes and, with --json, every blob.")
        @OptionGroup var place: Place

        func run() throws {
            let store = try openStore(place.store)
            let statistics = try orFail { try store.statistics() }
            let kept = KeptDeliverables(store: store.directory).survey()
            if place.json { return try printJSON(StoreDocument(statistics, kept)) }
            print("store       \(statistics.directory) (schema \(statistics.schemaVersion))")
            print("on disk     \(sizeText(statistics.diskByteCount)) in \(statistics.packCount) packs")
            print("blobs       \(statistics.blobCount), \(sizeText(statistics.blobByteCount))")
            print("pinned      \(sizeText(statistics.pinnedByteCount))")
            print("results     \(statistics.resultCount)")
            if kept.fileCount > 0 || !kept.pins.isEmpty { StoreCommand.printKept(kept) }
            StoreCommand.noteOrphans(kept)
        }
    }

    /// The files of pinned revisions, which are counted apart.
    private static func printKept(_ kept: KeptSurvey) {
        let pins = kept.pins.count == 1 ? "1 pinned revision" : "\(kept.pins.count) pinned revisions"
        print("released    \(kept.fileCount) files, \(sizeText(kept.byteCount)), of \(pins)")
        if !kept.idle.isEmpty {
            print("            \(kept.idle.count) of them are needed no more: `lathe store prune` removes them")
        }
        noteTrouble(kept)
    }

    private static func noteTrouble(_ kept: KeptSurvey) {
        for damaged in kept.damagedPins {
            note("warning: \(damaged): nothing of the released files is removed while that is so. Delete it by hand.")
        }
        for missing in kept.missing {
            note("warning: \(printable(missing.path)) of \(printable(missing.pin.record)) is not kept any more")
        }
    }

    /// Pins whose album is not there any more, and how to do without them.
    private static func noteOrphans(_ kept: KeptSurvey) {
        let orphans = kept.orphans
        guard !orphans.isEmpty else { return }
        let size = sizeText(kept.orphanedByteCount)
        let head =
            orphans.count == 1
            ? "1 pin has no album where it was pinned" : "\(orphans.count) pins have no album where they were pinned"
        note("\(head); the files that no other pin needs (\(size)) stay:")
        for orphan in orphans {
            let what = orphan.reason == .gone ? "is not there" : "is another revision's now"
            note(
                "  \(orphan.pin.id.prefix(8))  \(sizeText(orphan.byteCount))  revision \(orphan.pin.number):"
                    + " \(printable(orphan.pin.record)) \(what)")
        }
        note(
            "Is the disk not mounted? Was the album moved? Then `lathe pin ALBUM@\(orphans[0].pin.number)` there says"
                + " where it is. Was it deleted? Then `lathe store prune --drop \(orphans[0].pin.id.prefix(8))`"
                + " removes those of its files that no other pin needs, or --drop-orphans those of all of these.")
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every blob and checks its digest. Exit 1 when some are missing or damaged.")
        @OptionGroup var place: Place
        @Flag(help: "Forget what is missing or damaged: it is rendered again when it is needed.") var repair = false

        func run() throws {
            let store = try openStore(place.store)
            let report = try orFail { try store.verify(repairing: repair) }
            let deliverables = KeptDeliverables(store: store.directory)
            let released = try orFail { try deliverables.verify(isRepairing: repair) }
            if place.json {
                try printJSON(VerificationDocument(report, released))
            } else {
                print("\(report.checkedCount) blobs read, \(sizeText(report.checkedByteCount))")
                for loss in report.losses { print("damaged: \(loss.digest) (\(loss.range.pack)): \(loss.reason)") }
                if report.losses.isEmpty {
                    print("all of them are what they were")
                } else {
                    print(
                        report.isRepaired
                            ? "\(report.losses.count) forgotten; they are rendered again when they are needed"
                            : "\(report.losses.count) damaged; `lathe store verify --repair` forgets them")
                }
            }
            if !place.json, released.count > 0 {
                print("\(released.count) files of pinned revisions read, \(sizeText(released.byteCount))")
            }
            for hash in released.damaged {
                let pins = deliverables.survey().pins.filter { pin in pin.files.contains { $0.sha256 == hash } }
                let owners = pins.map { "revision \($0.number) of \(printable($0.record))" }.joined(separator: ", ")
                complain(
                    "damaged: \(deliverables.directory)/\(hash)" + (owners.isEmpty ? "" : ", of \(owners)")
                        + (repair
                            ? ": removed. Restore it and pin it again."
                            : ": `lathe store verify --repair` removes it, so that it can be pinned again."))
            }
            if !released.damaged.isEmpty { throw Failure(code: 1, hasDocument: place.json) }
            if !report.losses.isEmpty && !report.isRepaired { throw Failure(code: 1, hasDocument: place.json) }
        }
    }

    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives back what was unused longest.",
            discussion: """
                  lathe store prune --to 5GB --dry-run
                The files of pinned revisions stay, and do not count; those of revisions that were unpinned go. Pins
                whose album is not there any more are listed, and stay too, until they are dropped by number:
                  lathe store prune --drop 3f2a9c01
                """)
        @OptionGroup var place: Place
        @Option(help: "Keep at most this much: 500MB, 5GB, or bytes.") var to: String?
        @Option(help: "Forget what was not used for so many days.") var days: Int?
        @Flag(help: "Count, change nothing.") var dryRun = false
        @Option(
            help: ArgumentHelp(
                "Give up a pin whose album is not there any more, and its files; repeatable.", valueName: "pin"))
        var drop: [String] = []
        @Flag(help: "Give up all pins whose album is not there any more: is every disk mounted?")
        var dropOrphans = false

        func run() throws {
            let store = try openStore(place.store)
            let deliverables = KeptDeliverables(store: store.directory)
            let named = try named(deliverables.survey())
            let orphans = dropOrphans ? deliverables.survey().orphans.map(\.pin.id) : []
            let limit = try to.map(byteCount) ?? (days == nil ? try storeLimitBytes(store) : nil)
            let since = days.map { Int(time(nil)) - $0 * 86_400 }
            let report = try orFail {
                try store.prune(unusedSince: since, toByteCount: limit, isDryRun: dryRun)
            }
            let released = try orFail { try deliverables.prune(isDryRun: dryRun, dropping: named.union(orphans)) }
            let kept = deliverables.survey(without: dryRun ? Set(released.dropped.map(\.id)) : [])
            if place.json {
                try printJSON(PruneDocument(report, released: released, kept: kept, isDryRun: dryRun))
            } else {
                show(report, released, kept)
            }
            let dropped = Set(released.dropped.map(\.id))
            try checkDropped(named.subtracting(dropped), Set(orphans).subtracting(dropped), kept)
        }

        /// A pin that was to go and stays is not passed over in silence.
        private func checkDropped(_ named: Set<String>, _ orphans: Set<String>, _ kept: KeptSurvey) throws {
            if !kept.damagedPins.isEmpty {
                let missed = named.union(orphans).sorted()
                guard !missed.isEmpty else { return }
                throw Failure(
                    code: Exit.couldNotRun,
                    message: "not dropped: \(list(missed)). While a record of a pin cannot be read, no file that it may"
                        + " need is removed: \(kept.damagedPins[0]).", hasDocument: place.json)
            }
            // An album that came back meanwhile is what `--drop-orphans` leaves alone.
            guard !named.isEmpty else { return }
            throw Failure(
                code: Exit.couldNotRun,
                message: "not dropped: \(list(named.sorted())). The album is there again, or the pin is gone already.",
                hasDocument: place.json)
        }

        private func list(_ pins: [String]) -> String {
            (pins.count == 1 ? "pin " : "pins ") + pins.map { String($0.prefix(8)) }.joined(separator: ", ")
        }

        private func show(
            _ report: EvictionReport, _ released: (count: Int, byteCount: Int, dropped: [KeptPin]), _ kept: KeptSurvey
        ) {
            let verb = dryRun ? "would be evicted" : "evicted"
            print("\(report.evictedCount) blobs \(verb), \(sizeText(report.evictedByteCount))")
            print("on disk: \(sizeText(report.diskByteCountBefore)) to \(sizeText(report.diskByteCountAfter))")
            for pin in released.dropped {
                let verb = dryRun ? "would be dropped" : "dropped"
                print("pin \(pin.id.prefix(8)) \(verb): revision \(pin.number), \(printable(pin.record))")
            }
            if released.count > 0 {
                let verb = dryRun ? "would be removed" : "removed"
                print("\(released.count) files of unpinned revisions \(verb), \(sizeText(released.byteCount))")
            }
            if !kept.pins.isEmpty {
                let count = kept.fileCount - (dryRun ? kept.idle.count : 0)
                let pins = kept.pins.count == 1 ? "1 pinned revision" : "\(kept.pins.count) pinned revisions"
                print("\(count) files of \(pins) stay")
            }
            StoreCommand.noteTrouble(kept)
            StoreCommand.noteOrphans(kept)
        }

        /// Numbers of the pins that are given up by name.
        private func named(_ kept: KeptSurvey) throws -> Set<String> {
            var chosen: Set<String> = []
            for digits in drop {
                let matches = kept.pins.filter { digits.count >= 4 && $0.id.hasPrefix(digits.lowercased()) }
                guard matches.count == 1 else {
                    throw Failure(
                        code: Exit.couldNotRun,
                        message: matches.isEmpty
                            ? "no pin has the number \"\(printable(digits))\": `lathe store prune --dry-run` lists"
                                + " those without an album by the first eight digits."
                                + (kept.damagedPins.first.map { " Not all can be read: \($0)." } ?? "")
                            : "\(matches.count) pins begin with \"\(digits)\": give more digits.")
                }
                guard kept.orphans.contains(where: { $0.pin.id == matches[0].id }) else {
                    throw Failure(
                        code: Exit.couldNotRun,
                        message: "the pin \(digits) is of \(printable(matches[0].record)), which is there:"
                            + " `lathe unpin` takes it back.")
                }
                chosen.insert(matches[0].id)
            }
            return chosen
        }
    }
}

/// A size as people write it.
func byteCount(_ text: String) throws -> Int {
    let units = [("TB", 1_000_000_000_000.0), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1), ("", 1)]
    for (unit, factor) in units where text.hasSuffix(unit) {
        let number = text.dropLast(unit.count).trimmingCharacters(in: .whitespaces)
        if let value = Double(number), value >= 0, value * factor < 9e18 { return Int(value * factor) }
    }
    throw Failure(code: Exit.couldNotRun, message: "\"\(text)\" is not a size. Write 500MB, 5GB or a count of bytes.")
}

/// Ends the command with what the error says, which names the remedy.
func orFail<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as Failure {
        throw failure
    } catch let error as StoreError {
        throw Failure(code: Exit.couldNotRun, message: error.message)
    } catch is FarmClient.Interrupted {
        throw Failure(code: Exit.interrupted(bySignal: Signals.stopSignal), message: "Stopped.")
    } catch {
        throw Failure(code: Exit.couldNotRun, message: plainText(error))
    }
}

func printJSON(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(document), as: UTF8.self))
}
