import LoudnessChecks
import Testing

@Suite struct ProfileTests {
    private static func verdict(
        _ profile: String, _ items: [CheckedItem], songs: Int? = nil, album: [(Metric, Double)] = []
    )
        throws -> [String]
    {
        let profile = try #require(Profile.named(profile))
        var report = CheckReport(identity: JudgeBench.identity, items: items)
        if songs != nil || !album.isEmpty {
            report.items += (items.count..<max(items.count, songs ?? 0)).map { index in
                JudgeBench.item("more/\(index).wav", items.first?.measurement ?? JudgeBench.measurement())
            }
            report.groups = [JudgeBench.group(report.items.map(\.id), album)]
        }
        let judged = Judge(policy: nil, profiles: [profile], today: JudgeBench.today).judge(report)
        return judged.findings.filter { $0.status == .failed }.map(\.rule)
    }

    private typealias Values = [(Metric, Double)]

    /// For each profile with rules: a song that passes, and songs that fail one rule each.
    @Test func `every rule of every profile passes what it asks for and fails what it refuses`() throws {
        let cd = JudgeBench.form(bits: 16)
        struct Case {
            var profile: String
            var good: Measurement
            var bad: [(rule: String, Measurement)]
        }
        func song(_ values: Values, _ form: FileForm = JudgeBench.form()) -> Measurement {
            JudgeBench.measurement(values, form: form)
        }
        func r128(_ id: String, off: Double, _ more: Values = [], _ bad: [(String, Values)] = []) -> Case {
            Case(
                profile: id, good: song([(.integrated, -23)] + more),
                bad: [
                    ("integrated", song([(.integrated, -23 + off)] + more)),
                    ("integrated", song([(.integrated, -23 - off)] + more)),
                    ("true-peak", song([(.integrated, -23), (.truePeak, -0.9)] + more)),
                ] + bad.map { ($0.0, song([(.integrated, -23)] + more + $0.1)) })
        }
        func format(_ id: String, _ good: FileForm, _ bad: [(String, FileForm)], _ more: [(String, Values)] = [])
            -> Case
        {
            Case(
                profile: id, good: song([], good),
                bad: bad.map { ($0.0, song([], $0.1)) } + more.map { ($0.0, song($0.1, good)) })
        }
        let lossy = JudgeBench.form(container: "FLAC", isLossy: true, tag: nil)
        let mono = JudgeBench.form(channels: 1)
        let slow = JudgeBench.form(rate: 32_000)
        let eight = JudgeBench.form(bits: 8)
        let cases = [
            r128("ebu-r128", off: 0.21), r128("ebu-r128-live", off: 1.01),
            r128(
                "ebu-r128-s1", off: 0.21, [(.duration, 30), (.shortTermMaximum, -18)],
                [("short-term-maximum", [(.shortTermMaximum, -17.9)]), ("duration", [(.duration, 121)])]),
            Case(
                profile: "atsc-a85", good: song([(.integrated, -22), (.truePeak, -2)]),
                bad: [
                    ("integrated", song([(.integrated, -21.9), (.truePeak, -2)])),
                    ("true-peak", song([(.integrated, -24), (.truePeak, -1.9)])),
                ]),
            Case(
                profile: "apple-podcasts", good: song([(.integrated, -17)]),
                bad: [
                    ("integrated", song([(.integrated, -17.1)])),
                    ("true-peak", song([(.integrated, -16), (.truePeak, 0)])),
                ]),
            format(
                "spotify", JudgeBench.form(),
                [
                    ("wave-tag", JudgeBench.form(tag: 0xFFFE)),
                    ("container", JudgeBench.form(container: "AIFF", tag: nil)),
                    (
                        "chunks-after-audio",
                        JudgeBench.form(chunks: [.init(name: "LIST", byteCount: 90, isAfterAudio: true)])
                    ),
                    ("chunks-after-audio", JudgeBench.form(trailing: 3)), ("channels", mono), ("rate-range", slow),
                    ("bits-at-least", eight), ("lossy", lossy),
                ]),
            format(
                "apple-music", JudgeBench.form(),
                [
                    ("bits", JudgeBench.form(bits: 16)), ("bits", JudgeBench.form(bits: 24, isFloat: true)),
                    ("rate-range", JudgeBench.form(rate: 384_000)), ("channels", mono), ("lossy", lossy),
                    ("rate-range", slow),
                ]),
            format("bandcamp", JudgeBench.form(), [("lossy", lossy)]),
            format(
                "cd-redbook", cd,
                [
                    ("bits", JudgeBench.form()), ("rate", JudgeBench.form(bits: 16, rate: 48_000)),
                    ("channels", JudgeBench.form(bits: 16, channels: 1)),
                    ("grid", JudgeBench.form(bits: 16, frames: 588 * 15_000 + 1)),
                    ("lossy", JudgeBench.form(bits: 16, isLossy: true)),
                ], [("song-duration", [(.duration, 3.99)])]),
            format(
                "vinyl-premaster", JudgeBench.form(bits: 32, isFloat: true),
                [("bits", JudgeBench.form(bits: 20)), ("rate-range", slow), ("lossy", lossy)]),
            format(
                "distributor-basic", cd,
                [("bits", JudgeBench.form(bits: 32)), ("rate-range", slow), ("channels", mono), ("lossy", lossy)],
                [
                    ("duration", [(.duration, 29)]), ("head-silence", [(.headSilence, 11)]),
                    ("tail-silence", [(.tailSilence, 10.5)]),
                ]),
        ]
        var tested: Set<String> = []
        for test in cases {
            #expect(try Self.verdict(test.profile, [JudgeBench.item(test.good)]) == [], "\(test.profile)")
            for (rule, bad) in test.bad {
                let name = "\(test.profile)/\(rule)"
                #expect(try Self.verdict(test.profile, [JudgeBench.item(bad)]).contains(name), "\(name)")
                tested.insert(name)
            }
        }
        let upsampled = JudgeBench.measurement {
            $0.isUpsamplingSuspected = true
            $0.brickWallHertz = 16_000
        }
        #expect(try Self.verdict("apple-music", [JudgeBench.item(upsampled)]) == ["apple-music/upsampled"])
        #expect(try Self.verdict("vod-dialogue", [JudgeBench.item()]) == ["vod-dialogue/dialogue"])
        tested.formUnion([
            "apple-music/upsampled", "vod-dialogue/dialogue", "cd-redbook/disc-duration", "cd-redbook/songs-at-most",
        ])
        let rules = Profile.all.flatMap(\.rules).map(\.name)
        #expect(rules.filter { !tested.contains($0) } == [])
        #expect(Set(rules).count == rules.count)
    }

