internal import SignalProcessing

/// The spectrum of one second: octave bands of the mid signal, fine lines of all channels, and what the first two
/// channels have in common at low frequencies.
///
/// Windows of about a sixth of a second (8,192 frames at 44.1 and 48 kHz) with Hann's shape, at least half
/// overlapping, spread evenly so that the first begins and the last ends with the second (P. Welch, 1967). Fewer
/// frames than that are one window of their own length. Two channels are one complex transform; an odd channel has
/// two windows in one.
struct OctaveSpectrum: Sendable {
    /// IEC 61260-1 octaves with the nominal centres 31.5 Hz to 16 kHz.
    static let bandCount = 10
    /// Lines from 0 to half the rate.
    static let lineCount = 256
    /// Up to where low frequencies go.
    static let lowHertz = 250.0

    private let size: Int
    private let channelCount: Int
    private let transform: FourierTransform
    private let window: [Double]
    /// Lower edges of the bands and the last one's upper edge, in bins.
    private let bandEdges: [Double]
    /// Bins up to `lowHertz`, from the first above 0 Hz.
    private let lowBins: Range<Int>

    struct Result: Sendable, Hashable {
        /// Mean squares of the mid signal in the bands.
        var bandPowers = [Double](repeating: 0, count: bandCount)
        /// Mean squares in the lines, summed over channels, 0 Hz left out; empty when there were too few frames.
        var linePowers: [Double] = []
        /// Left by left, right by right and left by right below `lowHertz`, as mean squares.
        var (lowLeft, lowRight, lowProduct) = (0.0, 0.0, 0.0)
    }

    init(rateHertz: Int, channelCount: Int) {
        self.channelCount = channelCount
        var size = 512
        while size * 6 < rateHertz { size *= 2 }
        self.size = size
        transform = FourierTransform(size: size)
        window = Self.window(count: size)
        let binHertz = Double(rateHertz) / Double(size)
        // Exact centres are 1000 x 10^(3n/10), edges half a band to the sides.
        bandEdges = (0...Self.bandCount).map { i in
            PinnedMath.gain(decibels: 60 + 6 * (Double(i) - 5.5)) / binHertz
        }
        lowBins = 1..<min(size / 2, Int(Self.lowHertz / binHertz)) + 1
    }

    /// Nominal centres of the bands in hertz.
    static let centresHertz: [Double] = [31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16_000]

    func measure(_ planes: [UnsafePointer<Float>], count: Int) -> Result {
        var sums = Sums(size: size)
        if count < size {
            let short = Self.window(count: count)
            for pair in stride(from: 0, to: channelCount, by: 2) {
                let second = pair + 1 < channelCount ? planes[pair + 1] : nil
                take(planes[pair], second, short, isStereo: second != nil, isFirst: pair == 0, &sums)
            }
            return result(sums, windowCount: 1, window: short)
        }
        let steps = (count - size + size / 2 - 1) / (size / 2)
        let starts = (0...steps).map { steps == 0 ? 0 : $0 * (count - size) / steps }
        for pair in stride(from: 0, to: channelCount, by: 2) {
            if pair + 1 < channelCount {
                for start in starts {
                    let (left, right) = (planes[pair] + start, planes[pair + 1] + start)
                    take(left, right, window, isStereo: true, isFirst: pair == 0, &sums)
                }
            } else {
                for i in stride(from: 0, to: starts.count, by: 2) {
                    let other = i + 1 < starts.count ? planes[pair] + starts[i + 1] : nil
                    take(planes[pair] + starts[i], other, window, isStereo: false, isFirst: pair == 0, &sums)
                }
            }
        }
        return result(sums, windowCount: starts.count, window: window)
    }

    /// Hann's window: sin^2 at the middle of each frame.
    private static func window(count: Int) -> [Double] {
        (0..<count).map { n in
            let sine = PinnedMath.sin(Double.pi * (Double(n) + 0.5) / Double(count))
            return sine * sine
        }
    }

    private struct Sums {
        /// Of all channels, and of the mid signal: squared magnitudes of the bins 0 to size / 2.
        var all: [Double]
        var mid: [Double]
        var (lowLeft, lowRight, lowProduct) = (0.0, 0.0, 0.0)
        var (real, imaginary): ([Double], [Double])

        init(size: Int) {
            all = [Double](repeating: 0, count: size / 2 + 1)
            mid = all
            real = [Double](repeating: 0, count: size)
            imaginary = real
        }
    }

