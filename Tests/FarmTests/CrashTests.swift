import Foundation
import RenderHarness
import Testing

/// `kill -9` at any moment costs time and nothing else.
@Suite struct CrashTests {
    @Test(arguments: [UInt64(1), 2])
    func `workers that are killed are missed by nobody`(seed: UInt64) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 4)
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        var random = Random(seed: seed)
        let run = try workshop.start(
            workshop.renderArguments(
                "pair.yaml", into: "out", ["--workers", "2", "--block", "8", "--progress", "json"]),
            environment: ["LATHE_TEST_CRASH": "mid-segment,after-result,after-send"])
        try #require(run.wait { run.segmentsDone > 0 })
        // Three lives end where the environment says; these end wherever they are.
        var killed = 0
        while killed < 3, !run.hasEnded {
            usleep(UInt32.random(in: 30_000...150_000, using: &random))
            guard let victim = run.children.randomElement(using: &random) else { continue }
            kill(victim, SIGKILL)
            killed += 1
        }
        let finished = run.wait()
        try #require(finished.status == 0, "\(finished.errors)")
        let delivered = try workshop.delivered("out")
        #expect(delivered.tasks("retried") > 0)
        #expect(delivered.differences(from: reference) == [])
    }

    @Test(arguments: [
        "commit:1", "commit:9", "commit:60", "window:1", "window:7", "publish:1", "publish:3", "publish:7",
        "report:1",
    ])
    func `a render that is killed is carried on by the same command`(place: String) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        let arguments = workshop.renderArguments("pair.yaml", into: "out", ["--workers", "2"])
        let run = try workshop.start(arguments, environment: ["LATHE_TEST_CRASH_RENDER": place])
        var workers: Set<Int32> = []
        run.wait {
            workers.formUnion(run.children); return run.hasEnded
        }
        let died = run.wait()
        try #require(died.status == 128 + SIGKILL, "\(place): \(died.errors)")
        // The first result may come before the second worker is there.
        #expect(!workers.isEmpty)
        try expectGone(workers)
        // Whatever has its final name is whole.
        for (name, bytes) in try partial(workshop) {
            #expect(bytes == reference.sounds[name], "\(place): \(name)")
        }
        let carriedOn = try workshop.render("pair.yaml", into: "out", ["--workers", "2"])
        #expect(carriedOn.differences(from: reference) == [], "\(place)")
        // What the very first COMMIT answered may be lost: nothing was flushed yet.
        if place != "commit:1" { #expect(carriedOn.tasks("reused") > 0, "\(place)") }
        #expect(workshop.files("out").filter { $0.contains(".lathe-") } == [], "\(place)")
    }

    @Test func `a render that is killed at any moment is carried on`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 5)
        let start = Date()
        let reference = try workshop.render("pair.yaml", into: "reference", store: "undisturbed")
        // On a busy machine everything takes longer, and so does getting as far as the first result.
        let duration = Date().timeIntervalSince(start)
        var random = Random(seed: 20)
        let arguments = workshop.renderArguments("pair.yaml", into: "out", ["--workers", "2"])
        var kills = 0
        for _ in 0..<5 {
            let run = try workshop.start(arguments)
            let moment = duration * (0.05 + 0.9 * random.double())
            var workers: Set<Int32> = []
            let until = Date().addingTimeInterval(moment)
            run.wait {
                workers.formUnion(run.children); return Date() > until
            }
            run.send(SIGKILL)
            if run.wait().status == 128 + SIGKILL { kills += 1 }
            try expectGone(workers)
            for (name, bytes) in try partial(workshop) { #expect(bytes == reference.sounds[name], "\(name)") }
        }
        #expect(kills > 0)
        let carriedOn = try workshop.render(
            "pair.yaml", into: "out", ["--workers", "2", "--overwrite", "replace"])
        #expect(carriedOn.differences(from: reference) == [])
        #expect(carriedOn.tasks("reused") > 0)
    }

    /// The sounds that lie under final names.
    private func partial(_ workshop: Workshop) throws -> [(String, [UInt8])] {
        try workshop.files("out").filter { name in
            let last = name.split(separator: "/").last ?? ""
            return !last.hasPrefix(".") && (name.hasSuffix(".wav") || name.hasSuffix(".flac"))
        }.map { ($0, try workshop.bytes("out/\($0)")) }
    }

    /// Workers do not outlive their render by more than two seconds.
    private func expectGone(_ workers: Set<Int32>) throws {
        let deadline = Date().addingTimeInterval(2)
        while workers.contains(where: LatheProcess.isAlive), Date() < deadline { usleep(5000) }
        #expect(workers.filter(LatheProcess.isAlive) == [])
    }
}
