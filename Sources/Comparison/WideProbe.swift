import Quantities
import SignalProcessing
import SoundFiles

/// Where some seconds of A may lie in B, half a minute around: roughly, by what is below about a kilohertz.
struct WideProbe {
    private static let stretchSeconds = 4
    private static let reachSeconds = 30
    private static let coarseHertz = 3000
    private static let leastCorrelation = 0.5

    let a: String
    let b: String
    let rate: Int

    /// Frames by which B is later, to a few; nil where nothing is like it.
    func lag(frame: Int) throws -> Int? {
        let grain = max(1, rate / Self.coarseHertz)
        let count = Self.stretchSeconds * rate / grain
        let reach = Self.reachSeconds * rate / grain
        var size = 256
        while size < count + 2 * reach { size *= 2 }
        let transform = FourierTransform(size: size)
        var zA = try line(a, from: frame, count: count, grain: grain, size: size)
        var zB = try line(b, from: frame - reach * grain, count: count + 2 * reach, grain: grain, size: size)
        func power(_ line: ComplexLine, _ i: Int) -> Double {
            line.real[i] * line.real[i] + line.imaginary[i] * line.imaginary[i]
        }
        let powerA = (0..<count).reduce(0) { $0 + power(zA, $1) }
        var sums = [0.0]
        for i in 0..<count + 2 * reach { sums.append(sums[i] + power(zB, i)) }
        guard powerA > 1e-9 * Double(count) else { return nil }
        zA.transform(transform)
        zB.transform(transform)
        zB.multiplyByConjugate(of: zA)
        zB.invert(transform)
        var best: (correlation: Double, place: Int) = (Self.leastCorrelation, -1)
        for place in 0...2 * reach {
            let powerB = sums[place + count] - sums[place]
            guard powerB > 1e-9 * Double(count) else { continue }
            let correlation = zB.real[place].magnitude / (powerA * powerB).squareRoot()
            if correlation > best.correlation { best = (correlation, place) }
        }
        return best.place < 0 ? nil : (best.place - reach) * grain
    }

    /// Means of so many frames of the first two channels.
    private func line(_ path: String, from start: Int, count: Int, grain: Int, size: Int) throws -> ComplexLine {
        let info = try SoundFileReader.probe(path: path)
        let source = try ChannelSource(path: path, channels: Array(0..<min(2, info.channelCount)))
        let planes = DoublePlanes(channelCount: source.channels.count, frameCount: 4096 * grain)
        var line = ComplexLine(size)
        for first in stride(from: 0, to: count, by: 4096) {
            let held = min(4096, count - first)
            let frames = FrameRange(start: start + first * grain, count: held * grain)
            guard frames.end > 0, frames.start < info.frameCount else { continue }
            try source.read(frames, into: planes.planes)
            for (part, plane) in planes.planes.enumerated() {
                for i in 0..<held {
                    var sum = 0.0
                    for j in i * grain..<(i + 1) * grain { sum += plane[j] }
                    line[part, first + i] = sum / Double(grain)
                }
            }
        }
        return line
    }
}
