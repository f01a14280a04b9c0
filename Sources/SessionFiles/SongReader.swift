internal import Quantities
internal import Session

/// Reads the mapping of a song file.
final class SongReader {
    let reading: Reading
    let scope: FileScope
    private let albumRateHertz: Int?

    /// Of the song: set before anything with a time is read.
    private(set) var times = TimeParser(rateHertz: 48_000, timebase: nil)
    private(set) var channels = ChannelDirectory()
    private var sources: [SourceFile] = []
    private var sourceIndices: [SourceFile: Int] = [:]
    /// By the text of `file:`, as a song names the same few files over and over.
    private var sourceIndicesByText: [String: Int] = [:]
    var clipCount = 0
    var automationPointCount = 0
    /// Where each edge of the routing was written.
    private var edgePlaces: [RoutingEdge: Place] = [:]

    /// - Parameter albumRateHertz: nil for a song read alone.
    init(reading: Reading, scope: FileScope, albumRateHertz: Int?) {
        self.reading = reading
        self.scope = scope
        self.albumRateHertz = albumRateHertz
    }

    func read(_ root: DocumentNode) -> Song? {
        guard let fields = Fields(root, Schema.song, scope) else { return nil }
        _ = fields.choice("lathe")
        let title = fields.text("song")
        times = TimeParser(rateHertz: rate(fields), timebase: timebase(fields))
        let seed = fields.value("seed", QuantityParser.unsigned) ?? 0
        let length = fields.frames("length", times)
        let tailLimit = fields.frames("tail-limit", times)

        let trackFields = channelFields(fields, "tracks", Schema.track, limit: SessionLimits.tracks)
        let busFields = channelFields(fields, "buses", Schema.bus, limit: SessionLimits.buses)
        let returnFields = channelFields(fields, "returns", Schema.returned, limit: SessionLimits.returns)
        // Names before contents: a track may name a bus that is written further down.
        let trackNames = declare(trackFields, ChannelReference.track)
        let busNames = declare(busFields, ChannelReference.bus)
        let returnNames = declare(returnFields, ChannelReference.returned)

        let tracks = trackFields.indices.map { track(trackFields[$0], trackNames[$0], .track($0)) }
        let buses = busFields.indices.map { bus(busFields[$0], busNames[$0], .bus($0)) }
        let returns = returnFields.indices.map { bus(returnFields[$0], returnNames[$0], .returned($0)) }
        let master = fields.object("master").map(master) ?? Master()

        let hasClips = trackFields.contains { $0?.hasItems("clips") ?? false }
        if !hasClips, !fields.has("length") {
            scope.report(
                "this song has neither clips nor a length", remedy: "add clips to a track, or `length:`",
                at: fields.place)
        }
        let song = Song(
            title: title ?? "", rateHertz: times.rateHertz, seed: seed, sources: sources, tracks: tracks,
            buses: buses,
            returns: returns, master: master, lengthFrames: length, tailLimitFrames: tailLimit,
            timebase: times.timebase)
        reportCycles(song)
        return title == nil ? nil : song
    }

    // MARK: Song

    private func rate(_ fields: Fields) -> Int {
        let own = fields.sessionRate("rate")
        if let own, let albumRateHertz, own != albumRateHertz {
            scope.report(
                "this song's rate is \(own) Hz and its album's \(albumRateHertz) Hz",
                remedy: "remove `rate` here, or make the album's the same", at: fields.place(of: "rate"))
        }
        return albumRateHertz ?? own ?? 48_000
    }

