/// One section on the eight lanes of four stereo strips, each lane with its own coefficients and precision.
///
/// A lane without the section passes, bit for bit except for subnormals (which arithmetic flushes) and infinities.
struct EqualizerColumn: Sendable {
    /// The Float32 lanes.
    var kernel = Kernel()
    /// The Double lanes; others rest.
    private(set) var wide = Wide()
    /// Whether every Float32 lane passes 0 Hz unchanged: a multiplication less.
    private(set) var isUnit = true
    private(set) var hasWide = false
    private var corner = SIMD8<Double>()
    private var ratio = SIMD8<Double>()

    struct Kernel: Sendable {
        var p = LaneFrame()
        var r = LaneFrame()
        var stepP = LaneFrame()
        var stepR = LaneFrame()
        var direct = LaneFrame(repeating: 1)
        var difference = LaneFrame()
        // -0 times +0 leaves the sign of a zero alone.
        var rate = LaneFrame(repeating: -0.0)

        @inline(always)
        mutating func unit(_ x: LaneFrame) -> LaneFrame {
            let t = x - p
            let y = x.addingProduct(difference, t).addingProduct(rate, r)
            p = (p + r).addingProduct(stepP, t)
            r = r.addingProduct(stepR, t)
            return y
        }

        /// The same bits as `unit` where `direct` is 1.
        @inline(always)
        mutating func general(_ x: LaneFrame) -> LaneFrame {
            let t = x - p
            let y = (x * direct).addingProduct(difference, t).addingProduct(rate, r)
            p = (p + r).addingProduct(stepP, t)
            r = r.addingProduct(stepR, t)
            return y
        }
    }

    struct Wide: Sendable {
        var p = SIMD8<Double>()
        var r = SIMD8<Double>()
        var stepP = SIMD8<Double>()
        var stepR = SIMD8<Double>()
        var direct = SIMD8<Double>()
        var difference = SIMD8<Double>()
        var rate = SIMD8<Double>()
        var rests = SIMDMask<SIMD8<Int32>>(repeating: true)

        @inline(always)
        mutating func step(_ input: LaneFrame) -> LaneFrame {
            let x = SIMD8<Double>(input.replacing(with: LaneFrame(), where: rests))
            let t = x - p
            let y = (x * direct).addingProduct(difference, t).addingProduct(rate, r)
            p = (p + r).addingProduct(stepP, t)
            r = r.addingProduct(stepR, t)
            return SIMD8<Float>(y).replacing(with: input, where: rests)
        }
    }

    /// Sets a lane's coefficients, its output times `scale`, and keeps what its integrators hold.
    mutating func tune(lane: Int, to section: SectionCoefficients, scale: Double) {
        var (p, r) = state(lane: lane)
        if section.precision == .identity || corner[lane] == 0 {
            (p, r) = section.precision == .identity ? (0, 0) : (p, r)
        } else {
            let scaled = r * (section.corner / corner[lane])
            p = p - ratio[lane] * r / 2 + section.ratio * scaled / 2
            r = scaled
        }
        set(lane: lane, to: section, scale: scale)
        setState(lane: lane, p: p, r: r)
    }

    /// Sets a lane's coefficients; the state is then to be set too.
    mutating func set(lane: Int, to section: SectionCoefficients, scale: Double) {
        let isSingle = section.precision == .single
        // The usual case of a gain that moves: each lane set costs a trip through memory.
        if isSingle, !hasWide {
            kernel.stepP[lane] = Float(section.stepP)
            kernel.stepR[lane] = Float(section.stepR)
            kernel.difference[lane] = Float(section.difference * scale)
            kernel.rate[lane] = Float(section.rate * scale)
            corner[lane] = section.corner
            ratio[lane] = section.ratio
            let direct = Float(section.direct * scale)
            if kernel.direct[lane] != direct {
                kernel.direct[lane] = direct
                isUnit = kernel.direct == LaneFrame(repeating: 1)
            }
            return
        }
        let isDouble = section.precision == .double
        kernel.stepP[lane] = isSingle ? Float(section.stepP) : 0
        kernel.stepR[lane] = isSingle ? Float(section.stepR) : 0
        kernel.direct[lane] = isDouble ? 1 : Float(section.direct * scale)
        kernel.difference[lane] = isSingle ? Float(section.difference * scale) : 0
        kernel.rate[lane] = isSingle ? Float(section.rate * scale) : -0.0
        wide.stepP[lane] = isDouble ? section.stepP : 0
        wide.stepR[lane] = isDouble ? section.stepR : 0
        wide.direct[lane] = isDouble ? section.direct * scale : 0
        wide.difference[lane] = isDouble ? section.difference * scale : 0
        wide.rate[lane] = isDouble ? section.rate * scale : 0
        wide.rests[lane] = !isDouble
        corner[lane] = section.corner
        ratio[lane] = section.ratio
        isUnit = kernel.direct == LaneFrame(repeating: 1)
        hasWide = wide.rests != SIMDMask(repeating: true)
    }

