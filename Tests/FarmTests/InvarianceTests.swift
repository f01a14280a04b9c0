import Foundation
import RenderHarness
import Testing

/// How a render is spread over processes, segments and blocks, and when it is done, decides nothing.
@Suite struct InvarianceTests {
    @Test func `workers, scattering, block sizes and the clock leave every byte alone`() throws {
        let workshop = try Workshop()
        try workshop.writeEdgesAlbum()
        let began = Date()
        let reference = try workshop.render(
            "edges.yaml", into: "reference", store: "store-1", ["--workers", "1"])
        #expect(
            reference.sounds.count == 6,
            "two deliveries, three stems and a pre-master: \(reference.sounds.keys)")
        #expect(reference.document["songs"].elements.first?["lengthRule"].string == "tail-limit")
        let ways: [[String]] = [
            ["--workers", "0"], ["--workers", "2"], ["--workers", "5"], ["--workers", "2", "--scatter"],
            ["--workers", "1", "--block", "64"], ["--workers", "1", "--block", "4096"],
            ["--workers", "2", "--audit", "40"],
        ]
        for (number, way) in ways.enumerated() {
            let other = try workshop.render(
                "edges.yaml", into: "way-\(number)", store: "way-store-\(number)", way)
            #expect(other.differences(from: reference) == [], "\(way)")
            #expect(other.tasks("reused") == 0, "\(way)")
            #expect((other.tasks("audited") > 0) == way.contains("--audit"), "\(way)")
            try workshop.remove("way-store-\(number)")
        }
        // Seconds later, from nothing: no clock has reached a byte.
        while Date().timeIntervalSince(began) < 2.5 { usleep(10_000) }
        let later = try workshop.render("edges.yaml", into: "later", store: "store-2", ["--workers", "2"])
        #expect(later.differences(from: reference) == [])
        // Workers inherit the library that fakes the time.
        let faked = try workshop.render(
            "edges.yaml", into: "faked", store: "store-3", ["--workers", "2"],
            under: ["faketime", "2031-05-06 07:08:09"])
        #expect(faked.differences(from: reference) == [])
    }

    @Test func `a render with nothing changed computes nothing, its folder gone or not`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out")
        #expect(first.tasks("rendered") > 0)
        // The songs share a source: what one of them needs of it the other need not make.
        #expect(first.tasks("reused") < first.tasks("total") / 10)
        let again = try workshop.render("pair.yaml", into: "out", ["--overwrite", "replace"])
        #expect(again.tasks("rendered") == 0)
        #expect(again.tasks("reused") == again.tasks("total"))
        #expect(again.differences(from: first) == [])
        try workshop.remove("out")
        let renewed = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        #expect(renewed.tasks("rendered") == 0)
        #expect(renewed.differences(from: first) == [])
        // And nothing is looked up where that is asked for.
        let unaided = try workshop.render("pair.yaml", into: "unaided", ["--no-cache"])
        #expect(unaided.tasks("reused") == 0)
        #expect(unaided.tasks("rendered") > 0)
        #expect(unaided.differences(from: first) == [])
    }

    @Test func `an edit renders what it touches and no more`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let first = try workshop.render("pair.yaml", into: "out")
        let song = String(decoding: try workshop.bytes("second.yaml"), as: UTF8.self)
        try workshop.write(
            "second.yaml", song + "\nmaster: {automation: {fader: [[0 s, 0 dB], [2600 ms, -0.5 dB]]}}\n")
        let second = try workshop.render("pair.yaml", into: "out", ["--overwrite", "replace"])
        #expect(second.tasks("reused") > 0)
        #expect(second.tasks("rendered") > 0)
        #expect(second.tasks("rendered") < first.tasks("rendered") / 2)
        let fresh = try workshop.render("pair.yaml", into: "fresh", store: "empty")
        #expect(second.differences(from: fresh) == [])
    }
}
