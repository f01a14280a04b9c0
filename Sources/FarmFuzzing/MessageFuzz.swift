import Farm
import FarmKeys
import FarmMonitoring
import FarmProtocol
import FarmService
import FarmTransfer
import Foundation
import Quantities
import RenderPlan
import Storage
import ZeroMQ

/// Messages between coordinator and workers: `FarmCodec`.
final class WireFuzz: FuzzReader {
    let name = "wire"
    let form = InputForm.frames

    func seeds() throws -> [[UInt8]] {
        let lease = LeaseID(Incarnation(7), 3)
        let task = TaskID(ProgramID(2), 5)
        let name = ResultName(lease: lease, job: JobID(11), task: task, key: TaskKey(words: SIMD4(1, 2, 3, 4)))
        let part = Part(digest: Digest(high: 5, low: 6), byteCount: 524_288)
        let result = TaskResult(outputs: [[part, part], [part]], snapshot: part)
        let report = WorkerReport(
            lease: LeaseStatus(lease: lease, next: 5, horizon: 9, frames: 4_096, isRendering: true), isDraining: false)
        let engine = Digest(high: 8, low: 9)
        let messages: [FarmMessage] = [
            .hello(Hello(number: 1, engine: engine, report: report, held: [name])),
            .hello(Hello(protocolVersion: 1, number: 2, engine: engine, report: WorkerReport(), held: [])),
            .heartbeat(report), .goodbye, .drain, .beat(coordinator: Incarnation(7)),
            .identify(coordinator: Incarnation(7)), .end(lease), .stop(lease, at: 6), .commit(name), .drop(name),
            .result(ResultReport(name: name, result: result, costMicroseconds: 1_234)),
            .failed(FailureReport(lease: lease, job: JobID(11), task: task, reason: "no \"space\"\n\u{1F3B9}")),
            .unreadable(UnreadableReport(lease: lease, job: JobID(11), task: task, digests: [engine, part.digest])),
            .welcome(
                Welcome(
                    number: 1, coordinator: Incarnation(7), credit: Credit(results: 8, bytes: 1 << 28), lease: lease,
                    keep: [name])),
            .refuse(.engine, reason: "other bits"),
            .lease(
                Grant(
                    lease: lease, job: JobID(11), program: ProgramID(2), start: 5, snapshot: part,
                    inputs: [[result], [result, result]], loadsSnapshot: false)),
            .extend(HorizonExtension(lease: lease, from: 7, inputs: [[result]])),
        ]
        let range = PackRange(pack: PackID(1), offset: 65_536, byteCount: 524_288)
        return try messages.map {
            var wire = WireMessage(message: $0)
            if case .result = $0 { wire.locations = [part.digest: range, engine: range] }
            if case .lease = $0 { wire.program = Array("{\"program\":{}}".utf8) }
            return FrameList.pack(try FarmCodec.encode(wire))
        }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        do {
            let wire = try FarmCodec.decode(FrameList.unpack(bytes))
            var outcome = ReadingOutcome("\(wire.message)".prefix { $0 != "(" }.description)
            let again = try FarmCodec.encode(wire)
            if try FarmCodec.decode(again) != wire { outcome.violations.append("another message when it is sent on") }
            return outcome
        } catch let error as WireError {
            return ReadingOutcome(refused: error)
        } catch {
            var outcome = ReadingOutcome("\(error)")
            outcome.violations.append("another error than WireError: \(error)")
            return outcome
        }
    }
}

/// Headers of the data socket: `TransferFrame`.
final class TransferFuzz: FuzzReader {
    let name = "transfer"
    let form = InputForm.words

