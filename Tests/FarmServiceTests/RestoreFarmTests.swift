import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// `lathe restore --farm`.
    @Suite struct RestoreFarmTests {
        @Test func `an earlier revision is rendered on the farm from its recorded session, byte for byte`() throws {
            let farm = try RealFarm()
            let workshop = farm.workshop
            try workshop.writePairAlbum(seconds: 1)
            let old = try workshop.render("pair.yaml", into: "out", store: "quiet", ["--workers", "0"])
            let text = String(decoding: try workshop.bytes("first.yaml"), as: UTF8.self)
            try workshop.write("first.yaml", text.replacing("gain: 0 dB", with: "gain: -6 dB"))
            let new = try workshop.render(
                "pair.yaml", into: "out", store: "quiet", ["--workers", "0", "--overwrite", "replace"])
            try #require(new.sounds != old.sounds)
            try farm.startCoordinator()
            try farm.startWorker()
            let restore = ["restore", "\(workshop.path("pair"))@1", "-o", workshop.path("again"), "--session"]
            let run = try farm.run(restore + ["--progress", "none"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("All of them are the files of that revision, byte for byte."), "\(run.output)")
            let restored = try workshop.delivered("again")
            #expect(restored.sounds == old.sounds)
            #expect(try workshop.bytes("again/first.yaml") == Array(text.utf8))
            #expect(workshop.files("again").filter { $0.contains(".lathe") } == [])
            // What is there is not overwritten unasked.
            #expect(try farm.run(restore).status == 2)
            // Nor is a file in the place of a folder met with somebody else's error text.
            try workshop.write("file", "somebody's")
            let blocked = try farm.startRender("pair.yaml", into: "file/below").wait()
            #expect(blocked.status == 2 && blocked.errors.contains("\(workshop.path("file"))"), "\(blocked.errors)")
            #expect(!blocked.errors.contains("Domain"), "\(blocked.errors)")
            let refused = try farm.run(restore + ["--workers", "1"])
            #expect(refused.status == 2 && refused.errors.contains("--workers is the farm's own affair"))
            try expectNothingLeft(farm)
        }
    }
}
