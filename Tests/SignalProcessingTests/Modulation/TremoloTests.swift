import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Tremolo") struct TremoloTests {
    private func tremolo(_ values: [Double]) throws -> Tremolo {
        try #require(Tremolo(parameters: values.count == 4 ? values + [0] : values, rateHertz: 48_000))
    }

    @Test("The depth is what it says in decibels", arguments: [0.0, 1, 2])
    func depth(shape: Double) throws {
        var error = 0.0
        for depth in [0.1, 0.5, 0.9] {
            let gains = TimeMeasure.constant(try tremolo([4, depth, shape, 0]), frameCount: 24_000).left.map(
                Double.init)
            error = max(error, abs(TimeMeasure.decibels(gains.highest)))
            error = max(error, abs(TimeMeasure.decibels(gains.lowest) - TimeMeasure.decibels(1 - depth)))
        }
        let name = ["sine", "triangle", "square"][Int(shape)]
        let fact = Fact(
            "Tremolo", "deviation of the extremes, \(name), 10, 50 and 90 %", error, .atMost(0.01), unit: "dB"
        )
        #expect(fact.holds, "\(fact)")
    }

    @Test("The wave stands where the song's frame says, five hours in too", arguments: [0, 1_000_000_000])
    func phase(first: Int) throws {
        let gains = TimeMeasure.constant(try tremolo([5, 1, 0, 90]), frameCount: 30_000, from: first)
        var largest = 0.0
        for n in 0..<30_000 {
            let turn = 2 * Double.pi * Double((first + n) % 9600) / 9600
            largest = max(largest, abs(Double(gains.left[n]) - (1 + sin(turn)) / 2))
            largest = max(largest, abs(Double(gains.right[n]) - (1 + cos(turn)) / 2))
        }
        let fact = Fact(
            "Tremolo", "deviation of the gain from its sine, 5 Hz, from frame \(first) on", largest,
            .atMost(1e-6), unit: "")
        #expect(fact.holds, "\(fact)")
    }

    @Test("As an auto-pan the two gains have a constant sum", arguments: [0.0, 1, 2])
    func pan(shape: Double) throws {
        let gains = TimeMeasure.constant(try tremolo([0.7, 1, shape, 180]), frameCount: 96_000)
        let error = zip(gains.left, gains.right).map { abs(Double($0) + Double($1) - 1) }.highest
        let name = ["sine", "triangle", "square"][Int(shape)]
        let fact = Fact(
            "Tremolo", "change of the mono sum as an auto-pan, \(name)", error, .atMost(1.2e-7), unit: "")
        #expect(fact.holds, "\(fact)")
        #expect(gains.left.highest > 0.999 && gains.left.lowest < 0.001)
    }

    @Test("By the law of power an auto-pan's powers have a constant sum", arguments: [0.0, 1, 2], [1, 0.5])
    func constantPower(shape: Double, depth: Double) throws {
        let gains = TimeMeasure.constant(try tremolo([0.7, depth, shape, 180, 1]), frameCount: 96_000)
        var error = 0.0
        for i in gains.left.indices {
            let (x, y) = (Double(gains.left[i]), Double(gains.right[i]))
            let share = (x * x + y * y) / (2 - depth)
            error = max(error, abs(TimeMeasure.decibels(share) / 2))
        }
        let name = ["sine", "triangle", "square"][Int(shape)]
        let fact = Fact(
            "Tremolo", "change of the power of both sides as an auto-pan, law of power, \(name), \(Int(depth * 100)) %",
            error, .atMost(1e-5), unit: "dB")
        #expect(fact.holds, "\(fact)")
        let lowest = Double(gains.left.lowest)
        #expect(abs(lowest * lowest - (1 - depth)) < 0.001)
        let middle = (1 - depth / 2).squareRoot()
        if shape == 0 { #expect(abs(Double(gains.left[0]) - middle) < 1e-4) }
    }

    @Test("A square's edges take 5 ms, and a jump of depth 8 frames")
    func edges() throws {
        let gains = TimeMeasure.constant(try tremolo([2, 1, 2, 0]), frameCount: 48_000).left
        let moving = gains.filter { $0 > 0.0005 && $0 < 0.9995 }.count
        // Four edges, whose ends are flat.
        #expect(abs(Double(moving) / 4 - 240) < 10)
        #expect(zip(gains, gains.dropFirst()).allSatisfy { abs($0 - $1) < 1.51 / 240 })
        var device = try tremolo([0.01, 0, 0, 0])
        _ = processed(StereoSignal(frameCount: 800) { _ in (1, 1) }, by: &device)
        device.update(parameters: [0.01, 1, 0, 0, 0])
        let output = processed(StereoSignal(frameCount: 16) { _ in (1, 1) }, by: &device, from: 800).left
        #expect(
            output[..<8].enumerated().allSatisfy { abs(Double($1) - (1 - 0.5 * Double($0 + 1) / 8)) < 0.003 })
    }
}
