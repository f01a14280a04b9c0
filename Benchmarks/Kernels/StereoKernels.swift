import SignalProcessing

/// Runs a device of one stereo signal over the music, block by block.
func measureStereo(
    _ name: String, _ kind: ProcessorKind, _ parameters: [Double], _ music: Music, rounds: Int
) -> Measurement {
    guard case .stereo(let type) = kind.processor else { fatalError("\(name) is no stereo device") }
    func run<Device: StereoDevice>(_ type: Device.Type) -> Measurement {
        guard var device = Device(parameters: parameters, rateHertz: music.rateHertz) else {
            fatalError("\(name): not its parameters")
        }
        let frameCount = music.frameCount / blockFrames * blockFrames
        var left = Array(music.left[..<blockFrames])
        var right = left
        var frame = 0
        return Measurement(
            name, frameCount: frameCount, .timesRealTime(rateHertz: music.rateHertz), rounds: rounds
        ) {
            for start in stride(from: 0, to: frameCount, by: blockFrames) {
                for i in 0..<blockFrames {
                    left[i] = music.left[start + i]
                    right[i] = music.right[start + i]
                }
                var leftSpan = left.mutableSpan
                var rightSpan = right.mutableSpan
                device.process(left: &leftSpan, right: &rightSpan, at: frame)
                frame += blockFrames
            }
        }
    }
    return run(type)
}

/// The devices of one stereo signal.
func stereoMeasurements(_ music: Music, rounds: Int) -> [Measurement] {
    var quiet = music
    quiet.scale(toPeakDecibels: -12)
    func row(
        _ name: String, _ kind: ProcessorKind, _ device: String, _ named: [String: Double] = [:],
        bands: [[String: Double]] = [], _ signal: Music? = nil
    ) -> Measurement {
        measureStereo(name, kind, parameters(device, named, bands: bands), signal ?? music, rounds: rounds)
    }
    let fourBands = [
        ["up-to": 120.0, "threshold": -24], ["up-to": 1000, "threshold": -24],
        ["up-to": 6000, "threshold": -26],
        ["threshold": -28],
    ]
    return [
        row("reverb, hall", .reverb, "reverb", ["type": 0, "decay": 1.8]),
        row("reverb, room", .reverb, "reverb", ["type": 1, "decay": 0.6]),
        row("reverb, plate", .reverb, "reverb", ["type": 2, "decay": 1.8]),
        row("limiter, nothing to do (peaks at -12 dBFS)", .limiter, "limiter", [:], quiet),
        row("limiter, music at -1 dBFS, +6 dB", .limiter, "limiter", ["gain": 6]),
        row("multiband compressor, 4 bands", .multiband, "multiband", bands: fourBands),
        row("saturator, tanh, 8x", .saturator, "saturator", ["type": 0, "drive": 12]),
        row("saturator, tape, 8x", .saturator, "saturator", ["type": 1, "drive": 12]),
        row("saturator, tube, 8x", .saturator, "saturator", ["type": 2, "drive": 12]),
        row("saturator, hard, 8x", .saturator, "saturator", ["type": 3, "drive": 12]),
        row("saturator, tanh, 2x", .saturator, "saturator", ["type": 0, "drive": 12, "oversampling": 1]),
        row("clipper, 8x, music +3 dB", .clipper, "clipper", ["gain": 3]),
        row("gate", .gate, "gate", ["threshold": -40]),
        row("de-esser, split", .deEsser, "de-esser"),
        row("transient shaper", .transientShaper, "transient-shaper", ["attack": 6, "sustain": -3]),
        row("delay, 250 and 375 ms", .delay, "delay", ["left": 12_000, "right": 18_000]),
        row("chorus, 2 voices", .chorus, "chorus"),
        row("flanger", .flanger, "flanger"),
        row("phaser", .phaser, "phaser"),
        row("tremolo", .tremolo, "tremolo"),
    ]
}
