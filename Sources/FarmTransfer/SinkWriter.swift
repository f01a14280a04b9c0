internal import Foundation
internal import Storage
internal import Synchronization

/// The thread that writes what was pulled: it may wait for a disk while the socket's thread may not.
///
/// Jobs are done in order, so that what belongs to an earlier start of a transfer is over when the next one begins.
/// How much waits here is bounded by the windows: a range counts until it is written.
final class SinkWriter: Sendable {
    enum Job: Sendable {
        case begin(PullID, any BlobSink, byteCount: Int)
        case write(PullID, any BlobSink, number: UInt64, [UInt8], offset: Int)
        case verify(PullID, any BlobSink)
        case abandon(PullID, any BlobSink)
        case join(PullID, any BlobSink)
    }

    private struct State {
        var jobs: [Job] = []
        var isEnding = false
    }

    private let inbox: TransferInbox
    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(inbox: TransferInbox) { self.inbox = inbox }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "transfer-writer"
        thread.stackSize = 4 << 20
        thread.start()
    }

    func post(_ job: Job) {
        let wasEmpty = state.withLock { state in
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if wasEmpty { available.signal() }
    }

    /// Does what is left and ends.
    func finish() {
        state.withLock { $0.isEnding = true }
        available.signal()
        ended.wait()
    }

    private func run() {
        // Transfers whose sink has failed: what comes for them is thrown away.
        var failed: Set<PullID> = []
        while true {
            available.wait()
            let (jobs, isEnding) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isEnding)
            }
            for job in jobs { perform(job, &failed) }
            if isEnding { return }
        }
    }

    private func perform(_ job: Job, _ failed: inout Set<PullID>) {
        switch job {
        case .begin(let id, let sink, let byteCount):
            attempt(id, &failed) { try sink.begin(byteCount: byteCount) }
        case .write(let id, let sink, let number, let bytes, let offset):
            attempt(id, &failed) { try sink.write(bytes, at: offset) }
            inbox.post(.written(number))
        case .verify(let id, let sink):
            attempt(id, &failed) { inbox.post(.verified(id, try sink.finish())) }
        case .abandon(let id, let sink):
            failed.remove(id)
            sink.abandon()
        case .join(let id, let sink):
            do {
                try sink.finishedElsewhere()
                inbox.post(.joined(id, nil))
            } catch {
                inbox.post(.joined(id, Self.told(error)))
            }
        }
    }

    private func attempt(_ id: PullID, _ failed: inout Set<PullID>, _ body: () throws -> Void) {
        if failed.contains(id) { return }
        do { try body() } catch {
            failed.insert(id)
            inbox.post(.sinkFailed(id, Self.told(error)))
        }
    }

    private static func told(_ error: any Error) -> TransferError {
        switch error {
        case let error as StoreError: .sink(error.description, isDiskFull: error.code == .diskFull)
        case let error as VaultError: .sink(error.description, isDiskFull: error.code == .diskFull)
        default: .sink("\(error)", isDiskFull: false)
        }
    }
}
