import LoudnessChecks

/// A report as a check of a small release gives it: three songs, a set of stems, a file that cannot be read, findings
/// of each kind, a waiver, advice and drift with times.
///
/// Every figure is made by plain arithmetic, so that the bytes are the same everywhere.
enum FixtureReport {
    /// - Parameter songSeconds: length of each song; curves are as long.
    static func album(songSeconds: Int = 24) -> CheckReport {
        let songs = [
            song("Ferry", line: 5, level: -14.04, peak: -1.2, seconds: songSeconds),
            song("Salt", line: 6, level: -9.31, peak: 0.34, seconds: songSeconds),
            song("Lantern", line: 7, level: -13.62, peak: -1.05, seconds: songSeconds),
        ]
        let stems = ["Drums", "Strings"].enumerated().map { stem($0.element, index: $0.offset, seconds: songSeconds) }
        let items = (songs + stems + [jingle, unreadable]).sorted { $0.id < $1.id }
        var report = CheckReport(
            identity: MeterIdentity(lathe: "0.9.0", engine: "1", truePeakOversampling: 4, mono: "as-is"),
            items: items, groups: [release(songs.map(\.id)), stemSet(stems.map(\.id))])
        report.findings = findings
        report.advice = advice
        report.profiles = profiles
        report.policy = "loudness.yaml"
        report.baseline = "loudness.lock"
        return report
    }

    /// What `lathe measure` of one song gives.
    static func measured(songSeconds: Int = 24) -> CheckReport {
        var report = CheckReport(
            identity: MeterIdentity(lathe: "0.9.0", engine: "1", truePeakOversampling: 16, mono: "dual"),
            items: [song("Salt", line: 6, level: -9.31, peak: 0.34, seconds: songSeconds)])
        report.isJudged = false
        return report
    }

    // MARK: Items

    static func song(_ title: String, line: Int, level: Double, peak: Double, seconds: Int) -> CheckedItem {
        CheckedItem(
            id: "mix/\(title).wav", title: title, scope: .song, group: "album.yaml",
            anchor: SourceAnchor(file: "album.yaml", line: line),
            outcome: .measured(measurement(level: level, peak: peak, seconds: seconds)))
    }

    private static func stem(_ title: String, index: Int, seconds: Int) -> CheckedItem {
        CheckedItem(
            id: "mix/stems/Ferry/\(title).wav", title: title, scope: .stem, group: "mix/stems/Ferry",
            outcome: .measured(measurement(level: -18.5 - 3 * Double(index), peak: -4.25, seconds: seconds)))
    }

    /// Too short for most figures, and silent at its peak.
    private static var jingle: CheckedItem {
        var found = Measurement(
            form: FileForm(
                container: "FLAC", encoding: "16-bit PCM", bits: 16, rateHertz: 44_100, channelCount: 1,
                frameCount: 11_025, layout: "mono", channelNames: ["C"],
                chunks: [.init(name: "STREAMINFO", byteCount: 34, isAfterAudio: false)], byteCount: 9_321))
        found.values[.integrated] = .unmeasurable("shorter than 400 ms")
        found.values[.momentaryMaximum] = .unmeasurable("shorter than 400 ms")
        found.values[.shortTermMaximum] = .unmeasurable("shorter than 3 s")
        found.values[.range] = .unmeasurable("shorter than 3 s")
        found.values[.peakToLoudness] = .unmeasurable("shorter than 400 ms")
        found.values[.truePeak] = .number(-.infinity)
        found.values[.samplePeak] = .number(-.infinity)
        found.values[.duration] = .number(0.25)
        found.channels = [ChannelPeak(name: "C", truePeak: -.infinity, samplePeak: -.infinity)]
        found.curves.second = [-.infinity]
        found.curves.peak = [-.infinity]
        return CheckedItem(id: "extra/jingle.flac", title: "jingle", scope: .file, outcome: .measured(found))
    }

    private static var unreadable: CheckedItem {
        CheckedItem(
            id: "extra/broken.wav", title: "broken", scope: .file,
            outcome: .failed("the data chunk ends after 12 of 441000 frames: export the file again"))
    }

