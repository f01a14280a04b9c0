package import RenderPlan

/// Albums without sound: the programs that the compiler makes of songs, with costs in tenths of a second of one core.
package enum SyntheticAlbum {
    /// Songs of three to six minutes with 4 to 8 cells of tracks, buses, returns, a master, a finish and deliverables.
    package static func shapes(songCount: Int, seed: UInt64) -> [ProgramShape] {
        var random = SplitMix64(seed: seed)
        var shapes: [ProgramShape] = []
        for song in 0..<songCount { append(song, to: &shapes, &random) }
        return shapes
    }

    private static func append(_ song: Int, to shapes: inout [ProgramShape], _ random: inout SplitMix64) {
        let count = random.draw(18...36)
        let all = 0..<count
        let first = shapes.count
        func add(
            _ kind: ProgramKind, cost: Int, isDelivered: Bool = false, isRetained: Bool = false,
            _ reads: (Int) -> [TaskID]
        ) -> Int {
            shapes.append(
                ProgramShape(
                    kind: kind, segmentCount: kind == .whole ? 1 : count,
                    dependencies: kind == .whole ? [all.flatMap(reads)] : all.map(reads), costPerSegment: cost,
                    isDelivered: isDelivered, isRetained: isRetained, song: song))
            return shapes.count - 1
        }
        func window(_ program: Int, _ segments: ClosedRange<Int>) -> [TaskID] {
            segments.filter { all.contains($0) }.map { TaskID(ProgramID(program), $0) }
        }
        let cells = (0..<random.draw(4...8)).map { _ in add(.chained, cost: random.draw(10...24)) { _ in [] } }
        let returns = (0..<2).map { _ in
            add(.chained, cost: 8) { segment in cells.flatMap { window($0, segment...segment) } }
        }
        let buses = (0..<4).map { bus in
            add(.chained, cost: 5) { segment in
                cells.enumerated().filter { $0.offset % 4 == bus % cells.count }
                    .flatMap { window($0.element, segment...segment) }
            }
        }
        // Meters of the stems: nobody reads them, but a bus may not run far ahead of its own.
        for bus in buses { _ = add(.windowed, cost: 2) { window(bus, $0 - 1...$0) } }
        let preMaster = add(.windowed, cost: 2) { segment in
            (buses + returns).flatMap { window($0, segment...segment) }
        }
        // A compressor and an equaliser that look a little ahead.
        // Its windows are kept: the finish reads them when the gain is known.
        let master = add(.chained, cost: 8, isRetained: true) { window(preMaster, $0...$0 + 1) }
        let meter = add(.windowed, cost: 3) { window(master, $0 - 1...$0) }
        // The gain is known when the whole mix is measured.
        let finish = add(.chained, cost: 7) { segment in
            (segment == 0 ? window(meter, 0...count) : []) + window(master, segment...segment + 1)
        }
        _ = add(.windowed, cost: 3) { window(finish, $0 - 1...$0) }
        for _ in 0..<2 { _ = add(.windowed, cost: 2, isDelivered: true) { window(finish, $0...$0) } }
        precondition(shapes.count > first)
    }
}
