import Session

/// Which channels reach their output after mute and solo.
///
/// Solo mutes every track and bus that is neither soloed, nor fed by something soloed, nor on the way into something
/// soloed. Returns are excepted. A muted channel's pre-fader sends still run, as on a desk.
struct Audibility {
    private(set) var tracks: [Bool]
    private(set) var buses: [Bool]
    private(set) var returns: [Bool]

    init(_ song: Song) {
        tracks = song.tracks.map { !$0.mixer.isMuted }
        buses = song.buses.map { !$0.mixer.isMuted }
        returns = song.returns.map { !$0.mixer.isMuted }
        let isSoloing =
            song.tracks.contains { $0.mixer.isSoloed } || song.buses.contains { $0.mixer.isSoloed }
        guard isSoloing else { return }
        var fedBySolo = song.buses.map { $0.mixer.isSoloed }
        for mixer in song.tracks.map(\.mixer) + song.buses.map(\.mixer) where mixer.isSoloed {
            for bus in Self.downstream(of: mixer.output, in: song) { fedBySolo[bus] = true }
        }
        // Returns are heard whatever is soloed, and so is their way to the master.
        for mixer in song.returns.map(\.mixer) {
            for bus in Self.downstream(of: mixer.output, in: song) { fedBySolo[bus] = true }
        }
        func leadsToSolo(_ output: Output) -> Bool {
            Self.downstream(of: output, in: song).contains { song.buses[$0].mixer.isSoloed }
        }
        for (i, track) in song.tracks.enumerated()
        where !track.mixer.isSoloed && !leadsToSolo(track.mixer.output) {
            tracks[i] = false
        }
        for (i, bus) in song.buses.enumerated() where !fedBySolo[i] && !leadsToSolo(bus.mixer.output) {
            buses[i] = false
        }
    }

    /// The buses that a signal passes on its way to the master. Routing has no cycles: the session was validated.
    private static func downstream(of output: Output, in song: Song) -> [Int] {
        var passed: [Int] = []
        var next = output
        while case .bus(let bus) = next, !passed.contains(bus) {
            passed.append(bus)
            next = song.buses[bus].mixer.output
        }
        return passed
    }
}
