import Foundation
import SignalProcessing
import Testing

@Suite("Feedback delay network reverb") struct ReverbTests {
    private func design(
        decay: Double = 2, predelay: Double = 0.01, damping: Double = 6000, size: Double = 1,
        width: Double = 1,
        mix: Double = 1, rateHertz: Int = 48_000
    ) -> ReverbCoefficients {
        .design(
            decaySeconds: decay, predelaySeconds: predelay, dampingHertz: damping, size: size, width: width,
            mix: mix, rateHertz: rateHertz)
    }

    private func response(_ design: ReverbCoefficients, frameCount: Int, right: Double = 1) -> StereoSignal {
        var reverb = FDNReverb(design)
        return processed(StereoSignal(frameCount: frameCount) { $0 == 0 ? (1, right) : (0, 0) }, by: &reverb)
    }

    @Test(
        "T60 at 1 kHz is the label within 5 %, and about half of it at the damping frequency",
        arguments: [0.3, 0.6, 1, 2, 5, 12, 20], [0.5, 1, 2])
    func decay(label: Double, size: Double) {
        let output = response(design(decay: label, size: size), frameCount: Int(label * 48_000 * 0.8) + 9600)
        let middle = ReverbDecay.seconds(output, hertz: 1000, q: 1.4, rateHertz: 48_000)
        #expect(abs(middle / label - 1) < 0.05)
        let high = ReverbDecay.seconds(output, hertz: 6000, q: 4, rateHertz: 48_000)
        #expect((0.42...0.6).contains(high / label))
    }

    @Test("The decay is the same at every rate", arguments: [44_100, 96_000, 192_000])
    func rates(rateHertz: Int) {
        let output = response(design(decay: 1.5, rateHertz: rateHertz), frameCount: rateHertz * 3 / 2)
        let seconds = ReverbDecay.seconds(output, hertz: 1000, q: 1.4, rateHertz: rateHertz)
        #expect(abs(seconds / 1.5 - 1) < 0.05)
    }

    @Test("After the tail the output is below -100 dB of what it began with", arguments: [0.3, 1.5, 4])
    func tail(decay: Double) {
        let design = design(decay: decay)
        let output = response(design, frameCount: design.tailFrames + 4800)
        let start = output.left.prefix(9600).map(\.magnitude).max() ?? 0
        #expect(output.left[design.tailFrames...].allSatisfy { $0.magnitude < 1e-5 * start })
        // And the tail is not stated longer than half as much again as the label asks for.
        #expect(Double(design.tailFrames) / 48_000 < 1.5 * (decay * 100 / 60) + 0.3)
    }

    @Test("Nothing sounds before the predelay has passed")
    func predelay() throws {
        let design = design(predelay: 0.05)
        #expect(design.predelayFrames == 2400)
        let output = response(design, frameCount: 9600)
        let first = try #require(output.left.firstIndex { $0 != 0 })
        // The all-passes begin at once, the network after its shortest line.
        #expect(first == 2400)
    }

    @Test("Line lengths are different primes, 30 to 105 ms at size 1")
    func lengths() {
        for (size, rate) in [(1.0, 48_000), (0.25, 44_100), (2, 192_000)] {
            let design = design(size: size, rateHertz: rate)
            let all = design.lineFrames + design.diffuserFrames
            #expect(Set(all).count == all.count)
            #expect(all.allSatisfy { n in (2..<Int(Double(n).squareRoot()) + 1).allSatisfy { n % $0 != 0 } })
        }
        let frames = design().lineFrames.map { Double($0) / 48 }
        #expect(frames.allSatisfy { $0 >= 30 && $0 < 105 })
    }

    @Test("Both sides are decorrelated, at width 0 they are the same")
    func width() {
        func correlation(_ signal: StereoSignal) -> Double {
            var (xx, yy, xy) = (0.0, 0.0, 0.0)
            for i in 4800..<96_000 {
                let (x, y) = (Double(signal.left[i]), Double(signal.right[i]))
                xx += x * x
                yy += y * y
                xy += x * y
            }
            return xy / (xx * yy).squareRoot()
        }
        for right in [1.0, 0] {
            let wide = response(design(damping: 20_000), frameCount: 96_000, right: right)
            #expect(abs(correlation(wide)) < 0.15)
        }
        let mono = response(design(width: 0), frameCount: 96_000)
        #expect(mono.left == mono.right)
        #expect(mono.left.contains { $0.magnitude > 0.001 })
    }

