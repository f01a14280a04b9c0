import Session
import SignalProcessing

/// Which settings of each device are measured, and how the result is drawn.
enum DeviceCharts {
    /// The setting of a device's first curve; nil for those that are programs of their own.
    static func example(of kind: DeviceKind) -> Device? { settings(of: kind).first?.device }

    static func charts(of kind: DeviceKind) -> [Chart] {
        switch kind {
        case .equalizer: equalizer()
        case .compressor, .busCompressor: compressor(kind)
        case .multiband, .deEsser: [responses(kind, -36...6)]
        case .gate:
            [staticCurves(kind), gains(kind, "gain of a tone that steps from -60 to -6 dB and back", -100...10)]
        case .transientShaper: [transients()]
        case .limiter: [gains(kind, "gain of a tone that steps from -20 to +6 dB and back", -12...3)]
        case .clipper, .saturator: [transferCurves(kind)]
        case .reverb: [decays()]
        case .delay: [echoes()]
        case .chorus, .flanger, .phaser: [sweeps(kind)]
        case .tremolo: [gains(kind, "gain of a steady tone, left channel", -24...3)]
        case .width: [widths()]
        case .align, .utility, .convolver, .match: []
        }
    }

    private typealias Setting = (label: String, device: Device)

    private static func settings(of kind: DeviceKind) -> [Setting] {
        switch kind {
        case .equalizer:
            [1000.0, 5000, 10_000, 16_000].map { hertz in
                let band: [String: DeviceValue] = ["type": "bell", "frequency": .number(hertz), "gain": 12, "q": 1]
                return ("bell \(Int(hertz)) Hz", Device(.equalizer, bands: [band]))
            }
        case .compressor:
            [("2:1", 2.0, 0.0), ("4:1", 4, 0), ("4:1, knee 12 dB", 4, 12), ("inf:1", .infinity, 0)].map {
                ($0.0, squeeze(kind, ratio: $0.1, knee: $0.2))
            }
        case .busCompressor: [2.0, 4, 10].map { ("\(Int($0)):1", squeeze(kind, ratio: $0, knee: 6)) }
        case .multiband: [("three bands, two of them working", multiband())]
        case .deEsser: [("threshold -60 dB, range 12 dB", Device(.deEsser, ["threshold": -60]))]
        case .gate:
            [
                ("gate", Device(.gate, ["threshold": -30])),
                ("2:1", Device(.gate, ["threshold": -30, "ratio": 2])),
            ]
        case .transientShaper:
            [
                ("attack +9 dB", Device(.transientShaper, ["attack": 9])),
                ("sustain +9 dB", Device(.transientShaper, ["sustain": 9])),
            ]
        case .limiter: [("release 80 ms", Device(.limiter)), ("release 300 ms", Device(.limiter, ["release": 0.3]))]
        case .clipper:
            [0.0, 0.5, 1].map {
                let device = Device(.clipper, ["ceiling": -3, "softness": .number($0)])
                return ("softness \(Int($0 * 100)) %", device)
            }
        case .saturator:
            ["tanh", "tape", "tube", "hard"].map { ($0, Device(.saturator, ["type": .word($0), "drive": 12])) }
        case .reverb: ["hall", "room", "plate"].map { ($0, Device(.reverb, ["type": .word($0), "decay": 1.5])) }
        case .delay: [("", Device(.delay, ["left": 12_000, "right": 18_000, "feedback": 0.5, "mix": 0.5]))]
        case .chorus, .flanger, .phaser, .tremolo, .width, .utility: [("", Device(kind))]
        case .align: [("", Device(.align, ["left": 480, "right": 0]))]
        case .convolver, .match: []
        }
    }

    private static func squeeze(_ kind: DeviceKind, ratio: Double, knee: Double) -> Device {
        Device(
            kind, ["threshold": -24, "ratio": .number(ratio), "attack": 0.01, "release": 0.1, "knee": .number(knee)])
    }

    private static func multiband() -> Device {
        Device(
            .multiband,
            bands: [
                ["up-to": 150, "threshold": -60, "ratio": 2], ["up-to": 3000, "threshold": 0, "ratio": 2],
                ["threshold": -60, "ratio": 4],
            ])
    }

    // MARK: - Frequency

    private static func equalizer() -> [Chart] {
        let bells = Chart(
            title: "bells of +12 dB, Q 1: the analogue curve up to 20 kHz", x: .frequency, y: decibels(-3...15, 3),
            series: settings(of: .equalizer).map {
                Chart.Series(label: $0.label, points: Measurement.response($0.device))
            })
        let passes = ["6 dB/oct", "12 dB/oct", "24 dB/oct", "48 dB/oct", "96 dB/oct"].map { slope in
            let band: [String: DeviceValue] = ["type": "high-pass", "frequency": 200, "slope": .word(slope)]
            return Chart.Series(label: slope, points: Measurement.response(Device(.equalizer, bands: [band])))
        }
        let shelves: [(String, [String: DeviceValue])] = [
            ("low-shelf", ["type": "low-shelf", "frequency": 120, "gain": 6]),
            ("high-shelf", ["type": "high-shelf", "frequency": 8000, "gain": 6]),
            ("tilt", ["type": "tilt", "frequency": 1000, "gain": -6]),
            ("notch", ["type": "notch", "frequency": 3000, "q": 4]),
        ]
        return [
            bells,
            Chart(
                title: "high-passes at 200 Hz, Butterworth", x: .frequency, y: decibels(-60...12, 12), series: passes),
            Chart(
                title: "shelves, tilt and notch", x: .frequency, y: decibels(-12...9, 3),
                series: shelves.map {
                    Chart.Series(label: $0.0, points: Measurement.response(Device(.equalizer, bands: [$0.1])))
                }),
        ]
    }

