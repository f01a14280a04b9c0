import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// A stretch of A, and by how much B is later there.
struct PlacedStretch: Sendable {
    var frame: Int
    var lag: Int
}

/// Looks for channels that are inverted, exchanged, silent or mixed, by the correlations of all channels of A with all
/// of B over a few stretches.
struct ChannelSearch {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile

    /// A claim: the least correlation, and what of the power that is left as the channels stand may be left with it.
    private static let leastCorrelation = 0.9
    private static let greatestShare = 0.25
    /// What share of its power a channel must differ by to be another one than the mean: -50 dB.
    private static let leastDifference = 1e-5
    /// Sample peaks: -80 dBFS, more than dither of 16 bits leaves, and -50 dBFS.
    private static let silentPeak: Float = 1e-4
    private static let soundingPeak: Float = 3.2e-3

    /// Products of every channel with every channel; behind two channels stands their mean.
    struct Sums {
        var aa: [Double]
        var bb: [Double]
        var ab: [[Double]]

        /// -1 to 1; 0 where one is silent.
        func correlation(_ i: Int, _ j: Int) -> Double {
            let power = aa[i] * bb[j]
            return power > 0 ? max(-1, min(1, ab[i][j] / power.squareRoot())) : 0
        }

        /// What share of power is left when one gain brings A's channel to B's.
        func left(_ i: Int, _ j: Int) -> Double { 1 - correlation(i, j) * correlation(i, j) }
    }

    struct Found {
        var findings: [ChannelFinding] = []
        /// nil where there is nothing to undo.
        var routes: [ChannelRoute]?
        /// Whether sound is in none of `routes`: they bear witness, but what is compared is all channels.
        var isWitness = false
        /// B's level over A's by these routes, with its sign.
        var gain = 1.0
    }

    func run(_ stretches: [PlacedStretch]) throws -> Found {
        let silent = silent()
        guard !stretches.isEmpty else { return Found(findings: silent) }
        let sums = try sums(stretches)
        var found =
            switch (first.info.channelCount, second.info.channelCount) {
            case (1, 1): Found()
            case (1, 2), (2, 1): mono(sums)
            case (2, 2): stereo(sums, silent)
            default: exchanged(sums, silent)
            }
        found.findings.insert(contentsOf: silent, at: 0)
        let routes = found.routes ?? .asTheyStand(first.info.channelCount, second.info.channelCount)
        found.gain = gain(sums, routes)
        return found
    }

    // MARK: Silent

    private func isSilent(_ profile: FileProfile, _ channel: Int) -> Bool {
        let measured = profile.signal.channels[channel]
        return measured.samplePeak <= Self.silentPeak && measured.firstNonFiniteFrame == nil
    }

    /// Channels that one file has no sound in, while the other one has; of one channel against two, either counts.
    private func silent() -> [ChannelFinding] {
        let (countA, countB) = (first.info.channelCount, second.info.channelCount)
        let sides: [(profile: FileProfile, other: FileProfile, name: ExtraFrames.Side)] = [
            (first, second, .a), (second, first, .b),
        ]
        var findings: [ChannelFinding] = []
        for channel in 0..<max(countA, countB) {
            for side in sides where channel < side.profile.info.channelCount && isSilent(side.profile, channel) {
                let others = side.other.signal.channels
                let partners = countA == countB ? [others[channel]] : others
                if partners.contains(where: { $0.samplePeak >= Self.soundingPeak }) {
                    findings.append(ChannelFinding(.silent, side.name, channel: channel))
                }
            }
        }
        return findings
    }

    // MARK: Sums

