import SignalProcessing

extension ContractSubject {
    static let bandDynamics: [ContractSubject] = gates + deEssers + multibands + transientShapers

    private static let gates: [ContractSubject] = [
        gate("gate", [-6, 1, 1e300, 0.001, 0.02, 0.1, 60, 0, 20, 20_000], isKeyed: false),
        gate("gate, looking ahead", [-6, 1, 1e300, 0.001, 0.03, 0.1, 60, 0.005, 100, 8000], isKeyed: false),
        gate("expander with a key", [-6, 1, 2.5, 0.002, 0, 0.2, 40, 0, 20, 20_000], isKeyed: true),
    ]

    private static func gate(_ name: String, _ values: [Double], isKeyed: Bool) -> ContractSubject {
        var neutral = values
        neutral[6] = 0
        var automated = values
        automated[0] = -3
        automated[5] = 0.03
        automated[8] = 400
        var subject = ContractSubject(
            name, Gate.self, values, neutral: neutral,
            extremes: [
                [0, 24, 1e300, 0.00005, 5, 0.001, 120, 0.02, 20_000, 20],
                [-80, 0, 1, 0.5, 0, 5, 120, 0, 20, 20_000],
                [0, 0, 100, 0.00005, 0, 0.001, 120, 0.0001, 5000, 100],
            ], automated: automated, isKeyed: isKeyed)
        subject.growthDecibels = 1
        subject.snapshotByteLimit = 136 + 8 * Int(values[7] * 48_000)
        return subject
    }

    private static let deEssers: [ContractSubject] = [
        deEsser("de-esser, split", mode: 0), deEsser("de-esser, wide", mode: 1),
    ]

    private static func deEsser(_ name: String, mode: Double) -> ContractSubject {
        var subject = ContractSubject(
            name, DeEsser.self, [mode, 6500, 1, -40, 4, 12, 0.001, 0.06],
            // Nothing in the stimulus reaches 0 dB in this band.
            neutral: [mode, 6500, 4, 0, 4, 12, 0.001, 0.06],
            extremes: [
                [mode, 1000, 0.3, -80, 1e300, 40, 0.00005, 0.005], [mode, 16_000, 10, -80, 1e300, 40, 0.1, 2],
                [mode, 16_000, 0.3, 0, 1, 0, 0.00005, 0.005],
            ], automated: [mode, 4000, 2, -60, 8, 20, 0.01, 0.2])
        subject.growthDecibels = 6
        subject.snapshotByteLimit = 104
        return subject
    }

    private static let multibands: [ContractSubject] = (2...5).map(multiband)

    private static func multiband(bandCount: Int) -> ContractSubject {
        let tops = [90.0, 400, 2500, 8000].suffix(bandCount - 1) + [20_000]
        let ends = [20.0, 25, 30, 16_000].suffix(bandCount - 1) + [20_000]
        var typical = [0.9]
        var loud = [1.0]
        var quiet = [1.0]
        var automated = [0.5]
        for (top, end) in zip(tops, ends) {
            typical += [top, -24, 3, 0.01, 0.15, 6, 24, 2, top == 2500 ? 1 : 0]
            loud += [top, -80, 1e300, 0.0001, 0.01, 0, 60, 24, 0]
            quiet += [end, 0, 1, 0.5, 5, 24, 0, -24, 0]
            automated += [top == 20_000 ? top : top * 1.3, -40, 8, 0.003, 0.4, 0, 30, 9, 0]
        }
        var subject = ContractSubject(
            "multiband, \(bandCount) bands", Multiband.self, typical, extremes: [loud, quiet], automated: automated)
        subject.growthDecibels = 45
        subject.snapshotByteLimit = bandCount < 5 ? 672 : 1000
        // Float32 crossovers may stay a rounding step apart where nothing moves.
        subject.reconvergence = [.constant: nil, .tone: nil]
        return subject
    }

    private static let transientShapers: [ContractSubject] = {
        var subject = ContractSubject(
            "transient shaper", TransientShaper.self, [9, -6, 0.025, 0.2, 10, 1, -1],
            neutral: [0, 0, 0.025, 0.2, 10, 1, 0],
            extremes: [[15, 15, 0.2, 1, 1, 1, 24], [-15, -15, 0.002, 0.05, 40, 0, -24]],
            automated: [-9, 12, 0.01, 0.4, 20, 0.5, 3])
        subject.growthDecibels = 60
        subject.snapshotByteLimit = 96
        return [subject]
    }()
}
