import Foundation
import LoudnessChecks
import Testing

@Suite struct DriftTests {
    // MARK: - Revision

    @Test(arguments: DriftMode.allCases) func `the same files have not drifted`(mode: DriftMode) throws {
        let takes = [Take("01.wav", seed: 1), Take("02.wav", seed: 2)]
        let findings = try Checks.drift(from: takes, to: takes, mode)
        #expect(Checks.failures(findings) == [])
        #expect(findings.count >= 5)
        #expect(findings.allSatisfy { $0.anchor?.file == "loudness.lock" })
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `noise of a hundredth is no drift`(seed: UInt64) throws {
        let take = Take("01.wav", seed: seed)
        var other = take
        other.disturb(0.01, seed: seed)
        for mode in [DriftMode.engine, .revision] {
            #expect(Checks.failures(try Checks.drift(from: [take], to: [other], mode)) == [])
        }
    }

    @Test func `a louder chorus is found with its seconds, level and brightness`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(102..<130, by: 1.8, tilt: 1.4)
        other.values[.integrated] = -13.9
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        #expect(Checks.failures(findings) == ["baseline/moment"])
        let moment = try #require(findings.of(.moment))
        #expect(moment.message.hasPrefix("1.8 LU louder from 1:42 to 2:10, brightness +1.4 dB;"))
        #expect(moment.severity == .warn && moment.startSeconds == 102 && moment.endSeconds == 130)
        #expect(moment.limit == 1.5 && abs((moment.value ?? 0) - 1.8) < 0.006)
        let lock = try Checks.lock(Checks.report([take]))
        #expect(moment.anchor?.line == lock.lines.item("01.wav", key: "loudness@1:40"))
    }

