import DeviceReference
import SignalProcessing

extension ContractSubject {
    /// Delay, chorus, flanger, phaser, tremolo, width, alignment and utility, each as a mix would use it.
    static let timeDevices: [ContractSubject] = delays + modulations + images

    private static let delays: [ContractSubject] = {
        let plain = [12_000.0, 18_000, 0.35, 8000, 80, 0, 0.3, 0.5, 0]
        var subjects = [
            ContractSubject(
                "delay", StereoDelay.self, plain, neutral: [12_000, 18_000, 0.35, 8000, 80, 0, 0, 0.5, 0],
                extremes: [
                    [1, 1, 0.95, 20_000, 10, 0, 1, 10, 0.01],
                    [480_000, 1, 0.95, 200, 2000, 1, 1, 0.01, 0.01],
                    [48, 53, 0.95, 20_000, 10, 1, 1, 10, 0.01],
                ],
                automated: [12_000, 18_000, 0.6, 3000, 200, 0, 0.5, 0.5, 0]),
            ContractSubject(
                "delay ping-pong", StereoDelay.self, [4000, 6000, 0.5, 20_000, 10, 1, 0.5, 0.5, 0],
                automated: [4000, 6000, 0.2, 5000, 10, 1, 0, 0.5, 0]),
            ContractSubject(
                "delay tape", StereoDelay.self, [9000, 9000, 0.45, 5000, 120, 0, 0.4, 0.7, 0.001],
                automated: [9000, 9000, 0.3, 4000, 100, 0, 0.2, 0.7, 0.001], rateHertz: 44_100),
        ]
        for i in subjects.indices { subjects[i].growthDecibels = 32 }
        return subjects
    }()

    private static let modulations: [ContractSubject] = {
        var subjects = [
            ContractSubject(
                "chorus", Chorus.self, [0.8, 0.002, 0.015, 1, 0, 1, 0.5],
                neutral: [0.8, 0.002, 0.015, 1, 0, 1, 0],
                extremes: [[10, 0.01, 0.001, 3, 0.7, 0, 1], [0.01, 0.01, 0.05, 0, 0.7, 1, 1]],
                automated: [0.8, 0.004, 0.02, 1, 0.2, 0.3, 0.8]),
            ContractSubject(
                "chorus of four with feedback", Chorus.self, [1.7, 0.003, 0.02, 3, 0.4, 0.8, 0.6],
                rateHertz: 44_100),
            ContractSubject(
                "flanger", Flanger.self, [0.25, 0.003, 0.0005, 0.4, 90, 0.5],
                neutral: [0.25, 0.003, 0.0005, 0.4, 90, 0],
                extremes: [[10, 0.01, 0.0002, 0.95, 180, 1], [0.01, 0, 0.0002, -0.95, 0, 1]],
                automated: [0.25, 0.001, 0.002, -0.6, 90, 0.7]),
            ContractSubject(
                "flanger, deep", Flanger.self, [0.1, 0.008, 0.001, -0.9, 180, 0.5], rateHertz: 96_000),
            ContractSubject(
                "phaser", Phaser.self, [0.4, 1.5, 800, 1, 0.3, 90, 0.5],
                neutral: [0.4, 1.5, 800, 1, 0.3, 90, 0],
                extremes: [[10, 3, 5000, 3, 0.95, 180, 1], [0.01, 3, 100, 0, -0.95, 0, 1]],
                automated: [0.4, 0.5, 1500, 1, -0.7, 90, 0.8]),
            ContractSubject(
                "phaser of twelve", Phaser.self, [2, 2, 600, 3, 0.8, 180, 0.5], rateHertz: 44_100),
            ContractSubject(
                "tremolo", Tremolo.self, [5, 0.5, 0, 0, 0], neutral: [5, 0, 0, 0, 0],
                extremes: [[20, 1, 2, 180, 1], [0.01, 1, 1, 0, 0]], automated: [5, 0.9, 0, 0, 0]),
            ContractSubject("auto-pan", Tremolo.self, [0.5, 1, 2, 180, 0], automated: [0.5, 0, 2, 180, 0]),
            ContractSubject(
                "auto-pan of constant power", Tremolo.self, [0.5, 1, 0, 180, 1], neutral: [0.5, 0, 0, 180, 1],
                automated: [0.5, 0.2, 0, 180, 1]),
        ]
        for i in subjects.indices { subjects[i].growthDecibels = 32 }
        return subjects
    }()

    private static let images: [ContractSubject] = {
        var subjects = [
            ContractSubject(
                "width", StereoWidth.self, [1.4, 120], neutral: [1, 10],
                extremes: [[2, 500], [0, 10], [0, 500]],
                automated: [0.7, 10]),
            ContractSubject("width alone", StereoWidth.self, [0.5, 10], automated: [1, 200]),
            ContractSubject(
                "align", AlignmentDelay.self, [37, 480], neutral: [0, 0], extremes: [[48_000, 0], [0, 1]]),
            ContractSubject(
                "utility", SingleStrip<GainStage>.self, [-3, 1, 0, 0], neutral: [0, 0, 0, 0],
                extremes: [[48, 3, 1, 1], [-10_000, 2, 0, 1]], automated: [6, 1, 0, 0]),
            ContractSubject(
                "utility in mono", SingleStrip<GainStage>.self, [2, 2, 1, 1], automated: [-10_000, 2, 1, 1]),
        ]
        // The gain alone is up to 48 dB.
        for i in 3...4 { subjects[i].growthDecibels = 51 }
        return subjects
    }()
}
