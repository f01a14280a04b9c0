import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
import Metering
import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SoundFiles
import Storage

/// What is to be rendered, and how, apart from the session itself.
package struct AlbumJobOptions: Sendable {
    /// Indices of the songs whose files are delivered; with a loudness target `by: album` all are measured.
    package var deliveredSongs: Set<Int>
    package var deliversStems: Bool
    package var segmentSeconds: Double
    /// Whether a master that lies in the folder already, and would come out the same, is left there as it is.
    package var keepsFiles = false

    package init(deliveredSongs: Set<Int>, deliversStems: Bool, segmentSeconds: Double = 10) {
        self.deliveredSongs = deliveredSongs
        self.deliversStems = deliversStems
        self.segmentSeconds = segmentSeconds
    }
}

/// A file of the render: where its windows come from.
package enum DeliveredRole: Sendable, Hashable {
    /// A song by an entry of `deliver:`.
    case master(song: Int, delivery: Int)
    case stem(song: Int, index: Int)
    case preMaster(song: Int)

    package var song: Int {
        switch self {
        case .master(let song, _), .stem(let song, _), .preMaster(let song): song
        }
    }
}

/// Takes an album from its session to delivered windows: compiles the mixes, measures them, finds the gains of the
/// finish, and adds the programs of each pass when the one before has been measured.
///
/// It holds nothing that a restart would miss: the same session asks the ledger the same questions again. Runs on
/// the coordinator's thread.
final class AlbumJob: JobDriver {
    let album: Album
    let options: AlbumJobOptions
    let id: JobID
    private let references: [SourceReference]
    private(set) var list = ProgramList()
    private(set) var songs: [SongState]
    private(set) var warnings: [String] = []
    private(set) var outcome: JobOutcome?
    private let sink: any DeliverySink
    private let compileOptions: CompileOptions
    private var groups: [FinishGroup] = []
    /// Per program that measures, its blobs so far, and which output they are.
    private var blobs: [ProgramID: [[UInt8]]] = [:]
    /// Blobs that were whole, and so used, when a dispute took them back.
    private var takenBack: [ProgramID: [[UInt8]]] = [:]
    private var collectedOutputs: [ProgramID: Int] = [:]
    private var flags: [Int: Flags] = [:]
    private var submittedCount = 0
    private var deliveredRoles: [ProgramID: DeliveredRole] = [:]
    private var isClosed = false
    private var doneTasks: [Int: Int] = [:]

    struct Flags {
        var isDelivered = false
        var isRetained = false
    }

    /// What is known of one song.
    struct SongState {
        var plan: SongPlan
        /// Why nothing more will come of it.
        var failure: String?
        /// Frames after the length cut.
        var frameCount: Int?
        var lengthRule: String
        var loudness: LoudnessSummary?
        var finishes: [Finish] = []

        struct Finish {
            var rateHertz: Int
            var gainDecibels: Double
            var passCount: Int
            var reductionDecibels: Double
        }
    }

    /// Songs that share one gain at one rate.
    private struct FinishGroup {
        var rateHertz: Int
        var songs: [Int]
        var solver: FinishSolver?
        var converted: [StreamRef] = []
        var passes: [[FinishPass]] = []
        var gains: [Int] = []
        var isDone = false
        var hasBegun = false
    }

    /// - Parameters:
    ///   - files: The content of each source by its path, where workers are on other machines; a source is then known
    ///     by what it holds, else by path, size, time of change and inode.
    ///   - placement: The numbers of its sources where several albums share one table; else they count from 0.
    init(
        id: JobID = JobID(1), album: Album, options: AlbumJobOptions, sink: any DeliverySink,
        files: [String: (hash: ContentHash, byteCount: Int)] = [:], placement: SourcePlacement? = nil
    ) throws {
        self.id = id
        self.album = album
        self.options = options
        self.sink = sink
        compileOptions = CompileOptions(segmentSeconds: options.segmentSeconds)
        groups = Self.groups(album, options)
        songs = []
        let paths = album.songs.flatMap { $0.song.sources.map(\.path) }
        references = paths.enumerated().compactMap { number, path in
            files[path].map { SourceReference(number: number, hash: $0.hash, byteCount: $0.byteCount) }
        }
        var firstSource = 0
        for (index, entry) in album.songs.enumerated() {
            let placed = placement?.songs[index]
            let identities =
                try placed?.identities
                ?? entry.song.sources.map { source in
                    try files[source.path]?.hash.identity ?? SourceIdentity(ofFile: source.path).digest
                }
            let plan = try SongCompiler.compile(
                entry.song, songIndex: index, identities: identities,
                firstSource: placed?.firstNumber ?? firstSource, options: compileOptions, into: &list)
            firstSource += entry.song.sources.count
            songs.append(SongState(plan: plan, lengthRule: plan.lengthRule.rawValue))
            flags[plan.mix.program.rawValue, default: Flags()].isRetained = true
            collect(plan.preMasterMeasurement)
            collect(plan.mixMeasurement)
            if options.deliversStems, options.deliveredSongs.contains(index) { deliverStems(of: plan) }
        }
    }

