/// One line of an echo: a ring that is read and written in chunks, behind its end the beginning once more.
struct EchoLine: Sendable {
    let frameCount: Int
    /// Frames to either side that a moving read goes; 0 where none moves.
    let swing: Double
    private let capacity: Int
    private var samples: [Double]
    /// Where the next sample is written.
    private var position = 0

    /// Frames in which whatever went in has come out once.
    var longestReach: Int {
        swing > 0 ? frameCount + Int(swing.rounded(.up)) + FractionalRead.reach : frameCount
    }
    /// Frames that can be read before the first of them has to be written.
    var shortestReach: Int {
        swing > 0 ? frameCount - Int(swing.rounded(.up)) - FractionalRead.reach : frameCount
    }

    /// - Parameter swing: At most `frameCount` less 10.
    init(frameCount: Int, swing: Double) {
        self.frameCount = frameCount
        self.swing = swing
        capacity =
            swing > 0 ? max(frameCount + Int(swing.rounded(.up)) + FractionalRead.reach + 1, 32) : frameCount
        samples = [Double](repeating: 0, count: capacity + (swing > 0 ? FractionalRead.tapCount : 0))
    }

    /// What went in `frameCount` frames ago.
    func read(to echoes: inout [Double], from target: Int, count: Int) {
        let first = position - frameCount
        let start = first < 0 ? first + capacity : first
        let head = min(count, capacity - start)
        Self.copy(samples, from: start, to: &echoes, from: target, count: head)
        if head < count { Self.copy(samples, from: 0, to: &echoes, from: target + head, count: count - head) }
    }

    /// What went in as many frames ago as the places say; `sums` has four numbers a frame.
    mutating func read(
        _ places: FractionalPlaces, read: Int, to echoes: inout [Double], from target: Int, count: Int,
        _ sums: inout [Double], _ table: [Double]
    ) {
        Self.read(&samples, capacity: capacity, position: position, places, read, count: count, &sums, table)
        Self.add(sums, to: &echoes, from: target, count: count)
    }

    @inline(never)
    private static func read(
        _ samples: inout [Double], capacity: Int, position: Int, _ places: FractionalPlaces, _ read: Int,
        count: Int,
        _ sums: inout [Double], _ table: [Double]
    ) {
        precondition(samples.count == capacity + FractionalRead.tapCount && 4 * count <= sums.count)
        let row = read * places.frameCount
        precondition(
            read >= 0 && count <= places.frameCount && row + places.frameCount <= places.places.count)
        let ring = samples.mutableSpan
        let table = table.span
        let weights = places.weights.span
        let places = places.places.span
        var sums = sums.mutableSpan
        var position = position
        for i in 0..<count {
            let sum = unsafe FractionalRead.sums(
                ring, ring: 0, capacity: capacity, position: position, place: places[unchecked: row &+ i],
                weight: weights[unchecked: row &+ i], table)
            unsafe sums.setUncheckedFour(sum, at: 4 &* i)
            position &+= 1
            if position == capacity { position = 0 }
        }
    }

    @inline(never)
    private static func add(_ sums: [Double], to echoes: inout [Double], from target: Int, count: Int) {
        precondition(4 * count <= sums.count && target >= 0 && target + count <= echoes.count)
        let sums = sums.span
        var echoes = echoes.mutableSpan
        for i in 0..<count {
            let four = 4 &* i
            unsafe echoes[unchecked: target &+ i] =
                (sums[unchecked: four] + sums[unchecked: four &+ 2])
                + (sums[unchecked: four &+ 1] + sums[unchecked: four &+ 3])
        }
    }

    mutating func push(_ values: [Double], from source: Int, count: Int) {
        let head = min(count, capacity - position)
        Self.copy(values, from: source, to: &samples, from: position, count: head)
        if head < count { Self.copy(values, from: source + head, to: &samples, from: 0, count: count - head) }
        position += count
        if position >= capacity { position -= capacity }
        repeatBeginning()
    }

    private mutating func repeatBeginning() {
        guard swing > 0 else { return }
        for i in 0..<FractionalRead.tapCount { samples[capacity + i] = samples[i] }
    }

    @inline(never)
    private static func copy(
        _ values: [Double], from source: Int, to target: inout [Double], from start: Int, count: Int
    ) {
        precondition(
            source >= 0 && source + count <= values.count && start >= 0 && start + count <= target.count)
        let values = values.span
        var target = target.mutableSpan
        for i in 0..<count { unsafe target[unchecked: start &+ i] = values[unchecked: source &+ i] }
    }

    /// Oldest first, wherever the ring stands.
    func write(to snapshot: inout SnapshotWriter) {
        snapshot.reserve(byteCount: 4 * capacity)
        for i in position..<capacity { snapshot.put(recursive: samples[i]) }
        for i in 0..<position { snapshot.put(recursive: samples[i]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        position = 0
        for i in 0..<capacity { samples[i] = try snapshot.recursiveDouble() }
        repeatBeginning()
    }
}

/// The swing of an echo's delays, the right one a quarter turn ahead.
struct EchoMotion: Sendable {
    let leftSwing: Double
    let rightSwing: Double
    private let oscillator: LowFrequencyOscillator
    private let table = FractionalRead.table
    private var places = FractionalPlaces(frameCount: StereoDelay.chunkFrames, readCount: 2)
    private var sums = [Double](repeating: 0, count: 4 * StereoDelay.chunkFrames)

    /// nil where a delay is too short to swing.
    init?(_ parameters: DelayParameters, rateHertz: Int) {
        let swing = parameters.modulationSeconds * Double(rateHertz)
        // A line has to be read at least 9 frames behind its writing.
        leftSwing = min(swing, Double(parameters.leftFrames - 10))
        rightSwing = min(swing, Double(parameters.rightFrames - 10))
        guard leftSwing > 0, rightSwing > 0 else { return nil }
        oscillator = LowFrequencyOscillator(hertz: parameters.modulationHertz, rateHertz: rateHertz)
    }

    /// The echoes of a chunk: left in the first half of `echoes`, right in the second.
    mutating func read(
        _ left: inout EchoLine, _ right: inout EchoLine, to echoes: inout [Double], count: Int, at frame: Int
    ) {
        place(0, left, count: count, at: frame, ahead: 0)
        place(1, right, count: count, at: frame, ahead: 0x4000_0000_0000_0000)
        left.read(places, read: 0, to: &echoes, from: 0, count: count, &sums, table)
        right.read(places, read: 1, to: &echoes, from: StereoDelay.chunkFrames, count: count, &sums, table)
    }

    private mutating func place(
        _ read: Int, _ line: EchoLine, count: Int, at frame: Int, ahead offset: UInt64
    ) {
        places.set(
            read: read, count: count, centre: .level(Double(line.frameCount)), swing: .level(line.swing),
            longest: Double(line.longestReach - FractionalRead.reach),
            phases: oscillator.fourPhases(at: frame, ahead: offset), step: oscillator.fourFrames)
    }
}
