import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// Looks for what is with B's channels and time besides one offset of whole frames.
struct PlacementSearch {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile
    let alignment: Alignment
    /// After the one offset.
    let aligned: Residual
    /// Whether another offset may be found.
    var mayMove = true

    private static let stretchCount = 6
    private static let sectionLimit = 8

    struct Found {
        var placement = Placement()
        /// The one offset, where the channels had kept it from being found.
        var lag: Int?
    }

    func run() throws -> Found {
        var found = Found()
        var time = TimeSearch.Found()
        // Other places of a lossy stream are decoded from its start only.
        if !first.info.isLossy, !second.info.isLossy {
            let search = TimeSearch(
                a: a, b: b, first: first, second: second, alignment: alignment, aligned: aligned)
            if search.isWorthwhile { time = try search.run() }
        }
        found.placement.drift = time.drift
        let isMoving = time.drift == nil && !time.isConstant
        // Steady sounds correlate well a few periods off, where channels that were turned over do not at home.
        if mayMove, time.drift == nil, time.isConstant, time.stretches.count >= 2,
            2 * time.stretches.count >= time.probedCount, let lag = time.stretches.first?.lag,
            lag != alignment.lagFrames
        {
            found.lag = lag
        }
        let stretches = isMoving ? time.stretches : loudest(lag: found.lag ?? alignment.lagFrames)
        let channels = try ChannelSearch(a: a, b: b, first: first, second: second).run(stretches)
        found.placement.channels = channels.findings
        found.placement.routes = channels.routes
        found.placement.isWitness = channels.isWitness
        let routes = channels.routes ?? .asTheyStand(first.info.channelCount, second.info.channelCount)
        if isMoving {
            let places = try sections(time.stretches, routes: routes, gain: channels.gain)
            found.placement.sections = places.sections
            found.placement.hasMoreSections = places.hasMore
        } else if time.drift == nil {
            let search = FractionSearch(a: a, b: b, first: first, second: second, routes: routes)
            found.placement.fractionFrames = try search.run(stretches)
        }
        return found
    }

    /// The loudest seconds of A's parts that B has, too.
    private func loudest(lag: Int) -> [PlacedStretch] {
        let rate = first.info.rate
        let start = max(0, -lag)
        let end = min(first.info.frameCount, second.info.frameCount - lag)
        let seconds = (start + rate - 1) / rate..<max((start + rate - 1) / rate, end / rate)
        guard !seconds.isEmpty else { return end > start ? [PlacedStretch(frame: start, lag: lag)] : [] }
        let parts = min(Self.stretchCount, seconds.count)
        return (0..<parts).compactMap { part in
            let range =
                seconds.lowerBound + seconds.count * part / parts..<seconds.lowerBound
                + seconds.count * (part + 1) / parts
            let levels = range.map { first.signal.rms(second: $0).value }
            guard let greatest = levels.max(), greatest > -90, let place = levels.firstIndex(of: greatest) else {
                return nil
            }
            return PlacedStretch(frame: (range.lowerBound + place) * rate, lag: lag)
        }
    }

    /// Where the offset changes between stretches that have others, and whether it changes after these again; empty
    /// where that does not come out.
    private func sections(
        _ stretches: [PlacedStretch], routes: [ChannelRoute], gain: Double
    ) throws -> (sections: [TimeSection], hasMore: Bool) {
        guard let start = stretches.first, gain != 0 else { return ([], false) }
        let split = try SectionSplit(a: a, b: b, rate: first.info.rate, routes: routes, gain: gain)
        let length = Int(TimeProbe.seconds * Double(first.info.rate))
        var sections = [TimeSection(frame: 0, lagFrames: start.lag)]
        for (one, next) in zip(stretches, stretches.dropFirst()) where one.lag != next.lag {
            let range = one.frame..<min(first.info.frameCount, next.frame + length)
            if sections.count == Self.sectionLimit { return (sections, true) }
            guard let frame = try split.frame(in: range, from: one.lag, to: next.lag, known: length) else {
                return ([], false)
            }
            sections.append(TimeSection(frame: frame, lagFrames: next.lag))
            guard sections.isAscending else { return ([], false) }
        }
        return (sections, false)
    }
}

extension ResidualPass {
    /// Another pass with this undone, too.
    init(undoing placement: Placement?, _ pass: ResidualPass) {
        self = ResidualPass(
            a: pass.a, b: pass.b, first: pass.first, second: pass.second, lag: pass.lag, factor: pass.factor,
            measuresBands: pass.measuresBands, routes: placement?.routes ?? pass.routes,
            sections: placement?.sections ?? [], fraction: placement?.fractionFrames ?? 0)
    }
}

extension Alignment {
    /// At another place.
    ///
    /// - Parameter residual: there, with the channels put right.
    func moved(to lag: Int, _ residual: Residual) -> Alignment {
        let correlation = residual.correlation
        return Alignment(
            lagFrames: lag, correlation: correlation, correlationAsIs: correlationAsIs,
            greatestCorrelation: max(greatestCorrelation, correlation.magnitude),
            isConfident: correlation.magnitude >= Self.leastCorrelation)
    }
}

extension Residual {
    /// Of all that was compared, -1 to 1; 0 where one is silent.
    var correlation: Double {
        let aa = sums.reduce(0) { $0 + $1.aa }
        let bb = sums.reduce(0) { $0 + $1.bb }
        let ab = sums.reduce(0) { $0 + $1.ab }
        return aa * bb > 0 ? max(-1, min(1, ab / (aa * bb).squareRoot())) : 0
    }

    /// The share of B's power that is left when every second has the gain that fits it best; 1 where it has none.
    var unexplainedShare: Double {
        let power = sums.reduce(0) { $0 + $1.bb }
        let left = sums.reduce(0) { $0 + ($1.aa > 0 ? max(0, $1.bb - $1.ab * $1.ab / $1.aa) : $1.bb) }
        return power > 0 ? left / power : 1
    }
}

/// In how many seconds undoing explains what differs.
struct PlacementFit {
    /// Seconds that differ as they stand or with it undone.
    private(set) var secondCount = 0
    private(set) var fittingSecondCount = 0

    /// Half of them.
    var isConvincing: Bool { fittingSecondCount > 0 && 2 * fittingSecondCount >= secondCount }

    init(before: Residual, after: Residual, placement: Placement, lag: Int) {
        let gain = GainOffset.estimate(after.sums)
        let factor = gain.isConfident ? 1 / gain.factor : 1
        for (index, (one, two)) in zip(before.sums, after.sums).enumerated() {
            guard one.aa > 1e-9 * Double(one.frameCount), one.bb > 0 else { continue }
            if placement.routes == nil, placement.fractionFrames == 0 {
                // Only where the offset is another one.
                let start = index * before.rateHertz
                let pieces = placement.sections.pieces(of: start..<start + one.frameCount)
                guard pieces.contains(where: { $0.lag != lag }) else { continue }
            }
            // As they stand with the best gain that this second could have; undone with the one of all seconds.
            let standing = max(0, one.bb - one.ab * one.ab / one.aa)
            let undone = max(0, two.bb - 2 * factor * two.ab + factor * factor * two.aa)
            let rounding = 4e-9 * Double(one.frameCount)
            guard max(standing, undone) > rounding else { continue }
            secondCount += 1
            if undone <= 0.25 * standing { fittingSecondCount += 1 }
        }
    }
}
