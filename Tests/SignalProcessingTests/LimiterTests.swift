import Foundation
import SignalProcessing
import Testing

@Suite("True-peak limiter") struct LimiterTests {
    private func limiter(
        ceiling: Double = -1, release: Double = 0.08, gain: Double = 0, rateHertz: Int = 48_000
    ) -> TruePeakLimiter {
        TruePeakLimiter(
            .design(
                ceilingDecibels: ceiling, releaseSeconds: release, gainDecibels: gain, rateHertz: rateHertz))
    }

    enum Overload: String, CaseIterable {
        case quarterRateBursts, drums, hiHats, loudNoise, noise, tones, clicks, signs

        func signal(rateHertz: Int, frameCount: Int, seed: UInt64 = 7) -> StereoSignal {
            var noise = TestNoise(seed: seed)
            let rate = Double(rateHertz)
            var last = (0.0, 0.0)
            return StereoSignal(frameCount: frameCount) { i in
                let t = Double(i) / rate
                switch self {
                case .quarterRateBursts:
                    // Samples at 1.0, true peak 3.01 dB above.
                    let x =
                        (i / 3000) % 2 == 0
                        ? 2.0.squareRoot() * sin(Double.pi / 2 * Double(i) + Double.pi / 4) : 0
                    return (x, -x)
                case .drums:
                    let beat = t.truncatingRemainder(dividingBy: 0.25)
                    let drum = exp(-beat * 30) * sin(2 * Double.pi * (60 * beat + 8 * (1 - exp(-beat * 40))))
                    let x = 2.8 * (drum + 0.7 * exp(-beat * 120) * noise.normal())
                    return (x, 0.8 * x + 0.1 * exp(-beat * 60) * noise.normal())
                case .hiHats:
                    // Noise up to half the rate, its lows taken away, every 31 ms.
                    let (a, b) = (noise.normal(), noise.normal())
                    defer { last = (a, b) }
                    let hit = exp(-60 * t.truncatingRemainder(dividingBy: 0.03125))
                    return (hit * (a - last.0), hit * (0.5 * (a - last.0) + 0.7 * (b - last.1)))
                case .loudNoise: return (noise.normal(), noise.normal())
                case .noise: return (0.3 * noise.normal(), 0.3 * noise.normal())
                case .tones:
                    return (
                        2 * sin(2 * Double.pi * 997 * t),
                        1.5 * sin(2 * Double.pi * 19_997 * t) + 0.5 * sin(2 * Double.pi * 4000 * t)
                    )
                case .clicks:
                    return (
                        noise.uniform() < 0.01 ? 3 * noise.normal() : 0, noise.uniform() < 0.5 ? 1.2 : -1.2
                    )
                case .signs:
                    // Samples at 0.8; the true peak is some 7 dB above.
                    return (noise.uniform() < 0.5 ? 0.8 : -0.8, noise.uniform() < 0.5 ? 0.8 : -0.8)
                }
            }
        }
    }

    /// What each meter reads of the louder channel, in dB re 1.0.
    private func readings(_ signal: StereoSignal) -> [Double] {
        LimiterMeter.all.map { max($0.truePeakDecibels(signal.left), $0.truePeakDecibels(signal.right)) }
    }

    @Test(
        "Hi-hats up to half the rate do not pass the ceiling on blunt or sharp meters", arguments: 1...4,
        [44_100, 48_000, 96_000])
    func hiHats(seed: Int, rateHertz: Int) {
        let input = Overload.hiHats.signal(rateHertz: rateHertz, frameCount: 30_000, seed: UInt64(seed))
        var limiter = limiter(rateHertz: rateHertz)
        let read = readings(processed(input, by: &limiter))
        #expect(read.allSatisfy { $0 <= -1 + 0.05 }, "\(read)")
    }

    @Test(
        "The ceiling holds within 0.05 dB as read at 16 times by 24 to 128 taps",
        arguments: Overload.allCases, [44_100, 48_000, 96_000])
    func ceiling(overload: Overload, rateHertz: Int) throws {
        let input = overload.signal(rateHertz: rateHertz, frameCount: 20_000)
        #expect(readings(input).allSatisfy { $0 > 0 })
        for ceiling in [-1.0, -0.1] {
            var limiter = limiter(ceiling: ceiling, rateHertz: rateHertz)
            let read = readings(processed(input, by: &limiter))
            let peak = try #require(read.max())
            #expect(peak <= ceiling + 0.05, "\(read)")
            // Nor is it far below: the gain is not lower than it has to be.
            #expect(peak >= ceiling - 0.15)
        }
    }

    @Test(
        "A tenth of a decibel below the ceiling tones pass bit for bit",
        arguments: [997.0, 11_000, 12_000, 19_997])
    func tonesBelow(hertz: Double) {
        var limiter = limiter(ceiling: -1)
        let level = pow(10, -1.1 / 20)
        // Faded in, as a tone that begins at once overshoots between the samples.
        let input = StereoSignal(frameCount: 20_000) { i in
            let radians = 2 * Double.pi * hertz * Double(i) / 48_000 + Double.pi / 4
            let fade = 0.5 - 0.5 * cos(Double.pi * min(1, Double(i) / 5000))
            return (level * fade * sin(radians), level * fade * cos(radians))
        }
        let output = processed(input, by: &limiter)
        let latency = limiter.latencyFrames
        #expect(output.left[latency...].elementsEqual(input.left.dropLast(latency)))
        #expect(output.right[latency...].elementsEqual(input.right.dropLast(latency)))
        #expect(limiter.minimumGain == 1)
    }

