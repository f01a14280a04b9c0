import Foundation
import RenderHarness
import Testing

/// `lathe watch-session`: a render after every save.
@Suite struct WatchTests {
    @Test func `every save is rendered, in place, to the bytes of a render from nothing`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let watch = try start(workshop, ["song.yaml"])
        try wait(watch) { $0.filter { $0["event"].string == "render" }.count == 1 }
        try expectFresh(workshop)
        // An edit saved into the file.
        try writeSong(workshop, fader: "-3 dB")
        let edited = try #require(try wait(watch) { $0.filter { $0["event"].string == "render" }.count == 2 }.last)
        #expect(edited["changed"].elements.compactMap(\.string) == ["song.yaml"])
        #expect(edited["changes"].elements.contains { $0.string?.contains("Chord") == true }, "\(edited.text)")
        #expect((edited["rendered"].int ?? 0) > 0 && (edited["reused"].int ?? 0) > 0, "\(edited.text)")
        #expect(edited["exitCode"].int == 0)
        try expectFresh(workshop)
        // Audio of the same length, renamed over the old one.
        try workshop.sound("sounds/new.wav", Sounds.thump, seconds: 2)
        try rename(workshop, "sounds/new.wav", to: "sounds/chord.wav")
        let replaced = try #require(try wait(watch) { $0.filter { $0["event"].string == "render" }.count == 3 }.last)
        #expect(replaced["changed"].elements.compactMap(\.string) == ["chord.wav"])
        try expectFresh(workshop)
        // Audio that the workers have never heard of.
        try workshop.sound("sounds/other.wav", Sounds.chord, seconds: 1)
        try writeSong(workshop, file: "other")
        try wait(watch) { $0.filter { $0["event"].string == "render" }.count == 4 }
        try expectFresh(workshop)
        try stop(watch)
        #expect(workshop.files("song-render").filter { $0.contains(".lathe") } == [])
    }

    @Test func `a session that cannot be read is shown with its place, and the last good render stays`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let watch = try start(workshop, ["song.yaml"])
        try wait(watch) { $0.count == 1 }
        let before = try workshop.bytes("song-render/01 Short.wav")
        try workshop.write("song.yaml", "lathe: 1\nsong: Short\ntracks:\n  - name: Chord\n    fader: loud\n")
        let error = try #require(try wait(watch) { $0.count == 2 }.last)
        #expect(error["event"].string == "error")
        let what = error["failures"].elements.compactMap(\.string)
        #expect(what.contains { $0.contains("song.yaml:5:12: error: ") }, "\(what)")
        #expect(try workshop.bytes("song-render/01 Short.wav") == before)
        // Mended by an editor that writes another file and renames it.
        try writeSong(workshop, fader: "-3 dB", to: "song.yaml.tmp")
        try rename(workshop, "song.yaml.tmp", to: "song.yaml")
        let mended = try #require(try wait(watch) { $0.count == 3 }.last)
        #expect(mended["event"].string == "render")
        try expectFresh(workshop)
        #expect(try workshop.bytes("song-render/01 Short.wav") != before)
        // A comment changes nothing that could be rendered.
        let text = String(decoding: try workshop.bytes("song.yaml"), as: UTF8.self)
        try workshop.write("song.yaml", text + "\n# louder?\n")
        #expect(try wait(watch) { $0.count == 4 }.last?["event"].string == "unchanged")
        try stop(watch)
    }

    @Test func `a save while a render is under way makes it stale, and the newest state is what is delivered`() throws {
        let workshop = try Workshop()
        try writeLongSong(workshop, fader: "0 dB")
        try writeWideSong(workshop, fader: "0 dB")
        let watch = try start(
            workshop, ["long.yaml", "wide.yaml"], ["--block", "8", "--progress", "json", "--workers", "1"])
        // No worker gets anything done before both saves have been seen; one that is replaced neither.
        let signalWorkers = { (signal: CInt) in for worker in watch.process.children { kill(worker, signal) } }
        defer { signalWorkers(SIGCONT) }
        let events = { (event: String, session: String) in
            watch.lines.enumerated().filter {
                $1["event"].string == event && $1["session"].string?.hasSuffix(session) == true
            }
        }
        let areBegun = watch.process.wait(seconds: 240) {
            signalWorkers(SIGSTOP)
            return ["long.yaml", "wide.yaml"].allSatisfy { events("begun", $0).count == 1 }
        }
        try #require(areBegun, "\(watch.lines.map(\.text))")
        for (name, write) in [("long.yaml", writeLongSong), ("wide.yaml", writeWideSong)] {
            try write(workshop, "-3 dB")
            let isBegun = watch.process.wait(seconds: 60) {
                signalWorkers(SIGSTOP)
                return events("begun", name).count == 2
            }
            try #require(isBegun, "\(name): \(watch.lines.map(\.text))")
        }
        signalWorkers(SIGCONT)
        let isDelivered = { (lines: [JSON], session: String) in
            lines.contains {
                $0["event"].string == "render" && $0["session"].string?.hasSuffix(session) == true
                    && $0["changed"].elements.contains { $0.string == session }
            }
        }
        try wait(watch) { isDelivered($0, "long.yaml") && isDelivered($0, "wide.yaml") }
        try stop(watch)
        let all = "\(watch.lines.map(\.text))"
        // The stale render was given up for the new one, and only the newest state was delivered.
        let begun = events("begun", "long.yaml").map(\.offset)
        let cancelled = events("cancelled", "long.yaml").map(\.offset)
        try #require(begun.count == 2 && cancelled.count == 1 && events("render", "long.yaml").count == 1, "\(all)")
        #expect(begun[0] < cancelled[0] && cancelled[0] < begun[1], "\(all)")
        // The other song was saved last and begun last. It is several times the work, and is done first: its tasks go
        // before those of the other, of which it always has some that can be done.
        let (long, wide) = (events("render", "long.yaml").last?.offset, events("render", "wide.yaml").last?.offset)
        #expect(begun[1] < events("begun", "wide.yaml")[1].offset, "\(all)")
        #expect(try #require(wide) < #require(long), "\(all)")
        for name in ["long", "wide"] {
            let fresh = try workshop.run(
                ["render", workshop.path("\(name).yaml"), "-o", workshop.path("fresh-\(name)"), "--workers", "0"]
                    + ["--store", workshop.path("fresh-store"), "--segment-seconds", "0.5"])
            #expect(fresh.status == 0, "\(fresh.errors)")
            let file = name == "long" ? "01 Long.wav" : "01 Wide.wav"
            #expect(try workshop.bytes("\(name)-render/\(file)") == workshop.bytes("fresh-\(name)/\(file)"))
        }
    }

    @Test func `a save while another render holds the folder is rendered when the folder is free`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        try workshop.write("song-render/.lathe-render", "")
        // As the render of another process has it.
        let marker = open(workshop.path("song-render/.lathe-render"), O_RDWR | O_CLOEXEC)
        try #require(marker >= 0 && flock(marker, LOCK_EX | LOCK_NB) == 0)
        let watch = try start(workshop, ["song.yaml"])
        let begun = Date()
        let waiting = try #require(try wait(watch) { !$0.isEmpty }.last)
        #expect(waiting["event"].string == "waiting", "\(waiting.text)")
        #expect(waiting["folder"].string == workshop.path("song-render"))
        try writeSong(workshop, fader: "-3 dB")
        // Longer than anybody lets go of a folder.
        usleep(UInt32(max(0, 12 - Date().timeIntervalSince(begun)) * 1_000_000))
        try writeSong(workshop, fader: "-6 dB")
        usleep(2_000_000)
        #expect(watch.lines.count == 1, "it is said once: \(watch.lines.map(\.text))")
        close(marker)
        let lines = try wait(watch) { $0.contains { $0["event"].string == "render" } }
        #expect(lines.map { $0["event"].string } == ["waiting", "render"], "\(lines.map(\.text))")
        try stop(watch)
        try expectFresh(workshop)
        #expect(try String(decoding: workshop.bytes("song.yaml"), as: UTF8.self).contains("-6 dB"))
    }

    // MARK: - Watching

    /// The command at work, and the file that its standard output goes to.
    private struct Watch {
        var process: LatheProcess
        var workshop: Workshop
        var output: String

        /// What it has printed so far; the last line may be half written.
        var lines: [JSON] {
            let bytes = (try? workshop.bytes(output)) ?? []
            return bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSON(Array($0)) }
        }
    }

    private func start(_ workshop: Workshop, _ sessions: [String], _ more: [String] = []) throws -> Watch {
        let process = try workshop.start(
            ["watch-session"] + sessions.map(workshop.path) + ["--store", workshop.path("store"), "--json"]
                + ["--segment-seconds", "0.5"] + (more.isEmpty ? ["--progress", "none", "--workers", "2"] : more))
        let output = try #require(workshop.files("streams").first { $0.hasSuffix(".out") })
        return Watch(process: process, workshop: workshop, output: "streams/\(output)")
    }

    /// Waits until the lines of standard output are as wanted, but for those of renders that begin or are given up.
    @discardableResult
    private func wait(
        _ watch: Watch, until isReached: ([JSON]) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [JSON] {
        var lines: [JSON] = []
        let isDone = watch.process.wait(seconds: 300) {
            usleep(20_000)
            lines = watch.lines.filter { !["begun", "cancelled"].contains($0["event"].string) }
            return isReached(lines)
        }
        try #require(
            isDone, "\(lines.map(\.text)) \(watch.process.errorsSoFar)", sourceLocation: sourceLocation)
        return lines
    }

    private func stop(_ watch: Watch) throws {
        let children = watch.process.children
        watch.process.sendToGroup(SIGINT)
        let stopped = watch.process.wait(seconds: 60)
        #expect(stopped.status == 130 && !stopped.isOverdue, "\(stopped.errors)")
        #expect(children.filter(LatheProcess.isAlive) == [])
    }

    private func rename(_ workshop: Workshop, _ from: String, to: String) throws {
        #expect(Foundation.rename(workshop.path(from), workshop.path(to)) == 0)
    }

    /// The folder holds what a render from nothing gives.
    private func expectFresh(_ workshop: Workshop, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for folder in ["fresh", "fresh-store"] { try workshop.remove(folder) }
        let fresh = try workshop.run(
            ["render", workshop.path("song.yaml"), "-o", workshop.path("fresh"), "--workers", "0"]
                + ["--store", workshop.path("fresh-store"), "--segment-seconds", "0.5", "--progress", "none"])
        #expect(fresh.status == 0, "\(fresh.errors)", sourceLocation: sourceLocation)
        let same = try workshop.bytes("song-render/01 Short.wav") == workshop.bytes("fresh/01 Short.wav")
        #expect(same, sourceLocation: sourceLocation)
    }

    // MARK: - Sessions

    private func writeSong(
        _ workshop: Workshop, fader: String = "0 dB", file: String = "chord", to name: String = "song.yaml"
    ) throws {
        if !workshop.exists("sounds/chord.wav") { try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 2) }
        if !workshop.exists("sounds/thump.wav") { try workshop.sound("sounds/thump.wav", Sounds.thump, seconds: 1) }
        try workshop.write(
            name,
            """
            lathe: 1
            song: Short
            tracks:
              - name: Chord
                fader: \(fader)
                clips: [{file: sounds/\(file).wav}]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
              - {name: Thump, clips: [{file: sounds/thump.wav}], output: Low}
            buses: [{name: Low, devices: [{compressor: {threshold: -24 dB, ratio: 2, attack: 5 ms, release: 80 ms}}]}]
            """)
    }

    /// Long enough to be edited while it is rendered.
    private func writeLongSong(_ workshop: Workshop, fader: String) throws {
        if !workshop.exists("sounds/long.wav") {
            try workshop.sound("sounds/long.wav", Sounds.chord, seconds: 20)
        }
        try workshop.write(
            "long.yaml",
            """
            lathe: 1
            song: Long
            tracks:
              - name: Long
                fader: \(fader)
                clips: [{file: sounds/long.wav}]
                devices: [{compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}}]
            """)
    }

    /// As long, of tracks that share no cell.
    private func writeWideSong(_ workshop: Workshop, fader: String) throws {
        let devices = [
            "compressor: {threshold: -18 dB, ratio: 3, attack: 5 ms, release: 80 ms}",
            "equalizer: {bands: [{type: bell, frequency: 400 Hz, gain: 3 dB, q: 1.2}]}", "delay: {time: 90 ms}",
            "reverb: {decay: 1 s}",
        ]
        let tracks = devices.enumerated().map { number, device in
            "  - {name: T\(number), fader: \(fader), clips: [{file: sounds/long.wav}], devices: [{\(device)}]}"
        }
        try workshop.write("wide.yaml", "lathe: 1\nsong: Wide\ntracks:\n" + tracks.joined(separator: "\n") + "\n")
    }
}
