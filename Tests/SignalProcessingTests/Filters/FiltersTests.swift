import Glibc
import SignalProcessing
import Testing

@Suite struct FiltersTests {
    static let rates: [Double] = [44100, 48000, 88200, 96000, 176400, 192000]

    @Test(arguments: FilterShape.allCases, rates)
    func responseIsThatOfTheBilinearPrototype(shape: FilterShape, rate: Double) {
        for (frequency, q, gain) in [
            (30.0, 0.7071, 9.0), (1000, 2, -12), (3000, 0.5, 6), (12000, 1, 4), (18000, 4, -6),
        ] {
            let design = FilterDesign.section(
                shape, frequencyHertz: frequency, gainDecibels: gain, q: q, rateHertz: rate)
            var processor = EqualizerSection(lanes: [design, nil, nil, nil])
            var impulse = [LaneFrame](repeating: LaneFrame(), count: Int(rate * 0.5))
            impulse[0] = LaneFrame(repeating: 1)
            let response = LaneChecks.run(&processor, impulse).map { Double($0[0]) }
            for f in [0.1 * frequency, frequency / 2, frequency, 1.3 * frequency, 19000] where f < rate / 2 {
                let expected = prototype(shape, f, frequency, q, gain, rate)
                let got = magnitude(response, f / rate)
                #expect(abs(got - expected) < 1e-5 * max(1, expected), "\(shape) \(frequency) Hz at \(f) Hz")
                if expected > 1e-3 {
                    #expect(abs(20 * log10(got / expected)) < 0.01, "\(shape) \(frequency) Hz at \(f) Hz")
                }
            }
        }
    }

    @Test(arguments: [12, 24, 36, 48])
    func passesAreButterworth(slope: Int) {
        let order = slope / 6
        for (shape, sign) in [(FilterShape.highPass, 1.0), (.lowPass, -1)] {
            let sections = FilterDesign.butterworth(
                shape, frequencyHertz: 500, slopeDecibelsPerOctave: slope, rateHertz: 48000)
            #expect(sections.count == order / 2)
            var chain = EqualizerChain(sections: sections.map { [$0, nil, nil, nil] })
            var impulse = [LaneFrame](repeating: LaneFrame(), count: 24000)
            impulse[0] = LaneFrame(repeating: 1)
            let response = LaneChecks.run(&chain, impulse).map { Double($0[4]) }
            for f in [125.0, 250, 500, 1000, 2000] {
                let ratio = tan(.pi * f / 48000) / tan(.pi * 500 / 48000)
                let expected = -10 * log10(1 + pow(ratio, -sign * 2 * Double(order)))
                let got = 20 * log10(magnitude(response, f / 48000))
                #expect(abs(got - expected) < (expected > -60 ? 0.01 : 0.1), "\(shape) \(slope) at \(f) Hz")
            }
        }
    }

    /// Error against a Double trapezoidal filter in its textbook form, re the larger of input and output.
    @Test(arguments: rates)
    func errorIsBelowMinus120Decibels(rate: Double) {
        let input = LaneChecks.frames(.noise, from: 0, count: 40000)
        var worst = -400.0
        for shape in FilterShape.allCases {
            for frequency in [20, 100, 1000, 8000, rate / 4, rate / 4 + 1, 0.42 * rate] {
                for q in [0.7071, 10] {
                    let designs = [12.0, -12, 3, -0.5].map {
                        FilterDesign.section(
                            shape, frequencyHertz: frequency, gainDecibels: $0, q: q, rateHertz: rate)
                    }
                    var processor = EqualizerSection(lanes: designs)
                    let output = LaneChecks.run(&processor, input)
                    for (lane, gain) in [12.0, -12, 3, -0.5].enumerated() {
                        let signal = input.map { Double($0[lane]) }
                        let exact = trapezoidal(signal, shape, frequency, q, gain, rate)
                        let error = rms(zip(output, exact).map { Double($0[lane]) - $1 })
                        let decibels = 20 * log10(error / max(rms(signal), rms(exact)))
                        worst = max(worst, decibels)
                        #expect(decibels < -120, "\(shape) \(frequency) Hz, Q \(q), \(gain) dB: \(decibels)")
                    }
                }
            }
        }
        #expect(worst > -180, "no comparison ran")
    }

