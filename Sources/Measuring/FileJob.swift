import Hashing
import LoudnessChecks
import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// One file as work for threads: opened once to be planned, then measured stretch by stretch.
final class FileJob: Sendable {
    /// What one stretch came to; `failure` ends the file.
    struct StretchResult: Sendable {
        /// Of a stretch that is the whole file.
        var summary: LoudnessSummary?
        /// Of any other.
        var windows: [SegmentMeasurement] = []
        var seconds: [SignalSecond] = []
        var pcmSHA256: String?
        var failure: String?
    }

    enum Plan: Sendable {
        case measurable(info: SoundFileInfo, layout: ChannelLayout)
        case failed(String)
    }

    let input: MeasureInput
    let plan: Plan
    /// Stretches of sound, then one for the digest where the file is cut.
    let stretchCount: Int
    private let options: MeasuringOptions
    private let stretchFrameCount: Int
    private let soundStretchCount: Int

    /// Long enough that reading 200 ms twice costs nothing, short enough for fifty cores.
    private static let stretchSeconds = 64
    private static let windowSeconds = 8

    /// - Parameter isCut: whether several threads should share the file if it is long.
    init(_ input: MeasureInput, _ options: MeasuringOptions, isCut: Bool) {
        self.input = input
        self.options = options
        do {
            let info = try SoundFileReader.probe(path: input.path)
            plan = try .measurable(info: info, layout: Self.layout(info, options.layout(input.id)))
            let frames = Self.stretchSeconds * info.rate
            // A lossy stream decodes the same only from its start.
            let cuts = isCut && !info.isLossy && info.frameCount > frames
            stretchFrameCount = cuts ? frames : info.frameCount
            soundStretchCount = cuts ? (info.frameCount + frames - 1) / frames : 1
            stretchCount = soundStretchCount + (cuts && options.hashesSamples ? 1 : 0)
        } catch {
            plan = .failed(Self.reason(error))
            (stretchFrameCount, soundStretchCount, stretchCount) = (0, 0, 0)
        }
    }

    func seconds(of stretch: Int) -> Double {
        guard case .measurable(let info, _) = plan, stretch < soundStretchCount else { return 0 }
        return Double(frames(of: stretch, info).count) / Double(info.rate)
    }

    /// Any thread, any order.
    func measure(_ stretch: Int, _ meters: MeterShelf) -> StretchResult {
        guard case .measurable(let info, let layout) = plan else { return StretchResult() }
        do {
            if stretch == soundStretchCount { return StretchResult(pcmSHA256: try digest()) }
            if soundStretchCount == 1 { return try measureWhole(info, layout, meters) }
            return try measureCut(frames(of: stretch, info), info, meters)
        } catch { return StretchResult(failure: Self.reason(error)) }
    }

    private func frames(of stretch: Int, _ info: SoundFileInfo) -> FrameRange {
        let start = stretch * stretchFrameCount
        return FrameRange(start, min(info.frameCount, start + stretchFrameCount))
    }

    // MARK: Reading

    private func measureWhole(
        _ info: SoundFileInfo, _ layout: ChannelLayout, _ meters: MeterShelf
    ) throws -> StretchResult {
        let reader = try SoundFileReader(path: input.path)
        let hasher = options.hashesSamples ? SHA256Hasher() : nil
        var result = StretchResult()
        let empty = LoudnessSummary(rateHertz: info.rate, layout: layout, mono: options.isMonoDual ? .dual : .asIs)
        var meter = SongMeter(meters.loudness(info), into: empty)
        if options.measuresSignal {
            let analyzer = meters.signal(info)
            let block = PlanarBlock(channelCount: info.channelCount, frameCount: info.rate)
            for second in 0..<(info.frameCount + info.rate - 1) / info.rate {
                let frames = FrameRange(second * info.rate, min(info.frameCount, (second + 1) * info.rate))
                try block.read(frames, from: reader, hasher: hasher)
                result.seconds.append(
                    analyzer.measure(planes: block.pointers, frameCount: frames.count, second: second))
                meter.append(frameCount: frames.count) { piece, planes in
                    for (plane, source) in zip(planes, block.planes) {
                        plane.update(from: source + (piece.start - frames.start), count: piece.count)
                    }
                }
            }
        } else {
            try meter.append(frameCount: info.frameCount) { piece, planes in
                try PlanarBlock.read(piece, from: reader, into: planes, hasher: hasher)
            }
        }
        result.summary = meter.finish()
        result.pcmSHA256 = hasher?.finishHexadecimal()
        return result
    }

