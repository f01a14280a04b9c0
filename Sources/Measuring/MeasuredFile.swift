package import LoudnessChecks
package import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// The outcome of one file, with what albums are pooled from.
package struct MeasuredFile: Sendable {
    package var outcome: CheckedItem.Outcome
    package var summary: LoudnessSummary?

    /// nil where the file was not measured so far.
    var clipRunCount: Double? {
        if case .measured(let found) = outcome { found.values[.clipRuns]?.number } else { nil }
    }
}

extension FileJob {
    /// Folds the stretches in the order of the file.
    func conclude(_ results: [StretchResult], _ options: MeasuringOptions) -> MeasuredFile {
        if let failure = results.lazy.compactMap(\.failure).first {
            return MeasuredFile(outcome: .failed(failure), summary: nil)
        }
        guard case .measurable(let info, let layout) = plan else {
            preconditionFailure("a file that cannot be measured has no stretches")
        }
        let mono: MonoLoudness = options.isMonoDual ? .dual : .asIs
        var summary = results[0].summary ?? LoudnessSummary(rateHertz: info.rate, layout: layout, mono: mono)
        var signal = SignalSummary(rateHertz: info.rate, channelCount: info.channelCount)
        do {
            for result in results {
                for window in result.windows { try summary.append(window) }
                for second in result.seconds { try signal.append(second) }
            }
        } catch { preconditionFailure("stretches of one file do not follow each other: \(error)") }
        let form: FileForm
        do throws(SoundFileError) { form = try Self.form(info, layout, path: input.path) } catch {
            return MeasuredFile(outcome: .failed(Self.reason(error)), summary: nil)
        }
        var measurement = Measurement(form: form)
        measurement.pcmSHA256 = results.lazy.compactMap(\.pcmSHA256).first
        LoudnessFigures(summary, form).fill(&measurement)
        if options.measuresSignal { SignalFigures(signal, form).fill(&measurement) }
        return MeasuredFile(outcome: .measured(measurement), summary: summary)
    }

    private static func form(
        _ info: SoundFileInfo, _ layout: ChannelLayout, path: String
    ) throws(SoundFileError) -> FileForm {
        let structure = try SoundFileStructure.read(path: path)
        let isFloat = !info.isLossy && (info.format == .float32 || info.format == .float64)
        let bits = info.isLossy ? nil : info.validBitCount ?? structure.bitCount ?? info.format.bitCount
        let encoding = info.isLossy ? "lossy" : "\(bits ?? 0)-bit \(isFloat ? "float" : "PCM")"
        var chunks = structure.chunks.map { chunk in
            FileForm.Chunk(
                name: chunk.listType.map { "\(chunk.id)/\($0)" } ?? chunk.id, byteCount: Int(clamping: chunk.byteCount),
                isAfterAudio: chunk.place == .afterAudio)
        }
        chunks += structure.metadataBlocks.map {
            FileForm.Chunk(name: flacBlockName($0.type), byteCount: $0.byteCount, isAfterAudio: false)
        }
        return FileForm(
            container: info.container.rawValue, encoding: encoding, bits: bits, isFloat: isFloat, isLossy: info.isLossy,
            rateHertz: info.rate, channelCount: info.channelCount, frameCount: info.frameCount, layout: layout.name,
            channelNames: channelNames(layout),
            waveFormatTag: structure.formatTag.map { Int($0) }, chunks: chunks, byteCount: structure.fileByteCount,
            trailingByteCount: structure.trailingByteCount)
    }

    /// RFC 9639, 8.1.
    private static func flacBlockName(_ type: Int) -> String {
        let names = ["STREAMINFO", "PADDING", "APPLICATION", "SEEKTABLE", "VORBIS_COMMENT", "CUESHEET", "PICTURE"]
        return names.indices.contains(type) ? names[type] : "block \(type)"
    }

    /// As engineers call them in mono and stereo; the labels of BS.2051 elsewhere.
    private static func channelNames(_ layout: ChannelLayout) -> [String] {
        switch layout.channelCount {
        case 1: ["M"]
        case 2: ["L", "R"]
        default: layout.speakers.map(\.label)
        }
    }
}

/// Loudness and peaks as metrics.
struct LoudnessFigures {
    private let summary: LoudnessSummary
    private let form: FileForm

    init(_ summary: LoudnessSummary, _ form: FileForm) {
        self.summary = summary
        self.form = form
    }

