internal import CVector

/// What the search for peaks knows of groups of 32 consecutive samples before it interpolates.
///
/// Magnitudes are held as the bits of floats: they are ordered as their bits are, as integers, with NaN above
/// infinity.
struct GroupExtents {
    /// The greatest magnitude of each group.
    private(set) var peakBits: [UInt32]
    /// Of each group the greatest magnitude of the second differences x[m - 1] - 2 x[m] + x[m + 1] whose middle is
    /// one of its samples; NaN or infinity where they overflow.
    private(set) var curvatureBits: [UInt32]
    /// The greatest magnitude of all groups.
    private(set) var greatestPeakBits: UInt32 = 0

    static let frameCount = 32
    /// Groups are looked at in batches of so many.
    static let batchGroupCount = 8

    /// - Parameter groupCount: a multiple of `batchGroupCount`.
    init(groupCount: Int) {
        precondition(groupCount % Self.batchGroupCount == 0, "whole batches of groups")
        peakBits = [UInt32](repeating: 0, count: groupCount)
        curvatureBits = peakBits
    }

    /// Looks at all groups.
    ///
    /// - Parameter samples: the first sample; readable from one before it to one after the last group.
    mutating func scan(_ samples: UnsafePointer<Float>) {
        let groupCount = peakBits.count
        var greatest: UInt32 = 0
        peakBits.withUnsafeMutableBytes { peaks in
            curvatureBits.withUnsafeMutableBytes { bends in
                withUnsafeTemporaryAllocation(of: SIMD8<Int32>.self, capacity: 24) { scratch in
                    for first in stride(from: 0, to: groupCount, by: Self.batchGroupCount) {
                        // SAFETY: the caller vouches for the samples; the arrays hold whole batches.
                        Self.reduce(samples + first * Self.frameCount, into: scratch.baseAddress!)
                        let peak = Self.transposedMaximum(scratch.baseAddress!, scratch.baseAddress! + 16)
                        peaks.storeBytes(of: peak, toByteOffset: 4 * first, as: SIMD8<Int32>.self)
                        let bend = Self.transposedMaximum(scratch.baseAddress! + 8, scratch.baseAddress! + 16)
                        bends.storeBytes(of: bend, toByteOffset: 4 * first, as: SIMD8<Int32>.self)
                    }
                }
            }
        }
        for bits in peakBits where bits > greatest { greatest = bits }
        greatestPeakBits = greatest
    }

    /// Writes, lane by lane, the greatest magnitudes of eight groups, then those of their second differences.
    @inline(never)
    private static func reduce(_ samples: UnsafePointer<Float>, into target: UnsafeMutablePointer<SIMD8<Int32>>) {
        typealias Lanes = SIMD8<Float>
        let minusTwo = Lanes(repeating: -2)
        for group in 0..<batchGroupCount {
            // SAFETY: see `scan`.
            let start = UnsafeRawPointer(samples + group * frameCount)
            var (peak, bend) = (SIMD8<Int32>.zero, SIMD8<Int32>.zero)
            for vector in 0..<4 {
                let x = start.loadUnaligned(fromByteOffset: 32 * vector, as: Lanes.self)
                let before = start.loadUnaligned(fromByteOffset: 32 * vector - 4, as: Lanes.self)
                let after = start.loadUnaligned(fromByteOffset: 32 * vector + 4, as: Lanes.self)
                peak = greater(peak, x)
                bend = greater(bend, (before + after).addingProduct(x, minusTwo))
            }
            target[group] = peak
            target[8 + group] = bend
        }
    }

    /// The greatest lane of each of eight vectors.
    @inline(__always)
    private static func transposedMaximum(
        _ vectors: UnsafeMutablePointer<SIMD8<Int32>>, _ scratch: UnsafeMutablePointer<SIMD8<Int32>>
    ) -> SIMD8<Int32> {
        let floats = UnsafeRawPointer(vectors).assumingMemoryBound(to: Float.self)
        var planes:
            (
                UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
                UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?
            ) = (
                floats, floats + 8, floats + 16, floats + 24, floats + 32, floats + 40, floats + 48, floats + 56
            )
        withUnsafePointer(to: &planes) { planes in
            // SAFETY: a tuple of eight pointers lies in memory as an array does; bits are moved, not computed.
            UnsafeRawPointer(planes).withMemoryRebound(to: UnsafePointer<Float>?.self, capacity: 8) { planes in
                lathe_lanes_from_planar(
                    UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Float.self), planes, 8)
            }
        }
        var greatest = scratch[0]
        for row in 1..<8 {
            let other = scratch[row]
            greatest.replace(with: other, where: other .> greatest)
        }
        return greatest
    }

    /// Lane by lane the greater of some bits and the magnitude of `x`.
    @inline(__always)
    private static func greater(_ bits: SIMD8<Int32>, _ x: SIMD8<Float>) -> SIMD8<Int32> {
        var result = bits
        // SAFETY: both types are eight lanes of 32 bits.
        let magnitude = unsafeBitCast(x, to: SIMD8<Int32>.self) & SIMD8(repeating: 0x7fff_ffff)
        result.replace(with: magnitude, where: magnitude .> result)
        return result
    }

    /// The bits of the greatest magnitude of `count` samples; 0 when there are none.
    static func greatestMagnitudeBits(_ samples: UnsafePointer<Float>, count: Int) -> UInt32 {
        let base = UnsafeRawPointer(samples)
        var (low, high) = (SIMD8<Int32>.zero, SIMD8<Int32>.zero)
        var index = 0
        // SAFETY: every load lies among the samples.
        while index + 16 <= count {
            low = greater(low, base.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self))
            high = greater(high, base.loadUnaligned(fromByteOffset: 4 * index + 32, as: SIMD8<Float>.self))
            index += 16
        }
        low.replace(with: high, where: high .> low)
        var greatest = withUnsafeBytes(of: low) { lanes in
            lanes.withMemoryRebound(to: UInt32.self) { $0.reduce(0, max) }
        }
        while index < count {
            greatest = max(greatest, samples[index].bitPattern & 0x7fff_ffff)
            index += 1
        }
        return greatest
    }
}
