import Foundation
import RenderHarness
import Testing

/// What commands print: results on standard output, everything else on standard error.
@Suite struct OutputTests {
    @Test func `a render's JSON is render.json and nothing else`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let run = try workshop.run([
            "render", workshop.path("song.yaml"), "--json", "--progress", "json", "--store",
            workshop.path("store"),
            "--segment-seconds", "0.5", "--workers", "1",
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(Array(run.output.utf8) == (try workshop.bytes("song-render/render.json")))
        let song = try #require(try JSON(Array(run.output.utf8))["songs"].elements.first)
        #expect(song["frames"].int == 48_000)
        #expect(song["files"].elements.first?["sha256"].string?.count == 64)
        #expect(song["measurements"]["integrated"].double != nil)
        // Progress is one JSON object a line.
        let lines = run.errors.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines { #expect(try JSON(Array(line.utf8))["event"].string == "progress", "\(line)") }
        let last = try JSON(Array((lines.last ?? "").utf8))
        #expect(last["segmentsDone"].int == last["segmentCount"].int)
    }

    @Test func `without a terminal progress is plain lines, and none where none is asked for`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let render = [
            "render", workshop.path("song.yaml"), "--store", workshop.path("store"), "--workers", "0",
        ]
        let plain = try workshop.run(render)
        #expect(plain.status == 0)
        #expect(
            !plain.errors.contains("\u{1b}") && !plain.errors.contains("\r"),
            "\(plain.errors.debugDescription)")
        #expect(plain.output.contains("1. Short  0:01.0"), "\(plain.output)")
        #expect(plain.output.contains("render.json") || plain.output.contains("report.html"))
        let silent = try workshop.run(render + ["--progress", "none", "--overwrite", "replace"])
        #expect(silent.status == 0)
        #expect(silent.errors.isEmpty, "\(silent.errors)")
    }

    @Test func `plan tells what a render would do, and changes nothing`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let store = ["--store", workshop.path("store"), "--segment-seconds", "0.5"]
        let plan = ["plan", workshop.path("pair.yaml")] + store
        let before = try json(workshop.run(plan + ["--json"]))
        #expect(before["songs"].int == 2)
        #expect(before["sources"].int == 2)
        #expect(before["segmentsReused"].int == 0)
        let least = try #require(before["segmentsAtLeast"].int)
        let most = try #require(before["segmentsAtMost"].int)
        #expect(!workshop.exists("pair-render"))
        let rendered = try json(
            workshop.run(["render", workshop.path("pair.yaml"), "--json", "--workers", "2"] + store))
        let count = try #require(rendered["farm"]["tasks"]["rendered"].int)
        #expect(least <= count && count <= most, "\(least) <= \(count) <= \(most)")
        for file in before["files"].elements {
            let path = try #require(file["path"].string)
            #expect(workshop.exists("pair-render/\(path)"))
            if let most = file["bytes"].int, path.hasSuffix(".wav") {
                #expect(try workshop.bytes("pair-render/\(path)").count <= most + 80)
            }
        }
        // Now everything is known, and in the way.
        let blocked = try workshop.run(plan + ["--json"])
        #expect(blocked.status == 2)
        let after = try JSON(Array(blocked.output.utf8))
        #expect(after["isBlocked"].bool == true)
        #expect(after["segmentsAtLeast"].int == 0)
        #expect((after["segmentsReused"].int ?? 0) > 0)
        let replacing = try workshop.run(plan + ["--overwrite", "replace"])
        #expect(replacing.status == 0)
        #expect(replacing.output.contains("(is there)"))
    }

    @Test func `the doctor says ok or the remedy`() throws {
        let workshop = try Workshop()
        let healthy = try workshop.run(["doctor"])
        #expect(healthy.status == 0, "\(healthy.output)")
        for what in ["processor", "sound library", "FLAC encoder", "ZeroMQ", "store", "disk", "clock"] {
            #expect(
                healthy.output.contains("ok    \(what): ") || healthy.output.contains("ok   \(what): "),
                "\(what)")
        }
        try workshop.write("file", "not a folder")
        let ill = try workshop.run(["doctor", "--store", workshop.path("file/store")])
        #expect(ill.status == 2)
        #expect(ill.output.contains("NOT OK") && ill.output.contains("--store"), "\(ill.output)")
        let told = try workshop.run(["doctor", "--json", "--store", workshop.path("file/store")])
        #expect(told.status == 2)
        let lines = try JSON(Array(told.output.utf8)).elements
        #expect(
            lines.contains {
                $0["what"].string == "store" && $0["isOK"].bool == false && $0["remedy"].isThere
            })
    }

    @Test func `the store is counted, verified and pruned`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let place = ["--store", workshop.path("store")]
        let first = try workshop.run(["render", workshop.path("song.yaml"), "--workers", "0"] + place)
        #expect(first.status == 0)
        let stat = try json(workshop.run(["store", "stat", "--json"] + place))
        let blobs = stat["blobs"].elements
        #expect(!blobs.isEmpty && (stat["results"].int ?? 0) > 0)
        #expect(blobs.reduce(0) { $0 + ($1["bytes"].int ?? 0) } == stat["blobBytes"].int)
        #expect(blobs.allSatisfy { $0["isPinned"].bool == false }, "nothing is pinned when nobody renders")
        let verified = try json(workshop.run(["store", "verify", "--json"] + place))
        #expect(verified["checked"].int == blobs.count)
        #expect(verified["damaged"].elements.isEmpty)
        let dry = try json(workshop.run(["store", "prune", "--to", "0", "--dry-run", "--json"] + place))
        #expect(dry["evicted"].int == blobs.count)
        #expect(
            try json(workshop.run(["store", "stat", "--json"] + place))["blobs"].elements.count == blobs.count
        )
        let kept = try json(workshop.run(["store", "prune", "--days", "1", "--json"] + place))
        #expect(kept["evicted"].int == 0)
        let pruned = try json(workshop.run(["store", "prune", "--to", "0B", "--json"] + place))
        #expect(pruned["evicted"].int == blobs.count)
        #expect(try json(workshop.run(["store", "stat", "--json"] + place))["blobs"].elements.isEmpty)
        let again = try workshop.run(
            ["render", workshop.path("song.yaml"), "--workers", "0", "--overwrite", "replace"] + place)
        #expect(again.status == 0)
    }

    private func json(_ run: LatheProcess.Finished) throws -> JSON {
        guard run.status == 0 else { throw HarnessError("ended with \(run.status): \(run.errors)") }
        return try JSON(Array(run.output.utf8))
    }
}
