import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import FarmTransfer
import Foundation
import Quantities
import RenderHarness
import Synchronization
import Testing
import ZeroMQ

extension RealFarmTests {
    /// Peers that mean harm, or are broken.
    @Suite(.serialized) struct HostileTests {
        /// A socket that a stranger or the owner of a key connects.
        private func dealer(
            _ farm: RealFarm, _ context: Context, to endpoint: String, identity: [UInt8], key: String?
        ) throws -> Socket {
            var options = SocketOptions()
            options.routingID = identity
            options.maximumFrameByteCount = 128 << 20
            if let key { options.security = try farm.security(key) }
            let socket = try Socket(.dealer, in: context, options: options)
            try socket.connect(to: endpoint)
            return socket
        }

        private func identity(_ kind: Character, _ random: inout Random) -> [UInt8] {
            [kind.asciiValue ?? 0] + (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        }

        private func send(_ frames: [[UInt8]], on socket: Socket) throws -> Bool {
            for _ in 0..<200 {
                if try socket.send(frames: frames) == .sent { return true }
                usleep(5_000)
            }
            return false
        }

        private func mutated(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
            var bytes = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
                default: bytes = Array(bytes.prefix(at))
                }
            }
            return bytes
        }

        /// Frames that begin like something.
        private func frames(_ random: inout Random, _ submission: Submission) throws -> [[UInt8]] {
            var request = ClientRequest(
                [.submit, .status, .events, .cancel, .retry, .prioritise, .drain, .remove, .exited].randomElement(
                    using: &random)!, job: submission.id)
            request.number = random.next()
            request.submission = submission
            request.exit = WorkerExit(number: random.next(), life: random.next(), code: 1, signal: nil)
            let json = [UInt8](try JSONEncoder().encode(request))
            let get = TransferFrame.get(
                number: random.next(), .deliverable(job: random.next(), file: Int.random(in: 0...9, using: &random)),
                offset: Int.random(in: 0...1 << 30, using: &random), count: 1 << 20
            ).bytes
            let header = Array(
                #"{"version":1,"kind":"hello","number":7,"frames":4,"job":"1","lease":"2","worker":"3"}"#.utf8)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return (0..<Int.random(in: 1...70, using: &random)).map { _ in [] }
            case 1: return [mutated(json, &random)]
            case 2: return [json, json]
            case 3: return [mutated(get, &random)]
            case 4: return [get, json]
            case 5: return [mutated(header, &random), [], [], []]
            case 6: return [Array(String(repeating: "[", count: 200_000).utf8)]
            default:
                return (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                }
            }
        }

        @Test(arguments: [false, true])
        func `garbage on every socket is counted, and the farm goes on`(keys: Bool) throws {
            let farm = try RealFarm(.tcp(keys: keys))
            try farm.workshop.writePairAlbum(seconds: 8)
            let reference = try farm.reference("pair.yaml")
            if keys { try farm.makeKey("evil", [.submit, .work]) }
            try farm.startCoordinator()
            try farm.startWorker(slots: 2)
            let client = try farm.client()
            let submission = try farm.submission("pair.yaml")
            let id = try farm.submit(submission, by: client).id
            var random = Random(seed: 42)
            // Bytes without a greeting, on each port.
            let first = try #require(Int(farm.endpoint.control.split(separator: ":").last ?? ""))
            for port in first..<first + (keys ? 3 : 2) {
                for _ in 0..<10 { try rawGarbage(port, &random) }
            }
            let context = try Context()
            var sentCount = 0
            var sockets: [Socket] = []
            for key in keys ? ["evil", nil] : [nil] {
                for kind in ["c", "w", "x"] as [Character] {
                    for endpoint in [farm.endpoint.control, farm.endpoint.data] {
                        let socket = try dealer(
                            farm, context, to: endpoint, identity: identity(kind, &random), key: key)
                        sockets.append(socket)
                        for _ in 0..<80 {
                            var submission = submission
                            submission.id = JobName.text(random.next())
                            if key == nil, keys {
                                _ = try socket.send(frames: frames(&random, submission))
                            } else if try send(frames(&random, submission), on: socket) {
                                sentCount += 1
                            }
                        }
                    }
                }
            }
            #expect(sentCount > 300)
            #expect(try farm.waitUntilOver(id, client).state == .done)
            expectSame(try farm.fetch(id, into: "out"), reference)
            farm.notePeak()
            let status = try #require(try client.ask(ClientRequest(.status)).status)
            print(
                "garbage (keys: \(keys)): \(sentCount) sent, \(status.counters.messagesRefused) refused messages,"
                    + " \(status.counters.connectionsRefused) refused connections,"
                    + " coordinator's peak \(farm.coordinatorPeakBytes >> 20) MiB")
            #expect(status.counters.messagesRefused > 100)
            #expect(farm.coordinatorPeakBytes < 400 << 20)
            for job in status.jobs where !job.state.isOver { _ = try client.ask(ClientRequest(.cancel, job: job.id)) }
            for job in status.jobs { try farm.waitUntilOver(job.id, client) }
            try expectNothingLeft(farm)
        }

