import Quantities
import Release
import Session
import Testing

@Suite struct ReleasePlanTests {
    private func paths(_ plan: ReleasePlan) -> [String] { plan.files.map(\.path) }

    @Test func `masters lie in the render's folder where extensions differ`() throws {
        let plan = try ReleasePlan(album: album(["Ferry", "Salt"], [wave24, flac16]))
        #expect(
            paths(plan) == [
                "01 Ferry.wav", "01 Ferry.flac", "02 Salt.wav", "02 Salt.flac", "render.json", "report.html",
            ])
        #expect(plan.renamed.isEmpty)
        let flac = try #require(plan.master(song: 1, delivery: 1))
        #expect(flac.kind == .flac(.integer16) && flac.rateHertz == 44_100 && flac.channelCount == 2)
        #expect(plan.master(song: 0, delivery: 0)?.kind == .wavPCM(.integer24))
    }

    @Test func `entries of one extension get folders, named ones keep theirs`() throws {
        let named = Delivery(
            format: .wav, samples: .integer16, rateHertz: 44_100, dither: .tpdf, folder: "CD/Disc 1")
        let float = Delivery(format: .wav, samples: .float32, dither: .none)
        let plan = try ReleasePlan(album: album(["Ferry"], [wave24, named, flac16, float], rate: 96_000))
        #expect(
            paths(plan).prefix(4) == [
                "WAV 24-96000/01 Ferry.wav", "CD/Disc 1/01 Ferry.wav", "01 Ferry.flac",
                "WAV 32-96000/01 Ferry.wav",
            ])
        #expect(plan.files[3].kind == .wavFloat)
    }

    @Test func `numbers are places in the album, whatever is rendered`() throws {
        let many = album((1...100).map { "Song \($0)" }, [wave24])
        #expect(try paths(ReleasePlan(album: many, songs: [1])).first == "002 Song 2.wav")
        let few = album(["Ferry", "Salt"], [wave24])
        #expect(
            try paths(ReleasePlan(album: few, songs: [1])) == ["02 Salt.wav", "render.json", "report.html"])
    }

    @Test func `stems are numbered in the order of the sum`() throws {
        let plan = try ReleasePlan(
            album: album(["Ferry"], [wave24]), stemNames: [["Direct", "Drums", "Vox/FX"]], stems: .preMaster)
        #expect(
            paths(plan) == [
                "01 Ferry.wav", "stems/Ferry/01 Direct.wav", "stems/Ferry/02 Drums.wav",
                "stems/Ferry/03 Vox-FX.wav", "stems/Ferry/pre-master.wav", "render.json", "report.html",
            ])
        #expect(plan.renamed == [RenamedFile(from: "Vox/FX", to: "Vox-FX")])
        #expect(plan.files[2].stem == 1 && plan.files[2].role == .stem && plan.files[2].kind == .wavFloat)
        #expect(plan.files[4].role == .preMaster)
        #expect(plan.files(ofSong: 0).count == 5)
    }

    @Test(arguments: [
        ("AC/DC", "AC-DC"), ("Wait...", "Wait"), ("Wait. . ", "Wait"), ("...And Justice", "...And Justice"),
        ("a\u{0}b\nc\td\u{7f}e\u{85}f\u{2028}g", "a_b_c_d_e_f_g"), ("..", "_"), (".", "_"), ("", "_"),
        (" ", "_"), ("Ça va?", "Ça va?"), ("No: 3:15", "No: 3:15"), ("🎧 mix", "🎧 mix"), ("a\\b", "a\\b"),
    ])
    func `titles become names`(title: String, name: String) throws {
        let plan = try ReleasePlan(album: album([title], [wave24]))
        #expect(plan.files[0].path == "01 \(name).wav")
        #expect(plan.renamed == (title == name ? [] : [RenamedFile(from: title, to: name)]))
    }

    @Test(arguments: [
        (".hidden", "_hidden"), ("..", "_"), ("../../etc", "_.-..-etc"), ("...And Justice", "_..And Justice"),
        ("a/b", "a-b"),
    ])
    func `titles become folders that are never hidden and never lead out`(title: String, name: String) throws {
        let plan = try ReleasePlan(album: album([title], []), stemNames: [[]], stems: .preMaster)
        #expect(plan.files[0].path == "stems/\(name)/pre-master.wav")
    }

    @Test func `a delivery's folder never leads out of the render`() throws {
        for (folder, expected) in [("../x", "_/x"), ("/abs", "abs"), ("a/./b", "a/_/b"), ("..", "_")] {
            var delivery = wave24
            delivery.folder = folder
            let plan = try ReleasePlan(album: album(["A"], [delivery]))
            #expect(plan.files[0].path == "\(expected)/01 A.wav")
        }
    }

    @Test func `over-long titles are cut between characters`() throws {
        let cases = [
            String(repeating: "x", count: 300), String(repeating: "é", count: 150),
            String(repeating: "👩‍👩‍👧", count: 60), "e" + String(repeating: "\u{301}", count: 400),
            String(repeating: "x", count: 199) + " yyy",
        ]
        for title in cases {
            let plan = try ReleasePlan(album: album([title], [wave24]))
            let path = plan.files[0].path
            #expect(path.hasPrefix("01 ") && path.hasSuffix(".wav"))
            let name = path.dropFirst(3).dropLast(4)
            #expect(name.utf8.count <= 200 && name.utf8.count > 150)
            #expect(title.unicodeScalars.starts(with: name.unicodeScalars) && name.last != " ")
            #expect(plan.renamed == [RenamedFile(from: title, to: String(name))])
        }
        let families = try ReleasePlan(album: album([cases[2]], [wave24])).files[0].path
        #expect(families.dropFirst(3).dropLast(4).allSatisfy { $0 == "👩‍👩‍👧" })
    }

    @Test func `two files of one name are an error that names both`() throws {
        var cd = wave16
        cd.folder = "CD"
        var second = wave24
        second.folder = "cd"
        let error = #expect(throws: ReleaseError.self) {
            try ReleasePlan(album: album(["Ferry"], [cd, second]))
        }
        #expect(error?.code == .nameCollision)
        #expect(error?.files == ["CD/01 Ferry.wav", "cd/01 Ferry.wav"])
        #expect(error?.message.contains("WAV 16-48000") == true)
        #expect(error?.message.contains("WAV 24-48000") == true)
        // Two songs of one title differ by their numbers, but share a folder of stems.
        let twins = album(["Reprise", "REPRISE "], [wave24])
        #expect(throws: Never.self) { try ReleasePlan(album: twins) }
        #expect(throws: ReleaseError(.nameCollision, "", path: "")) {
            try ReleasePlan(album: twins, stemNames: [["A"], ["A"]], stems: .preMaster)
        }
        // One letter, composed and not.
        let spelled = album(["Caf\u{e9}", "Cafe\u{301}"], [])
        #expect(throws: ReleaseError(.nameCollision, "", path: "")) {
            try ReleasePlan(album: spelled, stemNames: [[], []], stems: .preMaster)
        }
    }

    @Test func `a file where another needs a folder is an error`() throws {
        var odd = flac16
        odd.folder = "01 Ferry.WAV"
        let error = #expect(throws: ReleaseError.self) {
            try ReleasePlan(album: album(["Ferry"], [wave24, odd]))
        }
        #expect(error?.code == .nameCollision && error?.files.count == 2)
        odd.folder = "render.json"
        #expect(throws: ReleaseError(.nameCollision, "", path: "")) {
            try ReleasePlan(album: album(["Ferry"], [odd]))
        }
    }
}
