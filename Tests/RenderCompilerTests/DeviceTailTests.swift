import RenderCompiler
import Session
import Testing

/// The declared tail of a device whose parameters move is the longest that it has on the way.
@Suite struct DeviceTailTests {
    private func tail(_ device: Device, tailLimitFrames: Int = 100 * 48_000) throws -> Int {
        var song = smallSong(trackCount: 1, clipFrames: 48_000)
        song.tailLimitFrames = tailLimitFrames
        song.tracks[0].devices = [device]
        #expect(song.violations.isEmpty)
        return try compile(song).plan.frameCount - 48_000
    }

    private func automated(_ device: Device, _ curves: [(name: String, values: [Double])]) -> Device {
        var copy = device
        copy.automation = curves.map { curve in
            DeviceAutomation(
                parameter: device.kind.description.index(of: curve.name),
                points: curve.values.enumerated().map {
                    AutomationPoint(frame: 9000 * $0, value: $1, shape: .linear)
                })
        }
        copy.automation.sort { $0.parameter < $1.parameter }
        return copy
    }

    private func reverb(_ decay: Double, low: Double = 1) -> Device {
        Device(.reverb, ["decay": .number(decay), "low-decay": .number(low)])
    }

    @Test func `A reverb rings as long as its longest decay`() throws {
        let (short, long) = (try tail(reverb(0.5)), try tail(reverb(4)))
        #expect(long > 2 * short)
        for decays in [[0.5, 4.0, 0.5], [4, 0.5], [0.5, 4]] {
            #expect(try tail(automated(reverb(0.5), [("decay", decays)])) == long)
            // What the curve replaces is never heard.
            #expect(try tail(automated(reverb(20), [("decay", decays)])) == long)
        }
        let both = automated(reverb(0.5), [("decay", [4, 0.5]), ("low-decay", [0.5, 2, 1])])
        #expect(try tail(both) == tail(reverb(4, low: 2)))
        #expect(try tail(both, tailLimitFrames: 1000) == 1000)
    }

    @Test func `A delay repeats as often as its highest feedback lets it`() throws {
        func delay(_ feedback: Double) -> Device {
            Device(.delay, ["left": 4800, "right": 4800, "feedback": .number(feedback)])
        }
        let moving = automated(delay(0.1), [("feedback", [0.1, 0.8, 0]), ("mix", [0, 1])])
        #expect(try tail(moving) == tail(delay(0.8)))
        #expect(try tail(delay(0.8)) > tail(delay(0.1)))
    }
}
