extension DeviceDescription {
    private static let slopes = [6, 12, 18, 24, 36, 48, 72, 96].map { "\($0) dB/oct" }

    static let equalizer = DeviceDescription(
        name: "equalizer", noun: "an equalizer",
        summary: """
            Parametric equalizer of up to 24 bands, each on stereo, mid, side, left or right and with a gain that can \
            follow the level. Its curve is the analogue one up to 20 kHz at every rate.
            """,
        reference: """
            Analogue prototypes: R. Bristow-Johnson, Audio EQ Cookbook. Poles by impulse invariance after M. Vicanek, \
            Matched Second Order Digital Filters (2016), the rest fitted. Structure: V. Zavalishin, The Art of VA \
            Filter Design. S. Linkwitz and R. Riley, JAES 24 (1976).
            """,
        parameters: [
            ParameterDescription(
                "mode", .choice(["minimum-phase", "linear-phase"]), default: "minimum-phase",
                "Filters without latency, or the same curve by convolution with constant delay.")
        ],
        hasKey: true, bands: equalizerBand)

    private static let equalizerBand = BandDescription(
        name: "equalizer-band", noun: "an equalizer band", summary: "One curve of an equalizer.", count: 1...24,
        parameters: [
            ParameterDescription(
                "type",
                .choice([
                    "high-pass", "low-pass", "bell", "low-shelf", "high-shelf", "notch", "band-pass", "tilt",
                ]), nil,
                "The curve's form; a tilt raises what is above the frequency and lowers what is below."),
            ParameterDescription(
                "frequency", .hertz, ("10 Hz", "40 kHz"), automatable: true, "Corner or centre."),
            ParameterDescription(
                "gain", .decibels, ("-36 dB", "36 dB"), default: "0 dB", automatable: true,
                "Of bells and shelves; of a tilt from one end to the other. Bells and shelves of 0 dB change no bit."),
            ParameterDescription(
                "q", .number, ("0.1", "40"), default: "0.7071", automatable: true,
                """
                Narrowness of bells, notches and band-passes; resonance of shelves and of Butterworth passes of 12 dB \
                per octave, where 0.7071 has none.
                """),
            ParameterDescription(
                "slope", .choice(DeviceDescription.slopes), default: "12 dB/oct",
                "Steepness of a pass; shelves and tilt are of first order at 6, else of second."),
            ParameterDescription(
                "alignment", .choice(["butterworth", "linkwitz-riley"]), default: "butterworth",
                """
                A pass is -3 dB or -6 dB at its frequency. Linkwitz-Riley exists at 12, 24, 36, 48, 72 and 96 dB per \
                octave; at 6 and 18 a pass is Butterworth.
                """),
            ParameterDescription(
                "channels", .choice(["stereo", "mid", "side", "left", "right"]), default: "stereo",
                "What the band works on; mid and side come after left and right."),
            ParameterDescription(
                "threshold", .decibels, ("-80 dB", "0 dB"), default: "-24 dB", automatable: true,
                "Level at the band's frequency above which the gain moves, where `range` is not 0."),
            ParameterDescription(
                "range", .decibels, ("-36 dB", "36 dB"), default: "0 dB",
                "How far the gain of a bell, shelf or tilt moves at most, down or up; 0 dB is a static band."),
            ParameterDescription(
                "ratio", .ratio, ("1", "100"), default: "2", automatable: true,
                "The gain moves by the part of the excess over the threshold that this ratio takes away."),
            ParameterDescription(
                "attack", .seconds, ("0.5 ms", "500 ms"), default: "10 ms", automatable: true,
                "Time for 63 % of a change of gain away from rest, in dB."),
            ParameterDescription(
                "release", .seconds, ("5 ms", "5 s"), default: "100 ms", automatable: true,
                "Time for 63 % of the way back, in dB."),
        ])
}