    @Test("Dry is the input, bit for bit")
    func dry() {
        var reverb = FDNReverb(design(mix: 0))
        let input = ConvergenceStimulus.noise.signal(frameCount: 5000, rateHertz: 48_000)
        #expect(processed(input, by: &reverb) == input)
    }

    @Test("Steady noise comes out about as loud as it goes in")
    func level() {
        for decay in [0.5, 2, 8] {
            var reverb = FDNReverb(design(decay: decay, damping: 20_000))
            let input = ConvergenceStimulus.noise.signal(frameCount: 1_200_000, rateHertz: 48_000)
            let output = processed(input, by: &reverb)
            func power(_ x: [Float]) -> Double { x[720_000...].reduce(0.0) { $0 + Double($1) * Double($1) } }
            #expect(abs(10 * log10(power(output.left) / power(input.left))) < 2.5)
        }
    }

    @Test("Nothing rings: the late spectrum is that of noise, the late echoes are as dense as noise")
    func metallic() {
        let output = response(design(decay: 2.5, damping: 16_000), frameCount: 72_000, right: 0.3)
        let late = output.left[14_400..<62_400].map(Double.init)
        // Powers at frequencies far enough apart to be independent: exponentially distributed for noise, the
        // largest of 600 about ln 600 = 8.1 dB above the mean, flatness exp(-0.577) = 0.56.
        let powers = (0..<600).map { k -> Double in
            let w = 2 * Double.pi * (200 + 5.3 * Double(k)) / 48_000
            let c = 2 * cos(w)
            var (a, b) = (0.0, 0.0)
            for x in late { (a, b) = (x + c * a - b, a) }
            return a * a + b * b - c * a * b
        }
        let mean = powers.reduce(0, +) / 600
        let flatness = exp(powers.reduce(0) { $0 + log($1) } / 600) / mean
        #expect(10 * log10((powers.max() ?? 0) / mean) < 11)
        #expect(flatness > 0.45)
        // Normalised echo density (Abel & Huang, AES 121, 2006): the share of samples beyond one standard
        // deviation, re 0.3173 for a normal distribution, in windows of 20 ms.
        for start in stride(from: 9600, to: 28_800, by: 960) {
            let window = output.left[start..<start + 960].map(Double.init)
            let deviation = (window.reduce(0) { $0 + $1 * $1 } / 960).squareRoot()
            let share = Double(window.filter { $0.magnitude > deviation }.count) / 960
            #expect(share / 0.3173 > 0.8)
        }
    }

    @Test("Blocks of any length give the same bits")
    func blocks() throws {
        for predelay in [0, 0.001, 0.05] {
            let design = design(predelay: predelay, size: 0.25, mix: 0.5)
            try expectBlockInvariance({ FDNReverb(design) }, rateHertz: 48_000)
        }
    }

    @Test("States become equal within the stated time", arguments: ConvergenceStimulus.allCases)
    func convergence(stimulus: ConvergenceStimulus) throws {
        let design = design(decay: 2)
        let boundary = try #require(
            try convergenceBoundary({ FDNReverb(design) }, stimulus, rateHertz: 48_000, limit: 4))
        #expect(boundary <= 2)
    }

    @Test("A decay of 6 s has forgotten its past by the fourth boundary")
    func longConvergence() throws {
        let design = design(decay: 6)
        for stimulus in [ConvergenceStimulus.music, .silence] {
            let boundary = try #require(
                try convergenceBoundary({ FDNReverb(design) }, stimulus, rateHertz: 48_000, limit: 6))
            #expect(boundary <= 4)
        }
    }

    @Test("The snapshot has the stated size, and NaN or infinity refuses it")
    func snapshot() throws {
        let design = design()
        let frames = 2 * 480 + design.lineFrames.reduce(0, +) + design.diffuserFrames.reduce(0, +)
        #expect(try snapshotBytes(FDNReverb(design)).count == 4 * (frames + 16))
        let largest = self.design(size: 2, rateHertz: 192_000)
        #expect(try snapshotBytes(FDNReverb(largest)).count < 2_000_000)
        expectPoisonRefused { FDNReverb(design) }
    }

    @Test("Coefficients survive being plain numbers")
    func coefficients() {
        let design = design(decay: 3, size: 1.5, width: 0.7, mix: 0.2)
        #expect(ReverbCoefficients(values: design.values) == design)
        for (index, value) in [(1, 10.0), (17, 1.01), (33, 1), (2, .nan)] {
            var broken = design.values
            broken[index] = value
            #expect(ReverbCoefficients(values: broken) == nil)
        }
    }
}
