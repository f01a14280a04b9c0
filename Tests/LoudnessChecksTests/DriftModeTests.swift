import LoudnessChecks
import Testing

@Suite struct DriftModeTests {
    // MARK: - Exact

    @Test func `other samples are an error that names the first second that differs`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(102..<103, by: 0.02)
        let findings = try Checks.drift(from: [take], to: [other], .exact)
        #expect(Checks.failures(findings) == ["baseline/samples"])
        let finding = try #require(findings.of(.samples))
        #expect(finding.severity == .error && finding.startSeconds == 102 && finding.endSeconds == 103)
        #expect(
            finding.message.hasPrefix(
                "the samples differ from the baseline; first in the second from 1:42; level and peaks are the same to 0.01;"
            ))
        let lock = try Checks.lock(Checks.report([take]))
        #expect(finding.anchor?.line == lock.lines.item("01.wav", key: "pcmSHA256"))
    }

    @Test func `other samples that no curve shows are an error too`() throws {
        let take = Take("01.wav")
        var other = take
        other.hash = Take.hash(1234)
        let message = try Checks.drift(from: [take], to: [other], .exact).of(.samples)?.message ?? ""
        #expect(
            message.contains("in no second does loudness, peak or brightness show it; level and peaks are the same"))
    }

    @Test func `samples that were not hashed fail, and figures are compared instead`() throws {
        let take = Take("01.wav")
        var bare = take
        bare.hash = nil
        for (old, new) in [(take, bare), (bare, take), (bare, bare)] {
            let findings = try Checks.drift(from: [old], to: [new], .exact)
            #expect(Checks.failures(findings) == ["baseline/samples"])
            #expect(findings.of(.integrated)?.status == .passed)
        }
    }

    @Test func `the same samples with other figures put the meter or the lock in doubt`() throws {
        let take = Take("01.wav")
        var other = take
        other.values[.crest] = 14.001
        let findings = try Checks.drift(from: [take], to: [other], .exact)
        #expect(Checks.failures(findings) == ["baseline/figures"])
        #expect(findings.of(.figures)?.message.contains("crest 14.000 to 14.001 dB") == true)
        other.values[.crest] = 14.0004
        other.values[.overs] = 12
        #expect(Checks.failures(try Checks.drift(from: [take], to: [other], .exact)) == [])
    }

    @Test func `another meter is a note, and figures get the limits of engine`() throws {
        let take = Take("01.wav")
        var other = take
        other.values[.integrated]? += 0.01
        let lock = try Checks.lock(Checks.report([take]))
        let identity = MeterIdentity(lathe: "0.5.0", engine: "4", truePeakOversampling: 16, mono: "as-is")
        let report = Checks.report([other], identity: identity)
        let findings = Drift.compare(lock, lockPath: Checks.path, with: report, mode: .exact)
        #expect(Checks.failures(findings) == ["baseline/meter"])
        let note = try #require(findings.first)
        #expect(note.severity == .note && note.anchor?.line == lock.lines.meter)
        #expect(note.message.contains("meter 3, now 4; true peak 4 times, now 16 times"))
        let newer = MeterIdentity(lathe: "0.5.0", engine: "3", truePeakOversampling: 4, mono: "as-is")
        #expect(
            Checks.failures(
                Drift.compare(lock, lockPath: Checks.path, with: Checks.report([take], identity: newer), mode: .exact))
                == [])
    }

    // MARK: - Engine

    @Test(arguments: [
        (Metric.integrated, 0.01, Drift.Rule.integrated), (.shortTermMaximum, 0.01, .shortTermMaximum),
        (.momentaryMaximum, 0.01, .momentaryMaximum), (.range, 0.05, .range), (.truePeak, 0.05, .truePeak),
        (.samplePeak, 0.05, .samplePeak), (.brightness, 0.05, .brightness),
    ]) func `a new engine may move a figure as far as its limit and no further`(
        metric: Metric, limit: Double, rule: Drift.Rule
    ) throws {
        let take = Take("01.wav")
        for sign in [-1.0, 1] {
            for (step, isPassed) in [(limit, true), (limit + 0.001, false)] {
                var other = take
                other.values[metric]? += sign * step
                let findings = try Checks.drift(from: [take], to: [other], .engine)
                #expect(Checks.failures(findings) == (isPassed ? [] : [rule.rawValue]))
                #expect(findings.of(rule)?.severity == .error)
            }
        }
    }

    @Test func `a lost note is found though the whole stayed as loud`() throws {
        let take = Take("01.wav")
        var other = take
        other.loudness[77] -= 0.07
        let findings = try Checks.drift(from: [take], to: [other], .engine)
        #expect(Checks.failures(findings) == ["baseline/moment"])
        #expect(findings.of(.moment)?.message.hasPrefix("0.07 LU softer from 1:17 to 1:18;") == true)
        other.loudness[77] = take.loudness[77] - 0.03
        #expect(Checks.failures(try Checks.drift(from: [take], to: [other], .engine)) == [])
    }

    @Test func `one frame more, another rate or channel count is an error`() throws {
        let take = Take("01.wav")
        var other = take
        other.extraFrames = 1
        let findings = try Checks.drift(from: [take], to: [other], .engine)
        #expect(Checks.failures(findings) == ["baseline/length"])
        #expect(findings.of(.length)?.message.hasPrefix("0.000 s longer (1 frame) than the baseline") == true)
        other = take
        other.rateHertz = 44_100
        #expect(Checks.failures(try Checks.drift(from: [take], to: [other], .engine)) == ["baseline/form"])
    }

    @Test func `a figure that is gone or cannot be measured any more is a failure`() throws {
        let take = Take("01.wav")
        var other = take
        other.values[.integrated] = nil
        for mode in [DriftMode.engine, .revision] {
            let findings = try Checks.drift(from: [take], to: [other], mode)
            #expect(Checks.failures(findings) == ["baseline/integrated"])
            #expect(findings.of(.integrated)?.message.contains("was not measured") == true)
        }
        var item = take.item
        if case .measured(var measurement) = item.outcome {
            measurement.values[.integrated] = .unmeasurable("silent")
            measurement.curves = LoudnessCurves()
            item.outcome = .measured(measurement)
        }
        var report = Checks.report([take])
        report.items = [item]
        let findings = Drift.compare(
            try Checks.lock(Checks.report([take])), lockPath: Checks.path, with: report, mode: .revision)
        #expect(findings.of(.integrated)?.message.hasPrefix("integrated loudness is unmeasurable (silent)") == true)
        #expect(findings.of(.moment)?.status == .failed)
        // What the baseline does not have it does not demand.
        let back = Drift.compare(
            try Checks.lock(report), lockPath: Checks.path, with: report, mode: .revision)
        #expect(Checks.failures(back) == [])
    }

    // MARK: - Which file is which

    @Test func `a file that is gone is an error and a new one is one to accept`() throws {
        let takes = [Take("01.wav", seed: 1), Take("02.wav", seed: 2), Take("03.wav", seed: 3)]
        for mode in DriftMode.allCases {
            let findings = try Checks.drift(from: [takes[0], takes[1]], to: [takes[0], takes[2]], mode)
            #expect(Checks.failures(findings) == ["baseline/new", "baseline/missing"])
            #expect(findings.of(.missing)?.severity == .error && findings.of(.missing)?.subject == "02.wav")
            #expect(findings.of(.new)?.severity == (mode == .revision ? .warn : .error))
            #expect(findings.of(.new)?.anchor?.line == 5)
        }
    }

    @Test func `only a part of the files does not make the others missing`() throws {
        let takes = [Take("01.wav", seed: 1), Take("02.wav", seed: 2)]
        let findings = Drift.compare(
            try Checks.lock(Checks.report(takes)), lockPath: Checks.path,
            with: Checks.report([takes[1]], album: -9), mode: .revision, isPartial: true)
        #expect(findings.allSatisfy { $0.subject == "02.wav" })
        #expect(!Checks.failures(findings).contains("baseline/missing"))
    }

    @Test func `a file that cannot be read fails the comparison with its reason`() throws {
        let take = Take("01.wav")
        var report = Checks.report([take])
        report.items[0].outcome = .failed("the file ends in its header; export it again")
        let findings = Drift.compare(
            try Checks.lock(Checks.report([take])), lockPath: Checks.path, with: report, mode: .revision)
        #expect(Checks.failures(findings) == ["baseline/missing"])
        #expect(findings.first?.message.contains("the file ends in its header") == true)
        #expect(findings.first?.severity == .error)
    }

    @Test func `a renamed file is recognised by its samples`() throws {
        let salt = Take("02 Salt.wav", seed: 2)
        var renamed = salt
        renamed.id = "03 Salt.wav"
        let findings = try Checks.drift(from: [salt], to: [renamed], .revision)
        #expect(Checks.failures(findings) == ["baseline/renamed"])
        let finding = try #require(findings.of(.renamed))
        #expect(finding.message.hasPrefix("02 Salt.wav is now 03 Salt.wav") && finding.severity == .note)
        #expect(findings.of(.integrated, "03 Salt.wav")?.status == .passed)
        #expect(Checks.failures(try Checks.drift(from: [salt], to: [renamed], .exact)) == ["baseline/renamed"])
    }

    @Test func `songs that swap or move up their numbers are recognised, and silent stems stay in their places`() throws
    {
        var (a, b, c) = (Take("1.wav", seed: 1), Take("2.wav", seed: 2), Take("3.wav", seed: 3))
        let before = [a, b, c]
        (a.id, b.id) = (b.id, a.id)
        var failures = Checks.failures(try Checks.drift(from: before, to: [b, a, c], .exact))
        #expect(failures == ["baseline/renamed", "baseline/renamed"])
        (a.id, b.id, c.id) = ("1.wav", "3.wav", "4.wav")
        let added = Take("2.wav", seed: 9)
        failures = Checks.failures(try Checks.drift(from: before, to: [a, added, b, c], .revision))
        #expect(failures == ["baseline/new", "baseline/renamed", "baseline/renamed"])

        let stems = (1...4).map { Take("stem \($0).wav", seed: 7) }
        #expect(Checks.failures(try Checks.drift(from: stems, to: stems, .exact)) == [])
    }

    @Test func `a copy over another song is called one`() throws {
        let (a, b) = (Take("1.wav", seed: 1), Take("2.wav", seed: 2))
        var copy = a
        copy.id = "2.wav"
        let findings = try Checks.drift(from: [a, b], to: [a, copy], .exact)
        #expect(Checks.failures(findings) == ["baseline/samples"])
        #expect(findings.of(.samples, "2.wav")?.message.contains("they are those that it has as 1.wav") == true)
    }

    @Test func `albums come, go and fail like files`() throws {
        let take = Take("1.wav")
        let lock = try Checks.lock(Checks.report([take]))
        var report = Checks.report([take])
        report.groups[0].id = "other.yaml"
        var findings = Drift.compare(lock, lockPath: Checks.path, with: report, mode: .engine)
        #expect(Checks.failures(findings) == ["baseline/new", "baseline/missing"])
        report = Checks.report([take])
        report.groups[0].failure = "rates differ"
        findings = Drift.compare(lock, lockPath: Checks.path, with: report, mode: .revision)
        #expect(Checks.failures(findings) == ["baseline/missing"])
        findings = Drift.compare(lock, lockPath: Checks.path, with: Checks.report([take], album: -13.4), mode: .engine)
        #expect(Checks.failures(findings) == ["baseline/integrated"])
        #expect(findings.last?.scope == .album)
    }

    // MARK: - All of them

    @Test func `limits are those that are given`() throws {
        let take = Take("01.wav")
        var other = take
        other.values[.integrated]? += 0.3
        var limits = DriftLimits()
        limits.integrated = 0.2
        let findings = try Checks.drift(from: [take], to: [other], .revision, limits: limits)
        #expect(Checks.failures(findings) == ["baseline/integrated"])
        #expect(findings.of(.integrated)?.demand == "Integrated loudness stays within 0.2 LU of the baseline")
    }

    @Test(arguments: DriftMode.allCases)
    func `findings are the same each time, one per subject and rule, in plain lines`(
        mode: DriftMode
    ) throws {
        var takes = (1...6).map { Take("0\($0).wav", seed: UInt64($0)) }
        let old = takes
        takes[0].raise(20..<60, by: 2, tilt: -3)
        takes[1].insert(4, at: 80)
        takes[2].id = "07.wav"
        takes[3].disturb(0.5)
        takes[4].values[.integrated] = -9
        let first = try Checks.drift(from: old, to: takes, mode)
        #expect(try Checks.drift(from: old, to: takes, mode) == first)
        #expect(Set(first.map { $0.subject + " " + $0.rule }).count == first.count)
        for finding in first {
            #expect(Drift.Rule(rawValue: finding.rule) != nil)
            #expect(!finding.message.contains("\n") && !finding.message.hasSuffix(".") && !finding.demand.isEmpty)
            #expect((finding.anchor?.line ?? 0) > 0)
            #expect(finding.startSeconds ?? 0 <= finding.endSeconds ?? 0)
        }
    }
}