    /// Transforms one window of two signals and adds what it finds.
    private func take(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>?, _ window: [Double], isStereo: Bool, isFirst: Bool,
        _ sums: inout Sums
    ) {
        Self.shape(x, window, into: &sums.real)
        if let y {
            Self.shape(y, window, into: &sums.imaginary)
        } else {
            for n in 0..<window.count { sums.imaginary[n] = 0 }
        }
        let z = transform.transformed(real: sums.real, imaginary: sums.imaginary)
        z.real.withUnsafeBufferPointer { real in
            z.imaginary.withUnsafeBufferPointer { imaginary in
                guard let real = real.baseAddress, let imaginary = imaginary.baseAddress else { return }
                Self.addAll(real, imaginary, size: size, to: &sums.all)
                guard isFirst, isStereo else { return }
                Self.addMid(real, imaginary, size: size, to: &sums.mid)
                addLow(real, imaginary, &sums)
            }
        }
    }

    @inline(never)
    private static func shape(_ x: UnsafePointer<Float>, _ window: [Double], into target: inout [Double]) {
        target.withUnsafeMutableBufferPointer { target in
            window.withUnsafeBufferPointer { window in
                guard let to = target.baseAddress, let shape = window.baseAddress else { return }
                // SAFETY: the target is at least as long as the window, and so are the samples.
                for n in 0..<window.count { to[n] = Double(x[n]) * shape[n] }
            }
        }
    }

    /// |X|^2 + |Y|^2 = (|Z[k]|^2 + |Z[N-k]|^2) / 2, with Z the transform of x + i y.
    @inline(never)
    private static func addAll(
        _ real: UnsafePointer<Double>, _ imaginary: UnsafePointer<Double>, size: Int, to sums: inout [Double]
    ) {
        sums.withUnsafeMutableBufferPointer { sums in
            for k in 0...size / 2 {
                let m = (size &- k) & (size &- 1)
                let a = (real[k] * real[k]).addingProduct(imaginary[k], imaginary[k])
                let b = (real[m] * real[m]).addingProduct(imaginary[m], imaginary[m])
                sums[k] += 0.5 * (a + b)
            }
        }
    }

    /// |X + Y|^2 / 4.
    @inline(never)
    private static func addMid(
        _ real: UnsafePointer<Double>, _ imaginary: UnsafePointer<Double>, size: Int, to sums: inout [Double]
    ) {
        sums.withUnsafeMutableBufferPointer { sums in
            for k in 0...size / 2 {
                let m = (size &- k) & (size &- 1)
                let a = (real[k] + real[m]) + (imaginary[k] + imaginary[m])
                let b = (imaginary[k] - imaginary[m]) + (real[m] - real[k])
                sums[k] += 0.0625 * (a * a).addingProduct(b, b)
            }
        }
    }

    private func addLow(_ real: UnsafePointer<Double>, _ imaginary: UnsafePointer<Double>, _ sums: inout Sums) {
        for k in lowBins {
            let m = size - k
            let x = (real[k] + real[m], imaginary[k] - imaginary[m])
            let y = (imaginary[k] + imaginary[m], real[m] - real[k])
            sums.lowLeft += (x.0 * x.0).addingProduct(x.1, x.1)
            sums.lowRight += (y.0 * y.0).addingProduct(y.1, y.1)
            sums.lowProduct += (x.0 * y.0).addingProduct(x.1, y.1)
        }
    }

    private func result(_ sums: Sums, windowCount: Int, window: [Double]) -> Result {
        var result = Result()
        let energy = window.reduce(0) { $0.addingProduct($1, $1) }
        // Parseval, both sides of the spectrum: mean squares.
        let scale = 2 / (Double(size) * energy * Double(windowCount))
        let mid = channelCount == 1 ? sums.all : sums.mid
        for band in 0..<Self.bandCount {
            let (low, high) = (bandEdges[band], bandEdges[band + 1])
            var power = 0.0
            // A bin reaches half a bin to both sides.
            for k in Int(low + 0.5)...max(Int(low + 0.5), Int(high + 0.5)) where k <= size / 2 {
                let share = min(Double(k) + 0.5, high) - max(Double(k) - 0.5, low)
                power = power.addingProduct(share * (k == size / 2 ? 0.5 : 1), mid[k])
            }
            result.bandPowers[band] = power * scale
        }
        result.lowLeft = 0.25 * scale * sums.lowLeft
        result.lowRight = 0.25 * scale * sums.lowRight
        result.lowProduct = 0.25 * scale * sums.lowProduct
        if window.count == size {
            let width = size / 2 / Self.lineCount
            result.linePowers = (0..<Self.lineCount).map { line in
                var power = 0.0
                for k in max(1, line * width)..<(line + 1) * width { power += sums.all[k] }
                return power * scale
            }
        }
        return result
    }
}
