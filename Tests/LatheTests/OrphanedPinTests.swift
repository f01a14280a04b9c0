import Foundation
import RenderHarness
import Testing

/// Pins whose album was copied, moved or deleted.
@Suite struct OrphanedPinTests {
    @Test func `a copied album says where its pin was taken back in the original, and what to do`() throws {
        let studio = try Studio()
        try studio.renderAndPin()
        try studio.copyAlbum(to: "copy")
        #expect(try studio.run("log", "copy/album").output.contains("master 1, pinned\n"))
        #expect(try studio.run("unpin", "album@1").status == 0)
        // Before and after the files go: they are not kept for this revision.
        for arguments in [["store", "stat"], ["store", "prune"]] {
            #expect(try studio.run(arguments).status == 0)
            let log = try studio.run("log", "copy/album")
            #expect(log.status == 0 && log.output.contains("master 1, pinned (files not kept)"), "\(log.output)")
            #expect(log.errors.contains("`lathe pin album@1` keeps them anew"), "\(log.errors)")
            let show = try studio.run("show", "copy/album@1")
            #expect(show.output.contains("album@1 \"master 1\", pinned (files not kept)"), "\(show.output)")
            #expect(show.errors.contains("does not keep its files any more"), "\(show.errors)")
        }
        let document = try JSON(Array(studio.run("log", "copy/album", "--json").output.utf8))
        let entry = try #require(document["revisions"].elements.first)
        #expect(entry["isPinned"].bool == true && entry["isKept"].bool == false)
        #expect(try JSON(Array(studio.run("show", "copy/album@1", "--json").output.utf8))["isKept"].bool == false)
        // What it says to do helps.
        #expect(try studio.run("pin", "copy/album@1", "--from", "album-render").status == 0)
        let mended = try studio.run("log", "copy/album")
        #expect(mended.output.contains("master 1, pinned\n") && mended.errors.isEmpty, "\(mended.output)")
        #expect(!(try studio.run("log", "album").output.contains("pinned")))
    }

    @Test func `a pinned revision whose store is not there asks for its disk`() throws {
        let studio = try Studio()
        try studio.renderAndPin("--store", studio.workshop.path("other"))
        try studio.workshop.remove("other")
        let log = try studio.run("log")
        #expect(log.output.contains("pinned (files not kept)") && log.errors.contains("Is its disk mounted?"))
    }

