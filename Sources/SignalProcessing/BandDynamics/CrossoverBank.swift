/// Up to four bands of a stereo signal, cut out by Linkwitz-Riley crossovers of fourth order.
///
/// Linkwitz, "Active Crossover Networks for Noncoincident Drivers", J. Audio Eng. Soc. 24(1), 1976: two Butterworth
/// sections in cascade on each side, whose outputs add up to a second-order all-pass at the crossover frequency. The
/// bands are cut as a tree, and what is on one side of a split gets the all-passes of the crossovers on its other
/// side, so that all bands together are the product of all the all-passes: flat in magnitude.
///
/// Every band is a cascade of its own in two lanes, its left and right channel: lane b is the band's left channel,
/// lane 4 + b its right one. So all bands take the same few vector operations, in Float32 (p,r form).
struct CrossoverBank: Sendable {
    /// What a band does at one place of its cascade.
    private struct Place: Sendable {
        var kind: BandSection.Kind
        var crossover: Int
    }

    private var sections: [CrossoverSection]
    private let places: [[Place]]
    private var corners: InlineArray<4, Double>

    /// - Parameter corners: g of each crossover, ascending.
    init(bands: Range<Int>, of bandCount: Int, corners: InlineArray<4, Double>) {
        let cascades = (0..<bandCount).map { Self.cascade($0, 0..<bandCount) }
        places = bands.map { cascades[$0] }
        sections = [CrossoverSection](repeating: CrossoverSection(), count: places.map(\.count).max() ?? 0)
        self.corners = corners
        for lane in places.count..<4 { sections[0].mute(lanes: lane, lane + 4) }
        for (lane, cascade) in places.enumerated() {
            for (i, place) in cascade.enumerated() {
                let section = BandSection(place.kind, corner: corners[place.crossover])
                sections[i].set(section, lanes: lane, lane + 4)
            }
        }
    }

    private static func cascade(_ band: Int, _ range: Range<Int>) -> [Place] {
        guard range.count > 1 else { return [] }
        // The crossover above the middle band splits the range; crossover i is the top of band i.
        let split = range.lowerBound + (range.count - 1) / 2
        let isLow = band <= split
        let kind: BandSection.Kind = isLow ? .lowPass : .highPass
        let own = isLow ? range.lowerBound..<split + 1 : split + 1..<range.upperBound
        let other = isLow ? split + 1..<range.upperBound - 1 : range.lowerBound..<split
        return [Place(kind: kind, crossover: split), Place(kind: kind, crossover: split)]
            + other.map { Place(kind: .allPass, crossover: $0) } + cascade(band, own)
    }

    /// Moves the crossovers and rescales the states.
    mutating func retune(corners new: InlineArray<4, Double>) {
        for lane in places.indices {
            for i in places[lane].indices {
                let place = places[lane][i]
                let corner = new[place.crossover]
                guard corner != corners[place.crossover] else { continue }
                sections[i].retune(BandSection(place.kind, corner: corner), lanes: lane, lane + 4)
            }
        }
        corners = new
    }

    /// Writes the bands of `count` frames.
    mutating func split(
        _ left: Span<Float>, _ right: Span<Float>, _ start: Int, _ count: Int, _ bands: inout MutableSpan<LaneFrame>
    ) {
        for i in 0..<count {
            bands[i] = LaneFrame(
                lowHalf: SIMD4(repeating: left[start + i]), highHalf: SIMD4(repeating: right[start + i]))
        }
        var first = 0
        if sections.count % 2 == 1 {
            runThree(&bands, count)
            first = 3
        }
        while first < sections.count {
            runTwo(from: first, &bands, count)
            first += 2
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for i in sections.indices {
            for lane in 0..<8 where lane % 4 < places.count {
                snapshot.put(recursive: sections[i].p[lane])
                snapshot.put(recursive: sections[i].r[lane])
            }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for i in sections.indices {
            for lane in 0..<8 where lane % 4 < places.count {
                sections[i].p[lane] = try snapshot.recursive()
                sections[i].r[lane] = try snapshot.recursive()
            }
        }
    }
}

extension CrossoverBank {
    // Two or three sections a pass: their recurrences are independent and fill each other's latencies, and their
    // states stay in registers.
    @inline(never)
    private mutating func runTwo(from first: Int, _ bands: inout MutableSpan<LaneFrame>, _ count: Int) {
        var a = sections[first]
        var b = sections[first + 1]
        for i in 0..<count { bands[i] = b.step(a.step(bands[i])) }
        sections[first] = a
        sections[first + 1] = b
    }

    @inline(never)
    private mutating func runThree(_ bands: inout MutableSpan<LaneFrame>, _ count: Int) {
        var a = sections[0]
        var b = sections[1]
        var c = sections[2]
        for i in 0..<count { bands[i] = c.step(b.step(a.step(bands[i]))) }
        sections[0] = a
        sections[1] = b
        sections[2] = c
    }
}
