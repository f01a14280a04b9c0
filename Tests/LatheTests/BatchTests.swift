import Foundation
import Quantities
import RenderHarness
import Testing

/// `lathe render` over many albums in one farm.
@Suite struct BatchTests {
    private let short = ["--segment-seconds", "0.5", "--progress", "none"]

    @Test(arguments: ["0", "2"])
    func `many albums are the same bytes as each alone, and what they share is rendered once`(workers: String)
        throws
    {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 2)
        try writeTurnedAlbum(workshop)
        let run = try workshop.run(
            ["render", workshop.path("pair.yaml"), workshop.path("turned.yaml"), "-o", workshop.path("out")]
                + ["--store", workshop.path("store"), "--workers", workers, "--stems", "pre-master", "--json"] + short)
        #expect(run.status == 0, "\(run.errors)")
        let renders = try JSON(Array(run.output.utf8))["renders"].elements
        #expect(renders.map { $0["exitCode"].int } == [0, 0])
        var (together, apart) = (0, 0)
        for (render, name) in zip(renders, ["pair", "turned"]) {
            #expect(render["folder"].string == workshop.path("out/\(name)"))
            let alone = try workshop.render("\(name).yaml", into: "alone-\(name)", store: "store-\(name)")
            let batch = try workshop.delivered("out/\(name)")
            #expect(batch.differences(from: alone) == [])
            #expect(render["render"].removing("farm").text == batch.document.removing("farm").text)
            together += batch.tasks("rendered")
            apart += alone.tasks("rendered")
        }
        #expect(together < apart, "\(together) segments rendered, \(apart) one by one")
        // A render that is complete leaves no mark of one that is under way.
        #expect(workshop.files("out").filter { $0.contains(".lathe") } == [])
    }

    @Test func `of a folder its albums are taken and the songs that none of them names`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        try workshop.write(
            "loose.yaml", "{lathe: 1, song: Loose, tracks: [{name: C, clips: [{file: sounds/chord.wav}]}]}")
        try workshop.write("policy.yaml", "{lathe: 1, profile: streaming}")
        let options = ["--store", workshop.path("store"), "--workers", "0"] + short
        let run = try workshop.run(["render", workshop.path("")] + options)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("taking loose.yaml, pair.yaml; not "), "\(run.errors)")
        #expect(run.errors.contains("first.yaml (a song of pair.yaml)"))
        #expect(run.errors.contains("policy.yaml (neither an album nor a song)"))
        #expect(workshop.exists("loose-render/01 Loose.wav"))
        #expect(workshop.exists("pair-render/02 Second.wav") || workshop.files("pair-render").count > 4)
        #expect(!workshop.exists("first-render"))
        #expect(run.output.contains("Pair  (") && run.output.contains("Loose  ("), "\(run.output)")
        let none = try workshop.run(["render", workshop.path("streams")] + options)
        #expect(none.status == 2)
        #expect(none.errors.contains("holds no album and no song"))
    }

    @Test func `mistakes of all sessions are shown, and nothing is written, before anything is rendered`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        try workshop.write("a.yaml", "{lathe: 1, song: A, trakcs: []}")
        try workshop.write("b.yaml", "{lathe: 1, song: B, tracks: [{name: C, clips: [{file: nowhere.wav}]}]}")
        let sessions = ["song.yaml", "a.yaml", "b.yaml"].map(workshop.path)
        let run = try workshop.run(["render"] + sessions + ["-o", workshop.path("out"), "--json"])
        #expect(run.status == 2)
        #expect(run.errors.contains("a.yaml:1:") && run.errors.contains("b.yaml:1:"), "\(run.errors)")
        #expect(try JSON(Array(run.output.utf8))["failures"].elements.count >= 2)
        #expect(!workshop.exists("out"))
        // Nor where the files of one album are in the way.
        try workshop.write("out/other/01 Short.wav", "somebody's own")
        try workshop.write("other.yaml", String(decoding: try workshop.bytes("song.yaml"), as: UTF8.self))
        let blocked = try workshop.run(
            ["render", workshop.path("song.yaml"), workshop.path("other.yaml"), "-o", workshop.path("out")])
        #expect(blocked.status == 2)
        #expect(blocked.errors.contains("--overwrite replace"), "\(blocked.errors)")
        #expect(workshop.files("out") == ["other/01 Short.wav"])
    }

    @Test func `one album's failure does not stop the others, and the worst code ends the command`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        try workshop.sound("sounds/broken.wav", Sounds.broken, seconds: 1, samples: .float32)
        try workshop.write(
            "broken.yaml",
            """
            lathe: 1
            song: Broken
            tracks:
              - name: Lead
                clips: [{file: sounds/broken.wav}]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
            """)
        let run = try workshop.run(
            ["render", workshop.path("broken.yaml"), workshop.path("song.yaml"), "-o", workshop.path("out")]
                + ["--store", workshop.path("store"), "--workers", "1", "--json"] + short)
        #expect(run.status == 3, "\(run.errors)")
        let document = try JSON(Array(run.output.utf8))
        #expect(document["renders"].elements.map { $0["exitCode"].int } == [3, 0])
        let failure = try #require(document["failures"].elements.first)
        #expect(failure["session"].string == workshop.path("broken.yaml"))
        #expect(failure["what"].string?.contains("NaN") == true)
        #expect(workshop.exists("out/song/01 Short.wav"))
    }

    @Test func `only works over all albums and must find each song in one of them`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        try writeSong(workshop)
        let sessions = ["render", workshop.path("pair.yaml"), workshop.path("song.yaml")]
        let options = ["--store", workshop.path("store"), "--workers", "0", "-o", workshop.path("out")] + short
        let run = try workshop.run(sessions + options + ["--only", "second"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("song.yaml: no song of it was asked for"), "\(run.errors)")
        #expect(workshop.files("out").filter { $0.hasSuffix(".wav") } == ["pair/02 Second.wav"])
        let unknown = try workshop.run(sessions + options + ["--only", "second", "--only", "third"])
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("\"third\"") && unknown.errors.contains("\"Short\" (Short)"))
    }

    @Test func `revisions of one name in folders of their own get folders of their own`() throws {
        let workshop = try Workshop()
        for (folder, gain) in [("v1", "0 dB"), ("v2", "-3 dB")] {
            try workshop.sound("\(folder)/chord.wav", Sounds.chord, seconds: 1)
            try workshop.write(
                "\(folder)/song.yaml",
                "{lathe: 1, song: Short, tracks: [{name: C, fader: \(gain), clips: [{file: chord.wav}]}]}")
        }
        let sessions = ["v1/song.yaml", "v2/song.yaml"].map(workshop.path)
        let options = ["--store", workshop.path("store"), "--segment-seconds", "0.5"]
        let run = try workshop.run(
            ["render"] + sessions + options + ["-o", workshop.path("out"), "--progress", "json", "--workers", "1"])
        #expect(run.status == 0, "\(run.errors)")
        let (first, second) = (
            try workshop.bytes("out/v1-song/01 Short.wav"), try workshop.bytes("out/v2-song/01 Short.wav")
        )
        #expect(first.count == second.count && first != second)
        // One display for both: songs say which album they are of.
        let last = try #require(run.errors.split(separator: "\n").last)
        let songs = try JSON(Array(last.utf8))["songs"].elements
        #expect(songs.compactMap { $0["album"].string } == sessions, "\(last)")
        #expect(songs.allSatisfy { $0["finished"].bool == true }, "\(last)")
        let planned = try workshop.run(["plan"] + sessions + options + ["--json"])
        #expect(planned.status == 0)
        let plans = try JSON(Array(planned.output.utf8))["plans"].elements
        #expect(plans.map { $0["session"].string } == sessions)
        #expect(plans.map { $0["plan"]["segmentsAtLeast"].int } == [0, 0])
    }

    @Test func `a stopped batch is carried on by the same command`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 8)
        try writeTurnedAlbum(workshop)
        let arguments =
            ["render", workshop.path("pair.yaml"), workshop.path("turned.yaml"), "-o", workshop.path("out")]
            + ["--store", workshop.path("store"), "--segment-seconds", "0.5", "--workers", "2", "--json"]
        let run = try workshop.start(arguments + ["--progress", "json", "--block", "16"])
        try #require(run.wait { run.segmentsDone > 2 })
        run.sendToGroup(SIGINT)
        let stopped = run.wait(seconds: 60)
        #expect(stopped.status == 130, "\(stopped.errors)")
        #expect(run.children == [])
        let again = try workshop.run(arguments + ["--progress", "none"])
        #expect(again.status == 0, "\(again.errors)")
        let renders = try JSON(Array(again.output.utf8))["renders"].elements
        #expect(renders.contains { ($0["render"]["farm"]["tasks"]["reused"].int ?? 0) > 0 })
    }

    @Test func `a batch that was stopped with an album whole goes on with the others`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        try writeTurnedAlbum(workshop)
        try writeSong(workshop)
        let options = ["-o", workshop.path("out"), "--store", workshop.path("store"), "--workers", "0"] + short
        let said = ["-m", "vocal up", "--name", "x"]
        let both = ["render", workshop.path("pair.yaml"), workshop.path("turned.yaml")] + said
        // As far as a command for both came before it was stopped.
        let first = try workshop.run(
            ["render", workshop.path("pair.yaml")] + said + options + ["-o", workshop.path("out/pair")])
        try #require(first.status == 0, "\(first.errors)")
        let pair = try workshop.delivered("out/pair")
        let again = try workshop.run(both + options)
        #expect(again.status == 0, "\(again.errors)")
        #expect(
            again.output.contains("already rendered, unchanged: 4 files in \(workshop.path("out/pair")) (revision 1)"),
            "\(again.output)")
        #expect(again.output.contains("Turned  ("), "\(again.output)")
        #expect(workshop.exists("out/turned/01 Second.wav"))
        #expect(try workshop.delivered("out/pair").differences(from: pair) == [])
        let plan = try workshop.run(
            ["plan", workshop.path("pair.yaml"), workshop.path("turned.yaml"), "--json", "-o", workshop.path("out")]
                + ["--store", workshop.path("store"), "--segment-seconds", "0.5"])
        #expect(plan.status == 0, "\(plan.errors)")
        let plans = try JSON(Array(plan.output.utf8))["plans"].elements.map { $0["plan"] }
        #expect(plans.map { $0["isUnchanged"].bool } == [true, true])
        // What is not done costs nothing.
        for key in ["segmentsAtLeast", "segmentsAtMost", "expectedBytes"] {
            #expect(plans.map { $0[key].int } == [0, 0], "\(key)")
        }
        let told = try workshop.run(
            ["plan", workshop.path("pair.yaml"), workshop.path("turned.yaml"), "-o", workshop.path("out")]
                + ["--store", workshop.path("store"), "--segment-seconds", "0.5"])
        #expect(told.output.contains("already rendered, unchanged: nothing would be done"), "\(told.output)")
        #expect(!told.output.contains("segments to render") && !told.output.contains("at most"), "\(told.output)")
        // All of it: nothing is to be done, and both are listed.
        let all = try workshop.run(both + options + ["--json"])
        #expect(all.status == 0, "\(all.errors)")
        let renders = try JSON(Array(all.output.utf8))["renders"].elements
        #expect(renders.map { $0["isUnchanged"].bool } == [true, true])
        #expect(renders.map { $0["exitCode"].int } == [0, 0])
        #expect(renders.first?["render"].text == pair.document.text)
        #expect(workshop.files(".lathe/revisions/pair") == ["000001.json"])
    }

    @Test(arguments: [
        "session", "audio", "file", "message", "options", "document", "rehash", "unfinished", "audit", "scatter",
        "library",
    ])
    func `what is not just as an album's last revision is refused as ever`(change: String) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        try writeSong(workshop)
        let options = ["-o", workshop.path("out"), "--store", workshop.path("store"), "--workers", "0"] + short
        let both = ["render", workshop.path("pair.yaml"), workshop.path("song.yaml")]
        try #require(try workshop.run(both + options).status == 0)
        var more: [String] = []
        switch change {
        case "session":
            let text = String(decoding: try workshop.bytes("first.yaml"), as: UTF8.self)
            try workshop.write("first.yaml", text + "\n# louder?\n")
        case "audio":
            let bytes = try workshop.bytes("sounds/chord.wav")
            try workshop.remove("sounds/chord.wav")
            try Data(bytes).write(to: URL(fileURLWithPath: workshop.path("sounds/chord.wav")))
        case "file": try workshop.write("out/pair/01 First.wav", "cut")
        case "document": try workshop.remove("out/pair/render.json")
        case "unfinished": try workshop.write("out/pair/.lathe-render", "{}")
        case "message": more = ["-m", "another"]
        case "options": more = ["--stems", "pre-master"]
        case "audit": more = ["--audit", "100"]
        case "scatter": more = ["--scatter"]
        case "library":
            // As by a render of before the encoder's library was another one.
            let record = ".lathe/revisions/pair/000001.json"
            let text = String(decoding: try workshop.bytes(record), as: UTF8.self)
            try #require(text.contains("reference libFLAC "), "\(text)")
            try workshop.write(record, text.replacing("reference libFLAC ", with: "reference libFLAC 0."))
        default: more = ["--rehash"]
        }
        let before = workshop.files("out")
        // It is not said that nothing would be done.
        if !["message", "options"].contains(change) {
            let plan = try workshop.run(
                ["plan"] + both.dropFirst() + options.prefix(4) + ["--segment-seconds", "0.5", "--json"] + more)
            let plans = try JSON(Array(plan.output.utf8))["plans"].elements.map { $0["plan"] }
            #expect(plans.first?["isUnchanged"].bool == false && plan.status == 2, "\(plan.output)")
        }
        let refused = try workshop.run(both + options + more)
        #expect(refused.status == 2 && refused.errors.contains("--overwrite replace"), "\(refused.errors)")
        #expect(workshop.files("out") == before)
        // One album alone is refused too: nothing says that it is to be carried on.
        let alone = try workshop.run(["render", workshop.path("song.yaml"), "-o", workshop.path("out/song")] + short)
        #expect(alone.status == 2)
    }

    @Test(arguments: [false, true])
    func `the same command carries on after a render elsewhere came to the same`(isPinned: Bool) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        try writeSong(workshop)
        let both = ["render", workshop.path("pair.yaml"), workshop.path("song.yaml")]
        let options = ["--store", workshop.path("store"), "--workers", "0"] + short
        try #require(try workshop.run(both + options + ["-o", workshop.path("out")]).status == 0)
        if isPinned {
            for album in ["pair", "song"] {
                let pin = ["pin", "\(workshop.path(album))@1", "--store", workshop.path("store")]
                try #require(try workshop.run(pin).status == 0)
            }
        }
        // The same bytes with another time.
        let bytes = try workshop.bytes("sounds/chord.wav")
        try workshop.remove("sounds/chord.wav")
        try Data(bytes).write(to: URL(fileURLWithPath: workshop.path("sounds/chord.wav")))
        let second = try workshop.run(both + options + ["-o", workshop.path("out2")])
        #expect(second.status == 0 && second.output.contains("Revision 1 still"), "\(second.errors)")
        let again = try workshop.run(both + options + ["-o", workshop.path("out2")])
        #expect(again.status == 0, "\(again.errors)")
        let folder = workshop.path("out2/pair")
        #expect(again.output.contains("already rendered, unchanged: 4 files in \(folder)"), "\(again.output)")
        #expect(workshop.files(".lathe/revisions/pair") == ["000001.json"])
        // A document that is gone is not there, whoever else keeps it.
        try workshop.remove("out2/pair/report.html")
        #expect(try workshop.run(both + options + ["-o", workshop.path("out2")]).status == 2)
    }

    /// `turned.yaml`: the pair's songs in the other order, under another target.
    private func writeTurnedAlbum(_ workshop: Workshop) throws {
        try workshop.write(
            "turned.yaml",
            """
            lathe: 1
            album: Turned
            songs: [{file: second.yaml}, {file: first.yaml}]
            loudness: {target: -26 LUFS, ceiling: -1 dBTP, by: album}
            deliver: [{format: wav, bits: 24}]
            """)
    }
}
