/// Fits the magnitude of a discrete filter to an analogue one: Gauss-Newton on ln |H|^2, a fixed number of steps.
///
/// The points are 18 around the band's frequency, 18 from 0 to 20 kHz and 4 above, of little weight. Nothing is
/// allocated after init. All arithmetic is Double with PinnedMath, in one order: the same bits everywhere.
struct MatchedFit: Sendable {
    /// A numerator (sign 1) or denominator (-1), and which of its logarithms may move.
    struct Term: Sendable {
        var factor: MatchedFactor
        var isNumerator: Bool
        var moves: (Bool, Bool, Bool) = (false, false, false)

        static let all = (true, true, true)
        static let shape = (false, true, true)
    }

    static let pointCount = 40
    static let vectorCount = pointCount / 4
    static let sectionLimit = 9
    /// A steep low-pass has 8 sections and a correction.
    static let unknownLimit = 20

    let rateHertz: Double
    /// Numerator and denominator of each section, alternating.
    private(set) var terms: [Term]
    private(set) var termCount = 0

    private let gridAngles: [Double]
    private let gridWeights: [Double]
    private var angles: [Double]
    private var phi: [SIMD4<Double>]
    private var weights: [SIMD4<Double>]
    /// Target power over the power of the terms that stay.
    private var target: [SIMD4<Double>]
    private var base: [SIMD4<Double>]
    private var residual: [SIMD4<Double>]
    private var slopes: [SIMD4<Double>]
    private var matrix: [Double]
    private var step: [Double]

    init(rateHertz: Double) {
        self.rateHertz = rateHertz
        let pi = 3.141592653589793
        let fraction = 20_000 / rateHertz
        let top = 2 * pi * (fraction < 0.49 ? fraction : 0.49)
        var gridAngles: [Double] = []
        var gridWeights: [Double] = []
        for i in 0..<18 {
            gridAngles.append(top * (Double(i) + 0.5) / 17.5)
            gridWeights.append(i == 17 ? 1.6 : 1)
        }
        for i in 1...4 {
            gridAngles.append(top + (pi - top) * Double(i) / 4)
            gridWeights.append(0.05)
        }
        self.gridAngles = gridAngles
        self.gridWeights = gridWeights
        let factor = MatchedFactor(0, 0, 0)
        terms = Array(repeating: Term(factor: factor, isNumerator: true), count: 2 * Self.sectionLimit)
        angles = Array(repeating: 0, count: Self.pointCount)
        let vectors = [SIMD4<Double>](repeating: SIMD4(), count: Self.vectorCount)
        phi = vectors
        weights = vectors
        target = vectors
        base = vectors
        residual = vectors
        slopes = Array(repeating: SIMD4(), count: Self.vectorCount * Self.unknownLimit)
        matrix = Array(repeating: 0, count: Self.unknownLimit * Self.unknownLimit)
        step = Array(repeating: 0, count: Self.unknownLimit)
    }

    /// 30 to the powers x |x| for x from -1 to 1: close together around the band's frequency.
    private static let ratios: [Double] = (0..<18).map { k in
        let x = 2 * Double(k) / 17 - 1
        return PinnedMath.exp2(4.906890595608519 * x * x.magnitude)
    }

    /// Lays out the points for a band at `w` radians per sample; the target is 1 until `multiplyTarget`.
    mutating func begin(at w: Double) {
        termCount = 0
        let top = gridAngles[17]
        for k in 0..<18 {
            let angle = w * Self.ratios[k]
            let isInside = angle < top
            angles[k] = isInside ? angle : top / 2
            weights[k / 4][k % 4] = isInside ? 1 : 0
        }
        for k in 0..<22 {
            angles[18 + k] = gridAngles[k]
            weights[(18 + k) / 4][(18 + k) % 4] = gridWeights[k]
        }
        for k in 0..<Self.pointCount {
            let s = PinnedMath.sin(angles[k] / 2)
            phi[k / 4][k % 4] = s * s
        }
        for v in 0..<Self.vectorCount { target[v] = SIMD4(repeating: 1) }
    }

    /// Multiplies the target by the power of a section of the band at `w` radians per sample.
    mutating func multiplyTarget(_ section: AnalogueSection, at w: Double) {
        for v in 0..<Self.vectorCount {
            let x = SIMD4(angles[4 * v], angles[4 * v + 1], angles[4 * v + 2], angles[4 * v + 3]) / w
            target[v] *= section.power(x * x)
        }
    }

    /// Takes out the points next to a zero of the target.
    mutating func leaveOutZeros() {
        for v in 0..<Self.vectorCount {
            let isZero = target[v] .< 1e-7
            weights[v] = weights[v].replacing(with: 0, where: isZero)
            target[v] = target[v].replacing(with: 1, where: isZero)
        }
    }

    mutating func add(_ factor: MatchedFactor, isNumerator: Bool, moves: (Bool, Bool, Bool) = (false, false, false)) {
        terms[termCount] = Term(factor: factor, isNumerator: isNumerator, moves: moves)
        termCount += 1
    }

    mutating func removeTerms() { termCount = 0 }

