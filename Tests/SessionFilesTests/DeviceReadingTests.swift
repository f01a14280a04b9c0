import Quantities
import Session
import SessionFiles
import Testing

/// Every key of every device, read at both ends of its range; made from the table of devices.
@Suite struct DeviceReadingTests {
    private static let rateHertz = 96_000

    /// Both ends of a parameter, or all words of a choice, as they are written and as they count.
    private static func ends(_ row: ParameterDescription) -> [(text: String, value: Double)] {
        switch row.unit {
        case .choice(let words): return words.enumerated().map { ($1, Double($0)) }
        case .onOff: return [("false", 0), ("true", 1)]
        default: break
        }
        guard let range = row.range, let limits = row.limits else { return [] }
        // A time of the table is in seconds, and counts in frames where the device delays by it.
        let scale = row.unit == .delayFrames ? Double(rateHertz) : 1
        let values = [limits.lowerBound, limits.upperBound].map {
            row.unit == .delayFrames ? ($0 * scale).rounded() : $0
        }
        return [(range.low, values[0]), (range.high, values[1])]
    }

    /// Parameters that must be given, so that others can be left out.
    private static func required(_ rows: [ParameterDescription], of kind: DeviceKind) -> [String: (
        String, Double
    )] {
        var found: [String: (String, Double)] = [:]
        for row in rows where row.defaultText == nil {
            // The first word of a type, or the low end.
            if let end = ends(row).first { found[row.name] = (end.text, end.value) }
        }
        if kind == .equalizer, rows.contains(where: { $0.name == "type" }) { found["type"] = ("bell", 2) }
        return found
    }

    /// Bands with what must be given: with a multiband compressor's crossovers, in ascending order.
    private static func bands(_ count: Int, of kind: DeviceKind) -> [[String: (String, Double)]] {
        let base = required(kind.description.bands?.parameters ?? [], of: kind)
        return (0..<count).map { i in
            var band = base
            if kind == .multiband, i + 1 < count { band["up-to"] = ("\(100 << i) Hz", Double(100 << i)) }
            return band
        }
    }

    private static func values(_ rows: [ParameterDescription], _ given: [String: (String, Double)])
        -> [Double]
    {
        rows.map { given[$0.name]?.1 ?? $0.defaultValue ?? .nan }
    }

    private static func text(_ given: [String: (String, Double)]) -> String {
        given.keys.sorted().map { "\($0): \(given[$0]?.0 ?? "")" }.joined(separator: ", ")
    }

    private static let files: [DeviceKind: String] = [
        .convolver: "file: audio/vox.wav", .match: "file: audio/pad44.wav",
    ]

    /// One device per variant, with what it should be read as.
    private static func variants(_ kind: DeviceKind) -> [(text: String, values: [Double], name: String)] {
        let row = kind.description
        let base = required(row.parameters, of: kind)
        let bandRows = row.bands?.parameters ?? []
        let bandCount = row.bands?.count.lowerBound ?? 0
        func device(
            _ given: [String: (String, Double)], _ bands: [[String: (String, Double)]], _ name: String
        ) -> (text: String, values: [Double], name: String) {
            var keys = [text(given)]
            if let file = files[kind] { keys.append(file) }
            if row.bands != nil {
                keys.append("bands: [" + bands.map { "{\(text($0))}" }.joined(separator: ", ") + "]")
            }
            let inside = keys.filter { !$0.isEmpty }.joined(separator: ", ")
            let all = values(row.parameters, given) + bands.flatMap { values(bandRows, $0) }
            return ("\(kind.rawValue): {\(inside)}", all, name)
        }
        let plainBands = bands(bandCount, of: kind)
        var found = [device(base, plainBands, "nothing")]
        for parameter in row.parameters {
            for end in ends(parameter) {
                var given = base
                given[parameter.name] = end
                found.append(device(given, plainBands, "\(parameter.name): \(end.text)"))
            }
        }
        for parameter in bandRows {
            for band in 0..<bandCount {
                // The last band ends where hearing does.
                if parameter.name == "up-to", band == bandCount - 1 { continue }
                for end in ends(parameter) {
                    var bands = plainBands
                    if ["slope", "alignment"].contains(parameter.name) {
                        bands[band]["type"] = ("high-pass", 0)
                    }
                    bands[band][parameter.name] = end
                    found.append(device(base, bands, "\(band) \(parameter.name): \(end.text)"))
                }
            }
        }
        if let most = row.bands?.count.upperBound {
            found.append(device(base, bands(most, of: kind), "\(most) bands"))
        }
        return found
    }

    private static func song(_ devices: [String]) throws -> Song {
        try SessionBench.song(
            "rate: 96 kHz\nlength: 1 s\ntracks:\n"
                + devices.enumerated().map { "  - {name: T\($0), devices: [{\($1)}]}\n" }.joined())
    }

    @Test(arguments: DeviceKind.allCases)
    func `every parameter is read at both ends of its range`(kind: DeviceKind) throws {
        let variants = Self.variants(kind)
        #expect(variants.count > kind.description.parameters.count)
        let song = try Self.song(variants.map(\.text))
        #expect(song.violations.isEmpty)
        for (track, variant) in zip(song.tracks, variants) {
            let device = try #require(track.devices.first)
            #expect(device.kind == kind)
            #expect(device.values == variant.values, "\(kind.rawValue), \(variant.name)")
            #expect(kind.description.violation(of: device.values) == nil, "\(kind.rawValue), \(variant.name)")
            #expect(device.automation.isEmpty && device.key == nil)
            #expect(device.sources == (Self.files[kind] == nil ? [] : [0]))
        }
    }

