internal import Session

extension SongComparison {
    mutating func compareDevices(_ x: [Device], _ y: [Device], _ item: SessionChange.Item) {
        if x == y, isPlain { return }
        let pairing = pairing(x, y)
        for index in pairing.onlyA {
            let device = x[index]
            add(
                .removed, item, "", from: summary(device), to: nil, part: name(device, index, in: x),
                .init("", "removed", countedAs: device.kind.rawValue))
        }
        for index in pairing.onlyB {
            let device = y[index]
            let place =
                y.count == 1 ? "" : index == 0 ? " at the top of the chain" : " after \(y[index - 1].kind.rawValue)"
            let settings = summary(device)
            add(
                .added, item, "", from: nil, to: settings, part: name(device, index, in: y),
                .init("", "added\(place)" + (settings.isEmpty ? "" : ": \(settings)"), countedAs: device.kind.rawValue))
        }
        for (i, j) in pairing.pairs {
            // The number as it is now; a chain that lost its first equalizer has its second as the first.
            let (former, now) = (name(x[i], i, in: x), name(y[j], j, in: y))
            compare(x[i], y[j], item, former == now || !now.contains(" ") ? now : "\(now) (was \(former))")
        }
        let key = { (i: Int, j: Int) in
            min("\(x[i].kind.rawValue) \(x[i].values)", "\(y[j].kind.rawValue) \(y[j].values)")
        }
        for (i, j) in pairing.moved(name: key) {
            let place = j == 0 ? "to the top of the chain" : "after \(name(y[j - 1], j - 1, in: y))"
            add(
                .moved, item, "order", from: "\(i + 1)", to: "\(j + 1)", part: name(y[j], j, in: y),
                .init("", "moved \(place)", countedAs: y[j].kind.rawValue))
        }
    }

    /// "compressor", or "compressor 2" where the chain has more of them.
    private func name(_ device: Device, _ index: Int, in chain: [Device]) -> String {
        let kind = device.kind
        guard chain.count(where: { $0.kind == kind }) > 1 else { return kind.rawValue }
        return "\(kind.rawValue) \(chain[...index].count { $0.kind == kind })"
    }

    /// What is alike first, then what is of the same kind.
    private func pairing(_ x: [Device], _ y: [Device]) -> Pairing {
        var pairing = Pairing(x.count, y.count)
        pairing.pairBest(
            score: { i, j in
                guard x[i].kind == y[j].kind else { return nil }
                let size = max(1, max(x[i].values.count, y[j].values.count))
                let alike = zip(x[i].values, y[j].values).count { $0 == $1 }
                return alike * 1000 / size + (x[i].automation == y[j].automation ? 1 : 0)
            }, distance: { abs($0 - $1) })
        pairing.finish()
        return pairing
    }

    /// Its settings that are not the default, as a session file has them.
    private func summary(_ device: Device) -> String {
        let row = device.kind.description
        var parts = Self.settings(
            row.parameters, device.values[..<min(row.parameters.count, device.values.count)], self)
        if let bands = row.bands {
            let count = (device.values.count - row.parameters.count) / max(1, bands.parameters.count)
            parts.append("\(count) band\(count == 1 ? "" : "s")")
        }
        return parts.joined(separator: ", ")
    }

    private static func settings(
        _ rows: [ParameterDescription], _ values: ArraySlice<Double>, _ song: SongComparison
    ) -> [String] {
        zip(rows, values).compactMap { row, value in
            guard value != row.defaultValue else { return nil }
            return "\(row.name) \(song.unit(row).shortText(song.written(value, row, song.b.rateHertz)))"
        }
    }

    // MARK: Parameters

    private func unit(_ row: ParameterDescription) -> WrittenUnit { .table(row.unit) }

    /// A delay's frames as seconds; all else as it is.
    private func written(_ value: Double, _ row: ParameterDescription, _ rateHertz: Int) -> Double {
        row.unit == .delayFrames ? value / Double(max(1, rateHertz)) : value
    }

    private mutating func compare(_ x: Device, _ y: Device, _ item: SessionChange.Item, _ part: String) {
        let row = y.kind.description
        let count = changes.count
        let size = row.bands?.parameters.count ?? 0
        let isWellFormed = [x, y].allSatisfy { device in
            let rest = device.values.count - row.parameters.count
            return rest >= 0 && (size == 0 ? rest == 0 : rest % size == 0)
        }
        guard isWellFormed else {
            if x != y { addUnknown(item, "this device", part: part) }
            return
        }
        for index in row.parameters.indices {
            compareParameter(item, part, "", row.parameters[index], (x, index), (y, index))
        }
        if let bands = row.bands { compareBands(x, y, row, bands, item, part) }
        if !isSame(x.key, y.key) {
            let (from, to) = (name(of: x.key, in: a), name(of: y.key, in: b))
            add(
                .changed, item, "key", from: x.key.map { _ in from }, to: y.key.map { _ in to }, part: part,
                .init("key", "\(from) to \(to)"))
        }
        compareFiles(x, y, item, part)
        check(x, y, since: count, item, "this device", part: part)
        // What was compared in detail is alike now: anything else is not.
        var rest = x
        rest.values = y.values
        rest.key = y.key
        rest.sources = y.sources
        rest.automation = y.automation
        if rest != y { addUnknown(item, "this device", part: part) }
    }

    private mutating func compareFiles(_ x: Device, _ y: Device, _ item: SessionChange.Item, _ part: String) {
        let names = ["file", "right-file"]
        for index in 0..<max(x.sources.count, y.sources.count) {
            let (i, j) = (
                index < x.sources.count ? x.sources[index] : nil, index < y.sources.count ? y.sources[index] : nil
            )
            if let i, let j, later(i, files) == j { continue }
            let name = index < names.count ? names[index] : "file \(index + 1)"
            let (from, to) = (i.map(before.fileName), j.map(after.fileName))
            add(
                .changed, item, name, from: from, to: to, part: part,
                .init(name, "\(from ?? "none") to \(to ?? "none")"))
        }
    }

