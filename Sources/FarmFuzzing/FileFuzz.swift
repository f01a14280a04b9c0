import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import ZeroMQ

/// `allowed.json`: the table of keys.
final class KeyTableFuzz: FuzzReader {
    let name = "key-table"
    let form = InputForm.json

    func seeds() throws -> [[UInt8]] {
        var table = AccessTable()
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        for (number, roles) in [Set([Role.work]), [.submit, .operate], [.submit]].enumerated() {
            guard let key = CurveKey(bytes: (0..<32).map { UInt8($0 + number) }) else { continue }
            try table.allow(key, name: "machine-\(number)", roles: roles, at: now)
        }
        _ = table.revoke("machine-2", at: now)
        // A token is random: the text of one is put in its place.
        let invitation = """
            {"secretSHA256":"\(String(repeating: "0b", count: 32))","name":"new","roles":["work"],\
            "expiresAt":"2026-11-21T12:00:00Z"}
            """
        let json = String(decoding: try table.json(), as: UTF8.self)
        return [json, json.replacing("\"invitations\" : []", with: "\"invitations\" : [\(invitation)]")].map {
            Array($0.utf8)
        }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        do {
            let table = try AccessTable(json: bytes)
            var outcome = ReadingOutcome("table \(min(2, table.entries.count)) \(min(2, table.invitations.count))")
            outcome.branch = "table of \(min(2, table.entries.count)) keys, \(min(2, table.invitations.count)) tokens"
            let once = try table.json()
            let again = try AccessTable(json: once)
            if try again.json() != once { outcome.violations.append("another table when it is read again") }
            let names = table.entries.filter { $0.revokedAt == nil }.map(\.name)
            if Set(names).count != names.count || !names.allSatisfy(AccessTable.isName) {
                outcome.violations.append("names that cannot be")
            }
            return outcome
        } catch let error as FarmKeysError {
            return ReadingOutcome(refused: error)
        } catch {
            var outcome = ReadingOutcome("\(error)")
            outcome.violations.append("another error than FarmKeysError: \(error)")
            return outcome
        }
    }
}

/// Keys, invitations and addresses as people pass them on.
final class KeyTextFuzz: FuzzReader {
    let name = "key-text"
    let form = InputForm.text

