/// The rings of the network's lines and of the all-passes, and the rows of a chunk, in one array.
///
/// A ring is read and rewritten in chunks. Behind its end lies room for a chunk and a little more, so that a
/// chunk is one stretch of memory wherever it begins: before a chunk the ring's beginning is copied there
/// where it may be read, after it what was written there is copied to the beginning.
struct ReverbMemory: Sendable {
    /// 16 lines, then 8 all-passes.
    static let ringCount = ReverbGeometry.lineCount + 2 * ReverbGeometry.stageCount
    /// Frames of a row: a chunk, and what vectors read beyond it.
    static let rowFrames = FDNReverb.chunkFrames + 8
    private static let guardFrames = FDNReverb.chunkFrames + 16

    /// An offset into the array for each ring.
    typealias Offsets = InlineArray<24, Int>

    var samples: [Double]
    /// Where the next sample of each ring is written: where its oldest one lies.
    private(set) var places: Offsets
    private let begins: Offsets
    private let ends: Offsets
    private let rowsOffset: Int

    init(_ geometry: ReverbGeometry) {
        // A line that moves keeps what it may read at its longest, its neighbours included.
        let longer = geometry.excursionFrames + 6
        let lines = geometry.lineFrames.enumerated().map { index, frameCount in
            frameCount + (index >= ReverbGeometry.firstMovingLine ? longer : 0)
        }
        var begins = Offsets(repeating: 0)
        var ends = begins
        var offset = 0
        for (ring, frameCount) in (lines + geometry.diffuserFrames).enumerated() {
            begins[ring] = offset
            ends[ring] = offset + frameCount
            offset += frameCount + Self.guardFrames
        }
        (self.begins, self.ends, places) = (begins, ends, begins)
        rowsOffset = offset
        samples = [Double](repeating: 0, count: offset + 40 * Self.rowFrames)
    }

    /// Offset of a row of the chunk: 0 and 1 the left and right input, 2 and 3 the output, 4 and 5 the lines that
    /// move, 6 to 39 for lines that change their lengths.
    @inline(always)
    func row(_ index: Int) -> Int { rowsOffset &+ index &* Self.rowFrames }

    /// Offset of a line's sample of `delay` frames before the next one, from which a chunk can be read.
    mutating func readOffset(line: Int, delay: Int, count: Int) -> Int {
        let (begin, end) = (begins.span[line], ends.span[line])
        precondition(delay > 0 && delay <= end - begin, "a line is read beyond its end")
        let start = places.span[line] - delay
        let place = start < begin ? start + (end - begin) : start
        let over = place + count - end
        if over > 0 { Self.copy(&samples, from: begin, to: end, count: over) }
        return place
    }

    /// Makes the oldest samples of the all-passes' rings readable in one stretch each.
    mutating func prepare(count: Int) {
        let (current, starts, stops) = (self.places, self.begins, self.ends)
        let (places, begins, ends) = (current.span, starts.span, stops.span)
        for ring in ReverbGeometry.lineCount..<Self.ringCount {
            let over = places[ring] &+ count &- ends[ring]
            if over > 0 { Self.copy(&samples, from: begins[ring], to: ends[ring], count: over) }
        }
    }

    /// Ends a chunk: what was written beyond a ring's end goes to its beginning.
    mutating func advance(count: Int) {
        let (starts, stops) = (self.begins, self.ends)
        let (begins, ends) = (starts.span, stops.span)
        var current = self.places
        var places = current.mutableSpan
        for ring in 0..<Self.ringCount {
            let next = places[ring] &+ count
            let over = next &- ends[ring]
            places[ring] = over >= 0 ? begins[ring] &+ over : next
            if over > 0 { Self.copy(&samples, from: ends[ring], to: begins[ring], count: over) }
        }
        self.places = current
    }

    @inline(never)
    private static func copy(_ samples: inout [Double], from source: Int, to target: Int, count: Int) {
        precondition(source >= 0 && target >= 0 && source + count <= samples.count && target + count <= samples.count)
        var samples = samples.mutableSpan
        var i = 0
        while i &+ 4 <= count {
            unsafe samples.setUncheckedFour(samples.uncheckedFour(at: source &+ i), at: target &+ i)
            i &+= 4
        }
        while i < count {
            unsafe samples[unchecked: target &+ i] = samples[unchecked: source &+ i]
            i &+= 1
        }
    }

    /// Oldest sample first, ring after ring.
    func write(to snapshot: inout SnapshotWriter) {
        snapshot.reserve(byteCount: 4 * samples.count)
        for ring in 0..<Self.ringCount {
            for i in places[ring]..<ends[ring] { snapshot.put(recursive: samples[i]) }
            for i in begins[ring]..<places[ring] { snapshot.put(recursive: samples[i]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        places = begins
        for ring in 0..<Self.ringCount {
            for i in begins[ring]..<ends[ring] { samples[i] = try snapshot.recursiveDouble() }
        }
    }
}
