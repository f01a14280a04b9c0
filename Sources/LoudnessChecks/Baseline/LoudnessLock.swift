/// The figures of a release as somebody accepted them: `loudness.lock`, committed text that later checks compare with.
///
/// All numbers are rounded to the decimals that the text has, so a lock made from a report and the same lock read
/// back from its text are equal. Items and groups are sorted by the bytes of their ids.
package struct LoudnessLock: Sendable {
    /// What measured.
    package var identity: MeterIdentity
    package var acceptance: Acceptance
    package private(set) var items: [Item]
    package private(set) var groups: [Group]
    /// Where things stand in the text that was read; empty for a lock that was not read. No part of equality.
    package internal(set) var lines = LockLines()

    /// Who accepted the figures, why and when, as given: no clock is read.
    package struct Acceptance: Sendable, Hashable {
        package var by: String
        package var reason: String
        /// "2026-11-21".
        package var date: String

        package init(by: String, reason: String, date: String) {
            self.by = by
            self.reason = reason
            self.date = date
        }
    }

    /// A lock of what a report measured; items without figures are left out (`accepting` refuses them).
    package init(report: CheckReport, acceptance: Acceptance) {
        self.init(
            identity: report.identity, acceptance: acceptance, items: report.items.compactMap { Item($0) },
            groups: report.groups.map { Group($0) })
    }

    init(identity: MeterIdentity, acceptance: Acceptance, items: [Item], groups: [Group]) {
        self.identity = identity
        self.acceptance = acceptance
        self.items = items.sorted { LockOrder.precedes($0.id, $1.id) }
        self.groups = groups.sorted { LockOrder.precedes($0.id, $1.id) }
    }

    /// The item of an id. Goes through all of them: for more than a few, make a table.
    package func item(_ id: String) -> Item? { items.first { $0.id == id } }
    /// The group of an id, as slowly.
    package func group(_ id: String) -> Group? { groups.first { $0.id == id } }

    /// Whether both hold the same figures of the same meter, whoever accepted them.
    package func hasSameFigures(as other: LoudnessLock) -> Bool {
        identity == other.identity && items == other.items && groups == other.groups
    }
}

extension LoudnessLock: Equatable {
    package static func == (a: LoudnessLock, b: LoudnessLock) -> Bool {
        a.hasSameFigures(as: b) && a.acceptance == b.acceptance
    }
}

extension LoudnessLock {
    /// The figures of one file.
    package struct Item: Sendable, Hashable {
        package var id: String
        package var title: String
        package var scope: CheckScope
        /// The `id` of its group.
        package var group: String?
        package var rateHertz: Int
        package var channelCount: Int
        package var frameCount: Int
        /// In lowercase hexadecimal digits; nil where it was not asked for.
        package var pcmSHA256: String?
        package var values = MetricValues()
        package var curves = Curves()
        /// Lines that a newer Lathe wrote and this one does not know: kept as they are, never compared.
        package var unknown: [String] = []

        /// Nil for an item that has no figures.
        package init?(_ item: CheckedItem) {
            guard let measurement = item.measurement else { return nil }
            self.init(
                id: item.id, title: item.title, scope: item.scope, group: item.group,
                rateHertz: measurement.form.rateHertz, channelCount: measurement.form.channelCount,
                frameCount: measurement.form.frameCount, pcmSHA256: measurement.pcmSHA256)
            values = measurement.values.asLocked
            curves = Curves(measurement.curves)
        }

        init(
            id: String, title: String, scope: CheckScope, group: String? = nil, rateHertz: Int, channelCount: Int,
            frameCount: Int, pcmSHA256: String? = nil
        ) {
            self.id = id
            self.title = title
            self.scope = scope
            self.group = group
            self.rateHertz = rateHertz
            self.channelCount = channelCount
            self.frameCount = frameCount
            self.pcmSHA256 = pcmSHA256
        }

        package var durationSeconds: Double { rateHertz > 0 ? Double(frameCount) / Double(rateHertz) : 0 }
    }

    /// The figures of an album or of the stems of a mix.
    package struct Group: Sendable, Hashable {
        package var id: String
        package var title: String
        package var values = MetricValues()
        /// As those of an item.
        package var unknown: [String] = []

        init(id: String, title: String) {
            self.id = id
            self.title = title
        }

        package init(_ group: CheckedGroup) {
            self.init(id: group.id, title: group.title)
            values = group.values.asLocked
        }
    }

    /// One figure per whole or begun second, with two decimals; `-.infinity` is silence.
    package struct Curves: Sendable, Hashable {
        /// LUFS without gates.
        package var loudness: [Double] = []
        /// Sample peak, dBFS.
        package var peak: [Double] = []
        /// `Metric.brightness` of the second, dB.
        package var brightness: [Double] = []

        package init() {}

        package init(_ curves: LoudnessCurves) {
            loudness = curves.second.map { LockNumber.rounded(level: $0) }
            peak = curves.peak.map { LockNumber.rounded(level: $0) }
            brightness = curves.brightness.map { LockNumber.rounded(level: $0) }
        }

        /// Decimals of the curves: a hundredth is a fifth of the finest limit that is laid on them
        /// (`DriftLimits.engineSecond`), and keeps an hour of music below 100 kB.
        static let decimals = 2
    }
}

/// Line numbers of what was read, from 1: places for annotations and SARIF.
package struct LockLines: Sendable, Hashable {
    private var sections: [String: Section] = [:]
    /// Of the line that names the format.
    package internal(set) var header = 1
    /// Of the first line about the meter.
    package internal(set) var meter = 1

    private struct Section: Sendable, Hashable {
        var line: Int
        var keys: [String: Int] = [:]
    }

    package init() {}

    /// Of the line that opens an item; nil where the text has no such item.
    package func item(_ id: String) -> Int? { sections["item " + id]?.line }
    /// Of the line that opens a group.
    package func group(_ id: String) -> Int? { sections["group " + id]?.line }

    /// Of a metric, or of any other key of the item; the item's first line where it has no such key.
    package func item(_ id: String, key: String) -> Int? {
        sections["item " + id].map { $0.keys[key] ?? $0.line }
    }

    /// Of a metric of a group; the group's first line where it has no such key.
    package func group(_ id: String, key: String) -> Int? {
        sections["group " + id].map { $0.keys[key] ?? $0.line }
    }

    mutating func open(_ section: String, line: Int) { sections[section] = Section(line: line) }

    mutating func note(_ key: String, in section: String, line: Int) {
        if sections[section]?.keys[key] == nil { sections[section]?.keys[key] = line }
    }
}

extension MetricValues {
    /// The values as a lock writes them.
    var asLocked: MetricValues {
        var rounded = MetricValues()
        for (metric, value) in entries {
            switch value {
            case .number(let number) where number.isNaN:
                rounded[metric] = .unmeasurable("no number")
            case .number(let number):
                rounded[metric] = .number(LockNumber.rounded(number, decimals: metric.decimals))
            case .unmeasurable:
                rounded[metric] = value
            }
        }
        return rounded
    }
}
