import Farm
package import FarmKeys
package import FarmMonitoring
import FarmProtocol
import FarmTransfer
import Foundation
package import Quantities
package import ZeroMQ

/// A client of a coordinator: asks, sends audio, fetches files. For one thread.
package final class FarmClient {
    package let endpoint: FarmEndpoint
    /// Its public key; empty where the farm has no keys.
    package let identity: String
    private let id = ClientID()
    private let socket: Socket
    private var poller = Poller()
    private let link: TransferLink
    private let files = FileRanges()
    private var lastNumber: UInt64 = 0
    /// How long an answer may take before the farm counts as not reached.
    package var patienceMilliseconds: UInt64 = 10_000

    /// - Parameter security: of the client's key ring; `.none` for a coordinator of this machine without keys.
    package init(endpoint: FarmEndpoint, security: SocketSecurity) throws {
        self.endpoint = endpoint
        if case .curveClient(_, let own) = security { identity = own.publicKey.z85 } else { identity = "" }
        let context = try Context()
        var options = SocketOptions()
        options.security = security
        link = try TransferLink(
            context: context, endpoint: endpoint.data, options: options, routingID: id.bytes, source: files)
        options.routingID = id.bytes
        options.maximumFrameByteCount = 64 << 20
        options.heartbeatIntervalMilliseconds = 1000
        options.heartbeatTimeoutMilliseconds = 5000
        options.heartbeatTimeToLiveMilliseconds = 10_000
        socket = try Socket(.dealer, in: context, options: options)
        try socket.connect(to: endpoint.control)
        _ = poller.add(socket)
    }

    deinit { link.stop() }

    /// Asks until it is answered.
    ///
    /// - Throws: `ServiceError` with the coordinator's reason, or where it is not reached.
    package func ask(_ request: ClientRequest) throws -> ClientReply {
        lastNumber += 1
        var request = request
        request.number = lastNumber
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = [UInt8](try encoder.encode(request))
        let deadline = monotonicMilliseconds() + patienceMilliseconds
        var nextSend: UInt64 = 0
        while monotonicMilliseconds() < deadline {
            if Signals.stopSignal != 0 { throw Interrupted() }
            if monotonicMilliseconds() >= nextSend {
                // A dealer without a connection takes nothing: then soon again.
                let isSent = try socket.send(frames: [bytes]) == .sent
                nextSend = monotonicMilliseconds() + (isSent ? 2_000 : 20)
            }
            _ = try poller.wait(timeoutMilliseconds: 20)
            while let frames = try socket.receive() {
                guard frames.count == 1, let reply = try? JSONDecoder().decode(ClientReply.self, from: Data(frames[0])),
                    reply.number == request.number
                else { continue }
                if let error = reply.error { throw ServiceError(error) }
                return reply
            }
        }
        throw ServiceError(
            "no answer from \(endpoint). Is `lathe coordinator` running there, and may this key use it"
                + " (`lathe keys list` on its machine)?")
    }

    /// The request was given up for a signal.
    package struct Interrupted: Error { package init() {} }

    /// Makes a file of this machine available under its content.
    package func offer(_ hash: ContentHash, path: String) throws { try files.add(.source(hash), path: path) }

    /// Bytes sent so far.
    package var sentByteCount: Int { link.counters.sentByteCount }
    package var receivedByteCount: Int { link.counters.receivedByteCount }

    /// Fetches files of a job, several at a time; each gets its name when its bytes are those that were announced.
    ///
    /// - Parameters:
    ///   - paths: where each goes, by its number.
    ///   - progress: told now and then.
    /// - Returns: what could not be fetched, by number, with the reason.
    package func fetch(
        _ job: JobStatus, to paths: [Int: String], progress: () -> Void
    ) throws -> [Int: String] {
        guard let number = JobName.number(job.id) else { throw ServiceError("a job's name has sixteen digits") }
        let outcome = Locked<(open: Int, failures: [Int: String])>((paths.count, [:]))
        for (file, path) in paths.sorted(by: { $0.key < $1.key }) {
            guard let hash = ContentHash(hexadecimal: job.files[file].sha256) else {
                outcome.withLock {
                    $0.open -= 1; $0.failures[file] = "its hash is none"
                }
                continue
            }
            link.pull(
                .deliverable(job: number, file: file), byteCount: job.files[file].byteCount,
                into: FarmTransfer.FileSink(path: path, hash: hash)
            ) { result in
                outcome.withLock { outcome in
                    outcome.open -= 1
                    if case .failure(let error) = result { outcome.failures[file] = "\(error)" }
                }
            }
        }
        var silent = monotonicMilliseconds()
        var lastBytes = -1
        while outcome.withLock({ $0.open }) > 0 {
            if Signals.stopSignal != 0 { throw Interrupted() }
            usleep(20_000)
            progress()
            if receivedByteCount != lastBytes {
                lastBytes = receivedByteCount
                silent = monotonicMilliseconds()
            }
            if monotonicMilliseconds() - silent > 60_000 {
                throw ServiceError("\(endpoint) has sent nothing for a minute; `lathe fetch` carries on later")
            }
        }
        return outcome.withLock { $0.failures }
    }
}
