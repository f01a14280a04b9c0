import Foundation
import SignalProcessing

/// Runs lane devices over frames, and measures gains.
enum CompressorLaboratory {
    static func compressor(
        _ lanes: [CompressorParameters?], keys: [Bool] = [false, false, false, false], rateHertz: Int = 48_000
    ) -> Compressor {
        guard let device = Compressor(lanes: lanes.map { $0?.values }, keys: keys, rateHertz: rateHertz) else {
            fatalError("parameters refused")
        }
        return device
    }

    static func busCompressor(_ parameters: BusCompressorParameters) -> BusCompressor {
        let lanes = [[Double]?](repeating: parameters.values, count: 4)
        guard let device = BusCompressor(lanes: lanes, keys: [false, false, false, false], rateHertz: 48_000) else {
            fatalError("parameters refused")
        }
        return device
    }

    static func run(
        _ device: inout some LaneDevice, _ frames: [LaneFrame], key: [LaneFrame]? = nil, blockFrames: Int = 512,
        from first: Int = 0
    ) -> [LaneFrame] {
        var output = frames
        output.withUnsafeMutableBufferPointer { buffer in
            var start = 0
            while start < buffer.count {
                let range = start..<min(start + blockFrames, buffer.count)
                var block = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: buffer[range]))
                if let key {
                    device.process(&block, key: key.span.extracting(range), at: first + start)
                } else {
                    device.process(&block, key: nil, at: first + start)
                }
                start = range.upperBound
            }
        }
        return output
    }

    /// The same value in both channels of a strip.
    static func frame(_ strips: [Double]) -> LaneFrame {
        var frame = LaneFrame()
        for lane in 0..<8 { frame[lane] = Float(strips[lane % 4]) }
        return frame
    }

    static func amplitude(_ decibels: Double) -> Double { pow(10, decibels / 20) }
    static func decibels(_ amplitude: Double) -> Double { 20 * log10(amplitude) }

    /// Output over input of one lane, frame by frame, in decibels.
    static func gains(_ output: [LaneFrame], _ input: [LaneFrame], lane: Int) -> [Double] {
        zip(output, input).map { decibels(Double($0[lane]) / Double($1[lane])) }
    }

    /// Gain that each of four levels of one wave settles to, in decibels of RMS over the last tenth.
    static func settledGains(
        _ parameters: CompressorParameters, _ levels: [Double], isSquare: Bool, toneHertz: Double = 1000,
        seconds: Double = 0.6, rateHertz: Int = 48_000
    ) -> [Double] {
        var device = compressor([CompressorParameters?](repeating: parameters, count: 4), rateHertz: rateHertz)
        let peaks = levels.map(amplitude)
        let count = Int(Double(rateHertz) * seconds)
        let input = (0..<count).map { n in
            let wave = sin(2 * .pi * toneHertz * Double(n) / Double(rateHertz) + 0.25 * .pi)
            return frame(peaks.map { $0 * (isSquare ? (wave < 0 ? -1 : 1) : wave) })
        }
        let output = run(&device, input)
        return (0..<4).map { lane in
            var (before, after) = (0.0, 0.0)
            for i in count * 9 / 10..<count {
                before += Double(input[i][lane]) * Double(input[i][lane])
                after += Double(output[i][lane]) * Double(output[i][lane])
            }
            return 10 * log10(after / before)
        }
    }

    /// Equation 4 of Giannoulis, Massberg and Reiss: output minus input level in decibels.
    static func curve(_ level: Double, threshold: Double, ratio: Double, knee: Double) -> Double {
        let over = level - threshold
        if 2 * over <= -knee { return 0 }
        if 2 * over < knee { return (1 / ratio - 1) * pow(over + knee / 2, 2) / (2 * knee) }
        return over / ratio - over
    }

    /// Noise, a function of the frame and the lane alone.
    static func noise(_ count: Int, seed: UInt64 = 1) -> [LaneFrame] {
        var noises = (0..<8).map { ContractNoise(seed: seed &* 8 &+ UInt64($0)) }
        return (0..<count).map { n in
            var frame = LaneFrame()
            for lane in 0..<8 { frame[lane] = Float(noises[lane].next() * (n / 2000 % 2 == 0 ? 0.8 : 0.1)) }
            return frame
        }
    }

    static func bits(_ frames: [LaneFrame], lane: Int) -> [UInt32] { frames.map { $0[lane].bitPattern } }
}
