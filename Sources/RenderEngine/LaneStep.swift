import RenderPlan
import SignalProcessing

/// One column of a lane group: a processor with its state, called once per block.
class LaneStep {
    /// First strip served, for messages.
    let strip: Int
    /// Per lane, the stage of its strip that this step runs; nil where the lane passes through.
    let stages: [Int?]
    /// Per lane, the device that this step belongs to.
    let devices: [Int?]
    let keyPort: Int?
    /// Frames by which the side-chain is read ahead of the strip's output.
    let keyLatencyFrames: Int
    private var keyScratch: StereoScratch?

    init(firstStrip: Int, column: Column) {
        strip = firstStrip + column.lane
        stages = column.stageIndices
        devices = column.lanes.map { $0?.device }
        keyPort = column.stage.keyPort
        keyLatencyFrames = column.aheadFrames[column.lane]
    }

    func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int,
        at frame: Int
    ) { preconditionFailure("a step without a processor") }

    /// Whether the step serves one strip, and works on its planes instead of lanes.
    var takesPlanes: Bool { false }

    /// Works on the strip's planes in place, where it takes planes.
    func process(_ planes: StripPlanes, key: StereoScratch?, count: Int, at frame: Int) {
        preconditionFailure("a step of lanes")
    }

    /// Takes what matters of the stages in the next segment: their automation.
    func prepare(_ stages: [Stage?]) {}

    func write(to snapshot: inout SnapshotWriter) {}

    /// - Parameter frame: The first output frame of the segment that the snapshot leads to.
    func read(from snapshot: inout SnapshotReader, before frame: Int) throws {}

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
        /// Which stage of its strip each is.
        var stageIndices: [Int?]
        /// Per lane, frames by which what the stage takes in is ahead of the strip's output.
        var aheadFrames: [Int]

        var lane: Int { lanes.firstIndex { $0 != nil } ?? 0 }
        var stage: Stage {
            guard let stage = lanes[lane] else { preconditionFailure("a column without a stage") }
            return stage
        }
    }

    /// A step of the column's kind.
    static func make(
        _ column: Column, firstStrip: Int, rateHertz: Int, startFrame: Int
    ) throws -> LaneStep {
        guard let kind = ProcessorKind(rawValue: column.stage.kind), kind.hasKey || column.stage.keyPort == nil
        else { throw RenderError.malformedProgram }
        func lanes<Device: LaneDevice>(_ type: Device.Type) throws -> LaneStep {
            try LaneDeviceStep<Device>(
                firstStrip: firstStrip, column: column, rateHertz: rateHertz, startFrame: startFrame)
        }
        func stereo<Device: StereoDevice>(_ type: Device.Type) throws -> LaneStep {
            try StereoDeviceStep<Device>(
                firstStrip: firstStrip, column: column, rateHertz: rateHertz, startFrame: startFrame)
        }
        switch kind.processor {
        case .lanes(let type): return try lanes(type)
        case .stereo(let type): return try stereo(type)
        }
    }
}

/// A strip's two planes.
struct StripPlanes {
    let left: UnsafeMutablePointer<Float>
    let right: UnsafeMutablePointer<Float>
}

/// A device of up to four strips at once.
final class LaneDeviceStep<Device: LaneDevice>: LaneStep {
    private var device: Device
    private let rateHertz: Int
    private let keys: [Bool]
    private var automation: [StageAutomation?]
    private let isAutomated: Bool

    init(firstStrip: Int, column: Column, rateHertz: Int, startFrame: Int) throws {
        self.rateHertz = rateHertz
        keys = column.lanes.map { $0?.keyPort != nil }
        for stage in column.lanes.compactMap(\.self) {
            // An update that the device does not take would be its end.
            guard stage.version == Device.version, let extremes = stage.extremes,
                extremes.allSatisfy({
                    stage.latencyFrames == Device.latencyFrames(parameters: $0, rateHertz: rateHertz)
                })
            else { throw RenderError.malformedProgram }
        }
        automation = zip(column.lanes, column.aheadFrames).map { stage, ahead in
            stage.map { StageAutomation($0, aheadFrames: ahead, startFrame: startFrame) }
        }
        isAutomated = automation.contains { $0?.isConstant == false }
        guard let device = Device(lanes: automation.map { $0?.values }, keys: keys, rateHertz: rateHertz) else {
            throw RenderError.malformedProgram
        }
        self.device = device
        super.init(firstStrip: firstStrip, column: column)
    }

