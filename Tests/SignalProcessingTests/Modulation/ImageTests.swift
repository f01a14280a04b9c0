import DeviceReference
import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Width, alignment, utility") struct ImageTests {
    private func width(_ values: [Double]) throws -> StereoWidth {
        try #require(StereoWidth(parameters: values, rateHertz: 48_000))
    }

    @Test("The mono sum stays, whatever the width and below whatever frequency")
    func monoSum() throws {
        let signal = ConvergenceStimulus.music.signal(frameCount: 48_000, rateHertz: 48_000)
        var largest = 0.0
        for values in [[0.0, 10], [0.5, 10], [1, 10], [2, 10], [1, 120], [2, 500], [0.3, 250]] {
            let output = TimeMeasure.run(try width(values), signal)
            for n in 0..<48_000 {
                let before = Double(signal.left[n]) + Double(signal.right[n])
                largest = max(largest, abs(Double(output.left[n]) + Double(output.right[n]) - before))
            }
        }
        let fact = Fact(
            "Width", "change of the mono sum, 0 to 200 %, mono below 120 to 500 Hz, peaks of 2",
            TimeMeasure.decibels(largest),
            .atMost(-130), unit: "dBFS")
        #expect(fact.holds, "\(fact)")
    }

    @Test("The side signal has its gain, exactly where the sums are")
    func side() throws {
        let signal = StereoSignal(frameCount: 3) { _ in (0.75, 0.25) }
        for (value, left) in [(0.0, 0.5), (0.5, 0.625), (2, 1)] {
            let output = TimeMeasure.run(try width([value, 10]), signal)
            #expect(output.left == [Float](repeating: Float(left), count: 3))
            #expect(output.right == [Float](repeating: Float(1 - left), count: 3))
        }
    }

    @Test("Below the corner the side goes by 24 dB per octave", arguments: [60.0, 120, 400])
    func below(hertz: Double) throws {
        let impulse = TimeMeasure.run(
            try width([1, hertz]), StereoSignal(frameCount: 96_000) { $0 == 0 ? (0.5, -0.5) : (0, 0) })
        let side = zip(impulse.left, impulse.right).map { $0 - $1 }
        func gain(_ ratio: Double) -> Double {
            TimeMeasure.decibels(TimeMeasure.response(side, hertz: hertz * ratio).magnitude)
        }
        let corner = Fact(
            "Width", "mono below \(Int(hertz)) Hz: deviation from -6.02 dB at the corner",
            abs(gain(1) + 6.0206),
            .atMost(0.01), unit: "dB")
        #expect(corner.holds, "\(corner)")
        // 1 / (1 + 2^4).
        let octave = Fact(
            "Width", "mono below \(Int(hertz)) Hz: side signal an octave below", gain(0.5), .atMost(-24.5),
            unit: "dB")
        #expect(octave.holds, "\(octave)")
        let above = Fact(
            "Width", "mono below \(Int(hertz)) Hz: loss two octaves above", abs(gain(4)), .atMost(0.05),
            unit: "dB")
        #expect(above.holds, "\(above)")
    }

    @Test("Jumps of width and corner, and the filter's coming and going, are no clicks")
    func glide() throws {
        var device = try width([1, 10])
        var output: [Float] = []
        for (k, values) in [[1.0, 10], [2, 10], [2, 200], [1, 300], [1, 10], [0, 10]].enumerated() {
            device.update(parameters: values)
            output +=
                processed(StereoSignal(frameCount: 480) { _ in (0.5, -0.5) }, by: &device, from: 480 * k).left
        }
        // At most from 0 to 1 in 8 frames, and the filter's own fall.
        #expect(zip(output, output.dropFirst()).allSatisfy { abs($0 - $1) < 0.13 })
    }

    @Test("An alignment is exact to the frame and the bit")
    func alignment() throws {
        let signal = ConvergenceStimulus.noise.signal(frameCount: 60_000, rateHertz: 48_000)
        for (left, right) in [(0, 1), (37, 480), (48_000, 0)] {
            let device = try #require(
                AlignmentDelay(parameters: [Double(left), Double(right)], rateHertz: 48_000))
            let output = TimeMeasure.run(device, signal)
            #expect(output.left.prefix(left).allSatisfy { $0 == 0 })
            #expect(Array(output.left.dropFirst(left)) == Array(signal.left.dropLast(left)))
            #expect(Array(output.right.dropFirst(right)) == Array(signal.right.dropLast(right)))
            #expect(device.tailFrames == max(left, right) && device.latencyFrames == 0)
        }
        #expect(AlignmentDelay(parameters: [0.5, 0], rateHertz: 48_000) == nil)
        #expect(AlignmentDelay(parameters: [0, 48_001], rateHertz: 48_000) == nil)
        #expect(AlignmentDelay(parameters: [-1, 0], rateHertz: 48_000) == nil)
    }

    /// What a frame of 0.5 and 0.25 becomes.
    private func utility(_ values: [Double]) throws -> [Float] {
        let device = try #require(SingleStrip<GainStage>(parameters: values, rateHertz: 48_000))
        let output = TimeMeasure.run(device, StereoSignal(frameCount: 1) { _ in (0.5, 0.25) })
        return [output.left[0], output.right[0]]
    }

    @Test("Polarity comes before swap, mono and gain")
    func utilityOrder() throws {
        #expect(try utility([0, 0, 0, 0]) == [0.5, 0.25])
        #expect(try utility([0, 1, 0, 0]) == [-0.5, 0.25])
        #expect(try utility([0, 2, 0, 0]) == [0.5, -0.25])
        #expect(try utility([0, 3, 0, 0]) == [-0.5, -0.25])
        #expect(try utility([0, 0, 1, 0]) == [0.25, 0.5])
        #expect(try utility([0, 1, 1, 0]) == [0.25, -0.5])
        #expect(try utility([0, 0, 0, 1]) == [0.375, 0.375])
        #expect(try utility([0, 2, 0, 1]) == [0.125, 0.125])
        #expect(try utility([-10_000, 0, 0, 1]) == [0, 0])
        let six = try utility([6.020599913279624, 0, 0, 0])
        #expect(six == [1, 0.5])
        #expect(SingleStrip<GainStage>(parameters: [48.1, 0, 0, 0], rateHertz: 48_000) == nil)
        #expect(SingleStrip<GainStage>(parameters: [0, 4, 0, 0], rateHertz: 48_000) == nil)
    }

    @Test("A lane's gain glides in eight frames and leaves the others alone")
    func utilityGlide() throws {
        var stage = try #require(
            GainStage(
                lanes: [[0, 0, 0, 0], [0, 0, 1, 0], nil, [0, 0, 0, 0]], keys: [false, false, false, false],
                rateHertz: 48_000))
        stage.update(lane: 0, parameters: [-10_000, 0, 0, 0])
        stage.update(lane: 1, parameters: [6.020599913279624, 0, 1, 0])
        var frames = [LaneFrame](repeating: LaneFrame(1, 0.25, 0.1, 0.2, 1, 0.5, 0.1, 0.2), count: 10)
        var block = frames.mutableSpan
        stage.process(&block, key: nil, at: 0)
        for i in 0..<10 {
            let part = Float(min(i + 1, 8)) / 8
            #expect(frames[i][0] == 1 - part && frames[i][4] == 1 - part)
            #expect(frames[i][1] == 0.5 * (1 + part) && frames[i][5] == 0.25 * (1 + part))
            #expect(frames[i][2] == 0.1 && frames[i][7] == 0.2)
        }
    }
}
