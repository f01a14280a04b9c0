internal import CVector
internal import SignalProcessing

/// The K-weighting filter of ITU-R BS.1770-5 Annex 1 (a shelf and a high-pass), in Double, on eight signals
/// at once.
///
/// At 48 kHz the coefficients are the table's. For other rates the standard asks for the same response
/// without saying how; these are the analogue prototypes that the established meters agree on, whose gain at
/// 997 Hz falls from +0.691 dB at 48 kHz to +0.664 dB at 192 kHz. So one tone reads up to 0.027 LU lower at
/// 192 kHz.
struct KWeighting {
    /// Feed-forward coefficients of the shelf.
    private let shelfB: (Double, Double, Double)
    /// Feedback coefficients a1, a2 of the shelf, negated.
    private let shelfA: (Double, Double)
    /// Feedback coefficients a1, a2 of the high-pass, negated; its numerator is 1, -2, 1 at every rate.
    private let highPassA: (Double, Double)

    init(rate: Int) {
        guard rate != 48_000 else {
            shelfB = (1.53512485958697, -2.69169618940638, 1.19839281085285)
            shelfA = (1.69065929318241, -0.73248077421585)
            highPassA = (1.99004745483398, -0.99007225036621)
            return
        }
        func feedback(_ k: Double, _ q: Double) -> (a0: Double, a1: Double, a2: Double) {
            let a0 = 1 + k / q + k * k
            return (a0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)
        }
        let k = PinnedMath.tan(.pi * 1681.974450955533 / Double(rate))
        let q = 0.7071752369554196
        let high = PinnedMath.gain(decibels: 3.999843853973347)
        let band = PinnedMath.exp2(0.4996667741545416 * PinnedMath.log2(high))
        let shelf = feedback(k, q)
        shelfB = (
            (high + band * k / q + k * k) / shelf.a0,
            2 * (k * k - high) / shelf.a0,
            (high - band * k / q + k * k) / shelf.a0
        )
        shelfA = (-shelf.a1, -shelf.a2)
        let highPass = feedback(
            PinnedMath.tan(.pi * 38.13547087602444 / Double(rate)), 0.5003270373238773)
        highPassA = (-highPass.a1, -highPass.a2)
    }

    /// Filters eight signals from silence and sums the squares of each hop, frame after frame.
    ///
    /// - Parameters:
    ///   - lanes: eight signals of `energies.count * hopFrameCount` samples; they may be the same.
    ///   - energies: receives one sum per hop and lane.
    func sumSquares(
        _ lanes: [UnsafePointer<Float>], hopFrameCount: Int, into energies: inout [SIMD8<Double>]
    ) {
        precondition(lanes.count == 8, "the filter has eight lanes")
        typealias Lanes = SIMD8<Double>
        let (b0, b1) = (Lanes(repeating: shelfB.0), Lanes(repeating: shelfB.1))
        let b2 = Lanes(repeating: shelfB.2)
        let (a1, a2) = (Lanes(repeating: shelfA.0), Lanes(repeating: shelfA.1))
        let (c1, c2) = (Lanes(repeating: highPassA.0), Lanes(repeating: highPassA.1))
        let minusTwo = Lanes(repeating: -2)
        withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: hopFrameCount) { frames in
            // Transposed direct form II; s is the shelf's state, u the high-pass's.
            var (s1, s2, u1, u2) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
            var cursors = lanes.map(Optional.init)
            let floats = UnsafeMutableRawPointer(frames.baseAddress!).assumingMemoryBound(to: Float.self)
            for hop in energies.indices {
                // SAFETY: the caller vouches for energies.count * hopFrameCount samples behind each pointer.
                lathe_lanes_from_planar(floats, &cursors, hopFrameCount)
                var sum = Lanes.zero
                for frame in 0..<hopFrameCount {
                    let x = Lanes(frames[frame])
                    let y = s1.addingProduct(x, b0)
                    s1 = s2.addingProduct(x, b1).addingProduct(y, a1)
                    s2 = (x * b2).addingProduct(y, a2)
                    let z = y + u1
                    u1 = u2.addingProduct(y, minusTwo).addingProduct(z, c1)
                    u2 = y.addingProduct(z, c2)
                    sum = sum.addingProduct(z, z)
                }
                energies[hop] = sum
                for lane in 0..<8 { cursors[lane] = cursors[lane].map { $0 + hopFrameCount } }
            }
        }
    }
}
