package import Quantities

extension LoudnessSummary {
    /// Loudness over time without gates: element i is that of the whole second from i s on; an incomplete one at
    /// the end is left out. `-inf` for silence.
    package var secondCurve: [LUFS] { powers(over: 100, every: 100).map(Loudness.level) }

    /// The loudness range of several songs as one programme, in LU: the 3 s windows of all of them together under
    /// one gate (EBU Tech 3342), none of which reaches from one song into the next.
    ///
    /// Nil when nothing is above the gate, or when any song holds non-finite samples.
    package static func rangeLoudnessUnits(pooling songs: [LoudnessSummary]) -> Double? {
        guard songs.allSatisfy({ $0.nonFiniteSampleCount == 0 }) else { return nil }
        return Loudness.range(songs.flatMap { $0.powers(over: Loudness.shortTermHopCount, every: 10) })
    }
}