    @Test func `pins of a deleted album are listed, and go only when they are dropped`() throws {
        let studio = try Studio()
        try studio.renderAndPin()
        let kept = studio.keptFiles
        #expect(kept.count == 4)
        try studio.workshop.remove(".lathe")
        for verb in [["prune", "--to", "0", "--dry-run"], ["prune", "--to", "0"], ["stat"]] {
            let run = try studio.run(["store"] + verb)
            #expect(run.status == 0)
            #expect(run.errors.contains("1 pin has no album where it was pinned; the files that"), "\(run.errors)")
            #expect(run.errors.contains("that no other pin needs ("), "\(run.errors)")
            #expect(run.errors.contains("revision 1: \(studio.record) is not there"), "\(run.errors)")
            #expect(run.errors.contains("Is the disk not mounted?"), "\(run.errors)")
            #expect(studio.keptFiles == kept)
        }
        let document = try JSON(Array(studio.run("store", "prune", "--dry-run", "--json").output.utf8))
        let orphan = try #require(document["orphanedPins"].elements.first)
        #expect(orphan["record"].string == studio.record && orphan["reason"].string == "gone")
        #expect((orphan["bytes"].int ?? 0) > 100_000)
        let number = String(try #require(orphan["pin"].string).prefix(8))
        for (digits, word) in [("ffff0000ffff", "no pin has the number"), ("", "no pin has the number")] {
            let refused = try studio.run("store", "prune", "--drop", digits)
            #expect(refused.status == 2 && refused.errors.contains(word), "\(refused.errors)")
        }
        let dry = try studio.run("store", "prune", "--drop", number, "--dry-run")
        #expect(dry.output.contains("pin \(number) would be dropped: revision 1"), "\(dry.output)")
        #expect(dry.output.contains("4 files of unpinned revisions would be removed"), "\(dry.output)")
        #expect(studio.keptFiles == kept)
        let dropped = try studio.run("store", "prune", "--drop", number)
        #expect(dropped.status == 0 && dropped.output.contains("pin \(number) dropped"), "\(dropped.output)")
        #expect(dropped.errors.isEmpty, "\(dropped.errors)")
        #expect(studio.keptFiles.isEmpty)
    }

    @Test func `no pin is dropped while its album is there, and a moved album is found by pinning again`() throws {
        let studio = try Studio()
        try studio.renderAndPin()
        let kept = studio.keptFiles
        let pin = try #require(studio.workshop.files("cache/lathe/deliverables/pins").first)
        let refused = try studio.run("store", "prune", "--drop", String(pin.prefix(8)))
        #expect(refused.status == 2 && refused.errors.contains("which is there: `lathe unpin`"), "\(refused.errors)")
        #expect(try studio.run("store", "prune", "--drop-orphans").status == 0)
        #expect(studio.keptFiles == kept)
        try studio.copyAlbum(to: "moved")
        try studio.workshop.remove(".lathe")
        #expect(try studio.run("store", "stat").errors.contains("1 pin has no album"))
        #expect(try studio.run("pin", "moved/album@1").status == 0)
        let stat = try studio.run("store", "stat")
        #expect(stat.errors.isEmpty, "\(stat.errors)")
        #expect(try studio.run("store", "prune", "--drop-orphans").status == 0)
        #expect(studio.keptFiles == kept)
        try studio.workshop.remove("moved")
        #expect(try studio.run("store", "prune", "--drop-orphans").status == 0)
        #expect(studio.keptFiles.isEmpty)
    }

    @Test(arguments: [false, true])
    func `a moved album's pin that a prune takes meanwhile is not said to be there`(isThere: Bool) throws {
        let studio = try Studio()
        try studio.renderAndPin()
        try studio.copyAlbum(to: "moved")
        try studio.workshop.remove(".lathe")
        let descriptor = open(studio.workshop.path("cache/lathe/deliverables"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
        let more = isThere ? ["--from", studio.workshop.path("album-render")] : []
        let run = try studio.workshop.start(
            ["pin", "moved/album@1"] + more, under: ["env", "-C", studio.workshop.path])
        // Time to find the pin whole; then what `prune --drop-orphans` does under its lock.
        usleep(1_000_000)
        for name in studio.workshop.files("cache/lathe/deliverables") {
            try studio.workshop.remove("cache/lathe/deliverables/\(name)")
        }
        try #require(flock(descriptor, LOCK_UN) == 0)
        close(descriptor)
        let ended = run.wait(seconds: 60)
        // Where the files lie, they are kept anew; where not, the command fails.
        #expect(ended.status == (isThere ? 0 : 2), "\(ended.output)\(ended.errors)")
        #expect(ended.output.contains("is pinned") == isThere, "\(ended.output)")
        #expect(studio.keptFiles.count == (isThere ? 4 : 0))
        #expect(studio.workshop.files("cache/lathe/deliverables/pins").count == (isThere ? 1 : 0))
        let log = try studio.run("log", "moved/album")
        #expect(log.output.contains("files not kept") != isThere, "\(log.output)")
        #expect(try studio.run("store", "stat").errors.isEmpty)
    }

    @Test func `a pin that is not dropped because another cannot be read ends the command with the reason`() throws {
        let studio = try Studio()
        try studio.renderAndPin()
        let kept = studio.keptFiles
        let pin = try #require(studio.workshop.files("cache/lathe/deliverables/pins").first)
        try studio.workshop.remove(".lathe")
        try studio.workshop.write("cache/lathe/deliverables/pins/x.json", "{")
        for choice in [["--drop", String(pin.prefix(8))], ["--drop-orphans"]] {
            let run = try studio.run(["store", "prune", "--json"] + choice)
            #expect(run.status == 2 && run.errors.contains("not dropped"), "\(run.errors)")
            let document = try JSON(Array(run.output.utf8))
            #expect(document["droppedPins"].elements.isEmpty)
            #expect(document["damagedPins"].elements.first?.string?.contains("x.json") == true, "\(run.output)")
            #expect(studio.keptFiles == kept)
            let told = try studio.run(["store", "prune"] + choice)
            #expect(told.status == 2 && told.errors.contains("not dropped"), "\(told.errors)")
        }
        let unknown = try studio.run("store", "prune", "--drop", "ffff0000")
        #expect(unknown.status == 2 && unknown.errors.contains("x.json"), "\(unknown.errors)")
        try studio.workshop.remove("cache/lathe/deliverables/pins/x.json")
        // What a pin misses is in the document too.
        let lost = try #require(kept.first)
        try studio.workshop.remove("cache/lathe/deliverables/\(lost)")
        for verb in [["prune", "--dry-run"], ["stat"]] {
            let document = try JSON(Array(studio.run(["store"] + verb + ["--json"]).output.utf8))
            #expect(document["damagedPins"].elements.isEmpty)
            let missing = document["missing"].elements
            #expect(missing.map { $0["pin"].string } == [String(pin.prefix(32))], "\(missing)")
            #expect(missing.first?["path"].string?.isEmpty == false)
        }
        #expect(try studio.run("store", "prune", "--drop-orphans", "--json").status == 0)
    }

    @Test func `of orphans that share files the space is told that comes back`() throws {
        let studio = try Studio()
        try studio.renderAndPin()
        // The same files under a name of their own.
        try studio.workshop.write("other.yaml", String(decoding: studio.workshop.bytes("album.yaml"), as: UTF8.self))
        try #require(try studio.run("render", "other.yaml", "--workers", "0").status == 0)
        try #require(try studio.run("pin", "other@1").status == 0)
        func orphans() throws -> JSON {
            try JSON(Array(studio.run("store", "prune", "--dry-run", "--json").output.utf8))
        }
        try studio.workshop.remove(".lathe/revisions/album")
        // The sound is the other's too: of this one only its documents come back.
        let one = try orphans()
        let alone = try #require(one["orphanedPins"].elements.first?["bytes"].int)
        #expect(one["orphanedBytes"].int == alone)
        let would = try JSON(Array(studio.run("store", "prune", "--dry-run", "--drop-orphans", "--json").output.utf8))
        #expect(would["removedFileBytes"].int == alone)
        try studio.workshop.remove(".lathe")
        #expect(try studio.run("store", "stat").errors.contains("2 pins have no album where they were pinned"))
        let both = try orphans()
        #expect(both["orphanedPins"].elements.count == 2)
        let all = try JSON(Array(studio.run("store", "prune", "--drop-orphans", "--json").output.utf8))
        #expect(both["orphanedBytes"].int == all["removedFileBytes"].int)
        #expect((all["removedFileBytes"].int ?? 0) > alone)
    }

    /// An album of one short song, and commands in its folder.
    private struct Studio {
        let workshop: Workshop

        init() throws {
            workshop = try Workshop()
            try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 1)
            try workshop.write(
                "song.yaml", "{lathe: 1, song: Short, tracks: [{name: C, clips: [{file: sounds/chord.wav}]}]}")
            try workshop.write(
                "album.yaml",
                """
                lathe: 1
                album: Short
                songs: [{file: song.yaml}]
                deliver: [{format: wav, bits: 24}, {format: flac, bits: 16}]
                """)
        }

        func run(_ arguments: String...) throws -> LatheProcess.Finished { try run(arguments) }

        func run(_ arguments: [String]) throws -> LatheProcess.Finished {
            try workshop.run(arguments, under: ["env", "-C", workshop.path])
        }

        func renderAndPin(_ more: String...) throws {
            try #require(try run("render", "album.yaml", "--workers", "0").status == 0)
            try #require(try run(["pin", "1", "--name", "master 1"] + more).status == 0)
        }

        /// Its session and its revisions.
        func copyAlbum(to folder: String) throws {
            let files = FileManager.default
            try files.createDirectory(atPath: workshop.path(folder), withIntermediateDirectories: true)
            for name in ["album.yaml", "song.yaml", ".lathe"] {
                try files.copyItem(atPath: workshop.path(name), toPath: workshop.path("\(folder)/\(name)"))
            }
        }

        var record: String { workshop.path(".lathe/revisions/album/000001.json") }

        /// What the store keeps of released revisions.
        var keptFiles: [String] {
            workshop.files("cache/lathe/deliverables").filter { !$0.hasPrefix("pins/") }
        }
    }
}
