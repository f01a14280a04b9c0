package import LoudnessChecks

/// Reads and validates a policy file.
package enum PolicyReader {
    /// More are refused: every rule is asked of every file.
    static let ruleLimit = 1000

    /// The policy in a file.
    ///
    /// - Parameters:
    ///   - path: absolute or relative to the current folder; errors name it so.
    ///   - name: the path as reports and anchors have it, relative to where the check runs; by default as given.
    /// - Throws: every error, in the order of the lines.
    package static func read(path: String, as name: String? = nil) throws(SessionErrors) -> Policy {
        let log = DiagnosticLog(file: path)
        let files = DiskFiles()
        let kind = files.kind(of: path)
        var policy: Policy?
        if kind == .file {
            let loaded = Reading.load(path, log, from: files, start: "`lathe-policy: 1` and `name:`")
            policy = loaded.flatMap { document, scope in
                FileReader(path: name ?? path, scope: scope).read(document.root)
            }
        } else {
            log.report(Reading.absent(path, kind, suffixes: [".yaml", ".yml"], in: files), at: .start)
        }
        guard log.isEmpty, let policy else {
            precondition(!log.isEmpty, "a policy without errors and without a value")
            throw SessionErrors(diagnostics: log.sorted)
        }
        return policy
    }

    /// One file while it is read.
    struct FileReader {
        let path: String
        let scope: FileScope

        func anchor(_ place: Place) -> SourceAnchor { SourceAnchor(file: path, line: place.line) }
    }
}

extension PolicyReader.FileReader {
    func read(_ root: DocumentNode) -> Policy? {
        guard let fields = Fields(root, PolicySchema.policy, scope) else { return nil }
        _ = fields.value("lathe-policy") { text throws(Problem) in
            guard text != PolicySchema.formatVersion else { return }
            throw Problem(
                "this file is written for version `\(text)` of the policy format",
                remedy: "write `lathe-policy: \(PolicySchema.formatVersion)`, "
                    + "or use the Lathe that it was written for")
        }
        var policy = Policy(path: path, name: fields.text("name") ?? "")
        policy.profiles = profiles(fields)
        policy.mono = fields.choice("mono", as: Policy.Mono.self) ?? .asIs
        if let peak = fields.object("true-peak", PolicySchema.truePeak) {
            policy.truePeakOversampling = peak.choice("oversampling") == "16" ? 16 : 4
        }
        policy.oversAbove = fields.quantity("overs-above") ?? -1
        policy.rules = rules(fields)
        policy.waivers = waivers(fields, policy.rules)
        if let files = fields.object("files", PolicySchema.files) { policy.files = roles(files) }
        return policy
    }

    private func profiles(_ fields: Fields) -> [String] {
        guard let node = fields.node("profiles") else { return [] }
        var known: Set<String> = []
        // `[]` is what a policy without profiles may well write.
        if case .list(let items) = node.content, items.isEmpty { return [] }
        return fields.values("profiles") { text throws(Problem) in
            let name = try PolicyValues.profile(text)
            guard known.insert(name).inserted else {
                throw Problem("the profile `\(name)` is named twice", remedy: "remove one")
            }
            return name
        } ?? []
    }

    private func roles(_ fields: Fields) -> FileRoles {
        var roles = FileRoles()
        roles.stems = fields.values("stems", PolicyValues.pattern) ?? []
        roles.ignore = fields.values("ignore", PolicyValues.pattern) ?? []
        roles.layouts = fields.list("layout").compactMap { item in
            guard let entry = Fields(item, PolicySchema.fileLayout, scope) else { return nil }
            let layout = entry.text("layout")
            guard let files = entry.value("files", PolicyValues.pattern), let layout else { return nil }
            return FileRoles.Layout(files: files, layout: layout)
        }
        return roles
    }

    // MARK: Waivers

    private func waivers(_ fields: Fields, _ rules: [Rule]) -> [Waiver] {
        var firstLines: [String: Int] = [:]
        return fields.list("waivers").compactMap { item in
            guard let entry = Fields(item, PolicySchema.waiver, scope) else { return nil }
            let files = entry.value("files", PolicyValues.pattern)
            let reason = entry.text("reason")
            let until = entry.value("until", PolicyValues.day)
            let rule = entry.text("rule").flatMap { name -> String? in
                guard let problem = unknownRule(name, rules) else { return name }
                scope.report(problem, at: entry.place(of: "rule"))
                return nil
            }
            guard let rule, let reason, let until else { return nil }
            let key = rule + "\n" + (files?.text ?? "")
            if let line = firstLines[key] {
                scope.report(
                    "two waivers excuse `\(rule)` for the same files",
                    remedy: "remove one (the first is on line \(line))",
                    at: entry.place)
                return nil
            }
            firstLines[key] = entry.place.line
            return Waiver(rule: rule, files: files, reason: reason, until: until, anchor: anchor(entry.place))
        }
    }

    /// Rules that a check brings along.
    private static let checkRules: Set<String> = Set(
        ["baseline", "album", "album/loudness", "album/true-peak", "mix/stems"] + Drift.ruleNames)

    /// nil where a rule of this name is known, or belongs to what only a check knows.
    private func unknownRule(_ name: String, _ rules: [Rule]) -> Problem? {
        if name.hasPrefix("lathe/") {
            return Problem(
                "`\(name)` cannot be excused", remedy: "mend the file, or leave it out with `files: {ignore: ...}`")
        }
        if name == "render/samples" {
            return Problem("`\(name)` cannot be excused", remedy: "render again, so that the files are the render's")
        }
        if Self.checkRules.contains(name) { return nil }
        let own = rules.map(\.id)
        let ofProfiles = Profile.all.flatMap { $0.rules.map(\.name) }
        let parents = (own + ofProfiles).compactMap { id in
            id.lastIndex(of: "/").map { String(id[..<$0]) }
        }
        let names = own + own.map { "policy/" + $0 } + ofProfiles + parents + Self.checkRules.sorted()
        if names.contains(name) { return nil }
        if let near = nearestName(to: name, among: names) {
            return Problem("there is no rule `\(name)`", remedy: "did you mean `\(near)`")
        }
        return Problem(
            "there is no rule `\(name)`",
            remedy: own.isEmpty ? "name a rule as in `spotify/wave-tag`" : "use one of \(own.joined(separator: ", "))")
    }
}
