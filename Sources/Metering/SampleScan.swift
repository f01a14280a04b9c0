extension Array where Element == Float {
    /// The greatest magnitude among some samples; 0 when there are none. Infinite or NaN when such a sample
    /// is there.
    func greatestMagnitude(in range: Range<Int>) -> Float { Float(bitPattern: greatestMagnitudeBits(range)) }

    /// Whether none of these samples is NaN or infinite.
    func isFinite(in range: Range<Int>) -> Bool { greatestMagnitudeBits(range) < 0x7f80_0000 }

    /// Magnitudes of floats are ordered as their bits are, as unsigned integers, with NaN above infinity.
    private func greatestMagnitudeBits(_ range: Range<Int>) -> UInt32 {
        withUnsafeBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all[4 * range.lowerBound..<4 * range.upperBound])
            let mask = SIMD8<UInt32>(repeating: 0x7fff_ffff)
            var (low, high) = (SIMD8<UInt32>.zero, SIMD8<UInt32>.zero)
            var offset = 0
            // SAFETY: every load lies inside the buffer.
            while offset + 64 <= bytes.count {
                let a = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self) & mask
                let b = bytes.loadUnaligned(fromByteOffset: offset + 32, as: SIMD8<UInt32>.self) & mask
                low.replace(with: a, where: a .> low)
                high.replace(with: b, where: b .> high)
                offset += 64
            }
            var greatest = Swift.max(low.max(), high.max())
            while offset < bytes.count {
                let magnitude = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self) & 0x7fff_ffff
                greatest = Swift.max(greatest, magnitude)
                offset += 4
            }
            return greatest
        }
    }
}
