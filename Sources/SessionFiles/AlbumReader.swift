internal import Quantities
internal import Session

/// Reads the mapping of an album file.
struct AlbumReader {
    let reading: Reading
    let scope: FileScope

    static let standardDelivery = Delivery(format: .wav, samples: .integer24, dither: .tpdf)
    private static let defaultRateHertz = 48_000

    func read(_ root: DocumentNode) -> Album? {
        guard let fields = Fields(root, Schema.album, scope) else { return nil }
        _ = fields.choice("lathe")
        let title = fields.text("album")
        let artist = fields.text("artist")
        let rate = fields.sessionRate("rate") ?? Self.defaultRateHertz
        let loudness = loudness(fields)
        let deliveries = deliveries(fields, rate)
        let entries = songs(fields, rate)
        guard let title, let loudness else { return nil }
        return Album(
            title: title, artist: artist ?? "", songs: entries, loudness: loudness, deliveries: deliveries)
    }

    private func songs(_ fields: Fields, _ rate: Int) -> [AlbumEntry] {
        let items = fields.list("songs")
        if items.isEmpty, fields.has("songs") {
            scope.report(
                "an album needs a song", remedy: "add `- file: song.yaml`", at: fields.place(of: "songs"))
        }
        guard items.count <= SessionLimits.songs else {
            scope.report(
                "an album has at most \(SessionLimits.songs) songs", remedy: "split it",
                at: fields.place(of: "songs"))
            return []
        }
        let times = TimeParser(rateHertz: rate, timebase: nil)
        var entries: [AlbumEntry] = []
        for item in items {
            guard let entry = Fields(item, Schema.albumSong, scope) else { continue }
            let gap = entry.seconds("gap", times)?.seconds ?? 0
            guard let file = entry.text("file") else { continue }
            let path = Files.join(scope.folder, file)
            let kind = reading.files.kind(of: path)
            guard kind == .file else {
                scope.report(
                    Reading.absent(path, kind, suffixes: [".yaml", ".yml"], in: reading.files),
                    at: entry.place(of: "file"))
                continue
            }
            if let song = reading.song(path, albumRateHertz: rate) {
                entries.append(AlbumEntry(song: song, gapSeconds: gap))
            }
        }
        return entries
    }

    private func loudness(_ album: Fields) -> LoudnessTarget? {
        guard let node = album.node("loudness") else { return LoudnessTarget(scope: .album) }
        if case .scalar(let text, _) = node.content {
            if text == "none" { return LoudnessTarget(isEnabled: false) }
            scope.report(
                "`\(text)` is not a loudness target",
                remedy: "write `none`, or as in `{target: -14 LUFS, ceiling: -1 dBTP}`", at: node.place)
            return nil
        }
        guard let fields = Fields(node, Schema.loudness, scope) else { return nil }
        let target = fields.quantity("target").map(LUFS.init)
        let ceiling = fields.quantity("ceiling")
        let maximum = fields.quantity("max-limiting")
        guard let by = fields.choice("by"), let ceiling, let maximum else { return nil }
        return LoudnessTarget(
            target: target, ceiling: DecibelsTruePeak(ceiling), scope: by == "song" ? .song : .album,
            maximumLimiting: Decibels(maximum))
    }

    // MARK: Deliveries

    private func deliveries(_ album: Fields, _ albumRate: Int) -> [Delivery] {
        guard album.has("deliver") else { return [Self.standardDelivery] }
        let items = album.list("deliver")
        if items.isEmpty {
            scope.report(
                "`deliver` names no files", remedy: "add `- {format: wav, bits: 24}`, or remove the key",
                at: album.place(of: "deliver"))
        }
        guard items.count <= SessionLimits.deliveries else {
            scope.report(
                "an album has at most \(SessionLimits.deliveries) deliveries", remedy: "remove some",
                at: album.place(of: "deliver"))
            return []
        }
        var found: [(delivery: Delivery, place: Place)] = []
        for item in items {
            guard let fields = Fields(item, Schema.delivery, scope), let delivery = delivery(fields) else {
                continue
            }
            found.append((delivery, fields.place))
        }
        reportCollisions(found, albumRate)
        return found.map(\.delivery)
    }

    private func delivery(_ fields: Fields) -> Delivery? {
        let format = fields.choice("format", as: Delivery.FileFormat.self)
        let bits = fields.choice("bits")
        let rate = fields.sessionRate("rate")
        let dither = fields.choice("dither", as: Delivery.Dither.self)
        let folder = folder(fields)
        guard let format, let bits else { return nil }
        let samples: SampleFormat = bits == "16" ? .integer16 : bits == "24" ? .integer24 : .float32
        if samples == .float32, format == .flac {
            scope.report(
                "FLAC holds no floating point", remedy: "use 16 or 24 bits, or wav",
                at: fields.place(of: "bits"))
        }
        if samples == .float32, let dither, dither != .none {
            scope.report(
                "floating point needs no dither", remedy: "remove `dither`", at: fields.place(of: "dither"))
        }
        return Delivery(
            format: format, samples: samples, rateHertz: rate,
            dither: dither ?? (samples.isFloat ? .none : .tpdf),
            folder: folder)
    }

    private func folder(_ fields: Fields) -> String? {
        guard let folder = fields.text("folder") else { return nil }
        let steps = folder.split(separator: "/", omittingEmptySubsequences: false)
        if folder.hasPrefix("/") || steps.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            scope.report(
                "`\(folder)` is not a folder below the render's", remedy: "write a name, as in `CD`",
                at: fields.place(of: "folder"))
            return nil
        }
        if steps[0] == "stems" {
            scope.report(
                "the folder `stems` is where stems go", remedy: "use another name",
                at: fields.place(of: "folder"))
            return nil
        }
        return folder
    }

    /// Two entries whose files would have the same names.
    private func reportCollisions(_ found: [(delivery: Delivery, place: Place)], _ albumRate: Int) {
        for (index, entry) in found.enumerated() {
            let earlier = found[..<index]
            let twin = earlier.first {
                Self.resolved($0.delivery, albumRate) == Self.resolved(entry.delivery, albumRate)
            }
            if let twin {
                scope.report(
                    "this delivery is the same as the one on line \(twin.place.line)", remedy: "remove one",
                    at: entry.place)
                continue
            }
            let clash = earlier.first {
                $0.delivery.format == entry.delivery.format
                    && Self.folderKey($0.delivery, albumRate) == Self.folderKey(entry.delivery, albumRate)
            }
            if let clash {
                scope.report(
                    "this delivery would write the same files as the one on line \(clash.place.line)",
                    remedy: "give one of them another `folder`", at: entry.place)
            }
        }
    }

    private static func resolved(_ delivery: Delivery, _ albumRate: Int) -> Delivery {
        var result = delivery
        result.rateHertz = delivery.rateHertz ?? albumRate
        return result
    }

    /// Folders without a name are named after format, bits and rate; compared without case, as some disks do.
    private static func folderKey(_ delivery: Delivery, _ albumRate: Int) -> String {
        if let folder = delivery.folder { return folder.lowercased() }
        return "\(delivery.format.rawValue) \(delivery.samples.bitCount)-\(delivery.rateHertz ?? albumRate)"
    }
}
