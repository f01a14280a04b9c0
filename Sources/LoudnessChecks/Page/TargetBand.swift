/// The integrated loudness that rules allow, as far as their findings tell it.
struct TargetBand: Equatable {
    /// LUFS; nil where nothing bounds it from below.
    var low: Double?
    /// LUFS; nil where nothing bounds it from above.
    var high: Double?

    /// - Parameter findings: all of one subject. What compares with a baseline speaks of differences and is left out.
    /// - Returns: nil where no rule demands a loudness.
    init?(_ findings: [Finding]) {
        var (low, high): (Double?, Double?)
        let demands = findings.filter { Self.isAbsolute($0, .integrated) }
        // Those who demand may contradict one another; the first is the policy, if there is one.
        let source = demands.first.map { Self.source($0) }
        for finding in demands where Self.source(finding) == source {
            let bounds = Self.bounds(of: finding)
            // Of several rules of one source the strictest counts.
            if let bound = bounds.low { low = max(low ?? bound, bound) }
            if let bound = bounds.high { high = min(high ?? bound, bound) }
        }
        guard low != nil || high != nil else { return nil }
        (self.low, self.high) = (low, high)
    }

    /// Whether it has two ends.
    var isClosed: Bool {
        guard let low, let high else { return false }
        return low < high
    }

    /// "−15.0 to −13.0", "at most −13.0".
    var text: String {
        switch (low, high) {
        case (let low?, let high?) where low < high: Self.number(low) + " to " + Self.number(high)
        case (let low?, nil): "at least " + Self.number(low)
        case (_, let high?): "at most " + Self.number(high)
        case (nil, nil): ""
        }
    }

    /// The ceiling that rules set for the true peak, in dBTP; of several the lowest.
    static func ceiling(_ findings: [Finding]) -> Double? {
        findings.filter { isAbsolute($0, .truePeak) }.compactMap(\.limit).min()
    }

    /// The half of the rule's name that says who demands it.
    private static func source(_ finding: Finding) -> Substring { finding.rule.prefix { $0 != "/" } }

    private static func isAbsolute(_ finding: Finding, _ metric: Metric) -> Bool {
        finding.metric == metric && !finding.rule.hasPrefix("baseline/") && finding.limit?.isFinite == true
    }

    /// A finding holds the bound that decided. The other one stands in the demand, which is believed only where it
    /// agrees with that bound.
    private static func bounds(of finding: Finding) -> (low: Double?, high: Double?) {
        guard let limit = finding.limit else { return (nil, nil) }
        if let (low, high) = spoken(finding.demand),
            (low - limit).magnitude < 1e-6 || (high - limit).magnitude < 1e-6
        {
            return (low, high)
        }
        guard let value = finding.value else { return (nil, nil) }
        // Inside, the bound above the value is the upper one; outside, the one below it.
        let isUpper = finding.status == .passed ? limit >= value : value > limit
        return isUpper ? (nil, limit) : (limit, nil)
    }

    /// The two ends of "… -14.0 LUFS within 1.0 LU" and "… from -15.0 LUFS to -13.0 LUFS".
    private static func spoken(_ demand: String) -> (low: Double, high: Double)? {
        let words = demand.split(separator: " ").map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
        func number(after word: String) -> Double? {
            guard let place = words.lastIndex(of: word[...]), place + 1 < words.count else { return nil }
            return Double(words[place + 1])
        }
        if let tolerance = number(after: "within"), tolerance > 0, let place = words.lastIndex(of: "within"),
            place >= 2, let target = Double(words[place - 2])
        {
            return (target - tolerance, target + tolerance)
        }
        if let low = number(after: "from"), let high = number(after: "to"), low < high { return (low, high) }
        return nil
    }

    private static func number(_ value: Double) -> String { PageText.number(value, decimals: 1) }
}
