internal import Quantities
internal import Session

/// A song and the session that it is from.
struct ComparedSong {
    var song: Song
    var session: ComparedSession

    func source(_ index: Int) -> SourceFile? { song.sources.indices.contains(index) ? song.sources[index] : nil }

    func fileName(of source: Int) -> String {
        self.source(source).map { SessionDiff.fileName($0.path) } ?? "file \(source + 1)"
    }
}

/// Finds what changed in one song.
struct SongComparison {
    let before: ComparedSong
    let after: ComparedSong
    let number: Int
    /// Which files are the same, by index.
    let files: Pairing
    let tracks: Pairing
    let buses: Pairing
    let returns: Pairing
    /// By how much musical times grew: the earlier tempo over the later one; nil where they are the same.
    let tempoRatio: (above: Int128, below: Int128)?
    /// Whether a time and a channel's index mean the same on both sides: the usual case.
    let isSameRouting: Bool
    /// Likewise a file's index: what is equal in the model is equal.
    let isPlain: Bool
    var changes: [SessionChange] = []

    var a: Song { before.song }
    var b: Song { after.song }

    private init(_ before: ComparedSong, _ after: ComparedSong, number: Int) {
        self.before = before
        self.after = after
        self.number = number
        tempoRatio = Self.tempoRatio(before.song.timebase, after.song.timebase)
        let matching = ChannelMatching(before, after)
        files = matching.files
        tracks = matching.tracks
        buses = matching.buses
        returns = matching.returns
        isSameRouting =
            before.song.rateHertz == after.song.rateHertz && tempoRatio == nil
            && [tracks, buses, returns].allSatisfy(\.isIdentity)
        isPlain = isSameRouting && files.isIdentity
    }

    private static func tempoRatio(_ a: Timebase?, _ b: Timebase?) -> (above: Int128, below: Int128)? {
        guard let a, let b else { return nil }
        let above = Int128(a.tempoNumerator) * Int128(b.tempoDenominator)
        let below = Int128(b.tempoNumerator) * Int128(a.tempoDenominator)
        return above == below ? nil : (above, below)
    }

    static func changes(from before: ComparedSong, to after: ComparedSong, number: Int) -> [SessionChange] {
        // One file read twice: the greater part of every album.
        if before.song == after.song, before.session.folder == after.session.folder,
            before.session.contents == after.session.contents
        {
            return []
        }
        var comparison = SongComparison(before, after, number: number)
        comparison.run()
        return comparison.changes
    }

    private mutating func run() {
        compareSong()
        compareFiles()
        for (i, j) in tracks.pairs { compare(a.tracks[i], b.tracks[j]) }
        for (i, j) in buses.pairs { compare(a.buses[i], b.buses[j], .bus) }
        for (i, j) in returns.pairs { compare(a.returns[i], b.returns[j], .returned) }
        compareChannelLists(.track, tracks, a.tracks.map(\.name), b.tracks.map(\.name))
        compareChannelLists(.bus, buses, a.buses.map(\.name), b.buses.map(\.name))
        compareChannelLists(.returned, returns, a.returns.map(\.name), b.returns.map(\.name))
        compareMaster()
        checkNothingIsLeft()
    }

    // MARK: The song itself

    private mutating func compareSong() {
        let song = songItem
        if a.title != b.title {
            add(
                .renamed, song, "title", from: a.title, to: b.title, isHeard: false,
                .init("", "renamed, it was \(a.title)"))
        }
        if a.rateHertz != b.rateHertz {
            let unit = WrittenUnit.table(.hertz)
            let (from, to) = (Double(a.rateHertz), Double(b.rateHertz))
            add(.changed, song, "rate", from: unit.text(from), to: unit.text(to), .init("rate", unit.change(from, to)))
        }
        if a.seed != b.seed {
            add(.changed, song, "seed", from: "\(a.seed)", to: "\(b.seed)", .init("seed", "\(a.seed) to \(b.seed)"))
        }
        compareTempo(song)
        compareLengths(song)
        if !isSame(a.tailLimitFrames, b.tailLimitFrames) {
            let texts = TimeText.durations(a.tailLimitFrames, a.rateHertz, b.tailLimitFrames, b.rateHertz)
            add(
                .changed, song, "tail-limit", from: texts.from, to: texts.to,
                .init("tail-limit", "\(texts.from) to \(texts.to)"))
        }
    }

