import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// Looks whether B's offset is another one in other places: up to fourteen short stretches, spread over A, are looked
/// for in B one after the other, each where the last one was found, and where the ends of the files would have it; the
/// end of A half a minute around.
struct TimeSearch {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile
    let alignment: Alignment
    /// After the one offset.
    let aligned: Residual

    private static let partCount = 12
    private static let wideLookCount = 4
    /// Of a stretch that is surely found, and of one that may bear witness to a drift.
    private static let sureScore = 0.96
    private static let leastScore = 0.5
    /// What a second has that its offset explains.
    private static let fittingShare = 0.98
    /// A second that it does not explain.
    private static let strayShare = 0.95

    struct Found {
        /// Stretches that were surely found, in the order of time.
        var stretches: [PlacedStretch] = []
        var drift: Drift?
        /// How many were looked for.
        var probedCount = 0

        /// Whether all lie at one offset.
        var isConstant: Bool { Set(stretches.map(\.lag)).count <= 1 }
    }

    /// Whether the one offset leaves much of some seconds unexplained.
    var isWorthwhile: Bool {
        if !alignment.isConfident { return true }
        let strays = aligned.sums.map { share($0).map { $0 < Self.strayShare } ?? false }
        return zip(strays, strays.dropFirst()).contains { $0 && $1 }
    }

    func run() throws -> Found {
        let rate = first.info.rate
        let probe = try TimeProbe(a: a, b: b, rate: rate)
        let frames = frames(probe.frameCount)
        var found = Found(probedCount: frames.count)
        var witnesses: [(frame: Int, lag: Double)] = []
        var lost: [Int] = []
        var lag = alignment.lagFrames
        let ends = second.info.frameCount - first.info.frameCount
        for (index, frame) in frames.enumerated() {
            // After a few that are nowhere, B is something else, unless its end says otherwise.
            if index == 4, witnesses.isEmpty {
                guard let known = try endLag(frames, [lag, ends], probe) else { return Found() }
                lag = known
            }
            if alignment.isConfident, lag == alignment.lagFrames, isFitting(frame, probe.frameCount) {
                found.stretches.append(PlacedStretch(frame: frame, lag: lag))
                witnesses.append((frame, Double(lag)))
                continue
            }
            guard var scores = try probe.scores(frame: frame, centre: lag) else {
                lost.append(frame)
                continue
            }
            var hit = probe.hit(scores, centre: lag)
            if hit.score < Self.sureScore, abs(ends - lag) > probe.reach / 2,
                let others = try probe.scores(frame: frame, centre: ends)
            {
                let other = probe.hit(others, centre: ends)
                if other.score > max(hit.score, Self.sureScore) { (hit, scores) = (other, []) }
            }
            if hit.score >= Self.leastScore { witnesses.append((frame, Double(hit.lag) + hit.fraction)) }
            guard hit.score >= Self.sureScore else {
                lost.append(frame)
                continue
            }
            // Another place must be clearly better than the last one.
            let standing = scores.isEmpty ? 0 : scores[probe.reach]
            if hit.lag != lag, 1 - hit.score > 0.25 * (1 - standing) {
                if standing >= Self.sureScore { found.stretches.append(PlacedStretch(frame: frame, lag: lag)) }
                continue
            }
            lag = hit.lag
            found.stretches.append(PlacedStretch(frame: frame, lag: lag))
        }
        found.drift = drift(witnesses, probed: frames.count)
        if found.drift == nil, !found.stretches.isEmpty, let last = lost.last, last == frames.last {
            found.stretches += try lostStretches(lost, probe)
            found.stretches.sort { $0.frame < $1.frame }
        }
        return found
    }

    /// Where one of the last stretches surely lies, around `centres`; nil where it does not.
    private func endLag(_ frames: [Int], _ centres: [Int], _ probe: TimeProbe) throws -> Int? {
        for frame in frames.suffix(2).reversed() {
            for centre in centres {
                guard let scores = try probe.scores(frame: frame, centre: centre) else { continue }
                let hit = probe.hit(scores, centre: centre)
                if hit.score >= Self.sureScore { return hit.lag }
            }
        }
        return nil
    }

