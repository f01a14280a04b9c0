import SignalProcessing

/// Complex numbers in two arrays.
struct ComplexLine {
    private(set) var real: [Double]
    private(set) var imaginary: [Double]

    init(_ count: Int) {
        real = [Double](repeating: 0, count: count)
        imaginary = real
    }

    init(real: [Double], imaginary: [Double]) {
        self.real = real
        self.imaginary = imaginary
    }

    subscript(part: Int, index: Int) -> Double {
        get { part == 0 ? real[index] : imaginary[index] }
        set { if part == 0 { real[index] = newValue } else { imaginary[index] = newValue } }
    }

    mutating func transform(_ transform: FourierTransform) {
        (real, imaginary) = transform.transformed(real: real, imaginary: imaginary)
    }

    mutating func multiplyByConjugate(of other: ComplexLine) {
        for i in real.indices {
            let (x, y) = (real[i], imaginary[i])
            real[i] = x * other.real[i] + y * other.imaginary[i]
            imaginary[i] = y * other.real[i] - x * other.imaginary[i]
        }
    }

    mutating func invert(_ transform: FourierTransform) {
        let (swapped, parts) = transform.transformed(real: imaginary, imaginary: real)
        let scale = 1 / Double(real.count)
        real = parts.map { $0 * scale }
        imaginary = swapped.map { $0 * scale }
    }

    /// The spectrum of what is in the real parts, with the number at `index` and its mirror image.
    func firstSpectrum(_ index: Int) -> (real: Double, imaginary: Double) {
        let mirror = (real.count - index) & (real.count - 1)
        return (0.5 * (real[index] + real[mirror]), 0.5 * (imaginary[index] - imaginary[mirror]))
    }

    /// The spectrum of what is in the imaginary parts.
    func secondSpectrum(_ index: Int) -> (real: Double, imaginary: Double) {
        let mirror = (real.count - index) & (real.count - 1)
        return (0.5 * (imaginary[index] + imaginary[mirror]), 0.5 * (real[mirror] - real[index]))
    }
}
