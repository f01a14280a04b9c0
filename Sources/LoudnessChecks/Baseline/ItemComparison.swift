/// The rules for one file that both sides have.
struct ItemComparison {
    let judge: DriftJudge
    let subject: DriftJudge.Subject
    let old: LoudnessLock.Item
    let new: LoudnessLock.Item
    let albums: AlbumLevels
    /// The item of the baseline that has these samples, if another one does.
    var copyOf: String?
    private let drift: CurveDrift

    init(
        judge: DriftJudge, subject: DriftJudge.Subject, old: LoudnessLock.Item, new: LoudnessLock.Item,
        albums: AlbumLevels
    ) {
        (self.judge, self.subject, self.old, self.new, self.albums) = (judge, subject, old, new, albums)
        drift = CurveDrift(old: old, new: new, quietLUFS: judge.limits.quietLUFS)
    }

    func findings() -> [Finding] {
        switch judge.mode {
        case .exact: exact()
        case .engine: engine()
        case .revision: revision()
        }
    }

    private func exact() -> [Finding] {
        let samples = samples()
        // Of other samples other figures follow: one finding says it all.
        let isHashed = old.pcmSHA256 != nil && new.pcmSHA256 != nil
        guard samples.status == .passed else { return isHashed ? [samples] : [samples] + engine() }
        return [samples] + (judge.isSameMeter ? [figures()] : engine())
    }

    private func engine() -> [Finding] {
        let rules: [Drift.Rule] = [
            .integrated, .shortTermMaximum, .momentaryMaximum, .range, .truePeak, .samplePeak, .brightness,
        ]
        return [form(), length()] + rules.compactMap(metric) + [moment()].compactMap(\.self)
    }

    private func revision() -> [Finding] {
        [form(), length()]
            + [metric(.integrated), metric(.range), metric(.brightness), moment(), albumOffset()].compactMap(\.self)
    }

    // MARK: - Samples

    private func samples() -> Finding {
        guard let was = old.pcmSHA256, let isNow = new.pcmSHA256 else {
            let side = old.pcmSHA256 == nil ? "the baseline has no hash of the samples" : "the samples were not hashed"
            return finding(
                .samples, key: "pcmSHA256", isPassed: false,
                message: "\(side), and exact compares nothing else; run lathe check --accept with the hash")
        }
        guard was != isNow else {
            return finding(.samples, key: "pcmSHA256", isPassed: true, message: "the samples are those of the baseline")
        }
        var texts = ["the samples differ from the baseline"]
        if let copyOf, copyOf != old.id { texts.append("they are those that it has as \(copyOf)") }
        if old.rateHertz != new.rateHertz || old.channelCount != new.channelCount { texts.append(formText) }
        if old.frameCount != new.frameCount { texts.append(lengthText) }
        let first = firstDifference()
        if let first {
            texts.append("first in the second from \(NumberText.time(Double(first)))")
        } else if old.frameCount == new.frameCount {
            texts.append("in no second does loudness, peak or brightness show it")
        }
        let levels: [Metric] = [.integrated, .truePeak, .samplePeak]
        let isLevelSame = levels.allSatisfy { metric in
            guard let a = old.values[metric]?.number, let b = new.values[metric]?.number else { return false }
            return a == b || (a - b).magnitude <= 0.01 + 1e-9
        }
        texts.append(
            isLevelSame
                ? "level and peaks are the same to 0.01"
                : DriftText.stretches(drift.loudnessStretches(limit: judge.limits.moment), item: new) ?? "levels moved")
        if judge.lock.identity.lathe != judge.report.identity.lathe {
            texts.append(
                "the baseline is of Lathe \(judge.lock.identity.lathe), this is \(judge.report.identity.lathe)")
        }
        var result = finding(
            .samples, key: "pcmSHA256", isPassed: false,
            message: texts.joined(separator: "; ") + "; " + DriftJudge.remedy)
        result.startSeconds = first.map(Double.init)
        result.endSeconds = first.map { min(Double($0 + 1), max(new.durationSeconds, Double($0))) }
        return result
    }

    /// The first second in which one of the curves differs, or one side has ended.
    private func firstDifference() -> Int? {
        LoudnessLock.Curves.table.compactMap { curve -> Int? in
            let (a, b) = (old.curves[keyPath: curve.path], new.curves[keyPath: curve.path])
            // A side without the curve says nothing.
            guard !a.isEmpty, !b.isEmpty else { return nil }
            return (0..<max(a.count, b.count)).first { $0 >= a.count || $0 >= b.count || a[$0] != b[$0] }
        }.min()
    }