    /// Moves the terms that may move; the largest deviation left below 20 kHz, in decibels.
    mutating func run(stepCount: Int) -> Double {
        for v in 0..<Self.vectorCount {
            var ratio = target[v]
            for i in 0..<termCount where !Self.isFree(terms[i]) {
                let n = Self.power(terms[i].factor, phi[v])
                ratio = terms[i].isNumerator ? ratio / n : ratio * n
            }
            base[v] = ratio
        }
        for _ in 0..<stepCount {
            let unknownCount = linearise()
            solve(unknownCount)
            advance()
        }
        _ = linearise()
        var worst = 0.0
        for v in 0..<Self.vectorCount {
            for lane in 0..<4 where weights[v][lane] > 0.5 && residual[v][lane].magnitude > worst {
                worst = residual[v][lane].magnitude
            }
        }
        return worst * 4.342944819032518
    }

    private static func isFree(_ term: Term) -> Bool { term.moves.1 || term.moves.2 || term.moves.0 }

    @inline(always)
    private static func power(_ factor: MatchedFactor, _ phi: SIMD4<Double>) -> SIMD4<Double> {
        let b0 = PinnedMath.exp(factor.logarithms.x)
        let b1 = PinnedMath.exp(factor.logarithms.y)
        let b2 = PinnedMath.exp(factor.logarithms.z)
        let rest = 1 - phi
        let u = rest * b0 - phi * b2
        return u * u + phi * rest * (b1 * b1)
    }

    /// Residuals and slopes at the present terms; how many logarithms move.
    private mutating func linearise() -> Int {
        for v in 0..<Self.vectorCount { residual[v] = base[v] }
        var column = 0
        for i in 0..<termCount where Self.isFree(terms[i]) {
            let (b0, b1, b2) = (
                PinnedMath.exp(terms[i].factor.logarithms.x), PinnedMath.exp(terms[i].factor.logarithms.y),
                PinnedMath.exp(terms[i].factor.logarithms.z)
            )
            let moves = terms[i].moves
            let isNumerator = terms[i].isNumerator
            let sign = isNumerator ? 2.0 : -2.0
            for v in 0..<Self.vectorCount {
                let p = phi[v]
                let rest = 1 - p
                let u = rest * b0 - p * b2
                let middle = p * rest * (b1 * b1)
                let n = u * u + middle
                residual[v] = isNumerator ? residual[v] / n : residual[v] * n
                let scale = weights[v] * sign / n
                var c = column
                if moves.0 {
                    slopes[c * Self.vectorCount + v] = scale * u * rest * b0
                    c += 1
                }
                if moves.1 {
                    slopes[c * Self.vectorCount + v] = scale * middle
                    c += 1
                }
                if moves.2 { slopes[c * Self.vectorCount + v] = scale * u * p * -b2 }
            }
            column += (moves.0 ? 1 : 0) + (moves.1 ? 1 : 0) + (moves.2 ? 1 : 0)
        }
        for v in 0..<Self.vectorCount {
            for lane in 0..<4 { residual[v][lane] = PinnedMath.log(residual[v][lane]) }
        }
        return column
    }

    /// The damped normal equations, by Cholesky's decomposition, into `step`.
    private mutating func solve(_ n: Int) {
        let m = Self.vectorCount
        var trace = 0.0
        for i in 0..<n {
            for j in 0...i {
                var sum = SIMD4<Double>()
                for v in 0..<m { sum.addProduct(slopes[i * m + v], slopes[j * m + v]) }
                matrix[i * n + j] = (sum.x + sum.y) + (sum.z + sum.w)
            }
            trace += matrix[i * n + i]
            var sum = SIMD4<Double>()
            for v in 0..<m { sum.addProduct(slopes[i * m + v], residual[v] * weights[v]) }
            step[i] = (sum.x + sum.y) + (sum.z + sum.w)
        }
        let damping = 1e-4 * trace / Double(n) + 1e-30
        for i in 0..<n {
            for j in 0...i {
                var sum = matrix[i * n + j] + (i == j ? damping : 0)
                for k in 0..<j { sum -= matrix[i * n + k] * matrix[j * n + k] }
                matrix[i * n + j] = i == j ? sum.root : sum / matrix[j * n + j]
            }
            var sum = step[i]
            for k in 0..<i { sum -= matrix[i * n + k] * step[k] }
            step[i] = sum / matrix[i * n + i]
        }
        for i in (0..<n).reversed() {
            var sum = step[i]
            for k in i + 1..<n { sum -= matrix[k * n + i] * step[k] }
            step[i] = sum / matrix[i * n + i]
        }
    }

    /// Adds the steps, none larger than 1.5.
    private mutating func advance() {
        var column = 0
        func next() -> Double {
            let value = step[column]
            column += 1
            return value < -1.5 ? -1.5 : (value > 1.5 ? 1.5 : value)
        }
        for i in 0..<termCount where Self.isFree(terms[i]) {
            if terms[i].moves.0 { terms[i].factor.logarithms.x += next() }
            if terms[i].moves.1 { terms[i].factor.logarithms.y += next() }
            if terms[i].moves.2 { terms[i].factor.logarithms.z += next() }
        }
    }
}
