import Foundation
import Synchronization
import ZeroMQ

/// Answers machines that present a token; made by `Enrolment.serve`.
package final class EnrolmentService: Sendable {
    /// What happened since the start.
    package struct Counts: Sendable, Hashable {
        package var acceptedCount = 0
        /// Questions with a token that did not help.
        package var refusedCount = 0
        /// Questions beyond the limits of attempts.
        package var limitedCount = 0
        /// Messages that were no question.
        package var malformedCount = 0
    }

    /// The endpoint that it listens at.
    package let endpoint: String
    private let shared: Shared
    private let done = DispatchSemaphore(value: 0)
    private let isStopped = Mutex(false)

    init(
        endpoint: String, context: Context, keys: CurveKeyPair, access: AccessControl,
        report: @escaping @Sendable (EnrolmentEvent) -> Void
    ) throws {
        let shared = Shared(wakeUp: try WakeUp())
        self.shared = shared
        var options = SocketOptions()
        options.security = .curveServer(keys, domain: FarmDomain.enrolment)
        options.allowsHandOver = false
        options.maximumFrameByteCount = SocketOptions.minimumFrameByteCountOfCurve
        options.maximumFrameCount = 4
        options.receiveHighWaterMark = 4
        options.sendHighWaterMark = 4
        let made = options
        let isStarted = DispatchSemaphore(value: 0)
        let done = done
        let box = StartBox()
        Thread.detachNewThread {
            // The socket belongs to this thread from its first use to its end.
            do {
                let socket = try Socket(.router, in: context, options: made)
                let bound = try socket.bind(endpoint)
                box.result.withLock { $0 = .success(bound) }
                isStarted.signal()
                let desk = EnrolmentDesk(socket: socket, shared: shared, access: access, report: report)
                do { try desk.serve() } catch { report(.failed("\(error)")) }
            } catch {
                box.result.withLock { $0 = .failure(error) }
                isStarted.signal()
            }
            done.signal()
        }
        isStarted.wait()
        guard let result = box.result.withLock({ $0 }) else { preconditionFailure("it was signalled") }
        self.endpoint = try result.get()
    }

    deinit { stop() }

    /// Ends the service; returns when its thread is done with the socket.
    package func stop() {
        let wasStopped = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return isStopped
        }
        if wasStopped { return }
        shared.isStopping.store(true, ordering: .releasing)
        shared.wakeUp.signal()
        done.wait()
    }

    package var counts: Counts { shared.counts.withLock { $0 } }

    fileprivate final class Shared: Sendable {
        let wakeUp: WakeUp
        let isStopping = Atomic(false)
        let counts = Mutex(Counts())

        init(wakeUp: WakeUp) { self.wakeUp = wakeUp }
    }
}

/// What the service's thread owns.
private final class EnrolmentDesk {
    private let socket: Socket
    private let shared: EnrolmentService.Shared
    private let access: AccessControl
    private let report: @Sendable (EnrolmentEvent) -> Void
    private var limiter = EnrolmentLimiter()

    init(
        socket: Socket, shared: EnrolmentService.Shared, access: AccessControl,
        report: @escaping @Sendable (EnrolmentEvent) -> Void
    ) {
        self.socket = socket
        self.shared = shared
        self.access = access
        self.report = report
    }

    func serve() throws {
        var poller = Poller()
        _ = poller.add(socket)
        _ = poller.add(descriptor: shared.wakeUp.descriptor)
        while !shared.isStopping.load(ordering: .acquiring) {
            _ = try poller.wait(timeoutMilliseconds: -1)
            shared.wakeUp.drain()
            while !shared.isStopping.load(ordering: .acquiring), let message = try socket.receiveMessage() {
                guard let answer = answer(message) else { continue }
                // A machine that left, or does not read, asks again.
                _ = try socket.send(frames: [message.frames[0], Enrolment.magic] + answer)
            }
        }
    }

    private func answer(_ message: ReceivedMessage) -> [[UInt8]]? {
        let address = message.peerAddress ?? ""
        let body = Array(message.frames.dropFirst())
        guard let key = message.userID.flatMap({ CurveKey(z85: $0) }), let question = EnrolmentQuestion(body) else {
            shared.counts.withLock { $0.malformedCount += 1 }
            report(.malformed(address: address))
            return nil
        }
        let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
        guard limiter.admits(address, atSeconds: now) else {
            shared.counts.withLock { $0.limitedCount += 1 }
            return refuse(.tooManyAttempts, key, address)
        }
        do {
            let redemption = try access.change { table in
                table.redeem(secret: question.secret, key: key, suffix: question.suffix, at: Date())
            }
            switch redemption {
            case .accepted(let entry):
                shared.counts.withLock { $0.acceptedCount += 1 }
                report(.accepted(entry, address: address))
                let roles = Role.allCases.filter(entry.roles.contains).map(\.rawValue).joined(separator: ",")
                return [[1], Array(entry.name.utf8), Array(roles.utf8)]
            case .refused(let refusal):
                shared.counts.withLock { $0.refusedCount += 1 }
                return refuse(EnrolmentRefusal(refusal), key, address)
            }
        } catch {
            shared.counts.withLock { $0.refusedCount += 1 }
            return refuse(.notWritten, key, address, detail: "\(error)")
        }
    }

    private func refuse(
        _ refusal: EnrolmentRefusal, _ key: CurveKey, _ address: String, detail: String? = nil
    ) -> [[UInt8]] {
        report(.refused(refusal, key: key, address: address, detail: detail))
        return [[0], Array(refusal.rawValue.utf8), []]
    }
}

/// What the new thread tells the one that waits for it.
private final class StartBox: Sendable {
    let result = Mutex<Result<String, any Error>?>(nil)
}
