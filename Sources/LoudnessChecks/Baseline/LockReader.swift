extension LoudnessLock {
    /// Reads a lock.
    ///
    /// Accepts CRLF, a byte order mark, any indentation and any order of items. Lines of an item or group whose key
    /// this version does not know are kept in `unknown`; unknown keys elsewhere are errors.
    /// - Throws: `LockError` with the line; `file` is the name that the message has.
    package static func parse(_ text: String, file: String) throws(LockError) -> LoudnessLock {
        var reader = LockReader(file: file)
        return try reader.read(Array(text.utf8))
    }
}

private struct LockReader {
    let file: String
    /// The number of the line being read.
    private var number = 0
    private var header: [String: String] = [:]
    private var lines = LockLines()
    private var items: [LoudnessLock.Item] = []
    private var groups: [LoudnessLock.Group] = []
    private var section = Section.header
    /// What `lines` knows the section by.
    private var sectionName = ""
    private var sectionLine = 0
    /// The lines where the keys of the section stand.
    private var seen: [String: Int] = [:]
    /// By bytes: names that differ in normalisation only are two files on many systems.
    private var opened: [[UInt8]: Int] = [:]

    private enum Section { case header, item, group }
    private typealias Bytes = ArraySlice<UInt8>

    init(file: String) { self.file = file }

    mutating func read(_ bytes: [UInt8]) throws(LockError) -> LoudnessLock {
        guard bytes.count <= LockLimits.byteCount else {
            throw error(.limitExceeded, "larger than \(LockLimits.byteCount >> 20) MiB", at: nil)
        }
        try refuseConflicts(bytes)
        try eachLine(of: bytes) { (reader, line) throws(LockError) in try reader.take(line) }
        try close()
        guard header["loudness-lock"] != nil else {
            throw error(
                .notALock,
                "is no baseline: it has no line `loudness-lock \(LoudnessLock.format)`. Make one with "
                    + "`lathe check --accept`", at: nil)
        }
        return try finished()
    }

    // MARK: - Lines

    private mutating func eachLine(
        of bytes: [UInt8], _ body: (inout LockReader, Bytes) throws(LockError) -> Void
    ) throws(LockError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var rest = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        number = 0
        while !rest.isEmpty {
            number += 1
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            try body(&self, rest[..<end])
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
        }
    }

    /// Before anything else: a file with both sides of a merge in it is full of other mistakes too.
    private mutating func refuseConflicts(_ bytes: [UInt8]) throws(LockError) {
        try eachLine(of: bytes) { (reader, line) throws(LockError) in
            guard line.starts(with: "<<<<<<<".utf8) || line.starts(with: ">>>>>>>".utf8) else { return }
            throw reader.error(
                .mergeConflict,
                "git left a merge conflict here. Take either side (`git checkout --ours \(reader.file)`)"
                    + ", then write the baseline of what you have now: `lathe check --accept`")
        }
    }

    private mutating func take(_ line: Bytes) throws(LockError) {
        guard line.count <= LockLimits.lineByteCount else {
            throw error(.limitExceeded, "the line is longer than \(LockLimits.lineByteCount) bytes")
        }
        let content = trimmed(line)
        guard let first = content.first, first != UInt8(ascii: "#") else { return }
        let keyEnd = content.firstIndex(where: isBlank) ?? content.endIndex
        let value = trimmed(content[keyEnd...])
        let name = content[..<keyEnd].prefix { $0 != UInt8(ascii: "@") }
        guard isName(name), !value.isEmpty else { throw unreadable(content) }
        let key = String(decoding: content[..<keyEnd], as: UTF8.self)
        if header.isEmpty { return try takeFormat(key, value) }
        switch key {
        case "item": try open(.item, key, value)
        case "group": try open(.group, key, value)
        default:
            if name.endIndex < keyEnd { return try takeCurve(key, name, value, content) }
            if let earlier = seen.updateValue(number, forKey: key) {
                throw error(.duplicate, "`\(key)` stands here a second time, first in line \(earlier). \(Self.remedy)")
            }
            if section != .header { lines.note(key, in: sectionName, line: number) }
            switch section {
            case .header: try takeHeader(key, value)
            case .item: try takeItem(key, value, content)
            case .group: try takeGroup(key, value, content)
            }
        }
    }

    // MARK: - Header

    private static let headerKeys = [
        "acceptedBy", "reason", "date", "lathe", "engine", "truePeakOversampling", "mono",
    ]

    private mutating func takeFormat(_ key: String, _ value: Bytes) throws(LockError) {
        guard key == "loudness-lock" else {
            throw error(
                .notALock,
                "is no baseline: the first line must be `loudness-lock \(LoudnessLock.format)`. Make one with "
                    + "`lathe check --accept`")
        }
        guard let format = LockNumber.count(value) else { throw unreadable(value) }
        guard format == LoudnessLock.format else {
            throw error(
                .newerFormat,
                "the format is \(format), and this Lathe reads \(LoudnessLock.format). Use the Lathe that "
                    + "wrote the baseline, or accept anew")
        }
        header[key] = "\(format)"
        lines.header = number
    }

