/// Up to four stereo signals side by side: lanes 0 to 3 carry the left channels, lanes 4 to 7 the right ones.
///
/// Lane `i` and lane `i + 4` are one stereo signal. A mono signal is carried in both.
package typealias LaneFrame = SIMD8<Float>

/// The contract of every processor: a value whose state goes from snapshot to snapshot.
///
/// `process` neither allocates, locks, reads a clock nor calls libm. The same input gives the same bits whatever
/// the lengths of the blocks it arrives in. `frame` is the song's absolute frame of the block's first input frame
/// (it may be negative while latency is primed); anything periodic is a function of it alone.
///
/// Snapshot and restore: at every segment boundary the engine writes the snapshot **and then restores the
/// processor from those bytes**, whether or not anything was cached, so rounding is part of the arithmetic.
package protocol LaneProcessor: Sendable {
    /// Frames by which the output lags the input; constant after init.
    var latencyFrames: Int { get }

    /// Processes one block in place. `key` is the side-chain, of the same length, where the processor has one.
    mutating func process(
        _ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int)

    /// Writes the state. Recursive state goes through `put(recursive:)`, signal through `put(signal:)`.
    func write(to snapshot: inout SnapshotWriter)

    /// Replaces the state by the one written at this point of a snapshot.
    mutating func read(from snapshot: inout SnapshotReader) throws
}

/// Why a snapshot could not be written or read.
package enum SnapshotError: Error, Equatable {
    /// NaN or infinity in the state of a processor.
    case notFinite
    /// The bytes end early, or hold what the processor cannot have written.
    case malformed
}

/// Writes processor state in the snapshot's canonical form, little-endian.
///
/// Recursive state is rounded to Float32, magnitudes below 2^-40 become zero and -0 becomes +0 (docs/determinism.md).
/// Non-finite values are remembered; `finish()` then throws.
package struct SnapshotWriter {
    package private(set) var bytes: [UInt8] = []
    private var isFinite = true

    package init() {}

    package mutating func put(recursive value: Double) { put(recursive: Float(value)) }

    package mutating func put(recursive value: Float) {
        if !value.isFinite { isFinite = false }
        // 2^-40 is -240 dBFS.
        put(bits: value.magnitude < 0x1p-40 ? 0 : value.bitPattern)
    }

    package mutating func put(recursive value: LaneFrame) {
        for i in 0..<8 { put(recursive: value[i]) }
    }

    /// Signal that merely waits (a delay line without feedback): kept exactly.
    package mutating func put(signal value: Float) {
        if !value.isFinite { isFinite = false }
        put(bits: value.bitPattern)
    }

    package mutating func put(integer value: Int) {
        var word = UInt64(bitPattern: Int64(value))
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }

    package mutating func reserve(byteCount: Int) { bytes.reserveCapacity(bytes.count + byteCount) }

    /// The bytes written so far; throws `notFinite` when any state was NaN or infinite.
    package func finish() throws(SnapshotError) -> [UInt8] {
        guard isFinite else { throw .notFinite }
        return bytes
    }

    private mutating func put(bits: UInt32) {
        var word = bits
        for _ in 0..<4 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }
}

/// Reads what `SnapshotWriter` wrote, in the same order.
package struct SnapshotReader {
    private let bytes: [UInt8]
    private var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { offset == bytes.count }

    /// The next recursive value, finite.
    package mutating func recursive() throws(SnapshotError) -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: try word(4)))
        guard value.isFinite else { throw .malformed }
        return value
    }

    package mutating func recursiveDouble() throws(SnapshotError) -> Double { Double(try recursive()) }

    /// The next eight recursive values, one per lane.
    package mutating func recursiveLanes() throws(SnapshotError) -> LaneFrame {
        var lanes = LaneFrame()
        for i in 0..<8 { lanes[i] = try recursive() }
        return lanes
    }

    package mutating func signal() throws(SnapshotError) -> Float { try recursive() }

    package mutating func integer() throws(SnapshotError) -> Int { Int(Int64(bitPattern: try word(8))) }

    private mutating func word(_ byteCount: Int) throws(SnapshotError) -> UInt64 {
        guard offset + byteCount <= bytes.count else { throw .malformed }
        var value: UInt64 = 0
        for i in (0..<byteCount).reversed() { value = value << 8 | UInt64(bytes[offset + i]) }
        offset += byteCount
        return value
    }
}
