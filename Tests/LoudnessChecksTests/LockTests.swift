import LoudnessChecks
import Testing

@Suite struct LockTests {
    // MARK: - Round trip

    /// Any report at all: strange names, silence, infinite and missing figures.
    private func randomReport(_ seed: UInt64) -> CheckReport {
        var dice = Dice(seed)
        let names = [
            "01 Ferry.wav", "ü/b \"x\".wav", "a\\b.wav", "line\nbreak.wav", "\u{301}x", "\u{202E}gpj", "#", "",
        ]
        var items: [CheckedItem] = []
        for (index, name) in names.shuffled(using: &dice).prefix(Int(dice.next() % 8) + 1).enumerated() {
            var take = Take(name, seconds: Int(dice.next() % 45), seed: seed &+ UInt64(index))
            take.values = [:]
            take.scope = [.song, .stem, .file].randomElement(using: &dice) ?? .file
            take.group = Bool.random(using: &dice) ? "ä \"lbum\".yaml" : nil
            if Bool.random(using: &dice) { take.hash = nil }
            for i in take.loudness.indices where dice.next() % 9 == 0 { take.loudness[i] = -.infinity }
            for i in take.brightness.indices where dice.next() % 9 == 0 { take.brightness[i] = .nan }
            var item = take.item
            guard case .measured(var measurement) = item.outcome else { continue }
            for metric in Metric.all {
                let extremes = [
                    0, -0.0, -.infinity, .infinity, .nan, 1e300, -1e17, 0.0005, -0.0004999, 123_456_789.987,
                ]
                switch dice.next() % 5 {
                case 0: break
                case 1: measurement.values[metric] = .unmeasurable("shorter than \"400\" ms\\")
                case 2: measurement.values[metric] = .number(extremes.randomElement(using: &dice) ?? 0)
                default: measurement.values[metric] = .number(dice.level(-70...70))
                }
            }
            item.outcome = .measured(measurement)
            items.append(item)
        }
        var group = CheckedGroup(id: "ä \"lbum\".yaml", title: "Ä\tB", itemIDs: items.map(\.id))
        group.values[.spread] = .number(3.21049)
        let identity = MeterIdentity(
            lathe: "0.4.0-dev \"x\"", engine: "3", truePeakOversampling: 16, mono: "dual")
        return CheckReport(identity: identity, items: items, groups: [group])
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func `a lock is read as it was written, and written as it was read`(
        seed: UInt64
    ) throws {
        let lock = LoudnessLock(
            report: randomReport(seed),
            acceptance: .init(by: "Ana \u{7}", reason: "lo\\uder\r\n\"chorus\"", date: "soon"))
        let text = lock.text
        let read = try LoudnessLock.parse(text, file: "l")
        #expect(read == lock)
        #expect(read.text.utf8.elementsEqual(text.utf8))
        #expect(text.utf8.allSatisfy { $0 == 10 || $0 >= 32 && $0 != 127 })
    }

    @Test func `the text is what the manual shows`() throws {
        var take = Take("songs/01 Ferry.wav", seconds: 12)
        take.loudness = [-.infinity] + (0..<11).map { -14.126 - Double($0) }
        take.peak = .init(repeating: -1, count: 12)
        take.brightness = [-.infinity] + .init(repeating: -8.005, count: 11)
        take.values = [.integrated: -14.2004, .truePeak: -1.05, .overs: 0, .duration: 12]
        var item = take.item
        if case .measured(var measurement) = item.outcome {
            measurement.values[.range] = .unmeasurable("shorter than 3 s")
            item.outcome = .measured(measurement)
        }
        var report = Checks.report([], album: -14.2)
        report.items = [item]
        let lock = LoudnessLock(
            report: report, acceptance: .init(by: "Ana", reason: "louder chorus", date: "2026-11-21"))
        let lines = lock.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.prefix(4).allSatisfy { $0.hasPrefix("# ") })
        #expect(
            lines.dropFirst(4).joined(separator: "\n") == """
                loudness-lock 1
                acceptedBy "Ana"
                reason "louder chorus"
                date 2026-11-21
                lathe 0.4.0
                engine 3
                truePeakOversampling 4
                mono as-is

                group "album.yaml"
                  title "Night Ferry"
                  integrated -14.200 LUFS

                item "songs/01 Ferry.wav"
                  scope song
                  title "songs/01 Ferry.wav"
                  partOf "album.yaml"
                  rate 48000
                  channels 2
                  frames 576000
                  pcmSHA256 \(Take.hash(1))
                  integrated -14.200 LUFS
                  range unmeasurable "shorter than 3 s"
                  truePeak -1.050 dBTP
                  overs 0
                  duration 12.000000 s
                  loudness@0:00   -inf -14.13 -15.13 -16.13 -17.13 -18.13 -19.13 -20.13 -21.13 -22.13
                  loudness@0:10 -23.13 -24.13
                  peak@0:00  -1.00  -1.00  -1.00  -1.00  -1.00  -1.00  -1.00  -1.00  -1.00  -1.00
                  peak@0:10  -1.00  -1.00
                  brightness@0:00   -inf  -8.01  -8.01  -8.01  -8.01  -8.01  -8.01  -8.01  -8.01  -8.01
                  brightness@0:10  -8.01  -8.01

                """)
    }

    @Test func `one changed second and one changed figure are two changed lines`() throws {
        let take = Take("a.wav")
        var other = take
        other.loudness[73] += 1
        other.values[.integrated] = -14.1
        let (a, b) = (try Checks.lock(Checks.report([take])), try Checks.lock(Checks.report([other])))
        let lines = { (lock: LoudnessLock) in lock.text.split(separator: "\n") }
        let changed = zip(lines(a), lines(b)).filter { $0 != $1 }.map { $1.prefix(17) }
        #expect(lines(a).count == lines(b).count)
        #expect(changed == ["  integrated -14.", "  loudness@1:10 -"])
    }

    @Test func `the order of a report does not matter`() throws {
        let takes = [Take("b", seed: 2), Take("a", seed: 1), Take("É", seed: 3), Take("Z", seed: 4)]
        let (a, b) = (try Checks.lock(Checks.report(takes)), try Checks.lock(Checks.report(takes.reversed())))
        #expect(a.text == b.text)
        #expect(a.items.map(\.id) == ["Z", "a", "b", "É"])
    }

    @Test func `every item and figure knows its line`() throws {
        let lock = try Checks.lock(Checks.report([Take("a"), Take("b", seed: 2)]))
        let lines = lock.text.split(separator: "\n", omittingEmptySubsequences: false)
        let at = { (number: Int?) in number.map { lines[$0 - 1] } }
        #expect(at(lock.lines.item("b")) == "item \"b\"")
        #expect(at(lock.lines.group("album.yaml")) == "group \"album.yaml\"")
        #expect(at(lock.lines.group("album.yaml", key: "integrated"))?.hasPrefix("  integrated -14") == true)
        #expect(at(lock.lines.item("b", key: "truePeak")) == "  truePeak -1.100 dBTP")
        #expect(at(lock.lines.item("b", key: "loudness@1:40"))?.hasPrefix("  loudness@1:40 ") == true)
        #expect(lock.lines.item("b", key: "nothing") == lock.lines.item("b"))
        #expect(lock.lines.item("c") == nil)
        #expect(at(lock.lines.header) == "loudness-lock 1" && at(lock.lines.meter) == "lathe 0.4.0")
    }

    // MARK: - Text that others touched

    private let text =
        (try? Checks.lock(Checks.report([Take("a.wav", seconds: 25), Take("b.wav", seconds: 9)])).text) ?? ""

    private func error(_ text: String) -> LockError? {
        do throws(LockError) {
            _ = try LoudnessLock.parse(text, file: "loudness.lock")
            return nil
        } catch {
            return error
        }
    }

    private func line(of text: String, in whole: String) -> Int? {
        whole.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains(text) }.map { $0 + 1 }
    }

    @Test func `line ends of Windows, a byte order mark and tabs are accepted`() throws {
        let lock = try LoudnessLock.parse(text, file: "l")
        let windows = "\u{FEFF}" + text.replacing("\n", with: "\r\n").replacing("  frames", with: "\tframes")
        #expect(try LoudnessLock.parse(windows, file: "l") == lock)
        #expect(try LoudnessLock.parse(windows, file: "l").text == text)
        #expect(try LoudnessLock.parse(String(text.dropLast()), file: "l") == lock)
    }

    @Test func `a merge conflict has a message of its own, whatever else is wrong`() throws {
        let conflict = text.replacing(
            "  integrated -14.200 LUFS\n",
            with: "<<<<<<< HEAD\n  integrated -14.200 LUFS\n=======\n  integrated -14.1 LUFS\n>>>>>>> mix\n")
        let found = try #require(error("garbage\n" + conflict))
        #expect(found.code == .mergeConflict)
        #expect(found.line == line(of: "<<<<<<<", in: "garbage\n" + conflict))
        #expect(found.description.hasPrefix("loudness.lock:"))
        #expect(found.message.contains("--accept"))
    }

    @Test func `figures of a newer Lathe are kept and written again`() throws {
        let newer = text.replacing(
            "  truePeak ", with: "  spatialWidth 3.25 qu \"x\"\n  warmth@0:00 1 2\n  warmth@0:10 3\n  truePeak ")
        let lock = try LoudnessLock.parse(newer, file: "l")
        #expect(
            lock.items.map(\.unknown)
                == .init(repeating: ["spatialWidth 3.25 qu \"x\"", "warmth@0:00 1 2", "warmth@0:10 3"], count: 2))
        #expect(try LoudnessLock.parse(lock.text, file: "l") == lock)
    }

    @Test func `what cannot be read is refused with its line`() throws {
        let cases: [(find: String, put: String, code: LockError.Code)] = [
            ("loudness-lock 1", "loudness-lock 2", .newerFormat),
            ("loudness-lock 1", "{\"json\": 1}", .syntax),
            ("loudness-lock 1", "ferry", .syntax),
            ("loudness-lock 1", "version 1", .notALock),
            ("mono as-is", "mono as-is\nmood happy", .syntax),
            ("mono as-is", "mono as-is\nmono dual", .duplicate),
            ("acceptedBy \"Ana\"", "acceptedBy Ana Berg", .syntax),
            ("acceptedBy \"Ana\"", "acceptedBy \"Ana\\q\"", .syntax),
            ("acceptedBy \"Ana\"", "acceptedBy \"A\\u{110000}\"", .syntax),
            ("item \"b.wav\"", "item \"a.wav\"", .duplicate),
            ("  scope song", "  scope album", .syntax),
            ("  rate 48000", "  rate 0", .syntax),
            ("  rate 48000", "  rate 99999999999999999999999999", .syntax),
            ("  channels 2", "  channels 2000000", .syntax),
            ("  channels 2", "  channels -2", .syntax),
            ("  frames 1200000", "  frames 9999999999999999", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak -1.100 LUFS", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak 1e3 dBTP", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak nan", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak 0x1p3", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak -1.", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak", .syntax),
            ("  truePeak -1.100 dBTP", "  truePeak -1.1\n  truePeak -1.1", .duplicate),
            ("  truePeak -1.100 dBTP", "  truePeak unmeasurable because", .syntax),
            ("  loudness@0:10", "  loudness@0:20", .syntax),
            ("  loudness@0:10", "  loudness@0:00", .syntax),
            ("  loudness@0:10", "  loudness@0:10 1", .syntax),
            ("  pcmSHA256 ", "  pcmSHA256 Z", .syntax),
            ("  title \"a.wav\"", "  title \"a.wav", .syntax),
            ("  title \"a.wav\"", "  title \"a\" \"b\"", .syntax),
        ]
        for (find, put, code) in cases {
            let range = try #require(text.firstRange(of: find), "\(find)")
            let broken = text.replacingCharacters(in: range, with: put)
            let found = try #require(error(broken), "\(put) was read")
            #expect(found.code == code, "\(put): \(found)")
            let first = line(of: find, in: text) ?? 0
            let last = first + put.count { $0 == "\n" }
            #expect(found.line.map { (first...last).contains($0) } == true, "\(put): \(found)")
            #expect(!found.message.contains("\n") && !found.message.hasSuffix("."), "\(found)")
        }
    }

    @Test func `what is missing is named with the place where it should be`() throws {
        for (gone, name) in [
            ("  frames 1200000\n", "frames"), ("  channels 2\n", "channels"), ("engine 3\n", "engine"),
        ] {
            let range = try #require(text.firstRange(of: gone))
            let found = try #require(error(text.replacingCharacters(in: range, with: "")))
            #expect(found.code == .missing && found.message.contains("`\(name)`"))
            #expect(found.line == (name == "engine" ? 5 : line(of: "item \"a.wav\"", in: text)))
        }
        #expect(error("")?.code == .notALock)
        #expect(error("# only\n\n# comments\n")?.code == .notALock)
    }

    @Test func `hostile texts are refused and never crash`() throws {
        #expect(error("loudness-lock " + String(repeating: "9", count: 70_000))?.code == .limitExceeded)
        #expect(error("loudness-lock 99999999999999999999")?.code == .syntax)
        let curves = (0..<13_001).map {
            "loudness@\(NumberText.time(Double($0 * 10)))" + String(repeating: " 1", count: 10)
        }
        let long = text.replacing(/[ ]{2}loudness@[^\n]*\n/, with: "") + curves.joined(separator: "\n")
        #expect(error(long)?.code == .limitExceeded)
        let unknown = (0..<1_001).map { "new\($0) 1" }.joined(separator: "\n")
        #expect(error(text + unknown)?.code == .limitExceeded)

        // Any byte changed, any piece cut out: an error or a lock whose text reads back.
        var dice = Dice(11)
        let bytes = Array(text.utf8)
        for _ in 0..<400 {
            var changed = bytes
            for _ in 0...Int(dice.next() % 3) {
                let place = Int(dice.next() % UInt64(changed.count))
                switch dice.next() % 3 {
                case 0: changed[place] = UInt8(truncatingIfNeeded: dice.next())
                case 1: changed.removeSubrange(place..<min(changed.count, place + Int(dice.next() % 80)))
                default: changed.insert(contentsOf: changed[place..<min(changed.count, place + 70)], at: place)
                }
            }
            guard let lock = try? LoudnessLock.parse(String(decoding: changed, as: UTF8.self), file: "l") else {
                continue
            }
            #expect(try LoudnessLock.parse(lock.text, file: "l") == lock)
        }
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