    private func timebase(_ fields: Fields) -> Timebase? {
        let meter = fields.value("meter", QuantityParser.meter) ?? .common
        guard fields.quantity("tempo") != nil, let (text, place) = fields.scalar("tempo") else { return nil }
        do throws(Problem) {
            let tempo = try QuantityParser.tempo(text)
            return Timebase(
                tempoNumerator: tempo.numerator, tempoDenominator: tempo.denominator, meter: meter)
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    /// nil for an item that is no mapping: its place in the song is kept, so that indices stay right.
    private func channelFields(
        _ fields: Fields, _ name: String, _ schema: ObjectSchema, limit: Int
    ) -> [Fields?] {
        let items = fields.list(name)
        guard items.count <= limit else {
            scope.report(
                "`\(name)` holds \(items.count) entries", remedy: "use at most \(limit)",
                at: fields.place(of: name))
            return []
        }
        return items.map { Fields($0, schema, scope) }
    }

    private func declare(_ all: [Fields?], _ reference: (Int) -> ChannelReference) -> [String] {
        all.enumerated().map { index, fields in
            guard let fields, let name = fields.text("name") else { return "" }
            do throws(Problem) {
                try channels.declare(name, reference(index), on: fields.place(of: "name").line)
            } catch {
                scope.report(error, at: fields.place(of: "name"))
            }
            return name
        }
    }

    private func master(_ fields: Fields) -> Master {
        let automation = fields.object("automation")
        return Master(
            devices: devices(fields, of: nil), fader: gain(fields, "fader"),
            faderAutomation: automation.map { points($0, "fader", Self.gainValue("fader")) } ?? [])
    }

    // MARK: Sources and edges

    /// The index of an audio file among the song's sources; nil (reported) where it cannot be used.
    func source(_ file: String, at place: Place) -> Int? {
        if let known = sourceIndicesByText[file] { return known }
        do throws(Problem) {
            guard let found = try reading.source(Files.join(scope.folder, file)) else { return nil }
            let index = sourceIndices[found] ?? sources.count
            if index == sources.count { sources.append(found) }
            sourceIndices[found] = index
            sourceIndicesByText[file] = index
            return index
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    func sourceFile(_ index: Int) -> SourceFile { sources[index] }

    func note(_ edge: RoutingEdge, at place: Place) {
        if edgePlaces[edge] == nil { edgePlaces[edge] = place }
    }

    private func reportCycles(_ song: Song) {
        for cycle in song.routingCycles {
            // The last line of the circle is the likeliest to be the new one.
            let places = cycle.compactMap { edgePlaces[$0] }
            let place = places.max { ($0.line, $0.column) < ($1.line, $1.column) } ?? .start
            let names = (cycle + cycle.prefix(1)).map { song.name(of: $0.from) }
            let parts = Set(cycle.map(\.kind))
            let means =
                parts == [.key]
                ? "key" : parts.count == 1 && parts.contains(.output) ? "output" : "output, send or key"
            scope.report(
                "the routing goes in a circle: \(names.joined(separator: " -> "))",
                remedy: "change one \(means) on the way", at: place)
        }
    }
}

/// The names of a song's channels: tracks, buses and returns share one set.
struct ChannelDirectory {
    private var references: [String: (reference: ChannelReference, line: Int)] = [:]
    private(set) var trackNames: [String] = []
    private(set) var busNames: [String] = []
    private(set) var returnNames: [String] = []

    mutating func declare(_ name: String, _ reference: ChannelReference, on line: Int) throws(Problem) {
        if let reserved = reservedChannelNames.first(where: { $0.lowercased() == name.lowercased() }) {
            throw Problem("the name `\(reserved)` is reserved", remedy: "use another name")
        }
        if let first = references[name] {
            throw Problem(
                "two channels are called `\(name)` (the first is on line \(first.line))",
                remedy: "rename one of them")
        }
        references[name] = (reference, line)
        switch reference {
        case .track: trackNames.append(name)
        case .bus: busNames.append(name)
        case .returned: returnNames.append(name)
        }
    }

    func output(_ name: String) throws(Problem) -> Output {
        if name == "Master" { return .master }
        switch references[name]?.reference {
        case .bus(let index): return .bus(index)
        case .track: throw Problem("`\(name)` is a track", remedy: "an output is a bus or `Master`")
        case .returned: throw Problem("`\(name)` is a return", remedy: "use `sends:` to reach it")
        case nil: throw unknown(name, "output", busNames + ["Master"], "buses")
        }
    }

    func returned(_ name: String) throws(Problem) -> Int {
        switch references[name]?.reference {
        case .returned(let index): return index
        case .track: throw Problem("`\(name)` is a track", remedy: "sends go to returns")
        case .bus: throw Problem("`\(name)` is a bus", remedy: "sends go to returns; use `output:` for a bus")
        case nil: throw unknown(name, "return", returnNames, "returns")
        }
    }

    func key(_ name: String) throws(Problem) -> ChannelReference {
        if let found = references[name] { return found.reference }
        throw unknown(name, "track, bus or return", trackNames + busNames + returnNames, "")
    }

    private func unknown(_ name: String, _ noun: String, _ candidates: [String], _ list: String) -> Problem {
        let message = "there is no \(noun) called `\(name)`"
        if let near = nearestName(to: name, among: candidates) {
            return Problem(message, remedy: "did you mean `\(near)`")
        }
        if !candidates.isEmpty, candidates.count <= 8 {
            return Problem(message, remedy: "use one of \(candidates.joined(separator: ", "))")
        }
        return Problem(
            message, remedy: list.isEmpty ? "check the name" : "check the name, or add it to `\(list)`")
    }
}