    private func measureCut(
        _ stretch: FrameRange, _ info: SoundFileInfo, _ meters: MeterShelf
    ) throws -> StretchResult {
        let reader = try SoundFileReader(path: input.path)
        var result = StretchResult()
        let loudness = meters.loudness(info)
        let signal = options.measuresSignal ? meters.signal(info) : nil
        let block = PlanarBlock(channelCount: info.channelCount, frameCount: (Self.windowSeconds + 2) * info.rate)
        var start = stretch.start
        while start < stretch.end {
            let window = FrameRange(start, min(stretch.end, start + Self.windowSeconds * info.rate))
            var meter = loudness.meter(for: window, songFrameCount: info.frameCount)
            let needed = meter.framesNeeded
            try block.read(needed, from: reader, hasher: nil)
            meter.load(needed) { planes in
                for (plane, source) in zip(planes, block.planes) { plane.update(from: source, count: needed.count) }
            }
            result.windows.append(meter.finish())
            if let signal {
                var frame = window.start
                while frame < window.end {
                    let count = min(info.rate, window.end - frame)
                    result.seconds.append(
                        signal.measure(
                            planes: block.pointers.map { $0 + (frame - needed.start) }, frameCount: count,
                            second: frame / info.rate))
                    frame += count
                }
            }
            start = window.end
        }
        return result
    }

    private func digest() throws -> String {
        let reader = try SoundFileReader(path: input.path)
        let hasher = SHA256Hasher()
        try reader.forEachPart { _, bytes in hasher.update(bytes) }
        return hasher.finishHexadecimal()
    }

    // MARK: Errors

    private static func layout(_ info: SoundFileInfo, _ name: String?) throws -> ChannelLayout {
        guard LoudnessAnalyzer.isSupported(rateHertz: info.rate) else {
            throw Unmeasured("has a rate of \(info.rate) Hz, which has no steps of 10 ms. Convert it to 44.1 or 48 kHz")
        }
        if let name {
            guard let layout = ChannelLayout.named(name) else {
                throw Unmeasured(
                    "was to be measured as \(name), which is no layout. "
                        + "Use one of \(ChannelLayout.all.map(\.name).joined(separator: ", "))")
            }
            guard layout.channelCount == info.channelCount else {
                throw Unmeasured(
                    "has \(info.channelCount) channels, but \(name) has \(layout.channelCount). Name another layout")
            }
            return layout
        }
        do throws(ChannelLayoutError) {
            return try ChannelLayout(waveMask: info.channelMask ?? 0, channelCount: info.channelCount)
        } catch {
            throw Unmeasured(
                "has \(info.channelCount) channels and does not say for which loudspeakers. Name them with --layout, "
                    + "or `files: {layout: ...}` in the policy")
        }
    }

    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as SoundFileError:
            error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message
        case let error as Unmeasured: error.description
        default: "cannot be read: \(error)"
        }
    }
}

/// Why a file that can be read cannot be measured.
private struct Unmeasured: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Analyzers of one thread by rate and channel count: designing their filters costs more than measuring a short file.
final class MeterShelf {
    private let options: MeasuringOptions
    private var loudness: [SIMD2<Int>: LoudnessAnalyzer] = [:]
    private var signal: [SIMD2<Int>: SignalAnalyzer] = [:]

    init(_ options: MeasuringOptions) { self.options = options }

    func loudness(_ info: SoundFileInfo) -> LoudnessAnalyzer {
        let key = SIMD2(info.rate, info.channelCount)
        if let analyzer = loudness[key] { return analyzer }
        let analyzer = LoudnessAnalyzer(
            rateHertz: info.rate, channelCount: info.channelCount, oversampling: options.oversampling,
            overThreshold: Float(PinnedMath.gain(decibels: options.oversAbove)))
        loudness[key] = analyzer
        return analyzer
    }

    func signal(_ info: SoundFileInfo) -> SignalAnalyzer {
        let key = SIMD2(info.rate, info.channelCount)
        if let analyzer = signal[key] { return analyzer }
        let analyzer = SignalAnalyzer(rateHertz: info.rate, channelCount: info.channelCount)
        signal[key] = analyzer
        return analyzer
    }
}

/// Room for some frames of all channels.
private final class PlanarBlock {
    let planes: [UnsafeMutablePointer<Float>]
    private let frameCount: Int

    /// Short enough that the bytes are still in the cache when they are unpacked.
    private static let pieceFrameCount = 16_384

    init(channelCount: Int, frameCount: Int) {
        self.frameCount = frameCount
        planes = (0..<channelCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: frameCount)
            plane.initialize(repeating: 0, count: frameCount)
            return plane
        }
    }

    deinit { for plane in planes { plane.deallocate() } }

    var pointers: [UnsafePointer<Float>] { planes.map { UnsafePointer($0) } }

    func read(_ frames: FrameRange, from reader: SoundFileReader, hasher: SHA256Hasher?) throws {
        precondition(frames.count <= frameCount, "more frames than there is room for")
        try Self.read(frames, from: reader, into: planes, hasher: hasher)
    }

    static func read(
        _ frames: FrameRange, from reader: SoundFileReader, into planes: [UnsafeMutablePointer<Float>],
        hasher: SHA256Hasher?
    ) throws {
        var frame = frames.start
        while frame < frames.end {
            let piece = FrameRange(frame, min(frames.end, frame + pieceFrameCount))
            try reader.withCanonicalBytes(piece) { bytes in
                hasher?.update(bytes)
                reader.info.layout.unpack(bytes, planes: planes, at: frame - frames.start)
            }
            frame = piece.end
        }
    }
}