    private static func measurement(level: Double, peak: Double, seconds: Int) -> Measurement {
        var found = Measurement(
            form: FileForm(
                container: "WAV", encoding: "24-bit PCM", bits: 24, rateHertz: 48_000, channelCount: 2,
                frameCount: 48_000 * seconds, layout: "stereo", channelNames: ["L", "R"], waveFormatTag: 1,
                chunks: [
                    .init(name: "fmt ", byteCount: 16, isAfterAudio: false),
                    .init(name: "bext", byteCount: 602, isAfterAudio: false),
                    .init(name: "data", byteCount: 288_000 * seconds, isAfterAudio: false),
                ], byteCount: 288_000 * seconds + 654))
        let numbers: [(Metric, Double)] = [
            (.integrated, level), (.shortTermMaximum, level + 2.125), (.momentaryMaximum, level + 3.75),
            (.range, 6.0625), (.truePeak, peak), (.samplePeak, peak - 0.25), (.overs, peak > -1 ? 12 : 0),
            (.peakToLoudness, peak - level), (.peakToShortTermMinimum, peak - level - 2.5), (.crest, 14.5),
            (.dynamicRange, 9), (.duration, Double(seconds)), (.headSilence, 0.125), (.tailSilence, 1.5),
            (.longestSilence, 0.25), (.clipRuns, peak > 0 ? 2 : 0), (.nonFiniteSamples, 0), (.dcOffset, -92.5),
            (.usedBits, 24), (.bandwidth, 20_120), (.correlation, 0.8125), (.correlationMinimum, 0.25),
            (.lowCorrelation, 0.96875), (.monoLoss, -0.75), (.width, -8.5), (.balance, 0.125), (.brightness, -11.25),
        ]
        for (metric, value) in numbers { found.values[metric] = .number(value) }
        found.channels = [
            ChannelPeak(name: "L", truePeak: peak, samplePeak: peak - 0.25),
            ChannelPeak(name: "R", truePeak: peak - 0.5, samplePeak: peak - 0.75),
        ]
        if peak > -1 {
            found.overs = (0..<12).map {
                over(frame: 48_000 * $0 + 1_234, channel: $0 % 3 == 0 ? "R" : "L", value: peak - Double($0) / 16)
            }
        }
        if peak > 0 {
            found.clips = [over(frame: 96_000, channel: "L", value: 5), over(frame: 480_000, channel: "L", value: 3)]
        }
        found.curves = curves(level: level, peak: peak, seconds: seconds)
        found.octaveLevels = [-41, -28.5, -24, -25.5, -27, -29.5, -33, -37.5, -43, -52.25]
        found.pcmSHA256 = String(repeating: "0123456789abcdef", count: 4)
        return found
    }

    private static func over(frame: Int, channel: String, value: Double) -> SoundEvent {
        SoundEvent(frame: frame, timeSeconds: Double(frame) / 48_000, channel: channel, value: value)
    }

    /// Verses and choruses: up and down by triangles, silence in the first half second.
    private static func curves(level: Double, peak: Double, seconds: Int) -> LoudnessCurves {
        var curves = LoudnessCurves()
        let triangle = { (position: Int, period: Int) -> Double in
            let phase = Double(position % period) / Double(period)
            return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase
        }
        for i in 0..<max(0, seconds * 10 - 3) {
            let swing = 2 * triangle(i, 80) + 0.75 * triangle(i, 7)
            curves.momentary.append(i < 2 ? -.infinity : level + 1 + swing)
        }
        for i in 0..<max(0, seconds * 10 - 29) { curves.shortTerm.append(level + 0.5 + 1.5 * triangle(i, 80)) }
        for i in 0..<seconds {
            curves.second.append(level + 0.25 + 1.75 * triangle(i, 8))
            curves.peak.append(peak - 0.5 + 0.25 * triangle(i, 5))
            curves.brightness.append(-11 + triangle(i, 12))
        }
        return curves
    }

    // MARK: Groups

    private static func release(_ ids: [String]) -> CheckedGroup {
        var group = CheckedGroup(
            id: "album.yaml", title: "Night Ferry", itemIDs: ids, anchor: SourceAnchor(file: "album.yaml", line: 2))
        let numbers: [(Metric, Double)] = [
            (.integrated, -11.8125), (.shortTermMaximum, -7.185), (.momentaryMaximum, -5.56), (.range, 7.5),
            (.truePeak, 0.34), (.samplePeak, 0.09), (.overs, 12), (.duration, 72), (.clipRuns, 2), (.spread, 4.73),
            (.loudestSong, -9.31),
        ]
        for (metric, value) in numbers { group.values[metric] = .number(value) }
        return group
    }

    private static func stemSet(_ ids: [String]) -> CheckedGroup {
        var group = CheckedGroup(id: "mix/stems/Ferry", title: "Stems of Ferry", itemIDs: ids)
        group.values[.stemsNull] = .number(-141.5)
        return group
    }

    // MARK: Findings

