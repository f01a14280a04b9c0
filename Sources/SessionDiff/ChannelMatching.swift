internal import Session

/// Finds the file, track, bus or return that each one was before: by name, then by what it is made of.
struct ChannelMatching {
    private(set) var files: Pairing
    private(set) var tracks: Pairing
    private(set) var buses: Pairing
    private(set) var returns: Pairing
    private let a: Song
    private let b: Song

    /// What two channels have in common that are taken for one.
    private static let leastScore = 4

    init(_ before: ComparedSong, _ after: ComparedSong) {
        (a, b) = (before.song, after.song)
        files = Self.files(before, after)
        tracks = Pairing(a.tracks.count, b.tracks.count)
        buses = Pairing(a.buses.count, b.buses.count)
        returns = Pairing(a.returns.count, b.returns.count)
        tracks.pairEqual(a.tracks.map(\.name), b.tracks.map(\.name))
        buses.pairEqual(a.buses.map(\.name), b.buses.map(\.name))
        returns.pairEqual(a.returns.map(\.name), b.returns.map(\.name))
        matchRenamedTracks()
        matchRenamedBuses()
        matchRenamedReturns()
    }

    /// By path below the session's folder, then by name and facts: a file that was put elsewhere.
    private static func files(_ before: ComparedSong, _ after: ComparedSong) -> Pairing {
        let (a, b) = (before.song.sources, after.song.sources)
        var pairing = Pairing(a.count, b.count)
        pairing.pairEqual(a.map { before.session.name(of: $0) }, b.map { after.session.name(of: $0) })
        let identity = { (source: SourceFile) -> SourceFile in
            var source = source
            source.path = fileName(source.path)
            return source
        }
        pairing.pairEqual(a.map(identity), b.map(identity))
        pairing.finish()
        return pairing
    }

    // MARK: Renamed channels

    private mutating func matchRenamedTracks() {
        defer { tracks.finish() }
        guard !tracks.onlyA.isEmpty, !tracks.onlyB.isEmpty else { return }
        let (pairing, files, a, b) = (tracks, files, a, b)
        let sourcesA = a.tracks.enumerated().map { index, track in
            pairing.fromA[index] == nil ? Set(track.clips.map { Self.later($0.source, files) }) : []
        }
        let sourcesB = b.tracks.enumerated().map { index, track in
            pairing.fromB[index] == nil ? Set(track.clips.map(\.source)) : []
        }
        // Thousands of renamed tracks are looked for near their old place only.
        let reach = pairing.onlyA.count * pairing.onlyB.count > 250_000 ? 32 : Int.max
        tracks.pairBest(
            score: { i, j in
                guard abs(i - j) <= reach else { return nil }
                let (x, y) = (a.tracks[i], b.tracks[j])
                var score = Self.likeness(x.devices, y.devices, x.mixer, y.mixer, isSamePlace: i == j)
                if x.clips.isEmpty != y.clips.isEmpty { score = 0 }
                if !x.clips.isEmpty, !sourcesA[i].isDisjoint(with: sourcesB[j]) { score += 4 }
                if !x.clips.isEmpty, x.clips.count == y.clips.count, sourcesA[i] == sourcesB[j] { score += 4 }
                return score >= Self.leastScore ? score : nil
            }, distance: { abs($0 - $1) })
    }

    /// In the later song's indices; what is not there has numbers of its own below zero.
    private static func later(_ source: Int, _ files: Pairing) -> Int {
        files.fromA.indices.contains(source) ? files.fromA[source] ?? -1 - source : -1 - source
    }

    private mutating func matchRenamedBuses() {
        defer { buses.finish() }
        guard !buses.onlyA.isEmpty, !buses.onlyB.isEmpty else { return }
        let feeders = { (song: Song, isEarlier: Bool, tracks: Pairing) -> [Set<Int>] in
            var feeders = [Set<Int>](repeating: [], count: song.buses.count)
            for (index, track) in song.tracks.enumerated() {
                guard case .bus(let bus) = track.mixer.output, feeders.indices.contains(bus) else { continue }
                feeders[bus].insert(isEarlier ? tracks.fromA[index] ?? -1 - index : index)
            }
            return feeders
        }
        Self.match(&buses, a.buses, b.buses, feeders(a, true, tracks), feeders(b, false, tracks))
    }

    private mutating func matchRenamedReturns() {
        defer { returns.finish() }
        guard !returns.onlyA.isEmpty, !returns.onlyB.isEmpty else { return }
        let feeders = { (song: Song, isEarlier: Bool, tracks: Pairing) -> [Set<Int>] in
            var feeders = [Set<Int>](repeating: [], count: song.returns.count)
            for (index, track) in song.tracks.enumerated() {
                for send in track.mixer.sends where feeders.indices.contains(send.to) {
                    feeders[send.to].insert(isEarlier ? tracks.fromA[index] ?? -1 - index : index)
                }
            }
            return feeders
        }
        Self.match(&returns, a.returns, b.returns, feeders(a, true, tracks), feeders(b, false, tracks))
    }

    private static func match(
        _ pairing: inout Pairing, _ a: [Bus], _ b: [Bus], _ feedersA: [Set<Int>], _ feedersB: [Set<Int>]
    ) {
        pairing.pairBest(
            score: { i, j in
                var score = likeness(a[i].devices, b[j].devices, a[i].mixer, b[j].mixer, isSamePlace: i == j)
                let common = feedersA[i].intersection(feedersB[j]).count
                if common > 0, common * 2 >= max(feedersA[i].count, feedersB[j].count) { score += 4 }
                return score >= leastScore ? score : nil
            }, distance: { abs($0 - $1) })
    }

    /// 0 to 6: of what a channel does to its signal; indices of other channels are not compared.
    private static func likeness(
        _ devicesA: [Device], _ devicesB: [Device], _ a: Mixer, _ b: Mixer, isSamePlace: Bool
    ) -> Int {
        var score = 0
        let isSameMix = a.fader == b.fader && a.pan == b.pan && a.faderAutomation == b.faderAutomation
        if isSameMix { score += 1 }
        if isSamePlace { score += 1 }
        if devicesA.map(\.kind) == devicesB.map(\.kind) {
            score += devicesA.isEmpty ? 0 : 1
            if devicesA.map(\.values) == devicesB.map(\.values) {
                // Nothing on either speaks for it only where everything else is the same.
                score += devicesA.isEmpty ? (isSameMix && isSamePlace ? 2 : 0) : 3
            }
        }
        return score
    }
}
