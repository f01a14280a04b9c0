/// The devices that run sample by sample, by the number that stands for them in a plan.
///
/// Convolution, linear-phase equalizers and the reference match are programs of their own and not here.
package enum ProcessorKind: UInt8, Sendable, CaseIterable {
    case equalizer = 1
    case compressor = 2
    case utility = 3
    case limiter = 4
    case delay = 5
    case reverb = 6
    case busCompressor = 7
    case gate = 8
    case deEsser = 9
    case multiband = 10
    case transientShaper = 11
    case clipper = 12
    case saturator = 13
    case chorus = 14
    case flanger = 15
    case phaser = 16
    case tremolo = 17
    case width = 18
    case align = 19

    /// A processor's type and how it is fed.
    package enum Processor {
        case lanes(any LaneDevice.Type)
        case stereo(any StereoDevice.Type)
    }

    package var processor: Processor {
        switch self {
        case .equalizer: .lanes(Equalizer.self)
        case .compressor: .lanes(Compressor.self)
        case .utility: .lanes(GainStage.self)
        case .limiter: .stereo(TruePeakLimiter.self)
        case .delay: .stereo(StereoDelay.self)
        case .reverb: .stereo(FDNReverb.self)
        case .busCompressor: .lanes(BusCompressor.self)
        case .gate: .stereo(Gate.self)
        case .deEsser: .stereo(DeEsser.self)
        case .multiband: .stereo(Multiband.self)
        case .transientShaper: .stereo(TransientShaper.self)
        case .clipper: .stereo(Clipper.self)
        case .saturator: .stereo(Saturator.self)
        case .chorus: .stereo(Chorus.self)
        case .flanger: .stereo(Flanger.self)
        case .phaser: .stereo(Phaser.self)
        case .tremolo: .stereo(Tremolo.self)
        case .width: .stereo(StereoWidth.self)
        case .align: .stereo(AlignmentDelay.self)
        }
    }

    /// Of the processor; part of every task key.
    package var version: UInt32 {
        switch processor {
        case .lanes(let type): type.version
        case .stereo(let type): type.version
        }
    }

    /// Whether its devices can listen to another channel: what else is given a side-chain traps.
    package var hasKey: Bool {
        switch self {
        case .equalizer, .compressor, .busCompressor, .gate: true
        case .utility, .limiter, .delay, .reverb, .deEsser, .multiband, .transientShaper, .clipper, .saturator,
            .chorus, .flanger, .phaser, .tremolo, .width, .align:
            false
        }
    }

    /// Whether a device with these parameters changes no bit, so that it can be left out of a plan.
    package func isIdentity(parameters: [Double]) -> Bool {
        switch self {
        case .equalizer: EqualizerParameters(values: parameters)?.bands.allSatisfy(\.isFlat) ?? false
        case .utility: parameters.allSatisfy { $0 == 0 }
        default: false
        }
    }

    /// What a plan has to know of a device with these parameters; nil where they are not its parameters.
    package func properties(parameters: [Double], rateHertz: Int) -> ProcessorProperties? {
        switch processor {
        case .lanes(let type):
            guard let latency = type.latencyFrames(parameters: parameters, rateHertz: rateHertz) else { return nil }
            return ProcessorProperties(
                version: type.version, latencyFrames: latency,
                tailFrames: type.tailFrames(parameters: parameters, rateHertz: rateHertz))
        case .stereo(let type):
            guard let device = type.init(parameters: parameters, rateHertz: rateHertz) else { return nil }
            return ProcessorProperties(
                version: type.version, latencyFrames: device.latencyFrames, tailFrames: device.tailFrames)
        }
    }
}

/// See `ProcessorKind.properties`.
package struct ProcessorProperties: Sendable {
    package let version: UInt32
    package let latencyFrames: Int
    package let tailFrames: Int
}
