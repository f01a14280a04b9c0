import Foundation
import SignalProcessing
import TestSupport
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

        var title: String {
            switch self {
            case .quarterRateBursts: "bursts of a quarter of the rate"
            case .drums: "drums 9 dB over"
            case .hiHats: "hi-hats"
            case .loudNoise: "noise of 0 dB RMS"
            case .noise: "noise of -10 dB RMS"
            case .tones: "tones"
            case .clicks: "clicks"
            case .signs: "random signs"
            }
        }

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
            if ceiling == -1 {
                let fact = Fact(
                    "Limiter",
                    "true peak above the ceiling, \(overload.title), \(rateHertz) Hz, highest of eight 16x meters",
                    peak - ceiling, .atMost(0.05), unit: "dB")
                #expect(fact.holds, "\(fact)")
            }
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
        // The hold takes an eighth of the release, at most 10 ms; then the smoothing lags by half its length.
        let hold = Int((min(0.01, seconds / 8) * 48_000).rounded(.up))
        let start = 1000 + limiter.latencyFrames + hold - 70 + 31
        let reductions = output.left[start...].map { 1 - Double($0) / 0.1 }
        let first = reductions[0]
        let constant = try #require(reductions.firstIndex { $0 <= first * exp(-1) })
        let fact = Fact(
            "Limiter", "time to 63 % recovery after a click, re label of \(Int(seconds * 1000)) ms",
            100 * abs(Double(constant) / 48_000 / seconds - 1), .atMost(5), unit: "%")
        #expect(fact.holds, "\(fact)")
    }

    @Test("The release has two stages: fast after a burst of 5 ms, slow after 2 s of limiting")
    func slowStage() throws {
        /// Milliseconds from the end of the loud part until 63 % of the reduction in decibels is made good.
        func recovery(loudSeconds: Double) throws -> Double {
            var limiter = limiter()
            let loudFrames = Int(loudSeconds * 48_000)
            let input = StereoSignal(frameCount: loudFrames + 96_000) {
                let x = ($0 < loudFrames ? 2.0 : 0.05) * sin(2 * Double.pi * 1000 * Double($0) / 48_000)
                return (x, 0.01)
            }
            let output = processed(input, by: &limiter)
            let decibels = output.right.map { 20 * log10(Double($0) / 0.01 + 1e-9) }
            let end = loudFrames + limiter.latencyFrames
            let least = decibels[end - 48]
            let recovered = try #require(decibels[end...].firstIndex { $0 > least * exp(-1) })
            return Double(recovered - end) / 48
        }
        let (burst, lasting) = (try recovery(loudSeconds: 0.005), try recovery(loudSeconds: 2))
        let facts = [
            Fact(
                "Limiter", "63 % recovery after 5 ms of 7 dB of reduction, release 80 ms", burst,
                .atMost(100), unit: "ms"),
            Fact(
                "Limiter", "63 % recovery after 2 s of 7 dB of reduction, release 80 ms", lasting,
                .atLeast(300), unit: "ms"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
        #expect(burst > 60 && lasting < 500)
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
        let fact = Fact(
            "Limiter", "THD of 50 Hz at 6 dB of reduction, release 80 ms", fit.residualDecibels, .atMost(-60),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test(
        "What follows a peak within the hold cannot pass the ceiling, however near the level",
        arguments: 1...6)
    func dominated(seed: Int) throws {
        // Bursts of full band noise of slowly falling level, so that frames are at all distances below the highest.
        var noise = TestNoise(seed: UInt64(seed))
        let input = StereoSignal(frameCount: 40_000) { i in
            let fall = pow(10, -0.2 * Double(i % 640) / 64 / 20)
            return (1.5 * fall * noise.normal(), 1.4 * fall * (noise.uniform() < 0.5 ? 1 : -1))
        }
        var limiter = limiter()
        let peak = try #require(readings(processed(input, by: &limiter)).max())
        #expect(peak <= -1 + 0.05)
    }

    @Test("Automated gain glides within 8 frames, and only where it changes")
    func automation() throws {
        var device = try #require(TruePeakLimiter(parameters: [-1, 0.08, 0], rateHertz: 48_000))
        let constant = StereoSignal(frameCount: 4000) { _ in (0.1, -0.1) }
        _ = processed(constant, by: &device)
        device.update(parameters: [-1, 0.08, 6])
        let output = processed(constant, by: &device).left[device.latencyFrames...].map { Double($0) }
        let gain = pow(10, 6.0 / 20)
        for i in 0..<20 {
            let expected = 0.1 * (1 + (gain - 1) * min(1, Double(i + 1) / 8))
            #expect(abs(output[i] - expected) < 1e-7)
        }
        for values in [[0, 0.08], [1, 0.08, 0], [-1, 0, 0], [-1, 0.08, 37], [.nan, 0.08, 0]] {
            #expect(TruePeakLimiter(parameters: values, rateHertz: 48_000) == nil)
        }
        #expect(TruePeakLimiter.parameterNames == ["ceiling", "release", "gain"])
    }

    @Test(
        "After rate conversion and dither the delivered samples hold the ceiling too",
        arguments: Overload.allCases)
    func delivered(overload: Overload) {
        // The order of the finish: mix, conversion, gain and limiter, dither. The mix was limited already.
        let input = overload.signal(rateHertz: 48_000, frameCount: 30_000)
        var first = limiter()
        let mix = processed(input, by: &first)
        let converter = PolyphaseConverter(from: 48_000, to: 44_100)
        func converted(_ x: [Float]) -> [Float] {
            let needed = converter.inputRange(forOutput: 0..<27_000)
            let padded = needed.map { x.indices.contains($0) ? x[$0] : 0 }
            var output = [Float](repeating: 0, count: 27_000)
            var span = output.mutableSpan
            converter.process(
                input: padded.span, inputStart: needed.lowerBound, output: &span, outputStart: 0)
            return output
        }
        var second = limiter(rateHertz: 44_100)
        let limited = processed(
            StereoSignal(left: converted(mix.left), right: converted(mix.right)), by: &second)
        func delivered(_ x: [Float], channel: Int) -> [Float] {
            let noise = DitherNoise(seed: 1, outputOrdinal: 0, channel: channel)
            let quantiser = Quantiser(bits: 16, dither: noise)
            let needed = quantiser.inputRange(forOutput: 0..<x.count)
            let padded = needed.map { x.indices.contains($0) ? x[$0] : 0 }
            var output = [Int32](repeating: 0, count: x.count)
            var span = output.mutableSpan
            _ = quantiser.process(
                input: padded.span, inputStart: needed.lowerBound, output: &span, outputStart: 0)
            return output.map { Float($0) / 32_768 }
        }
        let file = StereoSignal(
            left: delivered(limited.left, channel: 0), right: delivered(limited.right, channel: 1))
        let fact = Fact(
            "Limiter",
            "true peak above the ceiling, \(overload.title), 48 to 44.1 kHz, 16 bits, highest of eight meters",
            (readings(file).max() ?? 0) + 1, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
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
        #expect(try snapshotBytes(limiter()).count == 4912)
        #expect(try snapshotBytes(limiter(rateHertz: 192_000)).count == 17_968)
        #expect(try snapshotBytes(limiter(release: 0.001)).count == 1704)
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
        broken[6] = 3
        #expect(LimiterCoefficients(values: broken) == nil)
        broken = design.values
        broken[5] = 0.5
        #expect(LimiterCoefficients(values: broken) == nil)
        broken = design.values
        broken[0] = .nan
        #expect(LimiterCoefficients(values: broken) == nil)
    }
}