    private mutating func compareTempo(_ song: SessionChange.Item) {
        let (x, y) = (a.timebase, b.timebase)
        if Self.tempo(x) != Self.tempo(y) {
            let note = tempoRatio == nil ? "" : ", and with it what lies in bars and beats"
            add(
                .changed, song, "tempo", from: Self.tempo(x), to: Self.tempo(y),
                .init("tempo", "\(Self.tempo(x) ?? "none") to \(Self.tempo(y) ?? "none")\(note)"))
        }
        let meters = [x, y].map { timebase in timebase.map { "\($0.meter.beatsPerBar)/\($0.meter.beatUnit)" } }
        if let from = meters[0], let to = meters[1], from != to {
            add(.changed, song, "meter", from: from, to: to, .init("meter", "\(from) to \(to)"))
        }
    }

    private static func tempo(_ timebase: Timebase?) -> String? {
        timebase.map { DecimalDigits(Double($0.tempoNumerator) / Double($0.tempoDenominator))?.text() ?? "" }
    }

    private mutating func compareLengths(_ song: SessionChange.Item) {
        guard a.lengthFrames.map(inLaterFrames) != b.lengthFrames else { return }
        if let from = a.lengthFrames, let to = b.lengthFrames {
            guard !isSame(from, to) else { return }
            let texts = TimeText.places(from, a.rateHertz, to, b.rateHertz)
            let distance = TimeText.distance(to - inLaterFrames(from), rateHertz: b.rateHertz)
            let way = to > inLaterFrames(from) ? "longer" : "shorter"
            add(
                .changed, song, "length", from: texts.from, to: texts.to,
                stretches: [stretch(min(inLaterFrames(from), to), nil)],
                .init("length", "\(texts.from) to \(texts.to) (\(distance) \(way))"))
            return
        }
        let from = a.lengthFrames.map { TimeText.clock($0, rateHertz: a.rateHertz) }
        let to = b.lengthFrames.map { TimeText.clock($0, rateHertz: b.rateHertz) }
        let ending = "by its clips and tails"
        add(
            .changed, song, "length", from: from, to: to,
            .init("length", "\(from ?? ending) to \(to ?? ending)"))
    }

    // MARK: Files

    private mutating func compareFiles() {
        for (i, j) in files.pairs {
            let (x, y) = (a.sources[i], b.sources[j])
            let (nameA, nameB) = (before.session.name(of: x), after.session.name(of: y))
            var facts: [String] = []
            if x.frameCount != y.frameCount {
                let texts = TimeText.places(x.frameCount, x.rateHertz, y.frameCount, y.rateHertz)
                facts.append("\(texts.from) to \(texts.to) long")
            }
            if x.rateHertz != y.rateHertz {
                facts.append(WrittenUnit.table(.hertz).change(Double(x.rateHertz), Double(y.rateHertz)))
            }
            if x.channelCount != y.channelCount { facts.append("\(x.channelCount) to \(y.channelCount) channels") }
            if x.samples != y.samples { facts.append("\(Self.bits(x.samples)) to \(Self.bits(y.samples)) bit") }
            var contents = (before.session.contents[x.path], after.session.contents[y.path])
            if let sounds = before.session.sounds[x.path], let other = after.session.sounds[y.path] {
                contents = (sounds, other)
            }
            let isKnown = contents.0 != nil && contents.1 != nil
            if isKnown, contents.0 != contents.1 { facts.append("content changed") }
            if nameA != nameB { facts.append("read from \(nameB), was \(nameA)") }
            var rest = x
            rest.path = y.path
            rest.rateHertz = y.rateHertz
            rest.channelCount = y.channelCount
            rest.frameCount = y.frameCount
            rest.samples = y.samples
            if rest != y { facts.append("changed in a way that has no words here yet") }
            guard !facts.isEmpty else { continue }
            let isOnlyElsewhere = facts.count == 1 && nameA != nameB
            add(
                .changed, user(of: (i, j)), "file", from: nameA, to: nameB, part: nil,
                isHeard: !(isOnlyElsewhere && isKnown),
                .init(
                    "file \(SessionDiff.fileName(y.path))", facts.joined(separator: ", "), countedAs: "file",
                    countedVerb: isOnlyElsewhere ? "read from another folder" : "changed"))
        }
    }

    /// The one channel that plays a file on both sides, or the song.
    private func user(of sources: (a: Int, b: Int)) -> SessionChange.Item {
        let (usersA, usersB) = (Self.users(of: sources.a, in: a), Self.users(of: sources.b, in: b))
        guard usersA.count == 1, usersB.count == 1 else { return songItem }
        switch (usersA[0], usersB[0]) {
        case (nil, nil): return masterItem
        case (let x?, let y?) where isSame(x, y):
            let kind: SessionChange.Item.Kind =
                switch y {
                case .track: .track
                case .bus: .bus
                case .returned: .returned
                }
            let (former, name) = (name(of: x, in: a), name(of: y, in: b))
            return .init(kind: kind, name: name, formerName: former == name ? nil : former)
        default: return songItem
        }
    }

