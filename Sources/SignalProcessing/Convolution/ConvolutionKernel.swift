/// An impulse response, cut into partitions and transformed: what a `StereoConvolver` convolves with.
///
/// - Mono (one channel): both sides with the same response.
/// - Stereo (two): left with the first, right with the second.
/// - True stereo (four): left to left, left to right, right to left, right to right.
///
/// Any length from one frame on. It is immutable and may be shared by all workers of a process; it takes 8 bytes for
/// each channel and frame, up to a partition more.
package final class ConvolutionKernel: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 1

    /// Frames of the response, trailing silence left out; at least 1.
    package let frameCount: Int
    /// The frame of the response that falls on the frame of the input; those before it are heard ahead.
    package let lookaheadFrames: Int
    /// Frames before the first output frame that the convolution reads.
    package var historyFrames: Int { max(0, frameCount - 1 - lookaheadFrames) }

    /// Frames of a partition, and by which the framing advances.
    let partitionFrames: Int
    let partitionCount: Int
    let transform: FourierTransform
    /// The response of a single frame, per path: convolved with directly.
    let gains: [Float]?
    /// One stack of partitions after the other, one for each path.
    private let lines: [SpectrumLine]
    let pathCount: Int

    /// Lines of a spectrum.
    var lineCount: Int { partitionFrames / 8 }
    private var pathStride: Int { lineCount * partitionCount }

    /// - Parameters:
    ///   - impulse: 1, 2 or 4 channels of equal length, at least one frame, finite.
    ///   - lookaheadFrames: The frame of the response that falls on the frame of the input.
    ///   - partitionFrames: A power of two from 256 to 131,072, for tests; nil: what is fastest for this length.
    package init(impulse: [[Float]], lookaheadFrames: Int = 0, partitionFrames: Int? = nil) {
        precondition(lookaheadFrames >= 0, "a look-ahead is not negative")
        precondition([1, 2, 4].contains(impulse.count), "an impulse response has 1, 2 or 4 channels")
        precondition(impulse.allSatisfy { $0.count == impulse[0].count }, "channels of different lengths")
        precondition(!impulse[0].isEmpty, "an impulse response has at least one frame")
        let lengths = impulse.map { $0.count - $0.reversed().prefix { $0 == 0 }.count }
        let frameCount = max(1, lengths.max() ?? 1)
        let partition = partitionFrames ?? Self.partitionFrames(for: frameCount)
        let count = (frameCount + partition - 1) / partition
        let transform = FourierTransform(size: 2 * partition)
        self.frameCount = frameCount
        self.lookaheadFrames = lookaheadFrames
        self.partitionFrames = partition
        partitionCount = count
        self.transform = transform
        pathCount = impulse.count
        gains = frameCount == 1 ? impulse.map { $0[0] } : nil
        lines = frameCount == 1 ? [] : Self.spectra(impulse, frameCount, partition, count, transform)
    }

    /// Long partitions make few products, short ones stay in the cache; measured on responses of 0.1 to 30 seconds.
    private static func partitionFrames(for frameCount: Int) -> Int {
        var partition = 4096
        while partition < 65_536 && frameCount > 9 * partition { partition *= 2 }
        return partition
    }

    private static func spectra(
        _ impulse: [[Float]], _ frameCount: Int, _ partition: Int, _ count: Int, _ transform: FourierTransform
    ) -> [SpectrumLine] {
        let size = 2 * partition
        let stride = partition / 8 * count
        // The spectra are of twice the signal, and so are those they are multiplied with; and the inverse transform
        // does not divide: powers of two, so exact.
        let scale = 1 / (4 * Double(size))
        var lines = [SpectrumLine](repeating: .zero, count: impulse.count * stride)
        let work = LineMemory(count: transform.workCount, zero: ComplexQuad.zero)
        let scratch = LineMemory(count: transform.scratchCount, zero: ComplexQuad.zero)
        let unused = LineMemory(count: stride, zero: SpectrumLine.zero)
        lines.withUnsafeMutableBufferPointer { lines in
            guard let base = lines.baseAddress else { return }
            let stack = { SpectrumStack(lines: $0, count: count) }
            for path in Swift.stride(from: 0, to: impulse.count, by: 2) {
                for j in 0..<count {
                    let source = ImpulseSource(
                        left: impulse[path], right: path + 1 < impulse.count ? impulse[path + 1] : [],
                        start: j * partition, end: min(frameCount, (j + 1) * partition), scale: scale)
                    transform.forward(
                        from: source, work: work.pointer, scratch: scratch.pointer,
                        to: transform.area(work.pointer))
                    let right = path + 1 < impulse.count ? base + (path + 1) * stride : unused.pointer
                    StereoSpectrum.separate(
                        transform.area(work.pointer), size: size, left: stack(base + path * stride),
                        right: stack(right), place: j)
                }
            }
        }
        return lines
    }

    /// The spectra of the partitions, from channel to channel.
    struct Paths {
        let leftLeft: SpectrumStack
        let leftRight: SpectrumStack
        let rightLeft: SpectrumStack
        let rightRight: SpectrumStack
        /// Whether the paths from one channel to the other are there.
        let isCrosswise: Bool
    }

    /// Calls `body` with the spectra, which it only reads.
    func withPaths(_ body: (Paths) throws -> Void) rethrows {
        try lines.withUnsafeBufferPointer { lines in
            guard let base = lines.baseAddress else { return }
            let stacks = (0..<4).map { path in
                SpectrumStack(
                    lines: UnsafeMutablePointer(mutating: base + min(path, pathCount - 1) * pathStride),
                    count: partitionCount)
            }
            let isCrosswise = pathCount == 4
            try body(
                Paths(
                    leftLeft: stacks[0], leftRight: stacks[1], rightLeft: stacks[2], rightRight: stacks[3],
                    isCrosswise: isCrosswise))
        }
    }
}

/// A partition of an impulse response, followed by silence.
private struct ImpulseSource: FourierSource {
    let left: [Float]
    let right: [Float]
    let start: Int
    let end: Int
    let scale: Double

    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad {
        var quad = ComplexQuad.zero
        for i in 0..<4 where start + index + i < end {
            quad.real[i] = Double(left[start + index + i]) * scale
            if !right.isEmpty { quad.imaginary[i] = Double(right[start + index + i]) * scale }
        }
        return quad
    }
}
