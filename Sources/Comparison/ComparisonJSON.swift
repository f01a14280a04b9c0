import LoudnessChecks
import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// The report as one JSON document: docs/schemas/compare-report-1.json.
package enum ComparisonJSON {
    package static let schemaVersion = 1

    /// The same report gives the same bytes.
    package static func document(_ report: ComparisonReport) -> String {
        let options = report.options
        return OrderedJSON.object([
            ("schemaVersion", .integer(schemaVersion)), ("lathe", .text(report.lathe)),
            ("a", .text(report.nameA)), ("b", .text(report.nameB)),
            ("exitCode", .integer(Int(report.exitCode))), ("same", .flag(report.isSame)),
            ("summary", .text(Words.summary(report))),
            ("tolerance", .finite(options.toleranceDecibels)), ("allowsOffset", .flag(options.allowsOffset)),
            ("allowsGain", .flag(options.allowsGain)), ("gap", .number(options.gapSeconds)),
            ("pairs", .array(report.pairs.map(pair))), ("onlyInA", .texts(report.onlyInA)),
            ("onlyInB", .texts(report.onlyInB)), ("notLookedAt", .array(report.passedOver.map(passedOver))),
            ("failures", .texts(report.failures)),
        ]).document
    }

    private static func passedOver(_ file: PassedOver) -> OrderedJSON {
        .object([
            ("file", .text(file.side.rawValue)), ("path", .text(file.id)), ("reason", .text(file.reason.rawValue)),
        ])
    }

    private static func pair(_ pair: ComparedPair) -> OrderedJSON {
        var members: [(String, OrderedJSON?)] = [
            ("title", .text(pair.pair.title)), ("relation", pair.relation.map { .text($0.rawValue) }),
        ]
        switch pair.outcome {
        case .failed(let reason):
            members += [("failure", .text(reason)), ("a", file(pair.pair.a, nil)), ("b", file(pair.pair.b, nil))]
        case .identical: members += [("a", file(pair.pair.a, nil)), ("b", file(pair.pair.b, nil))]
        case .compared(let result):
            members += [("a", file(pair.pair.a, result.first)), ("b", file(pair.pair.b, result.second))]
            members += compared(result)
        }
        return .object(members)
    }

    private static func file(_ file: ComparedFile, _ profile: FileProfile?) -> OrderedJSON {
        guard let profile else { return .object([("path", .text(file.id))]) }
        let broken = profile.signal.nonFiniteSampleCount
        return .object([
            ("path", .text(file.id)), ("container", .text(profile.info.container.rawValue)),
            ("encoding", .text(profile.encoding)), ("rateHertz", .integer(profile.info.rate)),
            ("channelCount", .integer(profile.info.channelCount)),
            ("channelMask", profile.info.channelMask.map { .integer(Int($0)) }),
            ("frameCount", .integer(profile.info.frameCount)),
            ("durationSeconds", .number(profile.durationSeconds)),
            ("nonFiniteSampleCount", broken > 0 ? .integer(broken) : nil),
            ("firstNonFiniteFrame", profile.signal.firstNonFiniteFrame.map { .integer($0) }),
            ("unmeasured", profile.unmeasured.map { .text($0) }),
        ])
    }

    private static func compared(_ result: PairResult) -> [(String, OrderedJSON?)] {
        let isResidual = result.residual != nil && result.relation != .identicalSamples
        return [
            ("incomparable", result.incomparable.map { .text($0) }),
            ("otherLoudspeakers", result.hasOtherLoudspeakers ? .flag(true) : nil),
            ("equalAs32BitFloats", result.isEqualAsFloats ? .flag(true) : nil),
            ("judgedPeak", isResidual ? .finite(result.judgedPeakDecibels) : nil),
            ("offset", result.alignment.map(offset(result))), ("channels", channels(result)),
            ("gain", result.gain.map(gain)), ("undone", undone(result)),
            (
                "residual",
                isResidual
                    ? .object([
                        ("asIs", residual(result.asIs ?? result.aligned, result)),
                        ("aligned", residual(result.asIs == nil ? nil : result.aligned, result)),
                        ("restored", residual(result.restored, result)),
                        ("matched", residual(result.matched, result)),
                    ]) : nil
            ),
            ("firstDifference", isResidual ? result.aligned?.first.map { sample($0, result) } : nil),
            ("onlyIn", isResidual ? .array(result.extras.map(extra)) : nil),
            ("threshold", isResidual ? .number(result.thresholdDecibels) : nil),
            ("regionCount", isResidual ? .integer(result.regionCount) : nil),
            ("regions", isResidual ? .array(result.regions.map(region)) : nil),
            ("loudnessChanges", isResidual ? .array(result.loudnessChanges.map(change)) : nil),
            ("metrics", metrics(result)), ("octaves", octaves(result)),
            ("curves", curves(result, isResidual)),
        ]
    }

    private static func offset(_ result: PairResult) -> (Alignment) -> OrderedJSON {
        { alignment in
            .object([
                ("frames", .integer(alignment.lagFrames)), ("seconds", .number(result.lagSeconds)),
                ("correlation", .number(alignment.correlation)),
                ("correlationAsIs", .number(alignment.correlationAsIs)), ("confident", .flag(alignment.isConfident)),
                ("fraction", result.placement.flatMap { $0.fractionFrames == 0 ? nil : .number($0.fractionFrames) }),
                ("drift", result.placement?.drift.map(drift)),
                ("sections", result.placement.flatMap { $0.sections.isEmpty ? nil : sections($0.sections, result) }),
                ("moreSections", result.placement?.hasMoreSections == true ? .flag(true) : nil),
            ])
        }
    }

    private static func drift(_ drift: Drift) -> OrderedJSON {
        .object([
            ("partsPerMillion", .number(drift.partsPerMillion)), ("startFrames", .number(drift.startLagFrames)),
            ("endFrames", .number(drift.endLagFrames)),
        ])
    }

    private static func sections(_ sections: [TimeSection], _ result: PairResult) -> OrderedJSON {
        .array(
            sections.map { section in
                .object([
                    ("frame", .integer(section.frame)),
                    ("timeSeconds", .number(Double(section.frame) / Double(result.first.info.rate))),
                    ("offsetFrames", .integer(section.lagFrames)),
                ])
            })
    }

    /// nil where nothing is with them.
    private static func channels(_ result: PairResult) -> OrderedJSON? {
        guard let findings = result.placement?.channels, !findings.isEmpty else { return nil }
        return .array(
            findings.map { finding in
                .object([
                    ("finding", .text(finding.kind.rawValue)), ("file", .text(finding.side.rawValue)),
                    ("channel", .integer(finding.channel)), ("other", finding.other.map { .integer($0) }),
                    ("mixed", finding.isMixed ? .flag(true) : nil),
                    ("summary", .text(Words.channel(finding, result))),
                ])
            })
    }

    private static func undone(_ result: PairResult) -> OrderedJSON? {
        guard result.restored != nil, let placement = result.placement else { return nil }
        return .object([
            ("secondCount", .integer(placement.secondCount)),
            ("fittingSecondCount", .integer(placement.fittingSecondCount)),
            ("summary", .text(Words.undone(placement))),
        ])
    }

    private static func gain(_ gain: GainOffset) -> OrderedJSON {
        .object([
            ("decibels", .number(gain.decibels)), ("polarityFlipped", .flag(gain.isPolarityFlipped)),
            ("correlation", .number(gain.correlation)), ("confident", .flag(gain.isConfident)),
            ("secondCount", .integer(gain.secondCount)), ("fittingSecondCount", .integer(gain.fittingSecondCount)),
        ])
    }

    private static func residual(_ residual: Residual?, _ result: PairResult) -> OrderedJSON? {
        residual.map { residual in
            .object([
                ("peak", .finite(residual.peakDecibels)), ("rms", .finite(residual.rmsDecibels)),
                ("peakFrame", residual.peakPlace.map { .integer($0.frame) }),
                ("peakSeconds", residual.peakPlace.map { .number(Double($0.frame) / Double(residual.rateHertz)) }),
                ("peakChannel", residual.peakPlace?.channel.map { .integer($0) }),
                ("differingFrameCount", .integer(residual.differingFrameCount)),
                ("frameCount", .integer(residual.common.count)),
                ("octaves", residual.bandPowers.isEmpty ? nil : .curve(residual.bandLevels)),
            ])
        }
    }

    private static func sample(_ sample: DifferingSample, _ result: PairResult) -> OrderedJSON {
        .object([
            ("frame", .integer(sample.frame)), ("frameInB", .integer(sample.frameInB)),
            ("timeSeconds", .number(Double(sample.frame) / Double(result.first.info.rate))),
            ("channel", .integer(sample.channel ?? 0)), ("a", .number(sample.valueA)), ("b", .number(sample.valueB)),
        ])
    }

    private static func extra(_ extra: ExtraFrames) -> OrderedJSON {
        .object([
            ("file", .text(extra.side.rawValue)), ("place", .text(extra.isHead ? "head" : "tail")),
            ("frame", .integer(extra.frames.start)), ("frameCount", .integer(extra.frames.count)),
            ("peak", .finite(extra.peakDecibels)),
        ])
    }

    private static func region(_ region: ChangedRegion) -> OrderedJSON {
        .object([
            ("startSeconds", .number(region.startSeconds)), ("endSeconds", .number(region.endSeconds)),
            ("frame", .integer(region.frames.start)), ("frameCount", .integer(region.frames.count)),
            ("peak", .finite(region.peakDecibels)), ("rms", .finite(region.rmsDecibels)),
            ("loudnessChange", .finite(region.loudnessChange)), ("lowHertz", .finite(region.band?.lowHertz)),
            ("highHertz", .finite(region.band?.highHertz)), ("summary", .text(Words.region(region))),
        ])
    }

    private static func change(_ change: LoudnessChange) -> OrderedJSON {
        .object([
            ("startSeconds", .number(change.startSeconds)), ("endSeconds", .number(change.endSeconds)),
            ("change", .number(change.change)), ("lowHertz", .finite(change.band?.lowHertz)),
            ("highHertz", .finite(change.band?.highHertz)), ("summary", .text(Words.change(change))),
        ])
    }

    private static func metrics(_ result: PairResult) -> OrderedJSON {
        .object(
            FigureRow.rows(result).map { row in
                (
                    row.metric.name,
                    .object([("a", .finite(row.a)), ("b", .finite(row.b)), ("change", .finite(row.change))])
                )
            })
    }

    private static func octaves(_ result: PairResult) -> OrderedJSON {
        .object([
            ("centresHertz", .array(SignalSummary.bandCentresHertz.map { .number($0) })),
            ("a", .curve(result.first.signal.bandLevels.map(\.value))),
            ("b", .curve(result.second.signal.bandLevels.map(\.value))),
        ])
    }

    private static func curves(_ result: PairResult, _ isResidual: Bool) -> OrderedJSON {
        func one(_ profile: FileProfile) -> OrderedJSON {
            let curves = ProfileCurves(profile)
            return .object([
                ("momentary", .curve(curves.momentary)), ("shortTerm", .curve(curves.shortTerm)),
                ("second", .curve(curves.second)), ("truePeak", .curve(curves.truePeak)),
                ("correlation", .curve(curves.correlation)), ("width", .curve(curves.width)),
            ])
        }
        return .object([
            ("a", one(result.first)), ("b", one(result.second)),
            ("residualPeak", isResidual ? result.residual.map { .curve($0.secondPeaks) } : nil),
            ("residualRMS", isResidual ? result.residual.map { .curve($0.secondRMS) } : nil),
        ])
    }
}

/// What of one file is drawn or written over time.
struct ProfileCurves {
    /// LUFS every 0.1 s.
    let momentary: [Double]
    let shortTerm: [Double]
    /// Of each second: LUFS, dBTP, -1 to 1, dB.
    let second: [Double]
    let truePeak: [Double]
    let correlation: [Double?]
    let width: [Double?]

    init(_ profile: FileProfile) {
        momentary = profile.loudness?.momentaryCurve(everyHops: 10).map(\.value) ?? []
        shortTerm = profile.loudness?.shortTermCurve(everyHops: 10).map(\.value) ?? []
        second = profile.loudness?.secondCurve.map(\.value) ?? []
        truePeak = profile.secondTruePeaks.map { PinnedMath.decibels(gain: Double($0)) }
        let seconds = profile.info.channelCount > 1 ? 0..<profile.signal.secondCount : 0..<0
        correlation = seconds.map { profile.signal.correlation(second: $0) }
        width = seconds.map { profile.signal.sideToMid(second: $0)?.value }
    }
}