    func state(lane: Int) -> (p: Double, r: Double) {
        !hasWide || wide.rests[lane]
            ? (Double(kernel.p[lane]), Double(kernel.r[lane])) : (wide.p[lane], wide.r[lane])
    }

    mutating func setState(lane: Int, p: Double, r: Double) {
        let isWide = hasWide && !wide.rests[lane]
        kernel.p[lane] = isWide ? 0 : Float(p)
        kernel.r[lane] = isWide ? 0 : Float(r)
        guard hasWide else { return }
        wide.p[lane] = isWide ? p : 0
        wide.r[lane] = isWide ? r : 0
    }

    mutating func processWide(_ block: inout MutableSpan<LaneFrame>) {
        var section = wide
        for i in 0..<block.count { block[i] = section.step(block[i]) }
        wide = section
    }
}

/// Columns in series, as many as the longest of four strips has sections.
struct EqualizerBank: Sendable {
    private(set) var columns: [EqualizerColumn]
    /// Columns in use; the others pass.
    var activeCount = 0
    /// The first column's coefficients without the scale.
    private var first = [SectionCoefficients](repeating: .identity, count: 8)
    /// What a lane's output is multiplied by: the first column does it.
    private var scales = [Double](repeating: 1, count: 8)

    init(columnLimit: Int) { columns = Array(repeating: EqualizerColumn(), count: columnLimit) }

    mutating func set(column: Int, lane: Int, to section: SectionCoefficients) {
        if column == 0 { first[lane] = section }
        columns[column].set(lane: lane, to: section, scale: column == 0 ? scales[lane] : 1)
    }

    mutating func tune(column: Int, lane: Int, to section: SectionCoefficients) {
        if column == 0 { first[lane] = section }
        columns[column].tune(lane: lane, to: section, scale: column == 0 ? scales[lane] : 1)
    }

    mutating func setScale(lane: Int, to scale: Double) {
        guard scales[lane] != scale, !columns.isEmpty else { return }
        scales[lane] = scale
        let (p, r) = columns[0].state(lane: lane)
        columns[0].set(lane: lane, to: first[lane], scale: scale)
        columns[0].setState(lane: lane, p: p, r: r)
    }

    mutating func setState(column: Int, lane: Int, p: Double, r: Double) {
        columns[column].setState(lane: lane, p: p, r: r)
    }

    mutating func process(_ block: inout MutableSpan<LaneFrame>) {
        var i = 0
        while i < activeCount {
            if columns[i].hasWide {
                runOne(&block, i)
                columns[i].processWide(&block)
                i += 1
                continue
            }
            var count = 1
            while count < 4, i + count < activeCount, !columns[i + count].hasWide { count += 1 }
            switch count {
            case 1: runOne(&block, i)
            case 2: runTwo(&block, i)
            case 3: runThree(&block, i)
            default: runFour(&block, i)
            }
            i += count
        }
    }

    private mutating func runOne(_ block: inout MutableSpan<LaneFrame>, _ i: Int) {
        if columns[i].isUnit {
            FusedColumns<UnitForm, UnitForm, UnitForm, UnitForm>.run(&block, &columns[i].kernel)
        } else {
            FusedColumns<GeneralForm, UnitForm, UnitForm, UnitForm>.run(&block, &columns[i].kernel)
        }
    }

