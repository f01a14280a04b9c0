/// Damages sound files with some knowledge of how they are built; the same input for the same seed and index.
package struct Mutator: Sendable {
    package let seeds: [FuzzSeed]
    package let seed: UInt64

    package init(seeds: [FuzzSeed], seed: UInt64) {
        self.seeds = seeds
        self.seed = seed
    }

    /// The input of a number, with the name of the seed that it began as.
    package func input(_ index: Int) -> (name: String, bytes: [UInt8]) {
        var numbers = FuzzNumbers(seed: seed, index: index)
        let file = numbers.pick(seeds)
        var bytes = file.bytes
        for _ in 0...numbers.below(numbers.oneIn(4) ? 12 : 3) { mutate(&bytes, file, &numbers) }
        if bytes.count > Self.maximumByteCount { bytes.removeLast(bytes.count - Self.maximumByteCount) }
        if !numbers.oneIn(3) {
            if file.name == "vorbis" || file.name.hasPrefix("opus") { ContainerRepair.ogg(&bytes) }
            if file.name.contains("flac") { ContainerRepair.flac(&bytes) }
        }
        return (file.name, bytes)
    }

    private static let maximumByteCount = 1 << 20

    private func mutate(_ bytes: inout [UInt8], _ file: FuzzSeed, _ numbers: inout FuzzNumbers) {
        let place = offset(in: bytes, file, &numbers)
        switch numbers.below(16) {
        case 0, 1: flip(&bytes, at: place, &numbers)
        case 2, 3: put(edge(bytes.count, &numbers), numbers.pick([1, 2, 4, 8]), &bytes, at: place, &numbers)
        case 4, 5, 6:
            // The size of a chunk: behind its name, in the width that its container has.
            guard !file.marks.isEmpty else { return flip(&bytes, at: place, &numbers) }
            let (ahead, width) = numbers.pick([(4, 4), (4, 4), (4, 8), (16, 8), (1, 3)])
            let mark = numbers.pick(file.marks) + ahead
            put(edge(bytes.count, &numbers), width, &bytes, at: mark, &numbers)
        case 7: bytes.removeLast(bytes.count - place)
        case 8:
            let count = numbers.below(40)
            bytes.insert(contentsOf: (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }, at: place)
        case 9:
            let other = numbers.pick(seeds).bytes
            let from = numbers.below(other.count)
            bytes.insert(contentsOf: other[from..<min(other.count, from + numbers.below(300))], at: place)
        case 10:
            let end = min(bytes.count, place + numbers.below(numbers.oneIn(3) ? 400 : 12))
            bytes.removeSubrange(place..<end)
        case 11:
            let end = min(bytes.count, place + numbers.below(200))
            let copy = Array(bytes[place..<end])
            for _ in 0...numbers.below(numbers.oneIn(20) ? 200 : 2) { bytes.insert(contentsOf: copy, at: place) }
        case 12: replace(&bytes, at: numbers.oneIn(3) ? 0 : place, with: Array(numbers.pick(Self.names).utf8))
        case 13:
            for i in place..<min(bytes.count, place + 1 + numbers.below(16)) {
                bytes[i] = UInt8(truncatingIfNeeded: numbers.next())
            }
        case 14: bytes += (0..<numbers.below(64)).map { _ in numbers.oneIn(2) ? 0 : UInt8(numbers.below(256)) }
        default: insertChunks(&bytes, at: place, &numbers)
        }
    }

    /// A place to damage: the start of a header or a chunk rather than the middle of the audio.
    private func offset(in bytes: [UInt8], _ file: FuzzSeed, _ numbers: inout FuzzNumbers) -> Int {
        switch numbers.below(8) {
        case 0, 1: numbers.below(bytes.count)
        case 2, 3, 4: numbers.below(min(bytes.count, 128))
        case 5: numbers.below(min(bytes.count, 600))
        default:
            file.marks.isEmpty
                ? numbers.below(min(bytes.count, 64)) : min(bytes.count, numbers.pick(file.marks) + numbers.below(40))
        }
    }

    private func flip(_ bytes: inout [UInt8], at place: Int, _ numbers: inout FuzzNumbers) {
        guard place < bytes.count else { return }
        bytes[place] ^= 1 << UInt8(numbers.below(8))
    }

    /// A number that tends to break parsers.
    private func edge(_ byteCount: Int, _ numbers: inout FuzzNumbers) -> UInt64 {
        switch numbers.below(6) {
        case 0: numbers.pick([0, 1, 2, 3, 4, 7, 8, 16, 24, 32, 40, 255, 256])
        case 1: numbers.pick([0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0xFF_FFFF])
        case 2: numbers.pick([0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFF8, 0x1_0000_0000])
        case 3: numbers.pick([.max, .max - 7, .max >> 1, (.max >> 1) + 1, 1 << 60, 1 << 48])
        case 4: UInt64(max(0, byteCount - 60 + numbers.below(120)))
        default: numbers.next() >> UInt64(numbers.below(64))
        }
    }

    private func put(
        _ value: UInt64, _ width: Int, _ bytes: inout [UInt8], at place: Int, _ numbers: inout FuzzNumbers
    ) {
        let isBig = numbers.oneIn(2)
        replace(
            &bytes, at: place,
            with: (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (isBig ? width - 1 - $0 : $0))) })
    }

    private func replace(_ bytes: inout [UInt8], at place: Int, with new: [UInt8]) {
        for (i, byte) in new.enumerated() where place + i < bytes.count { bytes[place + i] = byte }
    }

    /// Lists within lists, or many empty chunks.
    private func insertChunks(_ bytes: inout [UInt8], at place: Int, _ numbers: inout FuzzNumbers) {
        let count = numbers.oneIn(60) ? 12_000 : numbers.below(30)
        let isNested = numbers.oneIn(2)
        var chunks: [UInt8] = []
        for i in 0..<count {
            chunks += isNested ? Array("LIST".utf8) : Array("JUNK".utf8)
            let size = isNested ? 12 * (count - i) - 8 : 0
            for k in 0..<4 { chunks.append(UInt8(truncatingIfNeeded: size >> (8 * k))) }
            if isNested { chunks += Array("adtl".utf8) }
        }
        bytes.insert(contentsOf: chunks, at: place)
    }

    private static let names = [
        "RIFF", "RF64", "BW64", "WAVE", "riff", "FORM", "AIFF", "AIFC", "caff", "fLaC", "OggS", "ID3\u{4}", "ID3\u{2}",
        "data", "fmt ", "fact", "ds64", "LIST", "bext", "cart", "smpl", "inst", "cue ", "PEAK", "JUNK", "id3 ", "COMM",
        "SSND", "MARK", "INST", "CHAN", "NONE", "ulaw", "GSM ", "ima4", "desc", "kuki", "pakt", "chan", "strg", "alac",
        "lpcm", "free", "info", "acid", "axml", "iXML", "wavl", "slnt", "NIST", "RIFX", ".snd",
    ]
}
