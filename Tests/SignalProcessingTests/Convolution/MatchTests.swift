import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct MatchTests {
    /// A biquad by the audio EQ cookbook: here only a known change of a spectrum.
    private struct Bell {
        let b: [Double]
        let a: [Double]

        init(_ hertz: Double, _ decibels: Double, _ quality: Double, rate: Double) {
            let (gain, w) = (pow(10, decibels / 40), 2 * Double.pi * hertz / rate)
            let alpha = sin(w) / (2 * quality)
            b = [1 + alpha * gain, -2 * cos(w), 1 - alpha * gain]
            a = [1 + alpha / gain, -2 * cos(w), 1 - alpha / gain]
        }

        func applied(to x: [Float]) -> [Float] {
            var (s, t) = (0.0, 0.0)
            return x.map { sample in
                let y = (b[0] * Double(sample) + s) / a[0]
                s = b[1] * Double(sample) - a[1] * y + t
                t = b[2] * Double(sample) - a[2] * y
                return Float(y)
            }
        }

        func decibels(_ hertz: Double, rate: Double) -> Double {
            let w = 2 * Double.pi * hertz / rate
            let power = { (c: [Double]) in
                pow(c[0] + c[1] * cos(w) + c[2] * cos(2 * w), 2) + pow(c[1] * sin(w) + c[2] * sin(2 * w), 2)
            }
            return 10 * log10(power(b) / power(a))
        }
    }

    /// Noise that falls by about 3 dB an octave, with a side 6 dB below the mid.
    private func music(_ frameCount: Int, seed: UInt64 = 11) -> TapSignal {
        var noise = TapNoise(seed: seed)
        var state: [Double] = Array(repeating: 0, count: 6)
        var pink: [[Float]] = []
        for _ in 0..<2 {
            pink.append(
                (0..<frameCount).map { _ in
                    let white = Double(noise.next())
                    for (i, pole) in [0.998, 0.985, 0.93, 0.7].enumerated() {
                        state[i] = pole * state[i] + (1 - pole) * white * [4, 2.5, 1.6, 1][i]
                    }
                    return Float(0.3 * (state[0] + state[1] + state[2] + state[3] + 0.2 * white))
                })
        }
        return TapSignal(
            left: zip(pink[0], pink[1]).map { $0 + 0.5 * $1 }, right: zip(pink[0], pink[1]).map { $0 - 0.5 * $1 })
    }

    private func profile(_ signal: TapSignal, rate: Int = 48_000, block: Int = 10_007) -> SpectrumProfile {
        var analysis = SpectrumAnalysis(rateHertz: rate)
        var start = 0
        while start < signal.left.count {
            let end = min(start + block, signal.left.count)
            analysis.add(
                left: signal.left.span.extracting(start..<end), right: signal.right.span.extracting(start..<end))
            start = end
        }
        return analysis.finish()
    }

    @Test func `the profile does not depend on the blocks and knows level and width`() {
        let signal = TapSignal.noise(100_000)
        let expected = profile(signal)
        #expect(profile(signal, block: 777) == expected)
        #expect(profile(signal, block: 100_000) == expected)
        // Mid and side of independent noise of power 1/48 have half of it each.
        #expect(abs(expected.levelDecibels - 10 * log10(1.0 / 48)) < 0.1)
        #expect(abs(expected.widthDecibels) < 0.1)
        let total = (expected.midDensity.reduce(0, +) + expected.sideDensity.reduce(0, +)) * expected.binHertz
        #expect(abs(10 * log10(total) - expected.levelDecibels) < 0.15)
        #expect(expected.frameCount == 100_000)
    }

    @Test func `a known equalizer is undone`() throws {
        let reference = music(1_440_000)
        let bells = [Bell(100, 4, 0.8, rate: 48_000), Bell(900, -3, 1, rate: 48_000), Bell(6000, 5, 0.9, rate: 48_000)]
        var target = reference
        for bell in bells {
            target.left = bell.applied(to: target.left)
            target.right = bell.applied(to: target.right)
        }
        let match = ReferenceMatch.design(
            reference: profile(reference), target: profile(target), rateHertz: 48_000)
        var worst = 0.0
        for (index, hertz) in match.frequencies.enumerated() where (30...16_000).contains(hertz) {
            let change = bells.reduce(0) { $0 + $1.decibels(hertz, rate: 48_000) }
            worst = max(worst, abs(match.midDecibels[index] + match.levelDecibels + change))
            worst = max(worst, abs(match.sideDecibels[index] + match.levelDecibels + change))
        }
        let fact = Fact(
            "Match", "what is left of a known equalizer, mid and side, 30 Hz to 16 kHz", worst, .atMost(0.5),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
        // And by ear, as it were: the matched song measured again.
        let kernel = match.kernel(isLevelMatched: true)
        let matched = try SegmentedConvolution(kernel: kernel).render(target, frameCount: 480_000)
        let part = TapSignal(
            left: Array(reference.left[..<480_000]), right: Array(reference.right[..<480_000]))
        let (a, b) = (profile(matched), profile(part))
        #expect(abs(a.levelDecibels - b.levelDecibels) < 0.2)
        #expect(abs(a.widthDecibels - b.widthDecibels) < 0.2)
    }

    @Test func `equal files give a flat curve`() {
        let signal = profile(music(300_000))
        let match = ReferenceMatch.design(reference: signal, target: signal, rateHertz: 96_000)
        let worst = (match.midDecibels + match.sideDecibels + [match.levelDecibels]).map(abs).max() ?? 1
        let fact = Fact("Match", "curve and gain for equal files", worst, .atMost(0.1), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(match.impulse(isLevelMatched: true).count == 1)
    }

    @Test func `files of different rates are compared where both have something`() {
        // The same tones and noise floor at both rates: white noise has a density that depends on the rate.
        var noise = TapNoise(seed: 2)
        let low = profile(
            TapSignal(left: noise.frames(400_000, gain: 0.5), right: noise.frames(400_000, gain: 0.5)), rate: 44_100)
        let high = profile(
            TapSignal(left: noise.frames(800_000, gain: 0.5), right: noise.frames(800_000, gain: 0.5)), rate: 96_000)
        let match = ReferenceMatch.design(reference: low, target: high, rateHertz: 48_000)
        for (index, hertz) in match.frequencies.enumerated() {
            // Low bands are narrow, so their noise differs by chance.
            let tolerance = hertz < 200 ? 2.5 : 0.7
            #expect(abs(match.midDecibels[index]) < tolerance && abs(match.sideDecibels[index]) < tolerance)
        }
        #expect(match.mid.taps.count == match.side.taps.count)
        #expect(abs(match.levelDecibels) < 0.2)
    }

    @Test func `a silent side and silence leave everything as it is`() {
        let stereo = music(200_000)
        let mono = TapSignal(left: stereo.left, right: stereo.left)
        let silence = TapSignal(
            left: Array(repeating: 0, count: 50_000), right: Array(repeating: 0, count: 50_000))
        for (reference, target) in [(mono, stereo), (stereo, mono)] {
            let match = ReferenceMatch.design(
                reference: profile(reference), target: profile(target), rateHertz: 48_000)
            #expect(match.sideDecibels.allSatisfy { $0 == 0 })
        }
        let nothing = profile(TapSignal(left: [], right: []))
        for other in [profile(silence), nothing] {
            let match = ReferenceMatch.design(reference: other, target: profile(stereo), rateHertz: 48_000)
            #expect((match.midDecibels + match.sideDecibels).allSatisfy { $0 == 0 })
            #expect(match.levelDecibels == 0)
            #expect(other.levelDecibels == -.infinity && other.widthDecibels == -.infinity)
        }
    }

    @Test func `the clamp, the amount and the mode are obeyed`() throws {
        let reference = music(300_000)
        let bell = Bell(1000, 15, 1, rate: 48_000)
        let target = TapSignal(left: bell.applied(to: reference.left), right: reference.right)
        let (a, b) = (profile(reference), profile(target))
        let full = ReferenceMatch.design(reference: a, target: b, rateHertz: 48_000)
        let most = (full.midDecibels + full.sideDecibels).map(abs).max() ?? 0
        #expect(most == 6)
        var settings = try #require(ReferenceMatch.Settings(values: [0.5, 3, 0.5, 0, 1]))
        let half = ReferenceMatch.design(reference: a, target: b, settings, rateHertz: 48_000)
        #expect(half.midDecibels.map(abs).max() == 3)
        #expect(half.midDecibels == half.sideDecibels)
        settings.amount = 0
        let none = ReferenceMatch.design(reference: a, target: b, settings, rateHertz: 48_000)
        #expect(none.midDecibels.allSatisfy { $0 == 0 })
        #expect(ReferenceMatch.Settings.names == ["amount", "clamp", "smoothing", "level", "mode"])
        #expect(ReferenceMatch.Settings(values: [1, 13, 0.5, 0, 1]) == nil)
        #expect(ReferenceMatch.Settings(values: [1, 6, 0.5, 0.5, 1]) == nil)
    }

    @Test func `mid and side go through their own filters`() throws {
        let reference = music(200_000)
        let bell = Bell(2000, 6, 1, rate: 48_000)
        // Only the side is changed.
        let mid = zip(reference.left, reference.right).map { ($0 + $1) / 2 }
        let side = bell.applied(to: zip(reference.left, reference.right).map { ($0 - $1) / 2 })
        let target = TapSignal(left: zip(mid, side).map { $0 + $1 }, right: zip(mid, side).map { $0 - $1 })
        let match = ReferenceMatch.design(
            reference: profile(reference), target: profile(target), rateHertz: 48_000)
        #expect(match.midDecibels.map(abs).max() ?? 1 < 0.1)
        #expect(match.sideDecibels.map(abs).max() ?? 0 > 4)
        #expect(match.impulse(isLevelMatched: false).count == 4)
        let matched = try SegmentedConvolution(kernel: match.kernel(isLevelMatched: false))
            .render(target, frameCount: 200_000)
        let restored = zip(matched.left, matched.right).map { ($0 + $1) / 2 }
        let worst = zip(restored[20_000..<180_000], mid[20_000..<180_000]).map { abs($0 - $1) }.max() ?? 1
        #expect(worst < 0.02)
    }
}