    private func figures() -> Finding {
        let moved = FigureList.differences(old.values, new.values)
        return finding(
            .figures, key: moved.first?.metric.name ?? "pcmSHA256", isPassed: moved.isEmpty,
            message: moved.isEmpty
                ? "all figures are those of the baseline"
                : "the samples are the same and the meter says it is the same, yet "
                    + moved.map(\.text).joined(separator: ", ")
                    + "; the lock was edited by hand, or the build of Lathe is at fault")
    }

    // MARK: - Form and length

    private var formText: String {
        let name = { (item: LoudnessLock.Item) in
            "\(item.rateHertz) Hz, \(item.channelCount) \(item.channelCount == 1 ? "channel" : "channels")"
        }
        return "\(name(new)), and the baseline has \(name(old))"
    }

    private func form() -> Finding {
        let isPassed = old.rateHertz == new.rateHertz && old.channelCount == new.channelCount
        let key = old.rateHertz != new.rateHertz ? "rate" : "channels"
        return finding(
            .form, key: key, isPassed: isPassed,
            message: isPassed ? "rate and channels are those of the baseline" : "\(formText); \(DriftJudge.remedy)")
    }

    /// "2.0 s longer (96000 frames)".
    private var lengthText: String {
        let seconds = new.durationSeconds - old.durationSeconds
        let count = abs(new.frameCount - old.frameCount)
        let frames = old.rateHertz == new.rateHertz ? " (\(count) \(count == 1 ? "frame" : "frames"))" : ""
        return NumberText.fixed(seconds.magnitude, decimals: seconds.magnitude < 0.1 ? 3 : 1) + " s "
            + (seconds < 0 ? "shorter" : "longer") + frames
    }

    private func length() -> Finding {
        let seconds = new.durationSeconds - old.durationSeconds
        let limit = judge.limit(.length) ?? 0
        // Of one length in two rates, frames differ by rounding.
        let isSame =
            old.rateHertz == new.rateHertz
            ? old.frameCount == new.frameCount : seconds.magnitude * Double(min(old.rateHertz, new.rateHertz)) <= 1
        // Edits in the curves of equal lengths: the music moved inside the file.
        let edits = judge.mode == .revision ? drift.alignment.edits : []
        let isPassed =
            (isSame || seconds.magnitude <= limit) && edits.allSatisfy { Double($0.count) <= limit }
        var texts = [isSame ? "the length is that of the baseline" : lengthText + " than the baseline"]
        if let text = DriftText.edits(edits) { texts.append(text) }
        if !isPassed { texts.append(DriftJudge.remedy) }
        var result = finding(
            .length, key: "frames", isPassed: isPassed, message: texts.joined(separator: "; "), value: seconds,
            limit: limit)
        if !isPassed, let edit = edits.first {
            result.startSeconds = Double(edit.second)
            result.endSeconds = Double(edit.second + (edit.isInsertion ? edit.count : 0))
        }
        return result
    }

    // MARK: - Figures

    private func metric(_ rule: Drift.Rule) -> Finding? {
        guard let metric = DriftText.metric(rule), let limit = judge.limit(rule) else { return nil }
        let figure = FigureComparison(metric: metric, old: old.values[metric], new: new.values[metric], limit: limit)
        guard let figure else { return nil }
        var (message, stretch) = (figure.message, CurveDrift.Stretch?.none)
        if !figure.isPassed {
            if judge.mode == .revision { (message, stretch) = explained(message, metric, limit) }
            message += "; \(DriftJudge.remedy)"
        }
        var result = finding(
            rule, key: metric.name, isPassed: figure.isPassed, message: message, value: figure.difference, limit: limit)
        result.startSeconds = stretch.map { Double($0.start) }
        result.endSeconds = stretch.map { DriftText.endSeconds($0, item: new) }
        return result
    }

    /// A figure of the whole, and where it comes from.
    private func explained(
        _ message: String, _ metric: Metric, _ limit: Double
    ) -> (String, CurveDrift.Stretch?) {
        let (share, isAboutBrightness) = (judge.limits.explanationShare, metric == .brightness)
        let stretches =
            switch metric {
            case .brightness: drift.brightnessStretches(limit: limit * share)
            default: drift.loudnessStretches(limit: judge.limits.integrated * share)
            }
        guard let text = DriftText.stretches(stretches, item: new, isAboutBrightness: isAboutBrightness) else {
            return (message, nil)
        }
        return (
            "\(message): \(text)", DriftText.greatest(stretches, isAboutBrightness: isAboutBrightness).first
        )
    }

    private func albumOffset() -> Finding? {
        guard let offsets = albums.offsets(old, new), let limit = judge.limit(.albumOffset) else { return nil }
        let difference = LockNumber.rounded(offsets.new - offsets.old, decimals: Metric.integrated.decimals)
        let isPassed = difference.magnitude <= limit + 1e-9
        let place = { (offset: Double) in
            NumberText.fixed(offset.magnitude, decimals: 1) + " LU " + (offset < 0 ? "below" : "above") + " its album"
        }
        return finding(
            .albumOffset, key: Metric.integrated.name, isPassed: isPassed,
            message: "\(place(offsets.new)), was \(place(offsets.old))" + (isPassed ? "" : "; \(DriftJudge.remedy)"),
            value: difference, limit: limit)
    }

