import Quantities
import Session
import Testing

@Suite struct ViolationsTests {
    private var song: Song {
        Song(
            title: "T", rateHertz: 48_000,
            sources: [
                SourceFile(
                    path: "/a.wav", rateHertz: 48_000, channelCount: 2, frameCount: 1000, samples: .integer24)
            ],
            tracks: [Track(name: "Kick", clips: [Clip(source: 0, atFrame: 0, frameCount: 1000)])],
            buses: [Bus(name: "Drums")], returns: [Bus(name: "Plate")])
    }

    @Test func `a sound song has none`() { #expect(song.violations.isEmpty) }

    struct Damage: Sendable {
        let expected: String
        let apply: @Sendable (inout Song) -> Void

        init(_ expected: String, _ apply: @escaping @Sendable (inout Song) -> Void) {
            self.expected = expected
            self.apply = apply
        }
    }

    private static let damages: [Damage] = [
        Damage("no session rate") { $0.rateHertz = 50_000 },
        Damage("neither clips nor a length") { $0.tracks[0].clips = [] },
        Damage("two channels are called Plate") { $0.buses[0].name = "Plate" },
        Damage("Direct is a reserved name") { $0.buses[0].name = "Direct" },
        Damage("a clip past the end of its file") { $0.tracks[0].clips[0].startFrame = 1 },
        Damage("a clip of no source") { $0.tracks[0].clips[0].source = 1 },
        Damage("fades longer than their clip") {
            $0.tracks[0].clips[0].fadeInFrames = 600
            $0.tracks[0].clips[0].fadeOutFrames = 401
        },
        Damage("no such output") { $0.tracks[0].mixer.output = .bus(1) },
        Damage("a send to no return") { $0.tracks[0].mixer.sends = [Send(to: 1, gain: .unity)] },
        Damage("automation runs backwards") {
            $0.tracks[0].mixer.faderAutomation = [
                AutomationPoint(frame: 5, value: 0), AutomationPoint(frame: 5, value: 0),
            ]
        },
        Damage("a key from no channel") {
            $0.buses[0].devices = [
                Device(
                    .compressor, ["threshold": -9, "ratio": 2, "attack": 0.1, "release": 0.1], key: .track(9))
            ]
        },
    ]

    @Test(arguments: damages)
    func `each broken rule is named`(_ damage: Damage) {
        var broken = song
        damage.apply(&broken)
        #expect(broken.violations.count == 1)
        #expect(broken.violations.first?.contains(damage.expected) == true)
    }
}
