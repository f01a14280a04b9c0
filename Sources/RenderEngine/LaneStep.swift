import RenderPlan
import SignalProcessing

/// One column of a lane group: a processor with its state, called once per block.
class LaneStep {
    /// First strip served, for messages.
    let strip: Int
    /// Per lane, the device that this step belongs to (of several, the first); nil where the lane passes through.
    let devices: [Int?]
    let keyPort: Int?
    /// Frames by which the side-chain is read ahead of the strip's output.
    let keyLatencyFrames: Int
    private var keyScratch: StereoScratch?

    /// - Parameter columns: what became one step, in order.
    init(firstStrip: Int, columns: [Column]) {
        strip = firstStrip + columns[0].lane
        devices = (0..<4).map { lane in columns.lazy.compactMap { $0.lanes[lane]?.device }.first }
        keyPort = columns[0].stage.keyPort
        keyLatencyFrames = columns[0].keyLatencyFrames
    }

    func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int,
        at frame: Int
    ) { preconditionFailure("a step without a processor") }

    /// Whether the step serves one strip's planes, so that they need not go into lanes for it.
    var takesPlanes: Bool { false }

    /// Works on the strip's planes in place, where it takes planes; the bits are those of `process` on lanes.
    func process(
        left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>, count: Int, at frame: Int
    ) { preconditionFailure("a step of lanes") }

    func write(to snapshot: inout SnapshotWriter) {}
    func read(from snapshot: inout SnapshotReader) throws {}

    /// Planar scratch for the side-chain, made on first use.
    func keyPlanes(frameCount: Int) -> StereoScratch {
        if let keyScratch { return keyScratch }
        let made = StereoScratch(frameCount: max(frameCount, 8192))
        keyScratch = made
        return made
    }

    /// One stage per lane, all of one kind; nil where the lane passes through.
    struct Column {
        var lanes: [Stage?]
        var keyLatencyFrames: Int

        var lane: Int { lanes.firstIndex { $0 != nil } ?? 0 }
        var stage: Stage {
            guard let stage = lanes[lane] else { preconditionFailure("a column without a stage") }
            return stage
        }
    }

    /// A step for each column; neighbouring equalizer sections become one pass over the block.
    static func make(_ columns: [Column], firstStrip: Int, rateHertz: Int, blockFrames: Int) throws
        -> [LaneStep]
    {
        var steps: [LaneStep] = []
        var rest = columns[...]
        while let column = rest.first {
            let sections = rest.prefix { $0.stage.kind == .equalizerSection }
            for stage in sections.flatMap(\.lanes) { try stage?.check(version: EqualizerSection.version) }
            if sections.isEmpty {
                steps.append(
                    try make(column, firstStrip: firstStrip, rateHertz: rateHertz, blockFrames: blockFrames))
                rest = rest.dropFirst()
            } else {
                let chain = EqualizerChain(
                    sections: try sections.map { try numbers($0) { SectionCoefficients(values: $0) } })
                steps.append(LaneProcessorStep(chain, firstStrip: firstStrip, columns: Array(sections)))
                rest = rest.dropFirst(sections.count)
            }
        }
        return steps
    }

    private static func make(_ column: Column, firstStrip: Int, rateHertz: Int, blockFrames: Int) throws
        -> LaneStep
    {
        let stage = column.stage
        switch stage.kind {
        case .equalizerSection:
            preconditionFailure("sections are made as chains")
        case .compressor:
            try stage.check(version: Compressor.version)
            let compressor = Compressor(
                lanes: try numbers(column) { CompressorCoefficients(values: $0) },
                rateHertz: Double(rateHertz))
            return LaneProcessorStep(compressor, firstStrip: firstStrip, columns: [column])
        case .gain:
            try stage.check(version: GainStage.version)
            let gains = GainStage(lanes: try numbers(column) { GainCoefficients(values: $0) })
            return LaneProcessorStep(gains, firstStrip: firstStrip, columns: [column])
        case .limiter:
            let processor = TruePeakLimiter(try numbers(stage) { LimiterCoefficients(values: $0) })
            return try StereoProcessorStep(
                processor, firstStrip: firstStrip, column: column, blockFrames: blockFrames)
        case .delay:
            let processor = StereoDelay(try numbers(stage) { DelayCoefficients(values: $0) })
            return try StereoProcessorStep(
                processor, firstStrip: firstStrip, column: column, blockFrames: blockFrames)
        case .reverb:
            let processor = FDNReverb(try numbers(stage) { ReverbCoefficients(values: $0) })
            return try StereoProcessorStep(
                processor, firstStrip: firstStrip, column: column, blockFrames: blockFrames)
        }
    }

    /// The processor's numbers, or an error where a program came with others.
    static func numbers<Numbers>(_ stage: Stage, _ read: ([Double]) -> Numbers?) throws -> Numbers {
        guard let numbers = read(stage.values) else { throw RenderError.malformedProgram }
        return numbers
    }

    private static func numbers<Numbers>(
        _ column: Column, _ read: ([Double]) -> Numbers?
    ) throws -> [Numbers?] {
        try column.lanes.map { try $0.map { try numbers($0, read) } }
    }
}

