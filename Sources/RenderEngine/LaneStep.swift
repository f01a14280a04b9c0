import RenderPlan
import SignalProcessing

/// One column of a lane group: a processor with its state, called once per block.
class LaneStep {
    /// First strip and device served, for messages.
    let strip: Int
    let device: Int
    let keyPort: Int?
    /// Frames by which the side-chain is read ahead of the strip's output.
    let keyLatencyFrames: Int
    private var keyScratch: StereoScratch?

    init(strip: Int, stage: Stage, keyLatencyFrames: Int) {
        self.strip = strip
        device = stage.device
        keyPort = stage.keyPort
        self.keyLatencyFrames = keyLatencyFrames
    }

    func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int, at frame: Int
    ) { preconditionFailure("a step without a processor") }

    func write(to snapshot: inout SnapshotWriter) {}
    func read(from snapshot: inout SnapshotReader) throws {}

    /// Planar scratch for the side-chain, made on first use.
    func keyPlanes(frameCount: Int) -> StereoScratch {
        if let keyScratch { return keyScratch }
        let made = StereoScratch(frameCount: max(frameCount, 8192))
        keyScratch = made
        return made
    }

    /// The step for one stage per lane (nil: identity there); all stages are of one kind.
    static func make(
        lanes: [Stage?], firstStrip: Int, keyLatencyFrames: Int, blockFrames: Int
    ) throws -> LaneStep {
        guard let lane = lanes.firstIndex(where: { $0 != nil }), let stage = lanes[lane] else {
            preconditionFailure("a step without a stage")
        }
        let strip = firstStrip + lane
        switch stage.kind {
        case .equalizerSection:
            let sections = lanes.map { $0.map { SectionCoefficients(values: $0.values) } }
            return LaneProcessorStep(
                EqualizerSection(lanes: sections), strip: strip, stage: stage, keyLatencyFrames: keyLatencyFrames)
        case .compressor:
            let curves = lanes.map { $0.map { CompressorCoefficients(values: $0.values) } }
            return LaneProcessorStep(
                Compressor(lanes: curves), strip: strip, stage: stage, keyLatencyFrames: keyLatencyFrames)
        case .gain:
            var gains = LaneFrame(repeating: 1)
            for (i, stage) in lanes.enumerated() {
                guard let stage else { continue }
                gains[i] = Float(stage.values[0])
                gains[i + 4] = Float(stage.values[1])
            }
            return LaneProcessorStep(
                GainStage(lanes: gains), strip: strip, stage: stage, keyLatencyFrames: keyLatencyFrames)
        case .limiter:
            return StereoProcessorStep(
                TruePeakLimiter(LimiterCoefficients(values: stage.values)), lane: lane, strip: strip, stage: stage,
                blockFrames: blockFrames)
        case .delay:
            return StereoProcessorStep(
                StereoDelay(DelayCoefficients(values: stage.values)), lane: lane, strip: strip, stage: stage,
                blockFrames: blockFrames)
        case .reverb:
            return StereoProcessorStep(
                FDNReverb(ReverbCoefficients(values: stage.values)), lane: lane, strip: strip, stage: stage,
                blockFrames: blockFrames)
        }
    }

    /// Neighbouring equalizer sections run as one pass over the block.
    static func fused(_ steps: [LaneStep]) throws -> [LaneStep] { steps }
}

/// A processor of all eight lanes.
final class LaneProcessorStep<Processor: LaneProcessor>: LaneStep {
    private var processor: Processor

    init(_ processor: Processor, strip: Int, stage: Stage, keyLatencyFrames: Int) {
        self.processor = processor
        super.init(strip: strip, stage: stage, keyLatencyFrames: keyLatencyFrames)
    }

    override func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int, at frame: Int
    ) {
        var block = MutableSpan<LaneFrame>(_unsafeStart: lanes, count: count)
        processor.process(&block, key: key.map { Span(_unsafeStart: $0, count: count) }, at: frame)
    }

    override func write(to snapshot: inout SnapshotWriter) { processor.write(to: &snapshot) }
    override func read(from snapshot: inout SnapshotReader) throws { try processor.read(from: &snapshot) }
}

/// A processor of one strip's stereo signal: taken out of its two lanes and put back.
final class StereoProcessorStep<Processor: StereoProcessor>: LaneStep {
    private var processor: Processor
    private let lane: Int
    private let planes: StereoScratch

    init(_ processor: Processor, lane: Int, strip: Int, stage: Stage, blockFrames: Int) {
        self.processor = processor
        self.lane = lane
        planes = StereoScratch(frameCount: blockFrames)
        super.init(strip: strip, stage: stage, keyLatencyFrames: 0)
    }

    override func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int, at frame: Int
    ) {
        for i in 0..<count {
            planes.left[i] = lanes[i][lane]
            planes.right[i] = lanes[i][lane + 4]
        }
        var left = MutableSpan<Float>(_unsafeStart: planes.left, count: count)
        var right = MutableSpan<Float>(_unsafeStart: planes.right, count: count)
        processor.process(left: &left, right: &right, at: frame)
        for i in 0..<count {
            lanes[i][lane] = planes.left[i]
            lanes[i][lane + 4] = planes.right[i]
        }
    }

    override func write(to snapshot: inout SnapshotWriter) { processor.write(to: &snapshot) }
    override func read(from snapshot: inout SnapshotReader) throws { try processor.read(from: &snapshot) }
}