    @Test(arguments: DeviceKind.allCases)
    func `every parameter that moves is read from end to end`(kind: DeviceKind) throws {
        let row = kind.description
        func automation(_ rows: [ParameterDescription], without absent: String? = nil) -> String {
            let moving = rows.filter { $0.isAutomatable && $0.name != absent }.map { parameter in
                let ends = Self.ends(parameter)
                return "\(parameter.name): [[0.5 s, \(ends[0].text)], [0.75 s, \(ends[1].text), linear]]"
            }
            return moving.isEmpty ? "" : "automation: {" + moving.joined(separator: ", ") + "}"
        }
        let bandRows = row.bands?.parameters ?? []
        let bandCount = row.bands?.count.lowerBound ?? 0
        var keys = [Self.text(Self.required(row.parameters, of: kind)), automation(row.parameters)]
        if let file = Self.files[kind] { keys.append(file) }
        if row.bands != nil {
            // Only a band of a type that has them all can move them all; a last band has no crossover to move.
            let bands = Self.bands(bandCount, of: kind).enumerated().map { index, given in
                let moves = automation(bandRows, without: index == bandCount - 1 ? "up-to" : nil)
                return "{" + [Self.text(given), moves].filter { !$0.isEmpty }.joined(separator: ", ") + "}"
            }
            keys.append("bands: [" + bands.joined(separator: ", ") + "]")
        }
        let inside = keys.filter { !$0.isEmpty }.joined(separator: ", ")
        let song = try Self.song(["\(kind.rawValue): {\(inside)}"])
        #expect(song.violations.isEmpty)
        let device = try #require(song.tracks[0].devices.first)
        let expected = device.values.indices.compactMap { index -> DeviceAutomation? in
            let parameter = row.parameter(at: index).description
            let isInLastBand = index >= row.parameters.count + (bandCount - 1) * bandRows.count
            guard parameter.isAutomatable, !(parameter.name == "up-to" && isInLastBand) else { return nil }
            let ends = Self.ends(parameter)
            return DeviceAutomation(
                parameter: index,
                points: [
                    AutomationPoint(frame: 48_000, value: ends[0].value),
                    AutomationPoint(frame: 72_000, value: ends[1].value, shape: .linear),
                ])
        }
        #expect(device.automation == expected)
        #expect(row.violation(of: device.automation, values: device.values) == nil)
    }

    @Test func `keys, files and times of devices are read`() throws {
        let song = try SessionBench.song(
            """
            tempo: 120
            length: 2 s
            tracks:
              - {name: Kick}
              - name: Bass
                devices:
                  - gate: {threshold: -30 dB, key: Kick}
                  - compressor: {threshold: -20 dB, ratio: inf, attack: 1 ms, release: 50 ms, key: Kick}
                  - bus-compressor: {threshold: -20 dB, ratio: 4:1, key: Glue}
                  - equalizer: {key: Hall, bands: [{type: bell, frequency: 80 Hz, range: -6 dB}]}
                  - delay: {left: 1/8 dotted, right: 480 samples}
                  - delay: {time: 1/4, automation: {mix: [[1|1, 0 %], [1|2, 100 %, linear]]}}
                  - convolver: {file: audio/vox.wav, right-file: audio/vox.wav}
                  - convolver: {file: audio/kick.wav}
                  - match: {file: audio/vox.wav}
                  - equalizer: {mode: linear-phase, bands: [{type: tilt, frequency: 1 kHz, gain: 3 dB, channels: side}]}
            buses: [{name: Glue}]
            returns: [{name: Hall}]
            """)
        #expect(song.violations.isEmpty)
        let devices = song.tracks[1].devices
        #expect(
            devices.map(\.key) == [.track(0), .track(0), .bus(0), .returned(0), nil, nil, nil, nil, nil, nil])
        #expect(devices[1].values[1] == .infinity)
        #expect(devices[4].values[..<2] == [18_000, 480])
        #expect(devices[5].values[..<2] == [24_000, 24_000])
        #expect(
            devices[5].automation == [
                DeviceAutomation(
                    parameter: 6,
                    points: [
                        AutomationPoint(frame: 0, value: 0),
                        AutomationPoint(frame: 24_000, value: 1, shape: .linear),
                    ])
            ])
        #expect(song.sources.count == 2)
        #expect(devices.map(\.sources) == [[], [], [], [], [], [], [0, 0], [1], [0], []])
        #expect(devices[9].values[0] == 1)
    }

    @Test func `shaped dither is read`() throws {
        let bench = try SessionBench([
            "a.yaml": "lathe: 1\nalbum: A\nsongs: [{file: s.yaml}]\n"
                + "deliver: [{format: flac, bits: 16, dither: shaped}, {format: wav, dither: shaped}]\n",
            "s.yaml": "lathe: 1\nsong: S\nlength: 1 s\n",
        ])
        #expect(
            try bench.read("a.yaml").deliveries == [
                Delivery(format: .flac, samples: .integer16, dither: .shaped),
                Delivery(format: .wav, samples: .integer24, dither: .shaped),
            ])
    }
}
