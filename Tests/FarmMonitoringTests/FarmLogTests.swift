import FarmMonitoring
import Foundation
import Logging
import Synchronization
import Testing

/// Lines that a logger wrote, and a clock that stands until it is moved.
private final class Recorder: Sendable {
    let lines = Mutex<[String]>([])
    let now = Mutex(1_795_281_600.123)

    func sink(_ format: FarmLog.Format = .text) -> LogSink {
        LogSink(format: format, clock: { self.now.withLock { $0 } }) { line in
            self.lines.withLock { $0.append(line) }
        }
    }

    func logger(_ format: FarmLog.Format = .text, level: Logger.Level = .notice, sink: LogSink? = nil) -> Logger {
        let sink = sink ?? self.sink(format)
        return Logger(label: "lathe.test") { FarmLogHandler(label: $0, level: level, sink: sink) }
    }

    var all: [String] { lines.withLock { $0 } }
}

@Suite struct FarmLogTests {
    @Test func `a record is one line with its metadata in order`() {
        let recorder = Recorder()
        var logger = recorder.logger()
        logger[metadataKey: "worker"] = "attic/2"
        logger.notice("task committed", metadata: ["job": "a1", "song": "Night Ferry", "attempt": "3"])
        logger.info("not written")
        #expect(
            recorder.all == [
                "2026-11-21T17:20:00.123Z notice task committed attempt=3 job=a1 song=\"Night Ferry\" worker=attic/2\n"
            ])
    }

    static let values: [(String, String)] = [
        ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
        ("say \"no\"", "\"say \\\"no\\\"\""), ("a\\b", "\"a\\\\b\""),
        ("a\nforged", "\"a\\nforged\""),
        ("\u{1b}[2J", "\"\\u001b[2J\""), ("\u{0}", "\"\\u0000\""), ("\u{9b}", "\"\\u009b\""),
        ("\u{202e}txt", "\"\\u202etxt\""), ("Größe", "Größe"), ("a\r\nb", "\"a\\r\\nb\""),
        (String(repeating: "x", count: 5_000), "\"" + String(repeating: "x", count: 1_000) + "...\""),
    ]

    @Test func `values are quoted and nothing in them ends the line`() throws {
        for (value, expected) in Self.values {
            let recorder = Recorder()
            recorder.logger().notice("m", metadata: ["k": "\(value)"])
            #expect(recorder.all == ["2026-11-21T17:20:00.123Z notice m k=\(expected)\n"])
            let json = Recorder()
            json.logger(.json).notice("m", metadata: ["k": "\(value)"])
            let line = try #require(json.all.first)
            #expect(line.dropLast().allSatisfy { $0 != "\n" })
            let read = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let text = (read?["fields"] as? [String: String])?["k"]
            let whole = value.count > 1_000 ? value.prefix(1_000) + "..." : value[...]
            #expect(text.map { Array($0.unicodeScalars) } == Array(whole.unicodeScalars))
        }
    }

    @Test func `keys and messages cannot forge a field or a line`() {
        let recorder = Recorder()
        recorder.logger().notice("a\nb \u{1b}", metadata: ["k=1 x": "v", "": "w"])
        #expect(recorder.all == ["2026-11-21T17:20:00.123Z notice a\\nb \\u001b _=w k_1_x=v\n"])
    }

    @Test func `JSON lines have structure`() throws {
        let recorder = Recorder()
        recorder.logger(.json).error(
            "job failed", metadata: ["songs": ["one", "two"], "worker": ["name": "attic", "slot": "2"]])
        #expect(
            recorder.all == [
                "{\"time\":\"2026-11-21T17:20:00.123Z\",\"level\":\"error\",\"logger\":\"lathe.test\",\"message\":"
                    + "\"job failed\",\"fields\":{\"songs\":[\"one\",\"two\"],\"worker\":{\"name\":\"attic\",\"slot\":\"2\"}}}\n"
            ])
    }

    @Test func `the first twenty warnings of a minute are written, the rest are counted`() {
        let recorder = Recorder()
        let logger = recorder.logger()
        for i in 0..<137 { logger.warning("frame refused", metadata: ["peer": "\(i)"]) }
        for _ in 0..<30 { logger.notice("not limited") }
        for _ in 0..<30 { logger.critical("not limited") }
        logger.warning("something else")
        #expect(recorder.all.count == 20 + 30 + 30 + 1)
        recorder.now.withLock { $0 += 60 }
        logger.notice("a minute later")
        #expect(
            recorder.all.suffix(2) == [
                "2026-11-21T17:21:00.123Z warning frame refused more=117\n",
                "2026-11-21T17:21:00.123Z notice a minute later\n",
            ])
        logger.warning("frame refused")
        #expect(recorder.all.last == "2026-11-21T17:21:00.123Z warning frame refused\n")
    }

    @Test func `a flush tells what was left out, once`() {
        let recorder = Recorder()
        let sink = recorder.sink()
        let logger = recorder.logger(sink: sink)
        for _ in 0..<22 { logger.error("e") }
        sink.flush()
        #expect(recorder.all.count == 20)
        sink.flush(all: true)
        sink.flush(all: true)
        #expect(recorder.all.count == 21)
        #expect(recorder.all.last == "2026-11-21T17:20:00.123Z error e more=2\n")
    }

    @Test func `a clock set back does not silence a message`() {
        let recorder = Recorder()
        let logger = recorder.logger()
        for _ in 0..<25 { logger.warning("w") }
        recorder.now.withLock { $0 -= 3_600 }
        logger.warning("w")
        #expect(recorder.all.suffix(2).map { $0.dropFirst(25) } == ["warning w more=5\n", "warning w\n"])
    }

    @Test func `messages that are not constant do not fill the memory`() {
        let recorder = Recorder()
        let logger = recorder.logger()
        for i in 0..<2_000 { logger.warning("message \(i)") }
        #expect(recorder.all.count == 500 + 20)
    }

    @Test func `lines of many threads stay whole`() async {
        let recorder = Recorder()
        let logger = recorder.logger()
        await withTaskGroup(of: Void.self) { group in
            for i in 0..<50 {
                group.addTask { for j in 0..<20 { logger.notice("m", metadata: ["i": "\(i)", "j": "\(j)"]) } }
            }
        }
        #expect(Set(recorder.all).count == 1_000)
    }

    static let moments: [(Double, String)] = [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399.9995, "2100-02-28T23:59:59.999Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (1_709_251_199, "2024-02-29T23:59:59.000Z"), (-5, "1970-01-01T00:00:00.000Z"),
        (.nan, "1970-01-01T00:00:00.000Z"), (.infinity, "1970-01-01T00:00:00.000Z"),
    ]

    @Test(arguments: moments) func `the time is that of the calendar`(seconds: Double, text: String) {
        let recorder = Recorder()
        recorder.now.withLock { $0 = seconds }
        recorder.logger().notice("m")
        #expect(recorder.all == ["\(text) notice m\n"])
    }

    @Test func `a process that was set up writes JSON lines to standard error`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            FarmLog.bootstrap(environment: ["LATHE_LOG": "INFO", "LATHE_LOG_FORMAT": "json"])
            let logger = Logger(label: "lathe.test")
            logger.debug("too small")
            logger.info("small enough")
            for _ in 0..<23 { logger.warning("again and again") }
            FarmLog.flush()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("{\"time\"") }
        #expect(lines.count == 22, "\(text)")
        #expect(lines.first?.hasSuffix("\"logger\":\"lathe.test\",\"message\":\"small enough\"}") == true)
        #expect(lines.last?.hasSuffix("\"message\":\"again and again\",\"fields\":{\"more\":\"3\"}}") == true)
    }

    @Test func `a level that is none is told, and the usual one taken`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            FarmLog.bootstrap(environment: ["LATHE_LOG": "loud", "LATHE_LOG_FORMAT": "xml"])
            Logger(label: "lathe.test").info("too small")
            Logger(label: "lathe.test").notice("ready")
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let words = text.split(separator: "\n").filter { $0.contains("Z ") }.map { $0.dropFirst(25) }
        #expect(
            words == [
                "warning LATHE_LOG is no level taken=notice value=loud",
                "warning LATHE_LOG_FORMAT is neither text nor json value=xml", "notice ready",
            ])
    }
}
