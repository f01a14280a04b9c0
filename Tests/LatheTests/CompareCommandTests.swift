import Foundation
import FoundationXML
import RenderHarness
import Testing

/// `lathe compare` as a person or a script runs it.
@Suite struct CompareCommandTests {
    private static func louder(_ frame: Int, _ rate: Int) -> (Double, Double) {
        let (left, right) = Sounds.chord(frame, rate)
        let gain = frame >= rate && frame < 2 * rate ? 1.2 : 1
        return (gain * left, gain * right)
    }

    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.sound("A/one.wav", Sounds.chord, seconds: 4)
        try workshop.sound("A/two.wav", Sounds.thump, seconds: 1)
        try workshop.sound("B/one.wav", Self.louder, seconds: 4)
        try workshop.sound("B/two.wav", Sounds.thump, seconds: 1)
        return workshop
    }

    @Test func `0 the same, 1 different, 2 could not run`() throws {
        let workshop = try workshop()
        func status(_ arguments: String...) throws -> Int32 {
            try workshop.run(["compare"] + arguments + ["--progress", "none"]).status
        }
        #expect(try status(workshop.path("A/two.wav"), workshop.path("B/two.wav")) == 0)
        #expect(try status(workshop.path("A/one.wav"), workshop.path("B/one.wav")) == 1)
        #expect(try status(workshop.path("A"), workshop.path("B")) == 1)
        #expect(try status(workshop.path("A"), workshop.path("B"), "--tolerance", "-10") == 0)
        #expect(try status(workshop.path("A"), workshop.path("nowhere")) == 2)
        #expect(try status(workshop.path("A/one.wav")) == 2)
        #expect(try status(workshop.path("A"), workshop.path("B"), "--tolerance", "loud") == 2)
        #expect(try status(workshop.path("A"), workshop.path("B"), "--gap", "-1") == 2)
    }

    @Test func `the text says where, and standard error stays quiet`() throws {
        let workshop = try workshop()
        let run = try workshop.run([
            "compare", workshop.path("A/one.wav"), workshop.path("B/one.wav"), "--progress", "none",
        ])
        #expect(run.errors.isEmpty, "\(run.errors)")
        #expect(run.output.contains("0:01.000 - 0:02.000"), "\(run.output)")
        #expect(run.output.contains("1.6 LU louder"), "\(run.output)")
    }

    @Test func `a store that no argument needs is said to be of no use`() throws {
        let workshop = try workshop()
        let run = try workshop.run([
            "compare", workshop.path("A/two.wav"), workshop.path("B/two.wav"), "--store", workshop.path("nowhere"),
            "--progress", "none",
        ])
        #expect(run.status == 0 && run.errors.contains("--store is not used"), "\(run.errors)")
    }

    @Test func `one JSON document, on failure too`() throws {
        let workshop = try workshop()
        let run = try workshop.run(["compare", workshop.path("A"), workshop.path("B"), "--json"])
        let document = try JSON(Array(run.output.utf8))
        #expect(run.status == 1 && document["exitCode"].int == 1)
        #expect(document["pairs"].elements.map { $0["relation"].string } == ["different", "identicalFiles"])
        let failed = try workshop.run(["compare", "nowhere.wav", "else.wav", "--json"])
        let reasons = try JSON(Array(failed.output.utf8))["failures"].elements
        #expect(failed.status == 2 && reasons.count == 1)
        #expect(reasons.first?.string?.contains("nowhere.wav does not exist") == true)
        try workshop.write("B/one.wav", "no sound")
        let unreadable = try workshop.run(["compare", workshop.path("A"), workshop.path("B"), "--json"])
        #expect(unreadable.status == 2)
        #expect(try JSON(Array(unreadable.output.utf8))["failures"].elements.count == 1)
    }

    @Test func `a page does not replace what is compared, nor any sound`() throws {
        let workshop = try workshop()
        let before = try workshop.bytes("B/two.wav")
        for target in ["B/two.wav", "B/one.wav"] {
            let run = try workshop.run([
                "compare", workshop.path("A/two.wav"), workshop.path("B/two.wav"), "--html", workshop.path(target),
                "--progress", "none",
            ])
            #expect(run.status == 2 && run.errors.contains("ending of a sound file"), "\(run.errors)")
        }
        #expect(try workshop.bytes("B/two.wav") == before)
        let missing = try workshop.run([
            "compare", workshop.path("A/two.wav"), workshop.path("B/two.wav"), "--html",
            workshop.path("nowhere/c.html"), "--progress", "none",
        ])
        #expect(missing.status == 2 && missing.output.isEmpty, "\(missing.output)")
        #expect(missing.errors.contains("there is no folder \(workshop.path("nowhere/"))"), "\(missing.errors)")
    }

    @Test func `offset and gain are allowed for a tolerance only`() throws {
        let workshop = try workshop()
        for flag in ["--allow-offset", "--allow-gain"] {
            let files = [workshop.path("A/two.wav"), workshop.path("B/two.wav")]
            let run = try workshop.run(["compare"] + files + [flag])
            #expect(run.status == 2 && run.errors.contains("\(flag) goes with --tolerance"), "\(run.errors)")
            #expect(try workshop.run(["compare"] + files + [flag, "--tolerance", "-90"]).status == 0)
        }
    }

    @Test func `the highest rate is compared in little memory`() throws {
        let workshop = try Workshop()
        func ramp(_ gain: Double) -> (Int, Int) -> (Double, Double) {
            // Cheap, and not like itself anywhere near.
            { frame, _ in
                let mixed = (UInt64(frame / 4) &+ 1) &* 0x9E37_79B9_7F4A_7C15
                let value = Double((mixed ^ (mixed >> 29)) & 0xFFFF) * 0x1p-17
                return (value, (frame > 3_000_000 ? gain : 1) * value)
            }
        }
        try workshop.sound("a.wav", ramp(1), seconds: 12, rate: 768_000)
        try workshop.sound("b.wav", ramp(0.9), seconds: 12, rate: 768_000)
        let run = try workshop.run(
            [
                "compare", workshop.path("a.wav"), workshop.path("b.wav"), "--progress", "none", "--workers", "2",
            ], under: ["bash", "-c", "ulimit -v 900000; exec \"$@\"", "bash"])
        #expect(run.status == 1 && run.output.contains("DIFFERENT: "), "\(run.output)\(run.errors)")
    }

    @Test func `a page is written`() throws {
        let workshop = try workshop()
        let run = try workshop.run([
            "compare", workshop.path("A"), workshop.path("B"), "--html", workshop.path("c.html"), "--progress", "none",
        ])
        #expect(run.status == 1)
        let page = try workshop.bytes("c.html")
        #expect(XMLParser(data: Data(page)).parse())
        #expect(String(decoding: page, as: UTF8.self).contains("class=\"player\""))
    }
}
