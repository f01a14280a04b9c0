/// The lines that change their lengths: smooth triangles of 0.43 and 0.71 Hz, functions of the absolute frame,
/// read by Lagrange's polynomials of fifth degree.
///
/// The lengths are computed where cells of `FDNReverb.chunkFrames` begin, on the song's frames; the weights of
/// the six neighbours move between them in straight lines.
struct ReverbMotion: Sendable, Equatable {
    /// 2^64 times cycles a frame.
    private let increments: SIMD2<UInt64>
    private let depthFrames: Double

    var isStill: Bool { depthFrames == 0 }

    init(_ geometry: ReverbGeometry, depth: Double) {
        var increments = SIMD2<UInt64>()
        for (i, hertz) in [0.43, 0.71].enumerated() {
            increments[i] = UInt64(hertz / geometry.rateHertz * 0x1p64)
        }
        self.increments = increments
        depthFrames = depth * Double(geometry.excursionFrames)
    }

    /// Excursions of the lines at a song frame: phases are products modulo 2^64, so nothing accumulates.
    func excursions(at frame: Int) -> SIMD2<Double> {
        let starts = SIMD2<UInt64>(0, 0x5555_5555_5555_5555)
        var turns = SIMD2<Double>()
        for i in 0..<2 {
            let phase = starts[i] &+ UInt64(bitPattern: Int64(frame)) &* increments[i]
            turns[i] = Double(Int64(bitPattern: phase)) * 0x1p-63
        }
        let one = SIMD2<Double>(repeating: 1)
        let size = turns.replacing(with: -turns, where: turns .< SIMD2(repeating: 0))
        let u = one - size * 2
        // Rounded at the tips, so that the speed has no steps.
        let smooth = u * (one * 1.5 - u * u * 0.5)
        return smooth * depthFrames
    }

    /// Weights of six neighbours, 3 frames further back to 2 nearer, for a read `x` beyond the middle one.
    private static func weights(_ x: Double) -> SIMD8<Double> {
        var weights = SIMD8<Double>()
        let nodes = SIMD8<Double>(3, 2, 1, 0, -1, -2, 0, 0)
        let scales = SIMD8<Double>(120, -24, 12, -12, 24, -120, 1, 1)
        for i in 0..<6 {
            var product = 1 / scales[i]
            for k in 0..<6 where k != i { product *= x - nodes[k] }
            weights[i] = product
        }
        return weights
    }

    /// Reads the lines of one chunk, which lies within a cell, to the rows of the memory from `row` on.
    func read(_ memory: inout ReverbMemory, _ lengths: LineVector, row: Int, at frame: Int, count: Int) {
        let cell = frame & ~(FDNReverb.chunkFrames - 1)
        let start = excursions(at: cell)
        let end = excursions(at: cell + FDNReverb.chunkFrames)
        for i in 0..<2 {
            let line = ReverbGeometry.firstMovingLine + i
            let length = lengths[line]
            let whole = (length + (start[i] + end[i]) * 0.5).rounded(.down)
            let offset = memory.readOffset(line: line, delay: Int(whole) + 3, count: count + 5)
            Self.interpolate(
                &memory.samples, from: offset, to: memory.row(row + i), count: count, phase: frame - cell,
                Self.weights(length + start[i] - whole), Self.weights(length + end[i] - whole))
        }
    }

    @inline(never)
    private static func interpolate(
        _ samples: inout [Double], from source: Int, to target: Int, count: Int, phase: Int, _ first: SIMD8<Double>,
        _ last: SIMD8<Double>
    ) {
        let padded = (count + 3) & ~3
        precondition(source >= 0 && source + padded + 5 <= samples.count)
        precondition(target >= 0 && target + padded <= samples.count)
        var samples = samples.mutableSpan
        let slope = (last - first) * (1 / Double(FDNReverb.chunkFrames))
        var starts = InlineArray<6, SIMD4<Double>>(repeating: SIMD4())
        var slopes = starts
        for tap in 0..<6 {
            starts[tap] = SIMD4(repeating: first[tap])
            slopes[tap] = SIMD4(repeating: slope[tap])
        }
        let (a, b) = (starts, slopes)
        var time = SIMD4<Double>(0, 1, 2, 3) + SIMD4(repeating: Double(phase))
        let four = SIMD4<Double>(repeating: 4)
        var i = source
        var to = target
        while i < source &+ padded {
            var y = unsafe product(fused(a[0], b[0], time), samples.uncheckedFour(at: i))
            y = unsafe fused(y, fused(a[1], b[1], time), samples.uncheckedFour(at: i &+ 1))
            y = unsafe fused(y, fused(a[2], b[2], time), samples.uncheckedFour(at: i &+ 2))
            y = unsafe fused(y, fused(a[3], b[3], time), samples.uncheckedFour(at: i &+ 3))
            y = unsafe fused(y, fused(a[4], b[4], time), samples.uncheckedFour(at: i &+ 4))
            y = unsafe fused(y, fused(a[5], b[5], time), samples.uncheckedFour(at: i &+ 5))
            unsafe samples.setUncheckedFour(y, at: to)
            time = sum(time, four)
            i &+= 4
            to &+= 4
        }
    }
}
