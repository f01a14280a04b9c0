import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// The match to a reference, as a program of the song.
@Suite struct MatchTests {
    /// Noise in which left and right have something in common.
    private static func song(_ frames: Int) -> [[Float]] {
        let parts = noise(21, channels: 3, frames: frames, level: 0.1)
        return [zip(parts[0], parts[2]).map { $0 + $1 }, zip(parts[1], parts[2]).map { $0 + $1 }]
    }

    private static func profile(_ planes: [[Float]], rateHertz: Int) -> SpectrumProfile {
        var analysis = SpectrumAnalysis(rateHertz: rateHertz)
        let (left, right) = (planes[0], planes[1])
        analysis.add(left: left.span, right: right.span)
        return analysis.finish()
    }

    /// Level of mid or side around a frequency, in dB.
    private static func level(_ density: [Double], _ profile: SpectrumProfile, _ hertz: Double) -> Double {
        let bins = density.indices.filter {
            (hertz / 1.15...hertz * 1.15).contains(Double($0) * profile.binHertz)
        }
        return 10 * PinnedMath.log10(bins.reduce(0) { $0 + density[$1] })
    }

    @Test(arguments: [48_000, 44_100])
    func `A song reaches a reference that was made from it`(referenceHertz: Int) throws {
        // At another rate the reference is another take of the same noise: that much longer, for the same spread.
        let seconds = referenceHertz == 48_000 ? 4 : 24
        let frames = seconds * 48_000
        // The reference: the same music through a known equalizer and 3 dB louder.
        var known = Scene(rateHertz: referenceHertz, seconds: Double(seconds))
        let planes = Self.song(frames)
        known.addTrack(
            "T", Self.song(seconds * referenceHertz),
            devices: [
                equalizer(
                    ["type": "low-shelf", "frequency": 150, "gain": 4],
                    ["type": "bell", "frequency": 2500, "gain": -4, "q": 0.7],
                    ["type": "bell", "frequency": 6000, "gain": 3, "q": 0.7, "channels": "side"]),
                Device(.utility, ["gain": 3]),
            ])
        let reference = try known.render(segmentSeconds: 1).mix
        var scene = Scene(seconds: Double(seconds))
        let source = scene.addSource(reference, rateHertz: referenceHertz)
        scene.addTrack("T", planes)
        scene.song.master = Master(devices: [Device(.match, ["clamp": 12], sources: [source])])
        let mix = try scene.render(segmentSeconds: 1).mix
        let (wanted, got) = (
            Self.profile(reference, rateHertz: referenceHertz), Self.profile(mix, rateHertz: 48_000)
        )
        let before = Self.profile(planes, rateHertz: 48_000)
        var worst = 0.0
        var worstBefore = 0.0
        for hertz in [60.0, 100, 200, 400, 800, 1600, 2500, 4000, 6000, 9000, 14_000] {
            for side in [false, true] {
                func level(_ profile: SpectrumProfile) -> Double {
                    Self.level(side ? profile.sideDensity : profile.midDensity, profile, hertz)
                }
                worst = max(worst, abs(level(got) - level(wanted)))
                worstBefore = max(worstBefore, abs(level(before) - level(wanted)))
            }
        }
        #expect(worst < (referenceHertz == 48_000 ? 0.15 : 0.8), "\(worst) dB, before \(worstBefore) dB")
        #expect(worstBefore > 4)
        #expect(abs(got.levelDecibels - wanted.levelDecibels) < 0.3)
    }

    private func matched(
        _ reference: [[Float]], to planes: [[Float]], _ parameters: [String: DeviceValue] = [:]
    ) throws
        -> [[Float]]
    {
        var scene = Scene(seconds: 1)
        let source = scene.addSource(reference, rateHertz: 44_100)
        scene.addTrack("T", planes, devices: [Device(.match, parameters, sources: [source])])
        return try scene.render(segmentSeconds: 0.25).mix
    }

    @Test func `A reference without sound changes nothing`() throws {
        let planes = Self.song(48_000)
        for frames in [1, 100, 30_000] {
            let silent = [[Float]](repeating: [Float](repeating: 0, count: frames), count: 2)
            let error = errorDecibels(try matched(silent, to: planes), doubles(planes))
            #expect(error < -110, "\(error) dB")
        }
    }

    @Test func `Silence stays silence`() throws {
        let silence = [[Float]](repeating: [Float](repeating: 0, count: 48_000), count: 2)
        #expect(try matched(Self.song(44_100), to: silence).joined().allSatisfy { $0 == 0 })
    }

    @Test func `Mono references, mono songs, clicks and single samples match finitely`() throws {
        let song = Self.song(48_000)
        let references: [[[Float]]] = [
            [Array(Self.song(44_100)[0])], [[0.5]], [[1], [-1]],
            impulse(at: 20_000, channels: 2, frames: 44_100, level: 1),
            [[Float]](repeating: [Float](repeating: 0.7, count: 44_100), count: 2),
            [song[0], song[0].map { -$0 }],
        ]
        for reference in references {
            for target in [song, [song[0]], impulse(at: 3, channels: 2, frames: 48_000, level: 1)] {
                for mode in ["mid-side", "stereo"] as [DeviceValue] {
                    let mix = try matched(reference, to: target, ["mode": mode, "smoothing": 0.05])
                    #expect(mix.joined().allSatisfy { $0.isFinite && abs($0) < 100 })
                }
            }
        }
    }
}
