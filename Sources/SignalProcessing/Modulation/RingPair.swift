/// Two delay lines of equal length, side by side in one array, for reading between their samples.
///
/// Behind each ring its first 16 samples are repeated, so that the taps of a read are one stretch of memory.
struct RingPair: Sendable {
    let capacity: Int
    var samples: [Double]
    /// Where the next sample of both is written: where the oldest one lies.
    var position = 0

    /// From one ring to the other.
    var stride: Int { capacity + FractionalRead.tapCount }

    /// - Parameter longestFrames: The longest delay that is read.
    init(longestFrames: Double) {
        let reach = Int(longestFrames.rounded(.up)) + FractionalRead.reach + 1
        capacity = max(reach, 2 * FractionalRead.tapCount)
        samples = [Double](repeating: 0, count: 2 * (capacity + FractionalRead.tapCount))
    }

    /// Both rings' next samples; the caller moves the position on.
    @inline(always)
    static func write(
        _ left: Double, _ right: Double, to samples: inout MutableSpan<Double>, at position: Int,
        capacity: Int
    ) {
        let other = position &+ capacity &+ FractionalRead.tapCount
        unsafe samples[unchecked: position] = left
        unsafe samples[unchecked: other] = right
        if position < FractionalRead.tapCount {
            unsafe samples[unchecked: position &+ capacity] = left
            unsafe samples[unchecked: other &+ capacity] = right
        }
    }

    /// Oldest sample first, wherever the rings stand.
    func write(to snapshot: inout SnapshotWriter) {
        snapshot.reserve(byteCount: 8 * capacity)
        for begin in [0, stride] {
            for i in position..<capacity { snapshot.put(recursive: samples[begin + i]) }
            for i in 0..<position { snapshot.put(recursive: samples[begin + i]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        position = 0
        for begin in [0, stride] {
            for i in 0..<capacity { samples[begin + i] = try snapshot.recursiveDouble() }
            for i in 0..<FractionalRead.tapCount { samples[begin + capacity + i] = samples[begin + i] }
        }
    }
}