    @Test func `a disc has at most 99 songs and 79 8 minutes`() throws {
        let song = JudgeBench.item(JudgeBench.measurement(form: JudgeBench.form(bits: 16)))
        #expect(try Self.verdict("cd-redbook", [song], songs: 99, album: [(.duration, 4788)]) == [])
        #expect(
            try Self.verdict("cd-redbook", [song], songs: 100, album: [(.duration, 4788.1)])
                == ["cd-redbook/disc-duration", "cd-redbook/songs-at-most"])
    }

    @Test func `advisory profiles fail nothing`() throws {
        let awful = JudgeBench.item(
            JudgeBench.measurement([(.integrated, -4), (.truePeak, 3), (.samplePeak, 0), (.lowCorrelation, -1)]))
        for profile in Profile.all where profile.rules.isEmpty {
            let judged = Judge(policy: nil, profiles: [profile], today: JudgeBench.today).judge(
                JudgeBench.report(awful))
            #expect(judged.findings == [], "\(profile.id)")
            // The loudest song of an album is of no concern to a song alone.
            #expect(judged.advice.isEmpty == (profile.id == "aes-streaming-album"), "\(profile.id)")
            #expect(judged.passes)
        }
    }

    @Test func `every profile says what it is and where it comes from`() {
        #expect(Set(Profile.all.map(\.id)).count == Profile.all.count)
        for profile in Profile.all {
            let mention = profile.mention
            #expect(!profile.kinds.isEmpty && !profile.source.isEmpty, "\(profile.id)")
            #expect(mention.verifiedOn == "2026-11-21")
            #expect(profile.kinds == Profile.Kind.allCases.filter(profile.kinds.contains))
            let isStrict = profile.kinds.contains(.normative) || profile.kinds.contains(.format)
            #expect(isStrict == !profile.rules.isEmpty, "\(profile.id)")
            let advises = !profile.playback.isEmpty || !profile.guidelines.isEmpty
            #expect(profile.kinds.contains(.advisory) == advises || profile.kinds.contains(.format), "\(profile.id)")
            #expect(profile.rules.allSatisfy { $0.source == profile.id && $0.severity == .error })
        }
    }

    @Test func `a policy's profiles come first and each takes part once`() throws {
        let judge = Judge(
            policy: JudgeBench.policy(profiles: ["tidal", "spotify"]),
            profiles: [try #require(Profile.named("deezer")), try #require(Profile.named("tidal"))],
            today: JudgeBench.today)
        #expect(judge.profiles.map(\.id) == ["tidal", "spotify", "deezer"])
        let report = judge.judge(JudgeBench.report(JudgeBench.item()))
        #expect(report.profiles.map(\.id) == ["tidal", "spotify", "deezer"])
        #expect(report.profiles[1].profileClass == "advisory + format")
        #expect(report.policy == "policy.yaml")
    }

    @Test func `a file whose spectrum was not looked at is not called native`() throws {
        let profile = try #require(Profile.named("apple-music"))
        func verdict(_ bandwidth: MetricValue?) throws -> Finding {
            var item = JudgeBench.item()
            guard case .measured(var found) = item.outcome else { throw HarnessFault() }
            found.values[.bandwidth] = bandwidth
            item.outcome = .measured(found)
            let judge = Judge(policy: nil, profiles: [profile], today: JudgeBench.today)
            return try #require(
                judge.judge(JudgeBench.report(item)).findings.first { $0.rule == "apple-music/upsampled" })
        }
        #expect(try verdict(.number(21_000)).status == .passed)
        #expect(try verdict(nil).status == .failed)
        #expect(try verdict(.unmeasurable("silent, or too short")).status == .failed)
    }

    private struct HarnessFault: Error {}
}
