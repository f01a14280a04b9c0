/// Delay lines of fixed lengths in one array, read and rewritten in chunks shorter than any of them.
///
/// A chunk is read where the oldest samples lie, and the newest ones are written to the same place.
struct RingBank: Sendable {
    private let lengths: [Int]
    private let offsets: [Int]
    private var positions: [Int]
    private var samples: [Double]

    init(lengths: [Int]) {
        self.lengths = lengths
        var offset = 0
        offsets = lengths.map { length in
            defer { offset += length }
            return offset
        }
        positions = lengths.map { _ in 0 }
        // Reading goes by whole vectors, up to 3 samples beyond a line.
        samples = [Double](repeating: 0, count: offset + 4)
    }

    /// Copies the oldest `count` samples of a line to `target[start...]` and up to 3 more values after them.
    @inline(__always)
    func read(line: Int, count: Int, to target: inout [Double], at start: Int) {
        let position = positions[line]
        let head = min(count, lengths[line] - position)
        Self.copy(samples, from: offsets[line] + position, count: (head + 3) & ~3, to: &target, at: start)
        if head < count {
            Self.copy(
                samples, from: offsets[line], count: (count - head + 3) & ~3, to: &target, at: start + head)
        }
    }

    /// Overwrites the oldest `count` samples of a line, which then are its newest.
    @inline(__always)
    mutating func write(line: Int, count: Int, from source: [Double], at start: Int) {
        let position = positions[line]
        let head = min(count, lengths[line] - position)
        Self.copy(source, from: start, count: head, to: &samples, at: offsets[line] + position)
        if head < count {
            Self.copy(source, from: start + head, count: count - head, to: &samples, at: offsets[line])
        }
        let next = position + count
        positions[line] = next >= lengths[line] ? next - lengths[line] : next
    }

    @inline(__always)
    private static func copy(
        _ source: [Double], from first: Int, count: Int, to target: inout [Double], at start: Int
    ) {
        precondition(
            first >= 0 && start >= 0 && first + count <= source.count && start + count <= target.count)
        let source = source.span
        var target = target.mutableSpan
        var i = 0
        while i &+ 4 <= count {
            unsafe target.setUncheckedFour(source.uncheckedFour(at: first &+ i), at: start &+ i)
            i &+= 4
        }
        while i < count {
            target[start + i] = source[first + i]
            i += 1
        }
    }

    /// Oldest sample first, line after line.
    func write(to snapshot: inout SnapshotWriter) {
        snapshot.reserve(byteCount: 4 * samples.count)
        for line in lengths.indices {
            for i in positions[line]..<lengths[line] { snapshot.put(recursive: samples[offsets[line] + i]) }
            for i in 0..<positions[line] { snapshot.put(recursive: samples[offsets[line] + i]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for line in lengths.indices {
            positions[line] = 0
            for i in 0..<lengths[line] { samples[offsets[line] + i] = try snapshot.recursiveDouble() }
        }
    }
}
