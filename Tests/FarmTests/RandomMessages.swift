import Farm
import FarmProtocol
import Quantities
import RenderHarness
import RenderPlan
import Storage

extension WireMessage {
    /// A message of one of the seventeen kinds, its fields anywhere within their limits.
    static func random(kind: Int, _ random: inout Random) -> WireMessage {
        let message = FarmMessage.random(kind: kind, &random)
        var locations: [Digest: PackRange] = [:]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            locations[Digest.random(&random)] = PackRange(
                pack: PackID(Int.random(in: 1...9, using: &random)),
                offset: Int.random(in: 0...1 << 40, using: &random),
                byteCount: Int.random(in: 0...1 << 20, using: &random))
        }
        let program = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        return WireMessage(message: message, locations: locations, program: program)
    }
}

extension FarmMessage {
    fileprivate static func random(kind: Int, _ random: inout Random) -> FarmMessage {
        switch kind {
        case 0:
            .hello(
                Hello(
                    protocolVersion: Limits.protocolVersion, number: random.next(), engine: .random(&random),
                    report: .random(&random), held: names(&random)))
        case 1: .heartbeat(.random(&random))
        case 2:
            .result(
                ResultReport(
                    name: .random(&random), result: .random(&random),
                    costMicroseconds: Int.random(in: 0...1 << 40, using: &random)))
        case 3:
            .failed(
                FailureReport(
                    lease: .random(&random), job: JobID(random.next()), task: .random(&random),
                    reason: ["", "no \"space\" left", "Größe\n\u{0}", String(repeating: "x", count: 4096)]
                        .randomElement(using: &random) ?? ""))
        case 4:
            .unreadable(
                UnreadableReport(
                    lease: .random(&random), job: JobID(random.next()), task: .random(&random),
                    digests: (0..<Int.random(in: 0...5, using: &random)).map { _ in .random(&random) }))
        case 5: .goodbye
        case 6:
            .welcome(
                Welcome(
                    number: random.next(), coordinator: Incarnation(random.next()),
                    credit: Credit(
                        results: Int.random(in: 1...64, using: &random),
                        bytes: Int.random(in: 0...1 << 40, using: &random)),
                    lease: Bool.random(using: &random) ? .random(&random) : nil, keep: names(&random)))
        case 7: .identify(coordinator: Incarnation(random.next()))
        case 8: .refuse(Refusal(rawValue: UInt8.random(in: 1...6, using: &random)) ?? .hung)
        case 9: .beat(coordinator: Incarnation(random.next()))
        case 10:
            .lease(
                Grant(
                    lease: .random(&random), job: JobID(random.next()),
                    program: TaskID.random(&random).program,
                    start: Int.random(in: 0..<Limits.segmentCount, using: &random),
                    snapshot: Bool.random(using: &random) ? .random(&random) : nil, inputs: inputs(&random),
                    loadsSnapshot: Bool.random(using: &random)))
        case 11:
            .extend(
                HorizonExtension(
                    lease: .random(&random), from: Int.random(in: 0...Limits.segmentCount, using: &random),
                    inputs: inputs(&random)))
        case 12: .stop(.random(&random), at: Int.random(in: 0...Limits.segmentCount, using: &random))
        case 13: .end(.random(&random))
        case 14: .commit(.random(&random))
        case 15: .drop(.random(&random))
        default: .drain
        }
    }

    private static func names(_ random: inout Random) -> [ResultName] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(&random) }
    }

    private static func inputs(_ random: inout Random) -> [[TaskResult]] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(&random) }
        }
    }
}

extension Digest {
    fileprivate static func random(_ random: inout Random) -> Digest {
        Digest(high: random.next(), low: random.next())
    }
}

extension LeaseID {
    fileprivate static func random(_ random: inout Random) -> LeaseID {
        LeaseID(Incarnation(random.next()), random.next())
    }
}

extension TaskID {
    fileprivate static func random(_ random: inout Random) -> TaskID {
        TaskID(
            ProgramID(Int.random(in: 0..<Limits.programCount, using: &random)),
            Int.random(in: 0..<Limits.segmentCount, using: &random))
    }
}

extension ResultName {
    fileprivate static func random(_ random: inout Random) -> ResultName {
        let words = SIMD4(random.next(), random.next(), random.next(), random.next())
        return ResultName(
            lease: .random(&random), job: JobID(random.next()), task: .random(&random),
            key: TaskKey(words: words))
    }
}

extension Part {
    fileprivate static func random(_ random: inout Random) -> Part {
        Part(digest: .random(&random), byteCount: Int.random(in: 0...1 << 30, using: &random))
    }
}

extension TaskResult {
    fileprivate static func random(_ random: inout Random) -> TaskResult {
        TaskResult(
            outputs: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(&random) }
            }, snapshot: Bool.random(using: &random) ? .random(&random) : nil)
    }
}

extension WorkerReport {
    fileprivate static func random(_ random: inout Random) -> WorkerReport {
        let isDraining = Bool.random(using: &random)
        guard Bool.random(using: &random) else { return WorkerReport(isDraining: isDraining) }
        return WorkerReport(
            lease: LeaseStatus(
                lease: .random(&random), next: Int.random(in: 0...Limits.segmentCount, using: &random),
                horizon: Int.random(in: 0...Limits.segmentCount, using: &random),
                frames: Int.random(in: 0...1 << 40, using: &random), isRendering: Bool.random(using: &random)),
            isDraining: isDraining)
    }
}
