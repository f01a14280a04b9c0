import Foundation
import Hashing
import Quantities
import Release
import Revisions
import TestSupport
import Testing

@Suite struct KeptDeliverablesTests {
    /// A store, and a folder with two files.
    private struct Place {
        let directory: TemporaryDirectory
        let kept: KeptDeliverables
        var files: [KeptPin.File] = []

        init() throws {
            directory = try TemporaryDirectory("kept")
            kept = KeptDeliverables(store: directory.path + "/store")
            for (name, text) in [("a.wav", "first"), ("b.wav", "second one")] {
                try directory.write("out/" + name, text)
                let sha256 = TaskKey.of(Array(text.utf8)).description
                files.append(KeptPin.File(path: name, bytes: text.utf8.count, sha256: sha256))
            }
        }

        func pin(_ digit: Character, _ files: [KeptPin.File]) -> KeptPin {
            KeptPin(
                id: String(digits(digit).prefix(32)), record: directory.path + "/none/000001.json", number: 1,
                files: files)
        }

        /// Count and bytes.
        func prune(isDryRun: Bool) throws -> [Int] {
            let pruned = try kept.prune(isDryRun: isDryRun)
            return [pruned.count, pruned.byteCount]
        }

        func keep(_ pin: KeptPin) throws {
            try kept.keep(pin, from: pin.files.map { directory.path + "/out/" + $0.path })
        }
    }

    @Test func `what is kept has the bytes, and stays when the original goes`() throws {
        let place = try Place()
        #expect(place.kept.survey().fileCount == 0)
        try place.keep(place.pin("a", place.files))
        try FileManager.default.removeItem(atPath: place.directory.path + "/out")
        let path = try #require(place.kept.path(of: place.files[1].sha256, byteCount: 10))
        #expect(FileManager.default.contents(atPath: path) == Data("second one".utf8))
        #expect(place.kept.path(of: place.files[1].sha256, byteCount: 9) == nil)
        #expect(place.kept.path(of: "../../etc/passwd", byteCount: 1) == nil)
        let survey = place.kept.survey()
        #expect(survey.fileCount == 2 && survey.byteCount == 15 && survey.pins.count == 1 && survey.idle.isEmpty)
    }

    @Test func `a file that is not the one that was recorded is not kept, nor is its pin`() throws {
        let place = try Place()
        try place.directory.write("out/b.wav", "another on")
        #expect(throws: RevisionError(.changed, "")) { try place.keep(place.pin("a", place.files)) }
        let survey = place.kept.survey()
        #expect(survey.pins.isEmpty)
        #expect(place.kept.path(of: place.files[1].sha256, byteCount: 10) == nil)
    }

