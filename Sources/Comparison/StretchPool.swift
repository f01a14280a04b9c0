import Foundation
import Synchronization

/// Runs numbered pieces of work on threads and puts what they come to in order.
enum StretchPool {
    /// Hands the results of `body(0)`, `body(1)`, ... to `fold`, in that order, on this thread.
    ///
    /// The order in which they are made decides nothing. Few of them exist at a time: threads wait for `fold`.
    ///
    /// - Parameter progress: called on this thread about ten times a second with how many are folded.
    /// - Throws: what the piece with the lowest number threw.
    static func fold<Result: Sendable>(
        _ count: Int, workers: Int, progress: (Int) -> Void = { _ in },
        _ body: @escaping @Sendable (Int) throws -> Result, into fold: (Result) -> Void
    ) throws {
        let workers = max(1, min(workers, count))
        let board = Board<Result>(count: count, ahead: 2 * workers)
        let threads = DispatchGroup()
        for _ in 0..<workers {
            DispatchQueue.global().async(group: threads) {
                while let index = board.next() { board.finish(index, Swift.Result { try body(index) }) }
            }
        }
        // A failure ends all threads after the piece that they are at.
        defer { threads.wait() }
        var shown = Date()
        for index in 0..<count {
            let outcome = board.take(index)
            do { fold(try outcome.get()) } catch {
                board.stop()
                throw error
            }
            if Date().timeIntervalSince(shown) > 0.1 {
                shown = Date()
                progress(index + 1)
            }
        }
        progress(count)
    }

    /// The results in order.
    static func map<Result: Sendable>(
        _ count: Int, workers: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        try fold(count, workers: workers, body) { results.append($0) }
        return results
    }

    /// What threads have begun and finished.
    private final class Board<Result: Sendable>: Sendable {
        private struct State: Sendable {
            var finished: [Int: Swift.Result<Result, any Error>] = [:]
            var started = 0
            var taken = 0
            var isStopped = false
        }

        private let count: Int
        private let ahead: Int
        private let state = Mutex(State())
        private let condition = NSCondition()

        init(count: Int, ahead: Int) {
            self.count = count
            self.ahead = ahead
        }

        /// Waits until the folding is near; nil when there is nothing left to begin.
        func next() -> Int? {
            condition.lock()
            defer { condition.unlock() }
            while true {
                let step: (index: Int?, isOver: Bool) = state.withLock { state in
                    if state.isStopped || state.started == count { return (nil, true) }
                    guard state.started < state.taken + ahead else { return (nil, false) }
                    state.started += 1
                    return (state.started - 1, false)
                }
                if step.isOver { return nil }
                if let index = step.index { return index }
                condition.wait()
            }
        }

        func finish(_ index: Int, _ outcome: Swift.Result<Result, any Error>) {
            change { $0.finished[index] = outcome }
        }

        /// Waits for a result.
        func take(_ index: Int) -> Swift.Result<Result, any Error> {
            condition.lock()
            while true {
                if let outcome = state.withLock({ $0.finished.removeValue(forKey: index) }) {
                    condition.unlock()
                    change { $0.taken = index + 1 }
                    return outcome
                }
                condition.wait()
            }
        }

        func stop() { change { $0.isStopped = true } }

        private func change(_ body: (inout State) -> Void) {
            condition.lock()
            state.withLock { body(&$0) }
            condition.broadcast()
            condition.unlock()
        }
    }
}