    /// Hands the mixes to the farm.
    func submit(to host: CoordinatorHost, priority: Int = 0, workerLimit: Int? = nil, isPaused: Bool = false) {
        host.submit(
            HostedJob(id: id, list: list, sources: references, driver: self), shapes: takeShapes(), priority: priority,
            workerLimit: workerLimit, isPaused: isPaused)
        closeIfComplete(host)
    }

    private func deliverStems(of plan: SongPlan) {
        for (index, stem) in plan.stems.enumerated() {
            deliverStem(stem.stream, as: .stem(song: plan.song, index: index))
        }
        deliverStem(plan.preMaster, as: .preMaster(song: plan.song))
    }

    /// One program feeds one file: what two files are made of, as of a song with one stem, is copied for the second.
    private func deliverStem(_ stream: StreamRef, as role: DeliveredRole) {
        guard deliveredRoles[stream.program] != nil else { return deliver(stream, as: role) }
        let program = list[stream.program]
        let copy = FinishCompiler.addCopy(
            of: stream, frameCount: program.frameCount, song: program.song, label: ProgramLabel(name: "Stem"),
            to: &list)
        deliver(copy, as: role)
    }

    private func deliver(_ stream: StreamRef, as role: DeliveredRole) {
        flags[stream.program.rawValue, default: Flags()].isDelivered = true
        deliveredRoles[stream.program] = role
        let program = list[stream.program]
        sink.open(role, rateHertz: program.rateHertz, output: stream.output, frameCount: program.frameCount)
    }

    private static func groups(_ album: Album, _ options: AlbumJobOptions) -> [FinishGroup] {
        guard !album.deliveries.isEmpty else { return [] }
        let isPooled = album.loudness.isEnabled && album.loudness.target != nil && album.loudness.scope == .album
        var groups: [FinishGroup] = []
        let rates = { (song: Int) -> [Int] in
            var seen: [Int] = []
            for delivery in album.deliveries {
                let rate = delivery.rateHertz ?? album.songs[song].song.rateHertz
                if !seen.contains(rate) { seen.append(rate) }
            }
            return seen
        }
        if isPooled {
            for rate in rates(0) { groups.append(FinishGroup(rateHertz: rate, songs: Array(album.songs.indices))) }
            return groups
        }
        for song in album.songs.indices where options.deliveredSongs.contains(song) {
            for rate in rates(song) { groups.append(FinishGroup(rateHertz: rate, songs: [song])) }
        }
        return groups
    }

    /// Shapes of the programs added since the last call.
    private func takeShapes() -> [ProgramShape] {
        defer { submittedCount = list.programs.count }
        return (submittedCount..<list.programs.count).map { index in
            let flags = flags[index] ?? Flags()
            return list.programs[index].shape(
                isDelivered: flags.isDelivered, isRetained: flags.isRetained,
                costPerSegment: Self.cost(of: list.programs[index]))
        }
    }

    /// Relative cost of a segment: constants, never measured.
    static func cost(of program: Program) -> Int {
        switch program.body {
        case .mix(let mix): 2 + mix.nodes.reduce(0) { $0 + $1.strips.reduce(0) { $0 + 1 + $1.stages.count } }
        case .convert, .convolve: 8
        case .finish, .encode, .match: 6
        case .measure: 4
        case .quantise, .hashSource, .reverse: 2
        }
    }

    // MARK: - Events