    private mutating func takeHeader(_ key: String, _ value: Bytes) throws(LockError) {
        guard Self.headerKeys.contains(key) else {
            throw error(
                .syntax,
                "`\(key)` is no line of a baseline's head that this Lathe knows. Use the Lathe that wrote it, "
                    + "or accept anew")
        }
        header[key] = try text(value)
        if key == "lathe" { lines.meter = number }
    }

    private func finished() throws(LockError) -> LoudnessLock {
        for key in Self.headerKeys where header[key] == nil {
            throw error(.missing, "the head has no line `\(key)`. \(Self.remedy)", at: lines.header)
        }
        let oversampling = header["truePeakOversampling"] ?? ""
        guard let factor = LockNumber.count(Array(oversampling.utf8)[...]) else {
            throw error(
                .syntax, "`truePeakOversampling` must be a whole number, not \(LockText.quoted(oversampling))",
                at: lines.meter)
        }
        var lock = LoudnessLock(
            identity: MeterIdentity(
                lathe: header["lathe"] ?? "", engine: header["engine"] ?? "", truePeakOversampling: factor,
                mono: header["mono"] ?? ""),
            acceptance: .init(
                by: header["acceptedBy"] ?? "", reason: header["reason"] ?? "", date: header["date"] ?? ""),
            items: items, groups: groups)
        lock.lines = lines
        return lock
    }

    // MARK: - Items and groups

    private mutating func open(_ kind: Section, _ word: String, _ value: Bytes) throws(LockError) {
        try close()
        let id = try text(value)
        if let earlier = opened.updateValue(number, forKey: Array("\(word) \(id)".utf8)) {
            throw error(
                .duplicate,
                "\(word) \(LockText.quoted(id)) stands here a second time, first in line \(earlier). "
                    + Self.remedy)
        }
        let count = kind == .item ? items.count : groups.count
        let limit = kind == .item ? LockLimits.itemCount : LockLimits.groupCount
        guard count < limit else { throw error(.limitExceeded, "more than \(limit) of `\(word)`") }
        (section, sectionName, sectionLine, seen) = (kind, "\(word) \(id)", number, [:])
        lines.open(sectionName, line: number)
        if kind == .item {
            // What no line gives is told from what is given by `seen`.
            items.append(.init(id: id, title: "", scope: .file, rateHertz: 0, channelCount: 0, frameCount: 0))
        } else {
            groups.append(.init(id: id, title: ""))
        }
    }

    /// Checks that the section which ends here is whole.
    private func close() throws(LockError) {
        let required: [String] =
            switch section {
            case .header: []
            case .item: ["scope", "title", "rate", "channels", "frames"]
            case .group: ["title"]
            }
        for key in required where seen[key] == nil {
            let (word, id) = section == .item ? ("item", items.last?.id) : ("group", groups.last?.id)
            throw error(
                .missing, "\(word) \(LockText.quoted(id ?? "")) has no line `\(key)`. \(Self.remedy)",
                at: sectionLine)
        }
    }

    private mutating func takeItem(_ key: String, _ value: Bytes, _ content: Bytes) throws(LockError) {
        let last = items.count - 1
        switch key {
        case "title": items[last].title = try text(value)
        case "partOf": items[last].group = try text(value)
        case "scope":
            let word = try text(value)
            guard let scope = CheckScope(rawValue: word), scope != .album else {
                throw error(.syntax, "`scope` is song, stem or file, not \(LockText.quoted(word))")
            }
            items[last].scope = scope
        case "rate": items[last].rateHertz = try count(key, value, in: 1...LockLimits.rateHertz)
        case "channels": items[last].channelCount = try count(key, value, in: 1...LockLimits.channelCount)
        case "frames": items[last].frameCount = try count(key, value, in: 0...1 << 53)
        case "pcmSHA256":
            let hash = try text(value)
            let isHash =
                hash.utf8.count == 64
                && hash.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            guard isHash else { throw error(.syntax, "`pcmSHA256` is 64 digits 0-9 and a-f. \(Self.remedy)") }
            items[last].pcmSHA256 = hash
        default:
            if let metric = metric(key) {
                items[last].values[metric] = try metricValue(metric, value)
            } else {
                try keep(content, in: &items[last].unknown)
            }
        }
    }

    private mutating func takeGroup(_ key: String, _ value: Bytes, _ content: Bytes) throws(LockError) {
        let last = groups.count - 1
        if key == "title" {
            groups[last].title = try text(value)
        } else if let metric = metric(key) {
            groups[last].values[metric] = try metricValue(metric, value)
        } else {
            try keep(content, in: &groups[last].unknown)
        }
    }

