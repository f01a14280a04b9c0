import Foundation
import Quantities
import Release
import TestSupport
import Testing

@Suite struct StemsNullTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory("lathe-release") }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// Writes three stems of 40,000 frames and their sum; integers over 2^20 add without rounding.
    private func write(isExact: Bool, edit: (inout [[Float]]) -> Void = { _ in }) throws -> [String] {
        var numbers = TestNumbers(state: 3)
        var sums = [[Double]](repeating: [Double](repeating: 0, count: 40_000), count: 2)
        let paths = ["1.wav", "2.wav", "3.wav"].map(path)
        for path in paths {
            let planes = (0..<2).map { channel in
                (0..<40_000).map { frame in
                    let sample =
                        isExact
                        ? Float(Int.random(in: -1_000...1_000, using: &numbers)) / 1_048_576
                        : Float.random(in: -0.3...0.3, using: &numbers)
                    sums[channel][frame] += Double(sample)
                    return sample
                }
            }
            try writeFloatWave(path, planes)
        }
        var preMaster = sums.map { $0.map { Float($0) } }
        edit(&preMaster)
        try writeFloatWave(path("pre-master.wav"), preMaster)
        return paths
    }

    @Test func `stems that cancel leave nothing`() throws {
        let paths = try write(isExact: true)
        let null = try StemsNull.measure(stemPaths: paths, preMasterPath: path("pre-master.wav"))
        #expect(null.peakDecibels == -.infinity && null.rmsDecibels == -.infinity)
        #expect(null.isExact && null.firstDifferingFrame == nil)
    }

    @Test func `the rounding of the pre-master is all that remains of real stems`() throws {
        let paths = try write(isExact: false)
        let null = try StemsNull.measure(stemPaths: paths, preMasterPath: path("pre-master.wav"))
        #expect(null.isExact)
        // Half a unit in the last place of a Float32 below 1 is 2^-25: -150.5 dBFS.
        #expect(null.peakDecibels <= 20 * log10(pow(2, -25)) && null.peakDecibels > -165)
        #expect(null.rmsDecibels < null.peakDecibels)
    }

    @Test func `a planted error is found at its level and frame`() throws {
        let paths = try write(isExact: true) { $0[1][33_333] += 1.0 / 1_024 }
        let null = try StemsNull.measure(stemPaths: paths, preMasterPath: path("pre-master.wav"))
        #expect(abs(null.peakDecibels - 20 * log10(1.0 / 1_024)) < 1e-9)
        #expect(abs(null.rmsDecibels - 10 * log10(1.0 / 1_048_576 / 80_000)) < 1e-9)
        #expect(!null.isExact && null.firstDifferingFrame == 33_333)
    }

    @Test func `a missing stem is heard`() throws {
        let paths = try write(isExact: true)
        let null = try StemsNull.measure(
            stemPaths: Array(paths.dropLast()), preMasterPath: path("pre-master.wav"))
        #expect(null.peakDecibels > -61 && !null.isExact)
    }

    @Test func `files that do not belong together are refused`() throws {
        let paths = try write(isExact: true)
        try writeFloatWave(path("short.wav"), planarFrames(39_999))
        try writeFloatWave(path("rate.wav"), planarFrames(40_000), rate: 44_100)
        try writeFloatWave(path("mono.wav"), planarFrames(40_000, channelCount: 1))
        for odd in ["short.wav", "rate.wav", "mono.wav"] {
            let error = #expect(throws: ReleaseError.self) {
                try StemsNull.measure(stemPaths: paths + [path(odd)], preMasterPath: path("pre-master.wav"))
            }
            #expect(error?.code == .mismatch && error?.path == path(odd))
        }
        #expect(throws: ReleaseError(.readFailed, "", path: "")) {
            try StemsNull.measure(stemPaths: [path("gone.wav")], preMasterPath: path("pre-master.wav"))
        }
    }

    @Test func `samples that are no numbers are refused`() throws {
        let paths = try write(isExact: true) { $0[0][7] = .nan }
        #expect(throws: ReleaseError(.notFinite, "", path: "")) {
            try StemsNull.measure(stemPaths: paths, preMasterPath: path("pre-master.wav"))
        }
    }
}

