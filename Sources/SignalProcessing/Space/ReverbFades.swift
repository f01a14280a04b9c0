/// How lines come to other lengths while they sound: each fades from the old place of reading to the new one in 40 ms,
/// and meanwhile loses as much in a pass as a line of the length between.
///
/// A line that is asked for a third length goes there once it has arrived at the second.
struct ReverbFades: Sendable, Equatable {
    /// A fade's length at this rate, a multiple of eight.
    let frameCount: Int
    /// Steps of `ReverbGeometry`: where each line is, where it goes to, and where it is asked to be.
    private(set) var steps: SIMD16<UInt8>
    private(set) var nextSteps: SIMD16<UInt8>
    private var target: SIMD16<UInt8>
    /// Frames of each fade that are done.
    private var done = SIMD16<Int32>()
    private(set) var isActive = false

    init(_ steps: SIMD16<UInt8>, rateHertz: Double) {
        frameCount = 8 * Int(0.005 * rateHertz)
        (self.steps, nextSteps, target) = (steps, steps, steps)
    }

    mutating func aim(at steps: SIMD16<UInt8>) {
        target = steps
        begin()
    }

    private mutating func begin() {
        for line in 0..<ReverbGeometry.lineCount where nextSteps[line] == steps[line] {
            nextSteps[line] = target[line]
            done[line] = 0
        }
        isActive = steps != nextSteps
    }

    /// The share of a line's new length after this many of the fade's frames: smooth at both ends.
    func share(_ frames: Int) -> Double {
        let t = min(1, Double(frames) / Double(frameCount))
        return t * t * (3 - 2 * t)
    }

    func doneFrames(line: Int) -> Int { Int(done[line]) }

    /// What each line's length is to the losses, this many frames from now.
    func lengths(_ geometry: ReverbGeometry, after frames: Int) -> LineVector {
        var lengths = geometry.lengths(steps: steps)
        guard isActive else { return lengths }
        for line in 0..<ReverbGeometry.lineCount where nextSteps[line] != steps[line] {
            let next = Double(geometry.length(line: line, step: Int(nextSteps[line])))
            lengths[line] += share(Int(done[line]) + frames) * (next - lengths[line])
        }
        return lengths
    }

    /// How many of the next frames no fade ends in.
    func alike(_ count: Int) -> Int {
        var alike = count
        for line in 0..<ReverbGeometry.lineCount where nextSteps[line] != steps[line] {
            alike = min(alike, frameCount - Int(done[line]))
        }
        return alike
    }

    mutating func advance(_ count: Int) {
        var isOver = false
        for line in 0..<ReverbGeometry.lineCount where nextSteps[line] != steps[line] {
            done[line] += Int32(count)
            guard done[line] >= frameCount else { continue }
            steps[line] = nextSteps[line]
            isOver = true
        }
        if isOver { begin() }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for line in 0..<ReverbGeometry.lineCount {
            snapshot.put(integer: Int(steps[line]) | Int(nextSteps[line]) << 8 | Int(done[line]) << 16)
        }
    }

    /// What the own parameters ask for follows.
    mutating func read(from snapshot: inout SnapshotReader) throws {
        for line in 0..<ReverbGeometry.lineCount {
            let word = try snapshot.integer()
            let (step, next, frames) = (word & 0xff, word >> 8 & 0xff, word >> 16)
            guard step < ReverbGeometry.stepCount, next < ReverbGeometry.stepCount, (0...frameCount).contains(frames)
            else { throw SnapshotError.malformed }
            (steps[line], nextSteps[line], done[line]) = (UInt8(step), UInt8(next), Int32(frames))
        }
        begin()
    }
}
