/// Convolves segments of a stereo signal with an impulse response of any length: a windowed computation.
///
/// out[n] = sum of h[k] in[n + a - k] for k < `ConvolutionKernel.frameCount`, with a the kernel's look-ahead: a
/// segment's output reads `historyFrames` before its first frame and `lookaheadFrames` after its last. Latency 0;
/// tail and re-convergence time: the length of the response; no snapshot. The framing begins anew at each segment's
/// first frame and no spectrum outlives `render`: segments may be computed in any order, by anybody, and have the same
/// bits.
///
/// Uniformly partitioned overlap-save (W. Gardner, "Efficient convolution without input-output delay", JAES 1995;
/// F. Wefers, "Partitioned convolution algorithms for real-time auralization", 2014), with partitions as long as
/// offline work allows. Both channels are one complex transform. Transforms and the sums of partitions are Double, the
/// spectra in between Float32: transforms in Float32 end at -133 dB against the sum of products, these below -140.
///
/// Blocks of digital silence are neither transformed nor multiplied. NaN or infinity in the input spoils all frames
/// within two partitions and the length of the response.
///
/// Speed of 3 s of stereo response: about a quarter goes into the sums of products, half into the arithmetic of the
/// transforms, the rest into moving samples and spectra between the second-level cache and memory.
///
/// An instance holds the work areas (about 180 bytes for each frame of a partition, 16 for each of the response and of
/// seven partitions more) and serves one thread at a time.
package final class StereoConvolver {
    package let kernel: ConvolutionKernel

    private let half: Int
    /// Output blocks whose spectra are summed in one go through the response.
    private let batchCount: Int
    /// Blocks whose spectra are remembered.
    private let slotCount: Int
    /// The samples of the latest block and the one before, in turns: left, then right.
    private let samples: LineMemory<Float>
    private let output: LineMemory<Float>
    /// Spectra of the latest blocks: those of the left channel, then those of the right.
    private let blocks: LineMemory<SpectrumLine>
    private let work: LineMemory<ComplexQuad>
    /// The spectra of a batch of output blocks.
    private let products: LineMemory<RoundedQuad>
    private let waiting: LineMemory<ComplexQuad>
    private let scratch: LineMemory<ComplexQuad>
    private let offsets: LineMemory<Int>
    private var isSilent: [Bool]

    package convenience init(kernel: ConvolutionKernel) { self.init(kernel: kernel, batchCount: 8) }

    /// - Parameter batchCount: Output blocks that share one pass through the response; any gives the same bits.
    init(kernel: ConvolutionKernel, batchCount: Int) {
        self.kernel = kernel
        half = kernel.partitionFrames
        let isDirect = kernel.gains != nil
        self.batchCount = batchCount
        slotCount = kernel.partitionCount + batchCount - 1
        samples = LineMemory(count: 4 * half, zero: 0)
        output = LineMemory(count: isDirect ? 0 : 2 * half, zero: 0)
        blocks = LineMemory(count: isDirect ? 0 : 2 * slotCount * kernel.lineCount, zero: .zero)
        work = LineMemory(count: isDirect ? 0 : kernel.transform.workCount, zero: .zero)
        products = LineMemory(count: isDirect ? 0 : batchCount * kernel.transform.roundedCount, zero: .zero)
        waiting = LineMemory(count: batchCount, zero: .zero)
        scratch = LineMemory(count: kernel.transform.scratchCount, zero: .zero)
        offsets = LineMemory(count: batchCount * kernel.partitionCount, zero: 0)
        isSilent = Array(repeating: true, count: slotCount)
    }

    /// Samples of both channels that `render` asks for.
    package typealias Reader = (
        _ start: Int, _ count: Int, _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>
    ) throws -> Void
    /// Samples of both channels that `render` hands over.
    package typealias Writer = (
        _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>
    ) throws -> Void

    /// Computes the output of one segment.
    ///
    /// - Parameters:
    ///   - frameCount: Frames of the segment.
    ///   - read: Fills in `count` frames from `start` on, relative to the segment's first frame (negative: history);
    ///     zeros where there is no signal. Asked for consecutive ranges, at most a partition at a time, that together
    ///     are the frames from `lookaheadFrames - (kernel.frameCount - 1)` to `frameCount + lookaheadFrames`.
    ///   - write: Takes the output, in order from frame 0 on, at most a partition at a time.
    package func render(frameCount: Int, read: Reader, write: Writer) throws {
        if let gains = kernel.gains { return try renderDirectly(frameCount, gains, read, write) }
        guard frameCount > 0 else { return }
        let blockCount = (frameCount + half - 1) / half
        try fill(-kernel.partitionCount, frameCount, read)
        var next = 1 - kernel.partitionCount
        for first in stride(from: 0, to: blockCount, by: batchCount) {
            let batch = first..<min(first + batchCount, blockCount)
            while next < batch.upperBound {
                try fill(next, frameCount, read)
                analyse(next)
                next += 1
            }
            multiply(batch)
            for block in batch {
                synthesise(block, place: block - first)
                try write(min(half, frameCount - block * half), output.pointer, output.pointer + half)
            }
        }
    }

    /// The area of one block's samples: left; right follows after `half`.
    private func area(_ block: Int) -> UnsafeMutablePointer<Float> {
        samples.pointer + (block & 1) * 2 * half
    }

    private func slot(_ block: Int) -> Int { (block + slotCount) % slotCount }

    private var leftBlocks: SpectrumStack { SpectrumStack(lines: blocks.pointer, count: slotCount) }
    private var rightBlocks: SpectrumStack {
        SpectrumStack(lines: blocks.pointer + slotCount * kernel.lineCount, count: slotCount)
    }

    private func fill(_ block: Int, _ frameCount: Int, _ read: Reader) throws {
        let start = block * half
        let first = max(start, 1 - kernel.frameCount)
        let last = max(first, min(start + half, frameCount))
        let (left, right) = (area(block), area(block) + half)
        for side in [left, right] {
            side.update(repeating: 0, count: min(half, first - start))
            if last < start + half { (side + (last - start)).update(repeating: 0, count: start + half - last) }
        }
        guard first < last else { return }
        try read(
            first + kernel.lookaheadFrames, last - first, left + (first - start), right + (first - start))
    }

    /// The spectra of a block and the one before it.
    private func analyse(_ block: Int) {
        let (before, now) = (area(block - 1), area(block))
        let place = slot(block)
        isSilent[place] = Self.isZero(before, 2 * half) && Self.isZero(now, 2 * half)
        guard !isSilent[place] else {
            for stack in [leftBlocks, rightBlocks] {
                for chunk in 0..<kernel.lineCount / SpectrumStack.chunkLines {
                    (stack.chunk(chunk) + place * SpectrumStack.chunkLines)
                        .update(repeating: .zero, count: SpectrumStack.chunkLines)
                }
            }
            return
        }
        let source = BlockSource(before: before, now: now - half, half: half)
        kernel.transform.forward(
            from: source, work: work.pointer, scratch: scratch.pointer, to: kernel.transform.area(work.pointer))
        StereoSpectrum.separate(
            kernel.transform.area(work.pointer), size: 2 * half, left: leftBlocks, right: rightBlocks, place: place)
    }

    /// The spectra of a batch of output blocks: sixteen lines of all, then the next sixteen, so that what they share
    /// is read once.
    private func multiply(_ batch: Range<Int>) {
        let count = kernel.partitionCount
        for (place, block) in batch.enumerated() {
            for j in 0..<count {
                offsets.pointer[place * count + j] = slot(block - j) * SpectrumStack.chunkLines
            }
        }
        kernel.withPaths { paths in
            for chunk in 0..<kernel.lineCount / SpectrumStack.chunkLines {
                for place in 0..<batch.count {
                    products(place).join(
                        paths, chunk: chunk, into: area(ofProduct: place), waiting: &waiting.pointer[place])
                }
            }
            for place in 0..<batch.count {
                products(place).joinEnds(paths, into: area(ofProduct: place), waiting: waiting.pointer[place])
            }
        }
    }

    private func products(_ place: Int) -> SpectrumProducts {
        SpectrumProducts(
            left: leftBlocks, right: rightBlocks, offsets: offsets.pointer + place * kernel.partitionCount,
            partitionCount: kernel.partitionCount, size: 2 * half)
    }

    private func area(ofProduct place: Int) -> RoundedArea {
        kernel.transform.area(products.pointer + place * kernel.transform.roundedCount)
    }

    private func synthesise(_ block: Int, place: Int) {
        let isSilentHere = (0..<kernel.partitionCount).allSatisfy { isSilent[slot(block - $0)] }
        guard !isSilentHere else { return output.pointer.update(repeating: 0, count: 2 * half) }
        kernel.transform.forward(
            from: area(ofProduct: place), work: work.pointer, scratch: scratch.pointer,
            to: BlockSink(left: output.pointer - half, right: output.pointer))
    }

    private func renderDirectly(_ frameCount: Int, _ gains: [Float], _ read: Reader, _ write: Writer) throws {
        let (left, right) = (samples.pointer, samples.pointer + half)
        let last = gains.count - 1
        for start in stride(from: 0, to: frameCount, by: half) {
            let count = min(half, frameCount - start)
            try read(start + kernel.lookaheadFrames, count, left, right)
            for i in 0..<count {
                let (x, y) = (left[i], right[i])
                left[i] = last == 3 ? (gains[2] * y).addingProduct(gains[0], x) : gains[0] * x
                right[i] = last == 3 ? (gains[1] * x).addingProduct(gains[3], y) : gains[last] * y
            }
            try write(count, left, right)
        }
    }

    private static func isZero(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
        for i in 0..<count where x[i] != 0 { return false }
        return true
    }
}

/// Two neighbouring blocks as one sequence, left + i right.
private struct BlockSource: FourierSource {
    let before: UnsafePointer<Float>
    /// So placed that the index counts from the block before.
    let now: UnsafePointer<Float>
    let half: Int

    @inline(always)
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad {
        let left = (isInSecondHalf ? now : before) + index
        return ComplexQuad(SIMD4(samplesAt: left), SIMD4(samplesAt: left + half))
    }
}

/// The second half of an exchanged inverse transform, rounded to samples.
private struct BlockSink: FourierSink {
    /// So placed that the index counts from the first half.
    let left: UnsafeMutablePointer<Float>
    let right: UnsafeMutablePointer<Float>

    @inline(always)
    func put(_ quad: ComplexQuad, at index: Int, isInSecondHalf: Bool) {
        guard isInSecondHalf else { return }
        quad.imaginary.write(samplesAt: left + index)
        quad.real.write(samplesAt: right + index)
    }
}
