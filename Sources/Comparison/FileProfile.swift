package import Metering
import Quantities
import SignalProcessing
package import SoundFiles

/// What one of the two files is and measures.
package struct FileProfile: Sendable {
    package let info: SoundFileInfo
    /// Bits of a sample; nil for lossy codecs.
    package let bitCount: Int?
    /// "stereo", "5.1"; empty where nobody knows.
    package let layoutName: String
    /// The loudspeakers that the file itself names; nil where it names none, or nonsense.
    package let namedLayout: ChannelLayout?
    /// nil where `unmeasured` says why.
    package internal(set) var loudness: LoudnessSummary?
    package internal(set) var signal: SignalSummary
    /// The greatest true peak of any channel in each second, 1 is full scale; empty like `loudness`.
    package internal(set) var secondTruePeaks: [Float] = []
    /// Why there are no loudness and no true peak.
    package internal(set) var unmeasured: String?

    package var durationSeconds: Double { Double(info.frameCount) / Double(info.rate) }

    /// "24-bit PCM", "32-bit float", "lossy".
    package var encoding: String {
        guard let bitCount else { return "lossy" }
        return "\(bitCount)-bit \(info.format.isFloat ? "float" : "PCM")"
    }

    /// As engineers call them in mono and stereo, else numbers from 1.
    package func channelName(_ channel: Int) -> String {
        switch info.channelCount {
        case 1: "M"
        case 2: channel == 0 ? "L" : "R"
        default: "channel \(channel + 1)"
        }
    }
}

extension FileProfile {
    private struct Stretch: Sendable {
        var seconds: [SignalSecond] = []
        var windows: [SegmentMeasurement] = []
    }

    /// Reads the whole file once and measures it, on as many threads as `options` has.
    static func measure(
        path: String, _ options: ComparisonOptions, progress: (Double) -> Void = { _ in }
    ) throws -> FileProfile {
        let info = try SoundFileReader.probe(path: path)
        guard (8000...768_000).contains(info.rate) else {
            throw ComparisonError("has a rate of \(info.rate) Hz; rates from 8 to 768 kHz are compared. Convert it")
        }
        guard info.channelCount <= SoundFileReader.maximumPlaneCount else {
            throw ComparisonError("has \(info.channelCount) channels; at most 64 are compared. Split it")
        }
        let structure = try SoundFileStructure.read(path: path)
        var layout: ChannelLayout?
        var unmeasured: String?
        do throws(ChannelLayoutError) {
            layout = try ChannelLayout(waveMask: info.channelMask ?? 0, channelCount: info.channelCount)
        } catch { unmeasured = "the file does not say which loudspeakers its channels are for" }
        if !LoudnessAnalyzer.isSupported(rateHertz: info.rate) {
            unmeasured = "at \(info.rate) Hz there are no steps of 10 ms"
        }
        let measured = unmeasured == nil ? layout : nil
        let loudness = measured.map { _ in
            LoudnessAnalyzer(
                rateHertz: info.rate, channelCount: info.channelCount, oversampling: options.oversampling)
        }
        let signal = SignalAnalyzer(rateHertz: info.rate, channelCount: info.channelCount)
        let cut = StretchCut(frameCount: info.frameCount, rate: info.rate, options, isWhole: info.isLossy)
        var profile = FileProfile(
            info: info,
            bitCount: info.isLossy ? nil : info.validBitCount ?? structure.bitCount ?? info.format.bitCount,
            layoutName: layout?.name ?? "", namedLayout: (info.channelMask ?? 0) == 0 ? nil : layout,
            loudness: measured.map { LoudnessSummary(rateHertz: info.rate, layout: $0) },
            signal: SignalSummary(rateHertz: info.rate, channelCount: info.channelCount), unmeasured: unmeasured)
        try StretchPool.fold(
            cut.count, workers: options.workers(bytesEach: 32 * info.rate * info.channelCount),
            progress: { progress(Double($0) / Double(cut.count)) }
        ) { index in
            try measure(cut.seconds(index), path, info, loudness, signal)
        } into: {
            profile.append($0)
        }
        return profile
    }

    private mutating func append(_ stretch: Stretch) {
        do throws(MeasurementError) {
            for second in stretch.seconds { try signal.append(second) }
            for window in stretch.windows {
                try loudness?.append(window)
                secondTruePeaks.append(window.truePeaks.max() ?? 0)
            }
        } catch { preconditionFailure("seconds of one file do not follow each other: \(error)") }
    }

    private static func measure(
        _ seconds: Range<Int>, _ path: String, _ info: SoundFileInfo, _ loudness: LoudnessAnalyzer?,
        _ signal: SignalAnalyzer
    ) throws -> Stretch {
        let reader = try SoundFileReader(path: path)
        var result = Stretch()
        let block = FloatPlanes(channelCount: info.channelCount, frameCount: 2 * info.rate)
        // What was read last; a part of it is needed again.
        var held = FrameRange(0, 0)
        for second in seconds {
            let frames = FrameRange(second * info.rate, min(info.frameCount, (second + 1) * info.rate))
            let needed = loudness?.framesNeeded(for: frames, songFrameCount: info.frameCount) ?? frames
            let kept = held.intersection(needed)
            for plane in block.planes where !kept.isEmpty {
                plane.update(from: plane + (kept.start - held.start), count: kept.count)
            }
            let start = kept.isEmpty ? needed.start : kept.end
            try reader.read(
                FrameRange(start, needed.end), planes: block.planes.map { $0 + (start - needed.start) })
            held = needed
            if let loudness {
                var meter = loudness.meter(for: frames, songFrameCount: info.frameCount)
                meter.load(needed) { planes in
                    for (plane, source) in zip(planes, block.planes) { plane.update(from: source, count: needed.count) }
                }
                result.windows.append(meter.finish())
            }
            let offset = frames.start - needed.start
            result.seconds.append(
                signal.measure(
                    planes: block.planes.map { UnsafePointer($0 + offset) }, frameCount: frames.count, second: second))
        }
        return result
    }
}

/// Whole seconds, shared out to threads.
struct StretchCut: Sendable {
    let count: Int
    private let secondCount: Int
    private let stretchSeconds: Int

    /// - Parameter isWhole: the file must be read from its start.
    init(frameCount: Int, rate: Int, _ options: ComparisonOptions, isWhole: Bool) {
        secondCount = (frameCount + rate - 1) / rate
        stretchSeconds = isWhole ? max(1, secondCount) : options.stretchSeconds
        count = (secondCount + stretchSeconds - 1) / stretchSeconds
    }

    func seconds(_ index: Int) -> Range<Int> {
        index * stretchSeconds..<min(secondCount, (index + 1) * stretchSeconds)
    }
}

/// Planes that live as long as this.
final class FloatPlanes {
    let planes: [UnsafeMutablePointer<Float>]

    init(channelCount: Int, frameCount: Int) {
        planes = (0..<channelCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: frameCount)
            plane.initialize(repeating: 0, count: frameCount)
            return plane
        }
    }

    deinit { for plane in planes { plane.deallocate() } }
}
