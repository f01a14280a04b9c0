import Quantities
import Testing

@Suite struct QuantitiesTests {
    @Test("digests and keys read back what they print, and nothing else")
    func hexadecimal() {
        let digest = Digest(high: 0x0123_4567_89ab_cdef, low: 0xf)
        #expect(digest.description == "0123456789abcdef000000000000000f")
        #expect(Digest(hexadecimal: digest.description) == digest)
        #expect(Digest(hexadecimal: "0123456789ABCDEF000000000000000f") == nil)
        #expect(Digest(hexadecimal: "0123") == nil)
        let key = TaskKey(words: SIMD4(1, 2, 3, .max))
        #expect(TaskKey(hexadecimal: key.description) == key)
        #expect(TaskKey(hexadecimal: digest.description) == nil)
        #expect(Digest(high: 1, low: 0) > Digest(high: 0, low: .max))
    }

    @Test(
        "levels print one decimal, half away from zero",
        arguments: [(-14.05, "-14.1 LUFS"), (0.04, "0.0 LUFS"), (-0.05, "-0.1 LUFS"), (9.949, "9.9 LUFS")])
    func oneDecimalPlace(value: Double, text: String) {
        #expect(LUFS(value).description == text)
    }

    @Test("silence prints as what it is")
    func silence() {
        #expect(Decibels.silence.description == "-inf dB")
        #expect(DecibelsTruePeak(-.infinity).description == "-inf dBTP")
        #expect(oneDecimal(.nan) == "nan")
    }

    @Test("ranges are half open")
    func ranges() {
        let range = FrameRange(10, 20)
        #expect(range.contains(10) && !range.contains(20) && range.count == 10)
        #expect(!range.overlaps(FrameRange(20, 30)) && range.overlaps(FrameRange(19, 30)))
        #expect(range.intersection(FrameRange(15, 40)) == FrameRange(15, 20))
        #expect(range.intersection(FrameRange(30, 40)).isEmpty)
        #expect(range.shifted(by: -10) == FrameRange(0, 10))
    }
}
