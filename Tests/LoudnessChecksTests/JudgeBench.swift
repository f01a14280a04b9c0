import LoudnessChecks
import Testing

/// Small reports to judge.
enum JudgeBench {
    static let today: CalendarDay = {
        guard let day = CalendarDay("2026-11-21") else { preconditionFailure("no such day") }
        return day
    }()
    static let identity = MeterIdentity(lathe: "1", engine: "meter 1", truePeakOversampling: 4, mono: "as-is")

    static func form(
        container: String = "WAV", bits: Int? = 24, isFloat: Bool = false, isLossy: Bool = false, rate: Int = 44_100,
        channels: Int = 2, frames: Int = 588 * 75 * 200, tag: Int? = 1, chunks: [FileForm.Chunk] = [], trailing: Int = 0
    ) -> FileForm {
        FileForm(
            container: container, encoding: isLossy ? "MPEG audio" : "\(bits ?? 0)-bit PCM", bits: bits,
            isFloat: isFloat,
            isLossy: isLossy, rateHertz: rate, channelCount: channels, frameCount: frames,
            layout: channels == 1 ? "mono" : "stereo", channelNames: channels == 1 ? ["M"] : ["L", "R"],
            waveFormatTag: tag, chunks: chunks, byteCount: 1000, trailingByteCount: trailing)
    }

    /// A song that every profile's rules but those of the other world accept.
    static func measurement(
        _ values: [(Metric, Double)] = [], form: FileForm = form(), change: (inout Measurement) -> Void = { _ in }
    ) -> Measurement {
        var result = Measurement(form: form)
        let usual: [(Metric, Double)] = [
            (.integrated, -14), (.truePeak, -1.5), (.samplePeak, -1.6), (.nonFiniteSamples, 0),
            (.shortTermMaximum, -12),
            (.duration, form.durationSeconds), (.headSilence, 0.2), (.tailSilence, 1), (.lowCorrelation, 0.9),
            (.overs, 0), (.bandwidth, 21_000),
        ]
        for (metric, value) in usual + values { result.values[metric] = .number(value) }
        result.channels = [
            ChannelPeak(name: "L", truePeak: result.values[.truePeak]?.number ?? 0, samplePeak: -1.6),
            ChannelPeak(name: "R", truePeak: -3, samplePeak: -3),
        ]
        change(&result)
        return result
    }

    static func item(
        _ id: String = "01 Ferry.wav", scope: CheckScope = .song, anchor: SourceAnchor? = nil,
        _ measurement: Measurement = measurement()
    ) -> CheckedItem {
        CheckedItem(id: id, title: id, scope: scope, anchor: anchor, outcome: .measured(measurement))
    }

    static func item(_ measurement: Measurement) -> CheckedItem { item("01 Ferry.wav", measurement) }

    static func item(_ metric: Metric, _ value: Double) -> CheckedItem { item(measurement([(metric, value)])) }

    static func report(_ items: CheckedItem..., groups: [CheckedGroup] = []) -> CheckReport {
        CheckReport(identity: identity, items: items, groups: groups)
    }

    static func group(_ items: [String], _ values: [(Metric, Double)] = []) -> CheckedGroup {
        var group = CheckedGroup(id: ".", title: "Night Ferry", itemIDs: items)
        for (metric, value) in values { group.values[metric] = .number(value) }
        return group
    }

    static func rule(
        _ metric: Metric, _ bounds: MetricLimit.Bounds, id: String = "r", scope: CheckScope = .song,
        severity: Severity = .error, line: Int? = nil
    ) -> Rule {
        Rule(
            source: "policy", id: id, scope: scope, .limit(MetricLimit(metric, bounds)), severity: severity,
            anchor: line.map { SourceAnchor(file: "policy.yaml", line: $0) })
    }

    static func policy(_ rules: Rule..., waivers: [Waiver] = [], profiles: [String] = []) -> Policy {
        var policy = Policy(path: "policy.yaml", name: "Test")
        policy.rules = rules
        policy.waivers = waivers
        policy.profiles = profiles
        return policy
    }

    static func judge(_ report: CheckReport, _ policy: Policy, today: CalendarDay = today) -> CheckReport {
        Judge(policy: policy, today: today).judge(report)
    }

    /// The one finding about one value.
    static func finding(_ metric: Metric, _ value: Double, _ bounds: MetricLimit.Bounds) throws -> Finding {
        let found = judge(report(item(metric, value)), policy(rule(metric, bounds))).findings
        #expect(found.count == 1)
        return try #require(found.first)
    }
}
