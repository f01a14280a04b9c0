/// The JSON lines of `--progress json`.
enum ProgressLine {
    /// A state of the render; what is not known is left out.
    static func json(_ model: ProgressModel, now: Double) -> String {
        var fields = [
            "\"event\":\"progress\"", "\"seconds\":\(number(now))", "\"segmentsDone\":\(model.segmentsDone)",
            "\"segmentCount\":\(model.segmentCount)",
        ]
        if model.pass > 0 { fields.append("\"pass\":\(model.pass)") }
        if let factor = model.timesRealTime { fields.append("\"timesRealTime\":\(number(factor))") }
        if let seconds = model.remainingSeconds { fields.append("\"remainingSeconds\":\(number(seconds))") }
        fields.append("\"workersBusy\":\(model.workersBusy)")
        fields.append("\"workerCount\":\(model.workerCount)")
        fields.append("\"reused\":\(model.reusedCount)")
        fields.append("\"retried\":\(model.retriedCount)")
        fields.append("\"songs\":[\(model.songs.map(song).joined(separator: ","))]")
        return "{\(fields.joined(separator: ","))}"
    }

    static func json(message: String) -> String { "{\"event\":\"log\",\"message\":\(quoted(message))}" }

    private static func song(_ song: ProgressModel.Song) -> String {
        var fields = [
            "\"title\":\(quoted(song.title))", "\"stage\":\(quoted(song.stage))",
            "\"segmentsDone\":\(song.segmentsDone)",
        ]
        if let album = song.album { fields.append("\"album\":\(quoted(album))") }
        if song.segmentCount > 0 { fields.append("\"segmentCount\":\(song.segmentCount)") }
        if let failure = song.failure { fields.append("\"failure\":\(quoted(failure))") }
        fields.append("\"finished\":\(song.isFinished)")
        return "{\(fields.joined(separator: ","))}"
    }

    /// Rounded to a thousandth; JSON has no infinities.
    private static func number(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "null" }
        let thousandths = Int64((value * 1000).rounded())
        let fraction = String(thousandths.magnitude % 1000 + 1000).dropFirst()
        return "\(thousandths < 0 ? "-" : "")\(thousandths.magnitude / 1000).\(fraction)"
    }

    /// A JSON string (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 32 || scalar.value == 127 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