    private func sums(_ stretches: [PlacedStretch]) throws -> Sums {
        let (countA, countB) = (first.info.channelCount, second.info.channelCount)
        // About a hundred million products at most.
        let count = min(first.info.rate, max(4096, 16_000_000 / (countA * countB)))
        let sourceA = try PlaneSource(path: a, capacity: count)
        let sourceB = try PlaneSource(path: b, capacity: count)
        let x = DoublePlanes(channelCount: countA + (countA == 2 ? 1 : 0), frameCount: count)
        let y = DoublePlanes(channelCount: countB + (countB == 2 ? 1 : 0), frameCount: count)
        var sums = Sums(
            aa: [Double](repeating: 0, count: x.planes.count), bb: [Double](repeating: 0, count: y.planes.count),
            ab: [[Double]](repeating: [Double](repeating: 0, count: y.planes.count), count: x.planes.count))
        for stretch in stretches {
            let frames = FrameRange(start: stretch.frame, count: count)
            if try !sourceA.read(frames, into: Array(x.planes.prefix(countA))) { x.clean(frameCount: count) }
            if try !sourceB.read(frames.shifted(by: stretch.lag), into: Array(y.planes.prefix(countB))) {
                y.clean(frameCount: count)
            }
            for (block, channelCount) in [(x, countA), (y, countB)] where channelCount == 2 {
                _ = ChannelTerm.mean.plane(of: block.planes, count: count, scratch: block.planes[2])
            }
            for (i, p) in x.planes.enumerated() {
                sums.aa[i] += PlaneSums.product(p, p, count: count)
                for (j, q) in y.planes.enumerated() { sums.ab[i][j] += PlaneSums.product(p, q, count: count) }
            }
            for (j, q) in y.planes.enumerated() { sums.bb[j] += PlaneSums.product(q, q, count: count) }
        }
        return sums
    }

    private func gain(_ sums: Sums, _ routes: [ChannelRoute]) -> Double {
        func index(_ term: ChannelTerm) -> Int? {
            switch term {
            case .channel(let channel): channel
            case .mean: 2
            case .none: nil
            }
        }
        var (aa, ab) = (0.0, 0.0)
        for route in routes {
            guard let i = index(route.a), let j = index(route.b) else { continue }
            aa += sums.aa[i]
            ab += route.sign * sums.ab[i][j]
        }
        return aa > 0 ? ab / aa : 1
    }

    // MARK: Mono

    /// One channel against two.
    private func mono(_ sums: Sums) -> Found {
        let isFirst = first.info.channelCount == 1
        let stereo = isFirst ? second : first
        let side: ExtraFrames.Side = isFirst ? .a : .b
        let other: ExtraFrames.Side = isFirst ? .b : .a
        func left(_ channel: Int) -> Double { isFirst ? sums.left(0, channel) : sums.left(channel, 0) }
        if Self.isDual(stereo) {
            let isIt = isClaimed(left: left(0), asTheyStand: 1)
            return Found(findings: [ChannelFinding(.dualMono, other, channel: 0, other: isIt ? 0 : nil)])
        }
        let asTheyStand = 0.5 * (left(0) + left(1))
        let best = (0...2).min { left($0) < left($1) } ?? 0
        guard isClaimed(left: left(best), asTheyStand: asTheyStand) else { return Found() }
        let term: ChannelTerm = best == 2 ? .mean : .channel(best)
        let route = isFirst ? ChannelRoute(a: .channel(0), b: term) : ChannelRoute(a: term, b: .channel(0))
        return Found(
            findings: [
                ChannelFinding(.mono, side, channel: 0, other: best == 2 ? nil : best, isMixed: best == 2)
            ], routes: [route])
    }

    private static func isDual(_ profile: FileProfile) -> Bool {
        profile.info.channelCount == 2 && (profile.signal.sideToMid?.value ?? 0) <= -80
    }

    private func stereo(_ sums: Sums, _ silent: [ChannelFinding]) -> Found {
        let found = exchanged(sums, silent)
        guard found.findings.isEmpty, silent.isEmpty else { return found }
        return dualMono(sums) ?? found
    }

