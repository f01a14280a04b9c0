/// A delay of each channel by whole frames, to align microphones or to set one off: meant to be heard, so not
/// compensated.
///
/// - Latency 0. Tail: the longer delay. Snapshot: 4 bytes per frame of each delay, signal: exact. Re-convergence: the
///   longer delay. Both delays 0 pass every bit. Nothing is automatable.
package struct AlignmentDelay: StereoDevice {
    package static let version: UInt32 = 1
    package static let parameterNames = ["left", "right"]

    package var latencyFrames: Int { 0 }
    package var tailFrames: Int { max(left.frameCount, right.frameCount) }

    private var left: WaitingLine
    private var right: WaitingLine

    /// - Parameter values: Frames of the left and the right channel, 0 to one second.
    package init?(parameters values: [Double], rateHertz: Int) {
        guard values.count == 2, let left = Int(exactly: values[0]), let right = Int(exactly: values[1]),
            (0...rateHertz).contains(left), (0...rateHertz).contains(right)
        else { return nil }
        self.init(leftFrames: left, rightFrames: right)
    }

    /// - Parameter leftFrames: 0 or more, likewise `rightFrames`.
    package init(leftFrames: Int, rightFrames: Int) {
        left = WaitingLine(frameCount: leftFrames)
        right = WaitingLine(frameCount: rightFrames)
    }

    /// Both stay.
    package mutating func update(parameters values: [Double]) {}

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        self.left.exchange(&left)
        self.right.exchange(&right)
    }

    package func write(to snapshot: inout SnapshotWriter) {
        left.write(to: &snapshot)
        right.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try left.read(from: &snapshot)
        try right.read(from: &snapshot)
    }
}

/// Samples that wait for a number of frames.
struct WaitingLine: Sendable {
    private var samples: [Float]
    private var position = 0

    var frameCount: Int { samples.count }

    init(frameCount: Int) { samples = [Float](repeating: 0, count: frameCount) }

    /// Every sample changes places with the one that went in `frameCount` frames before it.
    mutating func exchange(_ block: inout MutableSpan<Float>) {
        guard !samples.isEmpty else { return }
        var start = 0
        while start < block.count {
            let count = min(block.count - start, samples.count - position)
            Self.exchange(&samples, from: position, &block, from: start, count: count)
            position += count
            if position == samples.count { position = 0 }
            start += count
        }
    }

    @inline(never)
    private static func exchange(
        _ samples: inout [Float], from place: Int, _ block: inout MutableSpan<Float>, from start: Int,
        count: Int
    ) {
        precondition(
            place >= 0 && place + count <= samples.count && start >= 0 && start + count <= block.count)
        var waiting = samples.mutableSpan
        var i = 0
        while i &+ 8 <= count {
            let old = waiting.lanes(at: place &+ i)
            waiting.setLanes(block.lanes(at: start &+ i), at: place &+ i)
            block.setLanes(old, at: start &+ i)
            i &+= 8
        }
        while i < count {
            let old = waiting[place + i]
            waiting[place + i] = block[start + i]
            block[start + i] = old
            i += 1
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.reserve(byteCount: 4 * samples.count)
        for i in position..<samples.count { snapshot.put(signal: samples[i]) }
        for i in 0..<position { snapshot.put(signal: samples[i]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        position = 0
        for i in samples.indices { samples[i] = try snapshot.signal() }
    }
}
