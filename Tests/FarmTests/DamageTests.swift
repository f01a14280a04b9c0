import Foundation
import Metering
import RenderEngine
import RenderHarness
import Testing

/// Whatever happens to stored bytes, a render finds out and makes them again.
@Suite struct DamageTests {
    /// A part of the store, and what it is by its content.
    private struct Blob {
        enum Kind: String, CaseIterable {
            /// A window of a delivered integer file.
            case quantised
            case encoded
            /// A window of a delivered stem.
            case stem
            /// What the gain of the finish is found from.
            case measurement
            /// Snapshots, and windows that nothing delivered holds.
            case inner

            /// Whether a render into an empty folder reads it though everything is in the ledger.
            var isNeeded: Bool { self != .inner }
        }

        var digest: String
        var path: String
        var offset: Int
        var byteCount: Int
        var kind: Kind
    }

    @Test func `one damaged part of any kind is named, made again, and the files are the same`() throws {
        let (workshop, reference) = try rendered()
        var random = Random(seed: 4)
        let blobs = try blobs(workshop, reference)
        for kind in Blob.Kind.allCases {
            let chosen = blobs.filter { $0.kind == kind }.shuffled(using: &random).prefix(
                kind == .encoded ? 2 : 3)
            try #require(!chosen.isEmpty, "\(kind)")
            for (number, blob) in chosen.enumerated() {
                // The store moves nothing, but what was made again lies elsewhere: it is looked up afresh.
                let place = try #require(try find(workshop).first { $0.digest == blob.digest })
                try damage(
                    place, zeroed: number % 2 == 0, at: Int.random(in: 0..<place.byteCount, using: &random))
                let verdict = try workshop.run([
                    "store", "verify", "--json", "--store", workshop.path("store"),
                ])
                #expect(verdict.status == 1)
                let named = try JSON(Array(verdict.output.utf8))["damaged"].elements.compactMap {
                    $0["digest"].string
                }
                #expect(named == [blob.digest])
                try workshop.remove("out")
                let again = try workshop.render(
                    "pair.yaml", into: "out", ["--workers", number == 0 ? "2" : "0"])
                #expect(again.differences(from: reference) == [], "\(kind)")
                #expect(
                    (again.tasks("rendered") > 0) == kind.isNeeded,
                    "\(kind) of \(blob.byteCount) bytes: \(again.tasks("rendered"))")
                let repair = try workshop.run([
                    "store", "verify", "--repair", "--store", workshop.path("store"),
                ])
                #expect(repair.status == 0)
                // What nobody read was not made again; the repair forgot its result too, which the next render needs.
                guard !kind.isNeeded else { continue }
                try workshop.remove("out")
                let mended = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
                #expect(mended.differences(from: reference) == [])
            }
        }
        #expect(try workshop.run(["store", "verify", "--store", workshop.path("store")]).status == 0)
    }

    @Test func `many damaged parts at once, the snapshots among them`() throws {
        let (workshop, reference) = try rendered()
        var random = Random(seed: 9)
        for round in 0..<3 {
            for blob in try blobs(workshop, reference) where blob.kind == .inner || random.double() < 0.4 {
                try damage(
                    blob, zeroed: random.double() < 0.5,
                    at: Int.random(in: 0..<blob.byteCount, using: &random))
            }
            try workshop.remove("out")
            let again = try workshop.render("pair.yaml", into: "out", ["--workers", "\(round)"])
            #expect(again.differences(from: reference) == [])
            #expect(again.tasks("rendered") > 0)
        }
    }

    @Test(arguments: ["0", "1", "2"])
    func `what a worker's memory damages on the way to the disk is found by who reads it`(workers: String) throws {
        let (workshop, reference) = try rendered()
        var madeAgain = 0
        for seed in 1...4 {
            var random = Random(seed: UInt64(seed))
            let parts = (0..<12).map { _ in String(Int.random(in: 1...150, using: &random)) }
            try workshop.remove("out")
            try workshop.remove("store")
            let torn = try workshop.render(
                "pair.yaml", into: "out", ["--workers", workers],
                environment: ["LATHE_TEST_TEAR": parts.joined(separator: ",")])
            #expect(torn.differences(from: reference) == [], "parts \(parts)")
            madeAgain += torn.tasks("rendered") - reference.tasks("rendered")
            // What nobody has read yet waits in the store under a digest that it has not: a later render finds out.
            _ = try workshop.run(["store", "verify", "--repair", "--store", workshop.path("store")])
            try workshop.remove("out")
            let later = try workshop.render("pair.yaml", into: "out", ["--workers", workers])
            #expect(later.differences(from: reference) == [], "parts \(parts), later")
        }
        #expect(madeAgain > 0)
    }

    @Test func `a worker that damages what only files read ends the render with an error, and no file`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let run = try workshop.run(
            workshop.renderArguments("pair.yaml", into: "out", ["--workers", "1"]),
            environment: ["LATHE_TEST_TEAR": "rounded"])
        #expect(run.status == 3, "\(run.errors)")
        // The stems are floats, and whole.
        let masters = workshop.files("out").filter { $0.hasSuffix(".wav") && !$0.contains("stems/") }
        #expect(masters == [])
        #expect(run.errors.contains("its bytes were not those of its result"), "\(run.errors)")
    }

    @Test func `lost packs and a lost or ruined database`() throws {
        let (workshop, reference) = try rendered()
        let packs = workshop.files("store").filter { $0.hasSuffix(".pack") }
        let largest = try #require(
            try packs.max { try workshop.bytes("store/\($0)").count < workshop.bytes("store/\($1)").count })
        let losses: [(String, () throws -> Void)] = [
            ("a pack", { try workshop.remove("store/\(largest)") }),
            ("the database", { for name in databaseFiles { try workshop.remove("store/local/\(name)") } }),
            ("the packs", { try workshop.remove("store/local/packs") }),
        ]
        for (what, lose) in losses {
            try lose()
            try workshop.remove("out")
            let again = try workshop.render("pair.yaml", into: "out", ["--workers", "2"])
            #expect(again.differences(from: reference) == [], "\(what)")
            #expect(again.tasks("rendered") > 0, "\(what)")
        }
        // A database of nonsense is not guessed at: the message says which file to remove.
        for name in databaseFiles.dropFirst() { try workshop.remove("store/local/\(name)") }
        try workshop.write("store/local/store.sqlite", String(repeating: "no database ", count: 2000))
        try workshop.remove("out")
        let refused = try workshop.run(workshop.renderArguments("pair.yaml", into: "out"))
        #expect(refused.status == 2)
        #expect(refused.errors.contains("store.sqlite"), "\(refused.errors)")
        try workshop.remove("store/local/store.sqlite")
        #expect(try workshop.render("pair.yaml", into: "out").differences(from: reference) == [])
    }

    private let databaseFiles = ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"]

    // MARK: - The store's parts

    private func rendered() throws -> (Workshop, Delivered) {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        return (workshop, try workshop.render("pair.yaml", into: "out"))
    }

    private func find(_ workshop: Workshop) throws -> [Blob] {
        let run = try workshop.run(["store", "stat", "--json", "--store", workshop.path("store")])
        return try JSON(Array(run.output.utf8))["blobs"].elements.map { blob in
            Blob(
                digest: try #require(blob["digest"].string), path: try #require(blob["path"].string),
                offset: try #require(blob["offset"].int), byteCount: try #require(blob["bytes"].int),
                kind: .inner)
        }
    }

    private func blobs(_ workshop: Workshop, _ reference: Delivered) throws -> [Blob] {
        let delivered = try content(of: reference)
        let encoded = reference.sounds.filter { $0.key.hasSuffix(".flac") }.map { Data($0.value) }
        return try find(workshop).map { blob in
            var blob = blob
            let bytes = try read(blob)
            if let kind = delivered[bytes] {
                blob.kind = kind
            } else if bytes.starts(with: [0xFF, 0xF8]), encoded.contains(where: { $0.range(of: Data(bytes)) != nil }) {
                blob.kind = .encoded
            } else if (try? SegmentMeasurement(bytes: bytes)) != nil || FinishReport(bytes: bytes) != nil {
                blob.kind = .measurement
            }
            return blob
        }
    }

    /// The windows of the delivered files as the farm holds them.
    private func content(of delivered: Delivered) throws -> [[UInt8]: Blob.Kind] {
        var content: [[UInt8]: Blob.Kind] = [:]
        let windowFrames = 24_000
        for (name, bytes) in delivered.sounds {
            if name.hasSuffix(".flac") {
                // Stretches of it are looked for in the whole.
                continue
            } else if name.hasPrefix("stems/") {
                let data = Array(bytes[94...])
                for start in stride(from: 0, to: data.count, by: windowFrames * 8) {
                    content[planar(data[start..<min(start + windowFrames * 8, data.count)])] = .stem
                }
            } else {
                let data = bytes[80...]
                for start in stride(from: data.startIndex, to: data.endIndex, by: windowFrames * 6) {
                    content[Array(data[start..<min(start + windowFrames * 6, data.endIndex)])] = .quantised
                }
            }
        }
        return content
    }

    /// Interleaved stereo Float32 with one channel after the other.
    private func planar(_ interleaved: ArraySlice<UInt8>) -> [UInt8] {
        let frames = interleaved.count / 8
        var bytes: [UInt8] = []
        for channel in 0..<2 {
            for frame in 0..<frames {
                let at = interleaved.startIndex + frame * 8 + channel * 4
                bytes += interleaved[at..<at + 4]
            }
        }
        return bytes
    }

    private func read(_ blob: Blob) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: blob.path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(blob.offset))
        return [UInt8](try file.read(upToCount: blob.byteCount) ?? Data())
    }

    private func damage(_ blob: Blob, zeroed: Bool, at place: Int) throws {
        let before = try read(blob)
        var after = before
        if zeroed { after = Array(repeating: 0, count: before.count) }
        if after == before { after[place] ^= 0x10 }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: blob.path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(blob.offset))
        try file.write(contentsOf: Data(after))
    }
}
