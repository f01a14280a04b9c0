/// What a utility is set to: the numbers of its row in the table of devices.
package struct UtilityParameters: Sendable, Equatable {
    package static let names = ["gain", "invert", "swap", "mono"]

    package enum Inversion: Int, Sendable, CaseIterable { case none, left, right, both }

    /// Up to 48 dB; -10,000 stands for -infinity.
    package var gainDecibels: Double
    /// The inputs whose polarity is turned.
    package var inversion: Inversion
    /// Whether left and right change places.
    package var isSwapped: Bool
    /// Whether both outputs are the mean of both channels.
    package var isMono: Bool

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == 4, values[0] <= 48,
            let inversion = Int(exactly: values[1]).flatMap(Inversion.init),
            values[2] == 0 || values[2] == 1, values[3] == 0 || values[3] == 1
        else { return nil }
        self.gainDecibels = values[0]
        self.inversion = inversion
        isSwapped = values[2] == 1
        isMono = values[3] == 1
    }
}

/// What one stereo lane of a `GainStage` multiplies by.
package struct GainCoefficients: Sendable, Hashable {
    /// From each channel to itself.
    package let left: Float
    package let right: Float
    /// To each channel from the other.
    package let leftFromRight: Float
    package let rightFromLeft: Float

    package static let identity = GainCoefficients(left: 1, right: 1)

    /// Polarity first, then the swap, then mono, then the gain.
    package init(_ parameters: UtilityParameters) {
        let gain = Float(PinnedMath.gain(decibels: parameters.gainDecibels))
        let left = parameters.inversion == .left || parameters.inversion == .both ? -gain : gain
        let right = parameters.inversion == .right || parameters.inversion == .both ? -gain : gain
        if parameters.isMono {
            self.init(left: left / 2, right: right / 2, leftFromRight: right / 2, rightFromLeft: left / 2)
        } else if parameters.isSwapped {
            self.init(left: 0, right: 0, leftFromRight: right, rightFromLeft: left)
        } else {
            self.init(left: left, right: right)
        }
    }

    private init(left: Float, right: Float, leftFromRight: Float = 0, rightFromLeft: Float = 0) {
        (self.left, self.right) = (left, right)
        (self.leftFromRight, self.rightFromLeft) = (leftFromRight, rightFromLeft)
    }
}

/// Gain, polarity, swap and mono on four stereo lanes.
///
/// Latency 0, tail 0, no state: snapshot 0 bytes, nothing to re-converge. 0 dB without anything else passes every bit.
/// The gain moves to new values in a straight line over 8 frames.
package struct GainStage: LaneDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = UtilityParameters.names

    package var latencyFrames: Int { 0 }
    package static func latencyFrames(parameters: [Double], rateHertz: Int) -> Int? {
        UtilityParameters(values: parameters).map { _ in 0 }
    }
    package static func tailFrames(parameters: [Double], rateHertz: Int) -> Int { 0 }

    private var settings: [UtilityParameters?]
    private var direct = LaneFrame(repeating: 1)
    private var crossed = LaneFrame()
    /// Where a glide began.
    private var startDirect = LaneFrame(repeating: 1)
    private var startCrossed = LaneFrame()
    /// Frames of the glide that are done.
    private var glided = Self.glideFrames
    private static let glideFrames = 8
    /// Whether any lane mixes its channels.
    private var isCrossed = false

    /// - Parameter lanes: Parameters of the four strips; nil passes a lane, bit for bit.
    package init?(lanes: [[Double]?], keys: [Bool], rateHertz: Int) {
        guard lanes.count == 4 else { return nil }
        var settings: [UtilityParameters?] = []
        for values in lanes {
            guard let values else {
                settings.append(nil)
                continue
            }
            guard let parameters = UtilityParameters(values: values) else { return nil }
            settings.append(parameters)
        }
        self.init(lanes: settings.map { $0.map(GainCoefficients.init) })
        self.settings = settings
    }

    /// - Parameter lanes: Gains of the four strips, which stay; nil passes a lane, bit for bit.
    package init(lanes: [GainCoefficients?]) {
        precondition(lanes.count == 4, "a gain stage has four stereo lanes")
        settings = [UtilityParameters?](repeating: nil, count: 4)
        for (lane, gains) in lanes.enumerated() { set(gains ?? .identity, lane: lane) }
        (startDirect, startCrossed) = (direct, crossed)
        isCrossed = crossed != LaneFrame()
    }

    private mutating func set(_ gains: GainCoefficients, lane: Int) {
        (direct[lane], direct[lane + 4]) = (gains.left, gains.right)
        (crossed[lane], crossed[lane + 4]) = (gains.leftFromRight, gains.rightFromLeft)
    }

    package mutating func update(lane: Int, parameters values: [Double]) {
        guard var new = UtilityParameters(values: values), let old = settings[lane] else {
            preconditionFailure("not a utility's parameters, or none to change")
        }
        (new.inversion, new.isSwapped, new.isMono) = (old.inversion, old.isSwapped, old.isMono)
        guard new != old else { return }
        settings[lane] = new
        // Lanes that have arrived, or begin in this frame too, keep their beginnings.
        if glided == Self.glideFrames { (startDirect, startCrossed) = (direct, crossed) }
        set(GainCoefficients(new), lane: lane)
        glided = 0
    }

    package mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int) {
        let start = min(block.count, Self.glideFrames - glided)
        if start > 0 { move(&block, count: start) }
        glided += start
        // Even a product with 1 changes a number where subnormals are flushed.
        let passes = (direct .== 1) .& (crossed .== 0)
        if isCrossed {
            for i in start..<block.count {
                let x = block[i]
                block[i] = mixed(x, direct, crossed).replacing(with: x, where: passes)
            }
        } else {
            for i in start..<block.count {
                block[i] = (block[i] * direct).replacing(with: block[i], where: passes)
            }
        }
    }

    private func move(_ block: inout MutableSpan<LaneFrame>, count: Int) {
        let step = LaneFrame(repeating: 1 / Float(Self.glideFrames))
        let (slope, crossedSlope) = ((direct - startDirect) * step, (crossed - startCrossed) * step)
        let passes =
            (direct .== 1) .& (startDirect .== 1) .& (crossed .== 0) .& (startCrossed .== 0)
        for i in 0..<count {
            let time = LaneFrame(repeating: Float(glided + i + 1))
            let x = block[i]
            let y = mixed(x, startDirect + slope * time, startCrossed + crossedSlope * time)
            block[i] = y.replacing(with: x, where: passes)
        }
    }

    /// Products and sum rounded each, so that both channels of a mono lane are equal. A number times 0 adds 0.
    @inline(always)
    private func mixed(_ x: LaneFrame, _ direct: LaneFrame, _ crossed: LaneFrame) -> LaneFrame {
        let other = LaneFrame(lowHalf: x.highHalf, highHalf: x.lowHalf)
        return (x * direct).replacing(
            with: x * direct + other * crossed, where: crossed .!= 0)
    }

    package func write(to snapshot: inout SnapshotWriter) {}
    package mutating func read(from snapshot: inout SnapshotReader) throws { glided = Self.glideFrames }
}
