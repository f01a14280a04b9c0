import Foundation
import Quantities
import Session
import SoundFiles

/// The signal that the kernels work on.
struct Music {
    let rateHertz: Int
    var left: [Float]
    var right: [Float]

    var frameCount: Int { left.count }

    /// Twenty seconds from a stereo file, from 30 s on, with its largest sample at -1 dBFS.
    init(path: String) throws {
        let reader = try SoundFileReader(path: path)
        rateHertz = reader.info.rate
        let start = min(30 * rateHertz, reader.info.frameCount / 2)
        let range = FrameRange(start: start, count: min(20 * rateHertz, reader.info.frameCount - start))
        var (left, right) = (
            [Float](repeating: 0, count: range.count), [Float](repeating: 0, count: range.count)
        )
        try left.withUnsafeMutableBufferPointer { left in
            try right.withUnsafeMutableBufferPointer { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return }
                try reader.read(range, left: left, right: right)
            }
        }
        (self.left, self.right) = (left, right)
        scale(toPeakDecibels: -1)
    }

    /// Noise whose level rises and falls four times a second: what is measured where no file is named.
    init(noiseSeconds: Int, rateHertz: Int) {
        self.rateHertz = rateHertz
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
        }
        left = (0..<noiseSeconds * rateHertz).map { frame in
            let phase = Float(frame % (rateHertz / 4)) / Float(rateHertz / 4)
            return next() * (1 - phase) * (1 - phase)
        }
        right = left.map { 0.7 * $0 + 0.1 * next() }
        scale(toPeakDecibels: -1)
    }

    mutating func scale(toPeakDecibels decibels: Float) {
        let peak = max(left.reduce(0) { max($0, $1.magnitude) }, right.reduce(0) { max($0, $1.magnitude) })
        guard peak > 0 else { return }
        let gain = powf(10, decibels / 20) / peak
        left = left.map { $0 * gain }
        right = right.map { $0 * gain }
    }
}

/// The numbers of a device as the engine hands them to its processor: defaults, and what is named.
func parameters(_ device: String, _ named: [String: Double] = [:], bands: [[String: Double]] = []) -> [Double] {
    guard let row = DeviceDescription.all.first(where: { $0.name == device }) else {
        fatalError("there is no device \(device)")
    }
    func values(_ rows: [ParameterDescription], _ named: [String: Double]) -> [Double] {
        for name in named.keys where !rows.contains(where: { $0.name == name }) {
            fatalError("\(device) has no parameter \(name)")
        }
        return rows.map { row in
            guard let value = named[row.name] ?? row.defaultValue else {
                fatalError("\(device) needs \(row.name)")
            }
            guard value.isInfinite else { return value }
            if row.unit == .decibels { return -10_000 }
            return value < 0 ? -1e300 : 1e300
        }
    }
    return values(row.parameters, named) + bands.flatMap { values(row.bands?.parameters ?? [], $0) }
}
