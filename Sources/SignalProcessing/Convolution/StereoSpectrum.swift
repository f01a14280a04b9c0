/// Eight bins of a real signal's spectrum in Float32, real parts and imaginary parts apart: one cache line.
struct SpectrumLine: Sendable {
    var real: SIMD8<Float>
    var imaginary: SIMD8<Float>

    static var zero: SpectrumLine { SpectrumLine(real: .zero, imaginary: .zero) }
}

/// Spectra of several blocks, or partitions, of one channel: sixteen lines of the first, of the second, ..., then the
/// next sixteen of each, so that products of all of them read memory in order.
struct SpectrumStack {
    static let chunkLines = 8

    let lines: UnsafeMutablePointer<SpectrumLine>
    /// Spectra in the stack.
    let count: Int

    /// Sixteen lines of the first spectrum; `chunkLines` on, those of the next.
    @inline(always)
    func chunk(_ chunk: Int) -> UnsafeMutablePointer<SpectrumLine> {
        lines + chunk &* count &* Self.chunkLines
    }
}

/// Between the transform of a stereo signal, left + i right, and the spectra of its channels.
///
/// With Z the transform of N points, the channels are L[k] = (Z[k] + Z*[N-k]) / 2 and R[k] = (Z[k] - Z*[N-k]) / 2i for
/// k = 0 ... N/2. Bins 0 and N/2 are real: the second stands in the imaginary part of the first, so that a channel's
/// spectrum is N / 16 lines. What is written is **twice** the spectrum, rounded once to Float32.
enum StereoSpectrum {
    /// - Parameters:
    ///   - z: the transform of `size` points.
    ///   - place: which spectrum of the stacks is written.
    @inline(never)
    static func separate(
        _ z: PaddedArea, size: Int, left: SpectrumStack, right: SpectrumStack, place: Int
    ) {
        let quads = size / 4
        let count = SpectrumStack.chunkLines
        var above = z[0]
        for chunk in 0..<size / 16 / count {
            let leftLines = left.chunk(chunk) + place &* count
            let rightLines = right.chunk(chunk) + place &* count
            for i in 0..<count {
                let line = chunk &* count &+ i
                let (a, b) = (z[2 &* line], z[2 &* line &+ 1])
                let (c, d) = (z[quads &- 1 &- 2 &* line], z[quads &- 2 &- 2 &* line])
                let p = mirrored(above, c)
                let q = mirrored(c, d)
                above = d
                leftLines[i] = SpectrumLine(
                    real: rounded(a.real + p.real, b.real + q.real),
                    imaginary: rounded(a.imaginary - p.imaginary, b.imaginary - q.imaginary))
                rightLines[i] = SpectrumLine(
                    real: rounded(a.imaginary + p.imaginary, b.imaginary + q.imaginary),
                    imaginary: rounded(p.real - a.real, q.real - b.real))
            }
        }
        let middle = z[quads / 2]
        left.chunk(0)[place * count].imaginary[0] = Float(2 * middle.real[0])
        right.chunk(0)[place * count].imaginary[0] = Float(2 * middle.imaginary[0])
    }

    /// Z[N - 4q - l] for lanes l = 0...3, from the quads that hold N - 4q and the three bins below.
    @inline(always)
    static func mirrored(_ above: ComplexQuad, _ below: ComplexQuad) -> ComplexQuad {
        ComplexQuad(
            SIMD4(above.real[0], below.real[3], below.real[2], below.real[1]),
            SIMD4(above.imaginary[0], below.imaginary[3], below.imaginary[2], below.imaginary[1]))
    }

    @inline(always)
    private static func rounded(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD8<Float> {
        SIMD8(
            Float(a[0]), Float(a[1]), Float(a[2]), Float(a[3]), Float(b[0]), Float(b[1]), Float(b[2]), Float(b[3]))
    }
}
