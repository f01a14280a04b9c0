/// Passes over the samples of one channel, in vectors and a fixed order of sums: eight lanes, folded in halves, then
/// the frames left over.
enum ChannelScan {
    /// Frames whose extremes are taken together.
    static let chunkFrameCount = 64

    typealias Samples = UnsafePointer<Float>

    /// The sum and the sum of the squares of `count` samples, neither of which overflows; not finite exactly if a
    /// sample is not.
    @inline(never)
    static func sums(_ x: Samples, count: Int) -> (sum: Double, squares: Double) {
        var (s0, s1) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        var (q0, q1) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        var i = 0
        while i &+ 8 <= count {
            let (a, b) = (widened(x + i), widened(x + i + 4))
            s0 += a
            s1 += b
            q0 = q0.addingProduct(a, a)
            q1 = q1.addingProduct(b, b)
            i &+= 8
        }
        var (sum, squares) = (folded(s0 + s1), folded(q0 + q1))
        while i < count {
            let a = Double(x[i])
            sum += a
            squares = squares.addingProduct(a, a)
            i &+= 1
        }
        return (sum, squares)
    }

    /// The sum of the products of two channels.
    @inline(never)
    static func product(_ x: Samples, _ y: Samples, count: Int) -> Double {
        var (p0, p1) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        var i = 0
        while i &+ 8 <= count {
            p0 = p0.addingProduct(widened(x + i), widened(y + i))
            p1 = p1.addingProduct(widened(x + i + 4), widened(y + i + 4))
            i &+= 8
        }
        var product = folded(p0 + p1)
        while i < count {
            product = product.addingProduct(Double(x[i]), Double(y[i]))
            i &+= 1
        }
        return product
    }

    /// The least and the greatest sample of each chunk; the last one may be shorter.
    @inline(never)
    static func extremes(_ x: Samples, count: Int) -> (least: [Float], greatest: [Float]) {
        let chunkCount = (count + chunkFrameCount - 1) / chunkFrameCount
        var least = [Float](repeating: 0, count: chunkCount)
        var greatest = least
        for chunk in 0..<chunkCount {
            let start = x + chunk * chunkFrameCount
            let length = min(chunkFrameCount, count - chunk * chunkFrameCount)
            (least[chunk], greatest[chunk]) =
                length == chunkFrameCount ? wholeChunk(start) : extremesOneByOne(start, count: length)
        }
        return (least, greatest)
    }

    /// The bits that any sample has set as a multiple of 2^-23 in two's complement, in the low 24 bits; nil when a
    /// sample is not such a multiple.
    @inline(never)
    static func activeBits(_ x: Samples, count: Int) -> UInt32? {
        let magic = SIMD4<Double>(repeating: 0x1.8p52)
        let scale = SIMD4<Double>(repeating: 0x1p23)
        var bits = SIMD4<UInt64>.zero
        var i = 0
        while i < count {
            var rest = SIMD4<UInt64>.zero
            let end = min(i + chunkFrameCount, count)
            while i &+ 4 <= end {
                // The sum has the integer in its low bits, and nothing is lost exactly if there is no fraction.
                let y = widened(x + i) * scale
                let t = y + magic
                bits |= unsafeBitCast(t, to: SIMD4<UInt64>.self)
                rest |= unsafeBitCast((t - magic) - y, to: SIMD4<UInt64>.self)
                i &+= 4
            }
            while i < end {
                let y = Double(x[i]) * 0x1p23
                let t = y + 0x1.8p52
                bits[0] |= t.bitPattern
                rest[0] |= ((t - 0x1.8p52) - y).bitPattern
                i &+= 1
            }
            if rest != .zero { return nil }
        }
        return UInt32(truncatingIfNeeded: bits[0] | bits[1] | bits[2] | bits[3]) & 0xff_ffff
    }

    @inline(always)
    private static func wholeChunk(_ x: Samples) -> (least: Float, greatest: Float) {
        let raw = UnsafeRawPointer(x)
        var low = raw.loadUnaligned(as: SIMD8<Float>.self)
        var high = low
        for j in 1..<chunkFrameCount / 8 {
            let v = raw.loadUnaligned(fromByteOffset: 32 &* j, as: SIMD8<Float>.self)
            low.replace(with: v, where: v .< low)
            high.replace(with: v, where: v .> high)
        }
        let lows = low.lowHalf.replacing(with: low.highHalf, where: low.highHalf .< low.lowHalf)
        let highs = high.lowHalf.replacing(with: high.highHalf, where: high.highHalf .> high.lowHalf)
        return (
            min(min(lows[0], lows[1]), min(lows[2], lows[3])), max(max(highs[0], highs[1]), max(highs[2], highs[3]))
        )
    }

    private static func extremesOneByOne(_ x: Samples, count: Int) -> (least: Float, greatest: Float) {
        var (low, high) = (x[0], x[0])
        for i in 1..<max(1, count) {
            if x[i] < low { low = x[i] }
            if x[i] > high { high = x[i] }
        }
        return (low, high)
    }

    @inline(always)
    static func widened(_ x: Samples) -> SIMD4<Double> {
        let v = UnsafeRawPointer(x).loadUnaligned(as: SIMD4<Float>.self)
        return SIMD4(Double(v[0]), Double(v[1]), Double(v[2]), Double(v[3]))
    }

    @inline(always)
    private static func folded(_ v: SIMD4<Double>) -> Double { (v[0] + v[2]) + (v[1] + v[3]) }
}