    @Test func neutralIsBitExact() {
        for shape in [FilterShape.bell, .lowShelf, .highShelf] {
            let design = FilterDesign.section(
                shape, frequencyHertz: 100, gainDecibels: 0, q: 1, rateHertz: 48000)
            #expect(design == .identity)
        }
        let active = FilterDesign.section(.bell, frequencyHertz: 100, gainDecibels: 6, q: 1, rateHertz: 48000)
        var input = LaneChecks.frames(.noise, from: 0, count: 1000)
        input[3] = LaneFrame(repeating: -0.0)
        input[4] = LaneFrame(repeating: .leastNonzeroMagnitude)
        input[5] = LaneFrame(repeating: .infinity)
        input[6][1] = .nan
        for sections in 1...5 {
            var chain = EqualizerChain(
                sections: Array(repeating: [active, nil, active, .identity], count: sections))
            let output = LaneChecks.run(&chain, input)
            for lane in [1, 3, 5, 7] {
                #expect(LaneChecks.bits(output, lane: lane) == LaneChecks.bits(input, lane: lane))
            }
            #expect(LaneChecks.bits(output, lane: 0) != LaneChecks.bits(input, lane: 0))
        }
    }

    @Test func fusedChainHasTheBitsOfSingleSections() {
        for count in 1...9 {
            let sections = Array(mixedSections().prefix(count))
            var chain = EqualizerChain(sections: sections)
            let input = LaneChecks.frames(.music, from: 0, count: 4000)
            let fused = LaneChecks.run(&chain, input)
            var single = input
            for section in sections {
                var processor = EqualizerSection(lanes: section)
                single = LaneChecks.run(&processor, single, blockLength: 100)
            }
            #expect(LaneChecks.bits(fused) == LaneChecks.bits(single))
        }
    }

    @Test func blocksOfAnyLengthGiveTheSameBits() {
        LaneChecks.expectBlockInvariance(EqualizerChain(sections: mixedSections()))
        LaneChecks.expectBlockInvariance(EqualizerSection(lanes: mixedSections()[4]))
    }

