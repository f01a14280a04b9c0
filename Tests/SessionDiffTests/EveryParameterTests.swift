import Quantities
import Session
import SessionDiff
import Testing

/// Every row of the table of devices, so that a new one needs no line in the diff.
@Suite struct EveryParameterTests {
    private static let source = SourceFile(
        path: "/album/a.wav", rateHertz: 48_000, channelCount: 2, frameCount: 480_000, samples: .integer24)

    private func album(_ device: Device) -> ComparedSession {
        let song = Song(
            title: "Song", rateHertz: 48_000, sources: [Self.source],
            tracks: [Track(name: "Track", clips: [Clip(source: 0, atFrame: 0, frameCount: 480)], devices: [device])])
        return ComparedSession(
            album: Album(
                title: "Album", artist: "", songs: [AlbumEntry(song: song, gapSeconds: 0)], loudness: .init(),
                deliveries: []), folder: "/album")
    }

    @Test(arguments: DeviceKind.allCases)
    func `every parameter is told by its own name and in its own unit, static and automated`(kind: DeviceKind) throws {
        var sessions = RandomSessions(seed: 9)
        let song = album(Device(kind: kind, values: [])).album.songs[0].song
        var device = sessions.device(kind, in: song)
        device.automation = []
        let row = kind.description
        for index in device.values.indices {
            let parameter = row.parameter(at: index).description
            for _ in 0..<8 {
                var edited = device
                edited.values[index] = sessions.value(of: parameter, not: device.values[index])
                let found = SessionComparison.changes(from: album(device), to: album(edited))
                let change = try #require(found.first)
                #expect(found.count == 1 && change.part == kind.rawValue, "\(found.map(\.text))")
                #expect(change.parameter.hasSuffix(parameter.name) && change.text.contains(parameter.name))
                #expect(change.from != change.to, "\(change)")
                #expect(isWritten(try #require(change.to), parameter.unit), "\(change.to ?? "")")
            }
            guard parameter.isAutomatable else { continue }
            var edited = device
            let value = sessions.value(of: parameter, not: device.values[index])
            edited.automation = [
                DeviceAutomation(
                    parameter: index,
                    points: [
                        AutomationPoint(frame: 0, value: device.values[index]),
                        AutomationPoint(frame: 48_000, value: value),
                    ])
            ]
            let found = SessionComparison.changes(from: album(device), to: album(edited))
            #expect(found.count == 1 && found[0].parameter.hasSuffix(parameter.name), "\(found.map(\.text))")
            #expect(found[0].stretches == [.init(startSeconds: 1, endSeconds: nil)])
            #expect(found[0].text.contains(" from 0:01"))
        }
    }

    private func isWritten(_ text: String, _ unit: ParameterDescription.Unit) -> Bool {
        switch unit {
        case .decibels: text.hasSuffix(" dB")
        case .truePeak: text.hasSuffix(" dBTP")
        case .hertz: text.hasSuffix("Hz")
        case .percent: text.hasSuffix(" %")
        case .seconds, .delayFrames: text.hasSuffix(" s") || text.hasSuffix(" ms")
        case .ratio: text.hasSuffix(":1") || text == "inf"
        case .number: Double(text) != nil
        case .choice(let words): words.contains(text)
        case .onOff: text == "true" || text == "false"
        }
    }
}
