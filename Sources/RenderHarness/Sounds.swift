internal import Foundation
package import Quantities
internal import SoundFiles

/// Sounds that tests make for their sessions.
package enum Sounds {
    /// A stereo chord that swells, with noise under it.
    package static func chord(_ frame: Int, _ rate: Int) -> (Double, Double) {
        let t = Double(frame) / Double(rate)
        let swell = 0.55 + 0.45 * sin(2 * .pi * 0.7 * t)
        var random = Random(seed: UInt64(frame))
        let left = sin(2 * .pi * 220 * t) + 0.6 * sin(2 * .pi * 277.2 * t) + 0.3 * sin(2 * .pi * 1108 * t)
        let right = sin(2 * .pi * 221 * t) + 0.6 * sin(2 * .pi * 329.6 * t) + 0.3 * sin(2 * .pi * 1318 * t)
        return (
            0.25 * swell * left + 0.02 * (random.double() - 0.5),
            0.25 * swell * right + 0.02 * (random.double() - 0.5)
        )
    }

    /// A falling thump.
    package static func thump(_ frame: Int, _ rate: Int) -> (Double, Double) {
        let t = Double(frame) / Double(rate)
        let value = 0.9 * exp(-9 * t) * sin(2 * .pi * (50 + 90 * exp(-30 * t)) * t)
        return (value, value)
    }

    /// Soft noise with one loud peak at 0.1 s.
    package static func spike(_ frame: Int, _ rate: Int) -> (Double, Double) {
        var random = Random(seed: UInt64(frame) &+ 77)
        let distance = Double(frame) / Double(rate) - 0.1
        let value = 0.95 * exp(-4e5 * distance * distance) + 0.05 * (random.double() - 0.5)
        return (value, value)
    }

    /// Silence but for one sample that is not a number, at 0.1 s.
    package static func broken(_ frame: Int, _ rate: Int) -> (Double, Double) {
        frame == rate / 10 ? (.nan, .nan) : (0, 0)
    }
}

extension Workshop {
    /// Writes a WAV file of a sound.
    package func sound(
        _ relative: String, _ sound: (Int, Int) -> (Double, Double), seconds: Double, rate: Int = 48_000,
        samples: SampleFormat = .integer24, channels: Int = 2
    ) throws {
        let frames = Int(seconds * Double(rate))
        let folder = URL(fileURLWithPath: path(relative)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let writer = try WaveWriter(
            path: path(relative), rate: rate, layout: SampleLayout(format: samples, channelCount: channels))
        let values = (0..<frames).map { sound($0, rate) }
        if samples.isFloat {
            let left = values.map { Float($0.0) }
            let right = values.map { Float($0.1) }
            try writer.append(left: left, right: channels == 2 ? right : nil, count: frames)
        } else {
            let scale = Double(1 << (samples.bitCount - 1))
            let left = values.map { Int32(($0.0 * scale).rounded()) }
            let right = values.map { Int32(($0.1 * scale).rounded()) }
            if channels == 2 {
                try writer.append(left: left, right: right, count: frames)
            } else {
                try writer.append(left: left, right: nil, count: frames)
            }
        }
        try writer.finish()
    }
}
