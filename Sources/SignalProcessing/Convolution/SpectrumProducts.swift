/// Sums of products of spectra: the spectrum of an output block out of those of the latest input blocks.
///
/// Products and their sums over up to four partitions are Float32 with fused multiply-add in four chains (real by
/// real, imaginary by imaginary, and crosswise); the sums of those are Double. So the error does not grow with the
/// number of partitions.
struct SpectrumProducts {
    /// The spectra of the latest blocks of both channels.
    let left: SpectrumStack
    let right: SpectrumStack
    /// For each partition, the place of its block in the stacks, in lines.
    let offsets: UnsafePointer<Int>
    let partitionCount: Int
    /// Points of the transforms.
    let size: Int

    /// Partitions that are summed in Float32.
    private var groupCount: Int {
        let groups = (partitionCount + 3) / 4
        return (partitionCount + groups - 1) / groups
    }

    /// The transform of left + i right of the output, with real and imaginary parts exchanged, as an inverse transform
    /// takes it: the quads of one chunk and their mirror images.
    ///
    /// Chunks are done in order.
    ///
    /// - Parameters:
    ///   - z: the output.
    ///   - waiting: of the mirror image, what waits for the next chunk's first bin.
    func join(_ paths: ConvolutionKernel.Paths, chunk: Int, into z: RoundedArea, waiting: inout ComplexQuad) {
        if paths.isCrosswise {
            joinCrosswise(paths, chunk, z, &waiting)
        } else {
            joinStraight(paths, chunk, z, &waiting)
        }
    }

    /// Bins 0 and N/2, which the first line keeps in one lane: after the last chunk.
    func joinEnds(_ paths: ConvolutionKernel.Paths, into z: RoundedArea, waiting: ComplexQuad) {
        var (first, last) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
        for j in 0..<partitionCount {
            let (x, y) = (left.lines[offsets[j]], right.lines[offsets[j]])
            let place = j * SpectrumStack.chunkLines
            let (a, d) = (paths.leftLeft.lines[place], paths.rightRight.lines[place])
            first += SIMD2(Double(a.real[0]) * Double(x.real[0]), Double(d.real[0]) * Double(y.real[0]))
            last += SIMD2(
                Double(a.imaginary[0]) * Double(x.imaginary[0]), Double(d.imaginary[0]) * Double(y.imaginary[0]))
            guard paths.isCrosswise else { continue }
            let (b, c) = (paths.leftRight.lines[place], paths.rightLeft.lines[place])
            first += SIMD2(Double(c.real[0]) * Double(y.real[0]), Double(b.real[0]) * Double(x.real[0]))
            last += SIMD2(
                Double(c.imaginary[0]) * Double(y.imaginary[0]), Double(b.imaginary[0]) * Double(x.imaginary[0]))
        }
        z.pointer[0].real[0] = Float(first[1])
        z.pointer[0].imaginary[0] = Float(first[0])
        let middle = ComplexQuad(SIMD4(repeating: last[1]), SIMD4(repeating: last[0]))
        z.store(StereoSpectrum.mirrored(middle, waiting), at: size / 8)
    }

    @inline(never)
    private func joinStraight(
        _ paths: ConvolutionKernel.Paths, _ chunk: Int, _ z: RoundedArea, _ waiting: inout ComplexQuad
    ) {
        let (x, y) = (left.chunk(chunk), right.chunk(chunk))
        let (a, d) = (paths.leftLeft.chunk(chunk), paths.rightRight.chunk(chunk))
        let groupCount = groupCount
        var rest = waiting
        for i in 0..<SpectrumStack.chunkLines {
            let left = sum(x + i, a + i, groupCount)
            let right = sum(y + i, d + i, groupCount)
            place(left, right, line: chunk &* SpectrumStack.chunkLines &+ i, z, &rest)
        }
        waiting = rest
    }

    @inline(never)
    private func joinCrosswise(
        _ paths: ConvolutionKernel.Paths, _ chunk: Int, _ z: RoundedArea, _ waiting: inout ComplexQuad
    ) {
        let (x, y) = (left.chunk(chunk), right.chunk(chunk))
        let (a, b) = (paths.leftLeft.chunk(chunk), paths.leftRight.chunk(chunk))
        let (c, d) = (paths.rightLeft.chunk(chunk), paths.rightRight.chunk(chunk))
        let groupCount = groupCount
        var rest = waiting
        for i in 0..<SpectrumStack.chunkLines {
            let (p, q) = (sum(x + i, a + i, groupCount), sum(y + i, c + i, groupCount))
            let (r, s) = (sum(x + i, b + i, groupCount), sum(y + i, d + i, groupCount))
            place(
                (p.0 + q.0, p.1 + q.1), (r.0 + s.0, r.1 + s.1), line: chunk &* SpectrumStack.chunkLines &+ i, z,
                &rest)
        }
        waiting = rest
    }

    /// Eight bins of the sum over all partitions.
    @inline(always)
    private func sum(
        _ blocks: UnsafePointer<SpectrumLine>, _ kernel: UnsafePointer<SpectrumLine>, _ groupCount: Int
    ) -> (ComplexQuad, ComplexQuad) {
        var low = ComplexQuad.zero
        var high = ComplexQuad.zero
        var j = 0
        while j < partitionCount {
            let end = j &+ groupCount < partitionCount ? j &+ groupCount : partitionCount
            var rr = SIMD8<Float>.zero
            var ii = rr
            var ri = rr
            var ir = rr
            // Not unrolled by hand: the compiler would then split the vectors in halves.
            while j < end {
                let x = blocks[offsets[j]]
                let h = kernel[j &* SpectrumStack.chunkLines]
                rr.addProduct(x.real, h.real)
                ii.addProduct(x.imaginary, h.imaginary)
                ri.addProduct(x.real, h.imaginary)
                ir.addProduct(x.imaginary, h.real)
                j &+= 1
            }
            let real = rr - ii
            let imaginary = ri + ir
            low = low + ComplexQuad(Self.widened(real.lowHalf), Self.widened(imaginary.lowHalf))
            high = high + ComplexQuad(Self.widened(real.highHalf), Self.widened(imaginary.highHalf))
        }
        return (low, high)
    }

    @inline(always)
    private static func widened(_ x: SIMD4<Float>) -> SIMD4<Double> {
        SIMD4(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]))
    }

    /// Eight bins of both output channels, and their mirror images.
    @inline(always)
    private func place(
        _ left: (ComplexQuad, ComplexQuad), _ right: (ComplexQuad, ComplexQuad), line: Int, _ z: RoundedArea,
        _ waiting: inout ComplexQuad
    ) {
        let quads = size / 4
        let (p, q) = (Self.behind(left.0, right.0), Self.behind(left.1, right.1))
        if line > 0 { z.store(StereoSpectrum.mirrored(p, waiting), at: quads &- 2 &* line) }
        z.store(Self.ahead(left.0, right.0), at: 2 &* line)
        z.store(Self.ahead(left.1, right.1), at: 2 &* line &+ 1)
        z.store(StereoSpectrum.mirrored(q, p), at: quads &- 1 &- 2 &* line)
        waiting = q
    }

    /// L + i R, exchanged.
    @inline(always)
    private static func ahead(_ left: ComplexQuad, _ right: ComplexQuad) -> ComplexQuad {
        ComplexQuad(left.imaginary + right.real, left.real - right.imaginary)
    }

    /// L* + i R*, exchanged.
    @inline(always)
    private static func behind(_ left: ComplexQuad, _ right: ComplexQuad) -> ComplexQuad {
        ComplexQuad(right.real - left.imaginary, left.real + right.imaginary)
    }
}
