import CVector
import Testing

@Suite struct VectorTests {
    private static let counts = Array(0...41) + [63, 64, 65, 1_000]

    @Test("Planes go into lane frames and back, and a missing plane is silence", arguments: counts)
    func transposes(count: Int) {
        let planes = (0..<8).map { lane in (0..<count).map { Float(lane * 10_000 + $0 + 1) } }
        var lanes = [Float](repeating: .nan, count: 8 * count)
        withPointers(planes, missing: 5) { lathe_lanes_from_planar(&lanes, $0, count) }
        for i in 0..<count {
            for lane in 0..<8 { #expect(lanes[8 * i + lane] == (lane == 5 ? 0 : planes[lane][i])) }
        }
        var back = planes.map { $0.map { _ in Float(7) } }
        withMutablePointers(&back, missing: 2) { lathe_planar_from_lanes($0, lanes, count) }
        for lane in 0..<8 {
            let expected =
                lane == 2 ? [Float](repeating: 7, count: count) : planes[lane].map { lane == 5 ? 0 * $0 : $0 }
            #expect(back[lane] == expected)
        }
        var sum = planes
        withMutablePointers(&sum, missing: 2) { lathe_planar_add_lanes($0, lanes, count) }
        for lane in 0..<8 {
            #expect(sum[lane] == planes[lane].map { lane == 2 || lane == 5 ? $0 : 2 * $0 })
        }
    }

    @Test("Lane sums have the bits of the plain loop, whose additions have one order", arguments: counts)
    func sums(count: Int) {
        var numbers = TestNumbers(state: 3)
        let lanes = (0..<8 * count).map { _ in Float.random(in: -1...1, using: &numbers) }
        let start = (0..<count).map { _ in Double.random(in: -1...1, using: &numbers) }
        var left = start
        var right = start.map { -$0 }
        lathe_sum_lanes(&left, &right, lanes, count)
        for i in 0..<count {
            var expectedLeft = start[i]
            var expectedRight = -start[i]
            for lane in 0..<4 {
                expectedLeft += Double(lanes[8 * i + lane])
                expectedRight += Double(lanes[8 * i + 4 + lane])
            }
            #expect(left[i].bitPattern == expectedLeft.bitPattern)
            #expect(right[i].bitPattern == expectedRight.bitPattern)
        }
    }

    @Test("Unpacking gives the plain loop's bits and reads nothing beyond the frames", arguments: counts)
    func unpacks(count: Int) {
        for (width, channelCount) in [(2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2), (5, 1), (5, 2)] {
            let byteCount = min(width, 4) * channelCount * count
            let source = GuardedBytes(byteCount)
            var numbers = TestNumbers(state: UInt64(width))
            for i in 0..<byteCount { source.start[i] = UInt8.random(in: 0...255, using: &numbers) }
            var left = [UInt32](repeating: 1, count: count + 1)
            var right = left
            var plainLeft = left
            var plainRight = left
            let isStereo = channelCount == 2
            unpack(width, source.start, &left, &right, isStereo: isStereo, count, isPlain: false)
            unpack(width, source.start, &plainLeft, &plainRight, isStereo: isStereo, count, isPlain: true)
            #expect(left == plainLeft && right == plainRight)
            #expect(left[count] == 1 && right[count] == 1, "written beyond the frames")
        }
    }

    @Test(
        "Packing clips, gives the plain loop's bytes and writes nothing beyond the frames", arguments: counts)
    func packs(count: Int) {
        var numbers = TestNumbers(state: 9)
        let left = (0..<count).map { _ in Int32(truncatingIfNeeded: numbers.next()) >> 7 }
        let right = (0..<count).map { _ in Int32(truncatingIfNeeded: numbers.next()) >> 15 }
        for (width, isStereo) in [(2, false), (2, true), (3, false), (3, true)] {
            let byteCount = width * (isStereo ? 2 : 1) * count
            let target = GuardedBytes(byteCount)
            var plain = [UInt8](repeating: 0, count: byteCount)
            if width == 2 {
                lathe_pack_int16(target.start, left, isStereo ? right : nil, count)
                lathe_pack_int16_plain(&plain, left, isStereo ? right : nil, 0, count)
            } else {
                lathe_pack_int24(target.start, left, isStereo ? right : nil, count)
                lathe_pack_int24_plain(&plain, left, isStereo ? right : nil, 0, count)
            }
            #expect(target.contents == plain)
        }
        let high = GuardedBytes(3 * count)
        var plain = [UInt8](repeating: 0, count: 3 * count)
        lathe_pack_high24(high.start, left, count)
        lathe_pack_high24_plain(&plain, left, 0, count)
        #expect(high.contents == plain)

        let floats = GuardedBytes(8 * count)
        let leftFloats = left.map { Float($0) }
        let rightFloats = right.map { Float($0) }
        lathe_pack_float32(floats.start, leftFloats, rightFloats, count)
        var plainFloats = [UInt8](repeating: 0, count: 8 * count)
        lathe_pack_float32_plain(&plainFloats, leftFloats, rightFloats, 0, count)
        #expect(floats.contents == plainFloats)
    }

    @Test("24-bit packing keeps the extremes and clips what lies beyond")
    func clips() {
        let samples: [Int32] = [0x7F_FFFF, 0x80_0000, -0x80_0000, -0x80_0001, .max, .min, 0, -1]
        var bytes = [UInt8](repeating: 0, count: 24)
        lathe_pack_int24(&bytes, samples, nil, 8)
        #expect(
            bytes == [
                0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0x7F, 0, 0, 0x80, 0, 0, 0x80, 0xFF, 0xFF, 0x7F, 0, 0, 0x80, 0,
                0, 0,
                0xFF, 0xFF, 0xFF,
            ])
    }

