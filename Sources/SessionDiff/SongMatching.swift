internal import Session

/// Finds the song that each song was before.
struct SongMatching {
    private(set) var pairing: Pairing

    init(_ before: ComparedSession, _ after: ComparedSession) {
        let (a, b) = (before.album.songs.map(\.song), after.album.songs.map(\.song))
        pairing = Pairing(a.count, b.count)
        // Titles first; of several with one title those that are equal.
        let titlesA = Dictionary(grouping: a.indices) { a[$0].title }
        let titlesB = Dictionary(grouping: b.indices) { b[$0].title }
        let isUnique = { (title: String) in titlesA[title]?.count == 1 && titlesB[title]?.count == 1 }
        pairing.pairEqual(a.map { isUnique($0.title) ? $0.title : nil }, b.map { isUnique($0.title) ? $0.title : nil })
        let repeated = { (i: Int, j: Int) -> Int? in
            guard a[i].title == b[j].title else { return nil }
            return a[i] == b[j] ? 1 : 0
        }
        pairing.pairBest(score: repeated, distance: { abs($0 - $1) })
        let (traitsA, traitsB) = (
            a.enumerated().map { pairing.fromA[$0] == nil ? Self.traits($1, before) : [] },
            b.enumerated().map { pairing.fromB[$0] == nil ? Self.traits($1, after) : [] }
        )
        let likeness = { (i: Int, j: Int) -> Int? in
            if a.count == 1, b.count == 1 { return 1 }
            let common = traitsA[i].intersection(traitsB[j]).count
            let all = traitsA[i].count + traitsB[j].count - common
            // Half of what either song is made of.
            return all > 0 && common * 2 >= all ? common * 1000 / all : nil
        }
        pairing.pairBest(score: likeness, distance: { abs($0 - $1) })
        pairing.finish()
    }

    /// What a song is known by apart from its title: its files and channels.
    private static func traits(_ song: Song, _ session: ComparedSession) -> Set<String> {
        var traits = Set(song.sources.map { "file " + session.name(of: $0) })
        for track in song.tracks { traits.insert("track " + track.name) }
        for bus in song.buses { traits.insert("bus " + bus.name) }
        for bus in song.returns { traits.insert("return " + bus.name) }
        traits.insert("length \(song.lengthFrames ?? 0)")
        return traits
    }
}
