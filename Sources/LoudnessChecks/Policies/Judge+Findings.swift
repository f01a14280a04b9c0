extension Judge {
    /// What holds without any rule: a file can be read, and its samples are numbers.
    func fundamentals(_ subject: Subject) -> [Finding] {
        guard !subject.isGroup else { return [] }
        if let failure = subject.failure {
            return [
                failed(
                    "lathe/unreadable", "every file can be read", subject, message: Self.withoutStop(failure))
            ]
        }
        let demand = "no sample is NaN or infinite"
        switch subject.values[.nonFiniteSamples] {
        case .number(let count)? where count == 0: return []
        case .number(let count)?:
            let number = NumberText.fixed(count, decimals: 0)
            let message = "\(number) \(count == 1 ? "sample is no number" : "samples are no numbers"); render it again"
            var finding = failed("lathe/not-a-number", demand, subject, message: message)
            (finding.value, finding.limit, finding.margin) = (count, 0, -count)
            finding.metric = .nonFiniteSamples
            return [finding]
        case .unmeasurable(let reason)?:
            return [failed("lathe/not-a-number", demand, subject, message: "the samples were not looked at: \(reason)")]
        case nil:
            return [failed("lathe/not-a-number", demand, subject, message: "the samples were not looked at")]
        }
    }

    /// What a rule says of a subject that it is for; nil where `lathe/unreadable` has said it all.
    func finding(_ rule: Rule, _ subject: Subject) -> Finding? {
        if !subject.isGroup, subject.failure != nil { return nil }
        switch rule.check {
        case .limit(let limit): return finding(rule, limit, subject)
        case .form(let demand):
            if subject.isGroup {
                guard demand.isForAlbums else { return nil }
                return finding(rule, demand.demand, subject, demand.verdict(onSongCount: subject.memberCount))
            }
            guard let measurement = subject.measurement, !demand.isForAlbums else { return nil }
            return finding(rule, demand.demand, subject, demand.verdict(on: measurement))
        case .impossible(let reason):
            return finding(
                rule, "this can be judged", subject, FormDemand.Verdict(passes: false, message: reason))
        }
    }

    private func finding(_ rule: Rule, _ demand: String, _ subject: Subject, _ verdict: FormDemand.Verdict) -> Finding {
        Finding(
            rule: rule.name, demand: demand, subject: subject.id, subjectTitle: subject.title, scope: subject.scope,
            status: verdict.passes ? .passed : .failed, severity: rule.severity, message: verdict.message,
            anchor: subject.anchor ?? rule.anchor)
    }

    private func finding(_ rule: Rule, _ limit: MetricLimit, _ subject: Subject) -> Finding {
        var finding = finding(rule, limit.demand, subject, FormDemand.Verdict(passes: false, message: ""))
        finding.metric = limit.metric
        let title = limit.metric.titleInSentence
        if let failure = subject.failure {
            finding.message = "\(title) cannot be measured: \(Self.withoutStop(failure))"
            return finding
        }
        switch subject.values[limit.metric] {
        case nil:
            finding.message = "\(title) was not measured; what a rule demands must be measured"
        case .unmeasurable(let reason)?:
            finding.message =
                "\(title) cannot be measured: \(Self.withoutStop(reason)); a rule with `files:` can leave this out"
        case .number(let value)? where value.isNaN:
            finding.message = "\(title) is not a number; render the file again"
        case .number(let value)?:
            let verdict = limit.verdict(on: value)
            finding.status = verdict.passes ? .passed : .failed
            finding.value = value
            finding.limit = verdict.bound
            // Inside the guard of an edge the value counts as on it.
            finding.margin = verdict.passes ? max(0, verdict.margin) : verdict.margin
            let place = verdict.passes ? nil : place(of: limit.metric, above: verdict.bound, subject)
            finding.message = limit.message(value, verdict, place: place?.text ?? "")
            finding.startSeconds = place?.start
            finding.endSeconds = place?.end
        }
        return finding
    }

    private func failed(_ rule: String, _ demand: String, _ subject: Subject, message: String) -> Finding {
        Finding(
            rule: rule, demand: demand, subject: subject.id, subjectTitle: subject.title, scope: subject.scope,
            status: .failed, severity: .error, message: message, anchor: subject.anchor)
    }

    // MARK: Where it happens

    private struct Location {
        /// " at 1:42.3 in L", with the space in front.
        var text: String
        var start: Double?
        var end: Double?
    }

    private func place(of metric: Metric, above bound: Double, _ subject: Subject) -> Location? {
        guard let measurement = subject.measurement else { return member(with: metric, subject) }
        func event(_ event: SoundEvent?) -> Location? {
            event.map {
                Location(
                    text: " at \(NumberText.time($0.timeSeconds, tenths: true)) in \($0.channel)",
                    start: $0.timeSeconds, end: $0.timeSeconds)
            }
        }
        switch metric {
        case .truePeak:
            return event(measurement.overs.first { $0.value > bound })
                ?? channel(measurement.channels.map { ($0.name, $0.truePeak) })
        case .samplePeak: return channel(measurement.channels.map { ($0.name, $0.samplePeak) })
        case .overs: return event(measurement.overs.first)
        case .clipRuns: return event(measurement.clips.first)
        case .headSilence:
            return measurement.values[metric]?.number.map { Location(text: "", start: 0, end: $0) }
        case .tailSilence:
            let end = measurement.form.durationSeconds
            return measurement.values[metric]?.number.map { Location(text: "", start: max(0, end - $0), end: end) }
        default: return nil
        }
    }

    private func channel(_ peaks: [(name: String, value: Double)]) -> Location? {
        guard peaks.count > 1 else { return nil }
        return Self.greatest(peaks).map { Location(text: " in \($0)") }
    }

    /// The song that an album owes its greatest value to.
    private func member(with metric: Metric, _ subject: Subject) -> Location? {
        guard [.truePeak, .samplePeak, .overs, .clipRuns, .shortTermMaximum, .momentaryMaximum].contains(metric)
        else { return nil }
        let values = subject.members.compactMap { item in
            item.measurement?.values[metric]?.number.map { (item.id, $0) }
        }
        return Self.greatest(values).map { Location(text: " in \($0)") }
    }

    /// The first of equals.
    private static func greatest(_ values: [(name: String, value: Double)]) -> String? {
        var best: (name: String, value: Double)?
        for candidate in values where candidate.value > best?.value ?? -.infinity { best = candidate }
        return best?.name
    }

    static func withoutStop(_ text: String) -> String {
        var text = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        while text.last == "." || text.last == " " { text.removeLast() }
        return text
    }
}

