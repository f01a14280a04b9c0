import Foundation
import Metering
import Quantities
import Testing

/// A threshold of 0 makes every point an over, so that nothing is left out: what the meter finds without one must
/// be the same bits.
@Suite struct TruePeakSkipTests {
    /// The true peak with nothing left out, and as it is measured.
    private func peaks(_ plane: [Float], _ oversampling: Oversampling) -> (all: Float, some: Float) {
        func measure(_ threshold: Float?) -> Float {
            // At this rate short signals have no hop of 10 ms, and so nothing to filter.
            LoudnessAnalyzer(
                rateHertz: 768_000, channelCount: 1, oversampling: oversampling, overThreshold: threshold
            ).measure(planes: [plane], window: FrameRange(0, plane.count), songFrameCount: plane.count).truePeaks[0]
        }
        return (measure(0), measure(nil))
    }

    /// Short signals that are hard in one way or another, none louder than 1.
    static let bursts: [(name: String, samples: [Float])] = {
        var generator = SeededGenerator(state: 7)
        func random() -> Float { Float.random(in: -1...1, using: &generator) }
        var all: [(String, [Float])] = []
        for period in [2.0, 2.1, 3, 4, 6, 8, 12, 40, 400] {
            for phase in [0.0, 30, 45, 60, 67.5, 90] {
                all.append(
                    (
                        "period \(period), \(phase) degrees",
                        (0..<96).map { Float(sin(2 * Double.pi * (Double($0) / period + phase / 360))) }
                    ))
            }
        }
        for length in [1, 2, 3, 5, 12, 13, 31, 32, 33, 64] {
            all.append(("alternating \(length)", (0..<length).map { $0 % 2 == 0 ? 1 : -1 }))
            all.append(("constant \(length)", [Float](repeating: 1, count: length)))
            all.append(("ramp \(length)", (0..<length).map { Float($0 + 1) / Float(length) }))
            // Alternates, but for one pair of equal samples: the worst case of a sum of magnitudes.
            all.append(("pair \(length)", (0..<2 * length).map { ($0 < length ? $0 : $0 + 1) % 2 == 0 ? 1 : -1 }))
        }
        // Stairs of pairs up to the middle and down again: second differences alternate as the weights of the bound
        // do, so the point in the middle reaches 96 to 99 % of what the bound allows for them. No other
        // point comes near.
        for step in [0.2, 0.25, 0.3, 0.4, 0.5] as [Float] {
            let stairs = stride(from: Float(1), to: -1, by: -step).flatMap { [$0, $0] }.dropFirst()
            let side = stairs + [Float](repeating: -1, count: 60) + (1...40).map { Float($0) / 40 - 1 }
            all.append(("stairs of \(step)", side.reversed() + side))
        }
        for index in 0..<40 {
            all.append(("noise \(index)", (0..<60).map { _ in random() }))
            all.append(("signs \(index)", (0..<60).map { _ in random() < 0 ? -1 : 1 }))
            all.append(("clipped \(index)", (0..<60).map { _ in max(-1, min(1, 3 * random())) }))
            // Parabolas strung together: second differences all alike but for their signs.
            var (value, slope): (Float, Float) = (0, 0)
            let parabolas = (0..<80).map { _ -> Float in
                slope += random() * slope > 0.1 ? -1 : 1
                value += slope
                return value
            }
            let greatest = parabolas.map(\.magnitude).max() ?? 1
            all.append(("parabolas \(index)", parabolas.map { $0 / greatest }))
            // Smooth: noise through a few one-pole low-passes.
            var states = [Float](repeating: 0, count: 1 + index % 4)
            let smooth = (0..<120).map { _ -> Float in
                var x = random()
                for i in states.indices {
                    states[i] += 0.2 * (x - states[i])
                    x = states[i]
                }
                return x
            }
            let top = smooth.map(\.magnitude).max() ?? 1
            all.append(("smooth \(index)", smooth.map { $0 / top }))
        }
        return all
    }()

    @Test(arguments: Oversampling.allCases)
    func `A peak that barely exceeds a sample elsewhere is found, whatever makes it`(oversampling: Oversampling) {
        for (name, burst) in Self.bursts {
            // Alone, the burst reads `peak`; beside a sample just below that, the search must not pass it over.
            for offset in [200, 217, 231] {
                var plane = [Float](repeating: 0, count: 600)
                for (i, sample) in burst.enumerated() { plane[offset + i] = sample }
                let alone = peaks(plane, oversampling)
                #expect(alone.all == alone.some, "\(name) at \(offset)")
                for step in [1, 3, 40] {
                    plane[20] = Float(bitPattern: alone.all.bitPattern - UInt32(step))
                    let beside = peaks(plane, oversampling)
                    #expect(beside.some == beside.all, "\(name) at \(offset), \(step) steps below")
                    #expect(beside.some >= alone.all, "\(name) at \(offset), \(step) steps below")
                }
            }
        }
    }

    @Test(arguments: [-146, -126, -103, -96, -66, -20, 0, 66, 120, 127])
    func `Nothing is passed over at any level, denormal or huge`(exponent: Int) {
        let level = Float(pow(2, Double(exponent)))
        for (name, burst) in Self.bursts.enumerated().filter({ $0.offset % 7 == 0 }).map(\.element) {
            var plane = [Float](repeating: 0, count: 400)
            for (i, sample) in burst.enumerated() { plane[150 + i] = sample * level }
            plane[10] = level
            let peaks = peaks(plane, .quadruple)
            #expect(peaks.all == peaks.some, "\(name)")
        }
    }

    @Test func `Long programmes read the same with nothing left out`() {
        var generator = SeededGenerator(state: 3)
        let music = musicLike(seconds: 3, rate: 48_000)[0]
        let noise = (0..<100_000).map { _ in Float.random(in: -1...1, using: &generator) }
        let loud = music.map { max(-0.9, min(0.9, 12 * $0)) }
        let driven = music.map { Float(tanh(Double(9 * $0))) }
        let alternating = (0..<50_000).map { Float($0 % 2 == 0 ? 1 : -1) }
        for (index, plane) in [music, noise, loud, driven, alternating].enumerated() {
            for oversampling in Oversampling.allCases {
                let peaks = peaks(plane, oversampling)
                #expect(peaks.all == peaks.some, "programme \(index)")
            }
        }
    }
}
