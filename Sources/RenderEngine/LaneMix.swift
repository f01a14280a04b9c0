import CVector
import RenderPlan

/// All sums of a node at once, straight from the lanes of its groups, where every gain stays the same all segment long.
///
/// The bits are those of `mix` over planes: products and sums in Double, strip after strip, rounded once.
final class LaneMix {
    private let groupCount: Int
    private let sumCount: Int
    /// For each sum and group, a gain per lane.
    private let gains: Scratch<Double>
    /// For each sum and group, a bit per strip.
    private let taken: Scratch<UInt8>
    private let lanes: Scratch<UnsafePointer<Float>?>
    private let left: Scratch<UnsafeMutablePointer<Float>?>
    private let right: Scratch<UnsafeMutablePointer<Float>?>
    private let scratch: Scratch<Float>

    /// nil where a gain moves or a sum takes strips in another order than the node's.
    init?(_ sums: [SumRunner], groups: [LaneGroup]) {
        guard !sums.isEmpty, sums.allSatisfy(\.isInOrder), groups.allSatisfy({ !$0.steps.isEmpty }) else { return nil }
        groupCount = groups.count
        sumCount = sums.count
        gains = Scratch(count: 8 * sums.count * groups.count, zero: 0)
        taken = Scratch(count: sums.count * groups.count, zero: 0)
        lanes = Scratch(count: groups.count, zero: nil)
        left = Scratch(count: sums.count, zero: nil)
        right = Scratch(count: sums.count, zero: nil)
        scratch = Scratch(count: 64 * groups.count, zero: 0)
        for (g, group) in groups.enumerated() { lanes.pointer[g] = UnsafePointer(group.laneFloats) }
        for (s, sum) in sums.enumerated() {
            for tap in sum.taps {
                guard let tapGains = tap.constantGains else { return nil }
                let at = s * groups.count + tap.strip / 4
                taken.pointer[at] |= 1 << UInt8(tap.strip % 4)
                gains.pointer[8 * at + tap.strip % 4] = tapGains.0
                gains.pointer[8 * at + tap.strip % 4 + 4] = tapGains.1
            }
        }
    }

    /// Fills the wires; false where something in them is not finite.
    func run(into wires: UnsafePointer<StripPlanes>, count: Int) -> Bool {
        for s in 0..<sumCount {
            left.pointer[s] = wires[s].left
            right.pointer[s] = wires[s].right
        }
        return lathe_mix_lanes(
            left.pointer, right.pointer, sumCount, lanes.pointer, groupCount, gains.pointer, taken.pointer,
            scratch.pointer, count) != 0
    }
}
