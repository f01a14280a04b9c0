internal import Quantities
internal import Session

extension SongReader {
    /// - Parameter owner: the channel that the devices are on; nil for the master.
    func devices(_ fields: Fields, of owner: ChannelReference?) -> [Device] {
        let items = fields.list("devices")
        guard items.count <= SessionLimits.devicesPerChannel else {
            scope.report(
                "a channel has at most \(SessionLimits.devicesPerChannel) devices",
                remedy: "use a bus for the rest",
                at: fields.place(of: "devices"))
            return []
        }
        return items.compactMap { device($0, owner) }
    }

    private func device(_ node: DocumentNode, _ owner: ChannelReference?) -> Device? {
        guard case .mapping(let pairs) = node.content, pairs.count == 1,
            case .scalar(let name, _) = pairs[0].key.content
        else {
            switch node.content {
            case .scalar(let name, _) where Schema.deviceNames.contains(name):
                scope.report("`\(name)` has no settings", remedy: "write `\(name): {}`", at: node.place)
            case .mapping(let pairs) where pairs.count > 1:
                scope.report(
                    "a device is one name with its settings, but this has \(pairs.count)",
                    remedy: "begin each device with `- `, and indent its settings", at: node.place)
            default:
                scope.report(
                    "a device is a name with its settings",
                    remedy: "write it as in `limiter: {ceiling: -1 dBTP}`",
                    at: node.place)
            }
            return nil
        }
        guard let kind = DeviceKind(rawValue: name) else {
            let near = nearestName(to: name, among: Schema.deviceNames)
            scope.report(
                "there is no device `\(name)`",
                remedy: near.map { "did you mean `\($0)`" }
                    ?? "use one of \(Schema.deviceNames.joined(separator: ", "))",
                at: pairs[0].key.place)
            return nil
        }
        guard let fields = Fields(pairs[0].value, Schema.object(name), scope) else { return nil }
        return device(kind, fields, owner)
    }

    private func device(_ kind: DeviceKind, _ fields: Fields, _ owner: ChannelReference?) -> Device? {
        let row = kind.description
        if kind == .delay { checkDelayTimes(fields) }
        var values: [Double?] = []
        for parameter in row.parameters {
            let isSide = kind == .delay && (parameter.name == "left" || parameter.name == "right")
            let isShared = isSide && !fields.has(parameter.name) && fields.has("time")
            values.append(value(of: parameter, key: isShared ? "time" : parameter.name, fields))
        }
        var automation = automation(fields, row.parameters, firstIndex: 0)
        if let bands = row.bands, let schema = Schema.band(of: row) {
            let items = bandItems(fields, row, bands)
            let allFields = items.map { Fields($0, schema, scope) }
            for band in allFields {
                if let band {
                    values += bands.parameters.map { value(of: $0, key: $0.name, band) }
                } else {
                    values += bands.parameters.map { _ in nil }
                }
            }
            for (index, band) in allFields.enumerated() {
                guard let band else { continue }
                let first = row.parameters.count + index * bands.parameters.count
                automation += self.automation(band, bands.parameters, firstIndex: first)
            }
            if kind == .equalizer { checkEqualizer(fields, bands: allFields.compactMap(\.self)) }
            if kind == .multiband, allFields.count > 1 { checkMultiband(allFields) }
        }
        let key = row.hasKey ? key(fields, owner) : nil
        let sources = sources(fields, kind)
        let known = values.compactMap(\.self)
        guard known.count == values.count, let sources, !values.isEmpty || row.parameters.isEmpty else { return nil }
        return Device(kind: kind, values: known, automation: automation, key: key, sources: sources)
    }

    /// A parameter in the table's unit; nil (reported, or for the required keys reported as missing) where it has none.
    private func value(of parameter: ParameterDescription, key: String, _ fields: Fields) -> Double? {
        switch parameter.unit {
        case .hertz:
            let value = fields.quantity(key)
            let limit = frequencyLimit
            if let value, value > limit, fields.has(key) {
                scope.report(Self.tooHigh(limit, times.rateHertz), at: fields.place(of: key))
                return nil
            }
            // A default means "as high as it goes".
            return value.map { min($0, limit) }
        case .decibels, .truePeak, .percent, .ratio, .number: return fields.quantity(key)
        case .seconds: return fields.seconds(key, times)?.seconds
        case .delayFrames: return fields.frames(key, times).map(Double.init)
        case .choice(let words): return fields.choice(key).flatMap(words.firstIndex).map(Double.init)
        case .onOff: return fields.boolean(key).map { $0 ? 1 : 0 }
        }
    }

