import Foundation
import LoudnessChecks
import Measuring
import Quantities
import RenderHarness
import Testing

/// Songs as an album, and stems against their mix.
@Suite struct GroupTests {
    private func report(_ workshop: Workshop, _ arguments: [String], mix: String? = nil) throws -> CheckReport {
        let inputs = try InputCollector.collect(arguments, in: workshop.path, mix: mix)
        let options = MeasuringOptions()
        let measured = MeasuringPool(inputs.items, options: options).run { _ in }
        return ReportAssembly.report(inputs, measured, identity: options.identity(lathe: "1"))
    }

    @Test func `an album pools gating blocks: a soft song below the gate of all does not count`() throws {
        let workshop = try Workshop()
        let tone = { (gain: Double) in
            { (frame: Int, rate: Int) in
                let value = gain * Double.tone(frame, rate)
                return (value, value)
            }
        }
        // -23 LUFS for 20 s and -50 LUFS for 20 s: the relative gate of both together drops the second.
        try workshop.sound("masters/a.wav", tone(0.0708), seconds: 20)
        try workshop.sound("masters/b.wav", tone(0.00317), seconds: 20)
        let group = try #require(try report(workshop, ["masters"]).groups.first)
        let album = try #require(group.values[.integrated]?.number)
        #expect(abs(album + 23.0) < 0.1, "\(album)")
        #expect(abs(try #require(group.values[.spread]?.number) - 27) < 0.1)
        for metric in Metric.all where metric.isForAlbums && metric != .stemsNull {
            #expect(group.values[metric] != nil, "\(metric.name)")
        }
        #expect(group.values[.duration] == .number(40))
    }

    @Test func `an album with a song that cannot be measured has no values`() throws {
        let workshop = try Workshop()
        try workshop.sound("sounds/a.wav", Sounds.chord, seconds: 2)
        try workshop.write("sounds/b.wav", "no sound")
        let group = try #require(try report(workshop, ["sounds"]).groups.first)
        #expect(group.values.entries.isEmpty && group.failure != nil)
    }

    @Test func `stems that sum to their mix leave nothing, and a changed one is heard`() throws {
        let workshop = try Workshop()
        try workshop.sound("a.wav", Sounds.chord, seconds: 1, samples: .float32)
        try workshop.sound("b.wav", Sounds.thump, seconds: 1, samples: .float32)
        try workshop.sound(
            "mix.wav",
            { frame, rate in
                let (a, b) = (Sounds.chord(frame, rate), Sounds.thump(frame, rate))
                return (Double(Float(a.0)) + Double(Float(b.0)), Double(Float(a.1)) + Double(Float(b.1)))
            }, seconds: 1, samples: .float32)
        let good = try report(workshop, ["a.wav", "b.wav"], mix: "mix.wav")
        let null = try #require(good.groups.first { $0.values[.stemsNull] != nil }?.values[.stemsNull]?.number)
        #expect(null < -140, "\(null)")
        let wrong = try report(workshop, ["a.wav"], mix: "mix.wav")
        let rest = try #require(wrong.groups.first { $0.values[.stemsNull] != nil }?.values[.stemsNull]?.number)
        #expect(rest > -6)
    }
}

extension Double {
    /// A sine of 1 kHz.
    fileprivate static func tone(_ frame: Int, _ rate: Int) -> Double {
        sin(2 * .pi * 1_000 * Double(frame % rate) / Double(rate))
    }
}
