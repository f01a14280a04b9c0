import Foundation
import Hashing
import Quantities
import Session
import SoundFiles

/// SplitMix64: the same numbers on every run.
struct TestNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random bytes of so many frames of packed integers.
func packedFrames(_ count: Int, bitCount: Int, channelCount: Int = 2, seed: UInt64 = 1) -> [UInt8] {
    var numbers = TestNumbers(state: seed)
    return (0..<count * channelCount * bitCount / 8).map { _ in
        UInt8.random(in: .min ... .max, using: &numbers)
    }
}

/// Random samples in ±1, one array per channel.
func planarFrames(_ count: Int, channelCount: Int = 2, seed: UInt64 = 1) -> [[Float]] {
    var numbers = TestNumbers(state: seed)
    return (0..<channelCount).map { _ in (0..<count).map { _ in Float.random(in: -1...1, using: &numbers) } }
}

/// All files below `folder`, hidden ones included, sorted, as relative paths.
func listing(_ folder: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return all.filter { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
            && !isFolder.boolValue
    }.sorted()
}

func contents(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }

func sha256(_ bytes: [UInt8]) -> String {
    let hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finishHexadecimal()
}

/// Whether long arrays are equal: the testing library would look for the shortest edit between unequal ones.
func isSame<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Bool { a == b }

/// A file's samples as they are decoded.
func canonicalBytes(_ path: String) throws -> [UInt8] {
    let reader = try SoundFileReader(path: path)
    var bytes: [UInt8] = []
    try reader.forEachPart { _, part in bytes.append(contentsOf: part) }
    return bytes
}

/// A file's samples as planes.
func planes(_ path: String) throws -> [[Float]] {
    let reader = try SoundFileReader(path: path)
    let count = reader.info.frameCount
    var left = [Float](repeating: 0, count: count)
    var right = left
    let isStereo = reader.info.channelCount == 2
    try left.withUnsafeMutableBufferPointer { l in
        try right.withUnsafeMutableBufferPointer { r in
            try reader.read(FrameRange(0, count), left: l.baseAddress!, right: isStereo ? r.baseAddress : nil)
        }
    }
    return isStereo ? [left, right] : [left]
}

/// Writes a Float32 WAV file.
func writeFloatWave(_ path: String, _ planes: [[Float]], rate: Int = 48_000) throws {
    let writer = try WaveWriter(
        path: path, rate: rate, layout: SampleLayout(format: .float32, channelCount: planes.count))
    try planes[0].withUnsafeBufferPointer { left in
        try planes[planes.count - 1].withUnsafeBufferPointer { right in
            try writer.append(
                left: left.baseAddress!, right: planes.count == 2 ? right.baseAddress : nil, count: left.count
            )
        }
    }
    try writer.finish()
}

/// An album of empty songs: names and formats are all that a plan reads.
func album(_ titles: [String], _ deliveries: [Delivery], rate: Int = 48_000) -> Album {
    let songs = titles.map { title in
        AlbumEntry(song: Song(title: title, rateHertz: rate, sources: [], tracks: []), gapSeconds: 0)
    }
    return Album(
        title: "Night Ferry", artist: "The Harbour Lights", songs: songs, loudness: LoudnessTarget(),
        deliveries: deliveries)
}

let wave24 = Delivery(format: .wav, samples: .integer24, dither: .tpdf)
let wave16 = Delivery(format: .wav, samples: .integer16, dither: .tpdf)
let flac16 = Delivery(format: .flac, samples: .integer16, rateHertz: 44_100, dither: .tpdf)