    @Test("Swapping the byte order touches each sample once and nothing else", arguments: counts)
    func swaps(count: Int) {
        for width in 2...4 {
            let target = GuardedBytes(width * count)
            for i in 0..<width * count { target.start[i] = UInt8(truncatingIfNeeded: i) }
            lathe_swap_bytes(target.start, width, count)
            let expected = (0..<count).flatMap { i in
                (0..<width).reversed().map { UInt8(truncatingIfNeeded: width * i + $0) }
            }
            #expect(target.contents == expected)
        }
    }

    @Test("Inside the guard denormals are zero; outside they are back")
    func flushesDenormals() {
        let tiny = Float.leastNonzeroMagnitude * 4
        #expect(product(tiny, 1) == tiny)
        let saved = lathe_fp_guard_begin()
        let operandIsZero = product(tiny, 0x1p100)
        let resultIsZero = product(.leastNormalMagnitude, 0.5)
        lathe_fp_guard_end(saved)
        #expect(operandIsZero.bitPattern == 0 && resultIsZero.bitPattern == 0)
        #expect(product(tiny, 1) == tiny)
    }

    @inline(never) private func product(_ a: Float, _ b: Float) -> Float { a * b }

    private func unpack(
        _ width: Int, _ source: UnsafePointer<UInt8>, _ left: UnsafeMutablePointer<UInt32>,
        _ right: UnsafeMutablePointer<UInt32>, isStereo: Bool, _ count: Int, isPlain: Bool
    ) {
        left.withMemoryRebound(to: Float.self, capacity: count) { left in
            let right = isStereo ? UnsafeMutableRawPointer(right).assumingMemoryBound(to: Float.self) : nil
            switch (width, isPlain) {
            case (2, false): lathe_unpack_int16(source, left, right, count)
            case (2, true): lathe_unpack_int16_plain(source, left, right, 0, count)
            case (3, false): lathe_unpack_int24(source, left, right, count)
            case (3, true): lathe_unpack_int24_plain(source, left, right, 0, count)
            case (4, false): lathe_unpack_int32(source, left, right, count)
            case (4, true): lathe_unpack_int32_plain(source, left, right, 0, count)
            case (_, false): lathe_unpack_float32(source, left, right, count)
            case (_, true): lathe_unpack_float32_plain(source, left, right, 0, count)
            }
        }
    }

    private func withPointers(
        _ planes: [[Float]], missing: Int, _ body: (UnsafePointer<UnsafePointer<Float>?>) -> Void
    ) {
        let copies = planes.map { plane in
            let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, plane.count))
            _ = copy.initialize(from: plane)
            return copy
        }
        defer { copies.forEach { $0.deallocate() } }
        var pointers = copies.map { UnsafePointer($0.baseAddress) }
        pointers[missing] = nil
        body(pointers)
    }

    private func withMutablePointers(
        _ planes: inout [[Float]], missing: Int, _ body: (UnsafePointer<UnsafeMutablePointer<Float>?>) -> Void
    ) {
        let copies = planes.map { plane in
            let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, plane.count))
            _ = copy.initialize(from: plane)
            return copy
        }
        defer { copies.forEach { $0.deallocate() } }
        var pointers = copies.map(\.baseAddress)
        pointers[missing] = nil
        body(pointers)
        planes = copies.map { Array($0.prefix(planes[0].count)) }
    }
}
