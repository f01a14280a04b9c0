import Foundation

/// The least-squares fit of a constant and one sine of known frequency, and what it leaves.
struct RateToneFit {
    let amplitude: Double
    /// Phase in radians of a sine at the first sample.
    let phase: Double
    /// RMS of what remains, in dB re the RMS of the sine.
    let residualDecibels: Double

    init(_ x: [Double], cyclesPerFrame: Double, firstFrame: Int = 0) {
        var normal = [[Double]](repeating: [0, 0, 0, 0], count: 3)
        func basis(_ i: Int) -> [Double] {
            let angle =
                2 * Double.pi * (cyclesPerFrame * Double(i + firstFrame)).truncatingRemainder(dividingBy: 1)
            return [sin(angle), cos(angle), 1]
        }
        for i in x.indices {
            let b = basis(i)
            for r in 0..<3 {
                for c in 0..<3 { normal[r][c] += b[r] * b[c] }
                normal[r][3] += b[r] * x[i]
            }
        }
        for pivot in 0..<3 {
            for r in 0..<3 where r != pivot {
                let factor = normal[r][pivot] / normal[pivot][pivot]
                for c in 0..<4 { normal[r][c] -= factor * normal[pivot][c] }
            }
        }
        let solution = (0..<3).map { normal[$0][3] / normal[$0][$0] }
        var residual = 0.0
        for i in x.indices {
            let b = basis(i)
            let error = x[i] - solution[0] * b[0] - solution[1] * b[1] - solution[2] * b[2]
            residual += error * error
        }
        amplitude = (solution[0] * solution[0] + solution[1] * solution[1]).squareRoot()
        phase = atan2(solution[1], solution[0])
        residualDecibels = 10 * log10(residual / Double(x.count) / (amplitude * amplitude / 2))
    }
}
