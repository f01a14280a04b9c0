/// splitmix64: the numbers of one input, the same on every run.
package struct FuzzNumbers: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter index: of the input; neighbours get unrelated numbers.
    package init(seed: UInt64, index: Int) {
        state = seed
        state = next() ^ UInt64(bitPattern: Int64(index)) &* 0xD6E8_FEB8_6659_FD93
        state = next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number below `end`; 0 where `end` is not above 0.
    package mutating func below(_ end: Int) -> Int { end <= 0 ? 0 : Int.random(in: 0..<end, using: &self) }

    /// True once in `count` times.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    package mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}
