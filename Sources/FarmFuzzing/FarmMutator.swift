import SoundFileFuzzing

/// Damages inputs with some knowledge of how they are built; the same input for the same seeds, seed and index.
package struct FarmMutator: Sendable {
    package let seeds: [[UInt8]]
    package let form: InputForm
    package let seed: UInt64
    private let words: [[UInt8]]
    private static let byteLimit = 1 << 20

    package init(_ seeds: [[UInt8]], form: InputForm, seed: UInt64) {
        precondition(!seeds.isEmpty, "nothing to begin with")
        self.seeds = seeds
        self.form = form
        self.seed = seed
        words = Self.words(of: seeds)
    }

    /// The input of a number.
    package func input(_ index: Int) -> [UInt8] {
        var numbers = FuzzNumbers(seed: seed, index: index)
        var bytes = numbers.pick(seeds)
        for _ in 0...numbers.below(numbers.oneIn(5) ? 10 : 3) { mutate(&bytes, &numbers) }
        if bytes.count > Self.byteLimit { bytes.removeLast(bytes.count - Self.byteLimit) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        if numbers.oneIn(12) { return splice(&bytes, &numbers) }
        guard case .frames = form else { return mutate(&bytes, as: form, &numbers) }
        var frames = FrameList.unpack(bytes)
        guard !frames.isEmpty, !numbers.oneIn(12) else {
            let at = numbers.below(frames.count + 1)
            switch numbers.below(4) {
            case 0: frames.insert([], at: at)
            case 1 where at < frames.count: frames.remove(at: at)
            case 2 where at < frames.count: frames.insert(frames[at], at: at)
            default: frames.shuffle(using: &numbers)
            }
            bytes = FrameList.pack(frames)
            return
        }
        // The header, mostly.
        let at = numbers.oneIn(2) ? 0 : numbers.below(frames.count)
        let isText = frames[at].first == UInt8(ascii: "{") || frames[at].first == UInt8(ascii: "[")
        mutate(&frames[at], as: isText ? .json : frames[at].count % 8 == 0 ? .words : .bytes, &numbers)
        bytes = FrameList.pack(frames)
    }

    private func mutate(_ bytes: inout [UInt8], as form: InputForm, _ numbers: inout FuzzNumbers) {
        switch form {
        case .json, .frames: mutateJSON(&bytes, &numbers)
        case .text: mutateText(&bytes, &numbers)
        case .words: mutateWords(&bytes, &numbers)
        case .bytes: mutateBytes(&bytes, &numbers)
        }
    }

    // MARK: - Bytes and words

    func mutateBytes(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        let place = numbers.below(bytes.count + 1)
        switch numbers.below(10) {
        case 0, 1: flip(&bytes, place, &numbers)
        case 2: replace(&bytes, place, little(edge(bytes.count, &numbers), numbers.pick([1, 2, 4, 8])))
        case 3: replace(&bytes, place / 4 * 4, little(UInt64(float(&numbers).bitPattern), 4))
        case 4: replace(&bytes, place / 8 * 8, little(edge(bytes.count, &numbers), 8))
        case 5: replace(&bytes, place / 4 * 4, little(edge(bytes.count, &numbers), 8))
        case 6: bytes.removeLast(bytes.count - place)
        case 7: bytes.removeSubrange(place..<min(bytes.count, place + numbers.below(40)))
        case 8:
            let count = numbers.below(24)
            bytes.insert(contentsOf: (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }, at: place)
        default:
            for i in place..<min(bytes.count, place + 1 + numbers.below(16)) {
                bytes[i] = UInt8(truncatingIfNeeded: numbers.next())
            }
        }
    }

    private func mutateWords(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        let word = numbers.below(bytes.count / 8 + 1) * 8
        switch numbers.below(8) {
        case 0, 1, 2: replace(&bytes, word, little(edge(bytes.count, &numbers), 8))
        case 3 where word < bytes.count:
            let old = (0..<8).reduce(UInt64(0)) { sum, place in
                sum | UInt64(word + place < bytes.count ? bytes[word + place] : 0) << UInt64(8 * place)
            }
            replace(&bytes, word, little(numbers.oneIn(2) ? old &+ 1 : old &- 1, 8))
        case 4: bytes.removeSubrange(word..<min(bytes.count, word + 8 * (1 + numbers.below(4))))
        case 5: bytes.insert(contentsOf: little(edge(bytes.count, &numbers), 8), at: min(word, bytes.count))
        default: mutateBytes(&bytes, &numbers)
        }
    }

    func flip(_ bytes: inout [UInt8], _ place: Int, _ numbers: inout FuzzNumbers) {
        guard place < bytes.count else { return }
        bytes[place] ^= 1 << UInt8(numbers.below(8))
    }

    private func splice(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        let other = numbers.pick(seeds)
        let from = numbers.below(other.count)
        let end = min(other.count, from + numbers.below(numbers.oneIn(4) ? other.count : 80))
        let place = numbers.below(bytes.count + 1)
        if numbers.oneIn(3) { bytes.removeLast(bytes.count - place) }
        bytes.insert(contentsOf: other[from..<end], at: place)
    }

    private func replace(_ bytes: inout [UInt8], _ place: Int, _ new: [UInt8]) {
        for (i, byte) in new.enumerated() where place + i < bytes.count { bytes[place + i] = byte }
    }

    private func little(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    /// A number that tends to break readers.
    private func edge(_ byteCount: Int, _ numbers: inout FuzzNumbers) -> UInt64 {
        switch numbers.below(6) {
        case 0: numbers.pick([0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 255, 256, 4_095, 4_096, 4_097, 65_535, 65_536])
        case 1: numbers.pick([.max, .max - 7, .max >> 1, (.max >> 1) + 1, 1 << 62, 1 << 61, 1 << 48, 1 << 32])
        case 2: numbers.pick([0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, 1 << 30, 1 << 24, 1 << 20])
        case 3: UInt64(bitPattern: Int64(-1 - numbers.below(9)))
        case 4: UInt64(numbers.below(byteCount / 4 + 2))
        default: numbers.next() >> UInt64(numbers.below(64))
        }
    }

    private func float(_ numbers: inout FuzzNumbers) -> Float {
        numbers.pick([
            0, -0.0, 1, -1, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-20, 1e20, -1e30, 65_536, 0.5, Float(numbers.below(5_000)),
        ])
    }

    /// Words that occur in the seeds: keys and values alike.
    private static func words(of seeds: [[UInt8]]) -> [[UInt8]] {
        var words: Set<[UInt8]> = []
        for seed in seeds {
            for word in seed.split(whereSeparator: { !isWordByte($0) }) where (2...24).contains(word.count) {
                words.insert(Array(word))
            }
        }
        // In an order of their own: a set's changes with the process.
        return words.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    func word(_ numbers: inout FuzzNumbers) -> [UInt8] { words.isEmpty ? [] : numbers.pick(words) }
}