        private func rawGarbage(_ port: Int, _ random: inout Random) throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = FreePorts.loopbackAddress(port)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            let bytes = (0..<Int.random(in: 1...5_000, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        @Test func `large messages do not fill the coordinator's memory`() throws {
            let farm = try RealFarm(.tcp(keys: true))
            try farm.makeKey("evil", [.submit])
            try farm.startCoordinator()
            let client = try farm.client()
            farm.notePeak()
            let before = farm.coordinatorPeakBytes
            let context = try Context()
            var random = Random(seed: 1)
            let large = [UInt8](repeating: UInt8(ascii: "["), count: 60 << 20)
            var sockets: [Socket] = []
            for _ in 0..<3 {
                let socket = try dealer(
                    farm, context, to: farm.endpoint.control, identity: identity("c", &random), key: "evil")
                sockets.append(socket)
                // As many frames as a message may have, and as many messages as libzmq takes.
                for _ in 0..<2 { _ = try send(Array(repeating: large, count: 3), on: socket) }
            }
            // And many that are just small enough.
            let small = [UInt8](repeating: UInt8(ascii: "["), count: 3 << 20)
            let flood = try dealer(
                farm, context, to: farm.endpoint.control, identity: identity("c", &random), key: "evil")
            sockets.append(flood)
            var floodCount = 0
            for _ in 0..<120 where try send([small], on: flood) { floodCount += 1 }
            #expect(floodCount == 120)
            var answered = 0
            for _ in 0..<40 {
                usleep(100_000)
                farm.notePeak()
                if (try? client.ask(ClientRequest(.status))) != nil { answered += 1 }
            }
            #expect(answered == 40)
            print("large messages: peak \(before >> 20) MiB before, \(farm.coordinatorPeakBytes >> 20) MiB after")
            #expect(farm.coordinatorPeakBytes - before < 200 << 20)
            sockets = []
            try expectNothingLeft(farm)
        }

        @Test func `a submission opens and writes nothing outside of its own`() throws {
            let farm = try RealFarm()
            try farm.workshop.writePairAlbum()
            try farm.startCoordinator()
            try farm.startWorker()
            let client = try farm.client()
            let good = try farm.submission("pair.yaml")
            try farm.workshop.write("secret.yaml", "lathe: 1\nsong: Secret\n")
            func song(_ title: String, _ file: String) -> String {
                "lathe: 1\nsong: \(title)\nlength: 1 s\ntracks: [{name: A, clips: [{file: \(file)}]}]\n"
            }
            let sound = good.sources[0].path
            let album = "lathe: 1\nalbum: A\n"
            let cases: [(String, String, String)] = [
                ("/x/a.yaml", "/x/a.yaml", song("\"../../../escaped\"", sound)),
                ("/x/a.yaml", "/x/a.yaml", song("\"/etc/escaped\"", sound)),
                ("/x/a.yaml", "/x/a.yaml", song("\"a\\0b\"", sound)),
                ("/x/../../a.yaml", "/x/../../a.yaml", song("Up", sound)),
                ("/x/a.yaml", "/x/a.yaml", song("Reads", "/etc/passwd")),
                ("/x/a.yaml", "/x/a.yaml", song("Reads", "../../../../etc/passwd")),
                ("/x/a.yaml", "/x/a.yaml", album + "songs: [{file: \(farm.workshop.path("secret.yaml"))}]\n"),
                (
                    "/x/a.yaml", "/x/a.yaml",
                    album + "songs: [{file: /x/s.yaml}]\ndeliver: [{format: wav, bits: 24, folder: ../../../out}]\n"
                ),
                ("a.yaml", "a.yaml", song("Relative", sound)),
                ("/x/a.yaml", "/etc/passwd", song("Other", sound)),
            ]
            let before = Set(farm.workshop.files(".").filter { !$0.hasPrefix("streams/") && !$0.hasPrefix("worker-") })
            for (number, entry) in cases.enumerated() {
                var submission = good
                submission.id = JobName.text(UInt64(0xabc0 + number))
                submission.root = entry.1
                submission.texts = [
                    Submission.Text(path: entry.0, text: entry.2),
                    Submission.Text(path: "/x/s.yaml", text: song("S", sound)),
                ]
                do {
                    let job = try farm.submit(submission, by: client)
                    let over = try farm.waitUntilOver(job.id, client, seconds: 20)
                    #expect(over.state != .done || number < 4, "\(entry) was rendered")
                    for file in over.files {
                        let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
                        #expect(!parts.contains("..") && !parts.contains(""), "\(file.path)")
                    }
                } catch let error as ServiceError {
                    #expect(!error.description.isEmpty)
                }
            }
            let after = farm.workshop.files(".").filter {
                !$0.hasPrefix("streams/") && !$0.hasPrefix("worker-") && !before.contains($0)
            }
            let outside = after.filter { !$0.hasPrefix("farm/") }
            #expect(outside == [])
            let misplaced = after.filter {
                $0.hasPrefix("farm/jobs/") && !$0.contains("/release/") && !$0.hasSuffix("/job.json")
            }
            #expect(misplaced == [])
            // Names that would be paths.
            for name in ["../../../../x", "..", "", "ABCDEF0123456789", "0123456789abcdef0"] {
                var submission = good
                submission.id = name
                #expect(throws: ServiceError.self) { try farm.submit(submission, by: client) }
            }
            try expectNothingLeft(farm)
        }

        @Test func `a client writes no file outside of its folder, whatever a coordinator says`() throws {
            let workshop = try Workshop()
            let port = try FreePorts.first(of: 3)
            let liar = try Liar(port: port) { number in
                var job = JobStatus(
                    id: "00000000deadbeef", album: "Liar", owner: "x", state: .done, submittedAtSeconds: 0)
                let path = ["../escaped", "/lathe-escaped", "a/../../b"][number % 3]
                job.files = [JobStatus.File(path: path, byteCount: 3, sha256: String(repeating: "0", count: 64))]
                return job
            }
            defer { liar.stop() }
            for _ in 0..<3 {
                let run = try workshop.run(
                    ["fetch", "deadbeef", "-o", workshop.path("out/deep"), "--farm", "tcp://127.0.0.1:\(port)"],
                    environment: ["XDG_CONFIG_HOME": workshop.path("config")])
                #expect(run.status == 2 && run.errors.contains("outside"), "\(run.errors)")
            }
            #expect(workshop.files("out") == [] && !FileManager.default.fileExists(atPath: "/lathe-escaped"))
        }
    }
}

/// A coordinator that answers everything with one job.
private final class Liar: Sendable {
    private let isOver = Atomic(false)
    private let done = DispatchSemaphore(value: 0)

    init(port: Int, job: @escaping @Sendable (Int) -> JobStatus) throws {
        let ready = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] () -> Void in
            defer { done.signal() }
            guard let context = try? Context(), let socket = try? Socket(.router, in: context),
                (try? socket.bind("tcp://127.0.0.1:\(port)")) != nil
            else {
                ready.signal()
                return
            }
            ready.signal()
            var count = 0
            while !isOver.load(ordering: .relaxed) {
                guard let frames = try? socket.receive(), frames.count == 2,
                    let request = try? JSONDecoder().decode(ClientRequest.self, from: Data(frames[1]))
                else {
                    usleep(2_000)
                    continue
                }
                var reply = ClientReply(number: request.number)
                reply.job = job(count)
                count += 1
                guard let bytes = try? JSONEncoder().encode(reply) else { continue }
                _ = try? socket.send(frames: [frames[0], [UInt8](bytes)])
            }
        }
        ready.wait()
    }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        done.wait()
    }
}
