internal import Quantities
internal import Session

extension SongComparison {
    mutating func compare(_ x: Mixer, _ y: Mixer, _ item: SessionChange.Item) {
        if x == y, isSameRouting { return }
        let count = changes.count
        compareCurves(
            item, part: nil, "fader", .decibels,
            Curve(fixed: x.fader.value, points: x.faderAutomation, isGain: true),
            Curve(fixed: y.fader.value, points: y.faderAutomation, isGain: true))
        compareCurves(
            item, part: nil, "pan", .pan, Curve(fixed: x.pan, points: x.panAutomation, isGain: false),
            Curve(fixed: y.pan, points: y.panAutomation, isGain: false))
        compareSwitches(x, y, item)
        if !isSame(x.output, y.output) {
            let (from, to) = (name(of: x.output, in: a), name(of: y.output, in: b))
            add(.changed, item, "output", from: from, to: to, .init("output", "\(from) to \(to)"))
        }
        compareSends(x.sends, y.sends, item)
        var rest = x
        rest.fader = y.fader
        rest.faderAutomation = y.faderAutomation
        rest.pan = y.pan
        rest.panAutomation = y.panAutomation
        rest.isPolarityInverted = y.isPolarityInverted
        rest.isMuted = y.isMuted
        rest.isSoloed = y.isSoloed
        rest.output = y.output
        rest.sends = y.sends
        if rest != y { addUnknown(item, "the mixer") }
        check(x, y, since: count, item, "the mixer")
    }

    private mutating func compareSwitches(_ x: Mixer, _ y: Mixer, _ item: SessionChange.Item) {
        if x.isMuted != y.isMuted {
            add(
                .changed, item, "mute", from: "\(x.isMuted)", to: "\(y.isMuted)",
                .init("", y.isMuted ? "muted" : "unmuted"))
        }
        if x.isSoloed != y.isSoloed {
            add(
                .changed, item, "solo", from: "\(x.isSoloed)", to: "\(y.isSoloed)",
                .init("", y.isSoloed ? "soloed" : "no longer soloed"))
        }
        if x.isPolarityInverted != y.isPolarityInverted {
            let word = { (isInverted: Bool) in isInverted ? "inverted" : "normal" }
            let (from, to) = (word(x.isPolarityInverted), word(y.isPolarityInverted))
            add(.changed, item, "polarity", from: from, to: to, .init("polarity", "\(from) to \(to)"))
        }
    }

    // MARK: Routing

    func isSame(_ x: Output, _ y: Output) -> Bool {
        switch (x, y) {
        case (.master, .master): true
        case (.bus(let i), .bus(let j)): later(i, buses) == j
        default: false
        }
    }

    func isSame(_ x: ChannelReference?, _ y: ChannelReference?) -> Bool {
        switch (x, y) {
        case (nil, nil): true
        case (.track(let i), .track(let j)): later(i, tracks) == j
        case (.bus(let i), .bus(let j)): later(i, buses) == j
        case (.returned(let i), .returned(let j)): later(i, returns) == j
        default: false
        }
    }

    /// The later index of what an earlier one means.
    func later(_ index: Int, _ pairing: Pairing) -> Int? {
        pairing.fromA.indices.contains(index) ? pairing.fromA[index] : nil
    }

    func name(of output: Output, in song: Song) -> String {
        switch output {
        case .master: "Master"
        case .bus(let index): song.buses.indices.contains(index) ? song.buses[index].name : "bus \(index + 1)"
        }
    }

    func name(of channel: ChannelReference?, in song: Song) -> String {
        switch channel {
        case nil: "its own signal"
        case .track(let i)?: song.tracks.indices.contains(i) ? song.tracks[i].name : "track \(i + 1)"
        case .bus(let i)?: song.buses.indices.contains(i) ? song.buses[i].name : "bus \(i + 1)"
        case .returned(let i)?: song.returns.indices.contains(i) ? song.returns[i].name : "return \(i + 1)"
        }
    }

    // MARK: Sends

    private mutating func compareSends(_ x: [Send], _ y: [Send], _ item: SessionChange.Item) {
        var pairing = Pairing(x.count, y.count)
        pairing.pairEqual(x.map { later($0.to, returns) ?? -1 - $0.to }, y.map(\.to))
        pairing.finish()
        for index in pairing.onlyA {
            let send = x[index]
            let to = returnName(send.to, in: a)
            add(.removed, item, "", from: Self.summary(send), to: nil, part: "send to \(to)", .init("", "removed"))
        }
        for index in pairing.onlyB {
            let send = y[index]
            let to = returnName(send.to, in: b)
            add(
                .added, item, "", from: nil, to: Self.summary(send), part: "send to \(to)",
                .init("", "added: \(Self.summary(send))"))
        }
        for (i, j) in pairing.pairs { compare(x[i], y[j], item) }
        for (i, j) in pairing.moved(name: { min(returnName(x[$0].to, in: a), returnName(y[$1].to, in: b)) }) {
            add(
                .moved, item, "order", from: "\(i + 1)", to: "\(j + 1)", part: "send to \(returnName(y[j].to, in: b))",
                .init("", "moved from send \(i + 1) to \(j + 1)"))
        }
    }

    private func returnName(_ index: Int, in song: Song) -> String { name(of: .returned(index), in: song) }

    private static func summary(_ send: Send) -> String {
        let level = send.automation.isEmpty ? WrittenUnit.decibels.text(send.gain.value) : "automated"
        return send.tap == .pre ? "\(level), pre" : level
    }

