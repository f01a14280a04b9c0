import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct CompressorLaneTests {
    // MARK: - Link, key, mix

    @Test("a link of 100 % keeps the image exactly", arguments: [CompressorDetector.peak, .rms])
    func image(detector: CompressorDetector) {
        var device = CompressorLaboratory.compressor(
            [CompressorParameters?](repeating: .usual { $0.detector = detector }, count: 4))
        let input = CompressorLaboratory.noise(20_000).map { frame in
            // The right channel is a quarter of the left one: exact in Float.
            LaneFrame(lowHalf: frame.lowHalf, highHalf: frame.lowHalf * 0.25)
        }
        let output = CompressorLaboratory.run(&device, input)
        let differing = output.filter { $0.lowHalf * 0.25 != $0.highHalf }.count
        let fact = Fact(
            "Compressor", "link 100 %, \(detector): frames whose channels differ in gain", Double(differing),
            .atMost(0), unit: "frames")
        #expect(fact.holds, "\(fact)")
        #expect(output[19_000] != input[19_000])
    }

    @Test("a link of 0 % makes channels independent", arguments: [CompressorDetector.peak, .rms])
    func independence(detector: CompressorDetector) {
        let parameters = CompressorParameters.usual {
            $0.detector = detector
            $0.link = 0
        }
        let lanes = [CompressorParameters?](repeating: parameters, count: 4)
        let (one, other) = (CompressorLaboratory.noise(9000), CompressorLaboratory.noise(9000, seed: 2))
        let mixed = zip(one, other).map { LaneFrame(lowHalf: $0.lowHalf, highHalf: $1.highHalf) }
        var (first, second) = (CompressorLaboratory.compressor(lanes), CompressorLaboratory.compressor(lanes))
        let a = CompressorLaboratory.run(&first, one)
        let b = CompressorLaboratory.run(&second, mixed)
        for lane in 0..<4 {
            #expect(CompressorLaboratory.bits(a, lane: lane) == CompressorLaboratory.bits(b, lane: lane))
            #expect(CompressorLaboratory.bits(a, lane: lane + 4) != CompressorLaboratory.bits(b, lane: lane + 4))
        }
    }

    @Test("a link between is the weighted mean of the reductions in dB")
    func linkLaw() {
        var worst = 0.0
        let lanes: [CompressorParameters?] = [0, 0.25, 0.5, 1].map { link in
            .usual {
                $0.link = link
                $0.kneeDecibels = 6
            }
        }
        var device = CompressorLaboratory.compressor(lanes)
        let input = (0..<48_000).map { _ in
            LaneFrame(lowHalf: SIMD4(repeating: 0.5), highHalf: SIMD4(repeating: 0.07))
        }
        let output = CompressorLaboratory.run(&device, input)
        let loud = CompressorLaboratory.curve(20 * log10(0.5), threshold: -24, ratio: 4, knee: 6)
        let soft = CompressorLaboratory.curve(20 * log10(0.07), threshold: -24, ratio: 4, knee: 6)
        for (lane, link) in [0, 0.25, 0.5, 1].enumerated() {
            let left = 20 * log10(Double(output[47_000][lane]) / 0.5)
            let right = 20 * log10(Double(output[47_000][lane + 4]) / 0.07)
            worst = max(worst, abs(left - loud), abs(right - (link * loud + (1 - link) * soft)))
        }
        let fact = Fact("Compressor", "link of 0, 25, 50 and 100 % against its law", worst, .atMost(0.001), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("the key rules the lanes that listen to it, and only those")
    func key() {
        let parameters = CompressorParameters.usual { $0.kneeDecibels = 6 }
        let lanes: [CompressorParameters?] = [parameters, parameters, nil, parameters]
        var device = CompressorLaboratory.compressor(lanes, keys: [true, false, true, true])
        var plain = CompressorLaboratory.compressor([CompressorParameters?](repeating: parameters, count: 4))
        let input = CompressorLaboratory.noise(9000).map { $0 * 0.01 }
        let key = CompressorLaboratory.noise(9000, seed: 5)
        let output = CompressorLaboratory.run(&device, input, key: key)
        for lane in [1, 2] {
            #expect(CompressorLaboratory.bits(output, lane: lane) == CompressorLaboratory.bits(input, lane: lane))
        }
        let heard = CompressorLaboratory.run(&plain, key)
        var worst = 0.0
        for i in 1000..<9000 {
            for lane in [0, 3, 4, 7] where abs(input[i][lane]) > 1e-5 && abs(key[i][lane]) > 1e-3 {
                let gain = Double(output[i][lane]) / Double(input[i][lane])
                let expected = Double(heard[i][lane]) / Double(key[i][lane])
                worst = max(worst, abs(CompressorLaboratory.decibels(gain / expected)))
            }
        }
        let fact = Fact(
            "Compressor", "gain by an external key against the gain of a compressor on the key", worst, .atMost(0.0001),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("mix adds the dry signal in phase")
    func mixLaw() {
        let input = CompressorLaboratory.noise(9000)
        let mixes = [1.0, 0.3, 0.5, 0]
        var device = CompressorLaboratory.compressor(
            mixes.map { mix in
                .usual {
                    $0.mix = mix
                    $0.makeUpDecibels = 6
                }
            })
        let same = input.map { frame in
            var copy = LaneFrame()
            for lane in 0..<8 { copy[lane] = frame[lane / 4] }
            return copy
        }
        let output = CompressorLaboratory.run(&device, same)
        var worst = 0.0
        for (x, y) in zip(same, output) {
            for lane in 1..<4 {
                let expected = (1 - mixes[lane]) * Double(x[lane]) + mixes[lane] * Double(y[0])
                worst = max(worst, abs(Double(y[lane]) - expected))
            }
        }
        let fact = Fact(
            "Compressor", "mix of 0, 30 and 50 % against dry and compressed, re full scale",
            CompressorLaboratory.decibels(max(worst, 1e-12)), .atMost(-130), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(CompressorLaboratory.bits(output, lane: 3) == CompressorLaboratory.bits(same, lane: 3))
    }

    // MARK: - Lanes

    private static let unequal: [CompressorParameters?] = [
        .usual { $0.kneeDecibels = 6 },
        .everything(),
        .usual {
            $0.attackSeconds = 0.3
            $0.releaseSeconds = 0.002
            $0.makeUpDecibels = 4
        },
        .usual {
            $0.detector = .rms
            $0.lookAheadSeconds = 0.001
            $0.keyLowCutHertz = 200
        },
    ]

    @Test("four unequal lanes give the bits that each gives alone, in any place")
    func neighbours() {
        let input = CompressorLaboratory.noise(4000)
        func placed(_ place: Int, _ lane: Int) -> [LaneFrame] {
            input.map { frame in
                var moved = frame
                (moved[place], moved[place + 4]) = (frame[lane], frame[lane + 4])
                return moved
            }
        }
        func render(_ lanes: [CompressorParameters?], _ frames: [LaneFrame], updating place: Int) -> [LaneFrame] {
            var device = CompressorLaboratory.compressor(lanes)
            var out = CompressorLaboratory.run(&device, Array(frames[0..<2000]))
            guard var parameters = lanes[place] else { return out }
            parameters.makeUpDecibels -= 3
            parameters.thresholdDecibels -= 5
            device.update(lane: place, parameters: parameters.values)
            out += CompressorLaboratory.run(&device, Array(frames[2000...]), blockFrames: 37, from: 2000)
            return out
        }
        for lane in 0..<4 {
            let together = render(Self.unequal, input, updating: lane)
            for place in [0, 3] {
                var lanes = [CompressorParameters?](repeating: nil, count: 4)
                lanes[place] = Self.unequal[lane]
                let alone = render(lanes, placed(place, lane), updating: place)
                for channel in [0, 4] {
                    #expect(
                        CompressorLaboratory.bits(alone, lane: place + channel)
                            == CompressorLaboratory.bits(together, lane: lane + channel), "lane \(lane) at \(place)")
                }
            }
        }
    }

    @Test("lanes that pass are bit-exact, whatever they carry")
    func passing() throws {
        var input = CompressorLaboratory.noise(1000)
        input[3] = LaneFrame(repeating: -0.0)
        input[4] = LaneFrame(repeating: .leastNonzeroMagnitude)
        input[5][1] = .nan
        input[6][7] = .infinity
        var device = CompressorLaboratory.compressor([Self.unequal[0], nil, Self.unequal[1], nil])
        let output = CompressorLaboratory.run(&device, input)
        for lane in [1, 5, 3, 7] {
            #expect(CompressorLaboratory.bits(output, lane: lane) == CompressorLaboratory.bits(input, lane: lane))
        }
        // What passes does not reach the state either.
        var writer = SnapshotWriter()
        device.write(to: &writer)
        _ = try writer.finish()
    }

    @Test("a key that is not finite is refused", arguments: [Float.nan, .infinity], [0, 1, 2, 3])
    func poisonedKey(value: Float, lane: Int) {
        var device = CompressorLaboratory.compressor(Self.unequal, keys: [true, true, true, true])
        let input = CompressorLaboratory.noise(2000)
        var key = CompressorLaboratory.noise(2000, seed: 3)
        key[100][lane + 4] = value
        _ = CompressorLaboratory.run(&device, input, key: key)
        var writer = SnapshotWriter()
        device.write(to: &writer)
        #expect(throws: SnapshotError.notFinite) { try writer.finish() }
    }

    @Test("process and update allocate nothing")
    func allocations() {
        var device = CompressorLaboratory.compressor(Self.unequal, keys: [false, true, false, false])
        var usual = CompressorLaboratory.compressor([CompressorParameters?](repeating: .usual(), count: 4))
        var bus = CompressorLaboratory.busCompressor(BusCompressorParameters(thresholdDecibels: -20, ratio: 2))
        var input = CompressorLaboratory.noise(4096)
        let key = CompressorLaboratory.noise(4096, seed: 2)
        let changed = CompressorParameters.everything { $0.makeUpDecibels = 5 }.values
        let count = input.withUnsafeMutableBufferPointer { buffer in
            allocationCount {
                for start in stride(from: 0, to: 4096, by: 256) {
                    if start == 2048 { device.update(lane: 1, parameters: changed) }
                    var block = MutableSpan(
                        _unsafeElements: UnsafeMutableBufferPointer(rebasing: buffer[start..<start + 256]))
                    device.process(&block, key: key.span.extracting(start..<start + 256), at: start)
                    usual.process(&block, key: nil, at: start)
                    bus.process(&block, key: nil, at: start)
                }
            }
        }
        #expect(count == 0)
    }

    @Test("make-up and mix glide in eight frames")
    func glide() {
        let idle = CompressorParameters.usual { $0.ratio = 1 }
        var device = CompressorLaboratory.compressor([idle, idle, idle, idle])
        let input = [LaneFrame](repeating: LaneFrame(repeating: 0.25), count: 32)
        _ = CompressorLaboratory.run(&device, input)
        var loud = idle
        loud.makeUpDecibels = 8
        device.update(lane: 0, parameters: loud.values)
        let output = CompressorLaboratory.run(&device, input, from: 32)
        let gains = CompressorLaboratory.gains(output, input, lane: 0)
        for i in 0..<32 { #expect(abs(gains[i] - min(8, Double(i + 1))) < 0.001, "frame \(i): \(gains[i])") }
        #expect(CompressorLaboratory.bits(output, lane: 1) == CompressorLaboratory.bits(input, lane: 1))
    }

    @Test("parameters outside the table are refused")
    func refusals() {
        let good = CompressorParameters.usual().values
        #expect(CompressorParameters(values: good) == .usual())
        #expect(good.count == Compressor.parameterNames.count)
        let refused = [
            (0, 1.0), (1, 0.5), (2, 0), (3, 11), (4, -1), (5, 40), (6, 2), (8, 0.03), (9, 5), (12, 1.1), (13, .nan),
        ]
        for (index, value) in refused {
            var bad = good
            bad[index] = value
            let device = Compressor(
                lanes: [bad, nil, nil, nil], keys: [false, false, false, false], rateHertz: 48_000)
            #expect(device == nil)
            #expect(Compressor.latencyFrames(parameters: bad, rateHertz: 48_000) == nil)
        }
        #expect(CompressorParameters(values: Array(good.dropLast())) == nil)
        let bus = BusCompressorParameters(thresholdDecibels: -10, ratio: 2)
        #expect(BusCompressorParameters(values: bus.values) == bus)
        #expect(bus.values.count == BusCompressor.parameterNames.count)
    }
}