    private static let findings: [Finding] = [
        Finding(
            rule: "lathe/unreadable", demand: "Every file can be read.", subject: "extra/broken.wav",
            subjectTitle: "broken", scope: .file, status: .failed, severity: .error,
            message: "the data chunk ends after 12 of 441000 frames: export the file again"),
        Finding(
            rule: "policy/integrated", demand: "Integrated loudness of a song is -14.0 LUFS within 1.0 LU.",
            subject: "mix/Ferry.wav", subjectTitle: "Ferry", scope: .song, status: .passed, severity: .error,
            message: "-14.0 LUFS, 1.0 LU inside", value: -14.04, limit: -15, margin: 0.96, metric: .integrated,
            anchor: SourceAnchor(file: "album.yaml", line: 5)),
        Finding(
            rule: "baseline/brightness", demand: "Brightness stays within 1.0 dB of the baseline.",
            subject: "mix/Lantern.wav", subjectTitle: "Lantern", scope: .song, status: .failed, severity: .note,
            message: "brighter by 1.4 dB: accept it or look for the change in the master's equaliser", value: 1.4,
            limit: 1, margin: -0.4, metric: .brightness, anchor: SourceAnchor(file: "loudness.lock", line: 14),
            startSeconds: 8.04, endSeconds: 8.5),
        Finding(
            rule: "baseline/integrated", demand: "Loudness stays within 0.5 LU of the baseline.",
            subject: "mix/Lantern.wav", subjectTitle: "Lantern", scope: .song, status: .failed, severity: .warn,
            message: "0.9 LU louder than the baseline", value: 0.9, limit: 0.5, margin: -0.4, metric: .integrated,
            anchor: SourceAnchor(file: "loudness.lock", line: 12), startSeconds: 6, endSeconds: 15),
        Finding(
            rule: "policy/integrated", demand: "Integrated loudness of a song is -14.0 LUFS within 1.0 LU.",
            subject: "mix/Salt.wav", subjectTitle: "Salt", scope: .song, status: .waived, severity: .error,
            message: "-9.3 LUFS is above -13.0 LUFS by 3.7 LU", value: -9.31, limit: -13, margin: -3.69,
            metric: .integrated, waiver: "the single stays as loud as it was released, until 2027-03-01",
            anchor: SourceAnchor(file: "album.yaml", line: 6)),
        Finding(
            rule: "policy/true-peak", demand: "True peak of a song is at most -1.0 dBTP.", subject: "mix/Salt.wav",
            subjectTitle: "Salt", scope: .song, status: .failed, severity: .error,
            message: "0.3 dBTP is above -1.0 dBTP by 1.3 dB: lower the master's ceiling by 1.3 dB", value: 0.34,
            limit: -1, margin: -1.34, metric: .truePeak, anchor: SourceAnchor(file: "album.yaml", line: 6),
            startSeconds: 0.0257, endSeconds: 0.0257),
        Finding(
            rule: "policy/spread", demand: "The songs of an album lie within 6.0 LU.", subject: "album.yaml",
            subjectTitle: "Night Ferry", scope: .album, status: .passed, severity: .warn,
            message: "4.7 LU, 1.3 LU inside", value: 4.73, limit: 6, margin: 1.27, metric: .spread,
            anchor: SourceAnchor(file: "album.yaml", line: 2)),
        Finding(
            rule: "policy/stems-null", demand: "Stems add up to their mix below -100 dBFS.", subject: "mix/stems/Ferry",
            subjectTitle: "Stems of Ferry", scope: .stem, status: .passed, severity: .error,
            message: "-141.5 dBFS, 41.5 dB inside", value: -141.5, limit: -100, margin: 41.5, metric: .stemsNull),
        Finding(
            rule: "baseline/missing", demand: "Every track of the baseline is there.", subject: "mix/Harbour.wav",
            subjectTitle: "Harbour", scope: .song, status: .failed, severity: .error,
            message: "the baseline has this track and no file is there: render it or accept the baseline anew",
            anchor: SourceAnchor(file: "loudness.lock", line: 3)),
    ]

    private static let advice: [PlatformAdvice] = [
        PlatformAdvice(
            platform: "Spotify", profile: "spotify", subject: "album.yaml", subjectTitle: "Night Ferry", scope: .album,
            gain: -2.1875, truePeakAfter: -1.8475, message: "turned down 2.2 dB"),
        PlatformAdvice(
            platform: "Spotify", profile: "spotify", subject: "mix/Salt.wav", subjectTitle: "Salt", scope: .song,
            gain: -4.69, truePeakAfter: -4.35, message: "turned down 4.7 dB"),
        PlatformAdvice(
            platform: "YouTube", profile: "youtube", subject: "mix/Ferry.wav", subjectTitle: "Ferry", scope: .song,
            gain: 0, truePeakAfter: -1.2, message: "left as it is: only louder songs are changed"),
    ]

