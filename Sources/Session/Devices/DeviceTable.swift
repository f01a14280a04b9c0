/// One kind of device: what it is called, what it does, and its parameters.
///
/// From these rows are made: the schema, the reader and its messages, docs/session.md, docs/devices.md, and the order
/// of the numbers that a processor is given.
package struct DeviceDescription: Sendable {
    /// As in a session file.
    package var name: String
    /// For messages: "a compressor".
    package var noun: String
    /// One or two sentences for a mix engineer.
    package var summary: String
    /// The paper or standard that the method is from.
    package var reference: String
    package var parameters: [ParameterDescription]
    /// Whether it can listen to another channel (`key`).
    package var hasKey: Bool
    /// Its bands, where it has some.
    package var bands: BandDescription?
    /// Whether it reads an audio file (`file`).
    package var hasFile: Bool

    package init(
        name: String, noun: String, summary: String, reference: String, parameters: [ParameterDescription],
        hasKey: Bool = false, bands: BandDescription? = nil, hasFile: Bool = false
    ) {
        self.name = name
        self.noun = noun
        self.summary = summary
        self.reference = reference
        self.parameters = parameters
        self.hasKey = hasKey
        self.bands = bands
        self.hasFile = hasFile
    }
}

/// The bands of a device: the list `bands`, each with these parameters.
package struct BandDescription: Sendable {
    /// Name in the schema, unique: "equalizer-band".
    package var name: String
    package var noun: String
    package var summary: String
    package var count: ClosedRange<Int>
    package var parameters: [ParameterDescription]

    package init(
        name: String, noun: String, summary: String, count: ClosedRange<Int>, parameters: [ParameterDescription]
    ) {
        self.name = name
        self.noun = noun
        self.summary = summary
        self.count = count
        self.parameters = parameters
    }
}

/// One number of a device.
package struct ParameterDescription: Sendable {
    /// How it is written, and what its number counts.
    package enum Unit: Sendable, Equatable {
        /// dB.
        case decibels
        /// dBTP.
        case truePeak
        /// Hz.
        case hertz
        /// Written as `30 %`, counted as 0.3.
        case percent
        /// Written as a time, counted in seconds.
        case seconds
        /// Written as a time, a musical length or a note value, counted in frames (a whole number).
        case delayFrames
        /// `4` or `4:1`.
        case ratio
        /// No unit.
        case number
        /// One of these words, counted by its index.
        case choice([String])
        /// `true` or `false`, 1 or 0.
        case onOff
    }

    /// As in a session file: lower case, hyphens.
    package var name: String
    package var unit: Unit
    /// Both ends inclusive, as they would be written; nil for choices and switches.
    package var range: (low: String, high: String)?
    /// What stands for it when it is left out, as it would be written; nil: it must be given.
    package var defaultText: String?
    /// Whether it can change over time: continuous, and without effect on the latency.
    package var isAutomatable: Bool
    /// One sentence, without the range.
    package var summary: String

    package init(
        _ name: String, _ unit: Unit, _ range: (low: String, high: String)? = nil, default defaultText: String? = nil,
        automatable isAutomatable: Bool = false, _ summary: String
    ) {
        self.name = name
        self.unit = unit
        self.range = range
        self.defaultText = defaultText
        self.isAutomatable = isAutomatable
        self.summary = summary
    }
}
