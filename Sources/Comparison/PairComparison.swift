import Foundation
import LoudnessChecks
import Metering
package import Quantities
import SignalProcessing
package import SoundFiles

/// What two files have in common, and what not.
package enum Relation: String, Sendable, CaseIterable {
    /// The same bytes.
    case identicalFiles
    /// The same samples in another wrapping, with other tags, or at another depth that holds them all.
    case identicalSamples
    /// The residual stays below the tolerance.
    case withinTolerance
    case different
}

/// Frames that only one file has, once the sound stands at the same place.
package struct ExtraFrames: Sendable, Equatable {
    /// The file that has them.
    package enum Side: String, Sendable { case a, b }

    package let side: Side
    /// Before the common part, else after it.
    package let isHead: Bool
    /// Of that file.
    package let frames: FrameRange
    /// dBFS of the greatest sample in it.
    package let peakDecibels: Double
}

/// What one pair of files came to.
package struct PairResult: Sendable {
    package internal(set) var relation: Relation
    package let first: FileProfile
    package let second: FileProfile
    /// Why there is no residual: other rates, or channels that do not match; nil where there is one.
    package internal(set) var incomparable: String?
    package internal(set) var alignment: Alignment?
    package internal(set) var gain: GainOffset?
    /// As the files stand in time and level; nil where no offset was found, because `aligned` is the same.
    package internal(set) var asIs: Residual?
    /// After the offset in time.
    package internal(set) var aligned: Residual?
    /// What else is with B's channels and time; nil where nothing is.
    package internal(set) var placement: Placement?
    /// After the offset, with what `placement` says undone; nil where there is nothing of that.
    package internal(set) var restored: Residual?
    /// After all these and the gain; nil where no gain was found.
    package internal(set) var matched: Residual?
    package internal(set) var extras: [ExtraFrames] = []
    /// dBFS: what `regions` are above.
    package internal(set) var thresholdDecibels = -90.0
    /// The thousand with the greatest residual, in the order of time.
    package internal(set) var regions: [ChangedRegion] = []
    /// Of all regions, those not kept included.
    package internal(set) var regionCount = 0
    /// What all regions come to.
    package internal(set) var regionSeconds = 0.0
    package internal(set) var loudnessChanges: [LoudnessChange] = []
    /// dBFS: what the tolerance was held against; nil where it could not be.
    package internal(set) var judgedPeakDecibels: Double?
    /// Whether 64-bit floats are equal as far as they are read, so that nobody knows whether they are the same.
    package internal(set) var isEqualAsFloats = false

    /// Whether both files name loudspeakers for their channels, and not the same ones.
    package var hasOtherLoudspeakers: Bool {
        guard first.info.channelCount == second.info.channelCount, let a = first.namedLayout,
            let b = second.namedLayout
        else { return false }
        return a.speakers != b.speakers
    }

    /// The residual that is left when all that was found is taken out.
    package var residual: Residual? { matched ?? restored ?? aligned }
    /// Seconds by which B is later.
    package var lagSeconds: Double { Double(alignment?.lagFrames ?? 0) / Double(first.info.rate) }
}

/// A pair with what it came to.
package struct ComparedPair: Sendable {
    /// How far comparing came.
    package enum Outcome: Sendable {
        /// The files are the same bytes: nothing else was measured.
        case identical(SoundFileInfo)
        case compared(PairResult)
        /// Which file cannot be read, and what to do.
        case failed(String)
    }

    package let pair: FilePair
    package let outcome: Outcome

    package init(pair: FilePair, outcome: Outcome) {
        self.pair = pair
        self.outcome = outcome
    }

    package var relation: Relation? {
        switch outcome {
        case .identical: .identicalFiles
        case .compared(let result): result.relation
        case .failed: nil
        }
    }
}

