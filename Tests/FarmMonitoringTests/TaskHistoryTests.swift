import FarmMonitoring
import Foundation
import Testing

@Suite struct TaskHistoryTests {
    private func history(_ count: Int, capacity: Int) -> TaskHistory {
        var history = TaskHistory(capacity: capacity)
        for i in 0..<count { history.append(at: Double(i), .started, task: "task \(i)") }
        return history
    }

    @Test(arguments: [(0, 4), (1, 4), (3, 4), (4, 4), (5, 4), (11, 4), (7, 1), (100, 7)])
    func `pages join to the last events, in order, without gap or repetition`(count: Int, capacity: Int) {
        let history = history(count, capacity: capacity)
        #expect(history.lastSequence == UInt64(count))
        for limit in 1...8 {
            var seen: [TaskEvent] = []
            var missed: UInt64 = 0
            var next: UInt64 = 0
            while true {
                let page = history.events(after: next, limit: limit)
                #expect(page.events.count <= limit)
                #expect(page.hasMore == (page.next < history.lastSequence))
                seen += page.events
                missed += page.missedCount
                next = page.next
                if !page.hasMore { break }
            }
            let kept = min(count, capacity)
            #expect(seen.map(\.sequence) == (UInt64(count - kept)..<UInt64(count)).map { $0 + 1 })
            #expect(seen.map(\.task) == seen.map { "task \($0.sequence - 1)" })
            #expect(missed == UInt64(count - kept))
        }
    }

    @Test func `who asks after the newest gets nothing, and what comes later`() {
        var history = history(6, capacity: 4)
        #expect(history.events(after: 6, limit: 10).events == [])
        #expect(history.events(after: 6, limit: 10).next == 6)
        history.append(at: 9, .ended, detail: "done")
        let page = history.events(after: 6, limit: 10)
        #expect(page.events == [TaskEvent(sequence: 7, atSeconds: 9, kind: .ended, detail: "done")])
        #expect(page.missedCount == 0)
    }

    @Test func `a sequence of another coordinator's life starts with the oldest`() {
        let page = history(6, capacity: 4).events(after: 1_000, limit: 2)
        #expect(page.events.map(\.sequence) == [3, 4])
        #expect(page.hasMore)
    }

    @Test(arguments: [1, 3, 4, 50]) func `the newest are the last of all`(limit: Int) {
        let history = history(9, capacity: 4)
        let expected = (1...9).map { UInt64($0) }.suffix(min(limit, 4))
        #expect(history.newest(limit).events.map(\.sequence) == Array(expected))
        #expect(TaskHistory().newest(limit).events == [])
    }

    @Test(arguments: [0, 3, 4, 9]) func `a history cut to its newest goes on without a gap`(count: Int) {
        var history = history(count, capacity: 4)
        history.keepNewest(2)
        for i in 0..<5 {
            history.append(at: Double(i), .committed)
            let last = UInt64(count + i + 1)
            let kept = history.newest(10).events.map(\.sequence)
            #expect(kept == Array(last - UInt64(min(4, min(count, 2) + i + 1)) + 1...last))
        }
    }

    @Test func `long texts are cut between characters`() {
        var history = TaskHistory(capacity: 1)
        history.append(at: 0, .failed, task: String(repeating: "é", count: 10_000), worker: "w", detail: "short")
        let event = history.newest(1).events[0]
        #expect(event.task.utf8.count <= TaskHistory.textByteLimit)
        #expect(event.task.hasSuffix("é..."))
        #expect(event.detail == "short")
    }

    @Test func `a page survives JSON, and a kind of a later version too`() throws {
        var history = TaskHistory(capacity: 3)
        history.append(at: 1.5, .failed, task: "Ferry, mix 3", worker: "attic/2", detail: "out of memory")
        history.append(at: 2, TaskEvent.Kind(rawValue: "teleported"))
        let page = history.events(after: 0, limit: 10)
        let data = try JSONEncoder().encode(page)
        #expect(try JSONDecoder().decode(TaskHistory.Page.self, from: data) == page)
    }

    @Test func `fifty thousand events are kept unless said otherwise`() {
        var history = TaskHistory()
        for i in 0..<50_001 { history.append(at: Double(i), .committed) }
        let page = history.events(after: 0, limit: 100_000)
        #expect(page.events.count == 50_000)
        #expect(page.missedCount == 1)
    }
}
