import RenderCompiler
import Session
import SignalProcessing
import Testing

/// The table of devices and the processors say the same.
@Suite struct DeviceTableTests {
    /// The processor of a device that runs sample by sample: both are called by the same words.
    private static func processor(_ kind: DeviceKind) -> ProcessorKind? {
        ProcessorKind.allCases.first { "\($0)" == "\(kind)" }
    }

    private static func names(_ kind: ProcessorKind) -> (device: [String], band: [String]) {
        switch kind.processor {
        case .lanes(let type): (type.parameterNames, type.bandParameterNames)
        case .stereo(let type): (type.parameterNames, type.bandParameterNames)
        }
    }

    /// Values with each parameter at its default or, where it has none, in the middle of its range.
    private static func usual(_ kind: DeviceKind) -> [Double] {
        let row = kind.description
        let bands = row.bands.map { Array(repeating: $0.parameters, count: max(2, $0.count.lowerBound)) } ?? []
        return (row.parameters + bands.flatMap(\.self)).map { parameter in
            if let value = parameter.defaultValue { return value }
            if parameter.unit == .delayFrames { return 4800 }
            guard let limits = parameter.limits else { return 0 }
            if limits.upperBound == .infinity { return limits.lowerBound * 4 }
            return (limits.lowerBound + limits.upperBound) / 2
        }
    }

    @Test("every device has a row, and every row a device")
    func rows() {
        #expect(Set(DeviceKind.allCases.map(\.rawValue)) == Set(DeviceDescription.all.map(\.name)))
        #expect(DeviceDescription.all.count == DeviceKind.allCases.count)
        let convolved: [DeviceKind] = [.convolver, .match]
        for kind in DeviceKind.allCases { #expect((Self.processor(kind) == nil) == convolved.contains(kind)) }
    }

    @Test("a processor's parameters are those of its row, in the same order", arguments: ProcessorKind.allCases)
    func order(_ processor: ProcessorKind) throws {
        let kind = try #require(DeviceKind.allCases.first { "\($0)" == "\(processor)" })
        let names = Self.names(processor)
        #expect(names.device == kind.description.parameters.map(\.name))
        #expect(names.band == kind.description.bands?.parameters.map(\.name) ?? [])
        #expect(processor.hasKey == kind.description.hasKey)
    }

    @Test("defaults and the ends of every range are taken", arguments: ProcessorKind.allCases, [48_000, 192_000])
    func ranges(_ processor: ProcessorKind, rateHertz: Int) throws {
        let kind = try #require(DeviceKind.allCases.first { "\($0)" == "\(processor)" })
        let row = kind.description
        let usual = Self.usual(kind)
        #expect(row.violation(of: usual) == nil)
        #expect(processor.properties(parameters: finite(usual), rateHertz: rateHertz) != nil)
        for index in usual.indices {
            let parameter = row.parameter(at: index).description
            var ends: [Double] = []
            switch parameter.unit {
            // A linear-phase equalizer is a program of its own.
            case .choice where parameter.name == "mode" && kind == .equalizer: ends = [0]
            case .choice(let words): ends = words.indices.map(Double.init)
            case .onOff: ends = [0, 1]
            case .delayFrames: ends = [Double(rateHertz / 1000), Double(rateHertz)]
            case .hertz:
                let nyquist = 0.49 * Double(rateHertz)
                ends = parameter.limits.map { [$0.lowerBound, min($0.upperBound, nyquist)] } ?? []
            default: ends = parameter.limits.map { [$0.lowerBound, $0.upperBound] } ?? []
            }
            #expect(!ends.isEmpty, "\(parameter.name) has no range")
            for end in ends {
                var values = usual
                values[index] = end
                #expect(
                    processor.properties(parameters: finite(values), rateHertz: rateHertz) != nil,
                    "\(kind): \(parameter.name) = \(end)")
            }
        }
        #expect(processor.properties(parameters: Array(finite(usual).dropLast()), rateHertz: rateHertz) == nil)
        #expect(processor.properties(parameters: usual.map { _ in .nan }, rateHertz: rateHertz) == nil)
    }

    @Test("only numbers that flow can be automated", arguments: DeviceKind.allCases)
    func automation(_ kind: DeviceKind) {
        let row = kind.description
        for parameter in row.parameters + (row.bands?.parameters ?? []) {
            #expect(!parameter.summary.isEmpty && parameter.summary.hasSuffix("."), "\(kind) \(parameter.name)")
            switch parameter.unit {
            case .choice, .onOff, .delayFrames: #expect(!parameter.isAutomatable, "\(kind) \(parameter.name)")
            default: break
            }
        }
        #expect(!row.reference.isEmpty && !row.summary.isEmpty)
    }

    private func finite(_ values: [Double]) -> [Double] {
        values.map { $0 == .infinity ? 1e300 : $0 == -.infinity ? -10_000 : $0 }
    }
}
