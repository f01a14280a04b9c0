import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

/// A fresh directory under the system's temporary directory, removed with all that is in it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/lathe-sound-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw FixtureError.folder }
        path = String(cString: made)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

enum FixtureError: Error { case folder, file, library }

/// splitmix64: the same numbers on every run.
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

/// Interleaved samples, left-justified in 32 bits; the extremes come first.
func testSamples(count: Int, seed: UInt64 = 1) -> [Int32] {
    var numbers = TestNumbers(state: seed)
    var samples = (0..<count).map { _ in Int32(truncatingIfNeeded: numbers.next()) }
    for (i, edge) in [Int32.min, .max, 0, -1, 1, -256, 256].enumerated() where i < count { samples[i] = edge }
    return samples
}

/// Writes a file with libsndfile.
///
/// Float formats get the samples at ±1.
func writeWithLibrary(
    _ path: String, format: Int, rate: Int = 48_000, channelCount: Int, samples: [Int32]
) throws {
    var info = SF_INFO()
    info.samplerate = CInt(rate)
    info.channels = CInt(channelCount)
    info.format = CInt(truncatingIfNeeded: format)
    guard let file = sf_open(path, CInt(SFM_WRITE), &info) else { throw FixtureError.library }
    defer { sf_close(file) }
    let frameCount = sf_count_t(samples.count / channelCount)
    let written: sf_count_t
    switch format & SF_FORMAT_SUBMASK {
    case SF_FORMAT_FLOAT, SF_FORMAT_DOUBLE, SF_FORMAT_VORBIS, SF_FORMAT_OPUS, SF_FORMAT_MPEG_LAYER_III:
        let floats = samples.map { Double($0) * 0x1p-31 }
        written = sf_writef_double(file, floats, frameCount)
    default: written = sf_writef_int(file, samples, frameCount)
    }
    guard written == frameCount else { throw FixtureError.library }
}

/// Reads a whole file with libsndfile as interleaved floats.
func readWithLibrary(_ path: String) throws -> (info: SF_INFO, samples: [Float]) {
    var info = SF_INFO()
    guard let file = sf_open(path, CInt(SFM_READ), &info) else { throw FixtureError.library }
    defer { sf_close(file) }
    var samples = [Float](repeating: .nan, count: Int(info.frames) * Int(info.channels))
    guard sf_readf_float(file, &samples, info.frames) == info.frames else { throw FixtureError.library }
    return (info, samples)
}

extension SoundFileReader {
    /// Frames as interleaved floats, through `read`.
    func interleaved(_ frames: FrameRange) throws -> [Float] {
        var left = [Float](repeating: .nan, count: frames.count)
        guard info.channelCount == 2 else {
            try read(frames, left: &left, right: nil)
            return left
        }
        var right = left
        try read(frames, left: &left, right: &right)
        return zip(left, right).flatMap { [$0, $1] }
    }

    func canonicalBytes(_ frames: FrameRange? = nil) throws -> [UInt8] {
        try withCanonicalBytes(frames ?? FrameRange(0, info.frameCount)) { Array($0) }
    }
}

func bytes(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw FixtureError.file }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&block, 1, block.count, file)
        if count == 0 { return bytes }
        bytes += block[..<count]
    }
}

func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw FixtureError.file }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FixtureError.file }
}

/// What opening and checking comes to.
func failure(of body: () throws -> Void) -> SoundFileError? {
    do {
        try body()
        return nil
    } catch { return error as? SoundFileError }
}

func withDescriptor(_ path: String, flags: CInt = O_RDONLY, _ body: (CInt) throws -> Void) throws {
    let descriptor = open(path, flags | O_CLOEXEC)
    guard descriptor >= 0 else { throw FixtureError.file }
    defer { close(descriptor) }
    try body(descriptor)
}

func offset(of descriptor: CInt) -> Int { Int(lseek(descriptor, 0, SEEK_CUR)) }
