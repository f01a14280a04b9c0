extension DeviceDescription {
    /// Tanh, tape, tube and hard saturation.
    package static let saturator = DeviceDescription(
        name: "saturator", noun: "a saturator",
        summary: """
            Adds harmonics: tanh, softer tape, even harmonics of a tube, or hard clipping. Small signals pass flat, as \
            loud as drive and output make them; at 8x no alias of a 5 kHz tone is above -128 dB, or -113 dB of hard.
            """,
        reference: """
            J. Parker, V. Zavalishin, E. Le Bivic, DAFx-16; S. Bilbao, F. Esqueda, J. Parker, V. Valimaki, IEEE Signal \
            Processing Letters 24(7), 2017
            """,
        parameters: [
            ParameterDescription(
                "type", .choice(["tanh", "tape", "tube", "hard"]), default: "tanh",
                "The curve: tanh, softer tape between emphasis and de-emphasis, asymmetric tube, or hard clipping."),
            ParameterDescription(
                "drive", .decibels, ("0 dB", "40 dB"), default: "6 dB", automatable: true,
                "Level into the curve, which reaches its ceiling around 0 dBFS."),
            ParameterDescription(
                "bias", .percent, ("0 %", "100 %"), default: "30 %", automatable: true,
                "How far from its middle the tube works: even harmonics; 0 % is tanh. Of no effect on the others."),
            ParameterDescription(
                "emphasis", .decibels, ("0 dB", "12 dB"), default: "3 dB", automatable: true,
                "Treble from 8 kHz on raised into the tape and lowered after it, so that it saturates first."),
            ParameterDescription(
                "output", .decibels, ("-24 dB", "24 dB"), default: "0 dB", automatable: true,
                "Level of the saturated signal."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "Saturated part; 0 % passes every bit, delayed by the latency."),
            ParameterDescription(
                "oversampling", .choice(["1x", "2x", "4x", "8x"]), default: "8x",
                "Rate of the curve; 1x has no latency and aliases."),
        ])

    /// Hard to soft clipping to a ceiling.
    package static let clipper = DeviceDescription(
        name: "clipper", noun: "a clipper",
        summary: """
            Cuts peaks at a ceiling, hard or with a knee, for drum buses and masters. What is below the knee passes \
            unchanged; what is cut is limited to the band, so that hardly anything aliases.
            """,
        reference: """
            J. Parker, V. Zavalishin, E. Le Bivic, DAFx-16; S. Bilbao, F. Esqueda, J. Parker, V. Valimaki, IEEE Signal \
            Processing Letters 24(7), 2017
            """,
        parameters: [
            ParameterDescription(
                "gain", .decibels, ("-24 dB", "24 dB"), default: "0 dB", automatable: true,
                "Level into the clipper."),
            ParameterDescription(
                "ceiling", .decibels, ("-24 dB", "0 dB"), default: "-1 dB", automatable: true,
                "Largest sample that comes out, in dBFS; peaks between samples may be higher."),
            ParameterDescription(
                "softness", .percent, ("0 %", "100 %"), default: "0 %", automatable: true,
                "Half the width of the knee, as a part of the ceiling; 0 % clips hard."),
            ParameterDescription(
                "strict", .onOff, default: "true",
                "Takes back what the band limit lets ring above the ceiling; without it a limiter has to follow."),
            ParameterDescription(
                "oversampling", .choice(["1x", "2x", "4x", "8x"]), default: "8x",
                "Rate of the curve; 1x has no latency and aliases."),
        ])
}