    @Test("Below the ceiling the output is the input, bit for bit")
    func identity() {
        for (rate, latency) in [(44_100, 133), (48_000, 133), (96_000, 205), (192_000, 349)] {
            var noise = TestNoise(seed: 3)
            let input = StereoSignal(frameCount: 20_000) { _ in
                (0.5 * (noise.uniform() - 0.5), 0.5 * (noise.uniform() - 0.5))
            }
            var limiter = limiter(rateHertz: rate)
            #expect(limiter.latencyFrames == latency)
            let output = processed(input, by: &limiter)
            #expect(Array(output.left[latency...]) == Array(input.left.dropLast(latency)))
            #expect(Array(output.right[latency...]) == Array(input.right.dropLast(latency)))
            #expect(output.left[..<latency].allSatisfy { $0 == 0 })
            #expect(limiter.takeMinimumGain() == 1)
        }
    }

    @Test("An impulse comes out after the latency, limited to the ceiling")
    func latency() throws {
        for rate in [48_000, 96_000, 192_000] {
            var limiter = limiter(ceiling: -1, gain: 6, rateHertz: rate)
            let output = processed(
                StereoSignal(frameCount: 2000) { $0 == 500 ? (1, 0.5) : (0, 0) }, by: &limiter)
            let peak = try #require(
                output.left.indices.max { output.left[$0].magnitude < output.left[$1].magnitude })
            #expect(peak == 500 + limiter.latencyFrames)
            #expect(abs(20 * log10(Double(output.left[peak])) + 1.03) < 0.01)
            // Linked: the ratio of the channels stays.
            #expect(output.right[peak] == output.left[peak] / 2)
            let gain = limiter.takeMinimumGain()
            #expect(abs(20 * log10(Double(gain)) + 6 + 1.03) < 0.01)
            #expect(limiter.minimumGain == 1)
        }
    }

    @Test(
        "After an isolated peak 63 % of the reduction is gone in the release time",
        arguments: [0.02, 0.08, 0.5])
    func release(seconds: Double) throws {
        var limiter = limiter(release: seconds)
        let input = StereoSignal(frameCount: 96_000) { $0 == 1000 ? (3, 3) : (0.1, 0.1) }
        let output = processed(input, by: &limiter)
        // The hold ends 8 frames after the peak, then the smoothing lags by half its length.
        let start = 1000 + limiter.latencyFrames + 40
        let reductions = output.left[start...].map { 1 - Double($0) / 0.1 }
        let first = reductions[0]
        let constant = try #require(reductions.firstIndex { $0 <= first * exp(-1) })
        #expect(abs(Double(constant) / 48_000 / seconds - 1) < 0.05)
    }

    @Test("Lasting reduction is released more slowly")
    func slowStage() throws {
        func frames(loudFrames: Int) throws -> Int {
            var limiter = limiter()
            let input = StereoSignal(frameCount: loudFrames + 96_000) {
                let x = ($0 < loudFrames ? 2.0 : 0.05) * sin(2 * Double.pi * 1000 * Double($0) / 48_000)
                return (x, 0.01)
            }
            let output = processed(input, by: &limiter)
            let end = loudFrames + limiter.latencyFrames + 100
            return try #require(output.right[end...].firstIndex { $0 > 0.0095 }) - end
        }
        #expect(try frames(loudFrames: 96_000) > 3 * frames(loudFrames: 200))
    }

    @Test("A 50 Hz tone at 6 dB of reduction has little distortion")
    func distortion() {
        var limiter = limiter(gain: 5)
        let input = StereoSignal(frameCount: 144_000) {
            let x = sin(2 * Double.pi * 50 * Double($0) / 48_000)
            return (x, x)
        }
        let output = processed(input, by: &limiter).left[96_000...].map(Double.init)
        let fit = RateToneFit(output, cyclesPerFrame: 50.0 / 48_000)
        #expect(fit.residualDecibels < -25)
    }

    @Test("Blocks of any length give the same bits", arguments: [48_000, 192_000])
    func blocks(rateHertz: Int) throws {
        try expectBlockInvariance(
            { limiter(ceiling: -3, gain: 3, rateHertz: rateHertz) }, rateHertz: rateHertz)
    }

    @Test("States become equal at the first boundary", arguments: ConvergenceStimulus.allCases)
    func convergence(stimulus: ConvergenceStimulus) throws {
        let boundary = try convergenceBoundary({ limiter(gain: 3) }, stimulus, rateHertz: 48_000, limit: 3)
        #expect(boundary == 1)
    }

    @Test("The snapshot has the stated size, and NaN or infinity refuses it")
    func snapshot() throws {
        #expect(try snapshotBytes(limiter()).count == 1628)
        #expect(try snapshotBytes(limiter(rateHertz: 192_000)).count == 4 * (2 + 2 * 349 + 318 + 253))
        expectPoisonRefused { limiter() }
        var reader = SnapshotReader([1, 2, 3])
        var processor = limiter()
        #expect(throws: SnapshotError.malformed) { try processor.read(from: &reader) }
    }

    @Test("Coefficients survive being plain numbers")
    func coefficients() {
        let design = LimiterCoefficients.design(
            ceilingDecibels: -1, releaseSeconds: 0.1, gainDecibels: 2, rateHertz: 96_000)
        #expect(LimiterCoefficients(values: design.values) == design)
        #expect(LimiterCoefficients(values: []) == nil)
        var broken = design.values
        broken[5] = 3
        #expect(LimiterCoefficients(values: broken) == nil)
        broken = design.values
        broken[0] = .nan
        #expect(LimiterCoefficients(values: broken) == nil)
    }
}
