import DeviceReference
import SignalProcessing

/// A compressor in lane 0 that listens to the key.
struct KeyedCompressor: StereoDevice {
    static var version: UInt32 { Compressor.version }
    static var parameterNames: [String] { Compressor.parameterNames }
    private var lane: SingleStrip<Compressor>
    var latencyFrames: Int { lane.latencyFrames }
    var tailFrames: Int { lane.tailFrames }

    init?(parameters: [Double], rateHertz: Int) {
        guard let lane = SingleStrip<Compressor>(parameters: parameters, rateHertz: rateHertz, isKeyed: true) else {
            return nil
        }
        self.lane = lane
    }

    mutating func update(parameters: [Double]) { lane.update(parameters: parameters) }

    mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        lane.process(left: &left, right: &right, at: frame)
    }

    mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, keyLeft: Span<Float>, keyRight: Span<Float>,
        at frame: Int
    ) { lane.process(left: &left, right: &right, keyLeft: keyLeft, keyRight: keyRight, at: frame) }

    func write(to snapshot: inout SnapshotWriter) { lane.write(to: &snapshot) }
    mutating func read(from snapshot: inout SnapshotReader) throws { try lane.read(from: &snapshot) }
}

extension CompressorParameters {
    /// A vocal compressor, changed as a test needs.
    static func usual(_ change: (inout CompressorParameters) -> Void = { _ in }) -> CompressorParameters {
        var parameters = CompressorParameters(
            thresholdDecibels: -24, ratio: 4, attackSeconds: 0.005, releaseSeconds: 0.1)
        change(&parameters)
        return parameters
    }

    /// Every option on.
    static func everything(_ change: (inout CompressorParameters) -> Void = { _ in }) -> CompressorParameters {
        usual {
            $0.releaseSeconds = 0.5
            $0.kneeDecibels = 9
            $0.makeUpDecibels = 2
            $0.detector = .rms
            $0.rangeDecibels = 12
            $0.lookAheadSeconds = 0.003
            $0.keyLowCutHertz = 90
            $0.keyHighCutHertz = 6000
            $0.link = 0.5
            $0.mix = 0.6
            $0.makesUpByItself = true
            change(&$0)
        }
    }
}

extension ContractSubject {
    static let compressor: [ContractSubject] = [peakCompressor, fullCompressor, keyedCompressor]

    private static let peakCompressor: ContractSubject = {
        var subject = ContractSubject(
            "compressor peak", SingleStrip<Compressor>.self, CompressorParameters.usual { $0.kneeDecibels = 6 }.values,
            neutral: CompressorParameters.usual { $0.ratio = 1 }.values,
            extremes: [
                CompressorParameters.usual {
                    $0.thresholdDecibels = -80
                    $0.ratio = 1e300
                    $0.attackSeconds = 0.000_01
                    $0.releaseSeconds = 0.001
                    $0.makeUpDecibels = 36
                    $0.makesUpByItself = true
                }.values,
                CompressorParameters.usual {
                    $0.attackSeconds = 1
                    $0.releaseSeconds = 10
                    $0.kneeDecibels = 40
                    $0.lookAheadSeconds = 0.02
                    $0.link = 0
                }.values,
            ],
            automated: CompressorParameters.usual {
                $0.thresholdDecibels = -40
                $0.ratio = 2
                $0.attackSeconds = 0.02
                $0.releaseSeconds = 0.3
                $0.makeUpDecibels = 6
                $0.rangeDecibels = 10
                $0.keyLowCutHertz = 200
                $0.link = 0.3
                $0.mix = 0.5
            }.values)
        subject.growthDecibels = 67
        subject.snapshotByteLimit = 576
        return subject
    }()

    private static let fullCompressor: ContractSubject = {
        var subject = ContractSubject(
            "compressor with every option", SingleStrip<Compressor>.self, CompressorParameters.everything().values,
            neutral: CompressorParameters.everything { $0.mix = 0 }.values,
            extremes: [
                CompressorParameters.everything {
                    $0.keyLowCutHertz = 5000
                    $0.keyHighCutHertz = 100
                    $0.attackSeconds = 0.000_01
                    $0.releaseSeconds = 0.001
                }.values
            ],
            automated: CompressorParameters.everything {
                $0.keyLowCutHertz = 10
                $0.keyHighCutHertz = 3000
                $0.link = 1
                $0.mix = 1
            }.values, rateHertz: 44_100)
        subject.snapshotByteLimit = 576 + 8 * 133
        return subject
    }()

    private static let keyedCompressor: ContractSubject = {
        var subject = ContractSubject(
            "compressor with a key", KeyedCompressor.self,
            CompressorParameters.usual { $0.keyHighCutHertz = 4000 }.values,
            neutral: CompressorParameters.usual { $0.rangeDecibels = 0 }.values,
            automated: CompressorParameters.usual { $0.thresholdDecibels = -50 }.values, isKeyed: true)
        subject.snapshotByteLimit = 576
        return subject
    }()

    static let busCompressor: [ContractSubject] = {
        let parameters = BusCompressorParameters(thresholdDecibels: -24, ratio: 4)
        var (neutral, extreme, automated) = (parameters, parameters, parameters)
        neutral.ratio = 1
        extreme.thresholdDecibels = -60
        extreme.ratio = 20
        extreme.attackSeconds = 0.0001
        extreme.makeUpDecibels = 24
        extreme.releasesByItself = false
        automated.thresholdDecibels = -35
        automated.makeUpDecibels = 5
        automated.keyLowCutHertz = 100
        automated.mix = 0.7
        var subject = ContractSubject(
            "bus compressor", SingleStrip<BusCompressor>.self, parameters.values, neutral: neutral.values,
            extremes: [extreme.values], automated: automated.values)
        for input in ConvergenceInput.allCases { subject.reconvergence[input] = 4 }
        subject.snapshotByteLimit = 576
        return [subject]
    }()
}
