/// A moment on the host's monotonic clock, in ticks.
///
/// One tick is a millisecond in production; the simulator counts its own.
package struct Tick: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Tick, b: Tick) -> Bool { a.rawValue < b.rawValue }
    package static func + (a: Tick, ticks: Int) -> Tick { Tick(a.rawValue + UInt64(ticks)) }
    /// Ticks from `earlier` to this; zero where the clock did not move forward.
    package func ticks(since earlier: Tick) -> Int {
        rawValue > earlier.rawValue ? Int(rawValue - earlier.rawValue) : 0
    }
    package var description: String { "t\(rawValue)" }
}