    func handle(_ event: FarmEvent, host: CoordinatorHost) {
        switch event {
        case .songFailed(_, let failure):
            if songs[failure.song].failure == nil { songs[failure.song].failure = failure.reason }
            for role in deliveredRoles.values where role.song == failure.song { sink.abandon(role) }
            advance(host)
        case .reused(_, let task), .committed(_, let task, _):
            doneTasks[list[task.program].song, default: 0] += 1
        case .delivered(_, let program):
            if let role = deliveredRoles[program] { publish(role) }
        case .rejected(_, let reason): outcome = .stopped(reason: reason)
        case .ended(_, let outcome): self.outcome = outcome
        default: break
        }
    }

    func deliver(_ delivery: FarmCoordination.Delivery, parts: Locations, host: CoordinatorHost) {
        let program = delivery.task.program
        if let role = deliveredRoles[program] {
            sink.append(delivery, to: role, places: parts, answer: host.poster)
        } else {
            collect(delivery, host)
        }
    }

    /// Takes a measurement out of the store; a lost one is measured again.
    private func collect(_ delivery: FarmCoordination.Delivery, _ host: CoordinatorHost) {
        let program = delivery.task.program
        let output = collectedOutputs[program] ?? 0
        let digests = delivery.result.outputs[output].map(\.digest)
        let bytes: [UInt8]?
        do { bytes = try digests.first.flatMap { try host.store.read($0) } } catch {
            // Not lost, only not to be had for the moment.
            return host.post(.undeliverable(delivery: delivery.number, []), afterSeconds: 1)
        }
        guard let bytes else { return host.post(.undeliverable(delivery: delivery.number, digests)) }
        blobs[program, default: []].append(bytes)
        host.post(.consumed(delivery: delivery.number))
        guard isCollected(program) else { return }
        if let before = takenBack.removeValue(forKey: program), before != blobs[program] { distrust(program) }
        advance(host)
    }

    /// Gain or length were chosen by a measurement that is another one now that a worker was found wrong.
    private func distrust(_ program: ProgramID) {
        let song = list[program].song
        let affected = Set(groups.filter { $0.songs.contains(song) }.flatMap(\.songs) + [song])
        for song in affected.sorted() where songs[song].failure == nil {
            songs[song].failure =
                "a worker was found wrong after its measurements had decided gain or length: render again"
            let roles = deliveredRoles.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
            for role in roles where role.song == song {
                // Fails what is finished; the rest is let go.
                sink.rewind(role, toFrame: 0)
                sink.abandon(role)
            }
        }
    }

    private func isCollected(_ program: ProgramID) -> Bool {
        blobs[program].map { $0.count == list[program].segmentCount } ?? false
    }

    /// Asks for the blobs of a program's output as they are made.
    private func collect(_ program: ProgramID, output: Int = 0) {
        flags[program.rawValue, default: Flags()].isDelivered = true
        collectedOutputs[program] = output
    }

    func rewind(_ program: ProgramID, toSegment segment: Int) {
        guard let role = deliveredRoles[program] else {
            // What was whole has been used: it is compared when it is whole again.
            if isCollected(program), takenBack[program] == nil { takenBack[program] = blobs[program] }
            let collected = blobs[program]?.count ?? 0
            blobs[program]?.removeLast(max(0, collected - segment))
            return
        }
        sink.rewind(role, toFrame: segment * list[program].segmentFrames)
    }

    private func publish(_ role: DeliveredRole) {
        if case .master = role {
            sink.publish(role, frameCount: nil)
        } else if let frames = songs[role.song].frameCount {
            sink.publish(role, frameCount: frames)
        } else {
            waitingForCut.append(role)
        }
    }

    /// Stems whose last window was written before the length of their song was known.
    private var waitingForCut: [DeliveredRole] = []

    // MARK: - Progress of the work

    /// What the job is about, in a word or two.
    var stage: String {
        if isClosed || groups.allSatisfy(\.isDone) && !groups.isEmpty { return "delivering" }
        if let group = groups.first(where: { !$0.isDone && $0.hasBegun }) {
            return "finish, pass \(max(1, group.passes.count)) of at most \(FinishSolver.maximumPassCount)"
        }
        return "mixing"
    }

    /// The finish pass under way, from 1; 0 before the first.
    var pass: Int { groups.reduce(0) { max($0, $1.passes.count) } }

    /// Tasks done and known per song.
    var songProgress: [AlbumProgress.Song] {
        var totals = [Int](repeating: 0, count: songs.count)
        for program in list.programs { totals[program.song] += program.segmentCount }
        return songs.indices.map { song in
            let total = totals[song]
            let done = min(total, doneTasks[song] ?? 0)
            let stage = songs[song].frameCount == nil ? "mixing" : done == total && isClosed ? "done" : stage
            return AlbumProgress.Song(done: done, total: total, failure: songs[song].failure, stage: stage)
        }
    }

