import Farm
import Foundation
import RenderHarness
import Testing
import ZeroMQ

/// Neighbours, strangers and want of room.
@Suite struct AdversityTests {
    @Test func `a worker that stands still is ended, and another takes its place`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 5)
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        let run = try workshop.start(
            workshop.renderArguments(
                "pair.yaml", into: "out", ["--workers", "1", "--block", "4", "--progress", "json"]))
        try #require(run.wait { run.segmentsDone > 0 })
        let victim = try #require(run.children.first)
        kill(victim, SIGSTOP)
        let finished = run.wait(seconds: 60)
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(!LatheProcess.isAlive(victim))
        let delivered = try workshop.delivered("out")
        #expect(delivered.tasks("retried") > 0)
        #expect(delivered.differences(from: reference) == [])
    }

    @Test func `a steady signal, the same part over and over, is handed in as any other`() throws {
        let workshop = try Workshop()
        try workshop.sound("sounds/steady.wav", { _, _ in (0.25, 0.25) }, seconds: 3)
        try workshop.write(
            "steady.yaml",
            """
            lathe: 1
            song: Steady
            length: 3 s
            tracks:
              - name: A
                clips: [{file: sounds/steady.wav}]
                sends: [{to: R, gain: 0 dB, tap: pre}]
            returns: [{name: R}]
            """)
        let reference = try workshop.render("steady.yaml", into: "reference", store: "undisturbed", ["--workers", "0"])
        let delivered = try workshop.render("steady.yaml", into: "out", ["--workers", "1"])
        #expect(delivered.differences(from: reference) == [])
        #expect(delivered.tasks("retried") == 0)
    }

    @Test func `two renders share a store, but never a folder`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 5)
        let first = try workshop.start(
            workshop.renderArguments("pair.yaml", into: "one", ["--workers", "1", "--block", "32"]))
        try #require(first.wait { !first.children.isEmpty })
        let refused = try workshop.run(
            workshop.renderArguments("pair.yaml", into: "one", ["--workers", "1"]))
        #expect(refused.status == 2)
        #expect(refused.errors.contains("another render"), "\(refused.errors)")
        let second = try workshop.render("pair.yaml", into: "two", ["--workers", "1"])
        #expect(first.wait().status == 0)
        #expect(try workshop.delivered("one").differences(from: second) == [])
        #expect(try workshop.run(["store", "verify", "--store", workshop.path("store")]).status == 0)
    }

    @Test func `a store without room keeps only what the render still needs`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 5)
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        for workers in ["0", "2"] {
            let cramped = try workshop.render(
                "pair.yaml", into: "out-\(workers)", store: "store-\(workers)",
                ["--workers", workers, "--block", "64"],
                environment: ["LATHE_STORE_LIMIT": "1"])
            #expect(cramped.differences(from: reference) == [])
            let run = try workshop.run([
                "store", "stat", "--json", "--store", workshop.path("store-\(workers)"),
            ])
            #expect(try JSON(Array(run.output.utf8))["blobBytes"].int == 0, "trimmed at its end")
        }
    }

    @Test func `a stranger on the socket changes nothing`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        // A short path: the socket's must end at 107 bytes.
        let runtime = FileManager.default.temporaryDirectory.appendingPathComponent(
            "lt-\(UInt32.random(in: 0...UInt32.max))"
        ).path
        try FileManager.default.createDirectory(atPath: runtime, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: runtime) }
        let run = try workshop.start(
            workshop.renderArguments("pair.yaml", into: "out", ["--workers", "2", "--block", "32"]),
            environment: ["XDG_RUNTIME_DIR": runtime])
        try #require(run.wait { !run.children.isEmpty })
        let folder = try #require(try FileManager.default.contentsOfDirectory(atPath: runtime).first)
        let permissions = try FileManager.default.attributesOfItem(atPath: "\(runtime)/\(folder)")[
            .posixPermissions]
        #expect((permissions as? NSNumber)?.intValue == 0o700)
        let context = try Context()
        var random = Random(seed: 5)
        var sentCount = 0
        // One that nobody knows, and one that calls itself a worker.
        for identity in [Array("stranger".utf8), [UInt8(ascii: "w")] + Array(repeating: 9, count: 16)] {
            var options = SocketOptions()
            options.routingID = identity
            let socket = try Socket(.dealer, in: context, options: options)
            try socket.connect(to: "ipc://\(runtime)/\(folder)/farm")
            for _ in 0..<400 {
                var frames = try FarmCodec.encode(
                    WireMessage.random(kind: Int.random(in: 0..<17, using: &random), &random))
                if Bool.random(using: &random) {
                    frames = frames.map {
                        $0.map { random.double() < 0.02 ? UInt8(truncatingIfNeeded: random.next()) : $0 }
                    }
                }
                if try socket.send(frames: frames) == .sent { sentCount += 1 }
                if run.hasEnded { break }
                usleep(300)
            }
        }
        #expect(sentCount > 50)
        let finished = run.wait()
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(try workshop.delivered("out").differences(from: reference) == [])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: runtime) == [],
            "the socket's folder goes with the render")
    }
}
