import Foundation
import Hashing
import Quantities
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

        @Test func `a file that the farm names and the revision does not is not written over somebody's`() throws {
            let farm = try RealFarm()
            let workshop = farm.workshop
            try workshop.writePairAlbum(seconds: 1)
            _ = try workshop.render("pair.yaml", into: "out", store: "quiet", ["--workers", "0"])
            try farm.startCoordinator()
            try farm.startWorker()
            func restore(_ folder: String, _ more: String...) throws -> LatheProcess.Finished {
                try farm.run(
                    ["restore", "\(workshop.path("pair"))@1", "-o", workshop.path(folder), "--progress", "none"] + more)
            }
            try #require(try restore("again").status == 0)
            // A farm that names one more.
            try farm.endCoordinator(SIGTERM)
            let record = try #require(workshop.files("farm").first { $0.hasSuffix("/job.json") })
            let folder = "farm/" + record.dropLast("job.json".count)
            let path = workshop.path("farm/\(record)")
            var job = try #require(
                JSONSerialization.jsonObject(with: Data(workshop.bytes("farm/\(record)"))) as? [String: Any])
            var files = try #require(job["files"] as? [[String: Any]])
            try #require(files.count > 4)
            let text = Array("the farm's".utf8)
            files.append(["path": "notes.txt", "byteCount": text.count, "sha256": "\(TaskKey.of(text))"])
            job["files"] = files
            try JSONSerialization.data(withJSONObject: job).write(to: URL(fileURLWithPath: path))
            try workshop.write("\(folder)release/notes.txt", "the farm's")
            try farm.startCoordinator()
            try workshop.write("third/notes.txt", "mine")
            let refused = try restore("third")
            #expect(refused.status == 2 && refused.errors.contains("notes.txt"), "\(refused.errors)")
            #expect(try workshop.bytes("third/notes.txt") == Array("mine".utf8))
            #expect(workshop.files("third").filter { !$0.contains(".lathe") } == ["notes.txt"])
            // Nor is it written where nothing lies.
            #expect(try restore("fourth").status == 2)
            #expect(workshop.files("fourth").filter { !$0.contains(".lathe") } == [])
            // Whoever says that files may be replaced gets it.
            #expect(try restore("third", "--overwrite", "replace").status == 0)
            #expect(try workshop.bytes("third/notes.txt") == text)
            try expectNothingLeft(farm)
        }
    }
}
