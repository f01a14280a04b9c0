package import SignalProcessing

/// A lane device in the first of its four strips, as a stereo device.
///
/// Blocks of up to 512 frames allocate nothing.
package struct SingleStrip<Wrapped: LaneDevice>: StereoDevice {
    package static var version: UInt32 { Wrapped.version }
    package static var parameterNames: [String] { Wrapped.parameterNames }
    package static var bandParameterNames: [String] { Wrapped.bandParameterNames }

    private var wrapped: Wrapped
    package let latencyFrames: Int
    package let tailFrames: Int
    private let isKeyed: Bool
    private var frames = [LaneFrame](repeating: LaneFrame(), count: 512)
    private var keyFrames: [LaneFrame]

    /// One that listens to itself.
    package init?(parameters: [Double], rateHertz: Int) {
        self.init(parameters: parameters, rateHertz: rateHertz, isKeyed: false)
    }

    /// - Parameter isKeyed: whether it listens to the side-chain, which it then needs.
    package init?(parameters: [Double], rateHertz: Int, isKeyed: Bool) {
        guard let latency = Wrapped.latencyFrames(parameters: parameters, rateHertz: rateHertz),
            let wrapped = Wrapped(
                lanes: [parameters, nil, nil, nil], keys: [isKeyed, false, false, false], rateHertz: rateHertz)
        else { return nil }
        self.wrapped = wrapped
        self.isKeyed = isKeyed
        keyFrames = [LaneFrame](repeating: LaneFrame(), count: isKeyed ? 512 : 0)
        latencyFrames = latency
        tailFrames = Wrapped.tailFrames(parameters: parameters, rateHertz: rateHertz)
    }

    package mutating func update(parameters: [Double]) { wrapped.update(lane: 0, parameters: parameters) }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        let count = left.count
        Self.fill(&frames, left.span, right.span)
        if isKeyed {
            // Its own signal as the key, where there is none.
            Self.fill(&keyFrames, left.span, right.span)
            Self.run(&wrapped, &frames, key: keyFrames, count, at: frame)
        } else {
            Self.run(&wrapped, &frames, key: nil, count, at: frame)
        }
        empty(&left, &right)
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, keyLeft: Span<Float>, keyRight: Span<Float>,
        at frame: Int
    ) {
        precondition(isKeyed, "a strip that listens to itself")
        let count = left.count
        Self.fill(&frames, left.span, right.span)
        Self.fill(&keyFrames, keyLeft, keyRight)
        Self.run(&wrapped, &frames, key: keyFrames, count, at: frame)
        empty(&left, &right)
    }

    private static func run(
        _ wrapped: inout Wrapped, _ frames: inout [LaneFrame], key: [LaneFrame]?, _ count: Int, at frame: Int
    ) {
        var all = frames.mutableSpan
        var block = all._mutatingExtracting(0..<count)
        if let key {
            wrapped.process(&block, key: key.span.extracting(0..<count), at: frame)
        } else {
            wrapped.process(&block, key: nil, at: frame)
        }
    }

    private static func fill(_ frames: inout [LaneFrame], _ left: Span<Float>, _ right: Span<Float>) {
        if frames.count < left.count { frames = [LaneFrame](repeating: LaneFrame(), count: left.count) }
        for i in 0..<left.count { frames[i] = LaneFrame(left[i], 0, 0, 0, right[i], 0, 0, 0) }
    }

    private func empty(_ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>) {
        for i in 0..<left.count {
            left[i] = frames[i][0]
            right[i] = frames[i][4]
        }
    }

    package func write(to snapshot: inout SnapshotWriter) { wrapped.write(to: &snapshot) }
    package mutating func read(from snapshot: inout SnapshotReader) throws { try wrapped.read(from: &snapshot) }
}