    func fill(_ measurement: inout Measurement) {
        var values = measurement.values
        let readings: [(Metric, LoudnessScale, Double?)] = [
            (.integrated, .integrated, summary.integrated?.value),
            (.shortTermMaximum, .shortTerm, summary.shortTermMaximum?.value),
            (.momentaryMaximum, .momentary, summary.momentaryMaximum?.value),
            (.range, .range, summary.rangeLoudnessUnits),
        ]
        for (metric, scale, reading) in readings {
            values[metric] = reading.map(MetricValue.number) ?? .unmeasurable(reason(scale))
        }
        let noNumber = MetricValue.unmeasurable("a sample is no number")
        values[.truePeak] = summary.truePeak.map { .number($0.value) } ?? noNumber
        values[.samplePeak] = summary.samplePeak.map { .number($0.value) } ?? noNumber
        values[.overs] = .number(Double(summary.overCount))
        values[.nonFiniteSamples] = .number(Double(summary.nonFiniteSampleCount))
        values[.peakToLoudness] =
            summary.peakToLoudnessRatio.map(MetricValue.number) ?? .unmeasurable(reason(.integrated))
        values[.peakToShortTermMinimum] =
            summary.peakToShortTermMinimum.map { .number($0.ratioLoudnessUnits) } ?? .unmeasurable(reason(.shortTerm))
        values[.duration] = .number(form.durationSeconds)
        measurement.values = values
        measurement.channels = zip(form.channelNames, summary.channelPeaks ?? []).map { name, peaks in
            ChannelPeak(name: name, truePeak: peaks.truePeak.value, samplePeak: peaks.sample.value)
        }
        measurement.overs = summary.overs.map { over in
            event(over.peakFrame, over.channel, PinnedMath.decibels(gain: Double(over.peak)))
        }
        measurement.curves.momentary = summary.momentaryCurve(everyHops: 10).map(\.value)
        measurement.curves.shortTerm = summary.shortTermCurve(everyHops: 10).map(\.value)
        measurement.curves.second = summary.secondCurve.map(\.value)
    }

    private func event(_ frame: Int, _ channel: Int, _ value: Double) -> SoundEvent {
        SoundEvent(
            frame: frame, timeSeconds: Double(frame) / Double(form.rateHertz), channel: form.channelNames[channel],
            value: value)
    }

    private func reason(_ scale: LoudnessScale) -> String {
        switch summary.unmeasurable(scale) {
        case .shorterThan(let milliseconds)?:
            "shorter than " + (milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s")
        case .silent?: "silent"
        case .nonFinite?: "a sample is no number"
        case nil: "silent"
        }
    }
}

/// Clipping, silence, stereo, spectrum and dynamics as metrics.
struct SignalFigures {
    private let summary: SignalSummary
    private let form: FileForm

    init(_ summary: SignalSummary, _ form: FileForm) {
        self.summary = summary
        self.form = form
    }

    func fill(_ measurement: inout Measurement) {
        var values = measurement.values
        func set(_ metric: Metric, _ value: Double?, _ reason: String) {
            values[metric] = value.map(MetricValue.number) ?? .unmeasurable(reason)
        }
        func seconds(_ frames: Int) -> Double { Double(frames) / Double(form.rateHertz) }
        let louder = summary.channels.max { ($0.rms?.value ?? -.infinity) < ($1.rms?.value ?? -.infinity) }
        set(.crest, louder?.crestFactor?.value, "silent")
        set(.dynamicRange, summary.dynamicRange.map { Double($0) }, "shorter than 3 s, or silent")
        set(.headSilence, seconds(summary.headSilenceFrameCount), "")
        set(.tailSilence, seconds(summary.tailSilenceFrameCount), "")
        set(.longestSilence, seconds(summary.longestInnerSilence?.frameCount ?? 0), "")
        let runs = summary.channels.map(\.clipRuns)
        set(.clipRuns, Double(runs.reduce(0) { $0 + $1.count }), "")
        set(.dcOffset, summary.channels.compactMap { $0.offsetLevel?.value }.max(), "empty")
        set(.usedBits, usedBits, "")
        set(.bandwidth, summary.bandwidthHertz, "silent, or too short")
        let stereo = form.channelCount < 2 ? "mono" : "a channel is silent"
        set(.correlation, summary.correlation, stereo)
        set(.correlationMinimum, summary.leastCorrelation?.correlation, stereo)
        set(.lowCorrelation, summary.lowFrequencyCorrelation, stereo)
        set(.monoLoss, summary.monoSumLoss?.value, stereo)
        set(.width, summary.sideToMid?.value, stereo)
        set(.balance, summary.balance?.value, stereo)
        set(.brightness, summary.brightness(seconds: 0..<summary.secondCount)?.value, "silent, or too short")
        measurement.values = values
        measurement.clips = clips(runs)
        measurement.octaveLevels = summary.bandLevels.map(\.value)
        measurement.isUpsamplingSuspected = summary.isUpsamplingSuspected
        measurement.brickWallHertz = summary.isUpsamplingSuspected ? summary.spectrumEdge?.hertz : nil
        for second in 0..<summary.secondCount {
            measurement.curves.peak.append(PinnedMath.decibels(gain: Double(summary.samplePeak(second: second))))
            measurement.curves.brightness.append(
                summary.brightness(seconds: second..<second + 1)?.value ?? -.infinity)
        }
    }

    private var usedBits: Double {
        switch summary.bitDepth {
        case .silence: 0
        case .integer(let bits): Double(bits)
        case .float: 32
        }
    }

    private func clips(_ runs: [SampleRuns]) -> [SoundEvent] {
        let events = runs.enumerated().flatMap { channel, runs in
            runs.places.map { run in
                SoundEvent(
                    frame: run.frame, timeSeconds: Double(run.frame) / Double(form.rateHertz),
                    channel: form.channelNames[channel], value: Double(run.frameCount))
            }
        }
        let ordered = events.enumerated().sorted { ($0.element.frame, $0.offset) < ($1.element.frame, $1.offset) }
        return ordered.prefix(1_000).map(\.element)
    }
}
