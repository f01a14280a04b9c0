import Session
import SessionFiles
import Testing

/// What can be wrong with a device is said once, at its place, with a remedy.
@Suite struct BrokenDeviceTests {
    /// Errors of a song with a second track of one device, on line 7, as `column: message`.
    private func errors(_ device: String, rate: String = "48 kHz") throws -> [String] {
        try SessionBench.songErrors(
            "rate: \(rate)\nlength: 1 s\ntracks:\n  - {name: Kick}\n  - {name: It, devices: [\n\(device)]}\n"
        ).map { error in
            #expect(error.hasPrefix("8:"), "\(error)")
            return error.replacing("8:", with: "", maxReplacements: 1).replacing(
                ": error", with: "", maxReplacements: 1)
        }
    }

    private static let cases: [(String, [String])] = [
        ("{limiter: {celing: -1 dBTP}}", ["12: `celing` is not a key of a limiter. did you mean `ceiling`."]),
        ("{chorsu: {}}", ["2: there is no device `chorsu`. did you mean `chorus`."]),
        ("{saturator: {drive: 50 dB}}", ["21: `50 dB` is out of range. use 0 dB to 40 dB."]),
        ("{saturator: {drive: 5}}", ["21: `5` has no unit. write `5 dB`."]),
        ("{saturator: {mix: 120 %}}", ["19: `120 %` is out of range. use 0 % to 100 %."]),
        ("{saturator: {type: tubes}}", ["20: `tubes` is not a value of `type`. did you mean `tube`."]),
        ("{gate: {}}", ["8: a gate needs `threshold`. add it, as in `threshold: -3 dB`."]),
        ("{convolver: {}}", ["13: a convolver needs `file`. add `file:`."]),
        ("{convolver: {file: audio/none.wav}}", ["20: there is no file"]),
        (
            "{convolver: {file: audio/surround.wav}}",
            ["20: surround.wav has 6 channels. use mono or stereo files."]
        ),
        ("{convolver: {file: audio/empty.wav}}", ["20: empty.wav holds no sound. export it again."]),
        (
            "{match: {file: audio/broken.wav}}",
            ["16: broken.wav cannot be read: it ends after 12 of 48000 frames. export or copy it again."]
        ),
        (
            "{convolver: {file: audio/vox.wav, right-file: audio/pad44.wav}}",
            [
                "47: the files of a true stereo response have different rates, 48000 and 44100 Hz. convert one of them."
            ]
        ),
        (
            "{saturator: {automation: {type: [[0 s, tube]]}}}",
            ["27: `type` cannot be automated. use one of drive, bias, emphasis, output, mix."]
        ),
        (
            "{saturator: {automation: {drvie: [[0 s, 3 dB]]}}}",
            ["27: `drvie` is not a parameter of a saturator. did you mean `drive`."]
        ),
        (
            "{saturator: {automation: {drive: [[0 s, 3 dB], [1 s, 41 dB, linear]]}}}",
            ["54: `41 dB` is out of range. use 0 dB to 40 dB."]
        ),
        (
            "{saturator: {automation: {drive: 3 dB}}}",
            ["34: automation is a list of points, but this is text. write it as in"]
        ),
        (
            "{saturator: {automation: [drive]}}",
            [
                "26: `automation` is a mapping, but this is a list. write the name of a parameter and its points."
            ]
        ),
        ("{align: {automation: {left: [[0 s, 1 s]]}}}", ["10: `automation` is not a key of an alignment."]),
        (
            "{gate: {threshold: -3 dB, key: It}}",
            ["32: `It` is this channel itself. remove `key`: a gate listens to its own signal."]
        ),
        (
            "{gate: {threshold: -3 dB, key: Kcik}}",
            ["32: there is no track, bus or return called `Kcik`. did you mean `Kick`."]
        ),
        ("{chorus: {key: Kick}}", ["11: `key` is not a key of a chorus."]),
        ("{equalizer: {bands: []}}", ["21: this equalizer has no bands. add one, or remove it."]),
        ("{equalizer: {}}", ["13: an equalizer needs `bands`. add `bands:`."]),
        (
            "{equalizer: {bands: [{type: bell, frequency: 30 kHz}]}}",
            ["46: this frequency is too high for a rate of 48000 Hz. use at most 23520 Hz."]
        ),
        (
            "{equalizer: {bands: [{type: bell, frequency: 3 kHz, automation: {frequency: [[0 s, 24 kHz]]}}]}}",
            ["84: this frequency is too high for a rate of 48000 Hz. use at most 23520 Hz."]
        ),
        (
            "{equalizer: {bands: [{type: bell, frequency: 3 kHz, slope: 12 dB/oct}]}}",
            ["60: a bell band has no `slope`. remove it."]
        ),
        (
            "{equalizer: {bands: [{type: notch, frequency: 3 kHz, automation: {gain: [[0 s, 1 dB]]}}]}}",
            ["67: a notch band has no `gain`. remove it."]
        ),
        (
            "{equalizer: {bands: [{type: bel, frequency: 3 kHz}]}}",
            ["29: `bel` is not a value of `type`. did you mean `bell`."]
        ),
        (
            "{equalizer: {mode: linear-phase, bands: [{type: bell, frequency: 3 kHz, range: -3 dB}]}}",
            [
                "80: a linear-phase equalizer does not change over time: it has no `range`. remove "
                    + "it, or use `mode: minimum-phase`."
            ]
        ),
        (
            "{equalizer: {mode: linear-phase, bands: [{type: bell, frequency: 3 kHz, automation: "
                + "{gain: [[0 s, 1 dB]]}}]}}",
            [
                "85: a linear-phase equalizer does not change over time: it has no `automation`. "
                    + "remove it, or use `mode: minimum-phase`."
            ]
        ),
        (
            "{equalizer: {mode: linear-phase, key: Kick, bands: [{type: bell, frequency: 3 kHz}]}}",
            [
                "39: a linear-phase equalizer does not change over time: it has no `key`. remove it, "
                    + "or use `mode: minimum-phase`."
            ]
        ),
        (
            "{multiband: {bands: [{up-to: 200 Hz}]}}",
            ["21: a multiband compressor has at least 2 bands. add one."]
        ),
        (
            "{multiband: {bands: [{}, {}, {}, {}, {}, {}]}}",
            ["21: a multiband compressor has at most 5 bands. use a second one."]
        ),
        (
            "{multiband: {bands: [{up-to: 900 Hz}, {up-to: 300 Hz}, {}]}}",
            [
                "47: this band ends at 300 Hz, not far enough above the one before. put bands in "
                    + "order of frequency, each `up-to` at least a fifth above the last."
            ]
        ),
        (
            "{multiband: {bands: [{up-to: 200 Hz}, {up-to: 2 kHz}]}}",
            ["47: the last band ends where hearing does: it has no `up-to`. remove it, or add a band above."]
        ),
        (
            "{multiband: {bands: [{}, {}]}}",
            ["22: every band but the last needs `up-to`. add it, as in `up-to: 200 Hz`."]
        ),
        (
            "{multiband: {bands: [{up-to: 200 Hz}, {automation: {up-to: [[0 s, 1 kHz]]}}]}}",
            ["53: the last band ends where hearing does: it has no `up-to`. remove it, or add a band above."]
        ),
        ("{multiband: {bands: [{up-to: 200 Hz}, loud]}}", ["39: "]),
        ("{multiband: {bands: [{up-to: 5 Hz}, {}]}}", ["30: `5 Hz` is out of range. use 20 Hz to 20 kHz."]),
        ("{delay: {}}", ["9: a delay needs `time`. add it, as in `time: 1/8`."]),
        (
            "{delay: {left: 1 s}}",
            ["9: a delay needs both `left` and `right`. add the other, or use `time` for both."]
        ),
        (
            "{delay: {time: 1 s, left: 1 s, right: 1 s}}",
            ["16: a delay has either `time`, or `left` and `right`. remove one."]
        ),
        ("{delay: {time: 11 s}}", ["16: `11 s` is out of range. use 1 ms to 10 s."]),
        ("limiter", ["1: `limiter` has no settings. write `limiter: {}`."]),
        (
            "{limiter: {}, gate: {}}",
            [
                "1: a device is one name with its settings, but this has 2. begin each device with "
                    + "`- `, and indent its settings."
            ]
        ),
    ]