    private static func responses(_ kind: DeviceKind, _ range: ClosedRange<Double>) -> Chart {
        let frequencies = (0...60).map { 25 * PinnedMath.exp2(Double($0) / 60 * PinnedMath.log2(18_000.0 / 25)) }
        return Chart(
            title: "gain of a tone at -12 dB, once settled", x: .frequency, y: decibels(range, 6),
            series: settings(of: kind).map { setting in
                Chart.Series(
                    label: setting.label,
                    points: frequencies.map { hertz in
                        let gain = PinnedMath.gain(decibels: -12)
                        let input = Measurement.tone(hertz: hertz, frameCount: 48_000) { _ in gain }
                        let out = Measurement.run(setting.device, left: input.left, right: input.right)
                        let levels = Measurement.levels(out).suffix(4800)
                        return (hertz, levels.reduce(0, +) / 4800 + 12)
                    })
            })
    }

    /// Responses at four moments of the modulation, a quarter of a second apart.
    private static func sweeps(_ kind: DeviceKind) -> Chart {
        Chart(
            title: "response at four moments of its movement", x: .frequency, y: decibels(-36...12, 6),
            series: (0..<4).map { quarter in
                let points = Measurement.response(Device(kind), at: 12_000 * quarter)
                return Chart.Series(label: "\(250 * quarter) ms", points: points)
            })
    }

    private static func widths() -> Chart {
        let settings: [(String, Device)] = [
            ("100 %", Device(.width)), ("150 %", Device(.width, ["width": 1.5])),
            ("100 %, mono below 120 Hz", Device(.width, ["mono-below": 120])),
        ]
        return Chart(
            title: "gain of the side signal", x: .frequency, y: decibels(-48...6, 6),
            series: settings.map { Chart.Series(label: $0.0, points: Measurement.response($0.1, part: .side)) })
    }

    // MARK: - Level and time

    private static func compressor(_ kind: DeviceKind) -> [Chart] {
        [staticCurves(kind), gains(kind, "gain of a tone that steps from -40 to -6 dB and back", -24...3)]
    }

    private static func staticCurves(_ kind: DeviceKind) -> Chart {
        Chart(
            title: "level out over level in, 1 kHz, settled",
            x: .linear("dB in", -60...0, step: 10), y: .linear("dB", -60...0, step: 10),
            series: settings(of: kind).map {
                Chart.Series(label: $0.label, points: Measurement.staticCurve($0.device).map { ($0.x, $0.y) })
            })
    }

    private static func gains(_ kind: DeviceKind, _ title: String, _ range: ClosedRange<Double>) -> Chart {
        let (quiet, loud): (Double, Double) =
            switch kind {
            case .limiter: (-20, 6)
            case .gate: (-60, -6)
            case .tremolo: (-6, -6)
            default: (-40, -6)
            }
        return Chart(
            title: title, x: .linear("ms", 0...900, step: 100),
            y: decibels(range, range.upperBound - range.lowerBound > 40 ? 20 : 3),
            series: settings(of: kind).map {
                let points = Measurement.gainOverTime(
                    $0.device, quiet: quiet, loud: loud, from: 0.1, to: 0.4, seconds: 0.9)
                return Chart.Series(label: $0.label, points: points)
            })
    }

    /// A click with a decaying tone behind it: the levels of what went in and of what came out.
    private static func transients() -> Chart {
        func level(_ frame: Int) -> Double {
            let time = Double(frame % 24_000) / 48_000 - 0.1
            return time < 0 ? 1e-3 : 0.5 * PinnedMath.exp(-time * 8) + 0.3 * PinnedMath.exp(-time * 120)
        }
        let input = Measurement.tone(hertz: 1000, frameCount: 24_000, level: level)
        func points(_ signal: (left: [Float], right: [Float])) -> [(x: Double, y: Double)] {
            let levels = Measurement.levels(signal)
            return stride(from: 0, to: levels.count, by: 48).map { (Double($0) / 48, levels[$0]) }
        }
        let shaped = settings(of: .transientShaper).map {
            Chart.Series(
                label: $0.label, points: points(Measurement.run($0.device, left: input.left, right: input.right)))
        }
        return Chart(
            title: "level of a struck tone", x: .linear("ms", 0...500, step: 50), y: decibels(-60...12, 12),
            series: [Chart.Series(label: "in", points: points(input))] + shaped)
    }

    private static func transferCurves(_ kind: DeviceKind) -> Chart {
        Chart(
            title: "sample out over sample in, slow sine wave", x: .linear("in", -1...1, step: 0.5),
            y: .linear("out", -1.5...1.5, step: 0.5),
            series: settings(of: kind).map {
                Chart.Series(label: $0.label, points: Measurement.transferCurve($0.device))
            })
    }

    private static func decays() -> Chart {
        Chart(
            title: "energy still to come after an impulse, decay 1.5 s", x: .linear("s", 0...2, step: 0.2),
            y: decibels(-80...0, 10),
            series: settings(of: .reverb).map {
                Chart.Series(label: $0.label, points: Measurement.energyDecay($0.device, seconds: 3))
            })
    }

    private static func echoes() -> Chart {
        let found = Measurement.echoes(settings(of: .delay)[0].device, seconds: 2)
        return Chart(
            title: "impulse through a delay of 250 and 375 ms, feedback 50 %", x: .linear("ms", 0...2000, step: 250),
            y: decibels(-60...0, 10),
            series: [
                Chart.Series(label: "left", points: found.left), Chart.Series(label: "right", points: found.right),
            ])
    }

    private static func decibels(_ range: ClosedRange<Double>, _ step: Double) -> Chart.Axis {
        .linear("dB", range, step: step)
    }
}