    private mutating func runTwo(_ block: inout MutableSpan<LaneFrame>, _ i: Int) {
        var (a, b) = (columns[i].kernel, columns[i + 1].kernel)
        if columns[i + 1].isUnit {
            if columns[i].isUnit {
                FusedColumns<UnitForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b)
            } else {
                FusedColumns<GeneralForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b)
            }
        } else {
            FusedColumns<GeneralForm, GeneralForm, UnitForm, UnitForm>.run(&block, &a, &b)
        }
        columns[i].kernel = a
        columns[i + 1].kernel = b
    }

    private mutating func runThree(_ block: inout MutableSpan<LaneFrame>, _ i: Int) {
        var (a, b, c) = (columns[i].kernel, columns[i + 1].kernel, columns[i + 2].kernel)
        if columns[i + 1].isUnit && columns[i + 2].isUnit {
            if columns[i].isUnit {
                FusedColumns<UnitForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b, &c)
            } else {
                FusedColumns<GeneralForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b, &c)
            }
        } else {
            FusedColumns<GeneralForm, GeneralForm, GeneralForm, UnitForm>.run(&block, &a, &b, &c)
        }
        columns[i].kernel = a
        columns[i + 1].kernel = b
        columns[i + 2].kernel = c
    }

    private mutating func runFour(_ block: inout MutableSpan<LaneFrame>, _ i: Int) {
        var (a, b) = (columns[i].kernel, columns[i + 1].kernel)
        var (c, d) = (columns[i + 2].kernel, columns[i + 3].kernel)
        if columns[i + 1].isUnit && columns[i + 2].isUnit && columns[i + 3].isUnit {
            if columns[i].isUnit {
                FusedColumns<UnitForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b, &c, &d)
            } else {
                FusedColumns<GeneralForm, UnitForm, UnitForm, UnitForm>.run(&block, &a, &b, &c, &d)
            }
        } else {
            FusedColumns<GeneralForm, GeneralForm, GeneralForm, GeneralForm>.run(&block, &a, &b, &c, &d)
        }
        columns[i].kernel = a
        columns[i + 1].kernel = b
        columns[i + 2].kernel = c
        columns[i + 3].kernel = d
    }
}

/// With or without the multiplication by `direct`.
protocol ColumnForm {
    static func step(_ column: inout EqualizerColumn.Kernel, _ x: LaneFrame) -> LaneFrame
}

enum UnitForm: ColumnForm {
    @inline(always)
    static func step(_ column: inout EqualizerColumn.Kernel, _ x: LaneFrame) -> LaneFrame { column.unit(x) }
}

enum GeneralForm: ColumnForm {
    @inline(always)
    static func step(_ column: inout EqualizerColumn.Kernel, _ x: LaneFrame) -> LaneFrame { column.general(x) }
}

/// The loops: one to four columns in one pass, their states in registers.
///
/// A column is four fused multiply-adds and two additions for eight lanes, and its recurrence is 8 cycles long. On a
/// 2.96 GHz Xeon (Emerald Rapids) four columns take 12 cycles a frame; with additions spread perfectly over the three
/// arithmetic ports it would be 9, and the same instructions without the recurrence take 10. Starting each column a
/// frame or more after the one before, to shorten the chain, gains nothing there.
enum FusedColumns<A: ColumnForm, B: ColumnForm, C: ColumnForm, D: ColumnForm> {
    static func run(_ block: inout MutableSpan<LaneFrame>, _ first: inout EqualizerColumn.Kernel) {
        var a = first
        for i in 0..<block.count { block[i] = A.step(&a, block[i]) }
        first.p = a.p
        first.r = a.r
    }

    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout EqualizerColumn.Kernel,
        _ second: inout EqualizerColumn.Kernel
    ) {
        var (a, b) = (first, second)
        for i in 0..<block.count { block[i] = B.step(&b, A.step(&a, block[i])) }
        (first.p, first.r) = (a.p, a.r)
        (second.p, second.r) = (b.p, b.r)
    }

    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout EqualizerColumn.Kernel,
        _ second: inout EqualizerColumn.Kernel, _ third: inout EqualizerColumn.Kernel
    ) {
        var (a, b, c) = (first, second, third)
        for i in 0..<block.count { block[i] = C.step(&c, B.step(&b, A.step(&a, block[i]))) }
        (first.p, first.r) = (a.p, a.r)
        (second.p, second.r) = (b.p, b.r)
        (third.p, third.r) = (c.p, c.r)
    }

    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout EqualizerColumn.Kernel,
        _ second: inout EqualizerColumn.Kernel, _ third: inout EqualizerColumn.Kernel,
        _ fourth: inout EqualizerColumn.Kernel
    ) {
        var (a, b, c, d) = (first, second, third, fourth)
        for i in 0..<block.count { block[i] = D.step(&d, C.step(&c, B.step(&b, A.step(&a, block[i])))) }
        (first.p, first.r) = (a.p, a.r)
        (second.p, second.r) = (b.p, b.r)
        (third.p, third.r) = (c.p, c.r)
        (fourth.p, fourth.r) = (d.p, d.r)
    }
}
