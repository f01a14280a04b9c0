/// Two channels at a multiple of their rate, and back: the frame around a curve.
///
/// A signal at 2^i times the rate is held as 2^i rows of the session's rate, one per phase, so that every filter is a
/// sum of rows, eight frames of one phase to a vector, and nothing is ever shuffled. Rows keep as many frames as the
/// next filter looks back; these are the state: signal, kept exactly.
///
/// A chunk goes: write `input`, `interpolate`, a curve from `curveInput` to `curveOutput`, `decimate`, read `output`,
/// `advance`.
struct Oversampler: Sendable {
    static let chunkFrames = 128

    let factor: Int
    let latencyFrames: Int
    /// Before the curve at the session's rate; it keeps `latencyFrames` frames, or more.
    let input: PhaseRows
    let curveInput: PhaseRows
    let curveOutput: PhaseRows
    /// Second and third moments of a curve of a higher order, one frame back.
    let moments: [PhaseRows]
    let output: PhaseRows
    var work: [Float]

    private let rows: [PhaseRows]
    private let up: [PhaseFilter]
    private let down: [PhaseFilter]

    /// - Parameter order: of the curve's kernel, 1 to 3.
    init(_ design: OversamplingDesign, order: Int) {
        let stages = design.stageCount
        var rows: [PhaseRows] = []
        func add(_ stage: Int, _ history: Int) -> PhaseRows {
            let base = rows.last.map { $0.base + 2 * $0.channelStride } ?? 0
            let new = PhaseRows(base: base, phaseCount: 1 << stage, history: history)
            rows.append(new)
            return new
        }
        // Frames that a filter of so many taps at 2^stage times the rate looks back, at most.
        func reach(_ taps: Int, _ stage: Int) -> Int { (taps >> stage) + 2 }
        var rising = [PhaseRows]()
        for stage in 0...stages {
            let taps = stage < stages ? design.up[stage].count : 0
            let history = reach(taps, stage)
            rising.append(add(stage, stage == 0 && design.latencyFrames > history ? design.latencyFrames : history))
        }
        var falling = [PhaseRows]()
        for stage in 0...stages {
            falling.append(add(stage, stage == 0 ? 0 : reach(design.down[stage - 1].count + 1, stage)))
        }
        let moments = (1..<3).map { _ in order == 1 ? rising[0] : add(stages, 1) }
        factor = 1 << stages
        latencyFrames = design.latencyFrames
        input = rising[0]
        curveInput = rising[stages]
        curveOutput = falling[stages]
        output = falling[0]
        self.moments = moments
        up = (0..<stages).flatMap { PhaseFilter.up(design.up[$0], from: rising[$0], to: rising[$0 + 1]) }
        down = (0..<stages).reversed().flatMap {
            PhaseFilter.down(design.down[$0], lag: design.lags[$0], from: falling[$0 + 1], to: falling[$0])
        }
        self.rows = rows
        work = [Float](repeating: 0, count: rows.last.map { $0.base + 2 * $0.channelStride } ?? 0)
    }

    /// From `input` to `curveInput`.
    mutating func interpolate(count: Int) { run(up, count: count) }

    /// From `curveOutput` to `output`.
    mutating func decimate(count: Int) { run(down, count: count) }

    private mutating func run(_ filters: [PhaseFilter], count: Int) {
        var span = work.mutableSpan
        for filter in filters { filter.run(&span, count: count) }
    }

