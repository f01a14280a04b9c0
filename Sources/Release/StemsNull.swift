internal import Glibc
internal import Quantities
internal import SoundFiles

/// What remains when a song's delivered stems, summed in order in Double, are taken from its delivered
/// pre-master.
package struct StemsNull: Sendable, Equatable {
    /// Peak of the residual in dBFS; `-.infinity` where every frame cancels.
    package let peakDecibels: Double
    /// Root mean square of the residual over both channels in dBFS; `-.infinity` likewise.
    package let rmsDecibels: Double
    /// Whether the sum, rounded once to Float32, is the pre-master in every sample: then the peak is nothing
    /// but that rounding.
    package let isExact: Bool
    /// The first frame in which it is not.
    package let firstDifferingFrame: Int?

    /// Reads the files in blocks.
    ///
    /// - Parameter stemPaths: in the order in which the master sum adds them.
    /// - Throws: `ReleaseError`: `.mismatch` where lengths, rates or channels differ, `.notFinite` where a
    ///   residual is NaN or infinite, and what reading comes to.
    package static func measure(stemPaths: [String], preMasterPath: String) throws -> StemsNull {
        let preMaster = try opened(preMasterPath)
        let stems = try stemPaths.map { path in
            let stem = try opened(path)
            try check(stem.info, of: path, against: preMaster.info)
            return stem
        }
        let info = preMaster.info
        var residual = Residual()
        let block = PlanarBlock(channelCount: info.channelCount, frameCount: 16_384)
        var sums = [[Double]](repeating: [], count: info.channelCount)
        var frame = 0
        while frame < info.frameCount {
            let range = FrameRange(frame, min(frame + block.frameCount, info.frameCount))
            for channel in sums.indices { sums[channel] = [Double](repeating: 0, count: range.count) }
            for stem in stems {
                try block.read(range, from: stem)
                for (channel, plane) in block.planes.enumerated() {
                    for i in 0..<range.count { sums[channel][i] += Double(plane[i]) }
                }
            }
            try block.read(range, from: preMaster)
            for (channel, plane) in block.planes.enumerated() {
                residual.add(sums[channel], plane, firstFrame: frame)
            }
            frame = range.end
        }
        guard residual.isFinite else {
            throw ReleaseError(
                .notFinite, "or one of its stems holds samples that are NaN or infinite. Render again.",
                path: preMasterPath)
        }
        let meanSquare = residual.energy / Double(info.frameCount * info.channelCount)
        return StemsNull(
            peakDecibels: 20 * log10(residual.peak), rmsDecibels: 10 * log10(meanSquare),
            isExact: residual.firstDifferingFrame == nil, firstDifferingFrame: residual.firstDifferingFrame)
    }

    private static func opened(_ path: String) throws -> SoundFileReader {
        try releasing(path) { try SoundFileReader(path: path) }
    }

    private static func check(_ stem: SoundFileInfo, of path: String, against other: SoundFileInfo) throws {
        let names = ["frames", "Hz", "channels"]
        let values = [
            (stem.frameCount, other.frameCount), (stem.rate, other.rate),
            (stem.channelCount, other.channelCount),
        ]
        for (name, value) in zip(names, values) where value.0 != value.1 {
            throw ReleaseError(
                .mismatch,
                "has \(value.0) \(name), but the pre-master has \(value.1): they cannot null. Render again.",
                path: path)
        }
    }
}

private struct Residual {
    var peak = 0.0
    var energy = 0.0
    var isFinite = true
    var firstDifferingFrame: Int?

    mutating func add(_ sum: [Double], _ preMaster: UnsafeMutablePointer<Float>, firstFrame: Int) {
        for (i, value) in sum.enumerated() {
            let difference = value - Double(preMaster[i])
            if !difference.isFinite { isFinite = false }
            if difference.magnitude > peak { peak = difference.magnitude }
            energy += difference * difference
            if Float(value) != preMaster[i] {
                firstDifferingFrame = min(firstDifferingFrame ?? .max, firstFrame + i)
            }
        }
    }
}

/// One buffer per channel that files are read into, block by block.
final class PlanarBlock {
    let frameCount: Int
    let planes: [UnsafeMutablePointer<Float>]

    init(channelCount: Int, frameCount: Int) {
        self.frameCount = frameCount
        planes = (0..<channelCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: frameCount)
            plane.initialize(repeating: 0, count: frameCount)
            return plane
        }
    }

    deinit { for plane in planes { plane.deallocate() } }

    /// - Precondition: the range is no longer than the block.
    func read(_ range: FrameRange, from reader: SoundFileReader) throws {
        precondition(range.count <= frameCount, "more frames than the block holds")
        try releasing(reader.name) {
            try reader.read(range, left: planes[0], right: planes.count > 1 ? planes[1] : nil)
        }
    }
}
