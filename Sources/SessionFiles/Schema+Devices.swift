internal import Session

extension Schema {
    static let deviceNames = DeviceDescription.all.map(\.name)

    /// One object for each device, named as in a file, each followed by its band's where it has bands.
    static let devices: [ObjectSchema] = DeviceDescription.all.flatMap { device -> [ObjectSchema] in
        var keys = device.parameters.map(key)
        if let bands = device.bands {
            let count = "\(bands.count.lowerBound) to \(bands.count.upperBound)"
            keys.append(KeySchema("bands", .list(bands.name), required: true, "The bands in order, \(count)."))
        }
        keys += fileKeys[device.name] ?? []
        if device.name == "delay" { keys = delayKeys(keys) }
        if device.hasKey {
            keys.append(
                KeySchema(
                    "key", .channel("channel"),
                    "A track, bus or return to listen to (after its devices, before its fader and mute)."))
        }
        keys += automationKey(device.parameters)
        let object = ObjectSchema(name: device.name, noun: device.noun, summary: device.summary, keys: keys)
        guard let bands = device.bands else { return [object] }
        let band = ObjectSchema(
            name: bands.name, noun: bands.noun, summary: bands.summary,
            keys: bands.parameters.map(key) + automationKey(bands.parameters))
        return [object, band]
    }

    static func band(of device: DeviceDescription) -> ObjectSchema? { device.bands.map { object($0.name) } }

    /// The keys of audio files, by device; the order is that of `Device.sources`.
    static let fileKeys: [String: [KeySchema]] = [
        "convolver": [
            KeySchema(
                "file", .file, required: true,
                "The impulse response, mono or stereo, at any rate: of the left input where `right-file` is given."),
            KeySchema(
                "right-file", .file,
                "The stereo impulse response of the right input: with `file` a true stereo response."),
        ],
        "match": [KeySchema("file", .file, required: true, "The reference: a master, at any rate and of any length.")],
    ]

    /// `time` stands for `left` and `right` alike.
    private static func delayKeys(_ keys: [KeySchema]) -> [KeySchema] {
        let time = KeySchema(
            "time", .time(.delay), range: keys.first { $0.name == "left" }?.range,
            "Delay of both channels; without it `left` and `right`, each a time or a note value such as `1/8 dotted`.")
        return [time]
            + keys.map { key in
                var key = key
                if key.name == "left" || key.name == "right" { key.isRequired = false }
                return key
            }
    }

    private static func key(_ row: ParameterDescription) -> KeySchema {
        KeySchema(
            row.name, kind(row.unit), range: row.range, default: row.defaultText, required: row.defaultText == nil,
            row.summary)
    }

    private static func kind(_ unit: ParameterDescription.Unit) -> ValueKind {
        switch unit {
        case .decibels: .quantity(.gain)
        case .truePeak: .quantity(.truePeak)
        case .hertz: .quantity(.frequency)
        case .percent: .quantity(.percent)
        case .seconds: .time(.length)
        case .delayFrames: .time(.delay)
        case .ratio: .quantity(.ratio)
        case .number: .quantity(.number)
        case .choice(let words): .choice(words)
        case .onOff: .boolean
        }
    }

    private static func automationKey(_ rows: [ParameterDescription]) -> [KeySchema] {
        let names = rows.filter(\.isAutomatable).map(\.name)
        guard !names.isEmpty else { return [] }
        return [
            KeySchema(
                "automation", .parameterAutomation(names), default: "{}",
                "Parameters over time, by name: "
                    + names.map { "`\($0)`" }.joined(separator: ", ") + ".")
        ]
    }
}
