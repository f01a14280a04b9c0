import Foundation
import Hashing
import LoudnessChecks
import Measuring
import Quantities
import RenderHarness
import SoundFiles
import Testing

/// Files measured by threads.
@Suite struct MeasuringPoolTests {
    private func inputs(_ workshop: Workshop, _ names: [String]) -> [MeasureInput] {
        names.map { MeasureInput(path: workshop.path($0), id: $0, title: $0, scope: .song, group: ".") }
    }

    private func measure(
        _ inputs: [MeasureInput], _ change: (inout MeasuringOptions) -> Void = { _ in }
    ) -> [CheckedItem.Outcome] {
        var options = MeasuringOptions()
        options.hashesSamples = true
        change(&options)
        return MeasuringPool(inputs, options: options).run { _ in }.map(\.outcome)
    }

    @Test func `a long file measures the same to the last bit by one thread, by many, and in pieces`() throws {
        let workshop = try Workshop()
        // Two and a bit stretches, ending inside a second, a hop and a block.
        try workshop.sound("long.wav", Sounds.chord, seconds: 137.123, rate: 44_100)
        let files = inputs(workshop, ["long.wav"])
        let one = measure(files)
        let measurement = try #require(one[0].measurement)
        #expect(measurement.form.frameCount == Int(137.123 * 44_100))
        #expect(measurement.curves.second.count == 137)
        for workers in [2, 5] {
            #expect(measure(files) { $0.workerCount = workers } == one, "\(workers) threads")
        }
        // Many files are not cut.
        let many = [MeasureInput](repeating: files[0], count: 9)
        #expect(measure(many) { $0.workerCount = 2 } == [CheckedItem.Outcome](repeating: one[0], count: 9))
    }

    @Test func `the digest is that of the decoded samples, whatever wraps them`() throws {
        let workshop = try Workshop()
        try workshop.sound("a.wav", Sounds.chord, seconds: 70)
        let bytes = try workshop.bytes("a.wav")
        // The same samples behind another chunk.
        let extra: [UInt8] = Array("note".utf8) + [4, 0, 0, 0, 1, 2, 3, 4]
        var tagged = Array(bytes[..<12]) + extra + Array(bytes[12...])
        let size = UInt32(tagged.count - 8)
        for i in 0..<4 { tagged[4 + i] = UInt8(truncatingIfNeeded: size >> UInt32(8 * i)) }
        try Data(tagged).write(to: URL(fileURLWithPath: workshop.path("b.wav")))
        let hasher = SHA256Hasher()
        try SoundFileReader(path: workshop.path("a.wav")).forEachPart { _, bytes in hasher.update(bytes) }
        let expected = hasher.finishHexadecimal()
        for workers in [1, 3] {
            let outcomes = measure(inputs(workshop, ["a.wav", "b.wav"])) { $0.workerCount = workers }
            let digests = outcomes.map { $0.measurement?.pcmSHA256 }
            #expect(digests == [expected, expected])
        }
    }

    @Test func `a file that cannot be measured says why, and the others are measured`() throws {
        let workshop = try Workshop()
        try workshop.sound("good.wav", Sounds.chord, seconds: 1)
        try workshop.write("text.wav", "This is no sound.")
        try workshop.write("empty.wav", "")
        let whole = try workshop.bytes("good.wav")
        try Data(whole[..<(whole.count / 2)]).write(to: URL(fileURLWithPath: workshop.path("cut.wav")))
        try workshop.sound("slow.wav", Sounds.chord, seconds: 1, rate: 22_050)
        let names = ["text.wav", "good.wav", "empty.wav", "cut.wav", "absent.wav", "slow.wav"]
        let reasons = measure(inputs(workshop, names)) { $0.workerCount = 2 }.map { outcome -> String in
            if case .failed(let reason) = outcome { return reason }
            return "measured"
        }
        let wanted = [
            "is not a sound file that Lathe reads", "measured", "is an empty file", "is cut short", "does not exist",
            "has a rate of 22050 Hz",
        ]
        for (reason, words) in zip(reasons, wanted) { #expect(reason.contains(words), "\(reason)") }
    }

    @Test func `what has no value says why, and only levels of silence are minus infinity`() throws {
        let workshop = try Workshop()
        try workshop.sound("short.wav", Sounds.chord, seconds: 0.3)
        try workshop.sound("silent.wav", { _, _ in (0, 0) }, seconds: 4)
        try workshop.sound("broken.wav", Sounds.broken, seconds: 4, samples: .float32)
        let outcomes = measure(inputs(workshop, ["short.wav", "silent.wav", "broken.wav"]))
        let values = outcomes.compactMap { $0.measurement?.values }
        #expect(values.count == 3)
        #expect(values[0][.integrated] == .unmeasurable("shorter than 400 ms"))
        #expect(values[0][.range] == .unmeasurable("shorter than 3 s"))
        #expect(values[1][.integrated] == .unmeasurable("silent"))
        #expect(values[1][.truePeak] == .number(-.infinity))
        #expect(values[2][.integrated] == .unmeasurable("a sample is no number"))
        #expect(values[2][.nonFiniteSamples] == .number(2))
        for value in values { #expect(value.entries.count == 27) }
    }

    @Test func `one channel counts once, or as two loudspeakers where asked`() throws {
        let workshop = try Workshop()
        try workshop.sound("mono.wav", Sounds.chord, seconds: 2, channels: 1)
        func integrated(_ isDual: Bool) throws -> Double {
            let outcome = measure(inputs(workshop, ["mono.wav"])) { $0.isMonoDual = isDual }[0]
            guard case .measured(let value) = outcome else { throw HarnessError("not measured") }
            return try #require(value.values[.integrated]?.number)
        }
        #expect(abs(try integrated(true) - integrated(false) - 3.0103) < 1e-4)
    }

    @Test func `loudness and peaks alone are the same numbers`() throws {
        let workshop = try Workshop()
        try workshop.sound("a.wav", Sounds.chord, seconds: 9.5)
        let files = inputs(workshop, ["a.wav"])
        guard case .measured(let full) = measure(files)[0],
            case .measured(let quick) = measure(files, { $0.measuresSignal = false })[0]
        else { throw HarnessError("not measured") }
        for metric in [Metric.integrated, .truePeak, .range, .overs, .peakToLoudness] {
            #expect(quick.values[metric] == full.values[metric], "\(metric.name)")
        }
        #expect(quick.values[.correlation] == nil)
        #expect(quick.pcmSHA256 == full.pcmSHA256 && full.pcmSHA256 != nil)
    }
}

extension CheckedItem.Outcome {
    fileprivate var measurement: LoudnessChecks.Measurement? {
        if case .measured(let value) = self { return value }
        return nil
    }
}
