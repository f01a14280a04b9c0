extension DeviceDescription {
    package static let convolver = DeviceDescription(
        name: "convolver", noun: "a convolver",
        summary: "Convolution reverb with an impulse response of any length and rate: mono, stereo or true stereo "
            + "(four channels: left to left, left to right, right to left, right to right).",
        reference: "Gardner (JAES 1995) and Wefers (2014), uniformly partitioned overlap-save; error below -140 dB",
        parameters: [
            ParameterDescription(
                "predelay", .seconds, ("0 ms", "500 ms"), default: "0 ms", "How long the response waits."),
            ParameterDescription("gain", .decibels, ("-60 dB", "24 dB"), default: "0 dB", "Level of the wet signal."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "100 %",
                "From dry to wet: leave it at 100 % on a return."),
            ParameterDescription(
                "length", .seconds, ("10 ms", "30 s"), default: "30 s",
                "Where a longer response is cut off, with a fade of 50 ms."),
            ParameterDescription(
                "normalize", .choice(["none", "energy"]), default: "energy",
                "Whether the response is scaled so that noise comes out as loud as it went in."),
        ],
        hasFile: true)

    package static let match = DeviceDescription(
        name: "match", noun: "a match",
        summary: "Equalizes to the average spectrum of a reference, with a linear-phase filter, and matches its level.",
        reference: "Welch (1967), average spectra of mid and side; ITU-R BS.1770, gated level",
        parameters: [
            ParameterDescription(
                "amount", .percent, ("0 %", "100 %"), default: "100 %", "How much of the difference is made up."),
            ParameterDescription(
                "clamp", .decibels, ("0 dB", "12 dB"), default: "6 dB", "The most that any frequency is changed."),
            ParameterDescription(
                "smoothing", .number, ("0.05", "2"), default: "0.3333", "Octaves over which the spectra are averaged."),
            ParameterDescription("level", .onOff, default: "true", "Whether the level is matched too."),
            ParameterDescription(
                "mode", .choice(["mid-side", "stereo"]), default: "mid-side",
                "A curve each for mid and side, or one for both."),
        ],
        hasFile: true)
}
