import Quantities
import RenderPlan
import Session
import SignalProcessing

/// The devices of a channel with their numbers: stretches of stages with a convolution between one and the next.
struct CompiledChain {
    /// Runs of devices that work sample by sample; one more than there are convolutions.
    private(set) var runs: [StageRun] = [StageRun()]
    private(set) var convolutions: [ConvolutionDevice] = []
    private(set) var names: [String] = []
    /// Frames after the input ends until the chain is below -100 dB.
    private(set) var tailFrames = 0

    /// Devices in order: tracks with equal shapes fill lanes without gaps.
    var shape: [UInt8] { runs.flatMap { $0.stages.map(\.kind) } }
    /// Every channel that some device listens to.
    var keys: [ChannelReference] { runs.flatMap { run in run.keys.sorted { $0.key < $1.key }.map(\.value) } }
    var isEmpty: Bool { runs.count == 1 && runs[0].stages.isEmpty }

    /// - Throws: `CompileError` for parameters that no device of the kind can have.
    init(_ devices: [Device], rateHertz: Int, sources: [SourceFile] = []) throws {
        for (index, device) in devices.enumerated() {
            names.append(device.kind.rawValue)
            try Self.check(device, rateHertz: rateHertz, sourceCount: sources.count)
            if let convolution = try ConvolutionDevice(device, index: index, rateHertz: rateHertz, sources: sources) {
                tailFrames += convolution.tailFrames
                convolutions.append(convolution)
                runs.append(StageRun())
            } else {
                try append(device, index: index, rateHertz: rateHertz)
            }
        }
    }

    /// A song made in code has not been through a reader.
    private static func check(_ device: Device, rateHertz: Int, sourceCount: Int) throws {
        let row = device.kind.description
        if let violation = row.violation(of: device.values)
            ?? row.violation(of: device.automation, values: device.values)
        {
            throw CompileError(violation)
        }
        for curve in device.automation where row.parameter(at: curve.parameter).description.unit == .hertz {
            guard curve.points.allSatisfy({ $0.value <= 0.49 * Double(rateHertz) }) else {
                throw CompileError("\(row.name): automation of a frequency beyond half the rate")
            }
        }
        if device.key != nil, !row.hasKey { throw CompileError("\(row.name): listens to no other channel") }
        guard device.sources.allSatisfy({ (0..<sourceCount).contains($0) }) else {
            throw CompileError("\(row.name): its file is no source of the song")
        }
    }

    private mutating func append(_ device: Device, index: Int, rateHertz: Int) throws {
        let values = device.values.map(Self.finite)
        guard let kind = ProcessorKind(device.kind),
            let properties = kind.properties(parameters: values, rateHertz: rateHertz)
        else { throw CompileError("\(device.kind.rawValue): no processor takes these parameters") }
        if device.automation.isEmpty, kind.isIdentity(parameters: values) { return }
        // The port is filled in when the program is made.
        if let key = device.key { runs[runs.count - 1].keys[runs[runs.count - 1].stages.count] = key }
        runs[runs.count - 1].stages.append(
            Stage(
                kind: kind.rawValue, version: properties.version, values: values,
                automation: device.automation.map { Self.curve($0, of: device.kind.description) },
                latencyFrames: properties.latencyFrames,
                isStateful: kind != .utility || !device.automation.isEmpty, device: index))
        tailFrames +=
            device.automation.isEmpty
            ? properties.tailFrames : Self.tailFrames(device, of: kind, values: values, rateHertz: rateHertz)
    }

    /// The longest tail that the device has while its parameters move.
    private static func tailFrames(
        _ device: Device, of kind: ProcessorKind, values: [Double], rateHertz: Int
    ) -> Int {
        var (lowest, highest) = (values, values)
        for curve in device.automation {
            let ends = curve.points.map { finite($0.value) }
            lowest[curve.parameter] = ends.min() ?? values[curve.parameter]
            highest[curve.parameter] = ends.max() ?? values[curve.parameter]
        }
        var settings = [lowest, highest]
        for curve in device.automation {
            for (var others, end) in [(lowest, highest), (highest, lowest)] {
                others[curve.parameter] = end[curve.parameter]
                settings.append(others)
            }
        }
        return settings.reduce(0) { max($0, kind.properties(parameters: $1, rateHertz: rateHertz)?.tailFrames ?? 0) }
    }

    /// Plans hold finite numbers: an infinite ratio is one that no sum can tell from it.
    static func finite(_ value: Double) -> Double {
        value == -.infinity ? Curve.silenceDecibels : value == .infinity ? 1e300 : value
    }

    private static func curve(_ automation: DeviceAutomation, of row: DeviceDescription) -> StageCurve {
        let scale: StageCurve.Scale =
            switch row.parameter(at: automation.parameter).description.unit {
            case .hertz: .octaves
            case .decibels, .truePeak: .decibels
            default: .linear
            }
        return StageCurve(
            parameter: automation.parameter, scale: scale,
            curve: Curve(
                points: automation.points.map { point in
                    Curve.Point(frame: point.frame, value: finite(point.value), isLinear: point.shape == .linear)
                }))
    }
}

/// Devices that follow each other sample by sample.
struct StageRun {
    var stages: [Stage] = []
    /// Which channel each keyed stage listens to, by stage index.
    var keys: [Int: ChannelReference] = [:]
}

extension ProcessorKind {
    /// The processor of a device; nil for one that is a program of its own.
    init?(_ kind: DeviceKind) {
        switch kind {
        case .equalizer: self = .equalizer
        case .compressor: self = .compressor
        case .utility: self = .utility
        case .limiter: self = .limiter
        case .delay: self = .delay
        case .reverb: self = .reverb
        case .busCompressor: self = .busCompressor
        case .gate: self = .gate
        case .deEsser: self = .deEsser
        case .multiband: self = .multiband
        case .transientShaper: self = .transientShaper
        case .clipper: self = .clipper
        case .saturator: self = .saturator
        case .chorus: self = .chorus
        case .flanger: self = .flanger
        case .phaser: self = .phaser
        case .tremolo: self = .tremolo
        case .width: self = .width
        case .align: self = .align
        case .convolver, .match: return nil
        }
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
