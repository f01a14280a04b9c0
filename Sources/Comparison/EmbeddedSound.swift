import Foundation
import Metering
import Quantities
import SoundFiles

/// Both files as FLAC in base64, from one place on: the same moment is the same sample in both.
///
/// All of it with 24 bits where that fits, else with 16, else 24 bits around the greatest residual. Both are dithered
/// alike, so what is equal stays equal.
struct EmbeddedSound {
    let a: String
    let b: String
    let bitCount: Int
    /// On A's timeline.
    let startSeconds: Double
    let durationSeconds: Double
    let isExcerpt: Bool
    /// 0, or what keeps samples beyond full scale from clipping.
    let gainDecibels: Double

    private static let leastSeconds = 2.0
    private static let probeSeconds = 4.0

    /// - Parameter byteLimit: bytes of FLAC that both may take together.
    init(_ pair: FilePair, _ result: PairResult, byteLimit: Int) throws {
        let peak = max(Self.peak(result.first), Self.peak(result.second))
        let gain = peak > 0.9999 ? 0.9999 / peak : 1
        let duration = max(result.first.durationSeconds, result.second.durationSeconds - result.lagSeconds)
        func encoded(_ start: Double, _ length: Double, _ bits: Int) throws -> ([UInt8], [UInt8]) {
            (
                try Self.encode(pair.a.path, from: start, seconds: length, bits: bits, gain: gain),
                try Self.encode(
                    pair.b.path, from: start + result.lagSeconds, seconds: length, bits: bits, gain: gain)
            )
        }
        // What a second costs is asked of the place that is shown in any case.
        let centre = Self.centre(result)
        let probe = min(duration, Self.probeSeconds)
        let probeStart = max(0, min(centre - probe / 2, duration - probe))
        func bytesPerSecond(_ bits: Int) throws -> Double {
            let (a, b) = try encoded(probeStart, probe, bits)
            return 1.15 * Double(a.count + b.count) / probe
        }
        let fine = try bytesPerSecond(24)
        var (start, length, bits) = (0.0, duration, 24)
        if fine * duration > Double(byteLimit) {
            if try bytesPerSecond(16) * duration <= Double(byteLimit) {
                bits = 16
            } else {
                length = min(duration, (Double(byteLimit) / fine).rounded(.down))
                guard length >= Self.leastSeconds else {
                    throw ComparisonError("the limit for sound leaves no room for this pair")
                }
                start = max(0, min(centre - length / 2, duration - length)).rounded(.down)
            }
        }
        let (first, second) = try encoded(start, length, bits)
        a = Data(first).base64EncodedString()
        b = Data(second).base64EncodedString()
        bitCount = bits
        startSeconds = start
        durationSeconds = length
        isExcerpt = length < duration
        gainDecibels = gain < 1 ? 20 * log10(gain) : 0
    }

    private static func peak(_ profile: FileProfile) -> Double {
        profile.signal.channels.reduce(0) { max($0, Double($1.samplePeak)) }
    }

    /// Where the residual is greatest, else where the first change is.
    private static func centre(_ result: PairResult) -> Double {
        if let residual = result.residual, let place = residual.peakPlace {
            return Double(place.frame) / Double(residual.rateHertz)
        }
        return result.first.durationSeconds / 2
    }

    /// - Parameter start: seconds of the file; silence before and after it.
    private static func encode(
        _ path: String, from start: Double, seconds: Double, bits: Int, gain: Double
    ) throws -> [UInt8] {
        let piece = 65_536
        let source = try PlaneSource(path: path, capacity: piece)
        let rate = source.info.rate
        let channelCount = min(2, source.info.channelCount)
        let encoder = try FlacEncoder(
            name: path, rate: rate,
            layout: SampleLayout(format: bits == 24 ? .integer24 : .integer16, channelCount: channelCount))
        let block = DoublePlanes(channelCount: source.info.channelCount, frameCount: piece)
        var integers = [[Int32]](repeating: [Int32](repeating: 0, count: piece), count: channelCount)
        let first = Int((start * Double(rate)).rounded())
        let count = max(1, Int((seconds * Double(rate)).rounded()))
        var done = 0
        while done < count {
            let frames = FrameRange(start: first + done, count: min(piece, count - done))
            if try !source.read(frames, into: block.planes) { block.clean(frameCount: frames.count) }
            for channel in 0..<channelCount {
                round(block.planes[channel], frames.count, bits: bits, gain: gain, from: done, into: &integers[channel])
            }
            try encoder.append(
                left: integers[0], right: channelCount == 2 ? integers[1] : nil, count: frames.count)
            done += frames.count
        }
        return try encoder.finish()
    }

    /// With dither of triangular shape at 16 bits, which depends on the place in the excerpt alone.
    private static func round(
        _ plane: UnsafePointer<Double>, _ count: Int, bits: Int, gain: Double, from place: Int,
        into integers: inout [Int32]
    ) {
        let scale = gain * (bits == 24 ? 8_388_608 : 32_768)
        let limit = bits == 24 ? 8_388_607.0 : 32_767.0
        for i in 0..<count {
            var value = plane[i] * scale
            if bits == 16 { value += dither(UInt64(place + i)) }
            integers[i] = Int32(max(-limit - 1, min(limit, value.rounded())))
        }
    }

    /// From -1 to 1.
    private static func dither(_ place: UInt64) -> Double {
        // SplitMix64's mixing function (G. Steele, D. Lea, C. Flood, 2014).
        var z = (place &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z & 0xFFFF_FFFF) * 0x1p-32 - Double(z >> 32) * 0x1p-32
    }
}
