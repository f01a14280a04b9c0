internal import Quantities
internal import Session

extension SongReader {
    func track(_ fields: Fields?, _ name: String, _ reference: ChannelReference) -> Track {
        guard let fields else { return Track(name: name, clips: []) }
        return Track(
            name: name, clips: clips(fields), devices: devices(fields, of: reference),
            mixer: mixer(fields, reference))
    }

    func bus(_ fields: Fields?, _ name: String, _ reference: ChannelReference) -> Bus {
        guard let fields else { return Bus(name: name) }
        return Bus(name: name, devices: devices(fields, of: reference), mixer: mixer(fields, reference))
    }

    func gain(_ fields: Fields, _ name: String) -> Decibels { Decibels(fields.quantity(name) ?? 0) }

    private func mixer(_ fields: Fields, _ reference: ChannelReference) -> Mixer {
        var mixer = Mixer(
            fader: gain(fields, "fader"), pan: fields.value("pan", QuantityParser.pan) ?? 0,
            isPolarityInverted: fields.choice("polarity") == "inverted",
            isMuted: fields.boolean("mute") ?? false,
            isSoloed: fields.boolean("solo") ?? false)
        if let name = fields.text("output") {
            let place = fields.place(of: "output")
            do throws(Problem) {
                mixer.output = try channels.output(name)
                if case .bus(let index) = mixer.output {
                    note(RoutingEdge(from: reference, to: .bus(index), kind: .output), at: place)
                }
            } catch {
                scope.report(error, at: place)
            }
        }
        var sendNames: [String] = []
        let items = fields.list("sends")
        for item in items.prefix(SessionLimits.sendsPerChannel) {
            guard let sendFields = Fields(item, Schema.send, scope) else { continue }
            guard let (name, send) = send(sendFields, reference) else { continue }
            if sendNames.contains(name) {
                scope.report(
                    "there are two sends to `\(name)`", remedy: "remove one of them",
                    at: sendFields.place(of: "to"))
            }
            sendNames.append(name)
            mixer.sends.append(send)
        }
        if items.count > SessionLimits.sendsPerChannel {
            scope.report(
                "a channel has at most \(SessionLimits.sendsPerChannel) sends", remedy: "remove some",
                at: fields.place(of: "sends"))
        }
        if let automation = fields.object("automation") {
            mixer.faderAutomation = points(automation, "fader", Self.gainValue("fader"))
            mixer.panAutomation = points(automation, "pan", QuantityParser.pan)
            sendAutomation(automation, sendNames, &mixer)
        }
        return mixer
    }

    private func send(_ fields: Fields, _ reference: ChannelReference) -> (name: String, send: Send)? {
        let gain = gain(fields, "gain")
        let tap = fields.choice("tap", as: Send.Tap.self) ?? .post
        let automation = points(fields, "automation", Self.gainValue("gain"))
        guard let name = fields.text("to") else { return nil }
        let place = fields.place(of: "to")
        do throws(Problem) {
            let index = try channels.returned(name)
            note(RoutingEdge(from: reference, to: .returned(index), kind: .send), at: place)
            return (name, Send(to: index, gain: gain, tap: tap, automation: automation))
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    /// `automation: {sends: {Plate: [...]}}`.
    private func sendAutomation(_ fields: Fields, _ sendNames: [String], _ mixer: inout Mixer) {
        guard let node = fields.node("sends") else { return }
        guard case .mapping(let pairs) = node.content else {
            scope.report(
                "`sends` is a mapping, but this is \(node.kindName)",
                remedy: "write the name of a return and its points",
                at: node.place)
            return
        }
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else { continue }
            let found = points(of: value, name, Self.gainValue("gain"))
            guard let index = sendNames.firstIndex(of: name) else {
                let near = nearestName(to: name, among: sendNames)
                scope.report(
                    "this channel has no send to `\(name)`",
                    remedy: near.map { "did you mean `\($0)`" } ?? "add one to `sends:`", at: key.place)
                continue
            }
            if !mixer.sends[index].automation.isEmpty {
                scope.report(
                    "the send to `\(name)` has automation already", remedy: "write it in one place",
                    at: key.place)
            }
            mixer.sends[index].automation = found
        }
    }

    // MARK: Automation

    /// Reads a value of automation as the static key is read, range included.
    static func gainValue(_ name: String) -> (String) throws(Problem) -> Double {
        let key = (name == "fader" ? Schema.track : Schema.send).key(name)
        return { text throws(Problem) in
            let value = try UnitFamily.gain.value(text)
            try key.checkRange(text, value, UnitFamily.gain.value)
            return value
        }
    }

    func points(
        _ fields: Fields, _ name: String, _ read: (String) throws(Problem) -> Double
    ) -> [AutomationPoint] {
        fields.node(name).map { points(of: $0, name, read) } ?? []
    }

    func points(
        of node: DocumentNode, _ name: String, _ read: (String) throws(Problem) -> Double
    ) -> [AutomationPoint] {
        guard case .list(let items) = node.content else {
            scope.report(
                "automation is a list of points, but this is \(node.kindName)",
                remedy: "write it as in `\(name): [[0 s, -6 dB], [12 s, -3 dB, linear]]`", at: node.place)
            return []
        }
        automationPointCount += items.count
        guard automationPointCount <= SessionLimits.automationPoints else {
            scope.report(
                "this song has more than \(SessionLimits.automationPoints) automation points",
                remedy: "thin them out",
                at: node.place)
            return []
        }
        var points: [AutomationPoint] = []
        for item in items {
            guard let point = point(item, read) else { continue }
            if let last = points.last, point.frame <= last.frame {
                scope.report(
                    "this point is not after the one before it",
                    remedy: "put points in order of time, one for each time",
                    at: item.place)
                continue
            }
            points.append(point)
        }
        return points
    }

    private func point(_ node: DocumentNode, _ read: (String) throws(Problem) -> Double) -> AutomationPoint? {
        guard case .list(let terms) = node.content, (2...3).contains(terms.count) else {
            if case .list(let terms) = node.content, terms.count > 3 {
                scope.report(
                    "a point has \(terms.count) values",
                    remedy: "write `[time, value, shape]`, with points in numbers",
                    at: node.place)
            } else {
                scope.report(
                    "a point is `[time, value]` or `[time, value, shape]`",
                    remedy: "write it as in `[12 s, -3 dB, linear]`",
                    at: node.place)
            }
            return nil
        }
        let frame = attempt(terms[0], "time") { text throws(Problem) in
            try times.seconds(text, .position).frames(rateHertz: times.rateHertz)
        }
        let value = attempt(terms[1], "value", read)
        var shape: AutomationPoint.Shape? = .hold
        if terms.count == 3 {
            shape = attempt(terms[2], "shape") { text throws(Problem) in
                if let shape = AutomationPoint.Shape(rawValue: text) { return shape }
                if text.unicodeScalars.first.map(NumberAndUnit.isDigit) == true {
                    throw Problem(
                        "`\(text)` is not a shape",
                        remedy: "if it ends a number with a decimal comma, write a point")
                }
                throw Fields.wrongWord(text, of: "shape", ["hold", "linear"])
            }
        }
        guard let frame = frame.flatMap({ $0 }), let value, let shape else { return nil }
        return AutomationPoint(frame: frame, value: value, shape: shape)
    }

    private func attempt<T>(_ node: DocumentNode, _ name: String, _ read: (String) throws(Problem) -> T) -> T? {
        guard let text = scope.scalar(node, of: name) else { return nil }
        do throws(Problem) {
            return try read(text)
        } catch {
            scope.report(error, at: node.place)
            return nil
        }
    }
}
