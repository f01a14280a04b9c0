/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014).
///
/// The whole of a world follows from its seed.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mix(state)
    }

    /// A whole number in `range`.
    mutating func draw(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// True `perMille` times in a thousand.
    mutating func chance(_ perMille: Int) -> Bool { Int(next() % 1_000) < perMille }

    mutating func element<T>(_ choices: [T]) -> T { choices[draw(0...(choices.count - 1))] }
}

/// The generator's finaliser: a good mixing of 64 bits.
func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
