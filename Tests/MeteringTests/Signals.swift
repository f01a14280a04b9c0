import Foundation
import Metering
import Quantities

let sessionRates = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000]

/// One stretch of a tone, per channel in dBFS (peak); nil is silence.
struct Tone {
    var seconds: Double
    var levelsDecibels: [Double?]

    init(_ seconds: Double, _ level: Double?, channels: Int = 2) {
        self.seconds = seconds
        levelsDecibels = [Double?](repeating: level, count: channels)
    }

    init(_ seconds: Double, channels: [Double?]) {
        self.seconds = seconds
        levelsDecibels = channels
    }
}

/// A phase-continuous 1 kHz sine in steps of level, as the EBU's test signals are made.
func toneSequence(_ tones: [Tone], rate: Int) -> [[Float]] {
    let ends = tones.reduce(into: [Double]()) { $0.append(($0.last ?? 0) + $1.seconds) }
        .map { Int(($0 * Double(rate)).rounded()) }
    // Ten periods of 1 kHz are a whole number of frames at every session rate.
    let period = (0..<rate / 100).map { sin(2 * Double.pi * 1000 * Double($0) / Double(rate)) }
    var planes: [[Float]] = []
    for channel in 0..<tones[0].levelsDecibels.count {
        if let same = (0..<channel).first(where: { other in
            tones.allSatisfy { $0.levelsDecibels[other] == $0.levelsDecibels[channel] }
        }) {
            planes.append(planes[same])
            continue
        }
        let count = ends.last ?? 0
        planes.append(
            [Float](unsafeUninitializedCapacity: count) { plane, written in
                var frame = 0
                for (tone, end) in zip(tones, ends) {
                    let gain = tone.levelsDecibels[channel].map { pow(10, $0 / 20) } ?? 0
                    let table = period.map { Float(gain * $0) }
                    while frame < end {
                        let phase = frame % table.count
                        let piece = min(end - frame, table.count - phase)
                        for i in 0..<piece { plane[frame + i] = table[phase + i] }
                        frame += piece
                    }
                }
                written = count
            })
    }
    return planes
}

/// Measures a whole song as it is read, in pieces.
func measureSong(
    _ planes: [[Float]], rate: Int, pieceFrameCounts: [Int] = [1 << 30], oversampling: Oversampling = .quadruple,
    overThreshold: Float? = nil, weights: [Double]? = nil
) -> LoudnessSummary {
    let analyzer = LoudnessAnalyzer(
        rateHertz: rate, channelCount: planes.count, oversampling: oversampling, overThreshold: overThreshold)
    var meter = SongMeter(
        analyzer, into: LoudnessSummary(rateHertz: rate, channelCount: planes.count, channelWeights: weights))
    push(planes, into: &meter, pieceFrameCounts: pieceFrameCounts)
    return meter.finish()
}

/// Pushes a song in pieces whose sizes repeat.
func push(_ planes: [[Float]], into meter: inout SongMeter, pieceFrameCounts: [Int] = [1 << 30]) {
    var (frame, piece) = (0, 0)
    while frame < planes[0].count {
        let count = min(pieceFrameCounts[piece % pieceFrameCounts.count], planes[0].count - frame)
        meter.append(frameCount: count) { frames, targets in
            for (plane, target) in zip(planes, targets) {
                for i in 0..<frames.count { target[i] = plane[frames.start + i] }
            }
        }
        frame += count
        piece += 1
    }
}

/// Measures a whole song in windows of `segmentFrameCount` frames.
func measure(
    _ planes: [[Float]], rate: Int, segmentFrameCount: Int? = nil, oversampling: Oversampling = .quadruple,
    overThreshold: Float? = nil, weights: [Double]? = nil
) throws -> LoudnessSummary {
    let analyzer = LoudnessAnalyzer(
        rateHertz: rate, channelCount: planes.count, oversampling: oversampling, overThreshold: overThreshold)
    var summary = LoudnessSummary(rateHertz: rate, channelCount: planes.count, channelWeights: weights)
    for segment in segments(of: planes, analyzer, segmentFrameCount ?? 10 * rate) {
        try summary.append(segment)
    }
    return summary
}

/// The measurements of a song in windows of `segmentFrameCount` frames.
func segments(
    of planes: [[Float]], _ analyzer: LoudnessAnalyzer, _ segmentFrameCount: Int
) -> [SegmentMeasurement] {
    let count = planes[0].count
    return stride(from: 0, to: count, by: segmentFrameCount).map { start in
        analyzer.measure(
            planes: planes, window: FrameRange(start, min(start + segmentFrameCount, count)),
            songFrameCount: count)
    }
}

/// Reproducible pseudo-random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Something like music: noise bursts over three tones, with a pause.
func musicLike(seconds: Double, rate: Int, channels: Int = 2, seed: UInt64 = 1) -> [[Float]] {
    var generator = SeededGenerator(state: seed)
    let count = Int(seconds * Double(rate))
    return (0..<channels).map { channel in
        var smoothed: Float = 0
        return (0..<count).map { frame in
            let t = Double(frame) / Double(rate)
            let noise = Float.random(in: -1...1, using: &generator)
            smoothed += 0.3 * (noise - smoothed)
            let beat = t.truncatingRemainder(dividingBy: 0.5)
            let tones = 0.1 * sin(2 * .pi * 110 * t) + 0.05 * sin(2 * .pi * 3300 * t + Double(channel))
            let swell = 0.3 + 0.7 * abs(sin(t * 0.7))
            return Float(tones * swell) + smoothed * Float(0.8 * exp(-8 * beat) * swell)
        }
    }
}