    /// Channels that play a file; nil is the master.
    private static func users(of source: Int, in song: Song) -> [ChannelReference?] {
        var users: [ChannelReference?] = []
        for (index, track) in song.tracks.enumerated() {
            let isUsed = track.clips.contains { $0.source == source } || uses(source, track.devices)
            if isUsed { users.append(.track(index)) }
        }
        for (index, bus) in song.buses.enumerated() where uses(source, bus.devices) { users.append(.bus(index)) }
        for (index, bus) in song.returns.enumerated() where uses(source, bus.devices) { users.append(.returned(index)) }
        if uses(source, song.master.devices) { users.append(nil) }
        return users
    }

    private static func uses(_ source: Int, _ devices: [Device]) -> Bool {
        devices.contains { $0.sources.contains(source) }
    }

    private static func bits(_ samples: SampleFormat) -> String {
        samples.isFloat ? "\(samples.bitCount)-float" : "\(samples.bitCount)"
    }

    // MARK: Channels

    private mutating func compare(_ x: Track, _ y: Track) {
        let item = SessionChange.Item(kind: .track, name: y.name, formerName: x.name == y.name ? nil : x.name)
        let count = changes.count
        compareNames(item)
        compareClips(x.clips, y.clips, item)
        compareDevices(x.devices, y.devices, item)
        compare(x.mixer, y.mixer, item)
        var rest = x
        rest.name = y.name
        rest.clips = y.clips
        rest.devices = y.devices
        rest.mixer = y.mixer
        if rest != y { addUnknown(item, "this track") }
        check(x, y, since: count, item, "this track")
    }

    private mutating func compare(_ x: Bus, _ y: Bus, _ kind: SessionChange.Item.Kind) {
        let item = SessionChange.Item(kind: kind, name: y.name, formerName: x.name == y.name ? nil : x.name)
        let count = changes.count
        compareNames(item)
        compareDevices(x.devices, y.devices, item)
        compare(x.mixer, y.mixer, item)
        var rest = x
        rest.name = y.name
        rest.devices = y.devices
        rest.mixer = y.mixer
        if rest != y { addUnknown(item, "this \(kind.rawValue)") }
        check(x, y, since: count, item, "this \(kind.rawValue)")
    }

    private mutating func compareNames(_ item: SessionChange.Item) {
        guard let former = item.formerName else { return }
        add(
            .renamed, item, "name", from: former, to: item.name, isHeard: false,
            .init("", "renamed to \(item.name)"))
    }

    private mutating func compareMaster() {
        let count = changes.count
        compareDevices(a.master.devices, b.master.devices, masterItem)
        compareCurves(
            masterItem, part: nil, "fader", .decibels,
            Curve(fixed: a.master.fader.value, points: a.master.faderAutomation, isGain: true),
            Curve(fixed: b.master.fader.value, points: b.master.faderAutomation, isGain: true))
        var rest = a.master
        rest.devices = b.master.devices
        rest.fader = b.master.fader
        rest.faderAutomation = b.master.faderAutomation
        if rest != b.master { addUnknown(masterItem, "the master") }
        check(a.master, b.master, since: count, masterItem, "the master")
    }

    private mutating func compareChannelLists(
        _ kind: SessionChange.Item.Kind, _ pairing: Pairing, _ namesA: [String], _ namesB: [String]
    ) {
        for index in pairing.onlyA {
            let item = SessionChange.Item(kind: kind, name: namesA[index])
            add(.removed, item, "", from: namesA[index], to: nil, .init("", "removed"))
        }
        for index in pairing.onlyB {
            let item = SessionChange.Item(kind: kind, name: namesB[index])
            add(
                .added, item, "", from: nil, to: namesB[index],
                .init("", "added\(contents(of: kind, index))"))
        }
        for (i, j) in pairing.moved(name: { min(namesA[$0], namesB[$1]) }) {
            let former = namesA[i] == namesB[j] ? nil : namesA[i]
            let item = SessionChange.Item(kind: kind, name: namesB[j], formerName: former)
            add(
                .moved, item, "order", from: "\(i + 1)", to: "\(j + 1)",
                .init("", "moved from \(kind.rawValue) \(i + 1) to \(j + 1)"))
        }
    }

