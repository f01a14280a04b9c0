import FarmProtocol
import Quantities
import RenderPlan

/// The JSON header of every message. Which fields are there depends on `kind`; unknown ones are ignored.
///
/// Written and read by hand: a coordinator deals with some ten thousand of them a second.
struct WireHeader {
    enum Kind: String {
        case hello, heartbeat, result, failed, unreadable, goodbye
        case welcome, identify, refuse, beat, lease, extend, stop, end, commit, drop, drain
    }

    struct Name {
        var lease: LeaseID
        var job: UInt64
        var program: Int
        var segment: Int
        var key: TaskKey

        init(_ name: ResultName) {
            lease = name.lease
            job = name.job.rawValue
            program = name.task.program.rawValue
            segment = name.task.segment
            key = name.key
        }

        func name() throws -> ResultName {
            ResultName(lease: lease, job: JobID(job), task: try task(program, segment), key: key)
        }
    }

    struct Report {
        var lease: LeaseID?
        var next: Int?
        var horizon: Int?
        var frames: Int?
        var isRendering: Bool?
        var isDraining = false

        init(_ report: WorkerReport) {
            lease = report.lease?.lease
            next = report.lease?.next
            horizon = report.lease?.horizon
            frames = report.lease?.frames
            isRendering = report.lease?.isRendering
            isDraining = report.isDraining
        }

        func report() throws -> WorkerReport {
            guard let lease else { return WorkerReport(isDraining: isDraining) }
            guard let next, let horizon, let frames, let isRendering else {
                throw WireError("a report that lacks its lease's figures")
            }
            let segments = 0...Limits.segmentCount
            guard segments.contains(next), segments.contains(horizon), (0...(1 << 48)).contains(frames) else {
                throw WireError("a report beyond the limits")
            }
            return WorkerReport(
                lease: LeaseStatus(
                    lease: lease, next: next, horizon: horizon, frames: frames, isRendering: isRendering),
                isDraining: isDraining)
        }
    }

    /// The oldest version that understands the message; a HELLO's is the oldest that its sender speaks.
    var version: Int
    var kind: Kind
    /// HELLO: the newest version that its sender speaks. WELCOME: the version chosen. Absent means `version`.
    var newestVersion: Int?
    var number: UInt64?
    var coordinator: UInt64?
    var engine: String?
    var report: Report?
    var held: [Name]?
    var creditResults: Int?
    var creditBytes: Int?
    var refusal: UInt8?
    var lease: LeaseID?
    var job: UInt64?
    var program: Int?
    var segment: Int?
    var hasSnapshot: Bool?
    var loadsSnapshot: Bool?
    var name: Name?
    var reason: String?
    var costMicroseconds: Int?

    static func task(_ program: Int, _ segment: Int) throws -> TaskID {
        guard (0..<Limits.programCount).contains(program), (0..<Limits.segmentCount).contains(segment) else {
            throw WireError("a task beyond the limits")
        }
        return TaskID(ProgramID(program), segment)
    }

    private static func kind(of message: FarmMessage) -> Kind {
        switch message {
        case .hello: .hello
        case .heartbeat: .heartbeat
        case .result: .result
        case .failed: .failed
        case .unreadable: .unreadable
        case .goodbye: .goodbye
        case .welcome: .welcome
        case .identify: .identify
        case .refuse: .refuse
        case .beat: .beat
        case .lease: .lease
        case .extend: .extend
        case .stop: .stop
        case .end: .end
        case .commit: .commit
        case .drop: .drop
        case .drain: .drain
        }
    }

    init(_ message: FarmMessage) {
        version = Limits.oldestProtocolVersion
        kind = Self.kind(of: message)
        switch message {
        case .hello(let hello):
            version = hello.protocolVersions.lowerBound
            newestVersion = hello.protocolVersions.upperBound
            number = hello.number
            engine = hello.engine.description
            report = Report(hello.report)
            held = hello.held.map(Name.init)
        case .heartbeat(let report): self.report = Report(report)
        case .result(let result):
            name = Name(result.name)
            costMicroseconds = result.costMicroseconds
        case .failed(let failure):
            lease = failure.lease
            put(failure.job, failure.task)
            reason = failure.reason
        case .unreadable(let unreadable):
            lease = unreadable.lease
            put(unreadable.job, unreadable.task)
        case .welcome(let welcome):
            number = welcome.number
            newestVersion = welcome.protocolVersion
            coordinator = welcome.coordinator.rawValue
            creditResults = welcome.credit.results
            creditBytes = welcome.credit.bytes
            lease = welcome.lease
            held = welcome.keep.map(Name.init)
        case .identify(let incarnation), .beat(let incarnation): coordinator = incarnation.rawValue
        case .refuse(let refusal, let reason):
            self.refusal = refusal.rawValue
            if !reason.isEmpty { self.reason = reason }
        case .lease(let grant):
            lease = grant.lease
            put(grant.job, TaskID(grant.program, grant.start))
            hasSnapshot = grant.snapshot != nil
            loadsSnapshot = grant.loadsSnapshot
        case .extend(let more):
            lease = more.lease
            segment = more.from
        case .stop(let id, let at):
            lease = id
            segment = at
        case .end(let id): lease = id
        case .commit(let name), .drop(let name): self.name = Name(name)
        case .goodbye, .drain: break
        }
    }

