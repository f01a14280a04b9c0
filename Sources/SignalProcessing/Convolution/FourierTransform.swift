/// The discrete Fourier transform of a power of two of complex numbers, in Double, four columns at a time.
///
/// Bailey's four-step form (D. Bailey, "FFTs in external or hierarchical memory", 1990): the sequence is a matrix of
/// `rows` x `columns`; its columns are transformed, multiplied by twiddles and laid down as rows, and the columns of
/// what results are transformed again. So every transform is one of at most a few hundred points, four neighbouring
/// columns in the four lanes of a vector, in scratch memory of the first-level cache; all else streams through in
/// whole cache lines, in natural order at both ends. The short transforms are decimations in frequency with radix 4
/// (the last 4 or 2), the digits put right as the last pass stores.
///
/// Twiddles are PinnedMath's. Sums and products are plain or explicitly fused, in fixed order: the same bits on every
/// machine. Sine and cosine are exact to an ulp, so the error grows like the root of the stages: the figure is asserted
/// by the tests.
///
/// A stereo signal is transformed as one complex sequence, left channel the real part and right channel the imaginary
/// part. An inverse transform is a forward one with real and imaginary parts exchanged before and after, without the
/// division by the size.
package final class FourierTransform: Sendable {
    /// Points; a power of two from 2^8 to 2^22.
    package let size: Int
    let rows: Int
    let columns: Int

    private let rowPasses: FourierPasses
    private let columnPasses: FourierPasses
    /// exp(-2 pi i k l / size) for the row k of the transformed columns and lane l = 0...3: one quad per k.
    private let laneTwiddles: [ComplexQuad]
    /// exp(-2 pi i k c / size) for the groups c = 0, 4, 8, ... of columns: real and imaginary part, k fastest.
    private let groupTwiddles: [Double]

    package init(size: Int) {
        precondition(size >= 256 && size <= 1 << 22 && size & (size - 1) == 0, "size is a power of two, 2^8 to 2^22")
        let stages = size.trailingZeroBitCount
        self.size = size
        // An even number of stages first: the pass that also applies the twiddles then has radix 4.
        let rowStages = stages / 2
        rows = 1 << rowStages
        columns = size >> rowStages
        rowPasses = FourierPasses(count: rows)
        columnPasses = FourierPasses(count: columns)
        var lanes: [ComplexQuad] = []
        var groups: [Double] = []
        for k in 0..<rows {
            var quad = ComplexQuad.zero
            for l in 0..<4 { (quad.real[l], quad.imaginary[l]) = Self.unit(-k * l, of: size) }
            lanes.append(quad)
        }
        groups.reserveCapacity(size / 2)
        for group in 0..<columns / 4 {
            for k in 0..<rows {
                let (real, imaginary) = Self.unit(-k * group * 4, of: size)
                groups.append(real)
                groups.append(imaginary)
            }
        }
        laneTwiddles = lanes
        groupTwiddles = groups
    }

    /// The transform of complex numbers, both parts `size` long: for design and analysis.
    package func transformed(real: [Double], imaginary: [Double]) -> (real: [Double], imaginary: [Double]) {
        precondition(real.count == size && imaginary.count == size)
        let work = LineMemory(count: workCount, zero: ComplexQuad.zero)
        let scratch = LineMemory(count: scratchCount, zero: ComplexQuad.zero)
        let result = area(work.pointer)
        real.withUnsafeBufferPointer { x in
            imaginary.withUnsafeBufferPointer { y in
                guard let x = x.baseAddress, let y = y.baseAddress else { return }
                forward(from: PlanarSource(x: x, y: y), work: work.pointer, scratch: scratch.pointer, to: result)
            }
        }
        var (real, imaginary) = (real, imaginary)
        for i in 0..<size / 4 {
            let quad = result[i]
            for l in 0..<4 { (real[4 * i + l], imaginary[4 * i + l]) = (quad.real[l], quad.imaginary[l]) }
        }
        return (real, imaginary)
    }

    /// Quads of scratch memory that `forward` takes.
    var scratchCount: Int { max(2 * rows, columns) }

    /// exp(2 pi i n / size), exact in the quadrants' ends.
    static func unit(_ n: Int, of size: Int) -> (real: Double, imaginary: Double) {
        // The angle is reduced in integers to an eighth of the circle: symmetric pairs are equal to the bit.
        let m = n & (size - 1)
        let octant = m * 8 / size
        let rest = m - (octant + 1) / 2 * (size / 4)
        let angle = 2 * Double.pi * Double(rest.magnitude) / Double(size)
        let cosine = PinnedMath.cos(angle)
        let sine = rest < 0 ? -PinnedMath.sin(angle) : PinnedMath.sin(angle)
        switch (octant + 1) / 2 & 3 {
        case 0: return (cosine, sine)
        case 1: return (-sine, cosine)
        case 2: return (-cosine, -sine)
        default: return (sine, -cosine)
        }
    }

    /// Quads of work memory that `forward` takes.
    ///
    /// The rows of the matrix in between are a cache line longer than they need to be: with strides of a power of two,
    /// columns would compete for a few sets of the cache.
    var workCount: Int { columns * (rows / 4 + 1) }

    /// The work memory as a place for the result.
    func area(_ work: UnsafeMutablePointer<ComplexQuad>) -> PaddedArea {
        PaddedArea(pointer: work, rowShift: (rows / 4).trailingZeroBitCount)
    }

    /// Where rounded quads are to be transformed from; `roundedCount` of them.
    func area(_ quads: UnsafeMutablePointer<RoundedQuad>) -> RoundedArea {
        RoundedArea(pointer: quads, rowShift: (columns / 4).trailingZeroBitCount)
    }

    /// Rounded quads of a padded area: two more a row.
    var roundedCount: Int { rows * (columns / 4 + 2) }

    /// Transforms `source`, by way of `work`, into `sink`, which may be the area of `work`.
    ///
    /// - Parameters:
    ///   - work: `workCount` quads.
    ///   - scratch: `scratchCount` quads.
    @inline(always)
    func forward<Source: FourierSource, Sink: FourierSink>(
        from source: Source, work: UnsafeMutablePointer<ComplexQuad>, scratch: UnsafeMutablePointer<ComplexQuad>,
        to sink: Sink
    ) {
        transformColumns(source, work, scratch)
        transformRows(work, scratch, sink)
    }

    @inline(never)
    private func transformColumns<Source: FourierSource>(
        _ source: Source, _ work: UnsafeMutablePointer<ComplexQuad>, _ scratch: UnsafeMutablePointer<ComplexQuad>
    ) {
        let (rows, columns) = (rows, columns)
        let stride = rows / 4 + 1
        let turned = scratch + rows
        rowPasses.withTables { tables in
            laneTwiddles.withUnsafeBufferPointer { lanes in
                groupTwiddles.withUnsafeBufferPointer { groups in
                    guard let lanes = lanes.baseAddress, let groups = groups.baseAddress else { return }
                    for group in 0..<columns / 4 {
                        let factors = groups + 2 &* rows &* group
                        tables.transform(
                            scratch, from: MatrixColumn(area: source, stride: columns, first: 4 &* group),
                            to: TurnedRows(rows: turned, lanes: lanes, factors: factors))
                        turned.transpose(count: rows, to: work + 4 &* group &* stride, stride: stride)
                    }
                }
            }
        }
    }

    @inline(never)
    private func transformRows<Sink: FourierSink>(
        _ work: UnsafeMutablePointer<ComplexQuad>, _ scratch: UnsafeMutablePointer<ComplexQuad>, _ sink: Sink
    ) {
        let rows = rows
        let rowQuads = rows / 4
        columnPasses.withTables { tables in
            for group in 0..<rowQuads {
                tables.transform(
                    scratch, from: WorkColumn(first: work + group, stride: rowQuads + 1),
                    to: MatrixColumn(area: sink, stride: rows, first: 4 &* group))
            }
        }
    }
}

