import SignalProcessing

/// Frames that the engine processes together.
let blockFrames = 512

/// Four stereo signals in lanes: the music, each strip a second later than the one before.
private func lanes(_ music: Music, frameCount: Int) -> [LaneFrame] {
    (0..<frameCount).map { frame in
        var x = LaneFrame()
        for strip in 0..<4 {
            let place = (music.rateHertz * (strip + 2) + frame) % music.frameCount
            x[strip] = music.left[place]
            x[strip + 4] = music.right[place]
        }
        return x
    }
}

/// Runs a device of four strips over a signal of `frameCount` frames, block by block.
func measureLanes(
    _ name: String, _ kind: ProcessorKind, _ parameters: [Double], _ music: Music,
    _ reading: Measurement.Reading, frameCount: Int = 32 * blockFrames, rounds: Int
) -> Measurement {
    guard case .lanes(let type) = kind.processor else { fatalError("\(name) is no device of lanes") }
    func run<Device: LaneDevice>(_ type: Device.Type) -> Measurement {
        guard
            var device = Device(
                lanes: Array(repeating: parameters, count: 4), keys: Array(repeating: false, count: 4),
                rateHertz: music.rateHertz)
        else { fatalError("\(name): not its parameters") }
        let signal = lanes(music, frameCount: frameCount)
        var block = Array(signal[..<blockFrames])
        var frame = 0
        return Measurement(name, frameCount: frameCount, reading, rounds: rounds) {
            for start in stride(from: 0, to: frameCount, by: blockFrames) {
                for i in 0..<blockFrames { block[i] = signal[start + i] }
                var span = block.mutableSpan
                device.process(&span, key: nil, at: frame)
                frame += blockFrames
            }
        }
    }
    return run(type)
}

/// Sections in cascade on a block that stays in the first-level cache: the block is filtered eight times in place
/// before it is filled again, so that filling it is a small part.
func measureSections(
    _ name: String, _ bands: [[String: Double]], sections: Int, _ music: Music, rounds: Int
) -> Measurement {
    guard case .lanes(let type) = ProcessorKind.equalizer.processor else { fatalError("no device of lanes") }
    func run<Device: LaneDevice>(_ type: Device.Type) -> Measurement {
        let values = parameters("equalizer", bands: bands)
        guard
            var device = Device(
                lanes: Array(repeating: values, count: 4), keys: Array(repeating: false, count: 4),
                rateHertz: music.rateHertz)
        else { fatalError("\(name): not its parameters") }
        let signal = lanes(music, frameCount: blockFrames)
        var block = signal
        var frame = 0
        return Measurement(
            name, frameCount: 64 * blockFrames, .sectionSamples(sections: sections), rounds: rounds
        ) {
            for turn in 0..<64 {
                if turn % 8 == 0 { for i in 0..<blockFrames { block[i] = signal[i] } }
                var span = block.mutableSpan
                device.process(&span, key: nil, at: frame)
                frame += blockFrames
            }
        }
    }
    return run(type)
}

/// The lane devices that a mix is made of.
func laneMeasurements(_ music: Music, rounds: Int) -> [Measurement] {
    func band(_ type: Double, _ frequency: Double, _ gain: Double, _ q: Double = 1) -> [String: Double] {
        ["type": type, "frequency": frequency, "gain": gain, "q": q]
    }
    let (highPass, bell, highShelf) = (0.0, 2.0, 4.0)
    let four = [
        band(bell, 400, -2), band(bell, 1200, 1.5), band(bell, 3200, -1), band(highShelf, 8000, 1.5, 0.7071),
    ]
    let strip = [
        band(highPass, 40, 0, 0.7071), band(bell, 250, -2), band(bell, 2500, 2, 1.2),
        band(highShelf, 8000, 1.5, 0.7071),
    ]
    let eight = four + [band(bell, 600, 1), band(bell, 5000, -1), band(bell, 900, -1), band(bell, 2200, 1)]
    func compressor(_ name: String, _ named: [String: Double]) -> Measurement {
        let usual = ["threshold": -24.0, "ratio": 3, "attack": 0.01, "release": 0.12]
        return measureLanes(
            name, .compressor, parameters("compressor", usual.merging(named) { $1 }), music,
            .nanosecondsPerFrame,
            rounds: rounds)
    }
    return [
        measureSections("equalizer, 4 sections, all Float", four, sections: 4, music, rounds: rounds),
        measureSections("equalizer, 8 sections, all Float", eight, sections: 8, music, rounds: rounds),
        measureSections(
            "equalizer of mix32: high-pass at 40 Hz and 3 more", strip, sections: 4, music, rounds: rounds),
        compressor("compressor, peak, hard knee", [:]),
        compressor("compressor, peak, knee 6 dB", ["knee": 6]),
        compressor(
            "compressor, RMS, knee 6 dB, key low-cut", ["knee": 6, "detector": 1, "key-low-cut": 120]),
        measureLanes(
            "bus compressor, auto-release", .busCompressor,
            parameters("bus-compressor", ["threshold": -20, "ratio": 4]), music, .nanosecondsPerFrame,
            rounds: rounds),
    ]
}
