import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// The kinds of device that run sample by sample.
let sampledKinds: [DeviceKind] = DeviceKind.allCases.filter { $0 != .convolver && $0 != .match }

extension Device {
    /// A device of each kind set so that it is heard: the table's defaults, and something for what has none.
    static func usual(_ kind: DeviceKind) -> Device {
        switch kind {
        case .equalizer:
            equalizer(
                ["type": "high-pass", "frequency": 60, "slope": "24 dB/oct"],
                ["type": "bell", "frequency": 900, "gain": 5, "q": 1.4, "channels": "mid"],
                [
                    "type": "high-shelf", "frequency": 7000, "gain": -3, "range": -6, "threshold": -40,
                    "ratio": 3,
                ])
        case .compressor: compressor()
        case .busCompressor: Device(.busCompressor, ["threshold": -24, "ratio": 4])
        case .gate: Device(.gate, ["threshold": -20, "look-ahead": 0.001])
        case .multiband:
            Device(
                .multiband,
                bands: [
                    ["up-to": 250, "threshold": -30], ["up-to": 3000, "threshold": -30], ["threshold": -30],
                ])
        case .deEsser: Device(.deEsser, ["threshold": -40])
        case .transientShaper: Device(.transientShaper, ["attack": 6, "sustain": -6])
        case .clipper: Device(.clipper, ["gain": 12, "softness": 0.3])
        case .reverb: Device(.reverb, ["decay": 0.6, "mix": 0.4])
        case .delay:
            Device(.delay, ["left": 901, "right": 1203, "ping-pong": true, "modulation-depth": 0.001])
        case .width: Device(.width, ["width": 1.5, "mono-below": 120])
        case .align: Device(.align, ["left": 13, "right": 40])
        case .utility: Device(.utility, ["gain": -3, "invert": "left", "swap": true])
        case .limiter, .saturator, .chorus, .flanger, .phaser, .tremolo: Device(kind)
        case .convolver, .match: preconditionFailure("a device with a file")
        }
    }

    /// The device with one more parameter over time: frames, values and whether a line leads there.
    func automated(
        _ name: String, band: Int? = nil, _ points: [(frame: Int, value: Double, isLinear: Bool)]
    ) -> Device {
        var copy = self
        copy.automation.append(
            DeviceAutomation(
                parameter: kind.description.index(of: name, band: band),
                points: points.map {
                    AutomationPoint(frame: $0.frame, value: $0.value, shape: $0.isLinear ? .linear : .hold)
                }))
        copy.automation.sort { $0.parameter < $1.parameter }
        return copy
    }

    /// Every parameter that can be automated from the one end of its range to the other, held, and half the way back,
    /// each at times of its own.
    func automatedThroughout(frames: Int, rateHertz: Int = 48_000) -> Device {
        var copy = self
        let row = kind.description
        copy.automation = []
        for index in values.indices {
            let parameter = row.parameter(at: index).description
            guard parameter.isAutomatable, let limits = parameter.limits else { continue }
            let nyquist = 0.49 * Double(rateHertz)
            let high = parameter.unit == .hertz ? min(limits.upperBound, nyquist) : limits.upperBound
            let low = limits.lowerBound
            let middle = low == -.infinity || high == .infinity ? values[index] : low + (high - low) / 2
            let at = [3 + 37 * index % 500, frames / 2 - 11 * index % 700, frames / 2 + 300 + 5 * index % 90]
            copy.automation.append(
                DeviceAutomation(
                    parameter: index,
                    points: [
                        AutomationPoint(frame: at[0], value: index % 2 == 0 ? low : high),
                        AutomationPoint(frame: at[1], value: index % 2 == 0 ? high : low, shape: .linear),
                        AutomationPoint(frame: at[2], value: middle),
                    ]))
        }
        return copy
    }
}

/// Equal windows, snapshots and keys.
func expectSameBytes(_ a: Rendered, _ b: Rendered, _ comment: Comment) {
    // Comparing first keeps megabytes out of a failure's message.
    let (results, keys, mix) = (
        a.runner.results == b.runner.results, a.runner.keys == b.runner.keys, a.mix == b.mix
    )
    #expect(results && keys && mix, comment)
}

/// Other block sizes, every segment from its snapshot on a fresh renderer, and windowed segments from the last to the
/// first give the same bytes.
func expectInvariant(
    _ scene: Scene, segmentSeconds: Double = 0.05, blocks: [Int] = [1, 7, 64, 4096], _ comment: Comment
) throws -> Rendered {
    #expect(scene.song.violations.isEmpty, comment)
    let whole = try scene.render(segmentSeconds: segmentSeconds)
    #expect(whole.plan.frameCount > 2 * whole.plan.segmentFrames, comment)
    for blockFrames in blocks {
        let cut = try scene.render(segmentSeconds: segmentSeconds, options: .init(blockFrames: blockFrames))
        expectSameBytes(whole, cut, "\(comment): blocks of \(blockFrames)")
    }
    let scattered = try scene.render(
        segmentSeconds: segmentSeconds, options: .init(blockFrames: 333, scatters: true))
    expectSameBytes(whole, scattered, "\(comment): scattered")
    let backwards = try scene.render(
        segmentSeconds: segmentSeconds, options: .init(blockFrames: 500, reversesWindows: true))
    expectSameBytes(whole, backwards, "\(comment): backwards")
    return whole
}

/// The largest difference relative to the largest sample of the second, in dB.
func errorDecibels(_ a: [[Float]], _ b: [[Double]]) -> Double {
    var (worst, peak) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
        for i in y.indices {
            worst = max(worst, abs(Double(x[i]) - y[i]))
            peak = max(peak, abs(y[i]))
        }
    }
    return 20 * PinnedMath.log10(max(worst, 1e-300) / max(peak, 1e-300))
}

func doubles(_ planes: [[Float]]) -> [[Double]] { planes.map { $0.map(Double.init) } }