    func seeds() throws -> [[UInt8]] {
        guard let key = CurveKey(bytes: [UInt8](1...32)) else { return [] }
        let token = Invitation.prefix + String(repeating: "AbZ09-_z", count: 8)
        return [
            key.z85, key.hexadecimal, token, "tcp://studio.example:7700", "ipc:///run/lathe/farm", "tcp://[::1]:65533",
        ].map { Array($0.utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        let text = String(decoding: bytes, as: UTF8.self)
        var outcome = ReadingOutcome("")
        if let key = CurveKey(text: text) {
            outcome.branch += "key"
            if CurveKey(text: key.hexadecimal) != key || CurveKey(text: key.z85) != key {
                outcome.violations.append("a key that is not itself")
            }
        }
        if let invitation = Invitation(token: text) {
            outcome.branch += "invitation"
            if invitation.token != text { outcome.violations.append("another token") }
        }
        if let endpoint = FarmEndpoint(text) {
            outcome.branch += "endpoint \(endpoint.isLocal) \(text.hasPrefix("ipc"))"
            if endpoint.data == endpoint.control || endpoint.enrolment == endpoint.data {
                outcome.violations.append("two sockets of one address")
            }
        }
        if let number = JobName.number(text), JobName.text(number) != text { outcome.violations.append("another job") }
        return outcome
    }
}

/// `webhooks.json`.
final class WebhookFuzz: FuzzReader {
    let name = "webhooks"
    let form = InputForm.json
    private let path: String

    init(_ folder: String) { path = folder + "/webhooks.json" }

    func seeds() throws -> [[UInt8]] {
        [
            """
            {"webhooks": [
              {"url": "https://studio.example/lathe", "secret": "0123456789abcdef", "events": ["job.done", "alarm"]},
              {"url": "http://127.0.0.1:9000/x?y=1", "secret": "0123456789abcdef\\u00e9"},
              {"url": "http://other.example", "secret": "0123456789abcdefg", "plain-http": true}
            ]}
            """, "{\"webhooks\": []}",
        ].map { Array($0.utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard write(bytes, to: path) else { return ReadingOutcome("not written") }
        do {
            let hooks = try Webhook.list(atPath: path)
            var outcome = ReadingOutcome("")
            outcome.branch = "list of \(min(3, hooks.count)) \(hooks.map(\.events.count).max() ?? 0)"
            if hooks.contains(where: { URL(string: $0.url) == nil }) { outcome.violations.append("a URL that is none") }
            return outcome
        } catch {
            return ReadingOutcome(refused: error)
        }
    }
}

/// Letters that wait to be delivered, under the names that their files have.
final class OutboxFuzz: FuzzReader {
    let name = "outbox"
    let form = InputForm.frames
    private let folder: String

    init(_ folder: String) { self.folder = folder + "/outbox" }

    func seeds() throws -> [[UInt8]] {
        let letter = WebhookOutbox.Letter(
            url: "https://studio.example", event: "job.done", id: "0a", createdAtSeconds: 1.7e9,
            body: "{\"event\":\"job.done\"}")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = Array(try encoder.encode(letter))
        return ["00000000000000000007.json", "18446744073709551615.json", "00000000000000000007.json.new"].map {
            FrameList.pack([bytes, Array($0.utf8)])
        }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        let frames = FrameList.unpack(bytes)
        let name = String(decoding: frames.count > 1 ? frames[1] : [], as: UTF8.self)
            .replacing("/", with: "_").replacing("\u{0}", with: "_")
        try? FileManager.default.removeItem(atPath: folder)
        do {
            var outbox = try WebhookOutbox(directory: folder)
            if !name.isEmpty, name.utf8.count < 200 { _ = write(frames.first ?? [], to: folder + "/" + name) }
            outbox = try WebhookOutbox(directory: folder)
            var branch = "letters:"
            for number in try outbox.numbers() {
                branch += (try? outbox.letter(number)) == nil ? " unreadable" : " read"
            }
            let letter = WebhookOutbox.Letter(url: "u", event: "e", id: "i", createdAtSeconds: 0, body: "b")
            var outcome = ReadingOutcome(branch)
            do {
                let number = try outbox.add(letter)
                if try outbox.letter(number) != letter { outcome.violations.append("another letter than was written") }
            } catch {
                outcome.branch += " not added"
            }
            return outcome
        } catch {
            return ReadingOutcome(refused: error)
        }
    }
}

/// `job.json` of a coordinator's jobs.
final class JobRecordFuzz: FuzzReader {
    let name = "job"
    let form = InputForm.json
    private let folder: String
    private static let id = "0123456789abcdef"

    init(_ folder: String) { self.folder = folder + "/jobs" }

    func seeds() throws -> [[UInt8]] {
        let submission = """
            {"id":"\(Self.id)","priority":0,"root":"/s/a.yaml","segmentSeconds":10,"sources":[{"byteCount":9000,\
            "hash":"\(String(repeating: "0c", count: 32))","path":"/s/k.wav"}],"stems":"none",\
            "texts":[{"path":"/s/a.yaml","text":"lathe: 1\\nalbum: A\\n"}],"title":"A"}
            """
        return [
            """
            {"failures":[],"files":[{"byteCount":7,"path":"01 A.wav","sha256":"0d"}],"owner":"local",\
            "renderedTasks":9,"reusedTasks":1,"run":2,"songs":[{"done":1,"stage":"done","title":"S","total":1}],\
            "state":"done","endedAtSeconds":1.7e9,"submission":\(submission),"submittedAtSeconds":1.6e9,"totalTasks":10}
            """,
            """
            {"failures":["a"],"files":[],"owner":"o","renderedTasks":0,"reusedTasks":0,"run":0,"state":"uploading",\
            "submission":\(submission),"submittedAtSeconds":1.6e9,"totalTasks":0}
            """,
        ].map { Array($0.utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        let path = "\(folder)/\(Self.id)/job.json"
        try? FileManager.default.createDirectory(
            atPath: "\(folder)/\(Self.id)", withIntermediateDirectories: true)
        guard write(bytes, to: path) else { return ReadingOutcome("not written") }
        do {
            let found = try StoredJobs.read(folder)
            guard let job = found.jobs.first else {
                var outcome = ReadingOutcome("unreadable")
                if found.unreadable != [path] { outcome.violations.append("a job that is not spoken of") }
                return outcome
            }
            var outcome = ReadingOutcome("read")
            guard write(job.json, to: path) else { return outcome }
            if try StoredJobs.read(folder).jobs.first?.json != job.json {
                outcome.violations.append("another job when it is read again")
            }
            return outcome
        } catch {
            var outcome = ReadingOutcome(refused: error)
            outcome.violations.append("a directory of jobs that cannot be read: \(error)")
            return outcome
        }
    }
}

/// Writes a file that only its owner may read.
func write(_ bytes: [UInt8], to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return Glibc.write(descriptor, bytes, bytes.count) == bytes.count
}
