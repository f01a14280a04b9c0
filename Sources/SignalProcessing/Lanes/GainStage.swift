/// Gain and polarity of one stereo lane, frozen.
package struct GainCoefficients: Sendable, Hashable {
    package let left: Float
    package let right: Float

    package static let identity = GainCoefficients(left: 1, right: 1)

    /// How many numbers `values` holds.
    package static let valueCount = 2

    /// The canonical list of numbers, for plans and keys; `init(values:)` reads it back exactly.
    package var values: [Double] { [Double(left), Double(right)] }

    /// Reads `values`; nil when the count is wrong or a number is not finite.
    package init?(values: [Double]) {
        guard values.count == Self.valueCount, values.allSatisfy(\.isFinite) else { return nil }
        self.init(left: Float(values[0]), right: Float(values[1]))
    }

    /// - Parameter gainDecibels: The gain; -infinity is silence.
    package init(gainDecibels: Double, invertsLeft: Bool = false, invertsRight: Bool = false) {
        let gain = Float(PinnedMath.gain(decibels: gainDecibels))
        self.init(left: invertsLeft ? -gain : gain, right: invertsRight ? -gain : gain)
    }

    private init(left: Float, right: Float) {
        self.left = left
        self.right = right
    }
}

/// Gain and polarity on four stereo lanes.
///
/// Latency 0, no state: snapshot 0 bytes, nothing to re-converge.
package struct GainStage: LaneProcessor {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1

    private let gains: LaneFrame
    private let passes: SIMDMask<SIMD8<Int32>>

    /// `lanes` has the gains of the four stereo lanes; nil passes a lane through, bit for bit.
    package init(lanes: [GainCoefficients?]) {
        precondition(lanes.count == 4, "a gain stage has four stereo lanes")
        var gains = LaneFrame(repeating: 1)
        for (i, lane) in lanes.enumerated() {
            gains[i] = lane?.left ?? 1
            gains[i + 4] = lane?.right ?? 1
        }
        self.gains = gains
        // Even a product with 1 changes a number where subnormals are flushed.
        passes = gains .== 1
    }

    package var latencyFrames: Int { 0 }

    package func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int) {
        for i in 0..<block.count { block[i] = (block[i] * gains).replacing(with: block[i], where: passes) }
    }

    package func write(to snapshot: inout SnapshotWriter) {}

    package func read(from snapshot: inout SnapshotReader) throws {}
}
