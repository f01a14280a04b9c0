import LoudnessChecks

/// Numbers that are the same in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func level(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &self) }
}

/// A song as a meter would describe it, to be changed by a test.
struct Take {
    var id: String
    var scope = CheckScope.song
    var group: String? = "album.yaml"
    var rateHertz = 48_000
    var loudness: [Double]
    var peak: [Double]
    var brightness: [Double]
    /// Frames beyond whole seconds; negative where the last second is only begun.
    var extraFrames = 0
    var values: [Metric: Double] = [
        .integrated: -14.2, .shortTermMaximum: -11, .momentaryMaximum: -9.5, .range: 6, .truePeak: -1.1,
        .samplePeak: -1.3, .brightness: -8, .crest: 14,
    ]
    var hash: String?

    /// Music: levels that wander from second to second, with a softer verse now and then.
    init(_ id: String, seconds: Int = 200, seed: UInt64 = 1) {
        self.id = id
        var dice = Dice(seed)
        loudness = (0..<seconds).map { (($0 / 24) % 3 == 0 ? -20 : -14) + dice.level(-2.5...2.5) }
        peak = loudness.map { min(-0.5, $0 + 11 + dice.level(-1...1)) }
        brightness = (0..<seconds).map { _ in -9 + dice.level(-2...2) }
        hash = Take.hash(seed)
    }

    static func hash(_ seed: UInt64) -> String {
        var dice = Dice(seed ^ 0xFACE)
        return (0..<64).map { _ in String(Int(dice.next() % 16), radix: 16) }.joined()
    }

    mutating func raise(_ range: Range<Int>, by gain: Double, tilt: Double = 0) {
        for i in range {
            loudness[i] += gain
            peak[i] += gain
            brightness[i] += tilt
        }
        hash = Take.hash(99)
    }

    mutating func insert(_ count: Int, at second: Int, level: Double? = nil) {
        var dice = Dice(77)
        for _ in 0..<count {
            loudness.insert(level ?? dice.level(-26 ... -8), at: second)
            peak.insert(level ?? -3, at: second)
            brightness.insert(level == nil ? dice.level(-14 ... -2) : -.infinity, at: second)
        }
        hash = Take.hash(98)
    }

    mutating func remove(_ range: Range<Int>) {
        loudness.removeSubrange(range)
        peak.removeSubrange(range)
        brightness.removeSubrange(range)
        hash = Take.hash(97)
    }

    /// Every figure off by at most so much.
    mutating func disturb(_ amount: Double, seed: UInt64 = 5) {
        var dice = Dice(seed)
        for i in loudness.indices {
            loudness[i] += dice.level(-amount...amount)
            peak[i] += dice.level(-amount...amount)
            brightness[i] += dice.level(-amount...amount)
        }
        for metric in Metric.all where values[metric] != nil {
            values[metric]? += dice.level(-amount * 0.99...amount * 0.99)
        }
        hash = Take.hash(96)
    }

    var item: CheckedItem {
        var measurement = Measurement(
            form: FileForm(
                container: "WAV", encoding: "24-bit PCM", bits: 24, rateHertz: rateHertz, channelCount: 2,
                frameCount: loudness.count * rateHertz + extraFrames, layout: "stereo", channelNames: ["L", "R"],
                byteCount: 1000))
        for (metric, value) in values { measurement.values[metric] = .number(value) }
        measurement.curves.second = loudness
        measurement.curves.peak = peak
        measurement.curves.brightness = brightness
        measurement.pcmSHA256 = hash
        return CheckedItem(id: id, title: id, scope: scope, group: group, outcome: .measured(measurement))
    }
}

enum Checks {
    static let identity = MeterIdentity(lathe: "0.4.0", engine: "3", truePeakOversampling: 4, mono: "as-is")
    static let path = "loudness.lock"

    static func report(_ takes: [Take], album: Double? = -14, identity: MeterIdentity = identity) -> CheckReport {
        var group = CheckedGroup(id: "album.yaml", title: "Night Ferry", itemIDs: takes.map(\.id))
        if let album { group.values[.integrated] = .number(album) }
        return CheckReport(identity: identity, items: takes.map(\.item), groups: [group])
    }

    /// As it comes from the file, with its lines.
    static func lock(_ report: CheckReport) throws -> LoudnessLock {
        let lock = LoudnessLock(report: report, acceptance: .init(by: "Ana", reason: "first", date: "2026-11-21"))
        return try LoudnessLock.parse(lock.text, file: path)
    }

    static func drift(
        from old: [Take], to new: [Take], _ mode: DriftMode, limits: DriftLimits = DriftLimits()
    ) throws -> [Finding] {
        Drift.compare(try lock(report(old)), lockPath: path, with: report(new), mode: mode, limits: limits)
    }

    static func failures(_ findings: [Finding]) -> [String] {
        findings.filter { $0.status == .failed }.map(\.rule)
    }
}

extension [Finding] {
    func of(_ rule: Drift.Rule, _ subject: String? = nil) -> Finding? {
        first { $0.rule == rule.rawValue && (subject == nil || $0.subject == subject) }
    }
}
