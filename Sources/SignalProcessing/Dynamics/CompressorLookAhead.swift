/// Delays four stereo lanes, each by its own number of frames, while the detector hears them at once.
struct CompressorLookAhead: Sendable {
    private var ring: [LaneFrame]
    private let mask: Int
    private let delays: [4 of Int]
    private var position = 0
    private let lanes: [4 of SIMDMask<SIMD8<Int32>>]
    /// Whether any lane is delayed.
    let isActive: Bool
    private let areEqual: Bool

    init(frames: [Int]) {
        delays = [4 of Int]({ frames[$0] })
        var longest = 0
        for lane in 0..<4 { longest = max(longest, frames[lane]) }
        isActive = longest > 0
        areEqual = (1..<4).allSatisfy { frames[$0] == frames[0] }
        var size = 1
        while size <= longest { size *= 2 }
        mask = size - 1
        ring = isActive ? [LaneFrame](repeating: LaneFrame(), count: size) : []
        var lanes = [4 of SIMDMask<SIMD8<Int32>>](repeating: SIMDMask(repeating: false))
        for lane in 0..<4 {
            lanes[lane][lane] = true
            lanes[lane][lane + 4] = true
        }
        self.lanes = lanes
    }

    /// Exchanges frames for delayed ones.
    mutating func process(_ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int) {
        let (mask, delays, lanes, areEqual) = (mask, delays, lanes, areEqual)
        var position = position
        var ring = ring.mutableSpan
        for i in start..<start + count {
            ring[position & mask] = block[i]
            var y = ring[(position &- delays[0]) & mask]
            if !areEqual {
                for lane in 1..<4 {
                    y = y.replacing(with: ring[(position &- delays[lane]) & mask], where: lanes[lane])
                }
            }
            block[i] = y
            position &+= 1
        }
        self.position = position
    }

    func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<4 {
            for age in (1...max(1, delays[lane])).reversed() where delays[lane] > 0 {
                let frame = ring[(position &- age) & mask]
                snapshot.put(signal: frame[lane])
                snapshot.put(signal: frame[lane + 4])
            }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        position = 0
        for lane in 0..<4 {
            for age in (1...max(1, delays[lane])).reversed() where delays[lane] > 0 {
                ring[-age & mask][lane] = try snapshot.signal()
                ring[-age & mask][lane + 4] = try snapshot.signal()
            }
        }
    }
}
