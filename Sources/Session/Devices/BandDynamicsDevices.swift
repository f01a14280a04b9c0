extension DeviceDescription {
    static let gate = DeviceDescription(
        name: "gate", noun: "a gate",
        summary: "Turns a signal down while it is quiet: a gate, or with a finite ratio a downward expander.",
        reference: "Giannoulis, Massberg and Reiss, Digital Dynamic Range Compressor Design, JAES 60(6), 2012",
        parameters: [
            ParameterDescription(
                "threshold", .decibels, ("-80 dB", "0 dB"), automatable: true, "Opens at this level."),
            ParameterDescription(
                "hysteresis", .decibels, ("0 dB", "24 dB"), default: "4 dB", automatable: true,
                "Closes this far below the threshold."),
            ParameterDescription(
                "ratio", .ratio, ("1", "inf"), default: "inf", automatable: true,
                "Decibels out per decibel in, below the threshold; inf is a gate."),
            ParameterDescription(
                "attack", .seconds, ("0.05 ms", "500 ms"), default: "0.5 ms", automatable: true,
                "Time in which the gain covers 63 % of the way up, in decibels."),
            ParameterDescription(
                "hold", .seconds, ("0 ms", "5 s"), default: "20 ms", automatable: true,
                "How long it stays open after the last sample above the closing level; at least 5.5 ms."),
            ParameterDescription(
                "release", .seconds, ("1 ms", "5 s"), default: "150 ms", automatable: true,
                "Time in which the gain covers 63 % of the way down, in decibels."),
            ParameterDescription(
                "range", .decibels, ("0 dB", "120 dB"), default: "80 dB", automatable: true, "The largest reduction."),
            ParameterDescription(
                "look-ahead", .seconds, ("0 ms", "20 ms"), default: "0 ms", "How long before the sound it opens."),
            ParameterDescription(
                "key-low-cut", .hertz, ("20 Hz", "20 kHz"), default: "20 Hz", automatable: true,
                "Takes away what it hears below, 12 dB per octave; at 20 Hz off."),
            ParameterDescription(
                "key-high-cut", .hertz, ("20 Hz", "20 kHz"), default: "20 kHz", automatable: true,
                "Takes away what it hears above, 12 dB per octave; at 20 kHz off."),
        ], hasKey: true)

    static let deEsser = DeviceDescription(
        name: "de-esser", noun: "a de-esser",
        summary: "Takes off sharp consonants: hears one band, and turns it down while it is loud.",
        reference: "Giannoulis, Massberg and Reiss, JAES 60(6), 2012; Zavalishin, The Art of VA Filter Design",
        parameters: [
            ParameterDescription(
                "mode", .choice(["split", "wide"]), default: "split", "Whether it turns down the band or all."),
            ParameterDescription(
                "frequency", .hertz, ("1 kHz", "16 kHz"), default: "6500 Hz", automatable: true,
                "The centre of the band."),
            ParameterDescription(
                "q", .number, ("0.3", "10"), default: "1", automatable: true, "The narrowness of the band."),
            ParameterDescription(
                "threshold", .decibels, ("-80 dB", "0 dB"), default: "-30 dB", automatable: true,
                "The band's level from which it is turned down."),
            ParameterDescription(
                "ratio", .ratio, ("1", "inf"), default: "4", automatable: true,
                "Decibels in per decibel out, above the threshold."),
            ParameterDescription(
                "range", .decibels, ("0 dB", "40 dB"), default: "12 dB", automatable: true, "The largest reduction."),
            ParameterDescription(
                "attack", .seconds, ("0.05 ms", "100 ms"), default: "1 ms", automatable: true,
                "Time in which the gain covers 63 % of the way down, in decibels."),
            ParameterDescription(
                "release", .seconds, ("5 ms", "2 s"), default: "60 ms", automatable: true,
                "Time in which the gain covers 63 % of the way back, in decibels."),
        ])

    static let multiband = DeviceDescription(
        name: "multiband", noun: "a multiband compressor",
        summary: "Two to five bands, each with a compressor; untouched bands add up flat.",
        reference: "Linkwitz, JAES 24(1), 1976; Giannoulis, Massberg and Reiss, JAES 60(6), 2012",
        parameters: [
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "How much of the bands' gains; dry and wet are in phase.")
        ],
        bands: BandDescription(
            name: "multiband-band", noun: "a band of the multiband compressor",
            summary: "A compressor for one band, from the top of the band before it.", count: 2...5,
            parameters: multibandBand))

    static let transientShaper = DeviceDescription(
        name: "transient-shaper", noun: "a transient shaper",
        summary: "Lifts or lowers onsets and decays, whatever their level.",
        reference: "Differences of fast and slow envelopes in decibels, as in SPL's Transient Designer",
        parameters: [
            ParameterDescription(
                "attack", .decibels, ("-15 dB", "15 dB"), default: "0 dB", automatable: true,
                "The gain of a full transient."),
            ParameterDescription(
                "sustain", .decibels, ("-15 dB", "15 dB"), default: "0 dB", automatable: true,
                "The gain while the sound dies away."),
            ParameterDescription(
                "attack-length", .seconds, ("2 ms", "200 ms"), default: "25 ms", automatable: true,
                "How long a transient lasts: the time constant with which its gain goes back."),
            ParameterDescription(
                "sustain-length", .seconds, ("50 ms", "1 s"), default: "200 ms", automatable: true,
                "How slow a decay still counts: the time constant that it is measured against."),
            ParameterDescription(
                "sensitivity", .decibels, ("1 dB", "40 dB"), default: "10 dB", automatable: true,
                "The rise or fall that gets the whole gain; smaller ones get their share."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true, "How much of the shaping."),
            ParameterDescription(
                "output", .decibels, ("-24 dB", "24 dB"), default: "0 dB", automatable: true,
                "The gain after it."),
        ])

    private static let multibandBand: [ParameterDescription] = [
        ParameterDescription(
            "up-to", .hertz, ("20 Hz", "20 kHz"), default: "20 kHz", automatable: true,
            "The crossover at the band's top: every band but the last needs one, the last has none; bands ascend."),
        ParameterDescription(
            "threshold", .decibels, ("-80 dB", "0 dB"), default: "-20 dB", automatable: true,
            "The level from which the band is turned down."),
        ParameterDescription(
            "ratio", .ratio, ("1", "inf"), default: "2", automatable: true,
            "Decibels in per decibel out, above the threshold."),
        ParameterDescription(
            "attack", .seconds, ("0.1 ms", "500 ms"), default: "10 ms", automatable: true,
            "Time in which the gain covers 63 % of the way down, in decibels."),
        ParameterDescription(
            "release", .seconds, ("10 ms", "5 s"), default: "100 ms", automatable: true,
            "Time in which the gain covers 63 % of the way back, in decibels."),
        ParameterDescription(
            "knee", .decibels, ("0 dB", "24 dB"), default: "6 dB", automatable: true,
            "The width of the bend around the threshold."),
        ParameterDescription(
            "range", .decibels, ("0 dB", "60 dB"), default: "60 dB", automatable: true, "The largest reduction."),
        ParameterDescription(
            "make-up", .decibels, ("-24 dB", "24 dB"), default: "0 dB", automatable: true,
            "The gain after the compressor."),
        ParameterDescription("bypass", .onOff, default: "false", "Leaves the band as the crossovers cut it."),
    ]
}
