import Comparison
import Foundation
import Quantities
import SoundFiles
import TestSupport

/// A folder of sound files made for one test.
final class Studio {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("compare") }

    func path(_ name: String) -> String { directory.path + "/" + name }

    /// Two voices with noise under them, no two seconds alike; from -1 to 1.
    static func music(seconds: Double, rate: Int = 48_000) -> [[Double]] {
        var state: UInt64 = 88_172_645_463_325_252
        func noise() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) * 0x1p-52 - 1
        }
        let count = Int(seconds * Double(rate))
        var (left, right) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        for i in 0..<count {
            let t = Double(i) / Double(rate)
            let swell = 0.5 + 0.3 * sin(2 * .pi * 0.13 * t)
            left[i] = 0.3 * swell * sin(2 * .pi * (220 + 5 * sin(0.7 * t)) * t) + 0.05 * noise()
            right[i] = 0.3 * swell * sin(2 * .pi * (331 + 3 * sin(0.9 * t)) * t) + 0.05 * noise()
        }
        return [left, right]
    }

    /// Writes a file and gives back its path; floats keep NaN.
    @discardableResult
    func write(
        _ name: String, _ planes: [[Double]], rate: Int = 48_000, format: SampleFormat = .integer24
    ) throws -> String {
        let path = path(name)
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        let writer = try WaveWriter(
            path: path, rate: rate, layout: SampleLayout(format: format, channelCount: planes.count))
        if format.isFloat {
            let floats = planes.map { $0.map { Float($0) } }
            try writer.append(left: floats[0], right: planes.count == 2 ? floats[1] : nil, count: planes[0].count)
        } else {
            let scale = Double(1 << (format.bitCount - 1))
            let integers = planes.map { $0.map { Int32(max(-scale, min(scale - 1, ($0 * scale).rounded()))) } }
            try writer.append(left: integers[0], right: planes.count == 2 ? integers[1] : nil, count: planes[0].count)
        }
        try writer.finish()
        return path
    }

    func flac(_ name: String, _ planes: [[Double]], rate: Int = 48_000) throws {
        let encoder = try FlacEncoder(
            name: name, rate: rate, layout: SampleLayout(format: .integer24, channelCount: 2),
            tags: SoundFileTags(title: "Ferry"))
        let integers = planes.map { $0.map { Int32(($0 * 8_388_608).rounded()) } }
        try encoder.append(left: integers[0], right: integers[1], count: planes[0].count)
        try directory.write(name, try encoder.finish())
    }

    /// A folder that `lathe render` could have left: a master for each song.
    func render(_ folder: String, _ songs: [(title: String, path: String)], _ planes: [[Double]]) throws {
        let entries = try songs.map { title, path in
            try write(folder + "/" + path, planes)
            return """
                {"title": "\(title)", "rate": 48000, "stems": [], "files": [{"path": "\(path)", "role": "master", \
                "format": "wav", "bits": 24, "rate": 48000, "channels": 2, "frames": 48000, "bytes": 288080, \
                "sha256": "00", "pcmSha256": "00"}]}
                """
        }
        try directory.write(
            folder + "/render.json",
            """
            {"lathe": "0.1.0", "libraries": {}, "album": "Night Ferry", "warnings": [], "failures": [],
             "songs": [\(entries.joined(separator: ", "))]}
            """)
    }

    /// A WAV file of 32 or 64-bit floats as other programs write it: with loudspeakers, or with a tag before the audio.
    func floats(
        _ name: String, _ planes: [[Double]], bits: Int = 64, mask: UInt32? = nil, note: String = ""
    ) throws {
        var out: [UInt8] = []
        func put(_ value: Int, _ count: Int) {
            for byte in 0..<count { out.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
        }
        func put(_ text: String) { out += Array(text.utf8) }
        let width = bits / 8
        let frame = width * planes.count
        let audio = frame * planes[0].count
        put("RIFF")
        put(4 + 8 + (mask == nil ? 16 : 40) + (note.isEmpty ? 0 : 8 + note.utf8.count) + 8 + audio, 4)
        put("WAVEfmt ")
        put(mask == nil ? 16 : 40, 4)
        put(mask == nil ? 3 : 0xFFFE, 2)
        put(planes.count, 2)
        put(48_000, 4)
        put(48_000 * frame, 4)
        put(frame, 2)
        put(bits, 2)
        if let mask {
            put(22, 2)
            put(bits, 2)
            put(Int(mask), 4)
            out += [3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        }
        if !note.isEmpty {
            put("note")
            put(note.utf8.count, 4)
            put(note)
        }
        put("data")
        put(audio, 4)
        for i in planes[0].indices {
            for plane in planes {
                if bits == 64 {
                    put(Int(bitPattern: UInt(plane[i].bitPattern)), 8)
                } else {
                    put(Int(Float(plane[i]).bitPattern), 4)
                }
            }
        }
        try directory.write(name, out)
    }

    func compare(
        _ a: String, _ b: String, _ options: ComparisonOptions = ComparisonOptions()
    ) throws -> ComparisonReport {
        let pairs = try FilePairs(ComparedArgument(a), ComparedArgument(b), in: directory.path)
        return ComparisonReport(pairs, nameA: a, nameB: b, lathe: "test", options)
    }

    /// The one pair's result, and what the text says of it.
    func resultAndText(_ a: String, _ b: String) throws -> (PairResult, String) {
        let report = try compare(a, b)
        guard report.pairs.count == 1, case .compared(let result) = report.pairs[0].outcome else {
            throw ComparisonError("not compared: \(report.failures)")
        }
        return (result, ComparisonText.document(report, width: 120))
    }

    /// The one pair's result.
    func result(_ a: String, _ b: String, _ options: ComparisonOptions = ComparisonOptions()) throws -> PairResult {
        let report = try compare(a, b, options)
        guard report.pairs.count == 1, case .compared(let result) = report.pairs[0].outcome else {
            throw ComparisonError("not compared: \(report.failures)")
        }
        return result
    }
}

extension ComparisonOptions {
    static func tolerance(_ decibels: Double) -> ComparisonOptions {
        var options = ComparisonOptions()
        options.toleranceDecibels = decibels
        return options
    }
}

func scaled(_ planes: [[Double]], _ factor: Double, frames: Range<Int>? = nil) -> [[Double]] {
    planes.map { plane in
        plane.enumerated().map { i, value in frames?.contains(i) ?? true ? factor * value : value }
    }
}
