import Quantities
import RenderPlan
import Session
import SignalProcessing

/// The stages of a channel's devices with their numbers frozen.
struct CompiledChain {
    var stages: [Stage] = []
    /// Which channel each keyed stage listens to, by stage index.
    var keys: [Int: ChannelReference] = [:]
    var names: [String] = []
    /// Frames after the input ends until the chain is below -100 dB.
    var tailFrames = 0

    var latencyFrames: Int { stages.reduce(0) { $0 + $1.latencyFrames } }
    /// Kinds in order: tracks with equal shapes fill lanes without gaps.
    var shape: [UInt8] { stages.map(\.kind.rawValue) }

    init(_ devices: [Device], rateHertz: Int) {
        for (index, device) in devices.enumerated() { append(device, index: index, rateHertz: rateHertz) }
    }

    private mutating func append(_ device: Device, index: Int, rateHertz: Int) {
        switch device {
        case .equalizer(let settings):
            names.append("equalizer")
            for band in settings.bands { append(band, index: index, rateHertz: rateHertz) }
        case .compressor(let settings):
            names.append("compressor")
            let numbers = CompressorCoefficients(
                thresholdDecibels: settings.threshold.value, ratio: settings.ratio,
                attackSeconds: settings.attackSeconds, releaseSeconds: settings.releaseSeconds,
                kneeDecibels: settings.knee.value, makeUpDecibels: settings.makeUp.value,
                detector: settings.detector == .peak ? .peak : .rms, usesKey: settings.key != nil,
                rateHertz: Double(rateHertz))
            // The port is filled in when the program is made.
            if let key = settings.key { keys[stages.count] = key }
            stages.append(
                Stage(kind: .compressor, version: Compressor.version, values: numbers.values, device: index))
        case .limiter(let settings):
            names.append("limiter")
            let numbers = LimiterCoefficients.design(
                ceilingDecibels: settings.ceiling.value, releaseSeconds: settings.releaseSeconds,
                gainDecibels: settings.gain.value, rateHertz: rateHertz)
            let limiter = TruePeakLimiter(numbers)
            stages.append(
                Stage(
                    kind: .limiter, version: TruePeakLimiter.version, values: numbers.values,
                    latencyFrames: limiter.latencyFrames, device: index))
            tailFrames += limiter.tailFrames
        case .delay(let settings):
            names.append("delay")
            let numbers = DelayCoefficients.design(
                leftFrames: settings.leftFrames, rightFrames: settings.rightFrames,
                feedback: settings.feedback,
                highCutHertz: settings.highCutHertz, lowCutHertz: settings.lowCutHertz,
                isPingPong: settings.isPingPong, mix: settings.mix, rateHertz: rateHertz)
            stages.append(
                Stage(kind: .delay, version: StereoDelay.version, values: numbers.values, device: index))
            tailFrames += StereoDelay(numbers).tailFrames
        case .reverb(let settings):
            names.append("reverb")
            let numbers = ReverbCoefficients.design(
                decaySeconds: settings.decaySeconds, predelaySeconds: settings.predelaySeconds,
                dampingHertz: settings.dampingHertz, size: settings.size, width: settings.width,
                mix: settings.mix, rateHertz: rateHertz)
            stages.append(
                Stage(kind: .reverb, version: FDNReverb.version, values: numbers.values, device: index))
            tailFrames += FDNReverb(numbers).tailFrames
        case .utility(let settings):
            names.append("utility")
            let numbers = GainCoefficients(
                gainDecibels: settings.gain.value, invertsLeft: settings.invertsLeft,
                invertsRight: settings.invertsRight)
            stages.append(
                Stage(kind: .gain, version: GainStage.version, values: numbers.values, device: index))
        }
    }

    private mutating func append(_ band: EqualizerSettings.Band, index: Int, rateHertz: Int) {
        let shape: FilterShape =
            switch band.type {
            case .highPass: .highPass
            case .lowPass: .lowPass
            case .bell: .bell
            case .lowShelf: .lowShelf
            case .highShelf: .highShelf
            case .notch: .notch
            }
        // A flat band gives no section: it is bit-exact identity.
        let sections = FilterDesign.band(
            shape, frequencyHertz: band.frequencyHertz, gainDecibels: band.gain.value, q: band.q,
            slopeDecibelsPerOctave: band.slopeDecibelsPerOctave, rateHertz: Double(rateHertz))
        for section in sections {
            stages.append(
                Stage(
                    kind: .equalizerSection, version: EqualizerSection.version, values: section.values,
                    device: index))
        }
        // A resonance falls by 100 dB in ln(10^5) Q / (pi f) seconds; a steep pass has sections of Q up to 2.6.
        let ring = 11.513 * max(band.q, 2.6) / (Double.pi * band.frequencyHertz)
        if !sections.isEmpty { tailFrames += Int((ring * Double(rateHertz)).rounded(.up)) }
    }
}

extension Curve {
    /// A fader or send gain over time; `-inf dB` becomes the curve's own word for silence.
    init(decibels: Decibels, automation: [AutomationPoint]) {
        guard !automation.isEmpty else {
            self.init(constant: max(decibels.value, Curve.silenceDecibels))
            return
        }
        self.init(
            points: automation.map {
                Point(
                    frame: $0.frame, value: max($0.value, Curve.silenceDecibels),
                    isLinear: $0.shape == .linear)
            })
    }

    init(pan: Double, automation: [AutomationPoint]) {
        guard !automation.isEmpty else {
            self.init(constant: pan)
            return
        }
        self.init(
            points: automation.map { Point(frame: $0.frame, value: $0.value, isLinear: $0.shape == .linear) })
    }
}
