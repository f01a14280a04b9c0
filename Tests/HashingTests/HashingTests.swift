import Hashing
import Quantities
import Testing

@Suite struct ContentDigestTests {
    /// From the published XXH3-128 test vectors (xxHash, seed 0): the empty input.
    @Test func `the digest of nothing is the published one`() {
        #expect(Digest.of([UInt8]()).description == "99aa06d3014798d86001c324468d497f")
    }

    /// `printf abc | xxh128sum`.
    @Test func `the digest of abc is what xxh128sum prints`() {
        #expect(Digest.of(Array("abc".utf8)).description == "06b05ab6733a618578af5f94892f3950")
    }

    @Test(arguments: [0, 1, 3, 8, 16, 17, 128, 129, 240, 241, 1024, 1025, 65_536, 262_144])
    func `pointer, span and array agree at every length class of XXH3`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let expected = Digest.of(bytes)
        #expect(Digest.of(bytes.span.bytes) == expected)
        #expect(bytes.withUnsafeBytes { Digest.of($0) } == expected)
        guard count > 0 else { return }
        var changed = bytes
        changed[count / 2] ^= 1
        #expect(Digest.of(changed) != expected)
    }

    @Test func `samples are digested as their bytes in memory`() {
        #expect(Digest.of(samples: [1, -2]) == Digest.of([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]))
    }
}

@Suite struct SHA256Tests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `published messages have the published hashes`(message: String, hash: String) {
        #expect(TaskKey.of(Array(message.utf8)).description == hash)
        #expect(TaskKey(hexadecimal: hash) == TaskKey.of(Array(message.utf8)))
    }

    @Test func `a stream in pieces hashes as the whole, and a finished hasher starts afresh`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let hasher = SHA256Hasher()
        var next = 0
        for size in [0, 1, 63, 64, 65, 4096, 50_000, 45_711] {
            hasher.update(Array(bytes[next..<next + size]))
            next += size
        }
        #expect(next == bytes.count)
        #expect(hasher.finish() == TaskKey.of(bytes))
        hasher.update(Array("abc".utf8))
        #expect(
            hasher.finishHexadecimal() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
