import Quantities
import Session
import Testing

@Suite struct RoutingTests {
    private func bus(
        _ name: String, to output: Output = .master, sends: [Int] = [], key: ChannelReference? = nil
    ) -> Bus {
        var devices: [Device] = []
        if let key {
            devices.append(
                Device(
                    .compressor, ["threshold": -20, "ratio": 4, "attack": 0.01, "release": 0.1], key: key))
        }
        return Bus(
            name: name, devices: devices,
            mixer: Mixer(output: output, sends: sends.map { Send(to: $0, gain: .unity) }))
    }

    private func song(buses: [Bus], returns: [Bus] = []) -> Song {
        Song(
            title: "T", rateHertz: 48_000, sources: [], tracks: [Track(name: "Kick", clips: [])],
            buses: buses,
            returns: returns, lengthFrames: 48_000)
    }

    private func names(_ song: Song) -> [[String]] {
        song.routingCycles.map { cycle in cycle.map { song.name(of: $0.from) } }
    }

    @Test func `outputs in a circle are one cycle, in the direction of the sound`() {
        let song = song(buses: [bus("A", to: .bus(1)), bus("B", to: .bus(2)), bus("C", to: .bus(0))])
        #expect(names(song) == [["A", "B", "C"]])
        #expect(song.violations == ["cycle: A -> B -> C"])
    }

    @Test func `a bus into itself is a cycle of one`() {
        #expect(names(song(buses: [bus("A", to: .bus(0))])) == [["A"]])
    }

    @Test func `sends and keys close circles too`() {
        let returns = [bus("Plate", to: .bus(0))]
        #expect(names(song(buses: [bus("A", sends: [0])], returns: returns)) == [["A", "Plate"]])
        #expect(
            names(song(buses: [bus("A", key: .bus(1)), bus("B", to: .bus(0), key: .bus(0))])) == [["A", "B"]])
    }

    @Test func `two circles apart are both found, two through one channel once`() {
        let apart = song(buses: [bus("A", to: .bus(1)), bus("B", to: .bus(0)), bus("C", to: .bus(2))])
        #expect(names(apart) == [["A", "B"], ["C"]])
        let shared = song(
            buses: [bus("A", sends: [0, 1])], returns: [bus("X", to: .bus(0)), bus("Y", to: .bus(0))])
        #expect(names(shared) == [["A", "X"]])
    }

    @Test func `diamonds and a track that keys its own bus are no circles`() {
        let song = song(
            buses: [bus("A", to: .bus(1), sends: [0]), bus("B", key: .track(0))],
            returns: [bus("X", to: .bus(1))])
        #expect(song.routingCycles.isEmpty)
        #expect(song.violations.isEmpty)
    }

    @Test func `a chain of all buses needs no call stack, and its last link closes it`() {
        var buses = (0..<4096).map { bus("B\($0)", to: $0 < 4095 ? .bus($0 + 1) : .master) }
        #expect(song(buses: buses).routingCycles.isEmpty)
        buses[4095].mixer.output = .bus(0)
        #expect(song(buses: buses).routingCycles.map(\.count) == [4096])
    }

    @Test func `random routings: a cycle is reported exactly where peeling sources leaves channels`() {
        var random = SplitMix(state: 7)
        var cyclicCount = 0
        for _ in 0..<400 {
            let count = 6
            let buses = (0..<count).map { index in
                bus(
                    "B\(index)",
                    to: random.next() % 3 == 0 ? .master : .bus(Int(random.next() % UInt64(count))),
                    sends: random.next() % 4 == 0 ? [0] : [],
                    key: random.next() % 4 == 0 ? .bus(Int(random.next() % UInt64(count))) : nil)
            }
            let song = song(buses: buses, returns: [bus("R", to: random.next() % 2 == 0 ? .bus(0) : .master)])
            let cycles = song.routingCycles
            #expect(cycles.isEmpty == isAcyclic(song))
            cyclicCount += cycles.isEmpty ? 0 : 1
            for cycle in cycles {
                for (edge, next) in zip(cycle, cycle.dropFirst() + cycle.prefix(1)) {
                    #expect(edge.to == next.from)
                }
                #expect(cycle.allSatisfy(song.routingEdges.contains))
            }
        }
        #expect((50...350).contains(cyclicCount))
    }

    /// Kahn's algorithm: another way to the same answer.
    private func isAcyclic(_ song: Song) -> Bool {
        var edges = song.routingEdges
        while true {
            let targets = edges.map(\.to)
            let remaining = edges.filter { targets.contains($0.from) }
            if remaining.count == edges.count { return edges.isEmpty }
            edges = remaining
        }
    }
}

private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
