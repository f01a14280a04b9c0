import LoudnessChecks
import Testing

@Suite struct AdviceTests {
    private static func advice(_ profile: String, _ loudness: Double, _ peak: Double) throws -> [PlatformAdvice] {
        let item = JudgeBench.item(JudgeBench.measurement([(.integrated, loudness), (.truePeak, peak)]))
        return Judge(policy: nil, profiles: [try #require(Profile.named(profile))], today: JudgeBench.today)
            .judge(JudgeBench.report(item)).advice
    }

    @Test(
        arguments: [
            // Down only, and never up.
            ("tidal", -10.0, -1.0, -4.0, -5.0, "turned down 4.0 dB"),
            ("tidal", -16.0, -1.0, 0.0, -1.0, "not turned up: stays 2.0 dB below its level"),
            ("youtube-music", -7.0, -2.0, 0.0, -2.0, "played as it is: right at its level"),
            // Up until the peak is at -1 dBTP.
            ("spotify", -18.1, -3.0, 2.0, -1.0, "turned up 2.0 dB of 4.1 dB: the peak is in the way at -1.0 dBTP"),
            ("spotify", -18.1, -6.0, 4.1, -1.9, "turned up 4.1 dB"),
            (
                "spotify", -18.0, -0.5, 0.0, -0.5,
                "not turned up by the 4.0 dB it is below its level: the peak is in the way at -1.0 dBTP; "
                    + "Spotify advises less: true peak -0.5 dBTP, allowed -1.0 dBTP: 0.5 dB over; "
                    + "turn it down, or lower the limiter's ceiling"
            ),
            // Louder than the target: -2 dBTP is advised.
            (
                "spotify", -9.0, -1.5, -5.0, -6.5,
                "turned down 5.0 dB; Spotify advises less for masters louder than -14.0 LUFS: "
                    + "true peak -1.5 dBTP, allowed -2.0 dBTP: 0.5 dB over; turn it down, or lower the limiter's "
                    + "ceiling"
            ),
            ("spotify", -9.0, -2.0, -5.0, -7.0, "turned down 5.0 dB"),
            ("apple-music", -20.0, -3.0, 0.0, -3.0, "4.0 dB below its level; whether it is turned up is not known"),
            ("bandcamp", -20.0, -3.0, 0.0, -3.0, "played as it is: no normalisation"),
            ("replaygain2", -22.0, -3.0, 4.0, 1.0, "turned up 4.0 dB: clips unless the player holds the peak"),
            ("replaygain2", -22.0, -5.0, 4.0, -1.0, "turned up 4.0 dB"),
        ] as [(String, Double, Double, Double, Double, String)])
    func `advice is the gain, the peak after it and what happens`(
        _ profile: String, _ loudness: Double, _ peak: Double, _ gain: Double, _ after: Double, _ message: String
    ) throws {
        let advice = try #require(try Self.advice(profile, loudness, peak).first)
        #expect((advice.gain - gain).magnitude < 1e-9)
        #expect((advice.truePeakAfter - after).magnitude < 1e-9)
        #expect(advice.message == message)
    }

    @Test func `Spotify has three modes, and the limiter is only in the loud one`() throws {
        let advice = try Self.advice("spotify", -14, -2)
        #expect(advice.map(\.platform) == ["Spotify", "Spotify (loud)", "Spotify (quiet)"])
        #expect(
            advice.map(\.message) == [
                "played as it is: right at its level", "turned up 3.0 dB, the limiter takes up to 2.0 dB off its peaks",
                "turned down 5.0 dB",
            ])
        #expect(advice[1].truePeakAfter == -1)
        #expect(try Self.advice("spotify", -14, -8)[1].message == "turned up 3.0 dB, the limiter does not act")
    }

    @Test func `an album gets one gain where its treatment is known, and songs get their own`() throws {
        let items = [(-12.0, "01.wav"), (-18.0, "02.wav")].map { loudness, id in
            JudgeBench.item(id, JudgeBench.measurement([(.integrated, loudness), (.truePeak, -3)]))
        }
        var report = CheckReport(identity: JudgeBench.identity, items: items)
        report.groups = [
            JudgeBench.group(["01.wav", "02.wav"], [(.integrated, -13), (.truePeak, -3), (.loudestSong, -12)])
        ]
        let profiles = try ["spotify", "aes-streaming-album", "tidal"].map { try #require(Profile.named($0)) }
        let advice = Judge(policy: nil, profiles: profiles, today: JudgeBench.today).judge(report).advice
        let album = advice.filter { $0.scope == .album }
        #expect(album.map(\.profile) == ["spotify", "spotify", "spotify", "aes-streaming-album"])
        #expect(album.map(\.gain) == [-1, 2, -6, -2])
        #expect(advice.filter { $0.platform == "Spotify" }.map(\.gain) == [-2, 2, -1])
        #expect(
            advice.map(\.subject)
                == advice.map(\.subject).sorted { a, b in a != "." && b == "." || a < b && b != "." && a != "." })
    }

    @Test func `guidelines speak only where they are left`() throws {
        #expect(try Self.advice("ebu-pre-encode", -14, -2) == [])
        #expect(
            try Self.advice("ebu-pre-encode", -14, -1.9).map(\.message) == [
                "true peak -1.9 dBTP, allowed -2.0 dBTP: 0.1 dB over; turn it down, or lower the limiter's ceiling "
                    + "(lossy encoders overshoot: Tech 3344 limits ahead of them)"
            ])
        #expect(try Self.advice("ebu-r128-s2", -16, -1) == [])
        #expect(
            try Self.advice("ebu-r128-s2", -20.5, -1).first?.message.hasPrefix("integrated loudness -20.5 LUFS") == true
        )
        #expect(try Self.advice("game-aswg-portable", -18, -1) == [])
        #expect(try Self.advice("game-aswg-portable", -15.9, -0.5).count == 2)
    }

    @Test func `nothing is said of silence, of what has no loudness and of stems`() throws {
        #expect(try Self.advice("spotify", -.infinity, -.infinity) == [])
        let short = JudgeBench.item(
            JudgeBench.measurement { $0.values[.integrated] = .unmeasurable("shorter than 400 ms") })
        let judge = Judge(
            policy: nil, profiles: [try #require(Profile.named("tidal"))], today: JudgeBench.today)
        #expect(judge.judge(JudgeBench.report(short)).advice == [])
        #expect(judge.judge(JudgeBench.report(JudgeBench.item("s.wav", scope: .stem))).advice == [])
    }
}
