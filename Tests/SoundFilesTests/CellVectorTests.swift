import CVector
import Testing

@Suite struct CellVectorTests {
    private static let counts = Array(0...26) + [63, 64, 65, 1_000]

    @Test("Packed strips go into lanes with the plain loop's bits, and no byte beyond them is read", arguments: counts)
    func takesPacked(count: Int) {
        var numbers = TestNumbers(state: 11)
        let cells = [
            [(3, 2), (3, 2), (3, 2), (3, 2)], [(2, 1), (3, 1), (4, 1), (0, 0)], [(2, 2), (0, 0), (4, 2), (3, 1)],
        ]
        for shapes in cells {
            let sources = shapes.map { GuardedBytes($0.0 * $0.1 * count) }
            for (shape, source) in zip(shapes, sources) {
                for i in 0..<shape.0 * shape.1 * count { source.start[i] = UInt8.random(in: 0...255, using: &numbers) }
            }
            let strips = zip(shapes, sources).map { shape, source in
                lathe_packed(bytes: shape.0 == 0 ? nil : UnsafePointer(source.start), width: shape.0, channels: shape.1)
            }
            var lanes = [Float](repeating: 7, count: 8 * count + 8)
            var plain = lanes
            lathe_lanes_from_packed(&lanes, strips, count)
            lathe_lanes_from_packed_plain(&plain, strips, 0, count)
            #expect(lanes.map(\.bitPattern) == plain.map(\.bitPattern))
            for (k, (shape, source)) in zip(shapes, sources).enumerated() where shape == (3, 2) {
                var left = [Float](repeating: 0, count: count)
                var right = left
                lathe_unpack_int24(source.start, &left, &right, count)
                #expect((0..<count).allSatisfy { lanes[8 * $0 + k] == left[$0] && lanes[8 * $0 + k + 4] == right[$0] })
            }
        }
    }

    @Test("Sums over lane groups have the plain loop's bits and leave out what is not taken", arguments: counts)
    func mixes(count: Int) {
        var numbers = TestNumbers(state: 12)
        for (sumCount, groupCount) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (4, 3)] {
            var lanes = (0..<groupCount).map { _ in
                (0..<8 * count).map { _ in Float.random(in: -1...1, using: &numbers) }
            }
            let gains = (0..<8 * sumCount * groupCount).map { _ in Double.random(in: -1...1, using: &numbers) }
            var taken = (0..<sumCount * groupCount).map { _ in UInt8.random(in: 0...15, using: &numbers) }
            if sumCount == 2 { taken = taken.map { _ in 15 } }
            // What no sum takes may be anything.
            let unheard = (0..<4).first { k in
                (0..<sumCount).allSatisfy { taken[$0 * groupCount] >> UInt8(k) & 1 == 0 }
            }
            if let unheard { for i in 0..<count { lanes[0][8 * i + unheard] = .nan } }
            let (mixed, isFinite) = mix(lanes, sumCount, gains, taken, count, isPlain: false)
            let (plain, isPlainFinite) = mix(lanes, sumCount, gains, taken, count, isPlain: true)
            #expect(mixed == plain)
            #expect(isFinite && isPlainFinite)
            guard count > 0, taken[0] & 1 == 1 else { continue }
            for bad in [Float.nan, .infinity, -.infinity] {
                lanes[0][8 * (count - 1)] = bad
                #expect(!mix(lanes, sumCount, gains, taken, count, isPlain: false).1)
                lanes[0][8 * (count - 1)] = 0
                lanes[0][0] = bad
                #expect(!mix(lanes, sumCount, gains, taken, count, isPlain: false).1)
                lanes[0][0] = 0
            }
        }
    }

    /// The bits of all sums, left and right, and whether they are said to be finite.
    private func mix(
        _ lanes: [[Float]], _ sumCount: Int, _ gains: [Double], _ taken: [UInt8], _ count: Int, isPlain: Bool
    ) -> ([UInt32], Bool) {
        let size = max(1, 8 * count)
        let frames = lanes.map { group in
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: size)
            for (i, x) in group.enumerated() { pointer[i] = x }
            return pointer
        }
        let planes = (0..<2 * sumCount).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: max(1, count)) }
        defer { for pointer in frames + planes { pointer.deallocate() } }
        let left = planes[..<sumCount].map { Optional($0) }
        let right = planes[sumCount...].map { Optional($0) }
        let groups = frames.map { Optional(UnsafePointer($0)) }
        var scratch = [Float](repeating: 0, count: 64 * lanes.count)
        let isFinite =
            isPlain
            ? lathe_mix_lanes_plain(left, right, sumCount, groups, lanes.count, gains, taken, 0, count)
            : lathe_mix_lanes(left, right, sumCount, groups, lanes.count, gains, taken, &scratch, count)
        return (planes.flatMap { plane in (0..<count).map { plane[$0].bitPattern } }, isFinite != 0)
    }
}
