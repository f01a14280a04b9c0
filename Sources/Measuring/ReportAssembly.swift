package import LoudnessChecks
import Metering
import Quantities
import Release

/// Puts measured files together as items and groups.
package enum ReportAssembly {
    /// - Parameter measured: in the order of `inputs.items`.
    package static func report(
        _ inputs: InputSet, _ measured: [MeasuredFile], identity: MeterIdentity
    ) -> CheckReport {
        precondition(inputs.items.count == measured.count, "one outcome per input")
        var items = zip(inputs.items, measured).map { input, file in
            CheckedItem(
                id: input.id, title: input.title, scope: input.scope, group: input.group, anchor: input.anchor,
                outcome: file.outcome)
        }
        items += inputs.missing.map { missing in
            CheckedItem(
                id: missing.id, title: missing.title, scope: missing.scope, group: missing.group,
                anchor: missing.anchor,
                outcome: .failed(missing.reason))
        }
        let groups = inputs.groups.map { group in
            assemble(group, inputs, measured)
        }
        return CheckReport(identity: identity, items: items, groups: groups)
    }

    private static func assemble(_ input: InputGroup, _ inputs: InputSet, _ measured: [MeasuredFile]) -> CheckedGroup {
        let members = inputs.items.indices.filter { inputs.items[$0].group == input.id }
        var group = CheckedGroup(
            id: input.id, title: input.title, itemIDs: members.map { inputs.items[$0].id }, anchor: input.anchor)
        group.itemIDs += inputs.missing.filter { $0.group == input.id }.map(\.id)
        let songs = members.filter { inputs.items[$0].scope == .song }
        if !songs.isEmpty {
            let summaries = songs.compactMap { measured[$0].summary }
            if summaries.count == songs.count, !inputs.missing.contains(where: { $0.group == input.id }) {
                AlbumFigures(summaries).fill(&group.values)
                let clips = songs.compactMap { measured[$0].clipRunCount }
                if clips.count == songs.count { group.values[.clipRuns] = .number(clips.reduce(0, +)) }
            } else {
                group.failure = "not every song could be measured"
            }
        }
        if let mix = input.mixID { compareStems(members, mix, inputs, &group) }
        return group
    }

    /// The stems, in the order of the report, against the mix that they should sum to.
    private static func compareStems(_ members: [Int], _ mix: String, _ inputs: InputSet, _ group: inout CheckedGroup) {
        guard !inputs.missing.contains(where: { $0.group == group.id }) else {
            group.values[.stemsNull] = .unmeasurable("a stem is missing")
            return
        }
        guard let mixPath = inputs.items.first(where: { $0.id == mix })?.path else {
            group.values[.stemsNull] = .unmeasurable("there is no mix")
            return
        }
        let stems = members.filter { inputs.items[$0].scope == .stem && inputs.items[$0].id != mix }
        do {
            let null = try StemsNull.measure(stemPaths: stems.map { inputs.items[$0].path }, preMasterPath: mixPath)
            group.values[.stemsNull] = .number(null.peakDecibels)
        } catch { group.values[.stemsNull] = .unmeasurable("\(error)") }
    }
}

/// What an album has as a whole.
private struct AlbumFigures {
    private let songs: [LoudnessSummary]

    init(_ songs: [LoudnessSummary]) { self.songs = songs }

    func fill(_ values: inout MetricValues) {
        func set(_ metric: Metric, _ value: Double?, _ reason: String = "silent, or too short") {
            values[metric] = value.map(MetricValue.number) ?? .unmeasurable(reason)
        }
        let integrated = songs.compactMap { $0.integrated?.value }
        set(.integrated, LoudnessSummary.integrated(pooling: songs)?.value)
        set(.shortTermMaximum, songs.compactMap { $0.shortTermMaximum?.value }.max())
        set(.momentaryMaximum, songs.compactMap { $0.momentaryMaximum?.value }.max())
        set(.range, LoudnessSummary.rangeLoudnessUnits(pooling: songs))
        let isFinite = songs.allSatisfy { $0.nonFiniteSampleCount == 0 }
        set(.truePeak, isFinite ? songs.compactMap { $0.truePeak?.value }.max() : nil, "a sample is no number")
        set(.samplePeak, isFinite ? songs.compactMap { $0.samplePeak?.value }.max() : nil, "a sample is no number")
        set(.overs, Double(songs.reduce(0) { $0 + $1.overCount }))
        set(.nonFiniteSamples, Double(songs.reduce(0) { $0 + $1.nonFiniteSampleCount }))
        set(.duration, songs.reduce(0) { $0 + Double($1.frameCount) / Double($1.rateHertz) })
        set(.loudestSong, integrated.max())
        set(.spread, integrated.max().flatMap { loudest in integrated.min().map { loudest - $0 } })
    }
}
