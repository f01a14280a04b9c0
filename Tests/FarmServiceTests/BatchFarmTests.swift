import Foundation
import RenderHarness
import Testing

extension RealFarmTests {
    /// Several albums in one `lathe render --farm`.
    @Suite struct BatchFarmTests {
        @Test func `each album is a job of its own, fetched into a folder of its own`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum(seconds: 1)
            try farm.workshop.write("broken.yaml", "{lathe: 1, song: Broken, tracks: loud}")
            try farm.workshop.write(
                "loose.yaml", "{lathe: 1, song: Loose, tracks: [{name: C, clips: [{file: sounds/chord.wav}]}]}")
            let references = try ["pair", "loose"].map { try farm.reference("\($0).yaml", into: "reference-\($0)") }
            try farm.startCoordinator()
            try farm.startWorker()
            let refused = try farm.startRender("pair.yaml", into: "out", [farm.workshop.path("broken.yaml")]).wait()
            #expect(refused.status == 2 && refused.errors.contains("broken.yaml:1:"), "\(refused.errors)")
            let more = [farm.workshop.path("loose.yaml"), "--json"]
            let run = try farm.startRender("pair.yaml", into: "out", more).wait()
            #expect(run.status == 0, "\(run.errors)")
            let renders = try JSON(Array(run.output.utf8))["renders"].elements
            #expect(renders.map { $0["exitCode"].int } == [0, 0])
            #expect(Set(renders.compactMap { $0["job"].string }).count == 2)
            for (name, reference) in zip(["pair", "loose"], references) {
                expectSame(try farm.workshop.delivered("out/\(name)"), reference)
            }
            try expectNothingLeft(farm)
        }
    }
}