@Suite struct DeliveredCheckTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory("lathe-release") }

    private func check(_ planes: [[Float]], rate: Int = 48_000) throws -> DeliveredCheck {
        let path = "\(folder.path)/\(UUID().uuidString).wav"
        try writeFloatWave(path, planes, rate: rate)
        return try DeliveredCheck.measure(path: path)
    }

    private func sine(
        _ hertz: Double, decibels: Double, seconds: Double, rate: Int = 48_000, phase: Double = 0
    ) -> [[Float]] {
        let gain = pow(10, decibels / 20)
        let plane = (0..<Int(seconds * Double(rate))).map { frame in
            Float(gain * sin(2 * .pi * hertz * Double(frame) / Double(rate) + phase))
        }
        return [plane, plane]
    }

    /// EBU Tech 3341, test case 1: 1 kHz at -23 dBFS on both channels is -23.0 LUFS.
    @Test(arguments: [44_100, 48_000, 96_000])
    func `a reference tone measures as the standard says, across windows`(rate: Int) throws {
        let found = try check(sine(1_000, decibels: -23, seconds: 21.7, rate: rate), rate: rate)
        #expect(abs(try #require(found.integrated).value + 23) < 0.05)
        #expect(abs(try #require(found.shortTermMaximum).value + 23) < 0.05)
        #expect(abs(try #require(found.momentaryMaximum).value + 23) < 0.05)
        #expect(abs(try #require(found.truePeak).value + 23) < 0.02)
        #expect(try #require(found.samplePeak).value <= -22.99)
        #expect(found.verdict(target: LUFS(-23), ceiling: DecibelsTruePeak(-1)) == [])
        let reasons = found.verdict(target: LUFS(-22.8), ceiling: DecibelsTruePeak(-23.2))
        #expect(reasons.count == 2)
        #expect(reasons[0].contains("LUFS") && reasons[1].contains("dBTP"))
    }

    /// A quarter of the rate at 45 degrees: the samples stand at -3.01 dB of the wave's peak.
    @Test func `peaks between samples count against the ceiling`() throws {
        let wave = sine(12_000, decibels: -0.5, seconds: 1, phase: .pi / 4)
        let found = try check(wave)
        #expect(abs(try #require(found.samplePeak).value + 3.51) < 0.01)
        #expect(abs(try #require(found.truePeak).value + 0.5) < 0.1)
        #expect(found.verdict(target: nil, ceiling: DecibelsTruePeak(-1)).count == 1)
        #expect(found.verdict(target: nil, ceiling: DecibelsTruePeak(0)) == [])
    }

    @Test func `the tolerance of the ceiling is five hundredths`() throws {
        let found = try check(sine(997, decibels: -1, seconds: 1))
        let peak = try #require(found.truePeak).value
        #expect(found.verdict(target: nil, ceiling: DecibelsTruePeak(peak - 0.049)) == [])
        #expect(found.verdict(target: nil, ceiling: DecibelsTruePeak(peak - 0.051)).count == 1)
    }

    @Test func `silence, shortness and broken samples are told apart`() throws {
        let silent = try check([[Float]](repeating: [Float](repeating: 0, count: 48_000), count: 2))
        #expect(silent.integrated == nil && silent.truePeak?.value == -.infinity)
        #expect(silent.verdict(target: nil, ceiling: DecibelsTruePeak(-1)) == [])
        #expect(silent.verdict(target: LUFS(-14), ceiling: nil).first?.contains("cannot be measured") == true)
        var broken = sine(997, decibels: -6, seconds: 1)
        broken[1][100] = .nan
        let found = try check(broken)
        #expect(found.truePeak == nil)
        #expect(found.verdict(target: nil, ceiling: DecibelsTruePeak(-1)).first?.contains("NaN") == true)
        #expect(throws: ReleaseError(.readFailed, "", path: "")) {
            try DeliveredCheck.measure(path: "\(folder.path)/gone.wav")
        }
    }

    @Test func `an album's target holds for its songs together`() throws {
        let songs = [
            try check(sine(1_000, decibels: -20, seconds: 5)),
            try check(sine(1_000, decibels: -26, seconds: 5)),
        ]
        // The mean power of the two: 10 log10((10^-2 + 10^-2.6) / 2) = -22.03 LUFS.
        #expect(DeliveredCheck.albumVerdict(songs, target: LUFS(-22)) == [])
        #expect(DeliveredCheck.albumVerdict(songs, target: LUFS(-20)).count == 1)
    }
}
