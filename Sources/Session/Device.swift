/// Kinds of insert effects, by their names in a session file; what each does stands in the table of devices.
package enum DeviceKind: String, Sendable, Hashable, CaseIterable {
    case equalizer, compressor, gate, multiband, limiter, clipper, saturator, reverb, convolver, delay, chorus
    case flanger, phaser, tremolo, width, align, utility, match
    case busCompressor = "bus-compressor"
    case deEsser = "de-esser"
    case transientShaper = "transient-shaper"

    /// Its row of the table.
    package var description: DeviceDescription {
        guard let row = DeviceDescription.all.first(where: { $0.name == rawValue }) else {
            preconditionFailure("no row for \(rawValue) in the table of devices")
        }
        return row
    }
}

/// An insert effect of a channel.
package struct Device: Sendable, Equatable {
    package var kind: DeviceKind
    /// In the order and units of the table: the device's parameters, then those of each band.
    package var values: [Double]
    /// Parameters that change over time; each index into `values` at most once, in ascending order.
    package var automation: [DeviceAutomation]
    /// The channel that is listened to (after its devices, before its fader and mute); nil: the signal itself.
    package var key: ChannelReference?
    /// Its audio files (an impulse response, a reference) as indices into `Song.sources`.
    package var sources: [Int]

    package init(
        kind: DeviceKind, values: [Double], automation: [DeviceAutomation] = [], key: ChannelReference? = nil,
        sources: [Int] = []
    ) {
        self.kind = kind
        self.values = values
        self.automation = automation
        self.key = key
        self.sources = sources
    }

    /// A device with the table's defaults but for the parameters named; names and words of choices must be the table's.
    ///
    /// - Parameter bands: for each band the parameters that are not the default.
    package init(
        _ kind: DeviceKind, _ parameters: [String: DeviceValue] = [:], bands: [[String: DeviceValue]] = [],
        key: ChannelReference? = nil, sources: [Int] = []
    ) {
        let row = kind.description
        var values = Self.values(parameters, of: row.parameters)
        for band in bands { values += Self.values(band, of: row.bands?.parameters ?? []) }
        self.init(kind: kind, values: values, key: key, sources: sources)
    }

    private static func values(
        _ given: [String: DeviceValue], of rows: [ParameterDescription]
    ) -> [Double] {
        for name in given.keys { precondition(rows.contains { $0.name == name }, "no parameter \(name)") }
        return rows.map { row in
            switch (given[row.name], row.unit) {
            case (.number(let number)?, _): return number
            case (.word(let word)?, .choice(let words)):
                guard let index = words.firstIndex(of: word) else { preconditionFailure("no choice \(word)") }
                return Double(index)
            case (.word(let word)?, _): preconditionFailure("\(row.name) is no choice: \(word)")
            case (nil, _):
                guard let value = row.defaultValue else { preconditionFailure("\(row.name) must be given") }
                return value
            }
        }
    }
}

/// What a parameter is set to in code.
package enum DeviceValue: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral
{
    case number(Double)
    /// Of a choice.
    case word(String)

    package init(floatLiteral value: Double) { self = .number(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    package init(stringLiteral value: String) { self = .word(value) }
    package init(booleanLiteral value: Bool) { self = .number(value ? 1 : 0) }
}

/// A parameter of a device over time.
package struct DeviceAutomation: Sendable, Equatable {
    /// Index into `Device.values`.
    package var parameter: Int
    /// In the parameter's unit.
    package var points: [AutomationPoint]

    package init(parameter: Int, points: [AutomationPoint]) {
        self.parameter = parameter
        self.points = points
    }
}
