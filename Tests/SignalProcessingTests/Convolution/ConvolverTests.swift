import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct ConvolverTests {
    @Test(arguments: [1, 2, 4], [1, 7, 4801])
    func `the output is the sum of products`(channels: Int, frameCount: Int) throws {
        let signal = TapSignal.noise(40_000)
        let impulse = decayingResponse(channels: channels, frameCount: frameCount)
        let kernel = ConvolutionKernel(impulse: impulse)
        #expect(kernel.historyFrames == frameCount - 1)
        let output = try SegmentedConvolution(kernel: kernel, segmentFrames: 17_000)
            .render(signal, frameCount: 45_000)
        let error = directErrorDecibels(output, signal, impulse, count: 1500)
        #expect(error <= -140, "\(error)")
    }

    @Test func `three seconds of response are below -140 dB`() throws {
        let signal = TapSignal.noise(500_000)
        var worst = -Double.infinity
        for channels in [1, 2, 4] {
            let impulse = decayingResponse(channels: channels, frameCount: 144_000)
            let output = try SegmentedConvolution(kernel: ConvolutionKernel(impulse: impulse))
                .render(signal, frameCount: 500_000)
            worst = max(worst, directErrorDecibels(output, signal, impulse, count: 120))
        }
        let fact = Fact(
            "Convolver",
            "error against the sum of products in Double, noise, 3 s mono, stereo and true stereo response", worst,
            .atMost(-140), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `a response that does not decay is below -140 dB`() throws {
        var noise = TapNoise(seed: 5)
        let impulse = [noise.frames(300_000)]
        let signal = TapSignal.noise(400_000)
        let output = try SegmentedConvolution(kernel: ConvolutionKernel(impulse: impulse))
            .render(signal, frameCount: 400_000)
        let fact = Fact(
            "Convolver", "error against the sum of products in Double, noise, 6 s of noise as response",
            directErrorDecibels(output, signal, impulse, count: 60), .atMost(-140), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `segments have the same bits in any order and on any worker`() throws {
        let signal = TapSignal.noise(120_000)
        let kernel = ConvolutionKernel(impulse: decayingResponse(channels: 2, frameCount: 30_011))
        let expected = try SegmentedConvolution(kernel: kernel, segmentFrames: 20_000)
            .render(signal, frameCount: 120_000)
        let reversed = try SegmentedConvolution(kernel: kernel, segmentFrames: 20_000, order: [5, 3, 4, 0, 2, 1])
            .render(signal, frameCount: 120_000)
        let fresh = try SegmentedConvolution(kernel: kernel, segmentFrames: 20_000, isShared: false)
            .render(signal, frameCount: 120_000)
        #expect(reversed == expected)
        #expect(fresh == expected)
    }

    @Test func `what is outside the reach of a segment does not matter to a bit`() throws {
        let kernel = ConvolutionKernel(impulse: decayingResponse(channels: 1, frameCount: 9000), lookaheadFrames: 500)
        #expect(kernel.historyFrames == 8499)
        var signal = TapSignal.noise(60_000)
        let convolver = StereoConvolver(kernel: kernel)
        func render() throws -> [Float] {
            var output: [Float] = []
            try convolver.render(frameCount: 7001) { first, count, left, right in
                #expect(first >= -kernel.historyFrames && first + count <= 7001 + kernel.lookaheadFrames)
                for i in 0..<count {
                    left[i] = signal.left[30_000 + first + i]
                    right[i] = signal.right[30_000 + first + i]
                }
            } write: { count, left, _ in
                output += (0..<count).map { left[$0] }
            }
            return output
        }
        let before = try render()
        signal.left[30_000 - kernel.historyFrames - 1] = 1e9
        signal.left[37_001 + kernel.lookaheadFrames] = 1e9
        #expect(try render() == before)
        signal.left[30_000 - kernel.historyFrames] += 1
        #expect(try render() != before)
        #expect(before.count == 7001)
    }

    @Test func `other segments sound the same`() throws {
        let signal = TapSignal.noise(300_000)
        let kernel = ConvolutionKernel(impulse: decayingResponse(channels: 2, frameCount: 50_000))
        let expected = try SegmentedConvolution(kernel: kernel).render(signal, frameCount: 300_000)
        var worst = -Double.infinity
        for frames in [70_001, 131_072, 8] {
            let length = frames == 8 ? 64 : 300_000
            let output = try SegmentedConvolution(kernel: kernel, segmentFrames: frames)
                .render(signal, frameCount: length)
            let part = TapSignal(
                left: Array(expected.left[..<length]), right: Array(expected.right[..<length]))
            if length == 300_000 { worst = max(worst, differenceDecibels(output, part)) }
            #expect(zip(output.left, part.left).allSatisfy { abs($0 - $1) < 2e-5 })
        }
        let fact = Fact(
            "Convolver", "difference between segments of 10 s, 1.5 s and 2.7 s", worst, .atMost(-140), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `partitions of any length give the same sum`() throws {
        let signal = TapSignal.noise(50_000)
        let impulse = decayingResponse(channels: 4, frameCount: 12_345)
        for partition in [256, 512, 1024, 32_768] {
            let kernel = ConvolutionKernel(impulse: impulse, partitionFrames: partition)
            let output = try SegmentedConvolution(kernel: kernel).render(signal, frameCount: 50_000)
            let error = directErrorDecibels(output, signal, impulse, count: 300)
            #expect(error <= -140, "\(partition): \(error)")
        }
    }

    @Test func `silence is silent and ends with the response`() throws {
        let kernel = ConvolutionKernel(impulse: decayingResponse(channels: 2, frameCount: 20_000))
        let silence = TapSignal(left: Array(repeating: 0, count: 10), right: Array(repeating: 0, count: 10))
        let output = try SegmentedConvolution(kernel: kernel).render(silence, frameCount: 100_000)
        #expect(output.left.allSatisfy { $0.bitPattern == 0 } && output.right.allSatisfy { $0.bitPattern == 0 })
        var click = silence
        click.left[0] = 1
        let tail = try SegmentedConvolution(kernel: kernel, segmentFrames: 24_000).render(click, frameCount: 100_000)
        #expect(tail.left[24_000...].allSatisfy { $0 == 0 })
        #expect(tail.left[19_000..<19_999].contains { abs($0) > 1e-6 })
        #expect(tail.right.allSatisfy { abs($0) < 1e-7 })
    }

    @Test func `a single frame is an exact gain`() throws {
        let signal = TapSignal.noise(10_000)
        let kernel = ConvolutionKernel(impulse: [[1, 0, 0, 0]])
        #expect(kernel.frameCount == 1)
        let output = try SegmentedConvolution(kernel: kernel, segmentFrames: 3000).render(signal, frameCount: 10_000)
        #expect(output == signal)
    }

    @Test func `an error of the reader comes through`() {
        struct Broken: Error {}
        let kernel = ConvolutionKernel(impulse: decayingResponse(channels: 1, frameCount: 100))
        #expect(throws: Broken.self) {
            try StereoConvolver(kernel: kernel)
                .render(frameCount: 10, read: { _, _, _, _ in throw Broken() }, write: { _, _, _ in })
        }
    }

    // MARK: The device

    private func parameters(_ values: [Double]) throws -> ConvolverParameters {
        try #require(ConvolverParameters(values: values))
    }

    @Test func `parameters outside their ranges are refused`() {
        #expect(ConvolverParameters.names == ["predelay", "gain", "mix", "length", "normalize"])
        #expect(ConvolverParameters(values: [0, 0, 1, 30, 1]) != nil)
        for values in [
            [0.6, 0, 1, 30, 1], [0, 25, 1, 30, 1], [0, 0, 1.1, 30, 1], [0, 0, 1, 0, 1], [0, 0, 1, 30, 2], [0],
        ] {
            #expect(ConvolverParameters(values: values) == nil)
        }
    }

    @Test func `dry is the input, bit for bit`() throws {
        let kernel = ConvolutionKernel(
            try parameters([0.1, 0, 0, 30, 1]), impulse: decayingResponse(channels: 4, frameCount: 1000),
            impulseRateHertz: 44_100, rateHertz: 48_000)
        let signal = TapSignal.noise(5000)
        #expect(try SegmentedConvolution(kernel: kernel).render(signal, frameCount: 5000) == signal)
    }

    @Test func `noise comes out of a normalized response as loud as it went in`() throws {
        let signal = TapSignal.noise(200_000)
        for channels in [1, 2, 4] {
            let kernel = ConvolutionKernel(
                try parameters([0.02, 0, 1, 30, 1]), impulse: decayingResponse(channels: channels, frameCount: 9000),
                impulseRateHertz: 48_000, rateHertz: 48_000)
            let output = try SegmentedConvolution(kernel: kernel).render(signal, frameCount: 200_000)
            let power = { (x: [Float]) in x[20_000...].reduce(0.0) { $0 + Double($1) * Double($1) } }
            let gain =
                10
                * log10(
                    (power(output.left) + power(output.right)) / (power(signal.left) + power(signal.right)))
            #expect(abs(gain) < 0.3, "\(channels) channels: \(gain) dB")
            #expect(output.left[..<960].allSatisfy { abs($0) < 1e-6 })
        }
    }

    @Test func `a response of another rate keeps its place and gain`() throws {
        // A unit impulse at 44.1 kHz, band-limited: what comes out is the input, up to 20 kHz.
        let kernel = ConvolutionKernel(
            try parameters([0, 0, 1, 30, 0]), impulse: [[1] + Array(repeating: 0, count: 99)],
            impulseRateHertz: 44_100, rateHertz: 48_000)
        let tone = (0..<30_000).map { Float(0.5 * sin(2 * Double.pi * 997 * Double($0) / 48_000)) }
        let output = try SegmentedConvolution(kernel: kernel)
            .render(TapSignal(left: tone, right: tone), frameCount: 30_000)
        for n in 5000..<25_000 { #expect(abs(output.left[n] - tone[n]) < 1e-6) }
    }

    @Test func `a response is cut with a fade`() throws {
        let kernel = ConvolutionKernel(
            try parameters([0, 0, 1, 0.1, 0]), impulse: [Array(repeating: 1, count: 48_000)],
            impulseRateHertz: 48_000, rateHertz: 48_000)
        #expect(kernel.frameCount == 4800)
    }
}
