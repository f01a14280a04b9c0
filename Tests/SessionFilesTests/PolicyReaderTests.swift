import LoudnessChecks
import SessionFiles
import TestSupport
import Testing

/// Reads policies of a few lines.
enum PolicyBench {
    static let head = "lathe-policy: 1\nname: Test\n"

    static func policy(_ body: String) throws -> Policy {
        let folder = try TemporaryDirectory()
        return try PolicyReader.read(path: try folder.write("policy.yaml", head + body))
    }

    /// Each error without the file's name.
    static func errors(file: String) throws -> [String] {
        let folder = try TemporaryDirectory()
        let path = try folder.write("policy.yaml", file)
        do {
            _ = try PolicyReader.read(path: path)
            return []
        } catch {
            return error.diagnostics.map { $0.description.replacing(path + ":", with: "") }
        }
    }

    static func errors(_ body: String) throws -> [String] { try errors(file: head + body) }

    static func rule(_ keys: String) -> String { "rules: [{id: a, scope: song, \(keys)}]" }
}

@Suite struct PolicyReaderTests {
    @Test func `a whole policy is read with its lines`() throws {
        let policy = try PolicyBench.policy(
            """
            profiles: [spotify, cd-redbook]
            mono: dual
            true-peak: {oversampling: 16}
            overs-above: -0.5 dBTP
            rules:
              - {id: loudness, scope: album, metric: integrated, target: -14 LUFS, tolerance: 0.2 LU, severity: error}
              - {id: peak, scope: song, metric: true-peak, at-most: -1 dBTP, files: ["*.wav", "m/**"]}
              - {id: tail, scope: song, metric: tail-silence, at-least: 500 ms, at-most: 5 s, severity: warn}
              - {id: nulls, scope: stem, metric: stems-null, at-most: -90 dBFS, severity: note, optional: yes}
              - id: form
                scope: file
                form: {container: [wav, FLAC], bits: [16, 24, 32-float], rate: [44.1 kHz, 48000], channels: [2],
                       wave-tag: [1, 0xFFFE], chunks-after-audio: no, grid: 588 samples, upsampled: no, lossy: false}
              - {id: more, scope: file, form: {rate-at-least: 44.1 kHz, rate-at-most: 192 kHz,
                 bits-at-least: 16, layout: stereo}}
              - {id: disc, scope: album, form: {songs-at-most: 99}}
            waivers:
              - {rule: peak, files: "02*.wav", reason: "approved by the artist", until: 2026-12-31}
              - {rule: spotify/wave-tag, reason: converted later, until: 2027-01-01}
            files: {stems: "stems/**", ignore: ["*.preview.wav"], layout: [{files: "*.wav", layout: 5.1}]}
            """)
        #expect(policy.name == "Test")
        #expect(policy.profiles == ["spotify", "cd-redbook"])
        #expect(policy.mono == .dual)
        #expect(policy.truePeakOversampling == 16)
        #expect(policy.oversAbove == -0.5)
        let checks = policy.rules.map(\.check)
        #expect(checks[0] == .limit(MetricLimit(.integrated, .target(-14, tolerance: 0.2))))
        #expect(checks[1] == .limit(MetricLimit(.truePeak, .atMost(-1))))
        #expect(checks[2] == .limit(MetricLimit(.tailSilence, .within(0.5, 5))))
        #expect(checks[3] == .limit(MetricLimit(.stemsNull, .atMost(-90))))
        #expect(
            checks[4...] == [
                .form(.containers(["WAV", "FLAC"])), .form(.bits([.integer(16), .integer(24), .float(32)])),
                .form(.rates([44_100, 48_000])), .form(.channels([2])), .form(.waveTags([1, 0xFFFE])),
                .form(.nothingAfterAudio), .form(.lossless), .form(.notUpsampled), .form(.grid(frames: 588)),
                .form(.bitsAtLeast(16)), .form(.rateFrom(44_100, to: 192_000)), .form(.layouts(["stereo"])),
                .form(.songsAtMost(99)),
            ])
        #expect(
            policy.rules.map(\.name).prefix(5) == [
                "policy/loudness", "policy/peak", "policy/tail", "policy/nulls", "policy/form/container",
            ])
        #expect(policy.rules.map(\.severity).prefix(5) == [.error, .error, .warn, .note, .error])
        #expect(policy.rules.map { $0.anchor?.line }.prefix(6) == [8, 9, 10, 11, 14, 14])
        #expect(policy.rules.first { $0.id == "form/grid" }?.anchor?.line == 15)
        #expect(policy.rules[0].anchor?.file == policy.path)
        #expect(policy.rules[1].files.map(\.text) == ["*.wav", "m/**"])
        #expect(policy.rules.map(\.isOptional).prefix(5) == [false, false, false, true, false])
        #expect(policy.waivers.map(\.rule) == ["peak", "spotify/wave-tag"])
        #expect(policy.waivers[0].until == CalendarDay("2026-12-31"))
        #expect(policy.waivers[0].files?.text == "02*.wav")
        #expect(policy.waivers[0].reason == "approved by the artist")
        #expect(policy.waivers.map { $0.anchor?.line } == [20, 21])
        #expect(policy.files.isStem("stems/a/b.wav") && !policy.files.isStem("a.wav"))
        #expect(policy.files.isIgnored("x/y.preview.wav") && !policy.files.isIgnored("x/y.wav"))
        #expect(policy.files.layout(of: "a.wav") == "5.1" && policy.files.layout(of: "a.flac") == nil)
    }

    @Test func `reports may have another path than errors`() throws {
        let folder = try TemporaryDirectory()
        let rule = "rules: [{id: a, scope: song, metric: overs, at-most: 0}]"
        let path = try folder.write("policy.yaml", PolicyBench.head + rule)
        let policy = try PolicyReader.read(path: path, as: "ci/policy.yaml")
        #expect(policy.path == "ci/policy.yaml")
        #expect(policy.rules.first?.anchor == SourceAnchor(file: "ci/policy.yaml", line: 3))
    }

    /// A crash would end the test: whatever stands in the file, the reader answers or explains.
    @Test func `a policy with any of its characters changed is read or explained`() throws {
        let whole = Array(
            (PolicyBench.head
                + """
                profiles: [spotify]
                true-peak: {oversampling: 16}
                rules:
                  - {id: a, scope: album, metric: integrated, target: -14 LUFS, tolerance: 0.2 LU, files: ["*.wav"]}
                  - {id: b, scope: file, form: {bits: [16], rate: 44.1 kHz, wave-tag: 0xFFFE, grid: 588 samples}}
                waivers: [{rule: b/bits, files: "02*", reason: r, until: 2026-12-31}]
                files: {stems: "s/**", layout: [{files: "*", layout: 5.1}]}

                """).unicodeScalars)
        let letters = Array("-{}[]:,*&!|>'\"# \n0x/.%@`~\u{2212}\t".unicodeScalars)
        let folder = try TemporaryDirectory()
        var state: UInt64 = 20_261_121
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var readable = 0
        for _ in 0..<250 {
            var text = whole
            for _ in 0...next(3) {
                let index = next(text.count)
                switch next(3) {
                case 0: text[index] = letters[next(letters.count)]
                case 1: text.remove(at: index)
                default: text.insert(letters[next(letters.count)], at: index)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            let path = try folder.write("policy.yaml", String(view))
            do {
                _ = try PolicyReader.read(path: path)
                readable += 1
            } catch {
                #expect(error.diagnostics.allSatisfy { $0.line >= 1 && !$0.message.isEmpty && !$0.remedy.isEmpty })
            }
        }
        #expect(readable > 5 && readable < 200)
    }

    @Test func `what is left out has its default`() throws {
        let policy = try PolicyBench.policy("")
        #expect(policy == Policy(path: policy.path, name: "Test"))
        #expect(policy.truePeakOversampling == 4 && policy.oversAbove == -1 && policy.mono == .asIs)
        #expect(try PolicyBench.policy("profiles: []").profiles == [])
        #expect(try PolicyBench.policy("profiles: tidal").profiles == ["tidal"])
    }

    @Test(
        arguments: [
            ("metric: integrated, at-most: -14 LUFS", .integrated, -14), ("metric: range, at-most: 20 LU", .range, 20),
            ("metric: sample-peak, at-most: -0.3 dBFS", .samplePeak, -0.3),
            ("metric: width, at-most: -3 dB", .width, -3),
            ("metric: duration, at-most: 79.8 min", .duration, 4788),
            ("metric: duration, at-most: 19:30", .duration, 1170),
            ("metric: head-silence, at-most: 20 ms", .headSilence, 0.02),
            ("metric: bandwidth, at-most: 16 kHz", .bandwidth, 16_000),
            ("metric: used-bits, at-most: 16", .usedBits, 16), ("metric: overs, at-most: 0", .overs, 0),
            ("metric: low-correlation, at-most: 0.5", .lowCorrelation, 0.5),
            ("metric: dc-offset, at-most: -60 dBFS", .dcOffset, -60),
        ] as [(String, Metric, Double)])
    func `every metric is written in its own unit`(_ keys: String, _ metric: Metric, _ value: Double) throws {
        let policy = try PolicyBench.policy(PolicyBench.rule(keys))
        #expect(policy.rules.map(\.check) == [.limit(MetricLimit(metric, .atMost(value)))])
    }
}

@Suite struct PolicyErrorTests {
    @Test(
        arguments: [
            (
                "rulez: []",
                ["3:1: error: `rulez` is not a key of a policy. did you mean `rules`."]
            ),
            (
                PolicyBench.rule("metric: true-peak, at-mots: -1 dBTP"),
                [
                    "3:9: error: a rule for a metric needs a limit. add `at-most`, `at-least`, or `target` and "
                        + "`tolerance`.",
                    "3:49: error: `at-mots` is not a key of a rule. did you mean `at-most`.",
                ]
            ),
            (
                PolicyBench.rule("metric: true-peek, at-most: -1 dBTP"),
                ["3:38: error: `true-peek` is not a value of `metric`. did you mean `true-peak`."]
            ),
            (PolicyBench.rule("metric: true-peak, at-most: -1"), ["3:58: error: `-1` has no unit. write `-1 dBTP`."]),
            (
                PolicyBench.rule("metric: true-peak, at-most: -1 dBFS"),
                ["3:58: error: `dBFS` is not a unit of a true peak. write it as in `-1 dBTP`."]
            ),
            (
                PolicyBench.rule("metric: true-peak, at-most: \u{2212}1 dBTP"),
                ["3:58: error: `\u{2212}1 dBTP` has the character U+2212 for a minus. write a hyphen: `-1 dBTP`."]
            ),
            (
                PolicyBench.rule("metric: integrated, target: 14 LUFS, tolerance: 0.2 LU"),
                ["3:58: error: `14 LUFS` is far above full scale. write `-14 LUFS`."]
            ),
            (
                PolicyBench.rule("metric: integrated, target: -14 LUFS, tolerance: 0.2"),
                ["3:79: error: `0.2` has no unit. write `0.2 LU`."]
            ),
            (
                PolicyBench.rule("metric: integrated, target: -14 LUFS, tolerance: -0.2 LU"),
                ["3:79: error: `-0.2 LU` is less than 0. write it without the hyphen."]
            ),
            (
                PolicyBench.rule("metric: integrated, target: -14 LUFS"),
                ["3:58: error: a `target` needs a `tolerance`. add it, as in `tolerance: 0.2 LU`."]
            ),
            (
                PolicyBench.rule("metric: integrated, target: -14 LUFS, tolerance: 1 LU, at-most: -12 LUFS"),
                ["3:94: error: `at-most` stands beside a `target`. write `tolerance`, or make two rules of it."]
            ),
            (
                PolicyBench.rule("metric: range, at-most: 9 LU, tolerance: 1 LU"),
                ["3:71: error: `tolerance` stands without a `target`. add `target:`, or remove it."]
            ),
            (
                PolicyBench.rule("metric: tail-silence, at-least: 5 s, at-most: 1 s"),
                ["3:62: error: `at-least` is above `at-most`. exchange them."]
            ),
            (
                PolicyBench.rule("metric: overs, at-most: 0.5"),
                ["3:54: error: `0.5` is not a whole number. write one from 0 on."]
            ),
            (
                PolicyBench.rule("metric: overs, at-most: inf"),
                ["3:54: error: `inf` is not a plain number. write a number, as in `1.2`."]
            ),
            (
                PolicyBench.rule("metric: spread, at-most: 3 LU"),
                ["3:24: error: only an album has `spread`. write `scope: album`."]
            ),
            (
                "rules: [{id: a, scope: album, metric: crest, at-most: 12 dB}]",
                ["3:24: error: an album has no `crest`. write `scope: song`."]
            ),
            (
                "rules: [{id: a, scope: album, metric: stems-null, at-most: -90 dBFS}]",
                ["3:24: error: `stems-null` is of stems. write `scope: stem`."]
            ),
            (
                PolicyBench.rule("metric: overs, at-most: 0, form: {bits: 16}"),
                ["3:63: error: a rule has a `metric` or a `form`, not both. make two rules of it."]
            ),
            (
                PolicyBench.rule("severity: warn"),
                ["3:9: error: a rule needs a `metric` or a `form`. add one, as in `metric: true-peak`."]
            ),
            (
                "rules:\n  - {id: a, scope: song, metric: overs, at-most: 0}\n  - {id: a, scope: song, metric: "
                    + "range, at-most: 9 LU}",
                ["5:10: error: two rules are called `a` (the first is on line 4). rename one of them."]
            ),
            (
                "rules: [{id: a b, scope: everything, metric: overs, at-most: 0, severity: fatal}]",
                [
                    "3:14: error: `a b` is not an id. use letters, digits, `-`, `_` and `.`.",
                    "3:26: error: `everything` is not a value of `scope`. use one of file, song, album, stem.",
                    "3:75: error: `fatal` is not a value of `severity`. use one of error, warn, note.",
                ]
            ),
            (
                PolicyBench.rule("form: {}"),
                ["3:36: error: this `form` demands nothing. add a key, as in `bits: 24`."]
            ),
            (
                PolicyBench.rule(
                    "form: {bits: [16, 99], rate: 44, wave-tag: PCM, container: wave, upsampled: yes, grid: 588}"),
                [
                    "3:48: error: `99` is out of range. use 1 to 64.",
                    "3:73: error: `PCM` is not a format tag. write it as in `1` or `0xFFFE`.",
                    "3:89: error: `wave` is not a value of `container`. did you mean `WAV`.",
                    "3:106: error: `upsampled: yes` demands nothing. write `no`, or remove the key.",
                    "3:117: error: `588` has no unit. write `588 samples`.",
                ]
            ),
            (
                PolicyBench.rule("form: {songs-at-most: 9, channels: []}"),
                [
                    "3:52: error: `songs-at-most` is of albums. write `scope: album`.",
                    "3:65: error: `channels` is an empty list. write a value, or remove the key.",
                ]
            ),
            (
                PolicyBench.rule("form: {bits: 16}, at-most: 3 dB"),
                ["3:57: error: `at-most` is for metrics, and this rule is about form. remove it."]
            ),
            (
                PolicyBench.rule("metric: overs, at-most: 0, files: ['/a', 'a\\b', '']"),
                [
                    "3:65: error: `/a` begins at the root. write it relative to the folder that is checked.",
                    "3:71: error: `a\\b` has a backslash. part folders with `/`.",
                    "3:78: error: the pattern is empty. write one, as in `*.wav`.",
                ]
            ),
            (
                "profiles: [spotfy, tidal, tidal, nothing-like-it]",
                [
                    "3:12: error: there is no profile `spotfy`. did you mean `spotify`.",
                    "3:27: error: the profile `tidal` is named twice. remove one.",
                    "3:34: error: there is no profile `nothing-like-it`. use one of "
                        + Profile.all.map(\.id).joined(separator: ", ") + ".",
                ]
            ),
            (
                "mono: dula\noversampling: 16\ntrue-peak: {oversampling: 8}\novers-above: -1 dB",
                [
                    "3:7: error: `dula` is not a value of `mono`. did you mean `dual`.",
                    "4:1: error: `oversampling` is not a key of a policy. use one of "
                        + "lathe-policy, name, profiles, mono, true-peak, overs-above, rules, waivers, files.",
                    "5:27: error: `8` is not a value of `oversampling`. use one of 4, 16.",
                    "6:14: error: `dB` is not a unit of a true peak. write it as in `-1 dBTP`.",
                ]
            ),
            (
                "files: {stems: [], layout: [{files: '*.wav'}]}",
                [
                    "3:16: error: `stems` is an empty list. write a value, or remove the key.",
                    "3:29: error: a layout of files needs `layout`. add `layout:`.",
                ]
            ),
        ] as [(String, [String])])
    func `every error has its place, its reason and its remedy`(_ body: String, _ errors: [String]) throws {
        let found = try PolicyBench.errors(body)
        #expect(found == errors, "\(found.joined(separator: "\n"))")
    }

    @Test(
        arguments: [
            ("2026-02-30", "there is no day `2026-02-30`. check the month and day"),
            ("2026-13-01", "there is no day `2026-13-01`. check the month and day"),
            ("31.12.2026", "`31.12.2026` is not a date. write year, month and day, as in `2026-12-31`"),
            ("2026-1-1", "`2026-1-1` is not a date. write year, month and day, as in `2026-12-31`"),
            ("never", "`never` is not a date. write year, month and day, as in `2026-12-31`"),
        ])
    func `a day that is none is refused`(_ day: String, _ message: String) throws {
        let errors = try PolicyBench.errors("waivers: [{rule: spotify/wave-tag, reason: r, until: \(day)}]")
        #expect(errors == ["3:54: error: \(message)."])
    }

    @Test(
        arguments: [
            ("peek", "there is no rule `peek`. did you mean `peak`"),
            ("spotify/wave", "there is no rule `spotify/wave`. did you mean"),
            ("lathe/unreadable", "`lathe/unreadable` cannot be excused. mend the file"),
            ("unrelated", "there is no rule `unrelated`. use one of peak, form/bits"),
        ])
    func `a waiver of no rule is refused`(_ name: String, _ message: String) throws {
        let rules =
            "rules: [{id: peak, scope: song, metric: overs, at-most: 0}, {id: form, scope: song, form: {bits: 16}}]\n"
        let errors = try PolicyBench.errors(rules + "waivers: [{rule: \(name), reason: r, until: 2026-12-31}]")
        #expect(errors.count == 1)
        #expect(errors.first?.contains("4:18: error: \(message)") == true, "\(errors)")
    }

    @Test(arguments: [
        "peak", "policy/peak", "form", "form/bits", "spotify", "cd-redbook/grid", "baseline/integrated",
        "album/loudness",
    ])
    func `a waiver names rules of the policy, of profiles, of the baseline or of the album`(_ name: String) throws {
        let rules =
            "rules: [{id: peak, scope: song, metric: overs, at-most: 0}, {id: form, scope: song, form: {bits: 16}}]\n"
        #expect(
            try PolicyBench.policy(rules + "waivers: [{rule: \(name), reason: r, until: 2026-12-31}]").waivers.count
                == 1)
    }

    @Test func `two waivers of one rule for the same files are one too many, and a reason and a day are needed`() throws
    {
        let errors = try PolicyBench.errors(
            """
            waivers:
              - {rule: spotify, reason: r, until: 2026-12-31}
              - {rule: spotify, files: "*.wav", reason: r, until: 2026-12-31}
              - {rule: spotify, reason: s, until: 2027-12-31}
              - {rule: spotify}
            """)
        #expect(
            errors == [
                "6:5: error: two waivers excuse `spotify` for the same files. remove one (the first is on line 4).",
                "7:5: error: a waiver needs `reason`. add `reason:`.",
                "7:5: error: a waiver needs `until`. add `until:`.",
            ])
    }

    @Test(
        arguments: [
            ("", "1:1: error: this file is empty. start it with `lathe-policy: 1` and `name:`."),
            ("[]", "1:1: error: a policy is a mapping, but this is a list. write `lathe-policy: ...`."),
            (
                "lathe-policy: 2\nname: x",
                "1:15: error: this file is written for version `2` of the policy format. "
                    + "write `lathe-policy: 1`, or use the Lathe that it was written for."
            ),
            ("name: x", "1:1: error: a policy needs `lathe-policy`. add `lathe-policy: 1`."),
            ("lathe-policy: 1\nname: x\nrules: {", "4:1: error: not valid YAML"),
            (
                "lathe-policy: 1\nname: x\nfiles: {ignore: *.wav}",
                "3:17: error: there is no anchor `&.wav` before this alias"
            ),
            ("lathe-policy: 1\nname: x\nname: y", "3:1: error: the key `name` stands twice in this mapping"),
            ("lathe: 1\nalbum: x", "1:1: error: "),
        ])
    func `a file that is no policy says so`(_ text: String, _ message: String) throws {
        let errors = try PolicyBench.errors(file: text)
        #expect(errors.first?.hasPrefix(message) == true, "\(errors)")
    }

    @Test func `a policy that is not there names the nearest file`() throws {
        let folder = try TemporaryDirectory()
        try folder.write("policy.yaml", "")
        let path = folder.path + "/polcy.yaml"
        do {
            _ = try PolicyReader.read(path: path)
            Issue.record("accepted")
        } catch {
            #expect(
                error.description
                    == "\(path):1:1: error: there is no file \(path). did you mean \(folder.path)/policy.yaml.")
        }
    }

    @Test func `more rules than anyone writes are refused`() throws {
        let rules = (0...1000).map { "{id: r\($0), scope: song, metric: overs, at-most: 0}" }.joined(separator: ", ")
        #expect(
            try PolicyBench.errors("rules: [\(rules)]") == ["3:8: error: a policy has at most 1000 rules. split it."])
    }
}
