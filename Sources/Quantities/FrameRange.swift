/// A half-open range of frames on one timeline. A frame is one sample per channel.
package struct FrameRange: Hashable, Sendable, CustomStringConvertible {
    package var start: Int
    package var end: Int

    /// - Precondition: `start <= end`.
    package init(_ start: Int, _ end: Int) {
        precondition(start <= end, "a frame range ends before it starts")
        self.start = start
        self.end = end
    }

    package init(start: Int, count: Int) { self.init(start, start + count) }

    package var count: Int { end - start }
    package var isEmpty: Bool { start == end }

    package func contains(_ frame: Int) -> Bool { start <= frame && frame < end }

    package func overlaps(_ other: FrameRange) -> Bool { start < other.end && other.start < end }

    /// The common part; empty at the nearer edge where there is none.
    package func intersection(_ other: FrameRange) -> FrameRange {
        let low = max(start, other.start)
        return FrameRange(low, max(low, min(end, other.end)))
    }

    package func shifted(by frames: Int) -> FrameRange { FrameRange(start + frames, end + frames) }

    package var description: String { "[\(start), \(end))" }
}
