import Quantities

/// The long-term spectrum of one file in octaves as bars, and what the songs of its group have on average as lines.
struct SpectrumChart {
    let levels: [Double]
    /// dBFS per octave; empty where there is no group to compare with.
    let mean: [Double]
    let scale: LevelScale

    private static let pitch = 100.0
    private static let barMargin = 12.0

    /// nil where the spectrum was not measured.
    var html: String? {
        guard levels.count == Measurement.octaveHertz.count else { return nil }
        let width = Int(Self.pitch) * levels.count
        let names = Measurement.octaveHertz.map { "<span>\(PageText.octave($0))</span>" }
        let key = hasMean ? "<span class=\"key mean-key\">mean of the group</span>" : ""
        return """
            <figure>
            <div class="plot spectrum">
            <svg viewBox="0 0 \(width) \(Int(scale.height))" preserveAspectRatio="none" role="img" \
            aria-label="\(words)">\(shapes(width))</svg>
            <span class="unit">dBFS</span>\(scale.labels(every: 12))
            </div>
            <div class="octaves" aria-hidden="true">\(names.joined())</div>
            <figcaption><span class="key bar-key">octaves, mid frequency in Hz</span> \(key)</figcaption>
            </figure>

            """
    }

    private var hasMean: Bool { mean.count == levels.count }

    private var words: String {
        "Spectrum in octaves: "
            + zip(Measurement.octaveHertz, levels).map {
                PageText.octave($0) + " Hz " + PageText.decibels($1, "dBFS")
            }.joined(separator: ", ")
    }

    private func shapes(_ width: Int) -> String {
        var shapes = scale.lines(every: 12).map { level in
            let y = oneDecimal(scale.y(level))
            return "<line class=\"grid\" x1=\"0\" y1=\"\(y)\" x2=\"\(width)\" y2=\"\(y)\"/>"
        }.joined()
        for (octave, level) in levels.enumerated() {
            let y = scale.y(level)
            let left = Double(octave) * Self.pitch + Self.barMargin
            let size =
                "width=\"\(oneDecimal(Self.pitch - 2 * Self.barMargin))\" height=\"\(oneDecimal(scale.height - y))\""
            shapes += "<rect class=\"bar\" x=\"\(oneDecimal(left))\" y=\"\(oneDecimal(y))\" \(size)/>"
        }
        guard hasMean else { return shapes }
        let points = mean.enumerated().map { octave, level in
            oneDecimal((Double(octave) + 0.5) * Self.pitch) + "," + oneDecimal(scale.y(level))
        }
        return shapes + "<polyline class=\"mean\" points=\"\(points.joined(separator: " "))\"/>"
    }

    /// The mean of levels in dB, octave by octave; silence does not count. Empty for fewer than two spectra.
    static func mean(_ measurements: [Measurement]) -> [Double] {
        let spectra = measurements.map(\.octaveLevels).filter { $0.count == Measurement.octaveHertz.count }
        guard spectra.count > 1 else { return [] }
        return Measurement.octaveHertz.indices.map { octave in
            let levels = spectra.map { $0[octave] }.filter(\.isFinite)
            return levels.isEmpty ? -.infinity : levels.reduce(0, +) / Double(levels.count)
        }
    }
}
