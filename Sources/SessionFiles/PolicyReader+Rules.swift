internal import LoudnessChecks

extension PolicyReader.FileReader {
    private static let boundKeys = ["target", "tolerance", "at-least", "at-most"]

    func rules(_ fields: Fields) -> [Rule] {
        let items = fields.list("rules")
        guard items.count <= PolicyReader.ruleLimit else {
            scope.report(
                "a policy has at most \(PolicyReader.ruleLimit) rules", remedy: "split it",
                at: fields.place(of: "rules"))
            return []
        }
        var rules: [Rule] = []
        var firstLines: [String: Int] = [:]
        for item in items {
            guard let entry = Fields(item, PolicySchema.rule, scope) else { continue }
            let id = entry.value("id", PolicyValues.identifier)
            if let id, let line = firstLines[id] {
                scope.report(
                    "two rules are called `\(id)` (the first is on line \(line))", remedy: "rename one of them",
                    at: entry.place(of: "id"))
            } else if let id {
                firstLines[id] = entry.place.line
            }
            // Read on with what stands in for a wrong value, so that every error is found at once.
            rules += expanded(entry, id: id ?? "")
        }
        return rules
    }

    /// One rule for a metric, or one for each demand of a form.
    private func expanded(_ entry: Fields, id: String) -> [Rule] {
        let severity = entry.choice("severity", as: Severity.self) ?? .error
        let files = entry.values("files", PolicyValues.pattern) ?? []
        let isOptional = entry.boolean("optional") ?? false
        let metric = entry.choice("metric").flatMap(Metric.named)
        let checkScope = entry.choice("scope", as: CheckScope.self)
        func rule(_ id: String, _ check: Rule.Check, _ place: Place) -> Rule {
            Rule(
                source: "policy", id: id, scope: checkScope ?? .file, check, severity: severity, files: files,
                isOptional: isOptional, anchor: anchor(place))
        }
        if entry.has("metric"), entry.has("form") {
            scope.report(
                "a rule has a `metric` or a `form`, not both", remedy: "make two rules of it",
                at: entry.place(of: "form"))
            return []
        }
        if entry.has("form") {
            for key in Self.boundKeys where entry.has(key) {
                scope.report(
                    "`\(key)` is for metrics, and this rule is about form", remedy: "remove it",
                    at: entry.place(of: key))
            }
            guard let form = entry.object("form", PolicySchema.form) else { return [] }
            return demands(form, isForAlbums: checkScope == .album).map { demand, place in
                rule("\(id)/\(demand.key)", .form(demand), place)
            }
        }
        guard entry.has("metric") else {
            scope.report(
                "a rule needs a `metric` or a `form`", remedy: "add one, as in `metric: true-peak`", at: entry.place)
            return []
        }
        guard let metric else { return [] }
        if let checkScope, let problem = Self.misfit(metric, checkScope) {
            scope.report(problem, at: entry.place(of: "scope"))
        }
        return bounds(entry, metric).map { [rule(id, .limit(MetricLimit(metric, $0)), entry.place)] } ?? []
    }

    /// What is wrong with asking a scope for a metric.
    private static func misfit(_ metric: Metric, _ scope: CheckScope) -> Problem? {
        let name = metric.keyName
        if metric == .stemsNull {
            return scope == .stem ? nil : Problem("`\(name)` is of stems", remedy: "write `scope: stem`")
        }
        if scope == .album {
            return metric.isForAlbums
                ? nil : Problem("an album has no `\(name)`", remedy: "write `scope: song`")
        }
        return metric.isForFiles ? nil : Problem("only an album has `\(name)`", remedy: "write `scope: album`")
    }

