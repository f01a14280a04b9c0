import SignalProcessing

extension ContractSubject {
    static let limiters: [ContractSubject] = [
        ContractSubject(
            "limiter", TruePeakLimiter.self, [-1, 0.08, 6],
            extremes: [[-40, 0.001, 36], [-40, 10, 36], [0, 0.001, -24], [0, 10, 36]],
            automated: [-4, 0.03, 2.5]),
        ContractSubject(
            "limiter at 192 kHz", TruePeakLimiter.self, [-6, 0.02, 3], automated: [-9, 0.5, 3], rateHertz: 192_000),
    ]
}