    @Test func `a change of the whole is explained by the stretch that made it`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(102..<130, by: 0.9)
        other.values[.integrated] = -13.6
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        #expect(Checks.failures(findings) == ["baseline/integrated", "baseline/album-offset"])
        let integrated = try #require(findings.of(.integrated))
        #expect(
            integrated.message.hasPrefix(
                "integrated loudness is -13.6 LUFS, 0.6 LU louder than the baseline's -14.2 LUFS: "
                    + "0.9 LU louder from 1:42 to 2:10"))
        #expect(integrated.startSeconds == 102 && integrated.endSeconds == 130)
        #expect(
            findings.of(.albumOffset)?.message.hasPrefix("0.4 LU above its album, was 0.2 LU below its album") == true)
    }

    @Test(arguments: [-0.02, 0.02]) func `3 s of loudness may move as far as the limit and no further`(
        beyond: Double
    ) throws {
        let take = Take("01.wav")
        for gain in [1.5, -1.5] {
            var other = take
            // Curves have two decimals: each second is rounded by up to a hundredth.
            other.raise(50..<60, by: gain + (gain < 0 ? -beyond : beyond))
            let findings = try Checks.drift(from: [take], to: [other], .revision)
            #expect(Checks.failures(findings) == (beyond > 0 ? ["baseline/moment"] : []))
            if beyond > 0 {
                #expect(findings.of(.moment)?.startSeconds == 50 && findings.of(.moment)?.endSeconds == 60)
            }
        }
    }

    @Test(arguments: [
        (Metric.integrated, 0.5, Drift.Rule.integrated), (.range, 1, .range), (.brightness, 1, .brightness),
    ]) func `a figure may move as far as its limit and no further`(
        metric: Metric, limit: Double, rule: Drift.Rule
    ) throws {
        let take = Take("01.wav")
        for sign in [-1.0, 1] {
            for (step, isPassed) in [(limit - 0.001, true), (limit, true), (limit + 0.001, false)] {
                var other = take
                other.values[metric]? += sign * step
                let findings = try Checks.drift(from: [take], to: [other], .revision)
                let finding = try #require(findings.of(rule))
                #expect((finding.status == .passed) == isPassed, "\(finding.message)")
                #expect(abs((finding.value ?? 0) - sign * step) < 1e-9 && finding.limit == limit)
                #expect(abs((finding.margin ?? 9) - (limit - step)) < 1e-9)
            }
        }
    }

    @Test func `a song that moves against its album is found though neither moved far`() throws {
        let take = Take("01.wav")
        var other = take
        other.values[.integrated] = -13.8
        let old = try Checks.lock(Checks.report([take], album: -14))
        for (album, isPassed) in [(-14.1, true), (-14.101, false)] {
            let findings = Drift.compare(
                old, lockPath: Checks.path, with: Checks.report([other], album: album), mode: .revision)
            #expect(Checks.failures(findings) == (isPassed ? [] : ["baseline/album-offset"]))
        }
    }

    @Test func `a drop to silence and sound in a pause are told as such`() throws {
        var take = Take("01.wav")
        take.loudness[150] = -.infinity
        take.loudness[151] = -.infinity
        take.loudness[152] = -.infinity
        var other = take
        for i in 60..<63 { other.loudness[i] = -.infinity }
        for i in 150..<153 { other.loudness[i] = -30 }
        let message = try Checks.drift(from: [take], to: [other], .revision).of(.moment)?.message
        #expect(
            message?.hasPrefix(
                "silent from 1:00 to 1:03; sound from 2:30 to 2:33 where there was silence;") == true,
            "\(message ?? "")")
    }

    @Test func `what happens below hearing is left out`() throws {
        var take = Take("01.wav")
        for i in 180..<200 { take.loudness[i] = -.infinity }
        var other = take
        for i in 180..<200 { other.loudness[i] = -61 }
        #expect(Checks.failures(try Checks.drift(from: [take], to: [other], .revision)) == [])
    }

    @Test func `changes close together are one stretch, far apart or opposite ones are not`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(50..<56, by: 3)
        other.raise(58..<64, by: 3)
        other.raise(90..<96, by: -3)
        let message = try Checks.drift(from: [take], to: [other], .revision).of(.moment)?.message ?? ""
        #expect(message.contains(" from 0:50 to 1:04") && message.contains("3.0 LU softer from 1:30 to 1:36"))
        #expect(!message.contains("0:56"))
    }

    @Test func `a brighter bridge is found though its level stayed`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(40..<80, by: 0, tilt: 4)
        other.values[.brightness] = -6.9
        let finding = try #require(try Checks.drift(from: [take], to: [other], .revision).of(.brightness))
        #expect(
            finding.message.hasPrefix(
                "brightness is -6.9 dB, 1.1 dB brighter than the baseline's -8.0 dB: 4.0 dB brighter from 0:40 to 1:20"),
            "\(finding.message)")
    }

    @Test func `a gain over everything is said once`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(0..<200, by: 0.7)
        other.values[.integrated] = -13.5
        let message = try Checks.drift(from: [take], to: [other], .revision).of(.integrated)?.message ?? ""
        #expect(message.contains(": 0.7 LU louder throughout;"), "\(message)")
    }

    // MARK: - Time

    @Test(arguments: [1, 2, 5, 30]) func `a shifted song is compared after its shift`(seconds: Int) throws {
        let take = Take("01.wav")
        var later = take
        later.insert(seconds, at: 0, level: -.infinity)
        later.remove(200..<200 + seconds)
        let findings = try Checks.drift(from: [take], to: [later], .revision)
        #expect(Checks.failures(findings) == ["baseline/length"])
        #expect(
            findings.of(.length)?.message.hasPrefix(
                "the length is that of the baseline; shifted by \(seconds) s (later), \(seconds) s removed at the end")
                == true, "\(findings.of(.length)?.message ?? "")")

        let back = try Checks.drift(from: [later], to: [take], .revision)
        #expect(back.of(.length)?.message.contains("shifted by \(seconds) s (earlier)") == true)
        #expect(Checks.failures(back) == ["baseline/length"])
    }

    @Test func `a change is found behind a shift, at its time in the new version`() throws {
        let take = Take("01.wav")
        var other = take
        other.raise(100..<130, by: 2)
        other.insert(2, at: 0, level: -.infinity)
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        #expect(Checks.failures(findings) == ["baseline/length", "baseline/moment"])
        #expect(
            findings.of(.moment)?.message.hasPrefix("2.0 LU louder from 1:42 to 2:12; compared as shifted by 2 s")
                == true)
        #expect(findings.of(.moment)?.startSeconds == 102 && findings.of(.moment)?.endSeconds == 132)
    }

    @Test(arguments: [1, 4, 20]) func `inserted and removed seconds are found where they are`(count: Int) throws {
        let take = Take("01.wav")
        var longer = take
        longer.insert(count, at: 80)
        let findings = try Checks.drift(from: [take], to: [longer], .revision)
        #expect(Checks.failures(findings) == ["baseline/length"])
        let length = try #require(findings.of(.length))
        #expect(
            length.message.hasPrefix(
                "\(count).0 s longer (\(count * 48_000) frames) than the baseline; \(count) s inserted at 1:20;"),
            "\(length.message)")
        #expect(length.startSeconds == 80 && length.endSeconds == Double(80 + count))

        let back = try Checks.drift(from: [longer], to: [take], .revision)
        #expect(back.of(.length)?.message.contains("shorter") == true)
        #expect(back.of(.length)?.message.contains("\(count) s removed at 1:20") == true)
    }

    @Test func `an insertion, a cut and a louder verse are told apart`() throws {
        let take = Take("01.wav", seconds: 300, seed: 8)
        var other = take
        other.raise(200..<230, by: 2)
        other.remove(150..<155)
        other.insert(4, at: 80)
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        let length = findings.of(.length)?.message ?? ""
        #expect(length.contains("4 s inserted at 1:20, 5 s removed at 2:34"), "\(length)")
        #expect(findings.of(.moment)?.message.hasPrefix("2.0 LU louder from 3:19 to 3:49") == true)
    }

    @Test func `a replaced section is a change and not a cut`() throws {
        let take = Take("01.wav")
        var other = take
        let another = Take("x", seed: 500)
        other.loudness.replaceSubrange(100..<130, with: another.loudness[20..<50].map { $0 + 5 })
        other.brightness.replaceSubrange(100..<130, with: another.brightness[20..<50])
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        #expect(Checks.failures(findings) == ["baseline/moment"])
        let (start, end) = (findings.of(.moment)?.startSeconds ?? 0, findings.of(.moment)?.endSeconds ?? 0)
        #expect(start >= 100 && end <= 130)
    }

    @Test func `a shift by a part of a second raises no alarm`() throws {
        // Levels of 10 ms, and the same ones 430 ms later.
        var dice = Dice(3)
        var fine: [Double] = []
        for second in 0..<200 {
            let level = ((second / 24) % 3 == 0 ? -20 : -14) + dice.level(-3...3)
            fine += (0..<100).map { _ in level + dice.level(-4...4) }
        }
        func curve(_ levels: [Double]) -> [Double] {
            stride(from: 0, to: levels.count - 99, by: 100).map { start in
                10 * log10(levels[start..<start + 100].reduce(0) { $0 + pow(10, $1 / 10) } / 100)
            }
        }
        var (take, other) = (Take("01.wav"), Take("01.wav"))
        take.loudness = curve(fine)
        other.loudness = curve(Array(repeating: -90, count: 43) + fine)
        other.extraFrames = 43 * 480
        let findings = try Checks.drift(from: [take], to: [other], .revision)
        #expect(findings.of(.length)?.message.hasPrefix("0.4 s longer (20640 frames)") == true)
        #expect(findings.of(.moment)?.status == .passed, "\(findings.of(.moment)?.message ?? "")")
    }

    @Test func `steady tones grow at their end, and silence is no riddle`() throws {
        var take = Take("01.wav", seconds: 60)
        take.loudness = .init(repeating: -20, count: 60)
        take.brightness = .init(repeating: -8, count: 60)
        take.peak = take.loudness
        var longer = take
        longer.loudness += [-20, -20, -20]
        longer.brightness += [-8, -8, -8]
        longer.peak += [-20, -20, -20]
        let findings = try Checks.drift(from: [take], to: [longer], .revision)
        #expect(findings.of(.length)?.message.contains("3 s added at the end") == true)

        var silent = take
        silent.loudness = .init(repeating: -.infinity, count: 60)
        silent.brightness = silent.loudness
        var other = silent
        other.loudness.removeLast(7)
        other.brightness.removeLast(7)
        other.peak.removeLast(7)
        let quiet = try Checks.drift(from: [silent], to: [other], .revision)
        #expect(Checks.failures(quiet) == ["baseline/length"])
        let gone = try Checks.drift(from: [take], to: [silent], .revision)
        #expect(gone.of(.moment)?.message.hasPrefix("silent throughout") == true)
    }

    @Test func `files too short for a window are compared all the same`() throws {
        for seconds in 0...3 {
            let take = Take("01.wav", seconds: seconds)
            var other = take
            other.raise(0..<seconds, by: 2)
            let failures = Checks.failures(try Checks.drift(from: [take], to: [other], .revision))
            #expect(failures == (seconds == 0 ? [] : ["baseline/moment"]))
        }
    }

    @Test func `whatever the song, a stretch is found to the second and a cut to within one`() throws {
        var (worstEdge, worstCut, dice) = (0.0, 0.0, Dice(21))
        for seed in 100..<160 as Range<UInt64> {
            let take = Take("01.wav", seconds: 120 + Int(dice.next() % 180), seed: seed)
            let start = Int(dice.next() % 100)
            let end = start + 3 + Int(dice.next() % 17)
            var other = take
            other.raise(start..<end, by: (dice.next() % 2 == 0 ? 1 : -1) * dice.level(1.52...5))
            let moment = try #require(try Checks.drift(from: [take], to: [other], .revision).of(.moment))
            worstEdge = max(worstEdge, abs((moment.startSeconds ?? 999) - Double(start)))
            worstEdge = max(worstEdge, abs((moment.endSeconds ?? 999) - Double(end)))

            let count = 1 + Int(dice.next() % 30)
            other = take
            other.insert(count, at: start + 1)
            let length = try #require(try Checks.drift(from: [take], to: [other], .revision).of(.length))
            #expect(length.message.contains("; \(count) s inserted at "), "\(seed): \(length.message)")
            worstCut = max(worstCut, abs((length.startSeconds ?? 999) - Double(start + 1)))
        }
        #expect(worstEdge == 0)
        #expect(worstCut <= 1)
    }

    @Test func `an hour and a day are aligned too`() throws {
        let hour = Take("01.wav", seconds: 3_600)
        var other = hour
        other.raise(3_000..<3_020, by: 2)
        other.insert(7, at: 1_800)
        let findings = try Checks.drift(from: [hour], to: [other], .revision)
        #expect(findings.of(.length)?.message.contains("7 s inserted at 30:00") == true)
        #expect(findings.of(.moment)?.message.hasPrefix("2.0 LU louder from 50:07 to 50:27") == true)

        // Too different in length to be laid side by side: compared in place, and never out of memory.
        let day = Take("01.wav", seconds: 86_400)
        let long = try Checks.drift(from: [hour], to: [day], .revision)
        #expect(long.of(.length)?.message.contains("82800 s added at the end") == true)
    }

    @Test func `a policy may leave room for the length`() throws {
        let take = Take("01.wav")
        var longer = take
        longer.insert(4, at: 80)
        var limits = DriftLimits()
        for (limit, isPassed) in [(4.0, true), (3.9, false)] {
            limits.length = limit
            let findings = try Checks.drift(from: [take], to: [longer], .revision, limits: limits)
            #expect((findings.of(.length)?.status == .passed) == isPassed)
        }
    }
}