    @Test(arguments: cases.indices)
    func `what is wrong with a device is named once`(index: Int) throws {
        let (device, expected) = Self.cases[index]
        let found = try errors(device)
        #expect(found.count == expected.count, "\(device): \(found)")
        for (error, start) in zip(found, expected) { #expect(error.hasPrefix(start), "\(device): \(error)") }
    }

    @Test func `frequencies are held against the song's rate`() throws {
        let device =
            "{equalizer: {bands: [{type: bell, frequency: 30 kHz, automation: {frequency: [[0 s, 40 kHz]]}}]}}"
        #expect(try errors(device, rate: "96 kHz").isEmpty)
        #expect(try errors(device, rate: "44.1 kHz").count == 2)
        // A default of 20 kHz is as high as it goes.
        #expect(try errors("{gate: {threshold: -3 dB}}", rate: "44.1 kHz").isEmpty)
    }

    @Test func `a band beyond the last is refused`() throws {
        let band = "{type: bell, frequency: 1 kHz}"
        func equalizer(_ count: Int) -> String {
            "{equalizer: {bands: [" + Array(repeating: band, count: count).joined(separator: ", ") + "]}}"
        }
        #expect(try errors(equalizer(24)).isEmpty)
        #expect(
            try errors(equalizer(25)) == ["21: an equalizer has at most 24 bands. use a second one."])
    }