extension Stage {
    /// A key promises the bits of one version of a processor: another one must not answer for it.
    func check(version: UInt32, latencyFrames: Int = 0) throws {
        guard self.version == version, self.latencyFrames == latencyFrames else {
            throw RenderError.malformedProgram
        }
    }
}

/// A processor of all eight lanes.
final class LaneProcessorStep<Processor: LaneProcessor>: LaneStep {
    private var processor: Processor

    init(_ processor: Processor, firstStrip: Int, columns: [Column]) {
        self.processor = processor
        super.init(firstStrip: firstStrip, columns: columns)
    }

    override func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int,
        at frame: Int
    ) {
        var block = MutableSpan<LaneFrame>(_unsafeStart: lanes, count: count)
        if let key {
            processor.process(&block, key: Span(_unsafeStart: key, count: count), at: frame)
        } else {
            processor.process(&block, key: nil, at: frame)
        }
    }

    override func write(to snapshot: inout SnapshotWriter) { processor.write(to: &snapshot) }
    override func read(from snapshot: inout SnapshotReader) throws { try processor.read(from: &snapshot) }
}

/// A processor of one strip's stereo signal: taken out of its two lanes and put back.
final class StereoProcessorStep<Processor: StereoProcessor>: LaneStep {
    private var processor: Processor
    private let lane: Int
    private let planes: StereoScratch

    init(_ processor: Processor, firstStrip: Int, column: Column, blockFrames: Int) throws {
        try column.stage.check(version: Processor.version, latencyFrames: processor.latencyFrames)
        self.processor = processor
        lane = column.lane
        planes = StereoScratch(frameCount: blockFrames)
        super.init(firstStrip: firstStrip, columns: [column])
    }

    override func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int,
        at frame: Int
    ) {
        for i in 0..<count {
            planes.left[i] = lanes[i][lane]
            planes.right[i] = lanes[i][lane + 4]
        }
        process(left: planes.left, right: planes.right, count: count, at: frame)
        for i in 0..<count {
            lanes[i][lane] = planes.left[i]
            lanes[i][lane + 4] = planes.right[i]
        }
    }

    override var takesPlanes: Bool { true }

    override func process(
        left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>, count: Int, at frame: Int
    ) {
        var left = MutableSpan<Float>(_unsafeStart: left, count: count)
        var right = MutableSpan<Float>(_unsafeStart: right, count: count)
        processor.process(left: &left, right: &right, at: frame)
    }

    override func write(to snapshot: inout SnapshotWriter) { processor.write(to: &snapshot) }
    override func read(from snapshot: inout SnapshotReader) throws { try processor.read(from: &snapshot) }
}
