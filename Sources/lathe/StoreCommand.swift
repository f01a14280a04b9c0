import ArgumentParser
import Farm
import FarmService
import Foundation
import Quantities
import Storage

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "What is kept of earlier renders.",
        discussion: """
            Everything in the store can be rendered again: it only saves time.
              lathe store stat                how much there is
              lathe store verify --repair     read all of it, drop what is damaged
              lathe store prune --to 5GB      give back what was unused longest
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
            if place.json { return try printJSON(StoreDocument(statistics)) }
            print("store       \(statistics.directory) (schema \(statistics.schemaVersion))")
            print("on disk     \(sizeText(statistics.diskByteCount)) in \(statistics.packCount) packs")
            print("blobs       \(statistics.blobCount), \(sizeText(statistics.blobByteCount))")
            print("pinned      \(sizeText(statistics.pinnedByteCount))")
            print("results     \(statistics.resultCount)")
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every blob and checks its digest. Exit 1 when some are missing or damaged.")
        @OptionGroup var place: Place
        @Flag(help: "Forget what is missing or damaged: it is rendered again when it is needed.") var repair = false

        func run() throws {
            let store = try openStore(place.store)
            let report = try orFail { try store.verify(repairing: repair) }
            if place.json {
                try printJSON(VerificationDocument(report))
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
            if !report.losses.isEmpty && !report.isRepaired { throw Failure(code: 1, hasDocument: place.json) }
        }
    }

    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives back what was unused longest.",
            discussion: "Example: lathe store prune --to 5GB --dry-run")
        @OptionGroup var place: Place
        @Option(help: "Keep at most this much: 500MB, 5GB, or bytes.") var to: String?
        @Option(help: "Forget what was not used for so many days.") var days: Int?
        @Flag(help: "Count, change nothing.") var dryRun = false

        func run() throws {
            let store = try openStore(place.store)
            let limit = try to.map(byteCount) ?? (days == nil ? try storeLimitBytes(store) : nil)
            let since = days.map { Int(time(nil)) - $0 * 86_400 }
            let report = try orFail {
                try store.prune(unusedSince: since, toByteCount: limit, isDryRun: dryRun)
            }
            if place.json { return try printJSON(PruneDocument(report, isDryRun: dryRun)) }
            let verb = dryRun ? "would be evicted" : "evicted"
            print("\(report.evictedCount) blobs \(verb), \(sizeText(report.evictedByteCount))")
            print("on disk: \(sizeText(report.diskByteCountBefore)) to \(sizeText(report.diskByteCountAfter))")
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
        throw Failure(code: Exit.couldNotRun, message: "\(error)")
    }
}

func printJSON(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(document), as: UTF8.self))
}

private struct StoreDocument: Encodable {
    struct Blob: Encodable {
        var digest: String
        var pack: Int
        var offset: Int
        var bytes: Int
        var path: String
        var isPinned: Bool
        var usedBy: [String]
    }

    var store: String
    var namespace: String
    var schema: Int
    var diskBytes: Int
    var blobBytes: Int
    var pinnedBytes: Int
    var results: Int
    var packs: Int
    var blobs: [Blob]

    init(_ statistics: StoreStatistics) {
        store = statistics.directory
        namespace = statistics.namespace.name
        schema = statistics.schemaVersion
        diskBytes = statistics.diskByteCount
        blobBytes = statistics.blobByteCount
        pinnedBytes = statistics.pinnedByteCount
        results = statistics.resultCount
        packs = statistics.packCount
        blobs = statistics.blobs.map { blob in
            Blob(
                digest: blob.digest.description, pack: blob.range.pack.rawValue, offset: blob.range.offset,
                bytes: blob.range.byteCount,
                path: statistics.packPath(blob.range.pack), isPinned: blob.isPinned,
                usedBy: blob.usedBy.map(\.description))
        }
    }
}

private struct VerificationDocument: Encodable {
    struct Loss: Encodable {
        var digest: String
        var pack: Int
        var reason: String
    }

    var checked: Int
    var checkedBytes: Int
    var damaged: [Loss]
    var isRepaired: Bool

    init(_ report: VerificationReport) {
        checked = report.checkedCount
        checkedBytes = report.checkedByteCount
        damaged = report.losses.map {
            Loss(digest: $0.digest.description, pack: $0.range.pack.rawValue, reason: $0.reason)
        }
        isRepaired = report.isRepaired
    }
}

private struct PruneDocument: Encodable {
    var isDryRun: Bool
    var evicted: Int
    var evictedBytes: Int
    var diskBytesBefore: Int
    var diskBytesAfter: Int
    var forgottenResults: Int

    init(_ report: EvictionReport, isDryRun: Bool) {
        self.isDryRun = isDryRun
        evicted = report.evictedCount
        evictedBytes = report.evictedByteCount
        diskBytesBefore = report.diskByteCountBefore
        diskBytesAfter = report.diskByteCountAfter
        forgottenResults = report.forgottenResultCount
    }
}