    private static let profiles: [ProfileMention] = [
        ProfileMention(
            id: "spotify", title: "Spotify", profileClass: "advisory", source: "Spotify artists help",
            verifiedOn: "2026-11-01"),
        ProfileMention(
            id: "youtube", title: "YouTube", profileClass: "advisory", source: "secondary pages only",
            verifiedOn: "2026-11-01"),
    ]

    // MARK: Hostile and large

    /// Texts that break out of careless writers.
    static let hostileTexts: [String] = [
        "]]><script>alert(1)</script>", "::error file=x,line=1::mine", "a\nb\r\n::warning::c", "a|b|c",
        "\u{202E}gnos\u{202C}", "null\u{0}bell\u{1}escape\u{1B}[31m", "=HYPERLINK(\"http://x\",\"y\")", "+1", "-2+3",
        "@SUM(A1)", "\t=1+1", "# EOF", "100 % 50%0A", "\"quoted\", 'single' \\ back", "`code` *bold* [x](http://y)",
        "@everyone #1 !2 $x$ http://example.org www.example.org", String(repeating: "long ", count: 2_000),
        "\u{FFFE}\u{FFFF}", "#\u{FE0F}\u{20E3}\"\u{301},\n\u{301}", "한국어 日本語 🎚️", "</testsuite>&amp;", "",
        "\u{2028}line\u{2029}",
    ]

    /// Every text of others is hostile: ids, titles, messages, rules, anchors.
    static func hostile() -> CheckReport {
        var report = CheckReport(
            identity: MeterIdentity(lathe: "0.9.0", engine: "1", truePeakOversampling: 4, mono: "as-is"), items: [])
        var ids: [String] = []
        for (index, text) in hostileTexts.enumerated() {
            let id = "\(text)/\(index)"
            ids.append(id)
            let outcome: CheckedItem.Outcome =
                index % 5 == 4
                ? .failed(text) : .measured(measurement(level: -14, peak: -1.5, seconds: 2))
            report.items.append(
                CheckedItem(
                    id: id, title: text, scope: .song, group: text, anchor: SourceAnchor(file: id, line: index + 1),
                    outcome: outcome))
            report.findings.append(
                Finding(
                    rule: "policy/\(text)", demand: text, subject: id, subjectTitle: text, scope: .song,
                    status: index % 7 == 3 ? .waived : .failed, severity: Severity.allCases[index % 3], message: text,
                    value: -.infinity, limit: -1, margin: -.infinity, metric: .truePeak, waiver: text,
                    anchor: index % 2 == 0 ? SourceAnchor(file: text, line: 0) : nil))
            report.advice.append(
                PlatformAdvice(
                    platform: text, profile: text, subject: id, subjectTitle: text, scope: .song, gain: 1,
                    truePeakAfter: -.infinity, message: text))
            report.profiles.append(
                ProfileMention(id: text, title: text, profileClass: "format", source: text, verifiedOn: "2026-11-01"))
        }
        report.groups = [CheckedGroup(id: hostileTexts[0], title: hostileTexts[2], itemIDs: ids)]
        report.policy = hostileTexts[1]
        return report
    }

    /// - Parameter count: items, each with one finding.
    static func large(_ count: Int, textLength: Int = 20) -> CheckReport {
        var report = CheckReport(
            identity: MeterIdentity(lathe: "0.9.0", engine: "1", truePeakOversampling: 4, mono: "as-is"), items: [])
        let filler = String(repeating: "x", count: textLength)
        let found = measurement(level: -14, peak: -1.5, seconds: 3)
        report.items.reserveCapacity(count)
        for index in 0..<count {
            let id = "sfx/\(index) \(filler).wav"
            report.items.append(CheckedItem(id: id, title: "Effect \(index)", scope: .file, outcome: .measured(found)))
            report.findings.append(
                Finding(
                    rule: "policy/true-peak", demand: "At most -1.0 dBTP.", subject: id,
                    subjectTitle: "Effect \(index)",
                    scope: .file, status: index % 10 == 9 ? .passed : .failed, severity: Severity.allCases[index % 3],
                    message: "-0.5 dBTP is above -1.0 dBTP by 0.5 dB: \(filler)", value: -0.5, limit: -1, margin: -0.5,
                    metric: .truePeak))
        }
        return report
    }
}
