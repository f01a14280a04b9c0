import Farm
import FarmProtocol
import Foundation
import Quantities
import RenderHarness
import RenderPlan
import Storage
import Testing

/// What goes over the wire comes out as it went in; anything else is refused, and never more than that.
@Suite struct CodecTests {
    @Test(arguments: 0..<17)
    func `every message comes out as it went in`(kind: Int) throws {
        var random = Random(seed: UInt64(kind) + 1)
        for _ in 0..<200 {
            let message = WireMessage.random(kind: kind, &random)
            let frames = try FarmCodec.encode(message)
            #expect(try FarmCodec.decode(frames) == message)
            #expect(try FarmCodec.encode(message) == frames, "the same bytes for the same message")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `mutated frames are refused or are messages within the limits`(seed: UInt64) throws {
        var random = Random(seed: seed)
        var refusedCount = 0
        for _ in 0..<4000 {
            var frames = try FarmCodec.encode(
                WireMessage.random(kind: Int.random(in: 0..<17, using: &random), &random))
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&frames, &random) }
            do {
                let message = try FarmCodec.decode(frames)
                // What is taken can be said again.
                #expect(try FarmCodec.decode(FarmCodec.encode(message)) == message)
            } catch is WireError {
                refusedCount += 1
            }
        }
        #expect(refusedCount > 2000)
    }

    @Test func `random bytes are refused`() {
        var random = Random(seed: 11)
        for _ in 0..<3000 {
            let frames = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            #expect(throws: WireError.self) { try FarmCodec.decode(frames) }
        }
    }

    @Test func `unknown header keys are ignored, another version and a missing field are not`() throws {
        let frames = try FarmCodec.encode(WireMessage(message: .beat(coordinator: Incarnation(7))))
        let header = String(decoding: frames[0], as: UTF8.self)
        let decode = { (header: String) in try FarmCodec.decode([Array(header.utf8)] + frames.dropFirst()) }
        let more = header.replacing("{", with: "{\"later\":[1,{\"x\":null}],", maxReplacements: 1)
        #expect(try decode(more).message == .beat(coordinator: Incarnation(7)))
        #expect(throws: WireError.self) {
            try decode(header.replacing("\"version\":\(Limits.oldestProtocolVersion)", with: "\"version\":3"))
        }
        #expect(throws: WireError.self) {
            try decode(header.replacing("\"coordinator\":7", with: "\"number\":7"))
        }
        #expect(throws: WireError.self) { try decode(header.replacing("\"beat\"", with: "\"beet\"")) }
    }

    @Test(arguments: 0..<17)
    func `a header of another writer of JSON is the same message`(kind: Int) throws {
        var random = Random(seed: UInt64(kind) + 100)
        for _ in 0..<50 {
            let message = WireMessage.random(kind: kind, &random)
            var frames = try FarmCodec.encode(message)
            let header = try JSONSerialization.jsonObject(with: Data(frames[0]))
            // Other spaces, another order, other escapes.
            for options: JSONSerialization.WritingOptions in [[], .prettyPrinted, .sortedKeys] {
                frames[0] = [UInt8](try JSONSerialization.data(withJSONObject: header, options: options))
                #expect(try FarmCodec.decode(frames) == message)
            }
        }
    }

    @Test func `JSON of every form is read, what is no JSON is not`() throws {
        let frames = try FarmCodec.encode(
            WireMessage(
                message: .failed(
                    FailureReport(
                        lease: LeaseID(Incarnation(1), 2), job: JobID(3), task: TaskID(ProgramID(4), 5), reason: "R"))))
        let header = String(decoding: frames[0], as: UTF8.self)
        func reason(_ text: String) -> String? {
            let changed = header.replacing("\"R\"", with: text)
            guard let wire = try? FarmCodec.decode([Array(changed.utf8)] + frames.dropFirst()),
                case .failed(let report) = wire.message
            else { return nil }
            return report.reason
        }
        #expect(reason(#""\"\\\/\b\f\n\r\t""#) == "\"\\/\u{8}\u{c}\n\r\t")
        #expect(reason(#""a\u00e9\uD834\udd1Ez""#) == "aé𝄞z")
        for wrong in [
            #""\u12""#, #""\ud834""#, #""\ud834\u0041""#, #""\udd1e""#, #""\x""#, "\"a\nb\"", "\"", "\"a", "null", "7",
        ] { #expect(reason(wrong) == nil, "\(wrong)") }
        func isRead(_ field: String) -> Bool { reason("\"R\",\"later\":\(field)") == "R" }
        for value in ["0", "-1.5e+3", "true", "false", "null", "[ ]", "{ }", "[1, {\"x\": [\"\\\"]\"]}]"] {
            #expect(isRead(value), "\(value)")
        }
        let deep = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(isRead(deep(16)))
        for wrong in [deep(17), deep(100_000), "[1", "{\"a\"}", "nul", "truth", "", "[1,]"] { #expect(!isRead(wrong)) }
        for changed in [
            header + "x", header + header, String(header.dropLast()), "[\(header)]", "",
            header.replacing("\"job\":3", with: "\"job\":3.0"), header.replacing("\"job\":3", with: "\"job\":03"),
            header.replacing("\"job\":3", with: "\"job\":-3"),
            header.replacing("\"job\":3", with: "\"job\":18446744073709551616"),
        ] {
            #expect(throws: WireError.self) { try FarmCodec.decode([Array(changed.utf8)] + frames.dropFirst()) }
        }
        let largest = header.replacing("\"job\":3", with: "\"job\":18446744073709551615")
        #expect((try? FarmCodec.decode([Array((largest + " \n").utf8)] + frames.dropFirst())) != nil)
        // Bytes that are no UTF-8.
        var broken = frames
        guard let place = broken[0].firstIndex(of: UInt8(ascii: "R")) else { return }
        broken[0][place] = 0xff
        #expect(throws: WireError.self) { try FarmCodec.decode(broken) }
    }

    @Test func `numbers past their limits are refused`() throws {
        let header = { (fields: String) in [Array("{\"version\":1,\"frames\":4,\(fields)}".utf8)] }
        let none: [[UInt8]] = [[], words(0), []]
        let lease = "\"lease\":{\"coordinator\":1,\"counter\":1}"
        let tasks = [
            "\"kind\":\"stop\",\"segment\":4096,\(lease)": true,
            "\"kind\":\"stop\",\"segment\":4097,\(lease)": false,
            "\"kind\":\"stop\",\"segment\":-1,\(lease)": false,
            "\"kind\":\"failed\",\"reason\":\"r\",\"job\":1,\"program\":9999,\"segment\":4095,\(lease)": true,
            "\"kind\":\"failed\",\"reason\":\"r\",\"job\":1,\"program\":10000,\"segment\":0,\(lease)": false,
            "\"kind\":\"failed\",\"reason\":\"r\",\"job\":1,\"program\":0,\"segment\":4096,\(lease)": false,
            "\"kind\":\"failed\",\"reason\":\"\(String(repeating: "r", count: 4097))\",\"job\":1,\"program\":0,\"segment\":0,\(lease)":
                false,
            "\"kind\":\"refuse\",\"refusal\":1": true,
            "\"kind\":\"refuse\",\"refusal\":0": false,
            "\"kind\":\"heartbeat\",\"report\":{\"isDraining\":false,\"next\":4096,\"horizon\":4096,\"frames\":1,\"isRendering\":true,\(lease)}":
                true,
            "\"kind\":\"heartbeat\",\"report\":{\"isDraining\":false,\"next\":4097,\"horizon\":1,\"frames\":1,\"isRendering\":true,\(lease)}":
                false,
            "\"kind\":\"heartbeat\",\"report\":{\"isDraining\":false,\"next\":0,\"horizon\":1,\"frames\":9223372036854775807,\"isRendering\":true,\(lease)}":
                false,
        ]
        for (fields, isTaken) in tasks {
            #expect(
                ((try? FarmCodec.decode(header(fields) + none)) != nil) == isTaken, "\(fields.prefix(120))")
        }
        // A payload that announces more than it holds, and sizes whose sum would not be a number.
        let unreadable = "\"kind\":\"unreadable\",\"job\":1,\"program\":0,\"segment\":0,\(lease)"
        #expect((try? FarmCodec.decode(header(unreadable) + [words(1, 5, 6), words(0), []])) != nil)
        for payload in [words(2, 5, 6), words(4097), words(UInt64.max), words(1, 5), words(1, 5, 6, 7)] {
            #expect(throws: WireError.self) {
                try FarmCodec.decode(header(unreadable) + [payload, words(0), []])
            }
        }
        for places in [
            words(1, 5, 6, 1, 0, UInt64(Int.max)), words(1, 5, 6, UInt64.max, 0, 1), words(1, 5, 6, 1, 0),
            [1],
        ] {
            #expect(throws: WireError.self) {
                try FarmCodec.decode(header("\"kind\":\"goodbye\"") + [[], places, []])
            }
        }
    }

    private func words(_ values: UInt64...) -> [UInt8] {
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) } }
    }

    private func mutate(_ frames: inout [[UInt8]], _ random: inout Random) {
        let frame = Int.random(in: 0..<4, using: &random)
        guard frames.indices.contains(frame) else { return }
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where !frames[frame].isEmpty:
            let at = Int.random(in: frames[frame].indices, using: &random)
            frames[frame][at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: frames[frame].removeLast(Int.random(in: 0...frames[frame].count, using: &random))
        case 2: frames.remove(at: frame)
        case 3:
            frames[frame].append(contentsOf: (0...8).map { _ in UInt8.random(in: 0...255, using: &random) })
        case 4 where frames[frame].count >= 8:
            // A count or a size becomes an extreme one.
            let at = Int.random(in: 0...(frames[frame].count - 8) / 8, using: &random) * 8
            let extreme: [UInt64] = [.max, 1 << 63, 1 << 62, 65_537, 4097]
            frames[frame].replaceSubrange(
                at..<at + 8, with: words(extreme.randomElement(using: &random) ?? 0))
        default:
            // A digit of the header becomes many.
            let digits = frames[0].indices.filter { (48...57).contains(frames[0][$0]) }
            guard let at = digits.randomElement(using: &random) else { return }
            let numbers = [
                "-1", "99999999999999999999", "1e400", "\"x\"", "4097", "9223372036854775807", "null", "[]",
            ]
            frames[0].replaceSubrange(
                at...at, with: Array((numbers.randomElement(using: &random) ?? "0").utf8))
        }
    }
}
