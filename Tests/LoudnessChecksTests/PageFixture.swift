import LoudnessChecks

/// Reports that a page has to bear.
enum PageFixture {
    static let form = FileForm(
        container: "WAV", encoding: "24-bit PCM", bits: 24, rateHertz: 48_000, channelCount: 2, frameCount: 480_000,
        layout: "stereo", channelNames: ["L", "R"], byteCount: 2_880_044)

    /// 10 s with a curve of these values.
    static func measurement(momentary: [Double] = [], shortTerm: [Double] = []) -> LoudnessChecks.Measurement {
        var found = LoudnessChecks.Measurement(form: form)
        found.curves.momentary = momentary
        found.curves.shortTerm = shortTerm
        return found
    }

    /// Values that are no numbers, no frames, no rate, curves longer than the file, places outside of it.
    static func odd() -> CheckReport {
        var found = measurement(
            momentary: [.nan, -.infinity, .infinity, -14], shortTerm: Array(repeating: -.infinity, count: 4000))
        found.form.frameCount = 0
        found.form.rateHertz = 0
        for metric in Metric.all { found.values[metric] = .number(metric == .range ? .nan : -.infinity) }
        found.overs = [
            SoundEvent(frame: -1, timeSeconds: -5, channel: "<L>", value: .infinity),
            SoundEvent(frame: 1, timeSeconds: .nan, channel: "R", value: .nan),
            SoundEvent(frame: 9, timeSeconds: 1e12, channel: "R", value: .nan),
        ]
        found.clips = found.overs
        found.curves.peak = [.nan, -.infinity, .infinity]
        found.octaveLevels = [.nan, -.infinity, .infinity, 0, 0, 0, 0, 0, 0, 0]
        found.channels = [ChannelPeak(name: "L", truePeak: .nan, samplePeak: .infinity)]
        var report = CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "as-is"),
            items: [
                CheckedItem(id: "odd", title: "", scope: .song, group: "g", outcome: .measured(found)),
                CheckedItem(
                    id: "empty", title: "empty", scope: .song, group: "g",
                    outcome: .measured(LoudnessChecks.Measurement(form: form))),
            ], groups: [CheckedGroup(id: "g", title: "", itemIDs: ["odd", "odd", "none"])])
        report.groups[0].failure = "a song is missing"
        report.findings = [
            Finding(
                rule: "policy/x", demand: "", subject: "odd", subjectTitle: "", scope: .song, status: .failed,
                severity: .warn, message: "", value: .nan, limit: .infinity, margin: .nan, metric: .integrated,
                startSeconds: 1e300, endSeconds: -1),
            Finding(
                rule: "policy/y", demand: "d", subject: "odd", subjectTitle: "", scope: .song, status: .waived,
                severity: .warn, message: "m;", metric: .integrated, startSeconds: .nan, endSeconds: .nan),
        ]
        report.advice = [
            PlatformAdvice(
                platform: "", profile: "p", subject: "odd", subjectTitle: "", scope: .song, gain: .nan,
                truePeakAfter: .infinity, message: "")
        ]
        return report
    }

    /// Two hundred songs of an hour, each with a thousand overs and clipped runs, and all of them broken.
    static func heavy() -> CheckReport {
        var found = measurement(
            momentary: (0..<36_000).map { -20 + Double($0 % 97) / 10 },
            shortTerm: (0..<36_000).map { -20 + Double($0 % 89) / 20 })
        found.form.frameCount = 48_000 * 3600
        found.curves.peak = (0..<3600).map { -6 + Double($0 % 7) }
        found.overs = (0..<1000).map {
            SoundEvent(frame: $0, timeSeconds: 3.6 * Double($0), channel: "L", value: Double($0 % 13) / 10)
        }
        found.clips = found.overs
        found.octaveLevels = Array(repeating: -30, count: 10)
        let ids = (0..<200).map { "song \($0).wav" }
        var report = CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "as-is"),
            items: ids.map { CheckedItem(id: $0, title: $0, scope: .song, outcome: .measured(found)) })
        for id in ids {
            for rule in 0..<40 {
                report.findings.append(
                    Finding(
                        rule: "policy/\(rule)", demand: "a demand", subject: id, subjectTitle: id, scope: .song,
                        status: .failed, severity: .error, message: String(repeating: "words ", count: 30),
                        value: 1, limit: 0, margin: -1, metric: .truePeak, startSeconds: Double(rule * 90),
                        endSeconds: Double(rule * 90 + 60)))
            }
        }
        return report
    }
}