    @Test func `pruning takes what no pin needs, and a dry run nothing`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        try place.keep(place.pin("b", [place.files[0]]))
        #expect(try place.prune(isDryRun: false) == [0, 0])
        try place.kept.release(place.pin("a", []).id)
        #expect(try place.prune(isDryRun: true) == [1, 10])
        #expect(place.kept.survey().fileCount == 2)
        #expect(try place.prune(isDryRun: false) == [1, 10])
        #expect(place.kept.path(of: place.files[0].sha256, byteCount: 5) != nil)
        #expect(place.kept.path(of: place.files[1].sha256, byteCount: 10) == nil)
    }

    @Test func `while a pin cannot be read nothing is pruned`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        try place.kept.release(place.pin("a", []).id)
        try place.directory.write("store/deliverables/pins/x.json", "{")
        #expect(place.kept.survey().damagedPins.count == 1)
        #expect(try place.prune(isDryRun: false) == [0, 0])
        #expect(place.kept.survey().fileCount == 2)
    }

    @Test func `pins that cannot be listed are not taken for none`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        let pins = place.kept.directory + "/pins"
        try FileManager.default.moveItem(atPath: pins, toPath: pins + "-away")
        try Data().write(to: URL(fileURLWithPath: pins))
        #expect(place.kept.survey().damagedPins.count == 1)
        #expect(try place.prune(isDryRun: false) == [0, 0])
        #expect(place.kept.survey().fileCount == 2)
    }

    @Test func `a pin stays when another album comes to lie where its own was`() throws {
        let place = try Place()
        let bench = try Bench()
        try bench.record(draft(message: "released"))
        let released = try bench.log.revision(1)
        var pin = place.pin("a", place.files)
        pin.record = bench.log.path(ofRecord: 1)
        (pin.time, pin.session) = (released.time, released.session.digest)
        try place.keep(pin)
        let old = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -7_200)]
        try FileManager.default.setAttributes(old, ofItemAtPath: "\(place.kept.directory)/pins/\(pin.id).json")
        // Its own revision knows nothing of the pin: the command was killed on the way.
        #expect(place.kept.survey().stalePins.map(\.id) == [pin.id])
        try FileManager.default.removeItem(atPath: bench.log.path(ofRecord: 1))
        try bench.record(draft(session: "song: Another", message: "mix 1", time: 1_700_000_009))
        #expect(place.kept.survey().stalePins.isEmpty)
        #expect(try place.prune(isDryRun: false) == [0, 0])
        // It is said to have no album, and goes where somebody says so.
        let orphans = place.kept.survey().orphans
        #expect(orphans.map(\.pin) == [pin] && orphans.map(\.byteCount) == [15] && orphans[0].reason == .replaced)
        #expect(try place.kept.prune(isDryRun: true, dropping: [pin.id]).dropped == [pin])
        #expect(place.kept.survey().pins == [pin])
        #expect(try place.kept.prune(isDryRun: false, dropping: [pin.id]).byteCount == 15)
        #expect(place.kept.survey().pins.isEmpty && place.kept.survey().fileCount == 0)
    }

    @Test func `a pin whose album is there is not dropped, nor is one while another cannot be read`() throws {
        let place = try Place()
        let bench = try Bench()
        try bench.record(draft())
        let revision = try bench.log.revision(1)
        var pin = place.pin("a", place.files)
        pin.record = bench.log.path(ofRecord: 1)
        (pin.time, pin.session) = (revision.time, revision.session.digest)
        try place.keep(pin)
        #expect(place.kept.survey().orphans.isEmpty)
        #expect(try place.kept.prune(isDryRun: false, dropping: [pin.id]).dropped.isEmpty)
        // An older pin does not say whose it was: what lies there is taken for its own.
        try place.keep(KeptPin(id: String(digits("b").prefix(32)), record: pin.record, number: 1, files: pin.files))
        #expect(place.kept.survey().orphans.isEmpty)
        try FileManager.default.removeItem(atPath: bench.directory.path)
        #expect(place.kept.survey().orphans.count == 2)
        try place.directory.write("store/deliverables/pins/x.json", "{")
        #expect(try place.kept.prune(isDryRun: false, dropping: [pin.id]).dropped.isEmpty)
        #expect(place.kept.survey().pins.count == 2 && place.kept.survey().fileCount == 2)
    }

    @Test func `of a dropped pin the files stay that a live one needs too`() throws {
        let place = try Place()
        let bench = try Bench()
        try bench.record(draft())
        let revision = try bench.log.revision(1)
        try place.keep(place.pin("a", place.files))
        var live = place.pin("b", [place.files[0]])
        live.record = bench.log.path(ofRecord: 1)
        (live.time, live.session) = (revision.time, revision.session.digest)
        try place.keep(live)
        // What comes back is what the orphan alone needs.
        #expect(place.kept.survey().orphans.map(\.byteCount) == [10])
        #expect(place.kept.survey().orphanedByteCount == 10)
        let pruned = try place.kept.prune(isDryRun: false, dropping: [place.pin("a", []).id, live.id])
        #expect(pruned.dropped.map(\.id) == [place.pin("a", []).id] && pruned.byteCount == 10)
        #expect(place.kept.survey().pins == [live] && place.kept.survey().missing.isEmpty)
        #expect(place.kept.path(of: place.files[0].sha256, byteCount: 5) != nil)
    }

    @Test func `orphans that share a file are told what goes with each, and with all of them`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        try place.keep(place.pin("b", [place.files[0]]))
        let survey = place.kept.survey()
        #expect(survey.orphans.map(\.byteCount) == [10, 0])
        #expect(survey.orphanedByteCount == 15)
        let all = Set(survey.orphans.map(\.pin.id))
        #expect(try place.kept.prune(isDryRun: true, dropping: all).byteCount == 15)
    }

    @Test func `a pin that was pruned, or misses a file, does not follow its album`() throws {
        for loss in ["pin", "file", "both"] {
            let place = try Place()
            let bench = try Bench()
            var made = draft()
            made.outputs = place.files.map {
                Revision.Output(path: $0.path, role: "master", bytes: $0.bytes, sha256: $0.sha256)
            }
            try bench.record(made)
            let revision = try bench.log.revision(1)
            let pin = place.pin("a", place.files)
            try place.keep(pin)
            let record = bench.log.path(ofRecord: 1)
            #expect(try place.kept.follow(pin.id, of: revision, to: record))
            #expect(place.kept.pin(pin.id)?.record == record)
            try place.keep(pin)
            if loss != "file" { try place.kept.release(pin.id) }
            if loss == "both" { _ = try place.kept.prune(isDryRun: false) }
            if loss == "file" {
                try FileManager.default.removeItem(atPath: place.kept.directory + "/" + place.files[1].sha256)
            }
            #expect(try !place.kept.follow(pin.id, of: revision, to: record), "\(loss)")
            #expect(place.kept.pin(pin.id)?.record != record, "\(loss)")
            #expect((place.kept.pin(pin.id) == nil) == (loss != "file"), "\(loss)")
        }
    }

    @Test func `a pin that keeps other files than its revision's does not do for it`() throws {
        let place = try Place()
        let bench = try Bench()
        try bench.record(draft())
        let pin = place.pin("a", place.files)
        try place.keep(pin)
        #expect(try !place.kept.follow(pin.id, of: bench.log.revision(1), to: bench.log.path(ofRecord: 1)))
        #expect(place.kept.pin(pin.id) == pin)
    }

    @Test func `a kept file that has rotted is kept anew by the next pin of it`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        let path = try #require(place.kept.path(of: place.files[0].sha256, byteCount: 5))
        chmod(path, 0o644)
        try Data("fIrst".utf8).write(to: URL(fileURLWithPath: path))
        #expect(place.kept.verifiedPath(of: place.files[0].sha256, byteCount: 5) == nil)
        try place.keep(place.pin("b", place.files))
        #expect(place.kept.verifiedPath(of: place.files[0].sha256, byteCount: 5) == path)
        #expect(FileManager.default.contents(atPath: path) == Data("first".utf8))
    }

    @Test func `a kept file that rots is found when it is copied, and gets no final name`() throws {
        let place = try Place()
        try place.keep(place.pin("a", place.files))
        let path = try #require(place.kept.path(of: place.files[0].sha256, byteCount: 5))
        chmod(path, 0o644)
        try Data("fIrst".utf8).write(to: URL(fileURLWithPath: path))
        let plan = ReleasePlan(recorded: [("x/a.wav", .master), ("b.wav", .master)])
        let folder = try ReleaseFolder(
            claiming: place.directory.path + "/restored", for: plan, policy: .fail, sessionDigest: "s")
        #expect(throws: ReleaseError(.damaged, "", path: "")) {
            try folder.copy(path, as: plan.files[0], sha256: place.files[0].sha256, isReplacing: false)
        }
        let other = try #require(place.kept.path(of: place.files[1].sha256, byteCount: 10))
        try folder.copy(other, as: plan.files[1], sha256: place.files[1].sha256, isReplacing: false)
        folder.complete()
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        #expect(names.sorted() == ["b.wav", "x"])
        #expect(try place.kept.verify(isRepairing: false).damaged == [place.files[0].sha256])
        #expect(try place.kept.verify(isRepairing: true).damaged == [place.files[0].sha256])
        #expect(try place.kept.verify(isRepairing: false).damaged == [])
        try place.keep(place.pin("b", place.files))
        #expect(place.kept.survey().missing.isEmpty)
    }
}
