import Quantities
import RenderCompiler
import RenderPlan
import Session

/// An album before and after an edit, and what the edit is said to touch.
struct ReuseCase {
    var before: ReuseAlbum
    var after: ReuseAlbum
    var touch: Touch
    var defect: (([UInt8]) -> [UInt8])?

    /// What is wrong with rendering the one over the other's ledger; nil where all is well, or where one of the two
    /// cannot be rendered at all.
    ///
    /// - Parameters:
    ///   - known: The render of `before`, where it is at hand.
    ///   - keep: Takes the renders of `after`, from nothing and over the ledger.
    func failure(
        known: ReuseRender? = nil, keep: (_ fresh: ReuseRender, _ edited: ReuseRender) -> Void = { _, _ in }
    ) -> String? {
        guard before.isSound, after.isSound,
            let old = try? known ?? ReuseRender(before, defect: defect),
            let fresh = try? ReuseRender(after)
        else { return nil }
        guard let edited = try? ReuseRender(after, over: old.ledger, defect: defect) else {
            return "fails over a ledger, and not without"
        }
        keep(fresh, edited)
        guard edited.results.count == fresh.results.count else { return "the finish has other programs" }
        for task in fresh.results.keys.sorted() where edited.results[task] != fresh.results[task] {
            return "other bytes in \(name(task, edited)), segment \(task.segment), than from nothing"
        }
        let allowed = touched(old, edited)
        for task in edited.rendered.sorted() where !allowed.contains(task) {
            return "\(name(task, edited)), segment \(task.segment), is rendered though the edit cannot be heard there"
        }
        return nil
    }

    private func name(_ task: TaskID, _ render: ReuseRender) -> String {
        "\(render.list[task.program].song): \(render.list.labels[task.program.rawValue].name)"
    }

    // MARK: - What an edit can be heard in

    /// Tasks that the edit may have rendered: those that compute the touched channels at or after the first frame, and
    /// what reads them or follows them.
    private func touched(_ old: ReuseRender, _ new: ReuseRender) -> Set<TaskID> {
        var found: Set<TaskID> = []
        let oldNames = old.list.labels.map(Self.channels)
        for (number, program) in new.list.programs.enumerated() {
            let id = ProgramID(number)
            let isOwn = isOwn(id, program, old, new, oldNames)
            for segment in 0..<program.segmentCount {
                let task = TaskID(id, segment)
                let readsTouched = program.reads(ofSegment: segment).contains { read in
                    let producer = program.inputs[read.port].program
                    return program.segments(of: read).contains { found.contains(TaskID(producer, $0)) }
                }
                let follows = program.kind == .chained && segment > 0 && found.contains(TaskID(id, segment - 1))
                if readsTouched || follows || isOwn(program.range(ofSegment: segment)) { found.insert(task) }
            }
        }
        return found
    }

    /// Whether a program computes something else than before, and over which frames.
    private func isOwn(
        _ id: ProgramID, _ program: Program, _ old: ReuseRender, _ new: ReuseRender, _ oldNames: [Set<String>]
    ) -> (FrameRange) -> Bool {
        let song = program.song
        // A song is found again wherever it went.
        let tracks = after.songs[song].song.tracks.map(\.name)
        let before = self.before.songs.firstIndex { $0.song.tracks.map(\.name) == tracks }
        if id.rawValue >= new.firstFinish {
            guard let before, !touch.isFinishTouched, old.gains[before] == new.gains[song] else { return { _ in true } }
            let (a, b) = (old.cuts[before], new.cuts[song])
            guard a != b else { return { _ in false } }
            let cut = min(a, b) * program.rateHertz / new.plans[song].rateHertz
            return { $0.end >= cut - 64 }
        }
        guard touch.song == song else { return { _ in false } }
        let names = Self.channels(new.list.labels[id.rawValue])
        // A touched channel that hands on another unchanged is no program now: who read it may read something else.
        let carried = new.list.labels.reduce(into: Set<String>()) { $0.formUnion(Self.channels($1)) }
        if let channels = touch.channels, !channels.isSubset(of: carried),
            program.inputs.contains(where: { $0.source == nil })
        {
            let latency = if case .mix(let mix) = program.body { mix.latencyFrames } else { 64 }
            return { [touch] in $0.end + latency > touch.firstFrame }
        }
        guard case .mix(let mix) = program.body else {
            if case .measure = program.body {
                // With a master, the pre-master is measured for its length alone.
                let isOther = old.plans.map(Self.measuresMixAlone) != new.plans.map(Self.measuresMixAlone)
                return { [touch] in isOther || $0.end + 64 > touch.firstFrame && touch.channels == nil }
            }
            // Clips that are converted: without a bound in time.
            return { _ in true }
        }
        if let channels = touch.channels, names.isDisjoint(with: channels) {
            // A cell that has lost its touched strip has the others still.
            let rest = names.subtracting(channels)
            let isRest = zip(oldNames, old.list.programs).contains {
                $1.song == before && !$0.isDisjoint(with: channels) && $0.subtracting(channels) == rest
            }
            guard isRest, !rest.isEmpty else { return { _ in false } }
        }
        return { [touch] in $0.end + mix.latencyFrames > touch.firstFrame }
    }

