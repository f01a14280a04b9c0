import LoudnessChecks
import Testing

@Suite struct PolicyGlobTests {
    @Test(
        arguments: [
            ("*.wav", "02 Salt.wav", true), ("*.wav", "masters/02 Salt.wav", true), ("*.wav", "a.wave", false),
            ("*.wav", "a.wav/b.flac", false), ("*.wav", ".wav", true), ("02*.wav", "masters/02 Salt.wav", true),
            ("02*.wav", "102.wav", false), ("?.wav", "a.wav", true), ("?.wav", "ab.wav", false),
            ("?.wav", "é.wav", true),
            ("?.wav", "e\u{301}.wav", true), ("\u{E9}.wav", "e\u{301}.wav", true), ("A.wav", "a.wav", false),
            ("stems/*.wav", "stems/a.wav", true), ("stems/*.wav", "stems/x/a.wav", false),
            ("stems/*.wav", "x/stems/a.wav", false), ("stems/**", "stems/x/y/a.wav", true),
            ("stems/**", "stems/a.wav", true),
            ("stems/**", "stems", false), ("stems/**", "stemsy/a.wav", false), ("**/stems/*.wav", "stems/a.wav", true),
            ("**/stems/*.wav", "a/b/stems/a.wav", true), ("**/stems/*.wav", "a/mystems/a.wav", false),
            ("a/**/b.wav", "a/b.wav", true), ("a/**/b.wav", "a/x/y/b.wav", true), ("a/**/b.wav", "a/xb.wav", false),
            ("a/**/b.wav", "a/x/cb.wav", false), ("**", "a/b/c", true), ("**/**/c", "c", true),
            ("a/**/**/c", "a/b/c", true),
            ("song [live] {1}.wav", "song [live] {1}.wav", true), ("*a*b*c", "xaxbxc", true),
            ("*a*b*c", "xaxcxb", false),
            ("**/*", "a", true), ("x/*/y", "x//y", true), ("*", "", true), ("a*", "a", true), ("a", "b", false),
        ] as [(String, String, Bool)])
    func `a pattern means what its table says`(_ pattern: String, _ path: String, _ matches: Bool) throws {
        #expect(try Glob(pattern).matches(path) == matches)
    }

    @Test(
        arguments: [
            ("", "the pattern is empty"), ("/a.wav", "`/a.wav` begins at the root"),
            ("a\\b", "`a\\b` has a backslash"), ("a//b", "`a//b` has a folder without a name"),
            ("stems/", "`stems/` has a folder without a name"), ("../a.wav", "`../a.wav` has a folder `.` or `..`"),
            ("a**b/c", "`**` stands for whole folders in `a**b/c`"), ("***", "`**` stands for whole folders in `***`"),
            (String(repeating: "a", count: 513), "the pattern is longer than 512 characters"),
        ])
    func `what is no pattern is refused with its reason`(_ pattern: String, _ message: String) {
        do {
            _ = try Glob(pattern)
            Issue.record("accepted")
        } catch {
            #expect(error.message == message)
            #expect(!error.remedy.isEmpty)
        }
    }

    /// A matcher that goes back and tries again would not end in a lifetime.
    @Test func `no pattern is slow`() throws {
        let pattern = try Glob(String(repeating: "*a", count: 100) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 3000)))
        let folders = try Glob(String(repeating: "**/a*/", count: 80) + "b")
        #expect(!folders.matches(String(repeating: "aa/", count: 1000) + "c"))
    }

    /// Against the plain recursive meaning, on every short pattern and path of a small alphabet.
    @Test func `it agrees with the definition on short patterns and paths`() throws {
        func words(_ letters: [Character], _ length: Int) -> [String] {
            (0..<length).reduce(into: [[""]]) { all, _ in
                all.append((all.last ?? []).flatMap { word in letters.map { word + String($0) } })
            }.flatMap(\.self)
        }
        let patterns = words(["a", "*", "/", "?"], 5).compactMap { try? Glob($0) }.filter { $0.text.contains("/") }
        let paths = words(["a", "b", "/"], 5).filter { !$0.isEmpty }
        #expect(patterns.count > 200)
        var differences: [String] = []
        for pattern in patterns {
            for path in paths where pattern.matches(path) != Self.means(Array(pattern.text), Array(path), atName: true)
            {
                differences.append("\(pattern) on \(path)")
            }
        }
        #expect(differences == [])
    }

    private static func means(_ pattern: [Character], _ path: [Character], atName: Bool) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "*", atName, pattern.count == 2, pattern[1] == "*" { return !path.isEmpty }
        if first == "*", atName, pattern.count > 2, pattern[1] == "*" {
            let rest = Array(pattern.dropFirst(3))
            if means(rest, path, atName: true) { return true }
            return path.indices.contains { index in
                path[index] == "/" && means(rest, Array(path[(index + 1)...]), atName: true)
            }
        }
        if first == "*" {
            if means(Array(pattern.dropFirst()), path, atName: false) { return true }
            return path.first.map { $0 != "/" } == true && means(pattern, Array(path.dropFirst()), atName: false)
        }
        guard let letter = path.first, first == "?" ? letter != "/" : letter == first else { return false }
        return means(Array(pattern.dropFirst()), Array(path.dropFirst()), atName: letter == "/")
    }
}

@Suite struct PolicyDayTests {
    @Test(
        arguments: [
            ("2026-12-31", true), ("2026-02-28", true), ("2026-02-29", false), ("2028-02-29", true),
            ("2100-02-29", false),
            ("2000-02-29", true), ("2026-02-30", false), ("2026-13-01", false), ("2026-00-10", false),
            ("2026-04-31", false),
            ("2026-1-1", false), ("26-01-01", false), ("2026/01/01", false), ("2026-01-00", false),
            ("+026-01-01", false),
            ("2026-01-01 ", false), ("1969-12-31", false), ("２026-01-01", false), ("", false),
        ])
    func `a day is one of the calendar`(_ text: String, _ exists: Bool) {
        #expect((CalendarDay(text) != nil) == exists)
        if exists { #expect(CalendarDay(text)?.description == text) }
    }

    @Test func `days are in order`() throws {
        let days = try ["2025-12-31", "2026-01-01", "2026-01-02", "2026-02-01"].map { try #require(CalendarDay($0)) }
        #expect(days.sorted() == days)
        #expect(days[0] < days[1])
    }
}
