import FarmCoordination
import Metering
import Quantities
import RenderCompiler
import RenderPlan
import Session
import Storage

/// The finish that an earlier render found for these very mixes, as far as the ledger still tells it.
///
/// It is derived again from the recorded measurements, as `AlbumJob` derived it, so it cannot be another render's.
struct RecordedFinish {
    /// The finished song, before dither and rounding.
    struct Found {
        var stream: StreamRef
        var gainDecibels: Double
    }

    private let album: Album
    private let plans: [SongPlan]
    private let options: CompileOptions
    private(set) var list: ProgramList
    private var walk: LedgerWalk
    /// Programs that were followed, and whether the ledger knows all of them.
    private var isComplete: [Bool] = []

    init(_ album: Album, _ plans: [SongPlan], _ list: ProgramList, options: CompileOptions, store: Store) {
        self.album = album
        self.plans = plans
        self.list = list
        self.options = options
        walk = LedgerWalk(store)
    }

    /// Per song of `wanted` the finish that is known, at the rate that is delivered; the programs it takes are in
    /// `list` from now on.
    mutating func find(_ wanted: [Int]) throws -> [Int: Found] {
        guard let delivery = album.deliveries.first(where: { $0.rateHertz == nil }) ?? album.deliveries.first else {
            return [:]
        }
        var found: [Int: Found] = [:]
        let isPooled = album.loudness.target != nil && album.loudness.scope == .album
        for group in isPooled ? [Array(plans.indices)] : wanted.map({ [$0] }) {
            let rate = delivery.rateHertz ?? plans[group[0]].rateHertz
            guard let finishes = try find(group: group, rateHertz: rate) else { continue }
            for (song, finish) in zip(group, finishes) where wanted.contains(song) { found[song] = finish }
        }
        return found
    }

    private mutating func find(group: [Int], rateHertz: Int) throws -> [Found]? {
        var measures: [MixMeasures] = []
        for song in group {
            guard let known = try measure(song) else { return nil }
            measures.append(known)
        }
        let streams = group.map {
            FinishCompiler.addConversion(of: plans[$0], toHertz: rateHertz, options: options, to: &list)
        }
        guard album.loudness.isEnabled else { return streams.map { Found(stream: $0, gainDecibels: 0) } }
        let frames = zip(group, measures).map {
            FinishCompiler.frameCount($1.frameCount, fromHertz: plans[$0].rateHertz, toHertz: rateHertz)
        }
        guard let target = album.loudness.target else {
            return add(group, streams, frames, gainTenths: 0).map { Found(stream: $0.limited, gainDecibels: 0) }
        }
        var solver = FinishSolver(
            target: target, mix: LoudnessSummary.integrated(pooling: measures.map(\.loudness)),
            maximumLimiting: album.loudness.maximumLimiting)
        var passes: [[FinishPass]] = []
        while true {
            switch solver.next {
            case .fail: return nil
            case .deliver(let pass):
                let gain = Double(solver.passes[pass].gainTenths) / 10
                return passes[pass].map { Found(stream: $0.limited, gainDecibels: gain) }
            case .run(let gain):
                passes.append(add(group, streams, frames, gainTenths: gain))
                guard let pass = try judge(passes[passes.count - 1], gainTenths: gain) else { return nil }
                solver.add(pass)
            }
        }
    }

    /// The measurements of a mix, where all of it and its bytes are there.
    private mutating func measure(_ song: Int) throws -> MixMeasures? {
        let plan = plans[song]
        var blobs: [ProgramID: [[UInt8]]] = [:]
        for program in [plan.preMasterMeasurement, plan.mixMeasurement] {
            guard let bytes = try self.blobs(of: program) else { return nil }
            blobs[program] = bytes
        }
        return try MixMeasures(plan, list) { blobs[$0] ?? [] }
    }

    private mutating func add(
        _ group: [Int], _ streams: [StreamRef], _ frames: [Int], gainTenths: Int
    ) -> [FinishPass] {
        group.indices.map {
            FinishCompiler.addPass(
                over: streams[$0], gainDecibels: Double(gainTenths) / 10, ceiling: album.loudness.ceiling,
                frameCount: frames[$0], song: group[$0], to: &list)
        }
    }

    private mutating func judge(_ passes: [FinishPass], gainTenths: Int) throws -> FinishSolver.Pass? {
        var reports: [[UInt8]] = []
        var summaries: [LoudnessSummary] = []
        for pass in passes {
            if let report = pass.report {
                guard let bytes = try blobs(of: report, output: 1) else { return nil }
                reports += bytes
            }
            guard let bytes = try blobs(of: pass.measurement) else { return nil }
            summaries.append(try MixMeasures.summary(of: list[pass.measurement], bytes))
        }
        return FinishSolver.Pass(
            gainTenths: gainTenths, integrated: LoudnessSummary.integrated(pooling: summaries),
            reductionDecibels: try MixMeasures.reductionDecibels(of: reports))
    }

    /// The blobs of a program and of every program before it that it may read.
    private mutating func blobs(of id: ProgramID, output: Int = 0) throws -> [[UInt8]]? {
        while isComplete.count <= id.rawValue {
            let number = isComplete.count
            isComplete.append(try walk.follow(ProgramID(number), list.programs[number]).isComplete)
        }
        guard isComplete[id.rawValue] else { return nil }
        return try walk.blobs(of: id, list[id], output: output)
    }
}
