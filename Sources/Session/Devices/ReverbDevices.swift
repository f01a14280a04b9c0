extension DeviceDescription {
    package static let reverb = DeviceDescription(
        name: "reverb", noun: "a reverb",
        summary:
            "A hall, a room or a plate: early reflections, then a feedback delay network of 16 lines with a decay time "
            + "of its own below, in and above the middle.",
        reference:
            "Jot & Chaigne, Digital delay networks for designing artificial reverberators, AES 90, 1991; Schlecht & "
            + "Habets, On lossless feedback delay networks, IEEE TSP 65, 2017; Allen & Berkley, JASA 65, 1979",
        parameters: [
            ParameterDescription(
                "type", .choice(["hall", "room", "plate"]), default: "hall",
                "Long lines and late reflections, short ones and near reflections, or dense from the start."),
            ParameterDescription(
                "decay", .seconds, ("0.1 s", "20 s"), automatable: true, "T60 of the middle frequencies."),
            ParameterDescription(
                "predelay", .seconds, ("0 ms", "500 ms"), default: "10 ms", "Silence before the reverberation."),
            ParameterDescription(
                "damping", .hertz, ("500 Hz", "20 kHz"), default: "6 kHz", automatable: true,
                "From here up the decay is `high-decay` times that of the middle."),
            ParameterDescription("size", .number, ("0.25", "2"), default: "1", "Scale of all lengths."),
            ParameterDescription(
                "width", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "0 % is the same reverberation on both sides."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "0 % is the input alone, 100 % the reverberation alone."),
            ParameterDescription(
                "low-decay", .number, ("0.25", "4"), default: "1", automatable: true,
                "Decay below `low-crossover`, re that of the middle."),
            ParameterDescription(
                "low-crossover", .hertz, ("50 Hz", "1 kHz"), default: "200 Hz", automatable: true,
                "Up to here the decay is `low-decay` times that of the middle."),
            ParameterDescription(
                "high-decay", .number, ("0.1", "2"), default: "0.5", automatable: true,
                "Decay above `damping`, re that of the middle."),
            ParameterDescription(
                "diffusion", .percent, ("0 %", "100 %"), default: "80 %", automatable: true,
                "How much an onset is spread before it enters the network."),
            ParameterDescription(
                "modulation", .percent, ("0 %", "100 %"), default: "30 %",
                "How far two of the lines change their lengths: 100 % is 0.75 ms either way."),
            ParameterDescription(
                "early", .decibels, ("-inf dB", "12 dB"), default: "0 dB", automatable: true,
                "Level of the early reflections, of a plate's onset, re their natural one."),
        ])
}
