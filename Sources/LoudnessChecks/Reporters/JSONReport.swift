/// The whole report as one JSON document: what scripts are written against. `CheckReportSchema` describes it.
///
/// What is absent was not measured or does not apply. JSON has no infinity: metrics at minus infinity are named in
/// `silent`, in curves and octaves silence is null. Numbers are unrounded.
package enum JSONReport {
    /// Raised when a field changes its meaning or goes; new fields leave it.
    package static let schemaVersion = 1

    /// The whole document, indented.
    package static func document(_ report: CheckReport) -> String { value(report).document }

    static func value(_ report: CheckReport) -> JSONValue {
        let outline = ReportOutline(report)
        return .members([
            ("schemaVersion", .integer(schemaVersion)),
            ("lathe", .text(report.identity.lathe)),
            (
                "meter",
                .members([
                    ("engine", .text(report.identity.engine)),
                    ("truePeakOversampling", .integer(report.identity.truePeakOversampling)),
                    ("mono", .text(report.identity.mono)),
                ])
            ),
            ("policy", .optional(report.policy)), ("baseline", .optional(report.baseline)),
            ("profiles", .array(report.profiles.map(profile))),
            ("verdict", report.isJudged ? verdict(report) : nil),
            ("items", .array(report.items.map { item($0, outline) })),
            ("groups", .array(report.groups.map { group($0, outline) })),
            ("findings", report.isJudged ? findings(report) : nil),
            ("advice", .array(report.advice.map(advice))),
            ("failures", .array(failures(report))),
        ])
    }

    private static func verdict(_ report: CheckReport) -> JSONValue {
        .members([
            ("passes", .flag(report.passes)), ("strict", .flag(report.isStrict)),
            ("errors", .integer(report.count(.error))), ("warnings", .integer(report.count(.warn))),
            ("notes", .integer(report.count(.note))),
            ("waived", .integer(report.findings.count { $0.status == .waived })),
            ("summary", .text(ReportOutline(report).rollUp)),
        ])
    }

    private static func profile(_ profile: ProfileMention) -> JSONValue {
        .members([
            ("id", .text(profile.id)), ("title", .text(profile.title)), ("class", .text(profile.profileClass)),
            ("source", .text(profile.source)), ("verifiedOn", .text(profile.verifiedOn)),
        ])
    }

    /// What could not be measured, in one place for scripts that look only here.
    private static func failures(_ report: CheckReport) -> [JSONValue] {
        let items: [(String, String)] = report.items.compactMap {
            if case .failed(let reason) = $0.outcome { ($0.id, reason) } else { nil }
        }
        let groups = report.groups.compactMap { group in group.failure.map { (group.id, $0) } }
        return (items + groups).map { .members([("subject", .text($0.0)), ("reason", .text($0.1))]) }
    }

    // MARK: Subjects

    private static func item(_ item: CheckedItem, _ outline: ReportOutline) -> JSONValue {
        var members: [(String, JSONValue?)] = [
            ("id", .text(item.id)), ("title", .text(item.title)), ("scope", .text(item.scope.rawValue)),
            ("group", .optional(item.group)), ("anchor", item.anchor.map(anchor)),
            ("verdict", verdict(item.id, outline)),
        ]
        switch item.outcome {
        case .failed(let reason): members.append(("failure", .text(reason)))
        case .measured(let found): members += measurement(found)
        }
        return .members(members)
    }

    private static func group(_ group: CheckedGroup, _ outline: ReportOutline) -> JSONValue {
        .members(
            [
                ("id", .text(group.id)), ("title", .text(group.title)),
                ("items", .array(group.itemIDs.map { .text($0) })), ("anchor", group.anchor.map(anchor)),
                ("verdict", verdict(group.id, outline)), ("failure", .optional(group.failure)),
            ] + metrics(group.values))
    }

    private static func verdict(_ id: String, _ outline: ReportOutline) -> JSONValue? {
        let verdict = outline.verdict(of: id)
        return outline.report.isJudged && verdict != .unjudged ? .text(verdict.word.lowercased()) : nil
    }

    private static func anchor(_ anchor: SourceAnchor) -> JSONValue {
        .members([("file", .text(anchor.file)), ("line", .integer(max(1, anchor.line)))])
    }

    private static func metrics(_ values: MetricValues) -> [(String, JSONValue?)] {
        var numbers: [(String, JSONValue?)] = []
        var silent: [JSONValue] = []
        var absent: [(String, JSONValue?)] = []
        for (metric, value) in values.entries {
            switch value {
            case .number(let number) where number.isFinite: numbers.append((metric.name, .number(number)))
            case .number(-.infinity): silent.append(.text(metric.name))
            case .number: absent.append((metric.name, .text("not a finite number")))
            case .unmeasurable(let reason): absent.append((metric.name, .text(reason)))
            }
        }
        return [
            ("metrics", .members(numbers)), ("silent", silent.isEmpty ? nil : .array(silent)),
            ("unmeasurable", absent.isEmpty ? nil : .members(absent)),
        ]
    }

    private static func measurement(_ found: Measurement) -> [(String, JSONValue?)] {
        [("form", form(found.form))] + metrics(found.values) + [
            ("channels", .array(found.channels.map(channel))),
            ("overs", .array(found.overs.map { event($0, "decibelsTruePeak", .number($0.value)) })),
            ("clips", .array(found.clips.map { event($0, "frameCount", .number($0.value)) })),
            ("curves", curves(found.curves)),
            ("octaves", found.octaveLevels.isEmpty ? nil : levels(found.octaveLevels)),
            ("brickWallHertz", .optional(found.brickWallHertz)),
            ("upsamplingSuspected", .flag(found.isUpsamplingSuspected)), ("pcmSha256", .optional(found.pcmSHA256)),
        ]
    }

    private static func form(_ form: FileForm) -> JSONValue {
        .members([
            ("container", .text(form.container)), ("encoding", .text(form.encoding)), ("bits", .optional(form.bits)),
            ("float", .flag(form.isFloat)), ("lossy", .flag(form.isLossy)), ("rateHertz", .integer(form.rateHertz)),
            ("channelCount", .integer(form.channelCount)), ("frameCount", .integer(form.frameCount)),
            ("durationSeconds", .optional(form.durationSeconds)), ("layout", .text(form.layout)),
            ("channelNames", .array(form.channelNames.map { .text($0) })),
            ("waveFormatTag", .optional(form.waveFormatTag)), ("byteCount", .integer(form.byteCount)),
            ("trailingByteCount", .integer(form.trailingByteCount)),
            (
                "chunks",
                .array(
                    form.chunks.map {
                        .members([
                            ("name", .text($0.name)), ("byteCount", .integer($0.byteCount)),
                            ("afterAudio", .flag($0.isAfterAudio)),
                        ])
                    })
            ),
        ])
    }

    private static func channel(_ peak: ChannelPeak) -> JSONValue {
        .members([
            ("name", .text(peak.name)), ("truePeak", .optional(peak.truePeak)),
            ("samplePeak", .optional(peak.samplePeak)),
        ])
    }

    private static func event(_ event: SoundEvent, _ key: String, _ value: JSONValue) -> JSONValue {
        .members([
            ("frame", .integer(event.frame)), ("timeSeconds", .number(event.timeSeconds)),
            ("channel", .text(event.channel)), (key, value),
        ])
    }

    private static func curves(_ curves: LoudnessCurves) -> JSONValue {
        let named = [
            ("momentary", curves.momentary), ("shortTerm", curves.shortTerm), ("second", curves.second),
            ("peak", curves.peak), ("brightness", curves.brightness),
        ]
        return .members(named.map { ($0.0, $0.1.isEmpty ? nil : levels($0.1)) })
    }

    private static func levels(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

    // MARK: Findings

    private static func findings(_ report: CheckReport) -> JSONValue {
        .array(zip(report.findings, Fingerprint.all(report.findings)).map(finding))
    }

    private static func finding(_ finding: Finding, _ print: String) -> JSONValue {
        .members([
            ("rule", .text(finding.rule)), ("demand", .text(finding.demand)), ("subject", .text(finding.subject)),
            ("subjectTitle", .text(finding.subjectTitle)), ("scope", .text(finding.scope.rawValue)),
            ("status", .text(finding.status.rawValue)), ("severity", .text(finding.severity.rawValue)),
            ("message", .text(finding.message)), ("metric", .optional(finding.metric?.name)),
            ("value", .optional(finding.value)), ("limit", .optional(finding.limit)),
            ("margin", .optional(finding.margin)),
            ("silent", finding.value == -.infinity ? .flag(true) : nil),
            ("waiver", .optional(finding.waiver)), ("anchor", finding.anchor.map(anchor)),
            ("startSeconds", .optional(finding.startSeconds)), ("endSeconds", .optional(finding.endSeconds)),
            ("fingerprint", .text(print)),
        ])
    }

    private static func advice(_ advice: PlatformAdvice) -> JSONValue {
        .members([
            ("platform", .text(advice.platform)), ("profile", .text(advice.profile)),
            ("subject", .text(advice.subject)),
            ("subjectTitle", .text(advice.subjectTitle)), ("scope", .text(advice.scope.rawValue)),
            ("gain", .optional(advice.gain)), ("truePeakAfter", .optional(advice.truePeakAfter)),
            ("message", .text(advice.message)),
        ])
    }
}
