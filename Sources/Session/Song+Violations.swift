extension Song {
    /// Rules of the model that this song breaks, in words; empty for every song that a reader returned.
    ///
    /// A song made in code (a demo, a test, a generator) has no file and line to point at: this is its check
    /// before it is compiled. Files are checked by the reader, with their places.
    package var violations: [String] {
        var found: [String] = []
        if !sessionRatesHertz.contains(rateHertz) { found.append("\(rateHertz) Hz is no session rate") }
        if tracks.allSatisfy(\.clips.isEmpty) && lengthFrames == nil {
            found.append("neither clips nor a length")
        }
        if tailLimitFrames < 0 || (lengthFrames ?? 1) < 1 { found.append("a length of nothing") }
        let names = tracks.map(\.name) + buses.map(\.name) + returns.map(\.name)
        var seen = Set<String>()
        for name in names {
            if !seen.insert(name).inserted { found.append("two channels are called \(name)") }
            if reservedChannelNames.contains(name) { found.append("\(name) is a reserved name") }
        }
        for source in sources where !(1...2).contains(source.channelCount) || source.rateHertz < 1 {
            found.append("a source of \(source.channelCount) channels at \(source.rateHertz) Hz")
        }
        for track in tracks {
            for clip in track.clips { found += violations(of: clip).map { "\(track.name): \($0)" } }
        }
        for track in tracks { found += violations(of: track.mixer).map { "\(track.name): \($0)" } }
        for bus in buses + returns { found += violations(of: bus.mixer).map { "\(bus.name): \($0)" } }
        if !Self.isIncreasing(master.faderAutomation) { found.append("Master: automation runs backwards") }
        let chains =
            tracks.map { ($0.name, $0.devices) } + (buses + returns).map { ($0.name, $0.devices) }
            + [("Master", master.devices)]
        for (name, devices) in chains { found += devices.flatMap(violations).map { "\(name): \($0)" } }
        let keys = routingEdges.filter { $0.kind == .key }.map(\.from)
        if !keys.allSatisfy(contains) { found.append("a key from no channel") }
        guard found.isEmpty else { return found }  // A cycle search needs sound indices.
        for cycle in routingCycles {
            found.append("cycle: " + (cycle.map { name(of: $0.from) }).joined(separator: " -> "))
        }
        return found
    }

    private func contains(_ channel: ChannelReference) -> Bool {
        switch channel {
        case .track(let i): tracks.indices.contains(i)
        case .bus(let i): buses.indices.contains(i)
        case .returned(let i): returns.indices.contains(i)
        }
    }

    private func violations(of clip: Clip) -> [String] {
        guard sources.indices.contains(clip.source) else { return ["a clip of no source"] }
        var found: [String] = []
        if clip.atFrame < 0 || clip.startFrame < 0 || clip.frameCount < 1 {
            found.append("a clip of nothing")
        }
        let available = sources[clip.source].songFrames(from: clip.startFrame, songRateHertz: rateHertz)
        if clip.frameCount > available { found.append("a clip past the end of its file") }
        if clip.fadeInFrames < 0 || clip.fadeOutFrames < 0
            || clip.fadeInFrames + clip.fadeOutFrames > clip.frameCount
        {
            found.append("fades longer than their clip")
        }
        return found
    }

    private func violations(of device: Device) -> [String] {
        var found: [String] = []
        if let violation = device.kind.description.violation(of: device.values) { found.append(violation) }
        let row = device.kind.description
        if found.isEmpty, let violation = row.violation(of: device.automation, values: device.values) {
            found.append(violation)
        }
        if !device.sources.allSatisfy(sources.indices.contains) { found.append("a device's file is no source") }
        return found
    }

    private func violations(of mixer: Mixer) -> [String] {
        var found: [String] = []
        if case .bus(let index) = mixer.output, !buses.indices.contains(index) {
            found.append("no such output")
        }
        if !(-1...1).contains(mixer.pan) { found.append("pan beyond the sides") }
        if !Self.isIncreasing(mixer.faderAutomation) || !Self.isIncreasing(mixer.panAutomation) {
            found.append("automation runs backwards")
        }
        for send in mixer.sends {
            if !returns.indices.contains(send.to) { found.append("a send to no return") }
            if !Self.isIncreasing(send.automation) { found.append("automation runs backwards") }
        }
        return found
    }

    private static func isIncreasing(_ points: [AutomationPoint]) -> Bool {
        zip(points, points.dropFirst()).allSatisfy { $0.frame < $1.frame } && (points.first?.frame ?? 0) >= 0
    }
}