    /// What a new channel brings: ": 3 clips, equalizer, compressor".
    private func contents(of kind: SessionChange.Item.Kind, _ index: Int) -> String {
        let clips = kind == .track ? b.tracks[index].clips.count : 0
        let devices =
            kind == .track
            ? b.tracks[index].devices : kind == .bus ? b.buses[index].devices : b.returns[index].devices
        var parts = clips == 0 ? [] : [clips == 1 ? "1 clip" : "\(clips) clips"]
        parts += devices.map(\.kind.rawValue)
        return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }

    /// Whatever differs although nothing was found.
    private mutating func checkNothingIsLeft() {
        var rest = a
        rest.title = b.title
        rest.rateHertz = b.rateHertz
        rest.timebase = b.timebase
        rest.seed = b.seed
        rest.sources = b.sources
        rest.tracks = b.tracks
        rest.buses = b.buses
        rest.returns = b.returns
        rest.master = b.master
        rest.lengthFrames = b.lengthFrames
        rest.tailLimitFrames = b.tailLimitFrames
        if rest != b { addUnknown(songItem, "this song") }
        guard changes.isEmpty else { return }
        var earlier = a
        // 120 and 120.0 are one tempo.
        if Self.tempo(a.timebase) == Self.tempo(b.timebase), a.timebase?.meter == b.timebase?.meter {
            earlier.timebase = b.timebase
        }
        for (i, j) in files.pairs where i == j { earlier.sources[i].path = b.sources[j].path }
        guard earlier != b else { return }
        if earlier.sources != b.sources {
            add(.changed, songItem, "order of files", from: nil, to: nil, .init("order of files", "changed"))
        } else {
            addUnknown(songItem, "this song")
        }
    }

    // MARK: What the parts share

    var songItem: SessionChange.Item {
        .init(kind: .song, name: b.title, formerName: a.title == b.title ? nil : a.title)
    }
    var masterItem: SessionChange.Item { .init(kind: .master, name: "master") }

    mutating func add(
        _ kind: SessionChange.Kind, _ item: SessionChange.Item, _ parameter: String, from: String?, to: String?,
        part: String? = nil, stretches: [SessionChange.Stretch] = [], isHeard: Bool = true,
        _ words: SessionChange.Words
    ) {
        changes.append(
            SessionChange(
                kind: kind, song: b.title, songNumber: number, item: item, part: part, parameter: parameter, from: from,
                to: to, stretches: stretches, isHeard: isHeard, words: words))
    }

    /// Tells of a difference in which no change was found.
    ///
    /// - Parameter count: how many changes there were before `x` and `y` were compared.
    mutating func check<Value: Equatable>(
        _ x: Value, _ y: Value, since count: Int, _ item: SessionChange.Item, _ what: String, part: String? = nil
    ) {
        if isPlain, changes.count == count, x != y { addUnknown(item, what, part: part) }
    }

    mutating func addUnknown(_ item: SessionChange.Item, _ what: String, part: String? = nil) {
        add(
            .changed, item, "", from: nil, to: nil, part: part,
            .init("", "something else of \(what) changed, which has no words here yet"))
    }

    /// A time of the earlier song in frames of the later one.
    func inLaterFrames(_ frames: Int) -> Int {
        guard a.rateHertz != b.rateHertz, a.rateHertz > 0 else { return frames }
        let scaled = Int128(frames) * Int128(b.rateHertz)
        return Int((scaled + Int128(a.rateHertz / 2)) / Int128(a.rateHertz))
    }

    /// Whether two times are the same, or one at the other's tempo; but for the rounding to frames in both cases.
    func isSame(_ framesA: Int, _ framesB: Int) -> Bool { isSamePlace(inLaterFrames(framesA), framesB) }

    /// As `isSame`, with both in frames of the later song.
    func isSamePlace(_ earlier: Int, _ later: Int) -> Bool {
        if earlier == later { return true }
        if a.rateHertz != b.rateHertz, abs(earlier - later) <= 1 { return true }
        guard let scaled = atLaterTempo(earlier) else { return false }
        return abs(scaled - later) <= 1
    }

    /// Where a time in bars and beats went with the tempo; nil where the tempo is the same.
    func atLaterTempo(_ frames: Int) -> Int? {
        guard let tempoRatio else { return nil }
        return Int((Int128(frames) * tempoRatio.above + tempoRatio.below / 2) / tempoRatio.below)
    }

    /// A stretch of the later song's timeline.
    func stretch(_ start: Int, _ end: Int?) -> SessionChange.Stretch {
        let rate = Double(max(1, b.rateHertz))
        return .init(startSeconds: Double(start) / rate, endSeconds: end.map { Double($0) / rate })
    }
}
