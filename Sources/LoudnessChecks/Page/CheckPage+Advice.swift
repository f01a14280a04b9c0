/// What playback services will do: a table of services for each group.
extension CheckPage {
    var advice: String {
        guard !report.advice.isEmpty else { return "" }
        // What changes no level (guidelines, services that only turn down) is said in words, not in columns of noughts.
        var services: [String] = []
        for advice in report.advice where advice.gain != 0 && !services.contains(advice.platform) {
            // More columns than this are no table; the words have them all.
            guard services.count < 16 else { break }
            services.append(advice.platform)
        }
        let others = report.advice.filter { !services.contains($0.platform) }
        return """
            <section>
            <h2>What playback will do</h2>
            <p class="facts">The gain that a listener's service will apply, and the true peak after it. Information, \
            never a verdict.</p>
            \(services.isEmpty ? "" : table(of: services))\(words(others, "Without a change of level", limit: 12))\
            \(services.isEmpty ? "" : words(report.advice, "All in words", limit: 0))</section>

            """
    }

    private func table(of services: [String]) -> String {
        // Subjects in the order of the report; only looked up by name.
        var subjects: [(id: String, title: String, isAlbum: Bool, advice: [PlatformAdvice])] = []
        var places: [String: Int] = [:]
        for advice in report.advice where services.contains(advice.platform) {
            if let place = places[advice.subject] {
                subjects[place].advice.append(advice)
            } else {
                places[advice.subject] = subjects.count
                subjects.append((advice.subject, advice.subjectTitle, advice.scope == .album, [advice]))
            }
        }
        var rows = BoundedParts(byteLimit: Room.advice / 2)
        for subject in subjects {
            rows.append { row(subject.title, subject.id, isAlbum: subject.isAlbum, subject.advice, services) }
        }
        let heads = services.map { "<th scope=\"col\">\(PageText.title($0, instead: "?"))</th>" }
        return """
            <div class="wide">
            <table class="advice">
            <thead><tr><th scope="col">Title</th>\(heads.joined())</tr></thead>
            <tbody>
            \(rows.html)</tbody>
            </table>
            </div>
            \(Self.omission(rows, "rows"))
            """
    }

    /// - Parameter limit: more than so many are folded.
    private func words(_ advice: [PlatformAdvice], _ title: String, limit: Int) -> String {
        guard !advice.isEmpty else { return "" }
        var words = BoundedParts(byteLimit: Room.advice / 4)
        for entry in advice { words.append { sentence(entry) } }
        let open = advice.count > limit ? "" : " open=\"open\""
        return """
            <details\(open)><summary>\(title)</summary>
            <ul class="held">
            \(words.html)</ul>
            \(Self.omission(words, "sentences"))</details>

            """
    }

    private func row(
        _ title: String, _ id: String, isAlbum: Bool, _ advice: [PlatformAdvice], _ services: [String]
    ) -> String {
        let cells = services.map { service -> String in
            let data = "data-name=\"\(PageText.text(service, atMost: 60))\""
            guard let first = advice.first(where: { $0.platform == service }) else {
                return "<td class=\"number\" \(data)><span class=\"absent\">–</span></td>"
            }
            let gain = PageText.decibels(first.gain, "dB", isSigned: true)
            let peak = PageText.decibels(first.truePeakAfter, "dBTP")
            // Above full scale it clips in the player.
            let kind = first.truePeakAfter > 0 ? " over" : ""
            return "<td class=\"number\" \(data) title=\"\(PageText.text(first.message))\"><span>\(gain)"
                + "<span class=\"after\(kind)\">peak \(peak)</span></span></td>"
        }
        let scope = isAlbum ? " <span class=\"facts\">album as a whole</span>" : ""
        let kind = isAlbum ? " class=\"total\"" : ""
        return "<tr\(kind)><th scope=\"row\">\(PageText.title(title, instead: id))\(scope)</th>\(cells.joined())</tr>\n"
    }

    private func sentence(_ advice: PlatformAdvice) -> String {
        let platform = PageText.title(advice.platform, instead: advice.profile)
        return "<li><strong>\(PageText.title(advice.subjectTitle, instead: advice.subject))</strong> at \(platform): "
            + "\(PageText.text(advice.message, atMost: 500))</li>\n"
    }
}