    private func bounds(_ entry: Fields, _ metric: Metric) -> MetricLimit.Bounds? {
        func value(_ key: String) -> Double? {
            entry.value(key) { text throws(Problem) in try PolicyValues.value(of: metric, text) }
        }
        let target = value("target")
        let low = value("at-least")
        let high = value("at-most")
        let tolerance = entry.value("tolerance") { text throws(Problem) in
            try PolicyValues.difference(of: metric, text)
        }
        if entry.has("target") {
            for key in ["at-least", "at-most"] where entry.has(key) {
                scope.report(
                    "`\(key)` stands beside a `target`", remedy: "write `tolerance`, or make two rules of it",
                    at: entry.place(of: key))
            }
            guard entry.has("tolerance") else {
                scope.report(
                    "a `target` needs a `tolerance`",
                    remedy: "add it, as in `tolerance: \(UnitFamily.ofDifference(metric).example)`",
                    at: entry.place(of: "target"))
                return nil
            }
            guard let target, let tolerance else { return nil }
            return .target(target, tolerance: tolerance)
        }
        if entry.has("tolerance") {
            scope.report(
                "`tolerance` stands without a `target`", remedy: "add `target:`, or remove it",
                at: entry.place(of: "tolerance"))
        }
        switch (entry.has("at-least"), entry.has("at-most")) {
        case (true, true):
            guard let low, let high else { return nil }
            guard low <= high else {
                scope.report(
                    "`at-least` is above `at-most`", remedy: "exchange them", at: entry.place(of: "at-least"))
                return nil
            }
            return .within(low, high)
        case (true, false): return low.map { .atLeast($0) }
        case (false, true): return high.map { .atMost($0) }
        case (false, false):
            scope.report(
                "a rule for a metric needs a limit", remedy: "add `at-most`, `at-least`, or `target` and `tolerance`",
                at: entry.place)
            return nil
        }
    }

    // MARK: Form

    private func demands(_ form: Fields, isForAlbums: Bool) -> [(FormDemand, Place)] {
        var found: [(FormDemand, Place)] = []
        func add(_ key: String, _ demand: FormDemand?) {
            if let demand { found.append((demand, form.place(of: key))) }
        }
        add("container", form.values("container", PolicyValues.container).map { .containers($0) })
        add("bits", form.values("bits", PolicyValues.wordLength).map { .bits($0) })
        add(
            "bits-at-least",
            form.value("bits-at-least", PolicyValues.count(.wordLength, 1...64)).map { .bitsAtLeast($0) })
        add("rate", form.values("rate", PolicyValues.rate).map { .rates($0) })
        addRateRange(form, &found)
        add("channels", form.values("channels", PolicyValues.count(.number, 1...1024)).map { .channels($0) })
        add("layout", form.values("layout") { text throws(Problem) in text }.map { .layouts($0) })
        add("wave-tag", form.values("wave-tag", PolicyValues.waveTag).map { .waveTags($0) })
        for (key, demand) in [
            ("chunks-after-audio", FormDemand.nothingAfterAudio), ("lossy", .lossless), ("upsampled", .notUpsampled),
        ] where form.has(key) {
            guard let isAllowed = form.boolean(key) else { continue }
            if isAllowed {
                scope.report(
                    "`\(key): yes` demands nothing", remedy: "write `no`, or remove the key", at: form.place(of: key))
            }
            add(key, demand)
        }
        add("grid", form.value("grid", PolicyValues.count(.samples, 1...1_000_000)).map { .grid(frames: $0) })
        add(
            "songs-at-most",
            form.value("songs-at-most", PolicyValues.count(.number, 1...100_000)).map { .songsAtMost($0) })
        for (demand, place) in found where demand.isForAlbums != isForAlbums {
            scope.report(
                isForAlbums ? "`\(demand.key)` is of files, not of albums" : "`\(demand.key)` is of albums",
                remedy: isForAlbums ? "write `scope: song`" : "write `scope: album`", at: place)
        }
        if found.isEmpty, form.schema.keys.allSatisfy({ !form.has($0.name) }) {
            scope.report("this `form` demands nothing", remedy: "add a key, as in `bits: 24`", at: form.place)
        }
        return found
    }

    private func addRateRange(_ form: Fields, _ found: inout [(FormDemand, Place)]) {
        let low = form.value("rate-at-least", PolicyValues.rate)
        let high = form.value("rate-at-most", PolicyValues.rate)
        guard low != nil || high != nil else { return }
        let place = form.place(of: low != nil ? "rate-at-least" : "rate-at-most")
        if let low, let high, low > high {
            scope.report("`rate-at-least` is above `rate-at-most`", remedy: "exchange them", at: place)
        }
        found.append((.rateFrom(low ?? 1, to: high), place))
    }
}
