/// How far a device is on its way to new parameters: eight frames, one cell of the control grid.
struct ParameterGlide: Sendable {
    static let frameCount = 8
    private(set) var position = frameCount

    var isMoving: Bool { position < Self.frameCount }

    /// From the next frame on.
    mutating func begin() { position = 0 }
    mutating func settle() { position = Self.frameCount }

    /// Frames of the next chunk, which ends where the glide does.
    func chunk(remaining: Int, limit: Int) -> Int {
        let most = min(remaining, limit)
        return isMoving ? min(most, Self.frameCount - position) : most
    }

    mutating func advance(count: Int) { if isMoving { position += count } }
}

/// A parameter that moves to new values in a straight line.
struct GlidingNumber: Sendable {
    private var start: Double
    private(set) var target: Double

    init(_ value: Double) { (start, target) = (value, value) }

    /// To be called before the glide begins anew.
    mutating func move(to value: Double, _ glide: ParameterGlide) {
        start = glide.isMoving ? line(glide).value(-1) : target
        target = value
    }

    /// The values of the frames of the next chunk.
    func line(_ glide: ParameterGlide) -> ParameterLine {
        guard glide.isMoving, start != target else {
            return ParameterLine(start: target, slope: 0, offset: 0)
        }
        let slope = (target - start) * (1 / Double(ParameterGlide.frameCount))
        return ParameterLine(start: start, slope: slope, offset: Double(glide.position + 1))
    }
}

/// A parameter's values over a chunk: a straight line, its slope 0 where nothing moves.
struct ParameterLine: Sendable {
    let start: Double
    let slope: Double
    let offset: Double

    /// Whether it stays at `value`.
    func stays(at value: Double) -> Bool { slope == 0 && start == value }

    @inline(always)
    func value(_ frame: Int) -> Double { start.addingProduct(slope, offset + Double(frame)) }

    /// The values of a frame and the three after it.
    @inline(always)
    func four(_ frame: Int) -> SIMD4<Double> {
        let time = SIMD4<Double>(0, 1, 2, 3) + SIMD4(repeating: offset + Double(frame))
        return SIMD4(repeating: start).addingProduct(SIMD4(repeating: slope), time)
    }

    static func level(_ value: Double) -> ParameterLine { ParameterLine(start: value, slope: 0, offset: 0) }

    /// 1 less this.
    var complement: ParameterLine { ParameterLine(start: 1 - start, slope: -slope, offset: offset) }

    func scaled(by factor: Double) -> ParameterLine {
        ParameterLine(start: start * factor, slope: slope * factor, offset: offset)
    }
}