    private mutating func put(_ job: JobID, _ task: TaskID) {
        self.job = job.rawValue
        program = task.program.rawValue
        segment = task.segment
    }
}

extension WireHeader {
    /// The message that header and payload say.
    func message(payload: inout WireReader) throws -> FarmMessage {
        switch kind {
        case .hello: return .hello(try hello())
        case .heartbeat: return .heartbeat(try required(report).report())
        case .result:
            let cost = try required(costMicroseconds)
            guard (0...(1 << 48)).contains(cost) else { throw WireError("a cost beyond the limits") }
            return .result(
                ResultReport(
                    name: try required(name).name(), result: try payload.result(), costMicroseconds: cost))
        case .failed:
            let reason = try required(reason)
            guard reason.utf8.count <= Limits.reasonByteCount else { throw WireError("reason too long") }
            return .failed(
                FailureReport(lease: try leaseID(), job: try jobID(), task: try task(), reason: reason))
        case .unreadable:
            let digests = try (0..<(try payload.count(limit: Limits.partCount, "digests"))).map { _ in
                try payload.digest()
            }
            return .unreadable(
                UnreadableReport(lease: try leaseID(), job: try jobID(), task: try task(), digests: digests))
        case .goodbye: return .goodbye
        case .drain: return .drain
        case .welcome: return .welcome(try welcome())
        case .identify: return .identify(coordinator: Incarnation(try required(coordinator)))
        case .beat: return .beat(coordinator: Incarnation(try required(coordinator)))
        case .refuse:
            guard let refusal = Refusal(rawValue: try required(refusal)) else { throw WireError("unknown refusal") }
            let reason = reason ?? ""
            guard reason.utf8.count <= Limits.reasonByteCount else { throw WireError("reason too long") }
            return .refuse(refusal, reason: reason)
        case .lease:
            let snapshot = try required(hasSnapshot) ? try payload.part() : nil
            let task = try task()
            return .lease(
                Grant(
                    lease: try leaseID(), job: try jobID(), program: task.program, start: task.segment,
                    snapshot: snapshot, inputs: try payload.inputs(), loadsSnapshot: try required(loadsSnapshot)))
        case .extend:
            return .extend(
                HorizonExtension(lease: try leaseID(), from: try segmentIndex(), inputs: try payload.inputs()))
        case .stop: return .stop(try leaseID(), at: try segmentIndex())
        case .end: return .end(try leaseID())
        case .commit: return .commit(try required(name).name())
        case .drop: return .drop(try required(name).name())
        }
    }

    private func hello() throws -> Hello {
        guard let engine = Digest(hexadecimal: try required(engine)) else { throw WireError("an engine that is none") }
        let newest = newestVersion ?? version
        guard (0...Int(Int32.max)).contains(version), (version...Int(Int32.max)).contains(newest) else {
            throw WireError("versions that are no range")
        }
        return Hello(
            protocolVersions: version...newest, number: try required(number), engine: engine,
            report: try required(report).report(), held: try names())
    }

    private func welcome() throws -> Welcome {
        let results = try required(creditResults)
        let bytes = try required(creditBytes)
        guard results > 0, results <= Limits.heldResultCount, (0...(1 << 48)).contains(bytes) else {
            throw WireError("a credit beyond the limits")
        }
        return Welcome(
            number: try required(number), protocolVersion: newestVersion ?? version,
            coordinator: Incarnation(try required(coordinator)),
            credit: Credit(results: results, bytes: bytes), lease: lease, keep: try names())
    }

    private func names() throws -> [ResultName] {
        let names = try required(held)
        guard names.count <= Limits.heldResultCount else { throw WireError("too many held results") }
        return try names.map { try $0.name() }
    }

    private func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw WireError("a \(kind.rawValue) lacks a field") }
        return value
    }

    private func leaseID() throws -> LeaseID { try required(lease) }
    private func jobID() throws -> JobID { JobID(try required(job)) }
    private func task() throws -> TaskID { try Self.task(try required(program), try required(segment)) }

    private func segmentIndex() throws -> Int {
        let index = try required(segment)
        guard (0...Limits.segmentCount).contains(index) else { throw WireError("a segment beyond the limits") }
        return index
    }
}