    /// Length of all songs together.
    var songSeconds: Double {
        songs.reduce(0) { $0 + Double($1.frameCount ?? $1.plan.frameCount) / Double($1.plan.rateHertz) }
    }

    private func advance(_ host: CoordinatorHost) {
        for index in songs.indices { measure(index) }
        for role in waitingForCut where songs[role.song].frameCount != nil {
            sink.publish(role, frameCount: songs[role.song].frameCount)
        }
        waitingForCut.removeAll { songs[$0.song].frameCount != nil }
        for index in groups.indices where !groups[index].isDone { advance(group: index) }
        let added = takeShapes()
        if !added.isEmpty { host.extend(id, list, shapes: added) }
        closeIfComplete(host)
    }

    private func closeIfComplete(_ host: CoordinatorHost) {
        guard !isClosed, groups.allSatisfy(\.isDone) else { return }
        // Without deliveries there is nothing to wait for but the measurements.
        guard songs.allSatisfy({ $0.failure != nil || $0.frameCount != nil }) else { return }
        isClosed = true
        host.close(id)
    }

    private func measure(_ index: Int) {
        let plan = songs[index].plan
        guard songs[index].failure == nil, songs[index].frameCount == nil,
            isCollected(plan.preMasterMeasurement), isCollected(plan.mixMeasurement)
        else { return }
        do {
            let measures = try MixMeasures(plan, list) { blobs[$0] ?? [] }
            if measures.isTailCut {
                warnings.append(
                    "\(album.songs[index].song.title): the tail is cut by tail-limit while it still sounds")
            }
            songs[index].loudness = measures.loudness
            songs[index].frameCount = measures.frameCount
        } catch {
            songs[index].failure = "measurement of \(album.songs[index].song.title): \(error)"
        }
    }

    private func summary(of program: ProgramID) throws -> LoudnessSummary {
        try MixMeasures.summary(of: list[program], blobs[program] ?? [])
    }

    // MARK: - Finish

    private func advance(group index: Int) {
        let members = groups[index].songs
        if let failed = members.first(where: { songs[$0].failure != nil }) {
            give(up: index, reason: songs[failed].failure ?? "", song: failed)
            return
        }
        guard members.allSatisfy({ songs[$0].frameCount != nil }) else { return }
        do {
            if !groups[index].hasBegun {
                try begin(group: index)
            } else if let passes = groups[index].passes.last, passes.allSatisfy(isComplete) {
                try judge(group: index, passes)
            }
        } catch {
            give(up: index, reason: "\(error)", song: members[0])
        }
    }

    private func isComplete(_ pass: FinishPass) -> Bool {
        isCollected(pass.measurement) && (pass.report.map(isCollected) ?? true)
    }

    private func give(up index: Int, reason: String, song: Int) {
        groups[index].isDone = true
        for member in groups[index].songs where songs[member].failure == nil && groups[index].songs.count > 1 {
            songs[member].failure =
                "the album's gain needs every mix, and \"\(album.songs[song].song.title)\" failed: \(reason)"
        }
    }

    private func begin(group index: Int) throws {
        groups[index].hasBegun = true
        let rate = groups[index].rateHertz
        for song in groups[index].songs {
            let before = list.programs.count
            let stream = FinishCompiler.addConversion(
                of: songs[song].plan, toHertz: rate, options: compileOptions, to: &list)
            if list.programs.count > before { flags[stream.program.rawValue] = Flags(isRetained: true) }
            groups[index].converted.append(stream)
        }
        guard album.loudness.isEnabled else {
            deliver(group: index, streams: groups[index].converted, gainTenths: 0, passCount: 0, reduction: 0)
            return
        }
        guard let target = album.loudness.target else {
            addPass(group: index, gainTenths: 0)
            return
        }
        let summaries = groups[index].songs.compactMap { songs[$0].loudness }
        groups[index].solver = FinishSolver(
            target: target, mix: LoudnessSummary.integrated(pooling: summaries),
            maximumLimiting: album.loudness.maximumLimiting)
        try proceed(group: index)
    }

