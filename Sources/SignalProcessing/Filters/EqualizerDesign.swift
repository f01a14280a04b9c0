/// Sections for whoever filters without an `Equalizer`: key filters, feedback paths, crossovers.
package enum EqualizerDesign {
    /// The sections of a band at its own gain, in series, and what to multiply their output by.
    ///
    /// Empty for a bell, shelf or tilt of 0 dB. The dynamic part and the placement do not count. `MatchedDesign` says
    /// how close they are to the analogue prototype.
    package static func sections(
        _ band: EqualizerBand, rateHertz: Double
    ) -> (sections: [SectionCoefficients], scale: Double) {
        var designer = MatchedDesign(rateHertz: rateHertz)
        return sections(band, &designer)
    }

    /// The same for many bands at one rate.
    package static func sections(
        _ bands: [EqualizerBand], rateHertz: Double
    ) -> [(sections: [SectionCoefficients], scale: Double)] {
        var designer = MatchedDesign(rateHertz: rateHertz)
        return bands.map { sections($0, &designer) }
    }

    private static func sections(
        _ band: EqualizerBand, _ designer: inout MatchedDesign
    ) -> (sections: [SectionCoefficients], scale: Double) {
        let design = designer.design(band, gainDecibels: band.gainDecibels)
        return ((0..<design.count).map { design.sections[$0] }, design.scale)
    }

    /// One side of a Linkwitz-Riley crossover: the square of a Butterworth pass of half the order.
    ///
    /// Both sides are bilinear designs with the same poles, so at every frequency their sum is an all-pass of gain 1,
    /// exactly: low + high at 24, 48 and 96 dB per octave, low - high at 12. (Matched designs, whose phases differ,
    /// would not sum.) An all-pass that delays another path as this crossover does is the sum itself.
    ///
    /// - Parameters:
    ///   - shape: `.highPass` or `.lowPass`.
    ///   - frequencyHertz: where both sides are at -6.02 dB; at most 0.49 of the rate, which larger ones become.
    ///   - slopeDecibelsPerOctave: 12, 24, 48 or 96: 1, 2, 4 or 8 sections.
    package static func linkwitzRiley(
        _ shape: FilterShape, frequencyHertz: Double, slopeDecibelsPerOctave: Int, rateHertz: Double
    ) -> [SectionCoefficients] {
        precondition([12, 24, 48, 96].contains(slopeDecibelsPerOctave), "a slope of Linkwitz and Riley")
        precondition(shape == .highPass || shape == .lowPass, "only passes cross over")
        let order = slopeDecibelsPerOctave / 12
        guard order > 1 else {
            return [
                FilterDesign.section(
                    shape, frequencyHertz: frequencyHertz, gainDecibels: 0, q: 0.5, rateHertz: rateHertz)
            ]
        }
        return FilterDesign.butterworthQs(order: order).flatMap { q in
            let section = FilterDesign.section(
                shape, frequencyHertz: frequencyHertz, gainDecibels: 0, q: q, rateHertz: rateHertz)
            return [section, section]
        }
    }
}