    /// Two channels that are one, against two that are not; nil where that is not so.
    private func dualMono(_ sums: Sums) -> Found? {
        let (isA, isB) = (Self.isDual(first), Self.isDual(second))
        guard isA != isB else { return nil }
        let side: ExtraFrames.Side = isA ? .a : .b
        func left(_ channel: Int) -> Double { isA ? sums.left(0, channel) : sums.left(channel, 0) }
        func route(_ term: ChannelTerm) -> [ChannelRoute] {
            [isA ? ChannelRoute(a: .channel(0), b: term) : ChannelRoute(a: term, b: .channel(0))]
        }
        // The mean must be nearer than either channel, and neither of them the same already.
        let nearest = min(left(0), left(1))
        if nearest >= Self.leastDifference, isClaimed(left: left(2), asTheyStand: nearest) {
            let finding = ChannelFinding(.dualMono, side, channel: 0, isMixed: true)
            return Found(findings: [finding], routes: route(.mean))
        }
        let best = left(0) <= left(1) ? 0 : 1
        // The other channel must be something else, not the same with an edit.
        let isOther = left(1 - best) > 1 - Self.leastCorrelation * Self.leastCorrelation
        if isOther, isClaimed(left: left(best), asTheyStand: left(1 - best)) {
            let finding = ChannelFinding(.dualMono, side, channel: 0, other: best)
            return Found(findings: [finding], routes: route(.channel(best)), isWitness: true)
        }
        return isOther ? Found(findings: [ChannelFinding(.dualMono, side, channel: 0)]) : nil
    }

    private func isClaimed(left: Double, asTheyStand: Double) -> Bool {
        left <= 1 - Self.leastCorrelation * Self.leastCorrelation && left <= Self.greatestShare * asTheyStand
    }

    // MARK: Exchanged, inverted

    private func exchanged(_ sums: Sums, _ silent: [ChannelFinding]) -> Found {
        let count = first.info.channelCount
        var found = Found()
        var sources = [Int?](repeating: nil, count: count)
        var signs = [Double](repeating: 1, count: count)
        for offer in offers(sums) where sources[offer.j] == nil && !sources.contains(offer.i) {
            sources[offer.j] = offer.i
            signs[offer.j] = offer.correlation < 0 ? -1 : 1
        }
        // Polarity of all that is known is the gain's.
        let known = (0..<count).filter { sources[$0] != nil }
        if known.allSatisfy({ signs[$0] < 0 }) { for j in known { signs[j] = 1 } }
        for j in known {
            guard let i = sources[j] else { continue }
            if i != j {
                let isSwap = sources[i] == j
                if !isSwap { found.findings.append(ChannelFinding(.moved, .b, channel: j, other: i)) }
                if isSwap, j < i { found.findings.append(ChannelFinding(.swapped, .b, channel: j, other: i)) }
            }
            if signs[j] < 0 { found.findings.append(ChannelFinding(.inverted, .b, channel: j)) }
        }
        // What found no partner is compared at its place, or with what is left over, too.
        for j in 0..<count where sources[j] == nil && !sources.contains(j) { sources[j] = j }
        for j in 0..<count where sources[j] == nil {
            sources[j] = (0..<count).first { !sources.contains($0) }
        }
        var routes = (0..<count).map { i in
            let j = sources.firstIndex(of: i) ?? i
            return ChannelRoute(a: .channel(i), b: .channel(j), sign: signs[j])
        }
        // Of silence that is spoken of there is nothing to compare; but something has to be.
        let dropped = Set(silent.map(\.channel)).filter { routes[$0].b == .channel($0) }
        if dropped.count < count {
            for channel in dropped { routes[channel] = ChannelRoute(a: .none, b: .none) }
        }
        if routes != .asTheyStand(count, count) { found.routes = routes }
        return found
    }

    /// What A's channel `i` may be in B's channel `j`: the surest first, and a channel at its own place before others
    /// that are as sure.
    private func offers(_ sums: Sums) -> [(correlation: Double, i: Int, j: Int)] {
        let count = first.info.channelCount
        var offers: [(correlation: Double, i: Int, j: Int)] = []
        for j in 0..<count where !isSilent(second, j) {
            for i in 0..<count where !isSilent(first, i) {
                let value = sums.correlation(i, j)
                guard value.magnitude >= Self.leastCorrelation else { continue }
                guard i == j || isClaimed(left: sums.left(i, j), asTheyStand: sums.left(j, j)) else { continue }
                offers.append((value, i, j))
            }
        }
        func isHome(_ offer: (correlation: Double, i: Int, j: Int)) -> Bool { offer.i == offer.j }
        return offers.sorted { one, two in
            let (x, y) = (one.correlation.magnitude, two.correlation.magnitude)
            if x != y { return x > y }
            if isHome(one) != isHome(two) { return isHome(one) }
            return (one.j, one.i) < (two.j, two.i)
        }
    }
}
