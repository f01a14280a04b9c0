import SignalProcessing

extension ContractSubject {
    /// Saturators of every type, and clippers, at every oversampling.
    static let colour: [ContractSubject] = {
        var subjects: [ContractSubject] = []
        for (type, name) in ["tanh", "tape", "tube", "hard"].enumerated() {
            // The default of each curve, and each other oversampling once, at another rate.
            let other = [(0, 48_000), (1, 96_000), (2, 44_100), (0, 192_000)][type]
            for (stages, rate) in [(3, 48_000), other] {
                let kind = Double(type)
                let doublings = Double(stages)
                var subject = ContractSubject(
                    "saturator \(name) \(1 << stages)x", Saturator.self, [kind, 12, 0.3, 6, -3, 0.8, doublings],
                    neutral: [kind, 12, 0.3, 6, -3, 0, doublings],
                    extremes: [
                        [kind, 40, 1, 12, 24, 1, doublings], [kind, 0, 0, 0, -24, 1, doublings],
                        [kind, 40, 1, 0, 24, 0.01, doublings],
                    ],
                    automated: [kind, 24, 0.6, 2, 3, 0.4, doublings], rateHertz: rate)
                // 40 dB of drive on a small signal, and 24 dB of output.
                subject.growthDecibels = 45
                subject.snapshotByteLimit = 12_000
                subjects.append(subject)
            }
        }
        for (stages, rate) in [(0, 48_000), (2, 44_100), (3, 48_000)] {
            let doublings = Double(stages)
            var subject = ContractSubject(
                "clipper \(1 << stages)x", Clipper.self, [6, -1, 0.2, 1, doublings],
                // Oversampled, it clips what is above 0 dBFS between the samples: ClipperTests for that.
                neutral: stages == 0 ? [0, 0, 0, 1, 0] : nil,
                extremes: [[24, -24, 0, 0, doublings], [-24, 0, 1, 1, doublings], [24, 0, 1e-9, 0, doublings]],
                automated: [3, -6, 0, 1, doublings], rateHertz: rate)
            subject.snapshotByteLimit = 12_000
            subjects.append(subject)
        }
        return subjects
    }()
}