    /// The warped frequency of a digital filter goes to infinity at half the rate.
    private var frequencyLimit: Double { Double(times.rateHertz) * 0.49 }

    private static func tooHigh(_ limit: Double, _ rateHertz: Int) -> Problem {
        Problem(
            "this frequency is too high for a rate of \(rateHertz) Hz", remedy: "use at most \(Int(limit)) Hz")
    }

    private func bandItems(_ fields: Fields, _ row: DeviceDescription, _ bands: BandDescription) -> [DocumentNode] {
        let items = fields.list("bands")
        if items.isEmpty, fields.has("bands") {
            scope.report(
                "this \(row.name) has no bands", remedy: "add one, or remove it", at: fields.place(of: "bands"))
        } else if items.count < bands.count.lowerBound, fields.has("bands") {
            scope.report(
                "\(row.noun) has at least \(bands.count.lowerBound) bands", remedy: "add one",
                at: fields.place(of: "bands"))
        }
        guard items.count <= bands.count.upperBound else {
            scope.report(
                "\(row.noun) has at most \(bands.count.upperBound) bands", remedy: "use a second one",
                at: fields.place(of: "bands"))
            return []
        }
        return items
    }

    /// `automation: {threshold: [...]}`.
    private func automation(
        _ fields: Fields, _ rows: [ParameterDescription], firstIndex: Int
    ) -> [DeviceAutomation] {
        guard rows.contains(where: \.isAutomatable), let node = fields.node("automation") else { return [] }
        guard case .mapping(let pairs) = node.content else {
            scope.report(
                "`automation` is a mapping, but this is \(node.kindName)",
                remedy: "write the name of a parameter and its points", at: node.place)
            return []
        }
        var found: [DeviceAutomation] = []
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else { continue }
            let names = rows.filter(\.isAutomatable).map(\.name)
            guard let place = rows.firstIndex(where: { $0.name == name && $0.isAutomatable }) else {
                let near = nearestName(to: name, among: names)
                scope.report(
                    rows.contains { $0.name == name }
                        ? "`\(name)` cannot be automated" : "`\(name)` is not a parameter of \(fields.schema.noun)",
                    remedy: near.map { "did you mean `\($0)`" } ?? "use one of \(names.joined(separator: ", "))",
                    at: key.place)
                continue
            }
            let points = points(of: value, name, reader(of: rows[place], in: fields.schema))
            if !points.isEmpty { found.append(DeviceAutomation(parameter: firstIndex + place, points: points)) }
        }
        return found.sorted { $0.parameter < $1.parameter }
    }

    /// Reads one point's value as the static key is read, range included.
    private func reader(
        of parameter: ParameterDescription, in schema: ObjectSchema
    ) -> (String) throws(Problem) -> Double {
        let key = schema.key(parameter.name)
        let times = times
        let limit = parameter.unit == .hertz ? frequencyLimit : .infinity
        return { text throws(Problem) in
            switch key.kind {
            case .quantity(let family):
                let value = try family.value(text)
                try key.checkRange(text, value, family.value)
                if value > limit { throw Self.tooHigh(limit, times.rateHertz) }
                return value
            case .time(let use):
                let value = try times.seconds(text, use).seconds
                try key.checkRange(text, value) { bound throws(Problem) in try times.seconds(bound, use).seconds }
                return value
            default: preconditionFailure("\(key.name) cannot be automated")
            }
        }
    }

    // MARK: Side-chains and files

    private func key(_ fields: Fields, _ owner: ChannelReference?) -> ChannelReference? {
        guard let name = fields.text("key") else { return nil }
        let place = fields.place(of: "key")
        do throws(Problem) {
            let key = try channels.key(name)
            if key == owner {
                throw Problem(
                    "`\(name)` is this channel itself",
                    remedy: "remove `key`: \(fields.schema.noun) listens to its own signal")
            }
            if let owner { note(RoutingEdge(from: key, to: owner, kind: .key), at: place) }
            return key
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    /// nil where a file is missing or of no use (reported).
    private func sources(_ fields: Fields, _ kind: DeviceKind) -> [Int]? {
        var found: [Int] = []
        for key in Schema.fileKeys[kind.rawValue] ?? [] where fields.has(key.name) || key.isRequired {
            guard let file = fields.text(key.name), let source = source(file, at: fields.place(of: key.name)) else {
                return nil
            }
            found.append(source)
        }
        let rates = found.map { sourceFile($0).rateHertz }
        if kind == .convolver, rates.count == 2, rates[0] != rates[1] {
            scope.report(
                "the files of a true stereo response have different rates, \(rates[0]) and \(rates[1]) Hz",
                remedy: "convert one of them", at: fields.place(of: "right-file"))
            return nil
        }
        return found
    }

    // MARK: Rules of single devices

    private func checkDelayTimes(_ fields: Fields) {
        let hasSides = fields.has("left") || fields.has("right")
        if fields.has("time"), hasSides {
            scope.report(
                "a delay has either `time`, or `left` and `right`", remedy: "remove one",
                at: fields.place(of: "time"))
        } else if !fields.has("time"), !hasSides {
            scope.report("a delay needs `time`", remedy: "add it, as in `time: 1/8`", at: fields.place)
        } else if hasSides, !(fields.has("left") && fields.has("right")) {
            scope.report(
                "a delay needs both `left` and `right`", remedy: "add the other, or use `time` for both",
                at: fields.place)
        }
    }

    /// Keys that mean nothing for a band's type, and what a linear-phase equalizer cannot do.
    private func checkEqualizer(_ fields: Fields, bands: [Fields]) {
        let isLinearPhase = fields.choice("mode") == "linear-phase"
        if isLinearPhase, fields.has("key") {
            scope.report(
                "a linear-phase equalizer does not change over time: it has no `key`",
                remedy: "remove it, or use `mode: minimum-phase`", at: fields.place(of: "key"))
        }
        for band in bands {
            let foreign: [String] =
                switch band.choice("type") {
                case "high-pass", "low-pass": ["gain", "q"]
                case "bell": ["slope", "alignment"]
                case "low-shelf", "high-shelf": ["alignment"]
                case "notch", "band-pass": ["gain", "slope", "alignment"]
                case "tilt": ["q", "slope", "alignment"]
                default: []
                }
            var places = foreign.filter(band.has).map { ($0, band.place(of: $0)) }
            places += Self.automated(foreign, of: band)
            for (key, place) in places {
                scope.report(
                    "a \(band.choice("type") ?? "") band has no `\(key)`", remedy: "remove it", at: place)
            }
            for key in ["range", "automation"] where isLinearPhase && band.has(key) {
                scope.report(
                    "a linear-phase equalizer does not change over time: it has no `\(key)`",
                    remedy: "remove it, or use `mode: minimum-phase`", at: band.place(of: key))
            }
        }
    }

    /// Those of some keys that a band's `automation` names, with the places.
    private static func automated(_ names: [String], of band: Fields) -> [(name: String, place: Place)] {
        guard case .mapping(let pairs)? = band.node("automation")?.content else { return [] }
        return pairs.compactMap { pair in
            guard case .scalar(let name, _) = pair.key.content, names.contains(name) else { return nil }
            return (name, pair.key.place)
        }
    }

    /// Every crossover is there and lies above the one before; the last band has none.
    ///
    /// - Parameter bands: at least two; nil for one that could not be read.
    private func checkMultiband(_ bands: [Fields?]) {
        if let last = bands.last ?? nil {
            let places =
                (last.has("up-to") ? [last.place(of: "up-to")] : [])
                + Self.automated(["up-to"], of: last).map(\.place)
            for place in places {
                scope.report(
                    "the last band ends where hearing does: it has no `up-to`",
                    remedy: "remove it, or add a band above", at: place)
            }
        }
        var below = 0.0
        for band in bands.dropLast().compactMap(\.self) {
            guard band.has("up-to") else {
                scope.report(
                    "every band but the last needs `up-to`", remedy: "add it, as in `up-to: 200 Hz`", at: band.place)
                continue
            }
            guard let frequency = band.quantity("up-to") else { continue }
            if frequency <= below * 1.2 {
                scope.report(
                    "this band ends at \(Int(frequency)) Hz, not far enough above the one before",
                    remedy: "put bands in order of frequency, each `up-to` at least a fifth above the last",
                    at: band.place(of: "up-to"))
            }
            below = frequency
        }
    }
}
