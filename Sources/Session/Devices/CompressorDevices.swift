extension DeviceDescription {
    static let compressor = DeviceDescription(
        name: "compressor", noun: "a compressor",
        summary: "Peak or RMS detection, a key with filters, look-ahead, stereo link and parallel mix.",
        reference: """
            Giannoulis, Massberg, Reiss, "Digital Dynamic Range Compressor Design: A Tutorial and Analysis", \
            J. Audio Eng. Soc. 60(6), 2012
            """,
        parameters: [
            ParameterDescription(
                "threshold", .decibels, ("-80 dB", "0 dB"), automatable: true,
                "Level above which the gain is reduced."),
            ParameterDescription(
                "ratio", .ratio, ("1", "inf"), automatable: true,
                "Decibels of input per decibel of output above the threshold; infinity limits."),
            ParameterDescription(
                "attack", .seconds, ("0.01 ms", "1 s"), automatable: true,
                "Time in which the gain, in dB, covers 63 % of a step down."),
            ParameterDescription(
                "release", .seconds, ("1 ms", "10 s"), automatable: true,
                "Time in which the gain, in dB, covers 63 % of a step up."),
            ParameterDescription(
                "knee", .decibels, ("0 dB", "40 dB"), default: "0 dB", automatable: true,
                "Width of the quadratic knee around the threshold."),
            ParameterDescription(
                "make-up", .decibels, ("-24 dB", "36 dB"), default: "0 dB", automatable: true,
                "Gain of the compressed signal."),
            ParameterDescription(
                "detector", .choice(["peak", "rms"]), default: "peak",
                "What is measured: held peaks, or the root of the mean square over some milliseconds."),
            ParameterDescription(
                "range", .decibels, ("0 dB", "60 dB"), default: "60 dB", automatable: true,
                "The most that the gain is reduced, make-up not counted."),
            ParameterDescription(
                "look-ahead", .seconds, ("0 ms", "20 ms"), default: "0 ms",
                "How long the gain is ahead of the signal: the latency."),
            ParameterDescription(
                "key-low-cut", .hertz, ("10 Hz", "5 kHz"), default: "10 Hz", automatable: true,
                "Corner of the detector's high-pass (12 dB per octave); 10 Hz is off."),
            ParameterDescription(
                "key-high-cut", .hertz, ("100 Hz", "20 kHz"), default: "20 kHz", automatable: true,
                "Corner of the detector's low-pass (12 dB per octave); 20 kHz is off."),
            ParameterDescription(
                "link", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "How much of each channel's reduction, in dB, is common to both: 100 % keeps the image."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "Share of the compressed signal; the rest is dry and in phase."),
            ParameterDescription(
                "auto-make-up", .onOff, default: "false",
                "Adds half of the reduction that the static curve makes at 0 dBFS to the make-up gain."),
            ParameterDescription(
                "averaging", .seconds, ("0 ms", "100 ms"), default: "0 ms", automatable: true,
                "Least averaging time of rms. By itself that is 12.5 ms, or twice the attack or an eighth of the "
                    + "release where these are less. For low tones with a short attack take 20 ms; attack and "
                    + "release then take longer than they say."),
        ],
        hasKey: true)

    static let busCompressor = DeviceDescription(
        name: "bus-compressor", noun: "a bus compressor",
        summary: """
            A linked peak compressor for buses, whose release can follow the programme: quick after short peaks, \
            slow after sustained reduction.
            """,
        reference: """
            Giannoulis, Massberg, Reiss, "Digital Dynamic Range Compressor Design: A Tutorial and Analysis", \
            J. Audio Eng. Soc. 60(6), 2012; two release time constants as in console bus compressors
            """,
        parameters: [
            ParameterDescription(
                "threshold", .decibels, ("-60 dB", "0 dB"), automatable: true,
                "Level above which the gain is reduced."),
            ParameterDescription(
                "ratio", .ratio, ("1", "20"), automatable: true,
                "Decibels of input per decibel of output above the threshold."),
            ParameterDescription(
                "attack", .seconds, ("0.1 ms", "100 ms"), default: "10 ms", automatable: true,
                "Time in which the gain, in dB, covers 63 % of a step down."),
            ParameterDescription(
                "release", .seconds, ("20 ms", "2 s"), default: "100 ms", automatable: true,
                "Time in which the gain, in dB, covers 63 % of a step up; ignored with auto-release."),
            ParameterDescription(
                "auto-release", .onOff, default: "true",
                "A release that follows the programme: 0.1 s after short peaks, 1.1 s after sustained reduction."),
            ParameterDescription(
                "knee", .decibels, ("0 dB", "24 dB"), default: "6 dB", automatable: true,
                "Width of the quadratic knee around the threshold."),
            ParameterDescription(
                "make-up", .decibels, ("-12 dB", "24 dB"), default: "0 dB", automatable: true,
                "Gain of the compressed signal."),
            ParameterDescription(
                "key-low-cut", .hertz, ("10 Hz", "500 Hz"), default: "10 Hz", automatable: true,
                "Corner of the detector's high-pass (12 dB per octave); 10 Hz is off."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "Share of the compressed signal; the rest is dry and in phase."),
        ],
        hasKey: true)
}
