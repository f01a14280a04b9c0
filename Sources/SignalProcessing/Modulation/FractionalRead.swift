/// Reading between the samples of a delay line: a table of 16-tap windowed sincs, weighed between its 256 phases.
///
/// Kaiser's window (beta 9.5) on an ideal interpolator. A delay held still is flat within 0.001 dB from 0 to 0.31 of
/// the rate (15 kHz at 48 kHz) and within 0.8 dB to 0.4 of it (19 kHz). What a swinging delay adds to a tone stays
/// below -100 dB up to 0.25 of the rate and below -84 dB to 0.31. Whole delays are exact.
enum FractionalRead {
    static let tapCount = 16
    static let phaseCount = 256
    /// Frames of a line that a delay of d frames reads: from d - 8 to d + 8.
    static let reach = 8
    /// The shortest delay: below 8 frames it would read what is not yet in the line.
    static let shortestFrames = 8.5

    /// Row r has the weights for a place r / 256 of a frame after a sample, oldest tap first. Row 256 is one whole
    /// frame, the one after it has no weight.
    static let table: [Double] = {
        let sinc = KaiserSinc(cutoff: 0.5, halfWidth: reach, beta: 9.5)
        var rows = [Double](repeating: 0, count: (phaseCount + 2) * tapCount)
        rows[reach - 1] = 1
        rows[phaseCount * tapCount + reach] = 1
        for phase in 1..<phaseCount {
            let start = phase * tapCount
            sinc.write(fraction: Double(phase) / Double(phaseCount), to: &rows, at: start)
            // A constant stays as it is.
            var sum = 0.0
            for tap in start..<start + tapCount { sum += rows[tap] }
            for tap in start..<start + tapCount { rows[tap] /= sum }
        }
        return rows
    }()

    /// What went into a ring some frames ago, as four sums of four taps, seen from the sample that is to be written at
    /// `position` next. The caller has checked that the delay is from 8 frames to `capacity` less 9.
    ///
    /// The ring's first 16 samples are repeated behind its end.
    @inline(always)
    static func sums(
        _ rings: borrowing MutableSpan<Double>, ring: Int, capacity: Int, position: Int, place: Int,
        weight: Double,
        _ table: Span<Double>
    ) -> SIMD4<Double> {
        let t = SIMD4<Double>(repeating: weight)
        let taps = (place & FractionalPlaces.rowMask) &* tapCount
        let oldest = position &- (place &>> FractionalPlaces.rowBits)
        let first = ring &+ (oldest < 0 ? oldest &+ capacity : oldest)
        let x0 = unsafe rings.uncheckedFour(at: first)
        let x1 = unsafe rings.uncheckedFour(at: first &+ 4)
        let x2 = unsafe rings.uncheckedFour(at: first &+ 8)
        let x3 = unsafe rings.uncheckedFour(at: first &+ 12)
        var sum = weighed(table, taps, t) * x0
        sum = sum.addingProduct(weighed(table, taps &+ 4, t), x1)
        sum = sum.addingProduct(weighed(table, taps &+ 8, t), x2)
        return sum.addingProduct(weighed(table, taps &+ 12, t), x3)
    }

    @inline(always)
    private static func weighed(_ table: Span<Double>, _ index: Int, _ t: SIMD4<Double>) -> SIMD4<Double> {
        let a = unsafe table.uncheckedFour(at: index)
        let b = unsafe table.uncheckedFour(at: index &+ tapCount)
        return a.addingProduct(t, b - a)
    }
}

/// Where the reads of a chunk lie: worked out four frames at once, before the reads.
struct FractionalPlaces: Sendable {
    static let rowBits = 16
    static let rowMask = 0xffff

    let frameCount: Int
    /// Frames back to the oldest tap, and below them the row of the table.
    private(set) var places: [Int]
    /// How much of the table's next row.
    private(set) var weights: [Double]

    /// - Parameters:
    ///   - frameCount: Of the longest chunk, a multiple of 4.
    ///   - readCount: Reads per frame.
    init(frameCount: Int, readCount: Int) {
        self.frameCount = frameCount
        places = [Int](repeating: 0, count: frameCount * readCount)
        weights = [Double](repeating: 0, count: frameCount * readCount)
    }

    /// Sets the delays of one read: `centre` + `swing` * sine, kept between 8.5 and `longest` frames.
    mutating func set(
        read: Int, count: Int, centre: ParameterLine, swing: ParameterLine, longest: Double,
        phases: SIMD4<UInt64>,
        step: SIMD4<UInt64>
    ) {
        Self.set(
            &places, &weights, from: read * frameCount, count: count, centre, swing, longest, phases: phases,
            step: step)
    }

    @inline(never)
    private static func set(
        _ places: inout [Int], _ weights: inout [Double], from row: Int, count: Int, _ centre: ParameterLine,
        _ swing: ParameterLine, _ longest: Double, phases: SIMD4<UInt64>, step: SIMD4<UInt64>
    ) {
        precondition(
            row >= 0 && count >= 0 && row + (count + 3) & ~3 <= places.count && weights.count == places.count)
        precondition(longest < 0x1p40)
        let shortest = SIMD4<Double>(repeating: FractionalRead.shortestFrames)
        let most = SIMD4<Double>(repeating: longest)
        // Added to a number less a half it leaves the integer part in the low bits; a whole number may come out as one
        // less and a fraction of 1, which is read as the same.
        let magic = SIMD4<Double>(repeating: 0x1.8p52)
        let magicBits = unsafeBitCast(magic, to: SIMD4<Int64>.self)
        let half = SIMD4<Double>(repeating: 0.5)
        let one = SIMD4<Double>(repeating: 1)
        var phases = phases
        var places = places.mutableSpan
        var weights = weights.mutableSpan
        for i in stride(from: 0, to: count, by: 4) {
            let delay = centre.four(i).addingProduct(swing.four(i), PinnedMath.sine(phase: phases))
            let bounded = delay.replacing(with: shortest, where: delay .< shortest)
                .replacing(with: most, where: delay .> most)
            let shifted = bounded - half + magic
            // From the older neighbour on.
            let fine = (one - (bounded - (shifted - magic))) * Double(FractionalRead.phaseCount)
            let shiftedFine = fine - half + magic
            let whole = unsafeBitCast(shifted, to: SIMD4<Int64>.self) &- magicBits
            let phase = unsafeBitCast(shiftedFine, to: SIMD4<Int64>.self) &- magicBits
            let oldest = whole &+ SIMD4(repeating: Int64(FractionalRead.reach))
            let place = (oldest &<< SIMD4(repeating: Int64(rowBits))) | phase
            var raw = places.mutableBytes
            unsafe raw.storeBytes(of: place, toUncheckedByteOffset: (row &+ i) &* 8, as: SIMD4<Int64>.self)
            unsafe weights.setUncheckedFour(fine - (shiftedFine - magic), at: row &+ i)
            phases &+= step
        }
    }
}
