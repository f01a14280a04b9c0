/// JSON Schema of what `JSONReport` writes: docs/schemas/check-report-1.json.
///
/// It allows members that it does not know: version 1 may gain some.
package enum CheckReportSchema {
    /// The schema as it is published.
    package static var document: String {
        var members: [(key: String, value: JSONValue)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Report of lathe measure and lathe check, version 1")),
            (
                "description",
                .text(
                    "What is absent was not measured or does not apply. Numbers are unrounded. Metrics at minus "
                        + "infinity, the level of silence, are named in `silent`; in curves and octaves it is null.")
            ),
        ]
        if case .object(let root) = report { members += root }
        members.append(("$defs", definitions))
        return JSONValue.object(members).document
    }

    // MARK: Words of the schema

    private static func object(
        _ properties: [(String, JSONValue)], required: [String], _ description: String? = nil
    ) -> JSONValue {
        .members([
            ("description", .optional(description)), ("type", .text("object")), ("properties", .members(properties)),
            ("required", .array(required.map { .text($0) })),
        ])
    }

    private static func list(_ of: JSONValue, _ description: String? = nil) -> JSONValue {
        .members([("description", .optional(description)), ("type", .text("array")), ("items", of)])
    }

    private static func text(_ description: String? = nil) -> JSONValue {
        .members([("description", .optional(description)), ("type", .text("string"))])
    }

    private static func number(_ description: String) -> JSONValue {
        .members([("description", .text(description)), ("type", .text("number"))])
    }

    private static func count(_ description: String, from minimum: Int = 0) -> JSONValue {
        .members([
            ("description", .text(description)), ("type", .text("integer")), ("minimum", .integer(minimum)),
        ])
    }

    private static func flag(_ description: String) -> JSONValue {
        .members([("description", .text(description)), ("type", .text("boolean"))])
    }

    private static func choice(_ values: [String], _ description: String? = nil) -> JSONValue {
        .members([("description", .optional(description)), ("enum", .array(values.map { .text($0) }))])
    }

    private static func reference(_ name: String) -> JSONValue { .members([("$ref", .text("#/$defs/\(name)"))]) }

    private static let levels = JSONValue.members([
        ("type", .text("array")),
        ("items", .members([("type", .array([.text("number"), .text("null")]))])),
    ])

    private static func levels(_ description: String) -> JSONValue {
        guard case .object(let members) = levels else { return levels }
        return .object([("description", .text(description))] + members)
    }

    // MARK: Content

    private static let report = object(
        [
            ("schemaVersion", .members([("const", .integer(JSONReport.schemaVersion))])),
            ("lathe", text("Version of Lathe.")),
            ("meter", reference("meter")),
            ("policy", text("Path of the policy file.")), ("baseline", text("Path of the baseline.")),
            ("profiles", list(reference("profile"))),
            ("verdict", reference("verdict")),
            ("items", list(reference("item"), "Files, by id.")),
            ("groups", list(reference("group"))),
            ("findings", list(reference("finding"), "What came of each rule; absent where nothing was judged.")),
            ("advice", list(reference("advice"), "What playback services will do: never a verdict.")),
            (
                "failures",
                list(
                    object([("subject", text()), ("reason", text())], required: ["subject", "reason"]),
                    "Files and groups that could not be measured.")
            ),
        ], required: ["schemaVersion", "lathe", "meter", "profiles", "items", "groups", "advice", "failures"])

    private static let scope = choice(CheckScope.allCases.map(\.rawValue))
    private static let verdict = choice(
        ["passed", "note", "waived", "warning", "failed"], "The gravest finding; absent where nothing was demanded.")

    private static var metrics: JSONValue {
        let properties = Metric.all.map { metric in
            let unit = metric.unit == .none ? "" : " (\(metric.unit.rawValue))"
            return (metric.name, number("\(metric.title)\(unit). \(metric.definition)"))
        }
        return .members([("type", .text("object")), ("properties", .members(properties))])
    }

    private static let measured: [(String, JSONValue)] = [
        ("metrics", reference("metrics")),
        ("silent", list(text(), "Metrics that are minus infinity.")),
        (
            "unmeasurable",
            .members([
                ("description", .text("Metrics that the signal does not have, and why.")), ("type", .text("object")),
                ("additionalProperties", text()),
            ])
        ),
    ]

    private static var definitions: JSONValue {
        .members([
            ("meter", meter), ("profile", profile), ("anchor", anchor), ("verdict", verdicts), ("metrics", metrics),
            ("form", form), ("event", event), ("curves", curves), ("item", item), ("group", group),
            ("finding", finding), ("advice", advice),
        ])
    }

    private static let meter = object(
        [
            ("engine", text("Version of the meter: changes when the same signal would give other bits.")),
            ("truePeakOversampling", .members([("enum", .array([.integer(4), .integer(16)]))])),
            ("mono", choice(["as-is", "dual"])),
        ], required: ["engine", "truePeakOversampling", "mono"])

    private static let profile = object(
        [
            ("id", text()), ("title", text()), ("class", choice(["normative", "advisory", "format"])),
            ("source", text()), ("verifiedOn", text("The day the figures were last compared with the source.")),
        ], required: ["id", "title", "class", "source", "verifiedOn"])

    private static let anchor = object(
        [("file", text("Relative to the folder of the check.")), ("line", count("From 1.", from: 1))],
        required: ["file", "line"], "A line of a text file.")

    private static let verdicts = object(
        [
            ("passes", flag("Whether the check passed.")), ("strict", flag("Whether warnings fail the check.")),
            ("errors", count("Broken rules.")), ("warnings", count("Broken rules.")), ("notes", count("Broken rules.")),
            ("waived", count("Broken rules that a waiver accepts.")), ("summary", text("One line for people.")),
        ], required: ["passes", "strict", "errors", "warnings", "notes", "waived", "summary"])

    private static let form = object(
        [
            ("container", text()), ("encoding", text()), ("bits", count("Of one sample; absent for lossy codecs.")),
            ("float", flag("Samples are floating point.")), ("lossy", flag("The codec is lossy.")),
            ("rateHertz", count("Frames in a second.")), ("channelCount", count("Channels.")),
            ("frameCount", count("Samples of one channel.")), ("durationSeconds", number("Frames by rate.")),
            ("layout", text("How loudness weighted the channels.")), ("channelNames", list(text())),
            ("waveFormatTag", count("As written in a WAV file's format chunk.")), ("byteCount", count("Of the file.")),
            ("trailingByteCount", count("Bytes after the last chunk.")),
            (
                "chunks",
                list(
                    object(
                        [
                            ("name", text()), ("byteCount", count("Size of the chunk.")),
                            ("afterAudio", flag("Stands behind the audio.")),
                        ], required: ["name", "byteCount", "afterAudio"]), "In file order.")
            ),
        ],
        required: [
            "container", "encoding", "float", "lossy", "rateHertz", "channelCount", "frameCount", "layout",
            "channelNames", "byteCount", "trailingByteCount", "chunks",
        ])

    private static let event = object(
        [
            ("frame", count("From 0.")), ("timeSeconds", number("Of the frame.")), ("channel", text()),
            ("decibelsTruePeak", number("Of an over.")), ("frameCount", number("Length of a clipped run.")),
        ], required: ["frame", "timeSeconds", "channel"])

    private static let curves = object(
        [
            ("momentary", levels("LUFS of the 400 ms from i * 0.1 s on.")),
            ("shortTerm", levels("LUFS of the 3 s from i * 0.1 s on.")),
            ("second", levels("LUFS of each second, without gates.")), ("peak", levels("dBFS of each second.")),
            ("brightness", levels("dB of each second.")),
        ], required: [])

    private static let item = object(
        [
            ("id", text("Path relative to the folder of the check.")), ("title", text()), ("scope", scope),
            ("group", text("The id of its group.")), ("anchor", reference("anchor")), ("verdict", verdict),
            ("failure", text("Why there are no figures.")), ("form", reference("form")),
        ] + measured + [
            (
                "channels",
                list(
                    object(
                        [("name", text()), ("truePeak", number("dBTP.")), ("samplePeak", number("dBFS."))],
                        required: ["name"]), "A level that is absent is silence.")
            ),
            ("overs", list(reference("event"), "The first thousand.")),
            ("clips", list(reference("event"), "The first thousand.")),
            ("curves", reference("curves")),
            ("octaves", levels("dBFS in the octaves around 31.5 Hz to 16 kHz.")),
            ("brickWallHertz", number("Where the spectrum ends well below half the rate.")),
            ("upsamplingSuspected", flag("The file may be upsampled or once lossy.")),
            ("pcmSha256", text("SHA-256 of the decoded samples.")),
        ], required: ["id", "title", "scope"])

    private static let group = object(
        [
            ("id", text()), ("title", text()), ("items", list(text(), "Ids in the order of the release.")),
            ("anchor", reference("anchor")), ("verdict", verdict), ("failure", text()),
        ] + measured, required: ["id", "title", "items", "metrics"])

    private static let finding = object(
        [
            ("rule", text()), ("demand", text("What the rule demands.")), ("subject", text("Id of an item or group.")),
            ("subjectTitle", text()), ("scope", scope), ("status", choice(Finding.Status.allCases.map(\.rawValue))),
            ("severity", choice(Severity.allCases.map(\.rawValue))), ("message", text()),
            ("metric", choice(Metric.all.map(\.name))), ("value", number("In the metric's unit.")),
            ("limit", number("The bound that decided.")), ("margin", number("Inside is positive.")),
            ("silent", flag("The value is minus infinity.")), ("waiver", text("Why it is accepted, until when.")),
            ("anchor", reference("anchor")), ("startSeconds", number("Where it begins.")),
            ("endSeconds", number("Where it ends.")), ("fingerprint", text("Of rule and subject, not of the value.")),
        ],
        required: [
            "rule", "demand", "subject", "subjectTitle", "scope", "status", "severity", "message", "fingerprint",
        ])

    private static let advice = object(
        [
            ("platform", text()), ("profile", text()), ("subject", text()), ("subjectTitle", text()), ("scope", scope),
            ("gain", number("dB that it will receive.")), ("truePeakAfter", number("dBTP after that gain.")),
            ("message", text()),
        ], required: ["platform", "profile", "subject", "subjectTitle", "scope", "message"])
}
