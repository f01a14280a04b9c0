/// Transforms of 16 to 2,048 quads: four independent columns in the four lanes.
///
/// Decimation in frequency: passes of radix 4 in place, the first as it loads, then one of radix 4 or 2 as it emits,
/// in the order of the digits reversed.
struct FourierPasses: Sendable {
    let count: Int
    /// Radix of the last pass.
    private let lastRadix: Int
    /// For each block of the last pass, the lowest of its frequencies; the others follow in steps of count / radix.
    private let frequencies: [Int]
    /// For each other pass, blocks of B = count, count / 4, ...: w, w^2, w^3 for j = 1 ..< B / 4, with
    /// w = exp(-2 pi i j / B).
    private let twiddles: [Double]

    init(count: Int) {
        precondition(count >= 16 && count & (count - 1) == 0)
        self.count = count
        lastRadix = count.trailingZeroBitCount % 2 == 0 ? 4 : 2
        var twiddles: [Double] = []
        var block = count
        var frequencies = [0]
        while block > lastRadix {
            for j in 1..<block / 4 {
                for power in 1...3 {
                    let (real, imaginary) = FourierTransform.unit(-j * power, of: block)
                    twiddles.append(real)
                    twiddles.append(imaginary)
                }
            }
            frequencies = frequencies.flatMap { first in (0..<4).map { first + $0 * (count / block) } }
            block /= 4
        }
        self.frequencies = frequencies
        self.twiddles = twiddles
    }

    /// Calls `body` once with the tables at hand.
    @inline(always)
    func withTables(_ body: (Tables) -> Void) {
        twiddles.withUnsafeBufferPointer { twiddles in
            frequencies.withUnsafeBufferPointer { frequencies in
                guard let twiddles = twiddles.baseAddress, let frequencies = frequencies.baseAddress else { return }
                body(Tables(count: count, isEven: lastRadix == 4, frequencies: frequencies, twiddles: twiddles))
            }
        }
    }

    struct Tables {
        let count: Int
        /// Whether the last pass has radix 4.
        let isEven: Bool
        let frequencies: UnsafePointer<Int>
        let twiddles: UnsafePointer<Double>

        /// Transforms the rows 0 ..< count of `source` to those of `sink`, by way of `count` quads of scratch memory.
        @inline(always)
        func transform<Source: FourierSource, Sink: FourierSink>(
            _ x: UnsafeMutablePointer<ComplexQuad>, from source: Source, to sink: Sink
        ) {
            var factors = twiddles
            let quarter = count &>> 2
            (x[0], x[quarter], x[2 &* quarter], x[3 &* quarter]) = Self.first(source, 0, quarter)
            for j in 1..<quarter {
                let (a, b, c, d) = Self.first(source, j, quarter)
                x[j] = a
                x[j &+ quarter] = b.multiplied(by: factors)
                x[j &+ 2 &* quarter] = c.multiplied(by: factors + 2)
                x[j &+ 3 &* quarter] = d.multiplied(by: factors + 4)
                factors += 6
            }
            Self.inPlace(x, count, quarter, isEven ? 4 : 2, factors)
            if isEven {
                for block in 0..<quarter { Self.four(x + 4 &* block, frequencies[block], quarter, sink) }
            } else {
                for block in 0..<2 &* quarter {
                    let (a, b) = (x[2 &* block], x[2 &* block &+ 1])
                    let k = frequencies[block]
                    sink.put(a + b, at: k, isInSecondHalf: false)
                    sink.put(a - b, at: k &+ 2 &* quarter, isInSecondHalf: true)
                }
            }
        }

        @inline(always)
        private static func first<Source: FourierSource>(
            _ source: Source, _ j: Int, _ quarter: Int
        ) -> (ComplexQuad, ComplexQuad, ComplexQuad, ComplexQuad) {
            butterfly(
                source.quad(at: j, isInSecondHalf: false), source.quad(at: j &+ quarter, isInSecondHalf: false),
                source.quad(at: j &+ 2 &* quarter, isInSecondHalf: true),
                source.quad(at: j &+ 3 &* quarter, isInSecondHalf: true))
        }

        @inline(always)
        private static func four<Sink: FourierSink>(
            _ y: UnsafeMutablePointer<ComplexQuad>, _ k: Int, _ step: Int, _ sink: Sink
        ) {
            let (a, b, c, d) = butterfly(y[0], y[1], y[2], y[3])
            sink.put(a, at: k, isInSecondHalf: false)
            sink.put(b, at: k &+ step, isInSecondHalf: false)
            sink.put(c, at: k &+ 2 &* step, isInSecondHalf: true)
            sink.put(d, at: k &+ 3 &* step, isInSecondHalf: true)
        }

        /// The passes between the first and the last.
        @inline(never)
        private static func inPlace(
            _ x: UnsafeMutablePointer<ComplexQuad>, _ count: Int, _ first: Int, _ last: Int,
            _ twiddles: UnsafePointer<Double>
        ) {
            var block = first
            var factors = twiddles
            while block > last {
                let quarter = block &>> 2
                var start = 0
                while start < count {
                    let y = x + start
                    (y[0], y[quarter], y[2 &* quarter], y[3 &* quarter]) = butterfly(
                        y[0], y[quarter], y[2 &* quarter], y[3 &* quarter])
                    start &+= block
                }
                for j in 1..<quarter {
                    turned(x + j, quarter, block, count, factors)
                    factors += 6
                }
                block = quarter
            }
        }

        /// The butterflies of all blocks that share one triple of twiddles.
        @inline(always)
        private static func turned(
            _ first: UnsafeMutablePointer<ComplexQuad>, _ quarter: Int, _ block: Int, _ count: Int,
            _ factors: UnsafePointer<Double>
        ) {
            var start = 0
            while start < count {
                let x = first + start
                let (a, b, c, d) = butterfly(x[0], x[quarter], x[2 &* quarter], x[3 &* quarter])
                x[0] = a
                x[quarter] = b.multiplied(by: factors)
                x[2 &* quarter] = c.multiplied(by: factors + 2)
                x[3 &* quarter] = d.multiplied(by: factors + 4)
                start &+= block
            }
        }

        /// The transform of four points.
        @inline(always)
        private static func butterfly(
            _ a: ComplexQuad, _ b: ComplexQuad, _ c: ComplexQuad, _ d: ComplexQuad
        ) -> (ComplexQuad, ComplexQuad, ComplexQuad, ComplexQuad) {
            let (e, f, g, h) = (a + c, a - c, b + d, b - d)
            return (e + g, .minusTurned(f, h), e - g, .plusTurned(f, h))
        }
    }
}
