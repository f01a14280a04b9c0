import Quantities
import RenderCompiler
import RenderPlan
import Session
import Testing

/// Mute and solo, seen from outside: which sources a song's mix still reads.
@Suite struct AudibilityTests {
    /// Tracks A and B in Inner, C in Outer (which Inner feeds), D on its own; A and D send to Hall, which returns
    /// into Rooms; B sends to Echo before its fader.
    private func song() -> Song {
        var song = smallSong(trackCount: 4)
        for (i, name) in ["A", "B", "C", "D"].enumerated() { song.tracks[i].name = name }
        song.tracks[0].mixer.output = .bus(0)
        song.tracks[1].mixer.output = .bus(0)
        song.tracks[2].mixer.output = .bus(1)
        song.buses = [
            Bus(name: "Inner", mixer: Mixer(output: .bus(1))), Bus(name: "Outer"), Bus(name: "Rooms"),
        ]
        song.returns = [Bus(name: "Hall", mixer: Mixer(output: .bus(2))), Bus(name: "Echo")]
        song.tracks[0].mixer.sends = [Send(to: 0, gain: .unity)]
        song.tracks[3].mixer.sends = [Send(to: 0, gain: .unity)]
        song.tracks[1].mixer.sends = [Send(to: 1, gain: .unity, tap: .pre)]
        return song
    }

    /// Channels whose output reaches the master, by name.
    private func heard(_ change: (inout Song) -> Void) throws -> Set<String> {
        var song = song()
        change(&song)
        #expect(song.violations.isEmpty)
        let graph = try CompiledGraph(song, reducesPrograms: false)
        return graph.channelsHeard
    }

    @Test func `Everything is heard without mute and solo`() throws {
        #expect(try heard { _ in } == ["A", "B", "C", "D", "Inner", "Outer", "Rooms", "Hall", "Echo"])
    }

    @Test func `A muted track falls silent with its post-fader sends; pre-fader ones run on`() throws {
        #expect(
            try heard { $0.tracks[0].mixer.isMuted = true } == [
                "B", "C", "D", "Inner", "Outer", "Rooms", "Hall", "Echo",
            ])
        // B goes on into Echo and no longer into Inner.
        let graph = try CompiledGraph(
            {
                var s = song(); s.tracks[1].mixer.isMuted = true; return s
            }(), reducesPrograms: false)
        #expect(graph.channelsHeard.contains("B"))
        #expect(graph.inputs(of: "Inner") == ["A"])
        #expect(graph.inputs(of: "Echo") == ["B"])
    }

    @Test func `A muted bus silences what feeds only it`() throws {
        #expect(
            try heard { $0.buses[1].mixer.isMuted = true } == ["A", "B", "D", "Rooms", "Hall", "Echo"])
        #expect(
            try heard {
                $0.buses[1].mixer.isMuted = true; $0.tracks[0].mixer.sends = []
            }
                == ["B", "D", "Rooms", "Hall", "Echo"])
    }

    @Test func `Solo on a track keeps its way to the master and the returns`() throws {
        // B's pre-fader send runs on; its way into Inner does not.
        #expect(
            try heard { $0.tracks[0].mixer.isSoloed = true }
                == ["A", "B", "Inner", "Outer", "Rooms", "Hall", "Echo"])
        #expect(try heard { $0.tracks[3].mixer.isSoloed = true } == ["B", "D", "Rooms", "Hall", "Echo"])
    }

    @Test func `Solo on a bus keeps what feeds it and what it feeds`() throws {
        #expect(
            try heard { $0.buses[0].mixer.isSoloed = true } == [
                "A", "B", "Inner", "Outer", "Rooms", "Hall", "Echo",
            ])
        #expect(
            try heard { $0.buses[1].mixer.isSoloed = true }
                == ["A", "B", "C", "Inner", "Outer", "Rooms", "Hall", "Echo"])
    }

    @Test func `Mute is stronger than solo`() throws {
        #expect(
            try heard {
                $0.buses[1].mixer.isSoloed = true; $0.tracks[2].mixer.isMuted = true
            }
                == ["A", "B", "Inner", "Outer", "Rooms", "Hall", "Echo"])
    }
}
