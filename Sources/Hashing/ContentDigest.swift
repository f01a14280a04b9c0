internal import CVector
package import Quantities

extension Digest {
    /// The XXH3-128 digest of `bytes`, in the order of the canonical representation: what `xxh128sum` prints.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var high: UInt64 = 0
        var low: UInt64 = 0
        lathe_digest_128(bytes.baseAddress, bytes.count, &high, &low)
        return Digest(high: high, low: low)
    }

    /// The XXH3-128 digest of a span of bytes.
    package static func of(_ bytes: RawSpan) -> Digest {
        bytes.withUnsafeBytes { of($0) }
    }

    /// The XXH3-128 digest of an array of bytes.
    package static func of(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { of($0) }
    }

    /// The XXH3-128 digest of samples as they lie in memory (Float32, little-endian on every machine served).
    package static func of(samples: [Float]) -> Digest {
        samples.withUnsafeBytes { of($0) }
    }
}