    private func proceed(group index: Int) throws {
        guard let solver = groups[index].solver else { return }
        switch solver.next {
        case .run(let gain): addPass(group: index, gainTenths: gain)
        case .fail(let reason):
            groups[index].isDone = true
            for song in groups[index].songs { songs[song].failure = reason }
        case .deliver(let pass):
            let chosen = groups[index].passes[pass]
            deliver(
                group: index, streams: chosen.map(\.limited), gainTenths: solver.passes[pass].gainTenths,
                passCount: solver.passes.count, reduction: solver.passes[pass].reductionDecibels)
        }
    }

    private func addPass(group index: Int, gainTenths: Int) {
        var passes: [FinishPass] = []
        for (position, song) in groups[index].songs.enumerated() {
            let frames = FinishCompiler.frameCount(
                songs[song].frameCount ?? 0, fromHertz: songs[song].plan.rateHertz, toHertz: groups[index].rateHertz)
            let pass = FinishCompiler.addPass(
                over: groups[index].converted[position], gainDecibels: Double(gainTenths) / 10,
                ceiling: album.loudness.ceiling, frameCount: frames, song: song, to: &list)
            flags[pass.limited.program.rawValue] = Flags(isRetained: true)
            collect(pass.measurement)
            if let report = pass.report { collect(report, output: 1) }
            passes.append(pass)
        }
        groups[index].passes.append(passes)
        groups[index].gains.append(gainTenths)
    }

    private func judge(group index: Int, _ passes: [FinishPass]) throws {
        let reduction = try MixMeasures.reductionDecibels(
            of: passes.flatMap { $0.report.flatMap { blobs[$0] } ?? [] })
        guard groups[index].solver != nil else {
            deliver(
                group: index, streams: passes.map(\.limited), gainTenths: 0, passCount: 1, reduction: reduction)
            return
        }
        let summaries = try passes.map { try summary(of: $0.measurement) }
        let pass = FinishSolver.Pass(
            gainTenths: groups[index].gains[groups[index].passes.count - 1],
            integrated: LoudnessSummary.integrated(pooling: summaries), reductionDecibels: reduction)
        groups[index].solver?.add(pass)
        try proceed(group: index)
    }

    private func deliver(
        group index: Int, streams: [StreamRef], gainTenths: Int, passCount: Int, reduction: Double
    ) {
        groups[index].isDone = true
        for (song, stream) in zip(groups[index].songs, streams) {
            songs[song].finishes.append(
                SongState.Finish(
                    rateHertz: groups[index].rateHertz, gainDecibels: Double(gainTenths) / 10, passCount: passCount,
                    reductionDecibels: reduction))
            guard options.deliveredSongs.contains(song) else { continue }
            for (ordinal, delivery) in album.deliveries.enumerated()
            where (delivery.rateHertz ?? songs[song].plan.rateHertz) == groups[index].rateHertz {
                deliver(song, delivery, ordinal: ordinal, over: stream, rateHertz: groups[index].rateHertz)
            }
        }
    }

    private func deliver(
        _ song: Int, _ delivery: Session.Delivery, ordinal: Int, over stream: StreamRef, rateHertz: Int
    ) {
        let frames = FinishCompiler.frameCount(
            songs[song].frameCount ?? 0, fromHertz: songs[song].plan.rateHertz, toHertz: rateHertz)
        let role = DeliveredRole.master(song: song, delivery: ordinal)
        guard !delivery.samples.isFloat else {
            deliver(
                FinishCompiler.addCopy(of: stream, frameCount: frames, song: song, to: &list), as: role)
            return
        }
        let integers = FinishCompiler.addQuantiser(
            over: stream, delivery: delivery, ordinal: ordinal, seed: album.songs[song].song.seed,
            frameCount: frames, song: song, to: &list)
        guard delivery.format == .flac else {
            deliver(integers, as: role)
            return
        }
        deliver(
            FinishCompiler.addEncoder(
                over: integers, samples: delivery.samples, library: sink.flacLibrary, to: &list), as: role)
    }
}

extension ContentHash {
    /// What stands for the file in a hashing task's key, wherever it lies.
    var identity: Digest {
        var writer = WireWriter()
        for index in 0..<4 { writer.put(words[index]) }
        return Digest.of(Array("content".utf8) + writer.bytes)
    }
}

/// Decibels of a linear gain, for reports.
func decibels(_ gain: Float) -> Double { gain > 0 ? 20 * log10(Double(gain)) : -.infinity }