    func seeds() throws -> [[UInt8]] {
        let hash = ContentHash(words: SIMD4(1, .max, 3, 4))
        let frames: [TransferFrame] = [
            .get(number: 7, .part(Digest(high: 1, low: 2)), offset: 0, count: 1 << 20),
            .get(number: .max, .source(hash), offset: 1 << 20, count: 1),
            .get(number: 8, .deliverable(job: 9, file: 3), offset: 5, count: 77),
            .data(number: 7, offset: 0, blobByteCount: 1 << 30), .none(number: 7, .unknown),
        ]
        return frames.map(\.bytes)
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        do {
            let frame = try TransferFrame(bytes)
            var outcome = ReadingOutcome("\(frame)".prefix(24).description)
            if frame.bytes != bytes { outcome.violations.append("other bytes when it is written again") }
            return outcome
        } catch {
            return ReadingOutcome(refused: error)
        }
    }
}

/// What clients ask: JSON, and the submission in it.
final class RequestFuzz: FuzzReader {
    let name = "request"
    let form = InputForm.json

    func seeds() throws -> [[UInt8]] {
        var submit = ClientRequest(.submit)
        submit.number = 5
        submit.submission = Submission(
            id: "0123456789abcdef", root: "/s/album.yaml", title: "A \u{1F3B9}",
            texts: [.init(path: "/s/album.yaml", text: "lathe: 1\nalbum: \"A\"\n"), .init(path: "/s/b", text: "x")],
            sources: [.init(path: "/s/k.wav", hash: ContentHash(words: SIMD4(1, 2, 3, 4)), byteCount: 9_000)],
            songs: [0, 2], stems: "pre-master", segmentSeconds: 0.5, priority: -3, workerLimit: 4)
        var exited = ClientRequest(.exited)
        exited.exit = WorkerExit(number: .max, life: 1, code: nil, signal: 9)
        var events = ClientRequest(.events, job: "0123")
        events.after = 77
        var drain = ClientRequest(.drain)
        drain.worker = "studio/1"
        var priority = ClientRequest(.prioritise, job: "0123456789abcdef")
        priority.priority = 3
        return try [submit, exited, events, drain, priority, ClientRequest(.status)].map(encoded)
    }

    private func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(value))
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard let request = try? JSONDecoder().decode(ClientRequest.self, from: Data(bytes)) else {
            return ReadingOutcome("refused: no request")
        }
        let said = request.submission.map { $0.violation ?? "good" } ?? "none"
        let isNamed = request.job.map { JobName.number($0) != nil } ?? false
        var outcome = ReadingOutcome("\(request.verb) v\(request.version == 1) \(isNamed) \(said)")
        do {
            let once = try encoded(request)
            let twice = try encoded(JSONDecoder().decode(ClientRequest.self, from: Data(once)))
            if once != twice { outcome.violations.append("another request when it is read again") }
        } catch {
            outcome.violations.append("it cannot be written again: \(error)")
        }
        return outcome
    }
}

/// What a coordinator answers.
final class ReplyFuzz: FuzzReader {
    let name = "reply"
    let form = InputForm.json

    func seeds() throws -> [[UInt8]] {
        var job = JobStatus(
            id: "0123456789abcdef", album: "A", owner: "o", state: .rendering, submittedAtSeconds: 1.5e9,
            waiting: "waits \u{1F3B9}")
        job.songs = [.init(title: "S", stage: "mix", done: 1, total: 9, failure: nil)]
        job.files = [.init(path: "01 S.wav", byteCount: 77, sha256: String(repeating: "0a", count: 32))]
        var whole = ClientReply(number: 3)
        whole.status = FarmStatus(
            lathe: "1", startedAtSeconds: 1, jobs: [job],
            workers: [WorkerStatus(name: "w/0", state: .rendering, joinedAtSeconds: 2)])
        var one = ClientReply(number: 4)
        one.job = job
        var failed = ClientReply(number: 5)
        failed.error = "there is no job"
        return try [whole, one, failed].map { reply in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return Array(try encoder.encode(reply))
        }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard let reply = try? JSONDecoder().decode(ClientReply.self, from: Data(bytes)) else {
            return ReadingOutcome("refused: no reply")
        }
        let job = reply.job
        let hashes = job?.files.map { ContentHash(hexadecimal: $0.sha256) != nil } ?? []
        var outcome = ReadingOutcome(
            "\(reply.error != nil) \(reply.status != nil) \(job?.state.rawValue ?? "-") \(hashes.prefix(3)) "
                + "\(reply.events != nil)")
        do {
            let again = try JSONDecoder().decode(ClientReply.self, from: JSONEncoder().encode(reply))
            if again.status != reply.status || again.job != reply.job || again.error != reply.error {
                outcome.violations.append("another reply when it is read again")
            }
        } catch {
            outcome.violations.append("it cannot be written again: \(error)")
        }
        return outcome
    }
}

