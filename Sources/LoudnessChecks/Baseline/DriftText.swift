/// What drift is called.
enum DriftText {
    /// "Loudness range" for a rule about one figure.
    static func metric(_ rule: Drift.Rule) -> Metric? {
        switch rule {
        case .integrated, .moment, .albumOffset: .integrated
        case .shortTermMaximum: .shortTermMaximum
        case .momentaryMaximum: .momentaryMaximum
        case .range: .range
        case .truePeak: .truePeak
        case .samplePeak: .samplePeak
        case .brightness: .brightness
        case .length: .duration
        case .missing, .new, .renamed, .meter, .samples, .figures, .form: nil
        }
    }

    /// Of a difference.
    static func unit(_ rule: Drift.Rule) -> String { metric(rule)?.differenceUnit ?? "" }

    /// As few decimals as it takes: "0.5", "0.01".
    static func limit(_ value: Double) -> String {
        var text = NumberText.fixed(value, decimals: 3)
        while text.hasSuffix("0"), !text.hasSuffix(".0") { text.removeLast() }
        return text
    }

    /// A figure: one decimal where the difference shows in it, all that the lock has where it would not.
    static func figure(_ value: Double, _ metric: Metric, isFine: Bool) -> String {
        let unit = metric.unit.rawValue
        let decimals = isFine ? metric.decimals : min(1, metric.decimals)
        return NumberText.fixed(value, decimals: decimals) + (unit.isEmpty ? "" : " " + unit)
    }

    /// "0.9 LU louder": the size and direction of a difference.
    static func difference(_ value: Double, _ metric: Metric, isFine: Bool) -> String {
        let unit = metric.differenceUnit
        let size =
            value.isFinite
            ? NumberText.fixed(value.magnitude, decimals: isFine ? metric.decimals : min(1, metric.decimals))
                + (unit.isEmpty ? "" : " " + unit)
            : "by more than any number"
        return size + " " + direction(value, metric)
    }

    private static func direction(_ value: Double, _ metric: Metric) -> String {
        let (more, less): (String, String) =
            switch metric {
            case .integrated, .shortTermMaximum, .momentaryMaximum: ("louder", "softer")
            case .range: ("wider", "narrower")
            case .brightness: ("brighter", "darker")
            case .duration: ("longer", "shorter")
            default: ("higher", "lower")
            }
        return value < 0 ? less : more
    }

    // MARK: - Over time

    /// How many stretches a message names; the greatest ones.
    static let maximumStretches = 3

    /// "0.9 LU louder from 1:42 to 2:10, brightness +1.4 dB"; nil where there are none.
    static func stretches(
        _ stretches: [CurveDrift.Stretch], item: LoudnessLock.Item, isAboutBrightness: Bool = false
    ) -> String? {
        guard !stretches.isEmpty else { return nil }
        let named = greatest(stretches, isAboutBrightness: isAboutBrightness).prefix(maximumStretches)
            .sorted { $0.start < $1.start }
        var texts = named.map { text($0, item: item, isAboutBrightness: isAboutBrightness) }
        let others = stretches.count - named.count
        if others > 0 { texts.append("\(others) more \(others == 1 ? "place" : "places")") }
        return texts.joined(separator: "; ")
    }

    /// By how much changed for how long; of equals the earlier.
    static func greatest(_ stretches: [CurveDrift.Stretch], isAboutBrightness: Bool) -> [CurveDrift.Stretch] {
        let weight = { (stretch: CurveDrift.Stretch) in
            (isAboutBrightness ? stretch.brightness : stretch.loudness).magnitude
                * Double(stretch.end - stretch.start)
        }
        return stretches.sorted { (weight($1), $0.start) < (weight($0), $1.start) }
    }

    private static func text(
        _ stretch: CurveDrift.Stretch, item: LoudnessLock.Item, isAboutBrightness: Bool
    ) -> String {
        let place = place(stretch, item: item)
        if stretch.isSilent, !stretch.wasSilent { return "silent \(place)" }
        if stretch.wasSilent, !stretch.isSilent { return "sound \(place) where there was silence" }
        let tilt = NumberText.fixed(stretch.brightness.magnitude, decimals: 1)
        if isAboutBrightness {
            return "\(tilt) dB \(stretch.brightness < 0 ? "darker" : "brighter") \(place)"
        }
        let level = NumberText.fixed(stretch.loudness.magnitude, decimals: stretch.loudness.magnitude < 0.1 ? 2 : 1)
        // Below half a dB a tilt is not worth a word.
        let brightness =
            stretch.brightness.magnitude < 0.5 ? "" : ", brightness \(stretch.brightness < 0 ? "-" : "+")\(tilt) dB"
        return "\(level) LU \(stretch.loudness < 0 ? "softer" : "louder") \(place)\(brightness)"
    }

    static func place(_ stretch: CurveDrift.Stretch, item: LoudnessLock.Item) -> String {
        let whole = item.curves.loudness.count
        // Fades at either end move less than what is between them.
        if (stretch.end - stretch.start) * 20 >= whole * 19 { return "throughout" }
        return "from \(NumberText.time(Double(stretch.start))) to \(NumberText.time(endSeconds(stretch, item: item)))"
    }

    static func endSeconds(_ stretch: CurveDrift.Stretch, item: LoudnessLock.Item) -> Double {
        let isLast = stretch.end >= item.curves.loudness.count
        return isLast ? max(item.durationSeconds, Double(stretch.start)) : Double(stretch.end)
    }

    /// "4 s inserted at 1:20", "shifted by 2 s (later)".
    static func edits(_ edits: [CurveAlignment.Edit]) -> String? {
        guard !edits.isEmpty else { return nil }
        var texts = edits.prefix(maximumStretches).map { edit in
            switch edit.place {
            case .start: "shifted by \(edit.count) s (\(edit.isInsertion ? "later" : "earlier"))"
            case .inside:
                "\(edit.count) s \(edit.isInsertion ? "inserted" : "removed") at "
                    + NumberText.time(Double(edit.second))
            case .end: "\(edit.count) s \(edit.isInsertion ? "added" : "removed") at the end"
            }
        }
        let others = edits.count - texts.count
        if others > 0 { texts.append("\(others) more \(others == 1 ? "cut" : "cuts")") }
        return texts.joined(separator: ", ")
    }
}
