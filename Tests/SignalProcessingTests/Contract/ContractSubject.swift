import SignalProcessing
import Testing

/// A device with settings under which the contract of all devices is tested.
struct ContractSubject: Sendable, CustomTestStringConvertible {
    /// Unique, for messages and the golden table: "saturator tape 4x".
    let name: String
    /// The version of the processor.
    let version: UInt32
    let rateHertz: Int
    /// A usual setting that does something to every sample.
    let make: @Sendable () -> any StereoDevice
    /// A setting that must leave every bit as it is, the latency aside.
    var neutral: (@Sendable () -> any StereoDevice)?
    /// Settings at the ends of the ranges.
    var extremes: [@Sendable () -> any StereoDevice] = []
    /// Parameters to change to while it runs, of the same latency; nil where nothing is automatable.
    var automated: [Double]?
    var isKeyed = false
    /// Boundaries of 10 s after which two states under equal input are bit-equal; nil where they may never be.
    var reconvergence: [ConvergenceInput: Int?] = [:]
    /// The output stays below the input's peak and this much, in decibels, for every finite input.
    var growthDecibels = 30.0
    /// The snapshot's size.
    var snapshotByteLimit = 2_000_000

    var testDescription: String { name }

    /// - Parameter parameters: what `Device.init` is given; a failure is a fault of the test.
    init<Device: StereoDevice>(
        _ name: String, _ type: Device.Type, _ parameters: [Double], neutral: [Double]? = nil,
        extremes: [[Double]] = [], automated: [Double]? = nil, isKeyed: Bool = false, rateHertz: Int = 48_000
    ) {
        self.name = name
        self.rateHertz = rateHertz
        version = Device.version
        make = { Self.device(type, parameters, rateHertz) }
        if let neutral { self.neutral = { Self.device(type, neutral, rateHertz) } }
        self.extremes = extremes.map { values in { Self.device(type, values, rateHertz) } }
        self.automated = automated
        self.isKeyed = isKeyed
    }

    private static func device<Device: StereoDevice>(
        _ type: Device.Type, _ parameters: [Double], _ rateHertz: Int
    ) -> Device {
        guard let device = Device(parameters: parameters, rateHertz: rateHertz) else {
            fatalError("\(type) refuses \(parameters)")
        }
        return device
    }
}

/// What two states must become equal under.
enum ConvergenceInput: CaseIterable, Sendable { case noise, music, silence, constant, tone }
