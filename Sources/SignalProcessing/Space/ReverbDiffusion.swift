/// Four of Schroeder's all-passes in series on each channel: v = x - g d, y = d + g v, with d the v of a
/// ring's length ago.
enum ReverbDiffusion {
    /// Rows 0 and 1 of the memory, in place; the rings must have been prepared.
    static func run(_ memory: inout ReverbMemory, gains: SIMD8<Float>, count: Int) {
        let (places, left) = (memory.places, memory.row(0))
        run(&memory.samples, places, left: left, gains: gains, count: count)
    }

    @inline(never)
    private static func run(
        _ samples: inout [Double], _ rings: ReverbMemory.Offsets, left: Int, gains: SIMD8<Float>, count: Int
    ) {
        let right = left &+ ReverbMemory.rowFrames
        precondition(count <= FDNReverb.chunkFrames && left >= 0 && right + ReverbMemory.rowFrames <= samples.count)
        let offsets = rings.span
        for i in 16..<24 { precondition(offsets[i] >= 0 && offsets[i] &+ count <= samples.count) }
        var samples = samples.mutableSpan
        var table = InlineArray<8, SIMD4<Double>>(repeating: SIMD4())
        for i in 0..<8 { table[i] = SIMD4(repeating: Double(gains[i])) }
        let g = table
        let whole = count & ~3
        var i = 0
        while i < whole {
            var x = unsafe samples.uncheckedFour(at: left &+ i)
            var y = unsafe samples.uncheckedFour(at: right &+ i)
            unsafe stage(&x, &samples, rings[16] &+ i, g[0])
            unsafe stage(&y, &samples, rings[20] &+ i, g[4])
            unsafe stage(&x, &samples, rings[17] &+ i, g[1])
            unsafe stage(&y, &samples, rings[21] &+ i, g[5])
            unsafe stage(&x, &samples, rings[18] &+ i, g[2])
            unsafe stage(&y, &samples, rings[22] &+ i, g[6])
            unsafe stage(&x, &samples, rings[19] &+ i, g[3])
            unsafe stage(&y, &samples, rings[23] &+ i, g[7])
            unsafe samples.setUncheckedFour(x, at: left &+ i)
            unsafe samples.setUncheckedFour(y, at: right &+ i)
            i &+= 4
        }
        while i < count {
            for channel in 0..<2 {
                let row = channel == 0 ? left : right
                var x = samples[row &+ i]
                for s in 0..<4 {
                    let place = offsets[16 + 4 * channel + s] &+ i
                    let d = samples[place]
                    let gain = Double(gains[4 * channel + s])
                    let v = x.addingProduct(-gain, d)
                    samples[place] = v
                    x = d.addingProduct(gain, v)
                }
                samples[row &+ i] = x
            }
            i &+= 1
        }
    }

    @unsafe @inline(always)
    private static func stage(
        _ x: inout SIMD4<Double>, _ samples: inout MutableSpan<Double>, _ place: Int, _ g: SIMD4<Double>
    ) {
        let d = unsafe samples.uncheckedFour(at: place)
        let v = fused(x, -g, d)
        unsafe samples.setUncheckedFour(v, at: place)
        x = fused(d, g, v)
    }
}