/// Four neighbouring columns of a matrix: its rows are the points.
private struct MatrixColumn<Area> {
    let area: Area
    /// Numbers in a row.
    let stride: Int
    let first: Int
}

extension MatrixColumn: FourierSource where Area: FourierSource {
    @inline(always)
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad {
        area.quad(at: index &* stride &+ first, isInSecondHalf: isInSecondHalf)
    }
}

extension MatrixColumn: FourierSink where Area: FourierSink {
    @inline(always)
    func put(_ quad: ComplexQuad, at index: Int, isInSecondHalf: Bool) {
        area.put(quad, at: index &* stride &+ first, isInSecondHalf: isInSecondHalf)
    }
}

/// The rows of transformed columns, times their twiddles.
private struct TurnedRows: FourierSink {
    let rows: UnsafeMutablePointer<ComplexQuad>
    let lanes: UnsafePointer<ComplexQuad>
    let factors: UnsafePointer<Double>

    @inline(always)
    func put(_ quad: ComplexQuad, at index: Int, isInSecondHalf: Bool) {
        rows[index] = quad * lanes[index].multiplied(by: factors + 2 &* index)
    }
}

/// Where a transform reads from: four complex numbers from `index` on, a multiple of four.
///
/// `isInSecondHalf` is known when compiled.
protocol FourierSource {
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad
}

