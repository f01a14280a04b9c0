extension DeviceDescription {
    static let limiter = DeviceDescription(
        name: "limiter", noun: "a limiter",
        summary: "Holds a true-peak ceiling by looking ahead; what stays below it passes bit for bit.",
        reference:
            "ITU-R BS.1770-5 Annex 2, 2023 (true peak); F. Kuo and J. Kaiser, System Analysis by Digital "
            + "Computer, 1966, ch. 7 (interpolation)",
        parameters: [
            ParameterDescription(
                "ceiling", .truePeak, ("-40 dBTP", "0 dBTP"), default: "-1 dBTP", automatable: true,
                "No true peak, and no sample, passes this level by more than 0.05 dB."),
            ParameterDescription(
                "release", .seconds, ("1 ms", "10 s"), default: "80 ms", automatable: true,
                "Time in which the gain makes good 63 % of its reduction after a peak; after lasting reduction it "
                    + "takes five times as long, at most 1 s."),
            ParameterDescription(
                "gain", .decibels, ("-24 dB", "36 dB"), default: "0 dB", automatable: true,
                "Gain before the limiter."),
        ])
}
