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
        guard Schema.deviceNames.contains(name) else {
            let near = nearestName(to: name, among: Schema.deviceNames)
            scope.report(
                "there is no device `\(name)`",
                remedy: near.map { "did you mean `\($0)`" }
                    ?? "use one of \(Schema.deviceNames.joined(separator: ", "))",
                at: pairs[0].key.place)
            return nil
        }
        guard let fields = Fields(pairs[0].value, Schema.object(name), scope) else { return nil }
        switch name {
        case "equalizer": return equalizer(fields).map(Device.equalizer)
        case "compressor": return compressor(fields, owner).map(Device.compressor)
        case "limiter": return limiter(fields).map(Device.limiter)
        case "delay": return delay(fields).map(Device.delay)
        case "reverb": return reverb(fields).map(Device.reverb)
        default: return utility(fields).map(Device.utility)
        }
    }

    // MARK: Equalizer

    private func equalizer(_ fields: Fields) -> EqualizerSettings? {
        let items = fields.list("bands")
        if items.isEmpty, fields.has("bands") {
            scope.report(
                "this equalizer has no bands", remedy: "add one, or remove it", at: fields.place(of: "bands"))
        }
        guard items.count <= SessionLimits.bandsPerEqualizer else {
            scope.report(
                "an equalizer has at most \(SessionLimits.bandsPerEqualizer) bands",
                remedy: "use a second one",
                at: fields.place(of: "bands"))
            return nil
        }
        return EqualizerSettings(
            bands: items.compactMap { item in Fields(item, Schema.band, scope).flatMap(band) })
    }

    private func band(_ fields: Fields) -> EqualizerSettings.Band? {
        let type = fields.choice("type", as: EqualizerSettings.BandType.self)
        let frequency = fields.quantity("frequency")
        let gain = fields.quantity("gain")
        let q = fields.quantity("q")
        let slope = fields.value("slope") { text throws(Problem) in
            let value = try UnitFamily.slope.value(text)
            guard let slope = [12, 24, 36, 48].first(where: { Double($0) == value }) else {
                throw Problem("`\(text)` is not a slope", remedy: "use 12, 24, 36 or 48 dB/oct")
            }
            return slope
        }
        if let type { reportForeignKeys(fields, type) }
        // The warped frequency of a digital filter goes to infinity at half the rate.
        let limit = Double(times.rateHertz) * 0.49
        if let frequency, frequency > limit {
            scope.report(
                "this frequency is too high for a rate of \(times.rateHertz) Hz",
                remedy: "use at most \(Int(limit)) Hz",
                at: fields.place(of: "frequency"))
        }
        guard let type, let frequency, let gain, let q, let slope else { return nil }
        var band = EqualizerSettings.Band(
            type: type, frequencyHertz: frequency, gain: Decibels(gain), slopeDecibelsPerOctave: slope)
        // The default of the table is rounded for reading; the model's is exact.
        if fields.has("q") { band.q = q }
        return band
    }

    private func reportForeignKeys(_ fields: Fields, _ type: EqualizerSettings.BandType) {
        let foreign =
            switch type {
            case .highPass, .lowPass: ["gain", "q"]
            case .bell, .lowShelf, .highShelf: ["slope"]
            case .notch: ["gain", "slope"]
            }
        for key in foreign where fields.has(key) {
            scope.report(
                "a \(type.rawValue) band has no `\(key)`", remedy: "remove it", at: fields.place(of: key))
        }
    }

    // MARK: Dynamics

    private func compressor(_ fields: Fields, _ owner: ChannelReference?) -> CompressorSettings? {
        let threshold = fields.quantity("threshold")
        let ratio = fields.quantity("ratio")
        let attack = fields.seconds("attack", times)?.seconds
        let release = fields.seconds("release", times)?.seconds
        let knee = fields.quantity("knee")
        let makeUp = fields.quantity("make-up")
        let detector = fields.choice("detector", as: CompressorSettings.Detector.self)
        let key = key(fields, owner)
        guard let threshold, let ratio, let attack, let release, let knee, let makeUp, let detector else {
            return nil
        }
        return CompressorSettings(
            threshold: Decibels(threshold), ratio: ratio, attackSeconds: attack, releaseSeconds: release,
            knee: Decibels(knee), makeUp: Decibels(makeUp), detector: detector, key: key)
    }

    private func key(_ fields: Fields, _ owner: ChannelReference?) -> ChannelReference? {
        guard let name = fields.text("key") else { return nil }
        let place = fields.place(of: "key")
        do throws(Problem) {
            let key = try channels.key(name)
            if key == owner {
                throw Problem(
                    "`\(name)` is this channel itself",
                    remedy: "remove `key`: a compressor listens to its own signal")
            }
            if let owner { note(RoutingEdge(from: key, to: owner, kind: .key), at: place) }
            return key
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    private func limiter(_ fields: Fields) -> LimiterSettings? {
        let ceiling = fields.quantity("ceiling")
        let release = fields.seconds("release", times)?.seconds
        let gain = fields.quantity("gain")
        guard let ceiling, let release, let gain else { return nil }
        return LimiterSettings(
            ceiling: DecibelsTruePeak(ceiling), releaseSeconds: release, gain: Decibels(gain))
    }

    // MARK: Time and space

    private func delay(_ fields: Fields) -> DelaySettings? {
        let time = fields.frames("time", times)
        let left = fields.frames("left", times)
        let right = fields.frames("right", times)
        let feedback = fields.quantity("feedback")
        let highCut = fields.quantity("high-cut")
        let lowCut = fields.quantity("low-cut")
        let isPingPong = fields.boolean("ping-pong")
        let mix = fields.quantity("mix")
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
        guard let leftFrames = left ?? time, let rightFrames = right ?? time, let feedback, let highCut,
            let lowCut,
            let isPingPong, let mix
        else { return nil }
        return DelaySettings(
            leftFrames: leftFrames, rightFrames: rightFrames, feedback: feedback, highCutHertz: highCut,
            lowCutHertz: lowCut, isPingPong: isPingPong, mix: mix)
    }

    private func reverb(_ fields: Fields) -> ReverbSettings? {
        let decay = fields.seconds("decay", times)?.seconds
        let predelay = fields.seconds("predelay", times)?.seconds
        let damping = fields.quantity("damping")
        let size = fields.quantity("size")
        let width = fields.quantity("width")
        let mix = fields.quantity("mix")
        guard let decay, let predelay, let damping, let size, let width, let mix else { return nil }
        return ReverbSettings(
            decaySeconds: decay, predelaySeconds: predelay, dampingHertz: damping, size: size, width: width,
            mix: mix)
    }

    private func utility(_ fields: Fields) -> UtilitySettings? {
        guard let gain = fields.quantity("gain"), let invert = fields.choice("invert") else { return nil }
        return UtilitySettings(
            gain: Decibels(gain), invertsLeft: invert == "left" || invert == "both",
            invertsRight: invert == "right" || invert == "both")
    }
}