/// Where a transform leaves its result, in the same terms.
protocol FourierSink {
    func put(_ quad: ComplexQuad, at index: Int, isInSecondHalf: Bool)
}

/// Real parts and imaginary parts in two arrays.
private struct PlanarSource: FourierSource {
    let x: UnsafePointer<Double>
    let y: UnsafePointer<Double>

    @inline(always)
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad {
        ComplexQuad(
            SIMD4(x[index], x[index &+ 1], x[index &+ 2], x[index &+ 3]),
            SIMD4(y[index], y[index &+ 1], y[index &+ 2], y[index &+ 3]))
    }
}

/// A column of the matrix in between.
private struct WorkColumn: FourierSource {
    let first: UnsafePointer<ComplexQuad>
    let stride: Int

    @inline(always)
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad { first[index &* stride] }
}

/// Quads in natural order, with room for one more after each row of a matrix.
struct PaddedArea: FourierSink {
    let pointer: UnsafeMutablePointer<ComplexQuad>
    let rowShift: Int

    /// The bins 4 i to 4 i + 3.
    @inline(always)
    subscript(i: Int) -> ComplexQuad { pointer[i &+ i &>> rowShift] }

    @inline(always)
    func put(_ quad: ComplexQuad, at index: Int, isInSecondHalf: Bool) {
        let i = index &>> 2
        pointer[i &+ i &>> rowShift] = quad
    }
}

/// Four complex numbers rounded to Float32.
struct RoundedQuad: Sendable {
    var real: SIMD4<Float>
    var imaginary: SIMD4<Float>

    static var zero: RoundedQuad { RoundedQuad(real: .zero, imaginary: .zero) }
}

/// Rounded quads in natural order, to be transformed, with room for two more after each row of a matrix.
struct RoundedArea: FourierSource {
    let pointer: UnsafeMutablePointer<RoundedQuad>
    let rowShift: Int

    @inline(always)
    func quad(at index: Int, isInSecondHalf: Bool) -> ComplexQuad {
        let words = words(index &>> 2)
        return ComplexQuad(SIMD4(samplesAt: words), SIMD4(samplesAt: words + 4))
    }

    /// Rounds the bins 4 i to 4 i + 3.
    @inline(always)
    func store(_ quad: ComplexQuad, at i: Int) {
        let words = words(i)
        quad.real.write(samplesAt: words)
        quad.imaginary.write(samplesAt: words + 4)
    }

    @inline(always)
    private func words(_ i: Int) -> UnsafeMutablePointer<Float> {
        UnsafeMutablePointer(OpaquePointer(pointer + (i &+ 2 &* (i &>> rowShift))))
    }
}