    private mutating func takeCurve(
        _ key: String, _ name: Bytes, _ value: Bytes, _ content: Bytes
    ) throws(LockError) {
        guard section == .item else { throw unreadable(content) }
        let last = items.count - 1
        let curve = String(decoding: name, as: UTF8.self)
        guard let path = LoudnessLock.Curves.table.first(where: { $0.name == curve })?.path else {
            return try keep(content, in: &items[last].unknown)
        }
        let start = items[last].curves[keyPath: path].count
        let expected = "\(curve)@\(NumberText.time(Double(start)))"
        guard key == expected, start % LockText.secondsPerLine == 0 else {
            throw error(.syntax, "`\(expected)` must stand here, not `\(key)`: a line is missing. \(Self.remedy)")
        }
        lines.note(curve, in: sectionName, line: number)
        lines.note(key, in: sectionName, line: number)
        var seconds = 0
        for figure in value.split(whereSeparator: isBlank) {
            guard let level = LockNumber.parse(figure, decimals: LoudnessLock.Curves.decimals) else {
                throw unreadable(figure)
            }
            items[last].curves[keyPath: path].append(level)
            seconds += 1
        }
        guard seconds <= LockText.secondsPerLine else {
            throw error(.syntax, "a line of a curve has \(LockText.secondsPerLine) figures at most. \(Self.remedy)")
        }
        guard start + seconds <= LockLimits.curveSeconds else {
            throw error(.limitExceeded, "a curve has more than \(LockLimits.curveSeconds) seconds")
        }
    }

    // MARK: - Values

    private static let remedy = "Take the file from git again, or accept anew with `lathe check --accept`"

    /// By the name that the lock writes, not by the one that policies do.
    private func metric(_ key: String) -> Metric? { Self.metrics[key] }

    private static let metrics = Dictionary(
        Metric.all.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })

    private func metricValue(_ metric: Metric, _ value: Bytes) throws(LockError) -> MetricValue {
        let end = value.firstIndex(where: isBlank) ?? value.endIndex
        let (word, rest) = (value[..<end], trimmed(value[end...]))
        if word.elementsEqual(LockText.unmeasurable.utf8) {
            guard let reason = LockText.unquoted(rest) else { throw unreadable(value) }
            return .unmeasurable(reason)
        }
        guard let number = LockNumber.parse(word, decimals: metric.decimals) else { throw unreadable(value) }
        guard rest.isEmpty || rest.elementsEqual(metric.unit.rawValue.utf8) else {
            let unit = metric.unit == .none ? "no unit" : metric.unit.rawValue
            throw error(.syntax, "`\(metric.name)` is in \(unit), not \(shown(rest)). \(Self.remedy)")
        }
        return .number(number)
    }

    private func text(_ value: Bytes) throws(LockError) -> String {
        if value.first == UInt8(ascii: "\"") {
            guard let text = LockText.unquoted(value) else { throw unreadable(value) }
            return text
        }
        let text = String(decoding: value, as: UTF8.self)
        guard LockText.isToken(text) else {
            throw error(.syntax, "\(shown(value)) must stand in double quotes. \(Self.remedy)")
        }
        return text
    }

    private func count(_ key: String, _ value: Bytes, in range: ClosedRange<Int>) throws(LockError) -> Int {
        guard let count = LockNumber.count(value), range.contains(count) else {
            throw error(
                .syntax,
                "`\(key)` must be a whole number from \(range.lowerBound) to \(range.upperBound), not "
                    + "\(shown(value)). \(Self.remedy)")
        }
        return count
    }

    private func keep(_ content: Bytes, in unknown: inout [String]) throws(LockError) {
        guard unknown.count < LockLimits.unknownLineCount else {
            throw error(
                .limitExceeded,
                "more than \(LockLimits.unknownLineCount) lines that this Lathe does not know. Use the "
                    + "Lathe that wrote the baseline, or accept anew")
        }
        unknown.append(String(decoding: content, as: UTF8.self))
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private func isName(_ name: Bytes) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        return name.count <= 64 && name.first.map { letters.contains($0) } == true
            && name.allSatisfy {
                letters.contains($0 | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
    }

    private func trimmed(_ bytes: Bytes) -> Bytes {
        var bytes = bytes.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    /// What stands there, for a message: short and harmless.
    private func shown(_ bytes: Bytes) -> String {
        LockText.quoted(String(String(decoding: bytes.prefix(160), as: UTF8.self).prefix(40)))
    }

    private func unreadable(_ bytes: Bytes) -> LockError {
        error(.syntax, "cannot read \(shown(bytes)). \(Self.remedy)")
    }

    private func error(_ code: LockError.Code, _ message: String) -> LockError {
        error(code, message, at: number)
    }

    private func error(_ code: LockError.Code, _ message: String, at line: Int?) -> LockError {
        LockError(code: code, file: file, line: line, message: message)
    }
}
