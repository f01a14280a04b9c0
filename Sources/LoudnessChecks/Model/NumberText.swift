/// Numbers as text: the same on every machine, whatever its language.
package enum NumberText {
    /// With that many decimals, half away from zero; "-inf", "inf" and "nan" by name. No "-0".
    ///
    /// Exact for magnitudes below 2^53 / 10^decimals; larger ones are written without decimals.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded(.toNearestOrAwayFromZero)
        guard scaled < 9e15 else { return String(Int64(clamping: Int(max(-9e18, min(9e18, value))))) }
        let digits = String(Int64(scaled))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// For people: one decimal with the unit, "-14.0 LUFS", "48000 Hz", "3".
    package static func quantity(_ value: Double, _ metric: Metric) -> String {
        let unit = metric.unit.rawValue
        return fixed(value, decimals: metric.shownDecimals) + (unit.isEmpty ? "" : " " + unit)
    }

    /// "1:42", "1:02:03", with tenths where asked: "1:42.3".
    package static func time(_ seconds: Double, tenths: Bool = false) -> String {
        guard seconds.isFinite, seconds.magnitude < 1e9 else { return "?" }
        let total = Int64((seconds.magnitude * 10).rounded(tenths ? .toNearestOrAwayFromZero : .towardZero))
        let (whole, tenth) = (total / 10, total % 10)
        let two = { (n: Int64) in n < 10 ? "0\(n)" : "\(n)" }
        let clock =
            whole >= 3600
            ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" : "\(whole / 60):\(two(whole % 60))"
        return (seconds < 0 ? "-" : "") + clock + (tenths ? ".\(tenth)" : "")
    }
}