    /// Keeps the last frames of each row for the next chunk.
    mutating func advance(count: Int) {
        let rows = rows
        var span = work.mutableSpan
        for row in rows {
            guard row.history > 0 else { continue }
            for index in 0..<2 * row.phaseCount {
                let start = row.base + index * row.stride
                var i = 0
                while i < row.history {
                    unsafe span.setVector(span.vector(at: start + count + i), at: start + i)
                    i += 8
                }
            }
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for row in rows {
            for index in 0..<2 * row.phaseCount {
                for i in 0..<row.history { snapshot.put(signal: work[row.base + index * row.stride + i]) }
            }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for row in rows {
            for index in 0..<2 * row.phaseCount {
                for i in 0..<row.history { work[row.base + index * row.stride + i] = try snapshot.signal() }
            }
        }
    }
}

/// Where the phases of two channels at a multiple of the rate are.
struct PhaseRows: Sendable {
    let base: Int
    let phaseCount: Int
    /// Frames kept from chunk to chunk.
    let history: Int
    let stride: Int

    init(base: Int, phaseCount: Int, history: Int) {
        self.base = base
        self.phaseCount = phaseCount
        self.history = history
        // Whole tiles beyond the chunk are written and never read.
        stride = (history + 7) / 8 * 8 + Oversampler.chunkFrames + PhaseFilter.tileFrames
    }

    var channelStride: Int { phaseCount * stride }

    /// Index of the chunk's first frame; negative phases are of the frame before, or of the one before that.
    @inline(always)
    func first(channel: Int, phase: Int) -> Int {
        let frames = phase >= 0 ? 0 : phase < -phaseCount ? -2 : -1
        return base + (channel * phaseCount + phase - frames * phaseCount) * stride + history + frames
    }
}

/// One phase of a filter: a sum of taps times rows, for both channels.
struct PhaseFilter: Sendable {
    static let tileFrames = 32

    /// Indices of the first frame of the first channel that each tap weighs.
    private let sources: [Int32]
    private let taps: [Float]
    private let sourceChannelStride: Int
    private let target: Int
    private let targetChannelStride: Int

    private init(
        _ taps: [(sample: Int, tap: Double)], from source: PhaseRows, to target: PhaseRows, phase: Int
    ) {
        // The small ones first: sums of them are small, so only the last additions round at the output's size. (Equal
        // ones in their order.)
        let taps = taps.enumerated().sorted { a, b in
            let (x, y) = (a.element.tap.magnitude, b.element.tap.magnitude)
            return x != y ? x < y : a.offset < b.offset
        }.map(\.element)
        // A sample is counted at the source's rate from the chunk's first frame.
        sources = taps.map { entry in
            let frame =
                entry.sample >= 0
                ? entry.sample / source.phaseCount
                : -((source.phaseCount - 1 - entry.sample) / source.phaseCount)
            precondition(-frame <= source.history, "a filter looks back too far")
            let row = entry.sample - frame * source.phaseCount
            return Int32(source.first(channel: 0, phase: row) + frame)
        }
        self.taps = taps.map { Float($0.tap) }
        sourceChannelStride = source.channelStride
        self.target = target.first(channel: 0, phase: phase)
        targetChannelStride = target.channelStride
    }

    /// Twice the rate: even outputs weigh `even`, odd ones are samples.
    static func up(_ even: [Double], from source: PhaseRows, to target: PhaseRows) -> [PhaseFilter] {
        var filters: [PhaseFilter] = []
        for q in 0..<source.phaseCount {
            let taps = even.indices.map { k in (sample: q - k, tap: even[k]) }
            filters.append(PhaseFilter(taps, from: source, to: target, phase: 2 * q))
            let middle = [(sample: q + 1 - even.count / 2, tap: 1.0)]
            filters.append(PhaseFilter(middle, from: source, to: target, phase: 2 * q + 1))
        }
        return filters
    }

    /// Half the rate.
    static func down(_ taps: [Double], lag: Int, from source: PhaseRows, to target: PhaseRows) -> [PhaseFilter] {
        (0..<target.phaseCount).map { q in
            let newest = 2 * q + 1 - lag
            let entries = taps.indices.filter { taps[$0] != 0 }.map { k in (sample: newest - k, tap: taps[k]) }
            return PhaseFilter(entries, from: source, to: target, phase: q)
        }
    }

    /// The last chunk's tile is filtered as a whole; the rows have the room.
    @inline(never)
    func run(_ work: inout MutableSpan<Float>, count: Int) {
        let sources = sources.span
        let taps = taps.span
        var start = 0
        while start < count {
            let left = start
            let right = start &+ sourceChannelStride
            var (a, b, c, d) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
            var (e, f, g, h) = (a, b, c, d)
            for k in 0..<taps.count {
                let tap = unsafe SIMD8<Float>(repeating: taps[unchecked: k])
                let source = unsafe Int(truncatingIfNeeded: sources[unchecked: k])
                let l = source &+ left
                let r = source &+ right
                unsafe a.addProduct(tap, work.vector(at: l))
                unsafe b.addProduct(tap, work.vector(at: l &+ 8))
                unsafe c.addProduct(tap, work.vector(at: l &+ 16))
                unsafe d.addProduct(tap, work.vector(at: l &+ 24))
                unsafe e.addProduct(tap, work.vector(at: r))
                unsafe f.addProduct(tap, work.vector(at: r &+ 8))
                unsafe g.addProduct(tap, work.vector(at: r &+ 16))
                unsafe h.addProduct(tap, work.vector(at: r &+ 24))
            }
            let l = target &+ start
            let r = l &+ targetChannelStride
            unsafe work.setVector(a, at: l)
            unsafe work.setVector(b, at: l &+ 8)
            unsafe work.setVector(c, at: l &+ 16)
            unsafe work.setVector(d, at: l &+ 24)
            unsafe work.setVector(e, at: r)
            unsafe work.setVector(f, at: r &+ 8)
            unsafe work.setVector(g, at: r &+ 16)
            unsafe work.setVector(h, at: r &+ 24)
            start &+= Self.tileFrames
        }
    }
}
