import Foundation
import Release
import TestSupport
import Testing

@Suite struct RenderDocumentTests {
    private func file(_ plan: ReleasePlan, _ index: Int) -> RenderDocument.File {
        let delivered = DeliveredFile(
            path: "/elsewhere/x", byteCount: 1_234, frameCount: 100, sha256: "aa", pcmSHA256: "bb")
        return RenderDocument.File(
            plan.files[index], delivered, bits: 24, isFloat: false,
            measurements: RenderDocument.Measurements(
                integrated: -14.000_4, truePeak: -.infinity, samplePeak: -1.023_49),
            finish: RenderDocument.Finish(gain: 2.3, passes: 2, target: -14, ceiling: -1))
    }

    private func document() throws -> RenderDocument {
        let plan = try ReleasePlan(album: album(["AC/DC", "Salt"], [wave24]))
        return RenderDocument(
            lathe: "1.0.0", libraries: ["libsndfile": "1.2.2", "flac": "1.4.3"], album: "Night Ferry",
            albumIntegrated: .nan,
            songs: [
                RenderDocument.Song(
                    title: "AC/DC", frames: 100, rate: 48_000, lengthRule: "tail", files: [file(plan, 0)])
            ],
            farm: RenderDocument.Farm(
                workers: 2, tasks: .init(total: 10, rendered: 9, reused: 1, retried: 0, audited: 0),
                renderedSeconds: 12.5, wallSeconds: 0, timesRealTime: .infinity),
            renamed: plan.renamed, warnings: ["a \"quoted\" warning"],
            failures: [.init(song: "Salt", what: "FILE changed while rendering", remedy: "Render again.")])
    }

    private let golden = #"""
        {
          "album" : "Night Ferry",
          "failures" : [
            {
              "remedy" : "Render again.",
              "song" : "Salt",
              "what" : "FILE changed while rendering"
            }
          ],
          "farm" : {
            "renderedSeconds" : 12.5,
            "tasks" : {
              "audited" : 0,
              "rendered" : 9,
              "retried" : 0,
              "reused" : 1,
              "total" : 10
            },
            "wallSeconds" : 0,
            "workers" : 2
          },
          "lathe" : "1.0.0",
          "libraries" : {
            "flac" : "1.4.3",
            "libsndfile" : "1.2.2"
          },
          "renamed" : [
            {
              "from" : "AC/DC",
              "to" : "AC-DC"
            }
          ],
          "songs" : [
            {
              "files" : [
                {
                  "bits" : 24,
                  "bytes" : 1234,
                  "channels" : 2,
                  "finish" : {
                    "ceiling" : -1,
                    "gain" : 2.3,
                    "passes" : 2,
                    "target" : -14
                  },
                  "format" : "wav",
                  "frames" : 100,
                  "measurements" : {
                    "integrated" : -14,
                    "samplePeak" : -1.023
                  },
                  "path" : "01 AC-DC.wav",
                  "pcmSha256" : "bb",
                  "rate" : 48000,
                  "role" : "master",
                  "sha256" : "aa"
                }
              ],
              "frames" : 100,
              "lengthRule" : "tail",
              "rate" : 48000,
              "stems" : [

              ],
              "title" : "AC/DC"
            }
          ],
          "warnings" : [
            "a \"quoted\" warning"
          ]
        }

        """#

    @Test func `the bytes are fixed; what was not measured is absent, and nothing is null`() throws {
        let text = String(decoding: try document().encoded(), as: UTF8.self)
        #expect(text == golden)
        #expect(!text.contains("null") && !text.contains("inf") && !text.contains("nan"))
    }

    @Test func `what is read back is what was written`() throws {
        let document = try document()
        let bytes = try document.encoded()
        let read = try RenderDocument.decoded(bytes)
        #expect(read == document)
        #expect(try read.encoded() == bytes)
    }

    @Test func `a null that is exact says so without a figure`() throws {
        let folder = try TemporaryDirectory("lathe-release")
        let planes = planarFrames(1_000)
        try writeFloatWave("\(folder.path)/a.wav", planes)
        let null = try StemsNull.measure(
            stemPaths: ["\(folder.path)/a.wav"], preMasterPath: "\(folder.path)/a.wav")
        let song = RenderDocument.Song(
            title: "A", frames: 1_000, rate: 48_000, lengthRule: nil, stemsNull: null)
        let data = Data(
            try RenderDocument(lathe: "1", libraries: [:], album: nil, songs: [song]).encoded())
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let first = try #require((object["songs"] as? [[String: Any]])?.first)
        let found = try #require(first["stemsNull"] as? [String: Any])
        #expect(found.keys.sorted() == ["isExact"] && found["isExact"] as? Bool == true)
        #expect(object["album"] == nil && object["farm"] == nil && object["renamed"] == nil)
    }

    @Test func `the report says what the document says`() throws {
        let page = String(decoding: ReportBuilder.page(try document()), as: UTF8.self)
        for text in ["Night Ferry", "AC/DC", "01 AC-DC.wav", "FILE changed while rendering", "1.0.0"] {
            #expect(page.contains(text), "\(text) is missing")
        }
        #expect(page.contains("Salt"))
    }

    @Test func `curves of a delivered file are drawn`() throws {
        let folder = try TemporaryDirectory("lathe-release")
        let path = "\(folder.path)/a.wav"
        try writeFloatWave(path, planarFrames(48_000 * 5).map { $0.map { $0 * 0.1 } })
        let check = try DeliveredCheck.measure(path: path)
        let plain = ReportBuilder.page(try document())
        let drawn = ReportBuilder.page(try document(), curves: [ReportBuilder.Curves(check.summary)])
        #expect(drawn.count > plain.count)
        #expect(String(decoding: drawn, as: UTF8.self).contains("<svg"))
    }
}