    /// Where the end went, looked for far around, and what before it went the same way.
    private func lostStretches(_ frames: [Int], _ probe: TimeProbe) throws -> [PlacedStretch] {
        var stretches: [PlacedStretch] = []
        let wide = WideProbe(a: a, b: b, rate: first.info.rate)
        // B may lack the very end.
        var looks = Self.wideLookCount
        var known: Int?
        for frame in frames.reversed() {
            if known == nil, looks > 0 {
                looks -= 1
                known = try wide.lag(frame: frame)
            }
            guard let lag = known, let scores = try probe.scores(frame: frame, centre: lag) else { continue }
            let hit = probe.hit(scores, centre: lag)
            let isSure = hit.score >= Self.sureScore
            if !isSure, !stretches.isEmpty { break }
            known = isSure ? hit.lag : nil
            if isSure { stretches.append(PlacedStretch(frame: frame, lag: hit.lag)) }
        }
        return stretches
    }

    // MARK: Stretches

    /// The first and the last with sound, and the loudest second of every part.
    private func frames(_ count: Int) -> [Int] {
        let rate = first.info.rate
        let signal = first.signal
        let seconds = signal.secondCount
        let levels = (0..<seconds).map { signal.rms(second: $0).value }
        let sounding = levels.indices.filter { levels[$0] > -60 }
        var chosen = Set([sounding.first, sounding.last].compactMap { $0 })
        let parts = min(Self.partCount, max(1, seconds / 2))
        for part in 0..<parts {
            let range = seconds * part / parts..<seconds * (part + 1) / parts
            if let best = range.max(by: { (levels[$0], $1) < (levels[$1], $0) }), levels[best] > -60 {
                chosen.insert(best)
            }
        }
        let last = first.info.frameCount - count
        guard last >= 0 else { return [] }
        // The middle of a second.
        return Set(chosen.map { min(last, $0 * rate + (rate - count) / 2) }).sorted()
    }

    /// Whether the seconds of a stretch are explained by the one offset.
    private func isFitting(_ frame: Int, _ count: Int) -> Bool {
        let rate = first.info.rate
        return (frame / rate...(frame + count - 1) / rate).allSatisfy { second in
            aligned.sums.indices.contains(second) && (share(aligned.sums[second]) ?? 0) >= Self.fittingShare
        }
    }

    /// The share of a second's power that one gain explains; nil where A has no sound.
    private func share(_ sums: PairSums) -> Double? {
        guard sums.aa > 1e-9 * Double(sums.frameCount) else { return nil }
        return sums.bb > 0 ? sums.ab * sums.ab / (sums.aa * sums.bb) : 0
    }

    // MARK: Drift

    /// A straight line through the offsets, where they lie on one that rises or falls by three frames or more.
    private func drift(_ witnesses: [(frame: Int, lag: Double)], probed: Int) -> Drift? {
        guard witnesses.count >= 5, 4 * witnesses.count >= 3 * probed else { return nil }
        let count = Double(witnesses.count)
        let meanFrame = witnesses.reduce(0) { $0 + Double($1.frame) } / count
        let meanLag = witnesses.reduce(0) { $0 + $1.lag } / count
        var (xx, xy) = (0.0, 0.0)
        for (frame, lag) in witnesses {
            let x = Double(frame) - meanFrame
            xx += x * x
            xy += x * (lag - meanLag)
        }
        guard xx > 0 else { return nil }
        let slope = xy / xx
        let isStraight = witnesses.allSatisfy { frame, lag in
            abs(meanLag + slope * (Double(frame) - meanFrame) - lag) <= 0.75
        }
        let start = meanLag - slope * meanFrame
        let end = start + slope * Double(first.info.frameCount)
        let steps = Set(witnesses.map { $0.lag.rounded() })
        guard isStraight, abs(end - start) >= 3, steps.count >= 4 else { return nil }
        return Drift(partsPerMillion: 1e6 * slope, startLagFrames: start, endLagFrames: end)
    }
}
