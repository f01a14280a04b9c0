/// White and pink noise of one channel as functions of the frame.
///
/// Numbers come from the counter-based generator of `DitherNoise`, so noise neither repeats nor needs a state.
struct SignalNoise: Sendable {
    private let seed: UInt64
    private let channel: Int
    private let rows: [Row]

    /// White noise that is held for `length` frames at a time.
    private struct Row {
        let length: Int
        let amplitude: Double
        let source: DitherNoise
    }

    /// Pink noise as a sum of held white noises (R. Voss, J. Clarke, JASA 63(1), 1978; McCartney's octaves) of 1, 2,
    /// 3, 4, 6, 8 ... frames, two an octave. Powers of the shortest rows, fitted so that the spectrum is within 0.33 dB
    /// of 1/f from a ten-thousandth of the rate to half the rate; the longer rows are alike.
    private static let shortRows: [(length: Int, power: Double)] = [
        (1, 1.72), (2, 1.661), (3, 0.409), (4, 0.829),
    ]
    private static let longRowPower = 0.694
    private static let longestRow = 98_304

    init(seed: UInt64, channel: Int) {
        self.seed = seed
        self.channel = channel
        var shapes = Self.shortRows
        var length = 6
        while length <= Self.longestRow {
            shapes.append((length, Self.longRowPower))
            // 6, 8, 12, 16, 24 ...
            length = length % 3 == 0 ? length / 3 * 4 : length / 2 * 3
        }
        let total = shapes.reduce(0) { $0 + $1.power }
        rows = shapes.enumerated().map { index, shape in
            // Uniform from -1 to 1 has a power of 1/3.
            Row(
                length: shape.length, amplitude: (3 * shape.power / total).root,
                source: DitherNoise(seed: seed, outputOrdinal: 1000 + index, channel: channel))
        }
    }

    /// Gaussian white noise of variance 1, by Box's and Muller's method (1958): at most 8.6 standard deviations.
    func writeWhite(to values: inout [Double], count: Int, at frame: Int) {
        let radius = DitherNoise(seed: seed, outputOrdinal: 998, channel: channel)
        let angle = DitherNoise(seed: seed, outputOrdinal: 999, channel: channel)
        for i in 0..<count {
            // In (0, 1], and in [0, 1).
            let u = Double((radius.word(at: frame + i) >> 11) + 1) * 0x1p-53
            let v = Double(angle.word(at: frame + i) >> 11) * 0x1p-53
            values[i] = (-2 * PinnedMath.log(u)).root * PinnedMath.cos(2 * Double.pi * v)
        }
    }

    /// Pink noise of variance 1.
    func writePink(to values: inout [Double], count: Int, at frame: Int) {
        for i in 0..<count { values[i] = 0 }
        for row in rows {
            var i = 0
            while i < count {
                let (quotient, remainder) = (frame + i).quotientAndRemainder(dividingBy: row.length)
                let (step, position) =
                    remainder < 0 ? (quotient - 1, remainder + row.length) : (quotient, remainder)
                let end = min(count, i + row.length - position)
                let word = Int64(bitPattern: row.source.word(at: step))
                let value = Double(word >> 11) * 0x1p-52 * row.amplitude
                while i < end {
                    values[i] += value
                    i += 1
                }
            }
        }
    }
}