extension MetricLimit {
    /// More are never printed.
    private static let decimalLimit = 9

    /// Value, limit and margin, and what to do where it fails.
    func message(_ value: Double, _ verdict: Verdict, place: String) -> String {
        let decimals = verdict.passes ? metric.shownDecimals : decimals(showing: value, verdict)
        var text = "\(metric.titleInSentence) \(shown(value, decimals, verdict)), \(allowance(decimals)): "
        if verdict.margin.isInfinite {
            text += value < 0 ? "silence" : "without end"
        } else {
            // The margin of a target is what lies between value and tolerance's end; where it passes, the distance.
            let isTarget = if case .target = bounds { true } else { false }
            let amount = isTarget && verdict.passes ? distanceToTarget(value) : verdict.margin.magnitude
            text += metric.differenceWritten(amount, decimals: decimals) + " " + word(verdict)
        }
        guard !verdict.passes else { return text }
        text += place
        return text + (remedy(value, verdict, decimals).map { "; \($0)" } ?? "")
    }

    /// The fewest decimals that show that the value is beyond the bound.
    private func decimals(showing value: Double, _ verdict: Verdict) -> Int {
        var decimals = metric.shownDecimals
        while decimals < Self.decimalLimit, !differs(value, verdict, decimals) { decimals += 1 }
        return decimals
    }

    private func differs(_ value: Double, _ verdict: Verdict, _ decimals: Int) -> Bool {
        let zero = NumberText.fixed(0, decimals: decimals)
        return NumberText.fixed(value, decimals: decimals) != NumberText.fixed(verdict.bound, decimals: decimals)
            && NumberText.fixed(verdict.margin.magnitude, decimals: decimals) != zero
    }

    /// With all its digits where even the most decimals look like the bound.
    private func shown(_ value: Double, _ decimals: Int, _ verdict: Verdict) -> String {
        guard !verdict.passes, value.isFinite, !differs(value, verdict, decimals) else {
            return metric.written(value, decimals: decimals)
        }
        return "\(value) \(metric.unit.rawValue)"
    }

    private func allowance(_ decimals: Int) -> String {
        func text(_ bound: Double) -> String {
            metric.written(bound, decimals: Metric.decimals(of: bound, atLeast: decimals))
        }
        switch bounds {
        case .atMost(let limit): return "allowed \(text(limit))"
        case .atLeast(let limit): return "at least \(text(limit))"
        case .within(let low, let high): return "allowed \(text(low)) to \(text(high))"
        case .target(let target, let tolerance):
            return "target \(text(target)) within \(metric.differenceWritten(tolerance))"
        }
    }

    private func word(_ verdict: Verdict) -> String {
        if case .target = bounds {
            if verdict.passes { return "off" }
            return verdict.isTooHigh ? "above what is allowed" : "below what is allowed"
        }
        return verdict.passes ? "to spare" : verdict.isTooHigh ? "over" : "short"
    }

    private func distanceToTarget(_ value: Double) -> Double {
        if case .target(let target, _) = bounds { (value - target).magnitude } else { 0 }
    }

    private func remedy(_ value: Double, _ verdict: Verdict, _ decimals: Int) -> String? {
        if metric == .integrated {
            guard value.isFinite else { return "check that the right file was exported" }
            let goal = if case .target(let target, _) = bounds { target } else { verdict.bound }
            let change = NumberText.fixed((goal - value).magnitude, decimals: decimals)
            return "turn it \(verdict.isTooHigh ? "down" : "up") \(change) dB"
        }
        return verdict.isTooHigh ? metric.remedyWhenHigh : metric.remedyWhenLow
    }
}

extension Metric {
    fileprivate var remedyWhenHigh: String? {
        switch self {
        case .truePeak, .overs: "turn it down, or lower the limiter's ceiling"
        case .samplePeak, .shortTermMaximum, .momentaryMaximum, .loudestSong: "turn it down"
        case .headSilence: "cut the start"
        case .tailSilence: "cut the end"
        case .longestSilence: "look for a hole in the mix"
        case .clipRuns: "lower the level ahead of the export"
        case .dcOffset: "take it out with a high-pass filter"
        case .stemsNull: "export the stems again with this mix"
        case .duration: "cut it"
        default: nil
        }
    }

    fileprivate var remedyWhenLow: String? {
        switch self {
        case .headSilence: "leave more silence ahead of it"
        case .tailSilence: "leave more silence behind it"
        case .correlation, .correlationMinimum, .lowCorrelation: "check polarity and width"
        case .bandwidth, .usedBits: "export it again from the mix"
        default: nil
        }
    }
}