/// Questions and answers of enrolment.
final class EnrolmentFuzz: FuzzReader {
    let name = "enrolment"
    let form = InputForm.frames

    func seeds() throws -> [[UInt8]] {
        let magic = Array("LEN1".utf8)
        let secret = [UInt8](0..<16)
        return [
            [magic, secret, []], [magic, secret, Array("studio-2".utf8)],
            [magic, [1], Array("studio.a".utf8), Array("work,submit".utf8)],
            [magic, [0], Array("invalid-token".utf8), []],
        ].map(FrameList.pack)
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        let frames = FrameList.unpack(bytes)
        let question = EnrolmentQuestion(frames)
        var outcome: ReadingOutcome
        do {
            let (name, roles) = try Enrolment.understand(frames)
            outcome = ReadingOutcome("answer \(roles.count)")
            if !AccessTable.isName(name) { outcome.violations.append("a name that is none") }
        } catch {
            outcome = ReadingOutcome(refused: error)
        }
        if let question {
            outcome.branch += " question \(question.suffix == nil)"
            if question.suffix.map({ !AccessTable.isName($0) }) == true { outcome.violations.append("no name") }
        }
        return outcome
    }
}

/// Requests to the handler of ZAP.
final class AuthenticationFuzz: FuzzReader {
    let name = "zap"
    let form = InputForm.frames

    func seeds() throws -> [[UInt8]] {
        let key = [UInt8](0..<32)
        let head = [[1, 2], [], Array("1.0".utf8), [9], Array("farm".utf8), Array("10.0.0.1".utf8), [7]] as [[UInt8]]
        return [
            head + [Array("CURVE".utf8), key], head + [Array("NULL".utf8)],
            head + [Array("PLAIN".utf8), Array("a".utf8), Array("b".utf8)],
        ].map(FrameList.pack)
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard let request = ZAPRequest(FrameList.unpack(bytes)) else { return ReadingOutcome("refused: no request") }
        let reply = request.reply(status: "400", text: "", userID: "")
        var outcome: ReadingOutcome
        switch request.content {
        case .valid(let valid):
            outcome = ReadingOutcome("valid")
            if valid.key.bytes.count != 32 { outcome.violations.append("a key of another size") }
        case .otherMechanism: outcome = ReadingOutcome("another mechanism")
        case .malformed: outcome = ReadingOutcome("malformed")
        }
        if reply.count != 8 { outcome.violations.append("a reply of \(reply.count) frames") }
        return outcome
    }
}

/// Heads of requests to the port of metrics.
final class HTTPFuzz: FuzzReader {
    let name = "http"
    let form = InputForm.text

    func seeds() throws -> [[UInt8]] {
        [
            "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:7780\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n",
            "HEAD /healthz?x=1 HTTP/1.0\r\n\r\n",
            "POST /readyz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ].map { Array($0.utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        let verdict = RequestHeadVerdict.of(bytes)
        let isRequest = verdict.hasPrefix("request ")
        var outcome = ReadingOutcome(isRequest ? "request" : verdict.split(separator: " ").joined(separator: "-"))
        if !isRequest { outcome.branch = verdict }
        if isRequest, !verdict.hasPrefix("request /") { outcome.violations.append("a path without a slash") }
        return outcome
    }
}
