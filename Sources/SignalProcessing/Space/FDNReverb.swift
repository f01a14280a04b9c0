/// A reverberator: predelay, early reflections, all-passes, and a feedback delay network of 16 lines in Double.
///
/// Jot & Chaigne (AES 90, 1991): what a line loses in one pass follows from its length and the T60 of each band,
/// by two second-order shelves; a Hadamard matrix with signs and a permutation, which is lossless (Schlecht &
/// Habets, IEEE TSP 65, 2017), feeds all lines to all. The left input feeds eight lines, the right one the
/// other eight; the outputs are two components of what the matrix gives, orthogonal sums of all lines, so that
/// they are decorrelated and neither cancels in mono. Two lines change their lengths slowly. The types differ in
/// lengths and beginnings: hall and room have the reflections of a box, the plate starts with the output of its
/// all-passes (after the character of Dattorro's, JAES 45, 1997).
///
/// - Latency 0. Tail: the time to fall by 100 dB from steady noise, at the mix set.
/// - Snapshot: 4 bytes x (2 (predelay + reflections) + lines + all-passes + 96): 0.25 MB at 48 kHz and size 1 (hall),
///   0.5 MB at size 2, 2 MB at 192 kHz.
/// - Re-convergence: with a T60 of 2 s by the second ten-second boundary, 6 s by the fourth, in proportion beyond;
///   the longest band counts.
/// - Automation: all but type, predelay, size and modulation; a change takes 8 frames, in two steps. Where a decay is
///   so short that lines must be shorter, each fades from one length to the other in 40 ms (`ReverbFades`).
package struct FDNReverb: StereoDevice {
    package static let version: UInt32 = 3
    package static let parameterNames = ReverbParameters.names

    /// Shorter than any ring, and a power of two: also the cells of the motion, on the song's frames.
    static let chunkFrames = 128
    /// From the left to the right output in `wet`.
    static let wetStride = 144
    /// Frames that new values take.
    private static let glideFrames = 8

    package var latencyFrames: Int { 0 }
    package var tailFrames: Int { geometry.tailFrames(parameters, early: early.endFrames) }

    private var parameters: ReverbParameters
    private let geometry: ReverbGeometry
    private let motion: ReverbMotion
    private var early: EarlyReflections
    private var memory: ReverbMemory
    private var network = FeedbackNetwork()
    private var fades: ReverbFades
    /// What the lines have now, or come from.
    private var lengths: LineVector
    private var tuning: ReverbTuning
    /// Where a glide comes from, and how much of it is done.
    private var earlier: ReverbTuning
    private var glided = Self.glideFrames
    private var wet = [Float](repeating: 0, count: 2 * Self.wetStride)

    package init?(parameters values: [Double], rateHertz: Int) {
        guard let parameters = ReverbParameters(values: values), rateHertz > 0 else { return nil }
        self.init(parameters, rateHertz: rateHertz)
    }

    package init(_ parameters: ReverbParameters, rateHertz: Int) {
        self.parameters = parameters
        geometry = ReverbGeometry(parameters, rateHertz: rateHertz)
        motion = ReverbMotion(geometry, depth: parameters.modulation)
        early = EarlyReflections(parameters, geometry)
        memory = ReverbMemory(geometry)
        fades = ReverbFades(geometry.steps(for: parameters), rateHertz: geometry.rateHertz)
        lengths = geometry.lengths(steps: fades.steps)
        tuning = ReverbTuning(parameters, geometry, lengths: lengths)
        earlier = tuning
    }

    package mutating func update(parameters values: [Double]) {
        guard var new = ReverbParameters(values: values) else { preconditionFailure("not a reverb's parameters") }
        // Lengths stay.
        (new.character, new.size) = (parameters.character, parameters.size)
        (new.predelaySeconds, new.modulation) = (parameters.predelaySeconds, parameters.modulation)
        guard new != parameters else { return }
        parameters = new
        fades.aim(at: geometry.steps(for: new))
        retune()
    }

    /// Begins to glide to what parameters and lengths will be in as many frames as that takes.
    private mutating func retune() {
        earlier = currentTuning()
        tuning = ReverbTuning(parameters, geometry, lengths: fades.lengths(geometry, after: Self.glideFrames))
        glided = 0
    }

    private func currentTuning() -> ReverbTuning {
        glided == Self.glideFrames ? tuning : earlier.mixed(with: tuning, Double(glided) / Double(Self.glideFrames))
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let rest = fades.isActive ? fades.alike(left.count - start) : left.count - start
            if fades.isActive, glided == Self.glideFrames { retune() }
            let inCell = Self.chunkFrames - (frame + start) & (Self.chunkFrames - 1)
            if glided < Self.glideFrames {
                let count = min(rest, inCell, 4 - glided % 4)
                let step = Double(glided / 4 + 1) * 4 / Double(Self.glideFrames)
                let between = step == 1 ? tuning : earlier.mixed(with: tuning, step)
                run(&left, &right, from: start, count: count, at: frame + start, between)
                glided += count
                if glided == Self.glideFrames && !tuning.hasLow { network.low = FeedbackNetwork.ShelfState() }
                start += count
            } else {
                let count = min(rest, inCell)
                run(&left, &right, from: start, count: count, at: frame + start, tuning)
                start += count
            }
        }
    }

    /// One chunk, which lies within a cell.
    private mutating func run(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        at frame: Int, _ tuning: ReverbTuning
    ) {
        early.take(left, right, from: start, count: count, to: &memory)
        memory.prepare(count: count)
        ReverbDiffusion.run(&memory, gains: tuning.diffuserGains, count: count)
        var plan = FeedbackNetwork.Plan(places: memory.places, rows: memory.row(0), count: count)
        plan.reads = reads(lengths, rows: 4, count: count, at: frame)
        if fades.isActive {
            let next = reads(geometry.lengths(steps: fades.nextSteps), rows: 38, count: count, at: frame)
            plan.reads = faded(plan.reads, next, count: count)
            fades.advance(count)
            lengths = geometry.lengths(steps: fades.steps)
        }
        network.advance(&memory.samples, plan, tuning)
        memory.advance(count: count)
        // A mix of 0 % leaves the input as it is, the sign of zeros included.
        guard tuning.middleGain != 0 || tuning.dryGain != 1 else { return }
        narrow(count: count)
        early.add(to: &wet, gain: tuning.earlyGain, count: count)
        Self.mix(wet, to: &left, &right, at: start, count: count, tuning)
    }

    /// Where the lines are read, the ones that move from two rows on.
    private mutating func reads(
        _ lengths: LineVector, rows: Int, count: Int, at frame: Int
    ) -> InlineArray<16, Int> {
        var result = InlineArray<16, Int>(repeating: 0)
        var reads = result.mutableSpan
        let movingFrom = motion.isStill ? ReverbGeometry.lineCount : ReverbGeometry.firstMovingLine
        if !motion.isStill {
            motion.read(&memory, lengths, row: rows, at: frame, count: count)
        }
        for line in 0..<ReverbGeometry.lineCount {
            reads[line] =
                line < movingFrom
                ? memory.readOffset(line: line, delay: Int(lengths[line]), count: count)
                : memory.row(rows + line - movingFrom)
        }
        return result
    }

    /// Rows from 6 on: the samples of each line that fades, mixed with those of its next length.
    private mutating func faded(
        _ reads: InlineArray<16, Int>, _ next: InlineArray<16, Int>, count: Int
    ) -> InlineArray<16, Int> {
        var result = reads
        for line in 0..<ReverbGeometry.lineCount where fades.steps[line] != fades.nextSteps[line] {
            let (from, other, row) = (reads.span[line], next.span[line], memory.row(6 + line))
            let done = fades.doneFrames(line: line)
            for i in 0..<count {
                let (x, y) = (memory.samples[from + i], memory.samples[other + i])
                memory.samples[row + i] = x.addingProduct(fades.share(done + i), y - x)
            }
            var span = result.mutableSpan
            span[line] = row
        }
        return result
    }

    /// The network's outputs as Float.
    private mutating func narrow(count: Int) {
        let row = memory.row(2)
        Self.narrow(memory.samples, from: row, to: &wet, at: 0, count: count)
        Self.narrow(memory.samples, from: row + ReverbMemory.rowFrames, to: &wet, at: Self.wetStride, count: count)
    }

    @inline(never)
    private static func narrow(_ rows: [Double], from source: Int, to wet: inout [Float], at target: Int, count: Int) {
        let padded = (count + 7) & ~7
        precondition(source >= 0 && source + padded <= rows.count && target >= 0 && target + padded <= wet.count)
        let rows = rows.span
        var wet = wet.mutableSpan
        var i = 0
        while i < padded {
            let x = unsafe rows.uncheckedFour(at: source &+ i)
            let y = unsafe rows.uncheckedFour(at: source &+ i &+ 4)
            let lanes = SIMD8(
                Float(x[0]), Float(x[1]), Float(x[2]), Float(x[3]), Float(y[0]), Float(y[1]), Float(y[2]), Float(y[3]))
            wet.setLanes(lanes, at: target &+ i)
            i &+= 8
        }
    }

    @inline(never)
    private static func mix(
        _ wet: [Float], to left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, at start: Int,
        count: Int, _ tuning: ReverbTuning
    ) {
        precondition(start >= 0 && start + count <= left.count && start + count <= right.count)
        precondition(wet.count >= 2 * wetStride && count <= chunkFrames)
        let wet = wet.span
        let (middle, side, dry) = (tuning.middleGain, tuning.sideGain, tuning.dryGain)
        let (m8, s8, d8) = (SIMD8(repeating: middle), SIMD8(repeating: side), SIMD8(repeating: dry))
        var i = 0
        while i &+ 8 <= count {
            let x = unsafe wet.uncheckedLanes(at: i)
            let y = unsafe wet.uncheckedLanes(at: wetStride &+ i)
            let m = (x + y) * m8
            let s = (x - y) * s8
            left.setLanes(left.lanes(at: start &+ i) * d8 + (m + s), at: start &+ i)
            right.setLanes(right.lanes(at: start &+ i) * d8 + (m - s), at: start &+ i)
            i &+= 8
        }
        while i < count {
            let (x, y) = (wet[i], wet[wetStride + i])
            let m = (x + y) * middle
            let s = (x - y) * side
            left[start + i] = left[start + i] * dry + (m + s)
            right[start + i] = right[start + i] * dry + (m - s)
            i &+= 1
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        early.write(to: &snapshot)
        memory.write(to: &snapshot)
        fades.write(to: &snapshot)
        for state in [network.high, network.low] {
            for i in 0..<16 { snapshot.put(recursive: state.s1[i]) }
            for i in 0..<16 { snapshot.put(recursive: state.s2[i]) }
        }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try early.read(from: &snapshot)
        try memory.read(from: &snapshot)
        try fades.read(from: &snapshot)
        lengths = geometry.lengths(steps: fades.steps)
        tuning = ReverbTuning(parameters, geometry, lengths: fades.lengths(geometry, after: 0))
        glided = Self.glideFrames
        network.high = try Self.state(from: &snapshot)
        network.low = try Self.state(from: &snapshot)
    }

    private static func state(from snapshot: inout SnapshotReader) throws -> FeedbackNetwork.ShelfState {
        var state = FeedbackNetwork.ShelfState()
        for i in 0..<16 { state.s1[i] = try snapshot.recursiveDouble() }
        for i in 0..<16 { state.s2[i] = try snapshot.recursiveDouble() }
        return state
    }
}
