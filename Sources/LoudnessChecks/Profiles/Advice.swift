extension Judge {
    /// What every profile with advice says of every song and album, in the order of subjects, then profiles.
    func advice(_ subjects: [Subject]) -> [PlatformAdvice] {
        var found: [PlatformAdvice] = []
        for subject in subjects where subject.scope != .stem && subject.failure == nil {
            for profile in profiles {
                found += profile.playback.compactMap { $0.advice(subject, profile) }
                found += profile.guidelines.compactMap { $0.advice(subject, profile) }
            }
        }
        return found
    }
}

extension Playback {
    /// nil where the level is unknown, or nothing is known of albums.
    func advice(_ subject: Subject, _ profile: Profile) -> PlatformAdvice? {
        let level: Metric = subject.isGroup && album == .loudestSong ? .loudestSong : .integrated
        // An album that is played as one has one gain: none for a song alone.
        guard subject.isGroup || album != .loudestSong, !subject.isGroup || album != .none,
            let loudness = subject.values[level]?.number, loudness.isFinite,
            let peak = subject.values[.truePeak]?.number, !peak.isNaN
        else { return nil }
        var outcome = outcome(loudness: loudness, peak: peak)
        outcome.message += ceilingRemark(loudness: loudness, peak: peak, profile) ?? ""
        return PlatformAdvice(
            platform: name, profile: profile.id, subject: subject.id, subjectTitle: subject.title,
            scope: subject.scope, gain: outcome.gain, truePeakAfter: outcome.peak, message: outcome.message)
    }

    /// Gains smaller than this are not heard and not spoken of.
    private static let audibleDecibels = 0.05

    private struct Outcome {
        var gain: Double
        var peak: Double
        var message: String
    }

    private func outcome(loudness: Double, peak: Double) -> Outcome {
        guard let target else { return Outcome(gain: 0, peak: peak, message: "played as it is: no normalisation") }
        let wanted = target - loudness
        if wanted.magnitude < Self.audibleDecibels {
            return Outcome(gain: wanted, peak: peak + wanted, message: "played as it is: right at its level")
        }
        if wanted < 0 {
            return Outcome(gain: wanted, peak: peak + wanted, message: "turned down \(Self.decibels(wanted))")
        }
        switch turnsUp {
        case .never:
            return Outcome(
                gain: 0, peak: peak, message: "not turned up: stays \(Self.decibels(wanted)) below its level")
        case .unknown:
            return Outcome(
                gain: 0, peak: peak,
                message: "\(Self.decibels(wanted)) below its level; whether it is turned up is not known")
        case .untilPeak(let ceiling):
            let gain = min(wanted, max(0, ceiling - peak))
            let limit = "the peak is in the way at \(Metric.truePeak.written(ceiling))"
            let message =
                wanted - gain < Self.audibleDecibels
                ? "turned up \(Self.decibels(wanted))"
                : gain < Self.audibleDecibels
                    ? "not turned up by the \(Self.decibels(wanted)) it is below its level: \(limit)"
                    : "turned up \(Self.decibels(gain)) of \(Self.decibels(wanted)): \(limit)"
            return Outcome(gain: gain, peak: peak + gain, message: message)
        case .intoLimiter(let ceiling):
            let over = peak + wanted - ceiling
            let limiter =
                over > 0 ? "the limiter takes up to \(Self.decibels(over)) off its peaks" : "the limiter does not act"
            return Outcome(
                gain: wanted, peak: min(peak + wanted, ceiling),
                message: "turned up \(Self.decibels(wanted)), \(limiter)")
        case .always:
            let after = peak + wanted
            let clip = after > 0 ? ": clips unless the player holds the peak" : ""
            return Outcome(gain: wanted, peak: after, message: "turned up \(Self.decibels(wanted))\(clip)")
        }
    }

    private func ceilingRemark(loudness: Double, peak: Double, _ profile: Profile) -> String? {
        let isLouder = target.map { loudness > $0 } ?? false
        let special = isLouder ? ceilingWhenLouder : nil
        guard let wished = special ?? ceiling, peak > wished else { return nil }
        let verdict = MetricLimit(.truePeak, .atMost(wished)).verdict(on: peak)
        let text = MetricLimit(.truePeak, .atMost(wished)).message(peak, verdict, place: "")
        let condition = special == nil ? "" : " for masters louder than \(Metric.integrated.written(target ?? 0))"
        return "; \(profile.title) advises less\(condition): \(text)"
    }

    private static func decibels(_ value: Double) -> String { NumberText.fixed(value.magnitude, decimals: 1) + " dB" }
}

extension Guideline {
    /// nil where the value is inside, or there is none.
    func advice(_ subject: Subject, _ profile: Profile) -> PlatformAdvice? {
        guard subject.isGroup == (scope == .album), let value = subject.values[limit.metric]?.number, !value.isNaN,
            let peak = subject.values[.truePeak]?.number
        else { return nil }
        let verdict = limit.verdict(on: value)
        guard !verdict.passes else { return nil }
        return PlatformAdvice(
            platform: profile.title, profile: profile.id, subject: subject.id, subjectTitle: subject.title,
            scope: subject.scope, gain: 0, truePeakAfter: peak,
            message: limit.message(value, verdict, place: "") + " (\(reason))")
    }
}