    @Test func `every device refuses what lies beyond its ranges`() throws {
        for row in DeviceDescription.all {
            // One track, on a line of its own, for each value; a file of errors is cut off after some.
            let devices = row.parameters.flatMap(Self.beyond)
            let errors = try SessionBench.songErrors(
                "length: 1 s\ntracks:\n"
                    + devices.enumerated().map { "  - {name: T\($0), devices: [{\(row.name): {\($1)}}]}\n" }
                    .joined())
            for (index, device) in devices.enumerated() {
                let mine = errors.filter { $0.hasPrefix("\(index + 5):") && $0.contains("out of range") }
                let negative = errors.filter {
                    $0.hasPrefix("\(index + 5):") && $0.contains("is a negative time")
                }
                #expect(mine.count + negative.count == 1, "\(row.name), \(device): \(errors)")
            }
        }
    }

    /// A parameter a little below and above its range, as it would be written.
    private static func beyond(_ parameter: ParameterDescription) -> [String] {
        guard let limits = parameter.limits, parameter.unit != .delayFrames else { return [] }
        let unit =
            switch parameter.unit {
            case .decibels: " dB"
            case .truePeak: " dBTP"
            case .hertz: " Hz"
            case .seconds: " s"
            case .percent: " %"
            default: ""
            }
        let scale = parameter.unit == .percent ? 100.0 : 1
        return [limits.lowerBound * scale - 1, limits.upperBound * scale + 1].filter(\.isFinite).map {
            "\(parameter.name): \($0)\(unit)"
        }
    }

    @Test func `floating point takes no dither of any kind`() throws {
        for dither in ["tpdf", "shaped"] {
            let bench = try SessionBench([
                "a.yaml": "lathe: 1\nalbum: A\nsongs: [{file: s.yaml}]\n"
                    + "deliver: [{format: wav, bits: 32, dither: \(dither)}]\n",
                "s.yaml": "lathe: 1\nsong: S\nlength: 1 s\n",
            ])
            #expect(
                bench.errors("a.yaml") == [
                    "a.yaml:4:43: error: floating point needs no dither. remove `dither`."
                ])
        }
    }
}
