import SignalProcessing

/// A setting of the reverb by its keys, the rest as in the table.
struct ReverbSetting: Sendable {
    var type = 0.0
    var decay = 2.0
    var predelay = 0.01
    var damping = 6000.0
    var size = 1.0
    var width = 1.0
    var mix = 1.0
    var lowDecay = 1.0
    var lowCrossover = 200.0
    var highDecay = 0.5
    var diffusion = 0.8
    var modulation = 0.3
    var early = 0.0

    static let types = ["hall", "room", "plate"]

    var values: [Double] {
        [
            type, decay, predelay, damping, size, width, mix, lowDecay, lowCrossover, highDecay, diffusion, modulation,
            early,
        ]
    }
}

extension ContractSubject {
    static let reverbs: [ContractSubject] = {
        let room = ReverbSetting(
            type: 1, decay: 0.8, predelay: 0, damping: 4000, width: 0.7, mix: 0.25, lowDecay: 1.3, lowCrossover: 250)
        let plate = ReverbSetting(type: 2, decay: 1.6, predelay: 0.02, damping: 9000, highDecay: 0.7, modulation: 0)
        let neutral = ReverbSetting(mix: 0)
        let shortest = ReverbSetting(
            type: 1, decay: 0.1, predelay: 0, damping: 500, size: 0.25, width: 0, lowDecay: 0.25, lowCrossover: 50,
            highDecay: 0.1, diffusion: 0, modulation: 0, early: -10_000)
        let longest = ReverbSetting(
            decay: 20, predelay: 0.5, damping: 20_000, size: 2, lowDecay: 4, lowCrossover: 1000, highDecay: 2,
            diffusion: 1, modulation: 1, early: 12)
        let brightest = ReverbSetting(
            type: 2, decay: 20, predelay: 0, damping: 500, size: 0.25, lowDecay: 0.25, highDecay: 2, diffusion: 1,
            modulation: 1, early: 12)
        let moved = ReverbSetting(
            decay: 1.1, damping: 3000, width: 0.4, mix: 0.6, lowDecay: 1.5, lowCrossover: 300, highDecay: 0.3,
            diffusion: 0.5, early: -6)
        var back = room
        (back.lowDecay, back.mix, back.decay) = (1, 0, 1.4)
        var subjects = [
            ContractSubject(
                "reverb hall", FDNReverb.self, ReverbSetting().values, neutral: neutral.values,
                extremes: [shortest.values, longest.values, brightest.values], automated: moved.values),
            ContractSubject("reverb room", FDNReverb.self, room.values, automated: back.values),
            ContractSubject("reverb plate", FDNReverb.self, plate.values, rateHertz: 44_100),
        ]
        for i in subjects.indices {
            subjects[i].reconvergence = [.noise: 2, .music: 2, .silence: 2, .constant: 2, .tone: 2]
        }
        return subjects
    }()
}
