internal import Quantities
internal import Session

/// Finds what changed between two sessions.
///
/// Matching comes first (a song that was renamed or moved is still that song), then every field of the model is
/// compared. What is not recognised is told without its details, but never left out: after its fields were compared,
/// each value is compared as a whole with those fields made alike.
package struct SessionComparison {
    private let before: ComparedSession
    private let after: ComparedSession
    private var changes: [SessionChange] = []
    /// Whether the songs of an album are all that it is: a song file read alone.
    private let isSongAlone: Bool

    private init(_ before: ComparedSession, _ after: ComparedSession) {
        self.before = before
        self.after = after
        isSongAlone = [before.album, after.album].allSatisfy {
            $0.songs.count == 1 && $0.title == $0.songs[0].song.title
        }
    }

    /// Every change, first those of the album, then song by song in the later order, then songs that are gone.
    ///
    /// The same changes with `from` and `to` exchanged come of exchanging the sessions. Equal sessions give none.
    ///
    /// - Complexity: about linear in clips and automation points; quadratic in what was renamed or moved.
    package static func changes(from before: ComparedSession, to after: ComparedSession) -> [SessionChange] {
        var comparison = SessionComparison(before, after)
        comparison.run()
        return comparison.changes
    }

    private mutating func run() {
        let (a, b) = (before.album, after.album)
        if !isSongAlone, a.title != b.title {
            add(
                .renamed, "title", from: a.title, to: b.title, isHeard: false,
                .init("title", "\(a.title) to \(b.title)"))
        }
        if a.artist != b.artist {
            let words = SessionChange.Words("artist", "\(shown(a.artist)) to \(shown(b.artist))")
            add(.changed, "artist", from: a.artist, to: b.artist, isHeard: false, words)
        }
        compareLoudness(a.loudness, b.loudness)
        compareDeliveries(a.deliveries, b.deliveries)
        let pairing = SongMatching(before, after).pairing
        compareOrder(pairing)
        compareSongs(pairing)
        var rest = a
        rest.title = b.title
        rest.artist = b.artist
        rest.songs = b.songs
        rest.loudness = b.loudness
        rest.deliveries = b.deliveries
        if rest != b { addUnknown("the album") }
        // Of a song in which nothing was found nothing differs; see SongComparison.
        let isAlike =
            a.loudness == b.loudness && a.deliveries == b.deliveries && pairing.isIdentity
            && a.songs.map(\.gapSeconds) == b.songs.map(\.gapSeconds)
        if changes.isEmpty, !isAlike { addUnknown("the album") }
    }

    private func shown(_ text: String) -> String { text.isEmpty ? "none" : text }

    // MARK: Songs

    private mutating func compareOrder(_ pairing: Pairing) {
        let (a, b) = (before.album.songs, after.album.songs)
        for index in pairing.onlyA {
            let title = a[index].song.title
            let words = SessionChange.Words("", "song \(index + 1) \(title) removed")
            add(.removed, "song", from: title, to: nil, isHeard: true, words)
        }
        for index in pairing.onlyB {
            let title = b[index].song.title
            let place = index == 0 ? "" : " after \(b[index - 1].song.title)"
            let words = SessionChange.Words("", "song \(index + 1) \(title) added\(place)")
            add(.added, "song", from: nil, to: title, isHeard: true, words)
        }
        let moved = pairing.moved { min(a[$0].song.title, b[$1].song.title) }
        for (from, to) in moved {
            let words = SessionChange.Words(
                "", "song \(from + 1) \(b[to].song.title) moved to \(to + 1)")
            add(.moved, "song order", from: "\(from + 1)", to: "\(to + 1)", isHeard: true, words)
        }
        for (from, to) in pairing.pairs { compareEntries(a[from], b[to], number: to + 1) }
    }

    private mutating func compareEntries(_ a: AlbumEntry, _ b: AlbumEntry, number: Int) {
        if a.gapSeconds != b.gapSeconds {
            let unit = WrittenUnit.seconds
            let words = SessionChange.Words(
                "gap before \(b.song.title)", unit.change(a.gapSeconds, b.gapSeconds))
            add(
                .changed, "gap before song \(number)", from: unit.text(a.gapSeconds), to: unit.text(b.gapSeconds),
                isHeard: true, words)
        }
        var rest = a
        rest.song = b.song
        rest.gapSeconds = b.gapSeconds
        if rest != b { addUnknown("the entry of \(b.song.title)") }
    }

    private mutating func compareSongs(_ pairing: Pairing) {
        for index in after.album.songs.indices {
            guard let earlier = pairing.fromB[index] else { continue }
            let (a, b) = (before.album.songs[earlier].song, after.album.songs[index].song)
            changes += SongComparison.changes(
                from: ComparedSong(song: a, session: before), to: ComparedSong(song: b, session: after),
                number: index + 1)
        }
    }

    // MARK: Loudness

    private mutating func compareLoudness(_ a: LoudnessTarget, _ b: LoudnessTarget) {
        guard a != b else { return }
        if a.isEnabled != b.isEnabled {
            let (from, to) = (Self.summary(a), Self.summary(b))
            add(.changed, "loudness", from: from, to: to, isHeard: true, .init("loudness", "\(from) to \(to)"))
        } else {
            compareTargets(a, b)
        }
        var rest = a
        rest.isEnabled = b.isEnabled
        rest.target = b.target
        rest.ceiling = b.ceiling
        rest.scope = b.scope
        rest.maximumLimiting = b.maximumLimiting
        if rest != b { addUnknown("the loudness target") }
    }

    private mutating func compareTargets(_ a: LoudnessTarget, _ b: LoudnessTarget) {
        // Of `loudness: none` nothing is heard; a file cannot even write the rest.
        let isHeard = a.isEnabled
        if a.target != b.target {
            let from = a.target.map { WrittenUnit.loudness.text($0.value) } ?? "none"
            let to = b.target.map { WrittenUnit.loudness.text($0.value) } ?? "none"
            var tail = "\(from) to \(to)"
            if let x = a.target?.value, let y = b.target?.value { tail = WrittenUnit.loudness.change(x, y) }
            add(.changed, "loudness target", from: from, to: to, isHeard: isHeard, .init("loudness target", tail))
        }
        func level(_ name: String, _ x: Double, _ y: Double, _ unit: WrittenUnit) {
            guard x != y else { return }
            let words = SessionChange.Words(name, unit.change(x, y))
            add(.changed, name, from: unit.text(x), to: unit.text(y), isHeard: isHeard, words)
        }
        level("ceiling", a.ceiling.value, b.ceiling.value, .table(.truePeak))
        level("max-limiting", a.maximumLimiting.value, b.maximumLimiting.value, .decibels)
        if a.scope != b.scope {
            let (from, to) = (Self.word(a.scope), Self.word(b.scope))
            add(
                .changed, "loudness by", from: from, to: to, isHeard: isHeard,
                .init("loudness by", "\(from) to by \(to)"))
        }
    }

    private static func word(_ scope: LoudnessTarget.Scope) -> String { scope == .album ? "album" : "song" }

    private static func summary(_ target: LoudnessTarget) -> String {
        guard target.isEnabled else { return "none" }
        let ceiling = WrittenUnit.table(.truePeak).text(target.ceiling.value)
        guard let level = target.target else { return "ceiling \(ceiling)" }
        return "\(WrittenUnit.loudness.text(level.value)), ceiling \(ceiling), by \(word(target.scope))"
    }

    // MARK: Deliveries

    private mutating func compareDeliveries(_ a: [Delivery], _ b: [Delivery]) {
        guard a != b else { return }
        var pairing = Pairing(a.count, b.count)
        pairing.pairBest(
            score: { i, j in
                if a[i] == b[j] { return 100 }
                let alike =
                    (a[i].format == b[j].format ? 3 : 0) + (a[i].samples == b[j].samples ? 2 : 0)
                    + (a[i].rateHertz == b[j].rateHertz ? 2 : 0) + (a[i].folder == b[j].folder ? 2 : 0)
                    + (a[i].dither == b[j].dither ? 1 : 0)
                return alike >= 5 ? alike : nil
            }, distance: { abs($0 - $1) })
        pairing.finish()
        for index in pairing.onlyA {
            let text = Self.summary(a[index])
            add(.removed, "delivery", from: text, to: nil, isHeard: true, .init("", "no longer delivered: \(text)"))
        }
        for index in pairing.onlyB {
            let text = Self.summary(b[index])
            add(.added, "delivery", from: nil, to: text, isHeard: true, .init("", "new delivery: \(text)"))
        }
        for (i, j) in pairing.pairs { compare(a[i], b[j]) }
        for (i, j) in pairing.moved(name: { min(Self.summary(a[$0]), Self.summary(b[$1])) }) {
            let words = SessionChange.Words("", "delivery \(Self.summary(b[j])) moved from \(i + 1) to \(j + 1)")
            add(.moved, "delivery order", from: "\(i + 1)", to: "\(j + 1)", isHeard: false, words)
        }
    }

    private mutating func compare(_ a: Delivery, _ b: Delivery) {
        guard a != b else { return }
        let label = "delivery \(Self.summary(a))"
        func field(_ name: String, _ from: String, _ to: String, isHeard: Bool = true) {
            guard from != to else { return }
            add(
                .changed, "delivery \(name)", from: from, to: to, isHeard: isHeard,
                .init("\(label):", "\(name) \(from) to \(to)"))
        }
        field("format", a.format.rawValue, b.format.rawValue)
        field("bits", Self.bits(a.samples), Self.bits(b.samples))
        field("rate", Self.rate(a.rateHertz), Self.rate(b.rateHertz))
        field("dither", a.dither.rawValue, b.dither.rawValue)
        field("folder", a.folder ?? "by format", b.folder ?? "by format", isHeard: false)
        var rest = a
        rest.format = b.format
        rest.samples = b.samples
        rest.rateHertz = b.rateHertz
        rest.dither = b.dither
        rest.folder = b.folder
        // A folder may be called what stands for none.
        if rest != b || (a.folder != b.folder && (a.folder ?? "by format") == (b.folder ?? "by format")) {
            addUnknown(label)
        }
    }

    private static func bits(_ samples: SampleFormat) -> String {
        samples.isFloat ? "\(samples.bitCount)-float" : "\(samples.bitCount)"
    }

    private static func rate(_ rateHertz: Int?) -> String {
        rateHertz.map { WrittenUnit.table(.hertz).text(Double($0)) } ?? "the album's"
    }

    private static func summary(_ delivery: Delivery) -> String {
        var words = [delivery.format == .wav ? "WAV" : "FLAC", "\(bits(delivery.samples)) bit"]
        if let rateHertz = delivery.rateHertz { words.append(rate(rateHertz)) }
        if delivery.dither == .shaped || (delivery.dither == .none && !delivery.samples.isFloat) {
            words.append("dither \(delivery.dither.rawValue)")
        }
        if let folder = delivery.folder { words.append("in \(folder)") }
        return words.joined(separator: " ")
    }

    // MARK: Changes of the album

    private mutating func add(
        _ kind: SessionChange.Kind, _ parameter: String, from: String?, to: String?, isHeard: Bool,
        _ words: SessionChange.Words
    ) {
        let (title, former) = (after.album.title, before.album.title)
        let item = SessionChange.Item(kind: .album, name: title, formerName: former == title ? nil : former)
        changes.append(
            SessionChange(
                kind: kind, song: nil, songNumber: nil, item: item, part: nil, parameter: parameter, from: from, to: to,
                stretches: [], isHeard: isHeard, words: words))
    }

    private mutating func addUnknown(_ what: String) {
        add(
            .changed, what, from: nil, to: nil, isHeard: true,
            .init("", "something else of \(what) changed, which has no words here yet"))
    }
}
