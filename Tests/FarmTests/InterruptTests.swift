import Foundation
import Quantities
import RenderHarness
import Testing

/// A render that is asked to stop stops cleanly, and what goes wrong with one file stays with it.
@Suite struct InterruptTests {
    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `a stopped render leaves nothing half done and is carried on`(signal: Int32, status: Int32) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 8)
        let arguments = workshop.renderArguments(
            "pair.yaml", into: "out", ["--workers", "2", "--progress", "json", "--json", "--block", "16"])
        let run = try workshop.start(arguments)
        var workers: Set<Int32> = []
        let isUnderway = run.wait {
            workers.formUnion(run.children)
            return run.segmentsDone > 2
        }
        try #require(isUnderway)
        // A terminal tells the whole group.
        run.sendToGroup(signal)
        let stopped = run.wait(seconds: 20)
        #expect(stopped.status == status, "\(stopped.errors)")
        #expect(!stopped.isOverdue)
        #expect(stopped.errors.contains("the same command carries on"))
        #expect(try JSON(Array(stopped.output.utf8))["failures"].elements.count == 1)
        #expect(workers.filter(LatheProcess.isAlive) == [])
        let left = workshop.files("out")
        #expect(left.filter { $0.contains(".lathe-part") } == [])
        var early: [(String, [UInt8])] = []
        for name in left where name.hasSuffix(".wav") || name.hasSuffix(".flac") {
            early.append((name, try workshop.bytes("out/\(name)")))
        }
        let carriedOn = try workshop.render("pair.yaml", into: "out", ["--workers", "2"])
        #expect(carriedOn.tasks("reused") > 0)
        for (name, bytes) in early { #expect(carriedOn.sounds[name] == bytes, "\(name)") }
        let fresh = try workshop.render("pair.yaml", into: "fresh", store: "empty", ["--workers", "2"])
        #expect(carriedOn.differences(from: fresh) == [])
    }

    @Test func `a source that changes while it is rendered fails, and is rendered right the next time`()
        throws
    {
        let workshop = try Workshop()
        // Longer than what a worker keeps of a file, and than this test may wait for a processor.
        try workshop.sound("sounds/long.wav", Sounds.chord, seconds: 160, samples: .integer16)
        try workshop.write(
            "song.yaml",
            """
            lathe: 1
            song: Long
            tracks:
              - name: Long
                clips: [{file: sounds/long.wav}]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
            """)
        let arguments = workshop.renderArguments(
            "song.yaml", into: "out", ["--workers", "1", "--progress", "json", "--block", "8"])
        let run = try workshop.start(arguments)
        try #require(run.wait { run.segmentsDone > 2 })
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: workshop.path("sounds/long.wav")))
        try file.seek(toOffset: 80 + 158 * 192_000)
        try file.write(contentsOf: Data(repeating: 3, count: 4000))
        try file.close()
        let failed = run.wait()
        #expect(failed.status == 3, "\(failed.errors)")
        #expect(failed.errors.contains("changed while rendering"), "\(failed.errors)")
        #expect(!workshop.exists("out/01 Long.wav"))
        let again = try workshop.render("song.yaml", into: "out", ["--workers", "2"])
        let fresh = try workshop.render("song.yaml", into: "fresh", store: "empty", ["--workers", "0"])
        #expect(again.differences(from: fresh) == [])
    }

    @Test func `a source that changes before it is hashed is not remembered under its old time`() throws {
        let workshop = try Workshop()
        try workshop.sound("sounds/a.wav", Sounds.chord, seconds: 1)
        try workshop.write(
            "song.yaml", "{lathe: 1, song: Held, tracks: [{name: A, clips: [{file: sounds/a.wav}]}]}")
        let reference = try workshop.render("song.yaml", into: "reference", store: "undisturbed")
        let path = workshop.path("sounds/a.wav")
        let before = try workshop.bytes("sounds/a.wav")
        let date = try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
        let run = try workshop.start(workshop.renderArguments("song.yaml", into: "out", ["--workers", "1"]))
        // Planned, and the worker held before it has read a byte.
        try #require(run.wait { run.children.first.map { kill($0, SIGSTOP) == 0 } ?? false })
        let worker = try #require(run.children.first)
        try write(before.prefix(80) + before.dropFirst(80).map { ~$0 }, to: path)
        kill(worker, SIGCONT)
        let failed = run.wait()
        #expect(failed.status == 3, "\(failed.errors)")
        #expect(failed.errors.contains("changed while rendering"), "\(failed.errors)")
        // The old file again, its old time included: what the store remembers of it must be true.
        try write(before[...], to: path)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        #expect(try workshop.render("song.yaml", into: "out").differences(from: reference) == [])
    }

    /// Into the file that is there: its inode stays.
    private func write(_ bytes: ArraySlice<UInt8>, to path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    @Test func `a song with a sample that is no number fails by name, the other one is delivered`() throws {
        let workshop = try Workshop()
        try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 1)
        try workshop.sound("sounds/broken.wav", Sounds.broken, seconds: 1, samples: .float32)
        for (title, file) in [("Whole", "chord"), ("Broken", "broken")] {
            try workshop.write(
                "\(title).yaml",
                """
                lathe: 1
                song: \(title)
                tracks:
                  - name: Lead
                    clips: [{file: sounds/\(file).wav}]
                    devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
                """)
        }
        try workshop.write(
            "album.yaml",
            "{lathe: 1, album: Half, songs: [{file: Broken.yaml}, {file: Whole.yaml}], loudness: none}")
        for workers in ["0", "2"] {
            let run = try workshop.run(
                workshop.renderArguments(
                    "album.yaml", into: "out-\(workers)", store: "store-\(workers)",
                    ["--workers", workers, "--json"]))
            #expect(run.status == 3, "\(run.errors)")
            let document = try JSON(Array(run.output.utf8))
            let failures = document["failures"].elements
            #expect(failures.count == 1, "\(document["failures"].text)")
            #expect(failures.first?["song"].string == "Broken")
            let what = failures.first?["what"].string ?? ""
            #expect(what.contains("Lead") && what.contains("NaN"), "\(what)")
            #expect(run.errors.contains("Broken: "))
            let names = workshop.files("out-\(workers)")
            #expect(
                names.contains("02 Whole.wav") && names.contains("stems/Whole/pre-master.wav"), "\(names)")
            #expect(names.filter { $0.contains("Broken") } == [])
        }
    }
}
