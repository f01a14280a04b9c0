import Session
import SessionDiff
import TestSupport
import Testing

/// Nothing that was edited is passed over, whatever the session.
@Suite struct RandomEditTests {
    private static let sessionCount = 120

    private func changes(_ a: Album, _ b: Album) -> [SessionChange] {
        SessionComparison.changes(
            from: ComparedSession(album: a, folder: "/album"), to: ComparedSession(album: b, folder: "/album"))
    }

    @Test func `a single edit of any kind is told, and of the right item`() {
        var (caseCount, missed, misnamed, silent) = (0, [String](), [String](), [String]())
        var wordless: [String] = []
        var kinds: Set<String> = []
        for seed in 1...UInt64(Self.sessionCount) {
            var sessions = RandomSessions(seed: seed)
            let album = sessions.album()
            #expect(changes(album, album) == [])
            for (name, make) in RandomEdits.all {
                var edited = album
                guard let item = make(&edited, &sessions), edited != album else { continue }
                caseCount += 1
                kinds.insert(name)
                let found = changes(album, edited)
                if found.isEmpty { missed.append("\(name), seed \(seed)") }
                let isNamed = found.contains { change in
                    change.item.kind == item.kind && (item.name.isEmpty || change.item.name == item.name)
                }
                // A file's facts are told of the one channel that plays it.
                if !isNamed, name != "file facts", name != "order of files" {
                    misnamed.append("\(name), seed \(seed): \(found.map(\.text))")
                }
                if found.contains(where: { $0.text.contains("no words") }) { wordless.append("\(name), seed \(seed)") }
                if ChangeLines.lines(of: found).isEmpty || found.contains(where: \.text.isEmpty) {
                    silent.append("\(name), seed \(seed)")
                }
            }
        }
        #expect(missed == [])
        #expect(misnamed == [])
        #expect(silent == [])
        #expect(wordless == [])
        #expect(kinds.count == RandomEdits.all.count, "\(RandomEdits.all.map(\.name).filter { !kinds.contains($0) })")
        let fact = Fact(
            "Session diff", "random single edits over every key that a diff passed over, of \(caseCount) edits",
            Double(missed.count), .atMost(0), unit: "edits")
        #expect(fact.holds && caseCount > 3000, "\(fact)")
    }

    @Test func `several edits exchanged give the same changes exchanged`() {
        var wrong: [String] = []
        for seed in 1...UInt64(Self.sessionCount) {
            var sessions = RandomSessions(seed: seed &* 77)
            let album = sessions.album()
            var edited = album
            var names: [String] = []
            for _ in 0..<6 {
                let (name, make) = RandomEdits.all[sessions.chance.below(RandomEdits.all.count)]
                // With another rate or tempo, times round to other frames on the way back.
                if name == "rate" || name == "tempo" { continue }
                if make(&edited, &sessions) != nil { names.append(name) }
            }
            let there = changes(album, edited).map(Told.init)
            let back = changes(edited, album).map { Told($0).mirrored }
            if there.sorted() != back.sorted() {
                let (a, b) = (Set(there), Set(back))
                wrong.append("seed \(seed), \(names): \(a.subtracting(b)) \(b.subtracting(a))")
            }
        }
        #expect(wrong == [])
    }

    @Test func `sessions that have little in common are told apart both ways`() {
        var wrong: [String] = []
        for seed in 1...UInt64(Self.sessionCount) {
            // Names are counted from one in each: some are the same by chance, of other things.
            var (first, second) = (RandomSessions(seed: seed), RandomSessions(seed: seed + 1000))
            let (a, b) = (first.album(), second.album())
            let there = changes(a, b).map(Told.init)
            let back = changes(b, a).map { Told($0).mirrored }
            #expect(!there.isEmpty)
            if there.sorted() != back.sorted() {
                let (x, y) = (Set(there), Set(back))
                wrong.append("seed \(seed): \(x.subtracting(y)) \(y.subtracting(x))")
            }
        }
        #expect(wrong == [])
    }

    @Test func `the same bytes in another folder are the same session`() {
        var sessions = RandomSessions(seed: 5)
        let album = sessions.album()
        var copy = album
        for song in copy.songs.indices {
            for source in copy.songs[song].song.sources.indices {
                let path = copy.songs[song].song.sources[source].path
                copy.songs[song].song.sources[source].path = "/copy" + path
            }
        }
        let found = SessionComparison.changes(
            from: ComparedSession(album: album, folder: "/album"),
            to: ComparedSession(album: copy, folder: "/copy/album"))
        #expect(found == [])
    }
}

/// What of a change has a mirror image.
private struct Told: Hashable, Comparable {
    var kind: SessionChange.Kind
    var item: String
    var formerItem: String
    var from: String
    var to: String

    init(_ change: SessionChange) {
        kind = change.kind
        let song = change.song == nil ? "" : "song "
        item = song + change.item.kind.rawValue + " " + change.item.name
        formerItem = song + change.item.kind.rawValue + " " + (change.item.formerName ?? change.item.name)
        from = change.from ?? "-"
        to = change.to ?? "-"
    }

    var mirrored: Told {
        var told = self
        (told.item, told.formerItem, told.from, told.to) = (formerItem, item, to, from)
        told.kind = kind == .added ? .removed : kind == .removed ? .added : kind
        return told
    }

    private var key: String { "\(item)|\(formerItem)|\(kind)|\(from)|\(to)" }
    static func < (a: Told, b: Told) -> Bool { a.key < b.key }
}