    private mutating func compare(_ x: Send, _ y: Send, _ item: SessionChange.Item) {
        let part = "send to \(returnName(y.to, in: b))"
        let count = changes.count
        compareCurves(
            item, part: part, "gain", .decibels, Curve(fixed: x.gain.value, points: x.automation, isGain: true),
            Curve(fixed: y.gain.value, points: y.automation, isGain: true))
        if x.tap != y.tap {
            add(
                .changed, item, "tap", from: x.tap.rawValue, to: y.tap.rawValue, part: part,
                .init("tap", "\(x.tap.rawValue) to \(y.tap.rawValue)"))
        }
        var rest = x
        rest.to = y.to
        rest.gain = y.gain
        rest.tap = y.tap
        rest.automation = y.automation
        if rest != y { addUnknown(item, "this send", part: part) }
        check(x, y, since: count, item, "this send", part: part)
    }

    // MARK: Values over time

    /// Compares a value that may be automated.
    ///
    /// - Parameter isFixedHeard: whether the fixed value matters where both sides are automated.
    mutating func compareCurves(
        _ item: SessionChange.Item, part: String?, _ key: String, of band: String = "", _ unit: WrittenUnit,
        _ x: Curve, _ y: Curve, isFixedHeard: Bool = false
    ) {
        var x = x
        let name = band.isEmpty ? key : "\(band) \(key)"
        func words(_ head: String, _ tail: String, difference: String? = nil) -> SessionChange.Words {
            var words = SessionChange.Words(head, tail, difference: difference)
            words.group = band
            return words
        }
        if a.rateHertz != b.rateHertz || tempoRatio != nil { x.points = inLaterFrames(x.points, like: y.points) }
        guard x.fixed != y.fixed || x.points != y.points else { return }
        if x.isAutomated, y.isAutomated, x.fixed != y.fixed {
            add(
                .changed, item, name, from: unit.text(x.fixed), to: unit.text(y.fixed), part: part,
                isHeard: isFixedHeard,
                words(key, "\(unit.change(x.fixed, y.fixed)) under its automation"))
        }
        guard x.points != y.points || !x.isAutomated else { return }
        let turn =
            x.isAutomated == y.isAutomated ? "" : y.isAutomated ? ", now automated" : ", no longer automated"
        guard let difference = CurveDifference(x, y) else {
            add(
                .changed, item, name, from: "\(x.points.count) points", to: "\(y.points.count) points", part: part,
                words(
                    "\(key) automation",
                    "rewritten with the same values (\(x.points.count) to \(y.points.count) points)"))
            return
        }
        let stretches = stretches(difference.ranges)
        let place = Self.place(stretches)
        switch difference.form {
        case .level(let from, let to):
            add(
                .changed, item, name, from: unit.text(from), to: unit.text(to), part: part, stretches: stretches,
                words(
                    key, unit.change(from, to) + place + turn,
                    difference: unit.difference(from, to).map { $0 + place + turn }))
        case .shifted(let shift):
            let text = unit.difference(0, shift) ?? "\(shift < 0 ? "-" : "+")\(unit.shortText(abs(shift)))"
            let (first, second) = (x.points.first?.value ?? x.fixed, y.points.first?.value ?? y.fixed)
            add(
                .changed, item, name, from: unit.text(first), to: unit.text(second), part: part, stretches: stretches,
                words("\(key) automation", text + place + turn, difference: text + place + turn))
        case .varying(let farthest):
            var tail = "changed" + (place.isEmpty ? " throughout" : place) + turn
            if let (from, to, frame) = farthest {
                let time = TimeText.shortClock(seconds: stretch(frame, nil).startSeconds)
                tail += ", most at \(time): \(unit.change(from, to))"
            }
            add(
                .changed, item, name, from: farthest.map { unit.text($0.from) }, to: farthest.map { unit.text($0.to) },
                part: part, stretches: stretches, words("\(key) automation", tail))
        }
    }

    private func inLaterFrames(_ points: [AutomationPoint], like others: [AutomationPoint]) -> [AutomationPoint] {
        points.enumerated().map { index, point in
            var point = point
            point.frame = inLaterFrames(point.frame)
            if points.count == others.count, isSamePlace(point.frame, others[index].frame) {
                point.frame = others[index].frame
            }
            return point
        }
    }

    /// Empty for the whole song.
    private func stretches(_ ranges: [(start: Int, end: Int?)]) -> [SessionChange.Stretch] {
        if ranges.count == 1, ranges[0].start == 0, ranges[0].end == nil { return [] }
        return ranges.map { stretch($0.start, $0.end) }
    }

    /// " from 1:12", " until 1:12", " from 1:12 to 1:30", " at 0:10-0:12, 1:02-1:04 and 3 more places".
    static func place(_ stretches: [SessionChange.Stretch]) -> String {
        let clock = TimeText.shortClock
        func pair(_ stretch: SessionChange.Stretch) -> String {
            "\(clock(stretch.startSeconds))-\(stretch.endSeconds.map { clock($0) } ?? "end")"
        }
        guard let first = stretches.first else { return "" }
        guard stretches.count == 1 else {
            let shown = stretches.prefix(3).map(pair).joined(separator: ", ")
            let rest = stretches.count - 3
            return " at \(shown)" + (rest > 0 ? " and \(rest) more place\(rest == 1 ? "" : "s")" : "")
        }
        guard let end = first.endSeconds else {
            return first.startSeconds == 0 ? "" : " from \(clock(first.startSeconds))"
        }
        return first.startSeconds == 0
            ? " until \(clock(end))" : " from \(clock(first.startSeconds)) to \(clock(end))"
    }
}
