extension ParameterDescription {
    /// The default in the unit that `Device.values` counts in; nil where the parameter must be given.
    package var defaultValue: Double? { defaultText.flatMap(value) }

    /// Both ends in the same unit; nil for choices and switches.
    package var limits: ClosedRange<Double>? {
        guard let range, let low = value(range.low), let high = value(range.high) else { return nil }
        return low...high
    }

    /// What a text of the table counts: not a reader of files, which has more to say about what is wrong.
    private func value(_ text: String) -> Double? {
        switch unit {
        case .choice(let words): return words.firstIndex(of: text).map(Double.init)
        case .onOff: return text == "true" ? 1 : text == "false" ? 0 : nil
        default: break
        }
        let words = text.split(separator: " ")
        guard let first = words.first else { return nil }
        let number = first.hasSuffix(":1") ? first.dropLast(2) : first
        if number == "inf" { return .infinity }
        if number == "-inf" { return -.infinity }
        guard let value = Double(number) else { return nil }
        switch words.dropFirst().first {
        case "kHz": return value * 1000
        case "ms": return value / 1000
        case "%": return value / 100
        default: return value
        }
    }
}

extension DeviceDescription {
    /// The parameter that an index into `Device.values` stands for, and its band.
    package func parameter(at index: Int) -> (description: ParameterDescription, band: Int?) {
        if index < parameters.count { return (parameters[index], nil) }
        guard let bands else { preconditionFailure("\(name) has no parameter \(index)") }
        let rest = index - parameters.count
        return (bands.parameters[rest % bands.parameters.count], rest / bands.parameters.count)
    }

    /// Index into `Device.values` of a parameter, of a band where one is given.
    package func index(of parameter: String, band: Int? = nil) -> Int {
        let rows = band == nil ? parameters : bands?.parameters ?? []
        guard let place = rows.firstIndex(where: { $0.name == parameter }) else {
            preconditionFailure("\(name) has no parameter \(parameter)")
        }
        return band.map { parameters.count + $0 * rows.count + place } ?? place
    }

    /// Why these cannot be the values of a device of this kind; nil where they can.
    package func violation(of values: [Double]) -> String? {
        let bandSize = bands?.parameters.count ?? 0
        let rest = values.count - parameters.count
        guard rest >= 0, bandSize == 0 ? rest == 0 : rest % bandSize == 0,
            bands.map({ $0.count.contains(rest / bandSize) }) ?? true
        else { return "\(name): \(values.count) numbers are not its parameters" }
        for (index, value) in values.enumerated() {
            let row = parameter(at: index).description
            let isAllowed: Bool =
                switch row.unit {
                case .choice(let words): words.indices.contains { Double($0) == value }
                case .onOff: value == 0 || value == 1
                // The range is written as a time; a note value at a slow tempo is checked by the reader.
                case .delayFrames: value >= 0 && value == value.rounded()
                default: row.limits.map { $0.contains(value) } ?? value.isFinite
                }
            if !isAllowed { return "\(name): \(row.name) cannot be \(value)" }
        }
        return nil
    }

    /// Why this cannot be the automation of a device with these values; nil where it can.
    ///
    /// - Parameter values: Allowed ones (`violation(of:)`).
    package func violation(of automation: [DeviceAutomation], values: [Double]) -> String? {
        var last = -1
        for curve in automation {
            guard curve.parameter > last, curve.parameter < values.count, let first = curve.points.first,
                first.frame >= 0, zip(curve.points, curve.points.dropFirst()).allSatisfy({ $0.frame < $1.frame })
            else { return "\(name): automation of nothing, or backwards" }
            last = curve.parameter
            let row = parameter(at: curve.parameter).description
            guard row.isAutomatable else { return "\(name): \(row.name) cannot be automated" }
            for point in curve.points where row.limits?.contains(point.value) == false || point.value.isNaN {
                return "\(name): \(row.name) cannot be \(point.value)"
            }
        }
        return nil
    }
}
