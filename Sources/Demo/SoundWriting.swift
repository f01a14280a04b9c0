import Foundation
import Quantities
import SoundFiles

extension Sound {
    /// Writes a WAV or FLAC file of 24-bit integers, or of 16-bit ones with triangular dither of 2 LSB.
    ///
    /// - Parameter noise: what the dither is made from; unused at 24 bits.
    func write(to path: String, bitCount: Int, isFLAC: Bool, noise: NoiseStream) throws {
        let planes = channels.indices.map {
            quantised(channel: $0, bitCount: bitCount, noise: noise.stream($0))
        }
        let layout = SampleLayout(
            format: bitCount == 16 ? .integer16 : .integer24, channelCount: channels.count)
        let count = frameCount
        if isFLAC {
            let encoder = try FlacEncoder(name: path, rate: rateHertz, layout: layout, level: 5)
            try withPlanes(planes) { try encoder.append(left: $0, right: $1, count: count) }
            try Data(try encoder.finish()).write(to: URL(fileURLWithPath: path))
        } else {
            let writer = try WaveWriter(path: path, rate: rateHertz, layout: layout)
            try withPlanes(planes) { try writer.append(left: $0, right: $1, count: count) }
            try writer.finish()
        }
    }

    private func quantised(channel: Int, bitCount: Int, noise: NoiseStream) -> [Int32] {
        let steps = Double(1 << (bitCount - 1))
        return channels[channel].enumerated().map { i, x in
            let dither = bitCount == 16 ? (noise[2 * i] + noise[2 * i + 1]) / 2 : 0
            return Int32((x * steps + dither).rounded(.toNearestOrEven))
        }
    }

    private func withPlanes(
        _ planes: [[Int32]], _ body: (UnsafePointer<Int32>, UnsafePointer<Int32>?) throws -> Void
    ) throws {
        try planes[0].withUnsafeBufferPointer { left in
            guard let leftStart = left.baseAddress else { return }
            guard planes.count == 2 else { return try body(leftStart, nil) }
            try planes[1].withUnsafeBufferPointer { try body(leftStart, $0.baseAddress) }
        }
    }
}