/// Compares one pair.
package struct PairComparison {
    private let pair: FilePair
    private let options: ComparisonOptions

    package init(_ pair: FilePair, _ options: ComparisonOptions) {
        self.pair = pair
        self.options = options
    }

    /// - Parameter progress: called on this thread with the stage and 0 to 1.
    package func run(progress: (String, Double) -> Void = { _, _ in }) -> ComparedPair {
        var file = pair.a
        do {
            let info = try SoundFileReader.probe(path: pair.a.path)
            file = pair.b
            _ = try SoundFileReader.probe(path: pair.b.path)
            progress("reading", 0)
            if try Sameness.hasEqualBytes(pair.a.path, pair.b.path) {
                return ComparedPair(pair: pair, outcome: .identical(info))
            }
            let hasEqualSamples = try Sameness.hasSameSamples(pair.a.path, pair.b.path)
            file = pair.a
            let first = try FileProfile.measure(path: pair.a.path, options) { progress("measuring", 0.3 * $0) }
            file = pair.b
            let second = try FileProfile.measure(path: pair.b.path, options) { progress("measuring", 0.3 + 0.3 * $0) }
            var result = PairResult(relation: .different, first: first, second: second)
            if hasEqualSamples, !result.hasOtherLoudspeakers {
                result.relation = .identicalSamples
            } else {
                try compare(&result) { progress("comparing", 0.6 + 0.4 * $0) }
            }
            return ComparedPair(pair: pair, outcome: .compared(result))
        } catch { return ComparedPair(pair: pair, outcome: .failed(reason(error, file))) }
    }

    private func reason(_ error: any Error, _ file: ComparedFile) -> String {
        switch error {
        case let error as SoundFileError:
            // The error knows better which file it was.
            let file = [pair.a, pair.b].first { $0.path == error.file } ?? file
            return "\(file.id): \(error.message)"
        case let error as ComparisonError: return "\(file.id): \(error.description)."
        default: return "\(file.id): cannot be read: \(error)."
        }
    }

    // MARK: Samples

    private func compare(_ result: inout PairResult, progress: (Double) -> Void) throws {
        let (first, second) = (result.first, result.second)
        if let reason = Self.incomparable(first.info, second.info) {
            result.incomparable = reason
            return
        }
        let search = AlignmentSearch(a: pair.a.path, b: pair.b.path, first: first, second: second)
        var alignment = try search.run(options)
        var aligned = try pass(result, lag: alignment.lagFrames).run(options) { progress(0.4 * $0) }
        if alignment.lagFrames != 0 {
            result.asIs = try pass(result, lag: 0, measuresBands: false).run(options)
        }
        var found = PlacementSearch.Found()
        if aligned.first != nil || first.info.channelCount != second.info.channelCount {
            found = try PlacementSearch(
                a: pair.a.path, b: pair.b.path, first: first, second: second, alignment: alignment, aligned: aligned
            ).run()
        }
        if let lag = found.lag {
            let moved = try pass(result, lag: lag).run(options)
            let isUndone = found.placement.isUndone
            let undone = isUndone ? try pass(result, lag: lag, undoing: found.placement).run(options) : moved
            if undone.unexplainedShare < aligned.unexplainedShare {
                if alignment.lagFrames == 0 { result.asIs = aligned }
                if lag == 0 { result.asIs = nil }
                aligned = moved
                alignment = alignment.moved(to: lag, undone)
            } else {
                found = try PlacementSearch(
                    a: pair.a.path, b: pair.b.path, first: first, second: second, alignment: alignment,
                    aligned: aligned, mayMove: false
                ).run()
            }
        }
        let lag = alignment.lagFrames
        result.alignment = alignment
        result.aligned = aligned
        progress(0.5)
        let undone = try place(found.placement, &result, lag: lag)
        var gain = GainOffset.estimate(aligned.sums)
        if let restored = result.restored { gain = GainOffset.estimate(restored.sums) }
        result.gain = gain
        if gain.isConfident {
            result.matched = try pass(result, lag: lag, factor: gain.factor, undoing: undone).run(options) {
                progress(0.5 + 0.5 * $0)
            }
        }
        findChanges(&result, lag: lag, gain: gain)
        // They are judged at one offset, and told of at those that were found.
        let extras = try self.extras(first.info, second.info, common: aligned.common, lag: lag)
        try judge(&result, extras)
        result.extras = extras
        if let sections = result.placement?.sections, let head = sections.first, let tail = sections.last {
            let common = pass(result, lag: lag, undoing: undone).common
            result.extras = try self.extras(
                first.info, second.info, common: common, lag: head.lagFrames, tailLag: tail.lagFrames)
        }
    }

    /// Regions and loudness in the residual that is left.
    private func findChanges(_ result: inout PairResult, lag: Int, gain: GainOffset) {
        let (first, second) = (result.first, result.second)
        let bits = [first, second].map { $0.info.format.isFloat ? nil : $0.bitCount }
        result.thresholdDecibels =
            options.thresholdDecibels ?? options.toleranceDecibels
            ?? Residual.defaultThresholdDecibels(bitCounts: bits)
        if let residual = result.residual {
            let changes = ChangeSearch(
                residual: residual, first: first, second: second, lag: lag,
                sections: result.placement?.sections ?? [], gainDecibels: gain.decibels)
            let found = changes.regions(
                thresholdDecibels: result.thresholdDecibels, gapSeconds: options.gapSeconds)
            result.regions = found.kept
            result.regionCount = found.count
            result.regionSeconds = found.seconds
            if !result.regions.isEmpty {
                result.loudnessChanges = changes.loudnessChanges(least: options.leastLoudnessChange)
            }
        }
    }

    /// Keeps what explains the difference where it was found, and reads the files again with it undone.
    ///
    /// - Returns: what is undone.
    private func place(_ found: Placement, _ result: inout PairResult, lag: Int) throws -> Placement? {
        guard !found.isEmpty, let aligned = result.aligned else { return nil }
        var placement = found
        if placement.isUndone {
            let restored = try pass(result, lag: lag, undoing: placement).run(options)
            let fit = PlacementFit(before: aligned, after: restored, placement: placement, lag: lag)
            if fit.isConvincing {
                placement.secondCount = fit.secondCount
                placement.fittingSecondCount = fit.fittingSecondCount
                result.restored = restored
                if placement.isWitness {
                    // Sound that is in no route differs as well.
                    placement.routes = nil
                    result.restored =
                        placement.isUndone ? try pass(result, lag: lag, undoing: placement).run(options) : nil
                }
            } else {
                // Silence was seen in the whole file; the rest does not hold.
                placement = Placement()
                placement.channels = found.channels.filter { $0.kind == .silent }
                placement.drift = found.drift
            }
        }
        if !placement.isEmpty { result.placement = placement }
        return result.restored == nil ? nil : placement
    }

    private func pass(
        _ result: PairResult, lag: Int, factor: Double = 1, measuresBands: Bool = true, undoing: Placement? = nil
    ) -> ResidualPass {
        let (first, second) = (result.first, result.second)
        let pass = ResidualPass(
            a: pair.a.path, b: pair.b.path, first: first, second: second, lag: lag, factor: factor,
            measuresBands: measuresBands,
            routes: .asTheyStand(first.info.channelCount, second.info.channelCount))
        return ResidualPass(undoing: undoing, pass)
    }

    /// One channel is compared with each of two.
    private static func incomparable(_ a: SoundFileInfo, _ b: SoundFileInfo) -> String? {
        if a.rate != b.rate {
            return "the rates differ (\(a.rate) and \(b.rate) Hz), so samples cannot be compared: only what was "
                + "measured is. Convert one of them first"
        }
        let counts = Set([a.channelCount, b.channelCount])
        if counts.count > 1, counts != [1, 2] {
            return "the channels differ (\(a.channelCount) and \(b.channelCount)), so samples cannot be compared: "
                + "only what was measured is"
        }
        return nil
    }

    // MARK: Verdict

    /// What is judged: the residual as the files stand, or after what the options allow. Frames that only one file
    /// has are held against silence. A gain that turns the polarity is never allowed.
    private func judge(_ result: inout PairResult, _ extras: [ExtraFrames]) throws {
        guard var judged = result.aligned else { return }
        let isEqualLong = extras.isEmpty
        var extras = extras
        let forgiven = try forgiven(result)
        if options.allowsOffset {
            if let forgiven { judged = forgiven }
        } else if let asIs = result.asIs {
            judged = asIs
            extras = try self.extras(result.first.info, result.second.info, common: asIs.common, lag: 0)
        } else if let forgiven {
            judged = forgiven
        }
        let peak = extras.reduce(judged.peakDecibels) { max($0, $1.peakDecibels) }
        result.judgedPeakDecibels = peak
        let isWhole =
            result.first.signal.nonFiniteSampleCount + result.second.signal.nonFiniteSampleCount == 0
            && result.first.info.channelCount == result.second.info.channelCount && !result.hasOtherLoudspeakers
        guard isWhole else { return }
        // At another depth that holds all of them, or with the sign of a zero turned.
        let isShifted = (result.alignment?.lagFrames ?? 0) != 0
        let isEqual = result.aligned?.first == nil && isEqualLong && !isShifted
        // They are read as floats of 32 bits: nobody looked at what lies below.
        let isWide = result.first.info.format == .float64 || result.second.info.format == .float64
        result.isEqualAsFloats = isEqual && isWide
        if isEqual, !isWide {
            result.relation = .identicalSamples
        } else if let tolerance = options.toleranceDecibels, peak <= tolerance {
            result.relation = .withinTolerance
        }
    }

    /// The residual with nothing but a gain taken out, where that is allowed; nil where there is none, or it turns the
    /// polarity.
    private func forgiven(_ result: PairResult) throws -> Residual? {
        guard options.allowsGain else { return nil }
        guard result.restored != nil, let aligned = result.aligned else {
            return result.gain?.isPolarityFlipped == false ? result.matched : nil
        }
        let gain = GainOffset.estimate(aligned.sums)
        guard gain.isConfident, !gain.isPolarityFlipped else { return nil }
        let lag = result.alignment?.lagFrames ?? 0
        return try pass(result, lag: lag, factor: gain.factor, measuresBands: false).run(options)
    }

    // MARK: Lengths

    /// - Parameter tailLag: the offset at the end, where it is another one.
    private func extras(
        _ a: SoundFileInfo, _ b: SoundFileInfo, common: FrameRange, lag: Int, tailLag: Int? = nil
    ) throws -> [ExtraFrames] {
        var extras: [ExtraFrames] = []
        func add(_ side: ExtraFrames.Side, isHead: Bool, _ start: Int, _ end: Int) throws {
            guard end > start else { return }
            let frames = FrameRange(start, end)
            let path = side == .a ? pair.a.path : pair.b.path
            extras.append(
                ExtraFrames(side: side, isHead: isHead, frames: frames, peakDecibels: try Self.peak(path, frames)))
        }
        try add(.a, isHead: true, 0, common.start)
        try add(.b, isHead: true, 0, common.start + lag)
        try add(.a, isHead: false, common.end, a.frameCount)
        try add(.b, isHead: false, common.end + (tailLag ?? lag), b.frameCount)
        return extras
    }

    private static func peak(_ path: String, _ frames: FrameRange) throws -> Double {
        let source = try PlaneSource(path: path, capacity: 65_536)
        let block = DoublePlanes(channelCount: source.info.channelCount, frameCount: 65_536)
        var greatest = 0.0
        var frame = frames.start
        while frame < frames.end {
            let piece = FrameRange(frame, min(frames.end, frame + 65_536))
            if try !source.read(piece, into: block.planes) { block.clean(frameCount: piece.count) }
            for plane in block.planes { for i in 0..<piece.count { greatest = max(greatest, plane[i].magnitude) } }
            frame = piece.end
        }
        return PinnedMath.decibels(gain: greatest)
    }
}