    private static func measuresMixAlone(_ plan: SongPlan) -> Bool {
        plan.preMasterMeasurement == plan.mixMeasurement
    }

    private static func channels(_ label: ProgramLabel) -> Set<String> {
        Set(label.strips.joined().map(\.name))
    }

    // MARK: - Shrinking

    /// The smallest case that fails as this one does, by leaving out and setting back what the failure can spare.
    func shrunk() -> ReuseCase {
        var smallest = self
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for candidate in smallest.simpler() where candidate.failure() != nil {
                smallest = candidate
                isSmaller = true
                break
            }
        }
        return smallest
    }

    /// This case with one thing less, the same in both albums.
    private func simpler() -> [ReuseCase] {
        var cases: [ReuseCase] = []
        func add(_ change: (inout ReuseAlbum) -> Void) {
            var copy = self
            change(&copy.before)
            change(&copy.after)
            if copy.before != before || copy.after != after { cases.append(copy) }
        }
        func each(_ change: @escaping (inout Song) -> Void) {
            add { album in for index in album.songs.indices { change(&album.songs[index].song) } }
        }
        add { if $0.deliveries.count > 1 { $0.deliveries.removeLast() } }
        add { $0.isGainPooled = false }
        if before.songs.count == after.songs.count, let song = touch.song {
            var copy = self
            copy.before.songs = [before.songs[song]]
            copy.after.songs = [after.songs[song]]
            copy.touch.song = 0
            if before.songs.count > 1 { cases.append(copy) }
        }
        let songs = (before.songs + after.songs).map(\.song)
        for name in Set(songs.flatMap { $0.tracks.map(\.name) }).sorted() {
            // No key may point at or past a track that goes.
            each { song in
                guard song.tracks.contains(where: { $0.name == name }), song.tracks.count > 1 else { return }
                for track in song.tracks.indices { song.tracks[track].devices.removeAll { $0.key != nil } }
                song.tracks.removeAll { $0.name == name }
            }
            each { song in
                for track in song.tracks.indices where song.tracks[track].name == name {
                    song.tracks[track].mixer.faderAutomation = []
                    song.tracks[track].mixer.sends = []
                    song.tracks[track].mixer.pan = 0
                }
            }
            for index in 0..<2 {
                each { song in
                    for track in song.tracks.indices
                    where song.tracks[track].name == name && song.tracks[track].clips.count > index {
                        song.tracks[track].clips.remove(at: index)
                    }
                }
                each { song in
                    for track in song.tracks.indices
                    where song.tracks[track].name == name && song.tracks[track].devices.count > index {
                        song.tracks[track].devices.remove(at: index)
                    }
                }
            }
        }
        each { $0.master.devices = [] }
        each { song in for bus in song.buses.indices { song.buses[bus].devices = [] } }
        each { song in for bus in song.returns.indices { song.returns[bus].devices = [] } }
        each { song in
            for track in song.tracks.indices { song.tracks[track].mixer.output = .master }
            song.buses = []
        }
        each { song in
            for track in song.tracks.indices { song.tracks[track].mixer.sends = [] }
            song.returns = []
        }
        return cases
    }

    /// The songs in a few lines each, then what differs.
    var description: String {
        var lines: [String] = []
        for (number, (title, album)) in [("before", before), ("after", after)].enumerated() {
            lines.append("\(title): peak \(album.peakDecibels) dB, \(album.deliveries.count) deliveries")
            for made in album.songs where number == 0 || !before.songs.contains(made) {
                lines.append("  \(made.song.title), \(made.song.lengthFrames ?? 0) frames, takes \(made.takes)")
                for track in made.song.tracks {
                    lines.append("    \(track.name): \(track.clips) \(track.devices) \(track.mixer)")
                }
                for bus in made.song.buses + made.song.returns { lines.append("    \(bus)") }
                lines.append("    \(made.song.master)")
            }
        }
        lines.append("touched: \(touch)")
        return lines.joined(separator: "\n")
    }
}
