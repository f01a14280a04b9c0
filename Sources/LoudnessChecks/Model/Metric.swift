/// What the numbers of a metric are.
package enum MetricUnit: String, Sendable, Hashable, CaseIterable {
    case lufs = "LUFS"
    case loudnessUnits = "LU"
    case decibelsTruePeak = "dBTP"
    case decibelsFullScale = "dBFS"
    case decibels = "dB"
    case seconds = "s"
    case hertz = "Hz"
    case bits = "bits"
    /// A count of things, or a ratio.
    case none = ""
}

/// What a metric or a rule speaks of.
package enum CheckScope: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Any sound file, whatever its part in a release.
    case file
    /// A finished track.
    case song
    /// All songs of one release, or of one group of files.
    case album
    /// A part of a mix.
    case stem

    package static func < (a: CheckScope, b: CheckScope) -> Bool { a.rank < b.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One thing that Lathe measures, by the name that policies, the lock, JSON and CSV use for it.
///
/// The table `Metric.all` is the only place that knows names, units and decimals.
package struct Metric: Sendable, Hashable {
    /// In camelCase: the key in JSON, CSV and the lock; policies write it with hyphens.
    package let name: String
    /// For people: "Integrated loudness".
    package let title: String
    package let unit: MetricUnit
    /// Decimals in the lock and in CSV. People see one, or none for counts.
    package let decimals: Int
    /// One sentence: definition, standard, window.
    package let definition: String
    /// Whether an album has this value too.
    package let isForAlbums: Bool
    /// Whether files have it; false for what only an album or a set of stems has.
    package let isForFiles: Bool

    init(
        _ name: String, _ title: String, _ unit: MetricUnit, decimals: Int, forFiles: Bool = true,
        forAlbums: Bool = false, _ definition: String
    ) {
        self.name = name
        self.title = title
        self.unit = unit
        self.decimals = decimals
        self.definition = definition
        isForFiles = forFiles
        isForAlbums = forAlbums
    }

    /// The name as policies write it: `short-term-maximum`.
    package var keyName: String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
    }

    /// Decimals that people see where they are enough.
    var shownDecimals: Int { decimals == 0 ? 0 : unit == .none ? 2 : 1 }

    /// The metric of a name in either spelling.
    package static func named(_ name: String) -> Metric? {
        all.first { $0.name == name || $0.keyName == name }
    }

    package static func == (a: Metric, b: Metric) -> Bool { a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Metric {
    package static let integrated = Metric(
        "integrated", "Integrated loudness", .lufs, decimals: 3, forAlbums: true,
        "ITU-R BS.1770-5 with both gates; an album pools the gating blocks of its songs under one relative gate.")
    package static let shortTermMaximum = Metric(
        "shortTermMaximum", "Short-term maximum", .lufs, decimals: 3, forAlbums: true,
        "The loudest 3 s, looked for every 10 ms (EBU Tech 3341).")
    package static let momentaryMaximum = Metric(
        "momentaryMaximum", "Momentary maximum", .lufs, decimals: 3, forAlbums: true,
        "The loudest 400 ms, looked for every 10 ms (EBU Tech 3341).")
    package static let range = Metric(
        "range", "Loudness range", .loudnessUnits, decimals: 3, forAlbums: true,
        "EBU Tech 3342, 3 s windows at 10 Hz.")
    package static let truePeak = Metric(
        "truePeak", "True peak", .decibelsTruePeak, decimals: 3, forAlbums: true,
        "ITU-R BS.1770-5 Annex 2, four times by 97 taps, or sixteen times when strict; never below the sample peak.")
    package static let samplePeak = Metric(
        "samplePeak", "Sample peak", .decibelsFullScale, decimals: 3, forAlbums: true,
        "The greatest sample of any channel.")
    package static let overs = Metric(
        "overs", "True-peak overs", .none, decimals: 0, forAlbums: true,
        "Places where the true peak exceeds -1 dBTP, or what the policy says; without a rule on overs, the lowest "
            + "ceiling of any rule if that is lower.")
    package static let peakToLoudness = Metric(
        "peakToLoudness", "PLR", .decibels, decimals: 3,
        "True peak minus integrated loudness.")
    package static let peakToShortTermMinimum = Metric(
        "peakToShortTermMinimum", "Smallest PSR", .decibels, decimals: 3,
        "The smallest difference of peak and loudness in any 3 s window.")
    package static let crest = Metric(
        "crest", "Crest factor", .decibels, decimals: 3, "Sample peak over RMS of the louder channel.")
    package static let dynamicRange = Metric(
        "dynamicRange", "DR", .none, decimals: 0,
        "Crest of the loudest fifth: second-highest peak over the RMS of the loudest 20 % of 3 s blocks.")
    package static let duration = Metric(
        "duration", "Duration", .seconds, decimals: 6, forAlbums: true, "Frames by rate.")
    package static let headSilence = Metric(
        "headSilence", "Silence at the head", .seconds, decimals: 3, "Until the first sample above -80 dBFS.")
    package static let tailSilence = Metric(
        "tailSilence", "Silence at the tail", .seconds, decimals: 3, "After the last sample above -80 dBFS.")
    package static let longestSilence = Metric(
        "longestSilence", "Longest silence inside", .seconds, decimals: 3,
        "The longest stretch of 5 ms or more below -80 dBFS between head and tail.")
    package static let clipRuns = Metric(
        "clipRuns", "Clipped runs", .none, decimals: 0, forAlbums: true,
        "Runs of three or more samples of one sign at or beyond 32767/32768 of full scale.")
    package static let nonFiniteSamples = Metric(
        "nonFiniteSamples", "Samples that are no number", .none, decimals: 0, forAlbums: true,
        "NaN and infinite samples.")
    package static let dcOffset = Metric(
        "dcOffset", "DC offset", .decibelsFullScale, decimals: 2, "The mean of the samples of the worst channel.")
    package static let usedBits = Metric(
        "usedBits", "Used bit depth", .bits, decimals: 0,
        "The lowest bit that any sample uses; 32 where samples are finer than 24 bits.")
    package static let bandwidth = Metric(
        "bandwidth", "Bandwidth", .hertz, decimals: 0, "The highest frequency with content above the noise floor.")
    package static let correlation = Metric(
        "correlation", "Correlation", .none, decimals: 4, "Of left and right over the whole file, -1 to 1.")
    package static let correlationMinimum = Metric(
        "correlationMinimum", "Lowest correlation", .none, decimals: 4, "Of left and right in any 3 s.")
    package static let lowCorrelation = Metric(
        "lowCorrelation", "Correlation below 250 Hz", .none, decimals: 4,
        "Of left and right below 250 Hz: what a cutter's lathe can hold.")
    package static let monoLoss = Metric(
        "monoLoss", "Loss in mono", .decibels, decimals: 3,
        "Mean power of left and right re the power of (L + R) / 2: 0 dB for equal channels, 3 for unrelated ones, "
            + "infinite where they cancel.")
    package static let width = Metric("width", "Width", .decibels, decimals: 3, "Power of side re mid.")
    package static let balance = Metric(
        "balance", "Balance", .decibels, decimals: 3, "Power of left re right; positive is louder at the left.")
    package static let brightness = Metric(
        "brightness", "Brightness", .decibels, decimals: 3,
        "Of the mid signal: power of the octaves from 4 to 16 kHz re that of the octaves from 31.5 Hz to 1 kHz.")
    package static let spread = Metric(
        "spread", "Spread of the songs", .loudnessUnits, decimals: 3, forFiles: false, forAlbums: true,
        "Loudest minus softest song, integrated.")
    package static let loudestSong = Metric(
        "loudestSong", "Loudest song", .lufs, decimals: 3, forFiles: false, forAlbums: true,
        "Integrated loudness of the loudest song.")
    package static let stemsNull = Metric(
        "stemsNull", "Stems against the mix", .decibelsFullScale, decimals: 2, forFiles: false, forAlbums: true,
        "Peak of what remains when the stems are subtracted from their mix.")

    /// In the order of reports.
    package static let all: [Metric] = [
        integrated, shortTermMaximum, momentaryMaximum, range, truePeak, samplePeak, overs, peakToLoudness,
        peakToShortTermMinimum, crest, dynamicRange, duration, headSilence, tailSilence, longestSilence, clipRuns,
        nonFiniteSamples, dcOffset, usedBits, bandwidth, correlation, correlationMinimum, lowCorrelation, monoLoss,
        width, balance, brightness, spread, loudestSong, stemsNull,
    ]
}