    private mutating func compareParameter(
        _ item: SessionChange.Item, _ part: String, _ band: String, _ row: ParameterDescription,
        _ x: (device: Device, index: Int), _ y: (device: Device, index: Int)
    ) {
        var value = written(x.device.values[x.index], row, a.rateHertz)
        let later = written(y.device.values[y.index], row, b.rateHertz)
        let isFrames = row.unit == .delayFrames
        // A time in beats follows the tempo; what is written in beats is in seconds or frames here.
        if let tempoRatio, isFrames || row.unit == .seconds {
            let scaled = value * Double(tempoRatio.above) / Double(tempoRatio.below)
            if (scaled - later).magnitude <= 1e-9 * max(1, later) { value = later }
        }
        if isFrames, max(value, later) < 1e6, isSame(Int(x.device.values[x.index]), Int(y.device.values[y.index])) {
            value = later
        }
        let points = { (device: Device, index: Int) in
            device.automation.first { $0.parameter == index }?.points ?? []
        }
        compareCurves(
            item, part: part, row.name, of: band, unit(row),
            Curve(fixed: value, points: points(x.device, x.index), isGain: row.unit == .decibels),
            Curve(fixed: later, points: points(y.device, y.index), isGain: row.unit == .decibels), isFixedHeard: true)
    }

    // MARK: Bands

    private mutating func compareBands(
        _ x: Device, _ y: Device, _ row: DeviceDescription, _ bands: BandDescription, _ item: SessionChange.Item,
        _ part: String
    ) {
        let (first, size) = (row.parameters.count, bands.parameters.count)
        let slices = { (device: Device) in
            stride(from: first, to: device.values.count, by: size).map { Array(device.values[$0..<$0 + size]) }
        }
        let (bandsA, bandsB) = (slices(x), slices(y))
        let pairing = pairing(bandsA, bandsB, bands)
        for index in pairing.onlyA {
            let text = settings(bandsA[index], bands)
            add(
                .removed, item, "band \(index + 1)", from: text, to: nil, part: part,
                .init("band \(index + 1)", "removed: \(text)"))
        }
        for index in pairing.onlyB {
            let text = settings(bandsB[index], bands)
            add(
                .added, item, "band \(index + 1)", from: nil, to: text, part: part,
                .init("band \(index + 1)", "added: \(text)"))
        }
        for (i, j) in pairing.pairs {
            let label = label(bandsA[i], bandsB[j], bands, number: j + 1)
            for (place, parameter) in bands.parameters.enumerated() {
                compareParameter(
                    item, part, label, parameter, (x, first + i * size + place), (y, first + j * size + place))
            }
        }
        for (i, j) in pairing.moved(name: { min("\(bandsA[$0])", "\(bandsB[$1])") }) {
            let label = label(bandsA[i], bandsB[j], bands, number: j + 1)
            add(
                .moved, item, "\(label) order", from: "\(i + 1)", to: "\(j + 1)", part: part,
                .init(label, "moved from band \(i + 1) to \(j + 1)"))
        }
    }

    /// By what they are and where they lie: the first word and the first frequency of the table's row.
    private func pairing(_ x: [[Double]], _ y: [[Double]], _ bands: BandDescription) -> Pairing {
        let form = Self.form(bands)
        let frequency = bands.parameters.firstIndex { $0.unit == .hertz }
        var pairing = Pairing(x.count, y.count)
        pairing.pairBest(
            score: { i, j in
                var score = zip(x[i], y[j]).count { $0 == $1 } * 100 / max(1, bands.parameters.count)
                if score == 100 { return 1000 }
                if let form, x[i][form] == y[j][form] { score += 200 }
                if let frequency {
                    let (low, high) = (min(x[i][frequency], y[j][frequency]), max(x[i][frequency], y[j][frequency]))
                    score += high <= low * 1.05 ? 200 : high <= low * 1.5 ? 150 : high <= low * 3 ? 60 : 0
                }
                return score >= 200 || (form == nil && x.count == y.count) ? score : nil
            }, distance: { abs($0 - $1) })
        pairing.finish()
        return pairing
    }

    /// The parameter that says what a band is, where there is one: a choice that must be made.
    private static func form(_ bands: BandDescription) -> Int? {
        bands.parameters.firstIndex { row in
            guard case .choice = row.unit else { return false }
            return row.defaultText == nil
        }
    }

    /// "band 2 (bell 400 Hz)": what both have of it.
    private func label(_ x: [Double], _ y: [Double], _ bands: BandDescription, number: Int) -> String {
        guard let form = Self.form(bands) else { return "band \(number)" }
        var words: [String] = []
        if x[form] == y[form] { words.append(unit(bands.parameters[form]).text(y[form])) }
        if let place = bands.parameters.firstIndex(where: { $0.unit == .hertz }), x[place] == y[place] {
            words.append(unit(bands.parameters[place]).shortText(y[place]))
        }
        return words.isEmpty ? "band \(number)" : "band \(number) (\(words.joined(separator: " ")))"
    }

    private func settings(_ band: [Double], _ bands: BandDescription) -> String {
        let parts = zip(bands.parameters, band).compactMap { row, value -> String? in
            guard value != row.defaultValue else { return nil }
            let text = unit(row).shortText(value)
            return row.defaultText == nil ? text : "\(row.name) \(text)"
        }
        return parts.isEmpty ? "as it comes" : parts.joined(separator: ", ")
    }
}