    // MARK: - Over time

    private func moment() -> Finding? {
        let limit = judge.limit(.moment) ?? 0
        guard !old.curves.loudness.isEmpty || !new.curves.loudness.isEmpty else { return nil }
        guard !old.curves.loudness.isEmpty, !new.curves.loudness.isEmpty else {
            let side = old.curves.loudness.isEmpty ? "the baseline has" : "this time there is"
            return finding(
                .moment, key: "loudness", isPassed: false,
                message: "\(side) no loudness over time; \(DriftJudge.remedy)")
        }
        let isRevision = judge.mode == .revision
        // Where lengths differ, `length` fails, and seconds no longer are the same ones.
        guard isRevision || old.curves.loudness.count == new.curves.loudness.count else {
            guard length().status == .passed else { return nil }
            return finding(
                .moment, key: "loudness", isPassed: false,
                message: "the baseline has \(old.curves.loudness.count) s of loudness over time, and this file "
                    + "\(new.curves.loudness.count); \(DriftJudge.remedy)")
        }
        let stretches =
            isRevision ? drift.loudnessStretches(limit: limit) : drift.secondStretches(limit: limit)
        guard let first = DriftText.greatest(stretches, isAboutBrightness: false).first,
            let text = DriftText.stretches(stretches, item: new)
        else {
            return finding(
                .moment, key: "loudness", isPassed: true, message: "the loudness over time is that of the baseline",
                limit: limit)
        }
        let shift = isRevision ? DriftText.edits(drift.alignment.edits).map { "; compared as \($0)" } ?? "" : ""
        let line = first.start / LockText.secondsPerLine * LockText.secondsPerLine
        let value = LockNumber.rounded(first.loudness, decimals: 3)
        var result = finding(
            .moment, key: "loudness@" + NumberText.time(Double(line)), isPassed: false,
            message: text + shift + "; " + DriftJudge.remedy, value: value, limit: limit)
        result.startSeconds = Double(first.start)
        result.endSeconds = DriftText.endSeconds(first, item: new)
        return result
    }

    // MARK: -

    private func finding(
        _ rule: Drift.Rule, key: String, isPassed: Bool, message: String, value: Double? = nil, limit: Double? = nil
    ) -> Finding {
        Finding(
            rule: rule.rawValue, demand: judge.demand(rule), subject: subject.id, subjectTitle: subject.title,
            scope: subject.scope, status: isPassed ? .passed : .failed, severity: judge.severity, message: message,
            value: value, limit: limit, margin: value.flatMap { value in limit.map { $0 - value.magnitude } },
            metric: DriftText.metric(rule), anchor: judge.anchor(old, key: key))
    }
}

/// The rules for one album that both sides have.
struct GroupComparison {
    let judge: DriftJudge
    let subject: DriftJudge.Subject
    let old: LoudnessLock.Group
    let new: LoudnessLock.Group

    func findings() -> [Finding] {
        if judge.mode == .exact, judge.isSameMeter { return [figures()] }
        let rules: [Drift.Rule] = judge.mode == .revision ? [.integrated, .range] : [.integrated, .range, .truePeak]
        return rules.compactMap { rule in
            guard let metric = DriftText.metric(rule), let limit = judge.limit(rule),
                let figure = FigureComparison(
                    metric: metric, old: old.values[metric], new: new.values[metric], limit: limit)
            else { return nil }
            return finding(
                rule, key: metric.name, isPassed: figure.isPassed,
                message: figure.message + (figure.isPassed ? "" : "; \(DriftJudge.remedy)"),
                value: figure.difference, limit: limit)
        }
    }

    private func figures() -> Finding {
        let moved = FigureList.differences(old.values, new.values)
        return finding(
            .figures, key: moved.first?.metric.name ?? "title", isPassed: moved.isEmpty,
            message: moved.isEmpty
                ? "all figures are those of the baseline"
                : moved.map(\.text).joined(separator: ", ") + "; \(DriftJudge.remedy)")
    }

    private func finding(
        _ rule: Drift.Rule, key: String, isPassed: Bool, message: String, value: Double? = nil, limit: Double? = nil
    ) -> Finding {
        Finding(
            rule: rule.rawValue, demand: judge.demand(rule), subject: subject.id, subjectTitle: subject.title,
            scope: subject.scope, status: isPassed ? .passed : .failed, severity: judge.severity, message: message,
            value: value, limit: limit, margin: value.flatMap { value in limit.map { $0 - value.magnitude } },
            metric: DriftText.metric(rule), anchor: judge.anchor(old, key: key))
    }
}
