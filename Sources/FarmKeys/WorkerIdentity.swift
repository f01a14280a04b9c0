internal import Hashing
internal import Quantities
package import ZeroMQ

/// Worker numbers that belong to a key: nobody else can speak, or take results, under them.
package enum WorkerIdentity {
    /// Slots of one key; one more is a second machine's affair and needs a second key.
    package static let maximumSlotCount = 1 << 16

    /// The number of one slot: the first 48 bits of SHA-256 over "lathe worker" and the key's bytes, then the slot
    /// in 16 bits.
    package static func number(of key: CurveKey, slot: Int) -> UInt64 {
        precondition((0..<maximumSlotCount).contains(slot), "a slot has 16 bits")
        return stem(of: key) | UInt64(slot)
    }

    /// Whether the number is one of the key's.
    package static func isOwned(_ number: UInt64, by key: CurveKey) -> Bool {
        number & ~0xffff == stem(of: key)
    }

    private static func stem(of key: CurveKey) -> UInt64 {
        let hasher = SHA256Hasher()
        hasher.update(Array("lathe worker".utf8))
        hasher.update(key.bytes)
        return hasher.finish().words[0] & ~0xffff
    }
}
