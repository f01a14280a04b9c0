/// A detector's low and high cut (Butterworth, 12 dB per octave, in Double), each out of the path at its end.
struct KeyFilter: Sendable {
    /// A low cut at its lowest frequency and a high cut at its highest are off.
    static let offHertz = (low: 20.0, high: 20_000.0)

    private let rateHertz: Double
    private var lowCut: StereoSection
    private var highCut: StereoSection
    private var lowCutHertz: Double
    private var highCutHertz: Double

    init(lowCutHertz: Double, highCutHertz: Double, rateHertz: Double) {
        self.rateHertz = rateHertz
        self.lowCutHertz = lowCutHertz
        self.highCutHertz = highCutHertz
        lowCut = StereoSection(Self.section(.highPass, lowCutHertz, rateHertz))
        highCut = StereoSection(Self.section(.lowPass, highCutHertz, rateHertz))
    }

    mutating func retune(lowCutHertz low: Double, highCutHertz high: Double) {
        if low != lowCutHertz { lowCut.retune(Self.section(.highPass, low, rateHertz)) }
        if high != highCutHertz { highCut.retune(Self.section(.lowPass, high, rateHertz)) }
        (lowCutHertz, highCutHertz) = (low, high)
        // A cut that is switched off and on again starts from rest.
        if low <= Self.offHertz.low { lowCut.clear() }
        if high >= Self.offHertz.high { highCut.clear() }
    }

    /// Writes the larger magnitude of what is heard of both channels.
    @inline(never)
    mutating func listen(
        _ left: Span<Float>, _ right: Span<Float>, _ start: Int, _ count: Int, _ peaks: inout MutableSpan<Float>
    ) {
        let (hasLow, hasHigh) = (lowCutHertz > Self.offHertz.low, highCutHertz < Self.offHertz.high)
        guard hasLow || hasHigh else { return DynamicsChunk.peaks(left, right, start, count, &peaks) }
        var (low, high) = (lowCut, highCut)
        for i in 0..<count {
            var x = SIMD2(Double(left[start + i]), Double(right[start + i]))
            if hasLow { x = low.step(x) }
            if hasHigh { x = high.step(x) }
            let (l, r) = (x[0].magnitude, x[1].magnitude)
            peaks[i] = Float(r > l ? r : l)
        }
        (lowCut, highCut) = (low, high)
    }

    func write(to snapshot: inout SnapshotWriter) {
        lowCut.write(to: &snapshot)
        highCut.write(to: &snapshot)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        try lowCut.read(from: &snapshot)
        try highCut.read(from: &snapshot)
    }

    private static func section(_ kind: BandSection.Kind, _ hertz: Double, _ rateHertz: Double) -> BandSection {
        BandSection(kind, corner: BandSection.corner(frequencyHertz: hertz, rateHertz: rateHertz))
    }
}