    @Test func aLaneDoesNotDependOnItsNeighboursOrItsPlace() {
        let chain = mixedSections().map { $0[0] }
        let input = LaneChecks.frames(.music, from: 0, count: 3000)
        var reference: [[UInt32]] = []
        for place in 0..<4 {
            for isAlone in [true, false] {
                let sections = mixedSections().enumerated().map { i, mates in
                    var lanes = isAlone ? [SectionCoefficients?](repeating: nil, count: 4) : mates
                    lanes[place] = chain[i]
                    return lanes
                }
                let placed = input.map { frame in
                    var moved = frame
                    (moved[place], moved[place + 4]) = (frame[0], frame[4])
                    return moved
                }
                var processor = EqualizerChain(sections: sections)
                let output = LaneChecks.run(&processor, placed)
                reference.append(
                    LaneChecks.bits(output, lane: place) + LaneChecks.bits(output, lane: place + 4))
            }
        }
        for other in reference { #expect(other == reference[0]) }
    }

    @Test func snapshotsRestoreExactly() throws {
        try LaneChecks.expectScatteredEqualsWhole(EqualizerChain(sections: mixedSections()))
        let chain = EqualizerChain(sections: mixedSections())
        #expect(try LaneChecks.snapshot(chain).count == 64 * chain.sectionCount)
    }

    @Test func statesConvergeByTheFirstBoundary() throws {
        let fresh = EqualizerChain(sections: mixedSections())
        var used = fresh
        _ = LaneChecks.run(&used, LaneChecks.frames(.noise, from: 7, count: 5000))
        for stimulus in [LaneChecks.Stimulus.noise, .music] {
            #expect(try LaneChecks.boundariesToConverge(fresh, used, stimulus) == 1, "\(stimulus)")
        }
        let silent = try #require(try LaneChecks.boundariesToConverge(fresh, used, .silence))
        #expect(silent <= 2)
    }

    /// Float32 states may stay an ulp apart on these; the outputs then differ by no more than rounding.
    @Test(arguments: [LaneChecks.Stimulus.direct, .tone])
    func statesStayCloseOnConstantInput(stimulus: LaneChecks.Stimulus) {
        var one = EqualizerChain(sections: mixedSections())
        var two = one
        _ = LaneChecks.run(&two, LaneChecks.frames(.noise, from: 7, count: 5000))
        let input = LaneChecks.frames(stimulus, from: 0, count: 96000)
        let (a, b) = (LaneChecks.run(&one, input), LaneChecks.run(&two, input))
        for i in 95000..<96000 {
            for lane in 0..<8 { #expect(abs(a[i][lane] - b[i][lane]) < 1e-5) }
        }
    }

    @Test func notFiniteStateIsRefused() throws {
        for bad in [Float.nan, .infinity] {
            var chain = EqualizerChain(sections: mixedSections())
            var input = LaneChecks.frames(.noise, from: 0, count: 10)
            input[5][2] = bad
            _ = LaneChecks.run(&chain, input)
            #expect(throws: SnapshotError.notFinite) { try LaneChecks.snapshot(chain) }
        }
        var chain = EqualizerChain(sections: mixedSections())
        #expect(throws: SnapshotError.malformed) { try LaneChecks.restore(&chain, [1, 2, 3]) }
    }

    @Test func coefficientsSurviveTheirList() throws {
        for section in mixedSections().joined().compactMap({ $0 }) + [.identity] {
            #expect(section.values.count == SectionCoefficients.valueCount)
            #expect(SectionCoefficients(values: section.values) == section)
        }
        #expect(SectionCoefficients(values: [1, 2]) == nil)
        #expect(SectionCoefficients(values: [7, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(SectionCoefficients(values: [1, .nan, 0, 0, 0, 0, 0, 0]) == nil)
    }

    /// On a constant the states are settled; changing a corner must not make a click.
    @Test func retuningASettledFilterIsSilent() {
        let low = FilterDesign.section(
            .lowPass, frequencyHertz: 100, gainDecibels: 0, q: 0.7071, rateHertz: 48000)
        let high = FilterDesign.section(
            .lowPass, frequencyHertz: 3000, gainDecibels: 0, q: 2, rateHertz: 48000)
        var processor = EqualizerSection(lanes: [low, low, low, low])
        let input = LaneChecks.frames(.direct, from: 0, count: 20000)
        _ = LaneChecks.run(&processor, input)
        processor.retune(lanes: [high, high, high, high])
        let after = LaneChecks.run(&processor, input)
        for frame in after { #expect(abs(frame[0] - 0.25) < 1e-4) }
    }

    /// And in motion the integrators keep their values: the trapezoidal filter in Double does the same.
    @Test func retuningKeepsTheIntegrators() {
        let input = LaneChecks.frames(.noise, from: 0, count: 4000)
        var tuned: [SectionCoefficients] = []
        for f in [200.0, 5000] {
            tuned.append(
                FilterDesign.section(.lowPass, frequencyHertz: f, gainDecibels: 0, q: 1, rateHertz: 48000))
        }
        var processor = EqualizerSection(lanes: [tuned[0], nil, nil, nil])
        var output = LaneChecks.run(&processor, Array(input[..<2000]))
        processor.retune(lanes: [tuned[1], nil, nil, nil])
        output += LaneChecks.run(&processor, Array(input[2000...]))
        var filter = Trapezoidal(.lowPass, 200, 1, 0, 48000)
        for i in 0..<4000 {
            if i == 2000 {
                let (first, second) = (filter.first, filter.second)
                filter = Trapezoidal(.lowPass, 5000, 1, 0, 48000)
                (filter.first, filter.second) = (first, second)
            }
            #expect(abs(filter.step(Double(input[i][0])) - Double(output[i][0])) < 1e-6)
        }
    }

    // MARK: - References

    /// Nine sections with every shape, a lane without each section, and both precisions in one section.
    private func mixedSections() -> [[SectionCoefficients?]] {
        func section(_ shape: FilterShape, _ f: Double, _ gain: Double, _ q: Double) -> SectionCoefficients {
            FilterDesign.section(shape, frequencyHertz: f, gainDecibels: gain, q: q, rateHertz: 48000)
        }
        let (rumble, body) = (section(.highPass, 20, 0, 0.7), section(.bell, 250, -4, 1.4))
        let (low, high) = (section(.lowShelf, 120, 5, 0.7), section(.highShelf, 6000, -3, 0.7))
        let (air, notch) = (section(.highShelf, 14000, 6, 0.7), section(.notch, 1000, 0, 8))
        let bright = section(.bell, 16000, 3, 2)
        return [
            [rumble, rumble, nil, body], [body, notch, low, low], [low, body, body, high],
            [high, high, rumble, low],
            [air, low, bright, nil], [notch, nil, nil, rumble], [nil, body, low, high],
            [body, low, notch, body],
            [section(.lowPass, 9000, 0, 0.9), nil, high, low],
        ]
    }

    /// The trapezoidal state-variable filter in its textbook form (two integrators), in Double.
    private struct Trapezoidal {
        var (first, second) = (0.0, 0.0)
        let g: Double, k: Double, m0: Double, m1: Double, m2: Double

        init(_ shape: FilterShape, _ f: Double, _ q: Double, _ gain: Double, _ rate: Double) {
            let (w, a) = (Glibc.tan(.pi * f / rate), Glibc.pow(10, gain / 40))
            switch shape {
            case .highPass: (g, k, m0, m1, m2) = (w, 1 / q, 1, -1 / q, -1)
            case .lowPass: (g, k, m0, m1, m2) = (w, 1 / q, 0, 0, 1)
            case .notch: (g, k, m0, m1, m2) = (w, 1 / q, 1, -1 / q, 0)
            case .bell: (g, k, m0, m1, m2) = (w, 1 / (q * a), 1, (a * a - 1) / (q * a), 0)
            case .lowShelf: (g, k, m0, m1, m2) = (w / a.squareRoot(), 1 / q, 1, (a - 1) / q, a * a - 1)
            case .highShelf:
                (g, k, m0, m1, m2) = (w * a.squareRoot(), 1 / q, a * a, (1 - a) * a / q, 1 - a * a)
            }
        }

        mutating func step(_ x: Double) -> Double {
            let a1 = 1 / (1 + g * (g + k))
            let v3 = x - second
            let v1 = a1 * first + g * a1 * v3
            let v2 = second + g * v1
            first = 2 * v1 - first
            second = 2 * v2 - second
            return m0 * x + m1 * v1 + m2 * v2
        }
    }

    private func trapezoidal(
        _ x: [Double], _ shape: FilterShape, _ f: Double, _ q: Double, _ gain: Double, _ rate: Double
    ) -> [Double] {
        var filter = Trapezoidal(shape, f, q, gain, rate)
        return x.map { filter.step($0) }
    }

    /// |H(s)| of the analogue prototype (Audio EQ Cookbook), at the warped frequency.
    private func prototype(
        _ shape: FilterShape, _ f: Double, _ corner: Double, _ q: Double, _ gain: Double, _ rate: Double
    ) -> Double {
        let w = tan(.pi * f / rate) / tan(.pi * corner / rate)
        let a = pow(10, gain / 40)
        func size(_ square: Double, _ linear: Double, _ constant: Double) -> Double {
            Glibc.hypot(constant - square * w * w, linear * w)
        }
        return switch shape {
        case .highPass: size(1, 0, 0) / size(1, 1 / q, 1)
        case .lowPass: 1 / size(1, 1 / q, 1)
        case .notch: size(1, 0, 1) / size(1, 1 / q, 1)
        case .bell: size(1, a / q, 1) / size(1, 1 / (a * q), 1)
        case .lowShelf: a * size(1, a.squareRoot() / q, a) / size(a, a.squareRoot() / q, 1)
        case .highShelf: a * size(a, a.squareRoot() / q, 1) / size(1, a.squareRoot() / q, a)
        }
    }

    private func magnitude(_ response: [Double], _ frequency: Double) -> Double {
        var (re, im) = (0.0, 0.0)
        for (n, y) in response.enumerated() where y != 0 {
            re += y * cos(2 * .pi * frequency * Double(n))
            im -= y * sin(2 * .pi * frequency * Double(n))
        }
        return Glibc.hypot(re, im)
    }

    private func rms(_ x: [Double]) -> Double {
        (x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot()
    }
}