    override func process(
        _ lanes: UnsafeMutablePointer<LaneFrame>, key: UnsafeMutablePointer<LaneFrame>?, count: Int,
        at frame: Int
    ) {
        guard isAutomated else {
            run(lanes, key, count, frame)
            return
        }
        var done = 0
        while done < count {
            let at = frame + done
            if at & (Program.controlFrames - 1) == 0 {
                for lane in 0..<4 where automation[lane]?.advance(to: at) == true {
                    device.update(lane: lane, parameters: automation[lane]?.values ?? [])
                }
            }
            let next = (at & ~(Program.controlFrames - 1)) + Program.controlFrames
            let step = min(count - done, next - at)
            run(lanes + done, key.map { $0 + done }, step, at)
            done += step
        }
    }

    private func run(
        _ lanes: UnsafeMutablePointer<LaneFrame>, _ key: UnsafeMutablePointer<LaneFrame>?, _ count: Int, _ frame: Int
    ) {
        var block = MutableSpan<LaneFrame>(_unsafeStart: lanes, count: count)
        if let key {
            device.process(&block, key: Span(_unsafeStart: key, count: count), at: frame)
        } else {
            device.process(&block, key: nil, at: frame)
        }
    }

    override func prepare(_ stages: [Stage?]) {
        for lane in 0..<4 { if let stage = stages[lane] { automation[lane]?.prepare(stage) } }
    }

    override func write(to snapshot: inout SnapshotWriter) { device.write(to: &snapshot) }

    override func read(from snapshot: inout SnapshotReader, before frame: Int) throws {
        if isAutomated {
            for lane in 0..<4 { automation[lane]?.reset(before: frame) }
            guard let fresh = Device(lanes: automation.map { $0?.values }, keys: keys, rateHertz: rateHertz) else {
                throw RenderError.malformedProgram
            }
            device = fresh
        }
        try device.read(from: &snapshot)
    }
}

/// A device of one strip's stereo signal, on its planes.
final class StereoDeviceStep<Device: StereoDevice>: LaneStep {
    private var device: Device
    private let rateHertz: Int
    private let lane: Int
    private var automation: StageAutomation

    init(firstStrip: Int, column: Column, rateHertz: Int, startFrame: Int) throws {
        self.rateHertz = rateHertz
        lane = column.lane
        guard column.stage.version == Device.version, let extremes = column.stage.extremes,
            extremes.dropFirst().allSatisfy({ Device(parameters: $0, rateHertz: rateHertz) != nil })
        else { throw RenderError.malformedProgram }
        automation = StageAutomation(
            column.stage, aheadFrames: column.aheadFrames[column.lane], startFrame: startFrame)
        guard let device = Device(parameters: automation.values, rateHertz: rateHertz),
            column.stage.latencyFrames == device.latencyFrames
        else { throw RenderError.malformedProgram }
        self.device = device
        super.init(firstStrip: firstStrip, column: column)
    }

    override var takesPlanes: Bool { true }

    override func process(_ planes: StripPlanes, key: StereoScratch?, count: Int, at frame: Int) {
        guard !automation.isConstant else {
            run(planes.left, planes.right, key?.left, key?.right, count, frame)
            return
        }
        var done = 0
        while done < count {
            let at = frame + done
            if at & (Program.controlFrames - 1) == 0, automation.advance(to: at) {
                device.update(parameters: automation.values)
            }
            let next = (at & ~(Program.controlFrames - 1)) + Program.controlFrames
            let step = min(count - done, next - at)
            run(
                planes.left + done, planes.right + done, key.map { $0.left + done }, key.map { $0.right + done }, step,
                at)
            done += step
        }
    }

    @inline(never)
    private func run(
        _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>,
        _ keyLeft: UnsafeMutablePointer<Float>?, _ keyRight: UnsafeMutablePointer<Float>?, _ count: Int, _ frame: Int
    ) {
        var leftSpan = MutableSpan<Float>(_unsafeStart: left, count: count)
        var rightSpan = MutableSpan<Float>(_unsafeStart: right, count: count)
        guard let keyLeft, let keyRight else {
            device.process(left: &leftSpan, right: &rightSpan, at: frame)
            return
        }
        device.process(
            left: &leftSpan, right: &rightSpan, keyLeft: Span(_unsafeStart: keyLeft, count: count),
            keyRight: Span(_unsafeStart: keyRight, count: count), at: frame)
    }

    override func prepare(_ stages: [Stage?]) { if let stage = stages[lane] { automation.prepare(stage) } }

    override func write(to snapshot: inout SnapshotWriter) { device.write(to: &snapshot) }

    override func read(from snapshot: inout SnapshotReader, before frame: Int) throws {
        if !automation.isConstant {
            automation.reset(before: frame)
            guard let fresh = Device(parameters: automation.values, rateHertz: rateHertz) else {
                throw RenderError.malformedProgram
            }
            device = fresh
        }
        try device.read(from: &snapshot)
    }
}
