import Quantities
import Session
import SessionFiles
import TestSupport
import Testing

/// Files that were not written by a musician: each ends in errors with a place, none in a crash or a long
/// wait.
@Suite struct HostileSessionTests {
    private func errors(_ text: String) throws -> [String] {
        try SessionBench(["s.yaml": text]).errors("s.yaml")
    }

    private func errors(bytes: [UInt8]) throws -> [String] {
        let bench = try SessionBench()
        try bench.directory.write("s.yaml", bytes)
        return bench.errors("s.yaml")
    }

    @Test func `an alias bomb is cut off by the count of values`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text +=
                "a\(level): &a\(level) [" + (0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
                + "]\n"
        }
        let found = try errors(text)
        #expect(
            found == [
                "s.yaml:7:10: error: this file has more than 1,000,000 values. split the album or its automation into smaller songs."
            ])
    }

    @Test func `a bomb as a key does nothing either`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            text +=
                "a\(level): &a\(level) [" + (0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
                + "]\n"
        }
        text += "b: {*a8: 1, [*a8]: 2, {x: *a8}: 3}\n"
        let found = try errors(text)
        #expect(found.count == 1)
        #expect(found[0].contains("more than 1,000,000 values"))
    }

    @Test func `at most 100 aliases`() throws {
        let track = { (index: Int) in "  - {name: T\(index), fader: *g}\n" }
        let head = "lathe: 1\nsong: &g S\nlength: 1 s\nmaster: {fader: &g 1 dB}\ntracks:\n"
        #expect(try errors(head + (1...100).map(track).joined()) == [])
        #expect(
            try errors(head + (1...101).map(track).joined()) == [
                "s.yaml:106:25: error: this file uses more than 100 aliases. write the values out."
            ])
    }

    @Test(arguments: [
        (
            "length: 1 s\nmaster: *m",
            "4:9: error: there is no anchor `&m` before this alias. write `&m` before the value that it repeats, or quote text that begins with `*`."
        ),
        (
            "length: 1 s\nmaster: &m {fader: *m}",
            "4:20: error: there is no anchor `&m` before this alias. write `&m` before the value that it repeats, or quote text that begins with `*`."
        ),
        (
            "length: &time 1 s\ntail-limit: *tim",
            "4:13: error: there is no anchor `&tim` before this alias. did you mean `*time`."
        ),
        (
            "length: 1 s\nmaster:\n  <<: {fader: 1 dB}",
            "5:3: error: merge keys (`<<`) are not used. write the values out, or give a whole value an alias."
        ),
        ("length: !!str 1 s", "3:9: error: tags such as `!!str` are not used. remove the tag."),
        ("length: !!str \"1 s\"", "3:9: error: tags such as `!!str` are not used. remove the tag."),
        ("length: 1 s\nmaster: !map {}", "4:9: error: tags such as `!!str` are not used. remove the tag."),
        (
            "length: |\n  1 s",
            "3:9: error: text blocks (`|`, `>`) are not used. write the text on one line, in quotes."
        ),
        ("length: 1 s\n? [a, b]\n: c", "4:3: error: a key must be a word. write `key: value`."),
        (
            "length: 1 s\n---\nsong: U",
            "4:1: error: not valid YAML: but found another document. keep one document in a file."
        ),
        (
            "length: 1 s\n\tseed: 1",
            "4:1: error: not valid YAML: while scanning a plain scalar, found a tab character that violates indentation. indent with spaces, not tabs."
        ),
        (
            "length: 1 s\nmaster: {fader: 1 dB",
            "5:1: error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'. close every bracket and put a comma between entries."
        ),
        (
            "length: 1 s\ntracks:\n  - name: a: b",
            "5:12: error: not valid YAML: mapping values are not allowed in this context. quote text that holds a colon and a space."
        ),
        ("length: 1 s\u{7}", "3:12: error: the character U+0007 cannot be in a session file. remove it."),
        (
            "length: 1 s\n# \u{E000}",
            "4:3: error: the character U+E000 cannot be in a session file. remove it."
        ),
    ])
    func `YAML that session files do not use has its place and remedy`(_ lines: String, _ expected: String)
        throws
    {
        let found = try errors("lathe: 1\nsong: T\n" + lines + "\n")
        #expect(found.first == "s.yaml:" + expected)
    }

    @Test(arguments: ["[", "{a: ", "- ", "[[], "])
    func `deep nesting is an error`(_ opening: String) throws {
        for depth in [40, 5000, 200_000] {
            let found = try errors(String(repeating: opening, count: depth))
            #expect(found.count == 1)
        }
    }

    @Test func `32 levels are allowed and 33 are not`() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try errors(nested(32)).allSatisfy { !$0.contains("nested") })
        #expect(
            try errors(nested(33)) == [
                "s.yaml:1:33: error: lists and mappings are nested more than 32 deep. check the brackets."
            ])
    }

    @Test func `text in other encodings and binary are errors`() throws {
        #expect(
            try errors(bytes: [0xFF, 0xFE, 0x6C, 0x00]) == [
                "s.yaml:1:1: error: this file is UTF-16 text. save it as UTF-8."
            ])
        #expect(
            try errors(bytes: Array("lathe: 1\nsong: ".utf8) + [0xE4, 0x0A]) == [
                "s.yaml:2:1: error: this is not UTF-8 text. save the file as UTF-8."
            ])
        #expect(try errors(bytes: [0, 1, 2, 3]).count == 1)
        #expect(
            try errors("") == [
                "s.yaml:1:1: error: this file is empty. start it with `lathe: 1` and `song:` or `album:`."
            ])
        #expect(try errors("# only a comment\n").count == 1)
        #expect(
            try errors("just text\n") == [
                "s.yaml:1:1: error: a song is a mapping, but this is text. write `lathe: ...`."
            ])
    }

    @Test func `a million values are refused before they are built`() throws {
        let found = try errors("a: [" + String(repeating: "x,", count: 2_600_000) + "]\n")
        #expect(
            found == [
                "s.yaml:1:1: error: this file has more than 1,000,000 values. split the album or its automation into smaller songs."
            ])
        let late = try errors("a: [" + String(repeating: "x,", count: 1_000_100) + "]\n")
        #expect(late.count == 1)
        #expect(late[0].contains("more than 1,000,000 values"))
    }

    @Test func `a file of 65 MiB is not opened`() throws {
        let found = try errors(bytes: [UInt8](repeating: 0x20, count: 65 << 20))
        #expect(found == ["s.yaml:1:1: error: this file is larger than 64 MiB. split it."])
    }

    @Test func `thousands of errors are cut short, and counted`() throws {
        let found = try errors("lathe: 1\nsong: S\nlength: 1 s\n" + (0..<5000).map { "k\($0): 1\n" }.joined())
        #expect(found.count == 201)
        #expect(
            found.last?.hasSuffix("error: 4800 more errors in this file. mend those above first.") == true)
    }

    @Test func `hundreds of duplicate keys end in errors`() throws {
        let found = try errors(
            "lathe: 1\nsong: S\nlength: 1 s\n" + String(repeating: "seed: 1\n", count: 300))
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0.contains("the key `seed` stands twice") })
    }

    @Test func `damaged files never crash the reader`() throws {
        let text = """
            lathe: 1
            song: &s Ferry
            tempo: 112
            tracks:
              - name: "Kick"
                clips: [{file: audio/kick.wav, at: 2|1, fade-out: 20 ms}]
                devices: [{delay: {time: 1/8 dotted}}, {equalizer: {bands: [{type: bell, frequency: 400 Hz}]}}]
                automation: {fader: [[0 s, -6 dB], [12 s, -3.5 dB, linear]]}
            """
        let bytes = Array(text.utf8)
        let bench = try SessionBench()
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let spice = Array("*&!|>{}[],:?-#%@`\"'\n\t 0".utf8)
        var refusedCount = 0
        for _ in 0..<1500 {
            var damaged = bytes
            for _ in 0...next(4) {
                let place = next(damaged.count)
                switch next(4) {
                case 0: damaged[place] = spice[next(spice.count)]
                case 1: damaged.insert(spice[next(spice.count)], at: place)
                case 2: damaged.remove(at: place)
                default: damaged.removeSubrange(place..<min(damaged.count, place + next(30)))
                }
            }
            try bench.directory.write("s.yaml", damaged)
            do {
                let album = try bench.read("s.yaml")
                #expect(album.songs.allSatisfy { $0.song.violations.isEmpty })
            } catch let errors as SessionErrors {
                refusedCount += 1
                #expect(!errors.diagnostics.isEmpty)
                #expect(errors.diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 })
            }
        }
        #expect(refusedCount > 1000)
    }
}
