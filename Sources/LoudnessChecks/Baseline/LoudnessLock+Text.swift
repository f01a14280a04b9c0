extension LoudnessLock {
    /// The file, UTF-8 with a line feed at the end of each line: the same lock gives the same bytes.
    package var text: String {
        var writer = LockWriter()
        writer.raw(Self.preamble)
        writer.line("loudness-lock", "\(Self.format)")
        writer.text("acceptedBy", acceptance.by)
        writer.text("reason", acceptance.reason)
        writer.token("date", acceptance.date)
        writer.token("lathe", identity.lathe)
        writer.token("engine", identity.engine)
        writer.line("truePeakOversampling", "\(identity.truePeakOversampling)")
        writer.token("mono", identity.mono)
        for group in groups { writer.write(group) }
        for item in items { writer.write(item) }
        return writer.output
    }

    /// Version of the text's format. Readers of this version refuse others.
    package static let format = 1

    private static let preamble = """
        # What this music measured when somebody last accepted it. `lathe check` compares with it.
        # Commit it beside the music. Never edit it: `lathe check --accept --reason "why"` writes it anew.
        # name@m:ss lines hold one figure per second: loudness in LUFS, peak in dBFS, brightness in dB.
        # After a merge conflict take either side, then accept again (docs/baseline.md in Lathe's manual).

        """
}

private struct LockWriter {
    var output = ""
    private var indent = ""

    init() {}

    mutating func write(_ group: LoudnessLock.Group) {
        open("group", group.id)
        text("title", group.title)
        write(group.values)
        raw(unknown: group.unknown)
        indent = ""
    }

    mutating func write(_ item: LoudnessLock.Item) {
        open("item", item.id)
        line("scope", item.scope.rawValue)
        text("title", item.title)
        if let group = item.group { text("partOf", group) }
        line("rate", "\(item.rateHertz)")
        line("channels", "\(item.channelCount)")
        line("frames", "\(item.frameCount)")
        if let hash = item.pcmSHA256 { token("pcmSHA256", hash) }
        write(item.values)
        for (name, path) in LoudnessLock.Curves.table { write(item.curves[keyPath: path], name) }
        raw(unknown: item.unknown)
        indent = ""
    }

    mutating func raw(_ lines: String) { output += lines }

    mutating func line(_ key: String, _ value: String) {
        output += indent + key + " " + value + "\n"
    }

    mutating func text(_ key: String, _ value: String) { line(key, LockText.quoted(value)) }

    /// Bare where the value is made of harmless characters.
    mutating func token(_ key: String, _ value: String) {
        line(key, LockText.isToken(value) ? value : LockText.quoted(value))
    }

    private mutating func open(_ kind: String, _ id: String) {
        output += "\n"
        text(kind, id)
        indent = "  "
    }

    private mutating func raw(unknown: [String]) {
        for known in unknown { output += indent + known + "\n" }
    }

    private mutating func write(_ values: MetricValues) {
        for (metric, value) in values.entries {
            switch value {
            case .number(let number):
                let unit = metric.unit.rawValue
                line(
                    metric.name,
                    NumberText.fixed(number, decimals: metric.decimals) + (unit.isEmpty ? "" : " " + unit))
            case .unmeasurable(let reason):
                line(metric.name, LockText.unmeasurable + " " + LockText.quoted(reason))
            }
        }
    }

    /// Ten seconds a line: an edit of a song is a small difference, and `name@1:40` finds the place.
    private mutating func write(_ curve: [Double], _ name: String) {
        for start in stride(from: 0, to: curve.count, by: LockText.secondsPerLine) {
            output += indent + name + "@" + NumberText.time(Double(start))
            for value in curve[start..<min(start + LockText.secondsPerLine, curve.count)] {
                let number = NumberText.fixed(value, decimals: LoudnessLock.Curves.decimals)
                output += String(repeating: " ", count: max(1, 7 - number.utf8.count)) + number
            }
            output += "\n"
        }
    }
}

extension LoudnessLock.Curves {
    /// The curves by the names that the text has for them, in its order.
    static var table: [(name: String, path: WritableKeyPath<Self, [Double]>)] {
        [("loudness", \.loudness), ("peak", \.peak), ("brightness", \.brightness)]
    }
}

/// How values are spelled.
enum LockText {
    static let unmeasurable = "unmeasurable"
    static let secondsPerLine = 10

    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
                    UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }

    /// In double quotes, with what would break a line or deceive the eye written as `\u{...}`.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where isHidden(scalar): quoted += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Reads what `quoted` wrote; nil where the quotes or an escape are wrong.
    static func unquoted(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\""),
            let inside = String(validating: bytes.dropFirst().dropLast(), as: UTF8.self)
        else { return nil }
        var text = String.UnicodeScalarView()
        var rest = inside.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return nil }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "\"": text.append("\"")
            case "\\": text.append("\\")
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "u":
                guard rest.popFirst() == "{", let end = rest.prefix(9).firstIndex(of: "}"),
                    let value = UInt32(String(rest[..<end]), radix: 16), let named = Unicode.Scalar(value)
                else { return nil }
                text.append(named)
                rest = rest[rest.index(after: end)...]
            default: return nil
            }
        }
        return String(text)
    }

    /// Control characters, and those that break lines or turn the direction of writing.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
