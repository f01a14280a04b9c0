import Foundation
import SignalProcessing
import Testing

@Suite("Stereo delay") struct DelayTests {
    /// Without cuts, so that echoes are single frames.
    private func design(
        left: Int = 500, right: Int = 700, feedback: Double = 0.5, highCut: Double = 24_000,
        lowCut: Double = 0,
        pingPong: Bool = false, mix: Double = 1
    ) -> DelayCoefficients {
        .design(
            leftFrames: left, rightFrames: right, feedback: feedback, highCutHertz: highCut,
            lowCutHertz: lowCut,
            isPingPong: pingPong, mix: mix, rateHertz: 48_000)
    }

    private func echoes(_ design: DelayCoefficients, frameCount: Int, right: Double = 1) -> StereoSignal {
        var delay = StereoDelay(design)
        return processed(StereoSignal(frameCount: frameCount) { $0 == 0 ? (1, right) : (0, 0) }, by: &delay)
    }

    @Test("Echoes come at multiples of each channel's delay, each softer by the feedback")
    func times() {
        let output = echoes(design(), frameCount: 4000)
        for i in 0..<4000 {
            #expect(Double(output.left[i]) == (i > 0 && i % 500 == 0 ? pow(0.5, Double(i / 500 - 1)) : 0))
            #expect(Double(output.right[i]) == (i > 0 && i % 700 == 0 ? pow(0.5, Double(i / 700 - 1)) : 0))
        }
        // One frame is the shortest delay.
        #expect(
            echoes(design(left: 1, feedback: 0), frameCount: 10).left == [0, 1]
                + Array(repeating: 0, count: 8))
    }

    @Test("Ping-pong: echoes alternate between the channels")
    func pingPong() {
        let output = echoes(design(pingPong: true), frameCount: 4000, right: 0)
        var left: [Int: Float] = [:]
        var right: [Int: Float] = [:]
        for i in 0..<4000 {
            if output.left[i] != 0 { left[i] = output.left[i] }
            if output.right[i] != 0 { right[i] = output.right[i] }
        }
        #expect(left == [500: 0.5, 1700: 0.125, 2900: 0.03125])
        #expect(right == [1200: 0.25, 2400: 0.0625, 3600: 0.015625])
    }

    @Test("Dry and wet are mixed linearly")
    func mix() {
        let output = echoes(design(feedback: 0, mix: 0.25), frameCount: 1000)
        #expect(output.left[0] == 0.75)
        #expect(output.left[500] == 0.25)
    }

    @Test("The cuts are 3 dB down at their frequencies, once per return", arguments: [200.0, 2000, 8000])
    func cuts(hertz: Double) {
        // The second echo has passed the filters once, the first not at all.
        for isHigh in hertz <= 200 ? [true, false] : [true] {
            let frames = 20_000
            let delay = design(
                left: frames, right: frames, feedback: 0.5, highCut: isHigh ? hertz : 24_000,
                lowCut: isHigh ? 0 : hertz)
            let output = echoes(delay, frameCount: 3 * frames).left[(2 * frames)...].map(Double.init)
            var re = 0.0
            var im = 0.0
            for (i, x) in output.enumerated() {
                re += x * cos(2 * Double.pi * hertz * Double(i) / 48_000)
                im += x * sin(2 * Double.pi * hertz * Double(i) / 48_000)
            }
            let decibels = 10 * log10((re * re + im * im) / 0.25)
            // The low cut is the input less a low-pass, so exact at low frequencies only: where it is used.
            #expect(abs(decibels + 3.01) < (isHigh ? 0.01 : 0.15))
        }
    }

    @Test(
        "Below -100 dB after the tail, above shortly before", arguments: [0.0, 0.35, 0.8, 0.95],
        [false, true])
    func tail(feedback: Double, pingPong: Bool) {
        let design = design(feedback: feedback, pingPong: pingPong)
        let output = echoes(design, frameCount: design.tailFrames + 3000)
        let after = (output.left[(design.tailFrames + 1)...] + output.right[(design.tailFrames + 1)...])
        #expect(after.allSatisfy { $0.magnitude < 1e-5 })
        #expect(StereoDelay(design).tailFrames == design.tailFrames)
        if feedback == 0 { #expect(design.tailFrames == 700) }
        // The longer line alone: its last echo above -100 dB is the one before the tail's end.
        guard !pingPong, feedback > 0 else { return }
        #expect(output.right[(design.tailFrames - 700 + 1)...].allSatisfy { $0.magnitude < 1e-5 })
        #expect(output.right[design.tailFrames - 700].magnitude >= 1e-5)
    }

    @Test("Blocks of any length give the same bits")
    func blocks() throws {
        let design = design(left: 100, right: 4001, highCut: 8000, lowCut: 80, mix: 0.3)
        try expectBlockInvariance({ StereoDelay(design) }, rateHertz: 48_000)
    }

    @Test("States become equal within the stated time", arguments: ConvergenceStimulus.allCases)
    func convergence(stimulus: ConvergenceStimulus) throws {
        let design = design(left: 18_000, right: 24_000, feedback: 0.35, highCut: 8000, lowCut: 80, mix: 0.3)
        let boundary = try #require(
            try convergenceBoundary({ StereoDelay(design) }, stimulus, rateHertz: 48_000, limit: 4))
        // 17 passes of half a second, and the low cut's settling.
        #expect(boundary <= 2)
    }

    @Test("The snapshot has the stated size, and NaN or infinity refuses it")
    func snapshot() throws {
        #expect(try snapshotBytes(StereoDelay(design())).count == 16 + 4 * 1200)
        let design = design(highCut: 8000, lowCut: 80)
        expectPoisonRefused { StereoDelay(design) }
    }

    @Test("Coefficients survive being plain numbers")
    func coefficients() {
        let design = design(highCut: 5000, lowCut: 100, pingPong: true, mix: 0.4)
        #expect(DelayCoefficients(values: design.values) == design)
        for (index, value) in [(0, 0.0), (1, 0.5), (2, 0.96), (2, -.infinity), (5, 2)] {
            var broken = design.values
            broken[index] = value
            #expect(DelayCoefficients(values: broken) == nil)
        }
    }
}
