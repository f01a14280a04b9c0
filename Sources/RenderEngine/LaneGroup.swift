import CVector
import Quantities
import RenderPlan
import SignalProcessing

/// Up to four strips in eight lanes, their stages aligned by kind.
///
/// Unequal chains share steps where they can: a lane without a step runs it as identity. How strips are aligned
/// changes speed, never a bit, because no lane's result depends on its neighbours.
final class LaneGroup {
    let firstStrip: Int
    let stripCount: Int
    let steps: [LaneStep]
    private let lanes: Scratch<LaneFrame>
    private let keyLanes: Scratch<LaneFrame>?
    /// Planes of the strips' left channels, then of their right ones; nil for the lanes of no strip.
    private let planes = Scratch<UnsafeMutablePointer<Float>?>(count: 8, zero: nil)
    /// Where the strips' integers lie, before `takePacked`.
    let packed = Scratch<lathe_packed>(count: 4, zero: lathe_packed(bytes: nil, width: 0, channels: 0))
    /// Whether the block lies in the lanes, and not in the planes.
    private(set) var isInLanes = false

    /// Whether the strips' input may come as lanes.
    let startsInLanes: Bool

    /// - Parameters:
    ///   - planes: the strips' blocks, which `process` works on.
    ///   - startFrame: the first output frame that will be processed.
    init(
        firstStrip: Int, strips: [Strip], planes scratch: [StereoScratch], rateHertz: Int, startFrame: Int,
        blockFrames: Int
    ) throws {
        precondition((1...4).contains(strips.count), "a lane group holds one to four strips")
        self.firstStrip = firstStrip
        stripCount = strips.count
        steps = try LaneAlignment.columns(of: strips).map {
            try LaneStep.make(
                $0, firstStrip: firstStrip, rateHertz: rateHertz, startFrame: startFrame)
        }
        startsInLanes = steps.first.map { !$0.takesPlanes } ?? false
        lanes = Scratch(count: blockFrames, zero: LaneFrame())
        for (i, scratch) in scratch.enumerated() {
            planes.pointer[i] = scratch.left
            planes.pointer[i + 4] = scratch.right
        }
        keyLanes = steps.contains { $0.keyPort != nil } ? Scratch(count: blockFrames, zero: LaneFrame()) : nil
    }

    /// Takes the strips' planes, or the lanes after `takePacked`, through the steps in place.
    ///
    /// They go into lanes for a step that needs lanes, and out of them for a device of one strip's planes. At the end
    /// they lie where the last step left them.
    func process(frame: Int, count: Int, inputs: any SegmentInputs) throws {
        for step in steps {
            let lane = step.strip - firstStrip
            if step.takesPlanes {
                guard let left = planes.pointer[lane], let right = planes.pointer[lane + 4] else {
                    preconditionFailure("a step of a strip that is not there")
                }
                leaveLanes(count)
                var key: StereoScratch?
                if let port = step.keyPort {
                    key = try readKey(port, for: step, frame: frame, count: count, inputs)
                }
                step.process(StripPlanes(left: left, right: right), key: key, count: count, at: frame)
                continue
            }
            enterLanes(count)
            var key: UnsafeMutablePointer<LaneFrame>?
            if let port = step.keyPort, let keyLanes {
                let planes = try readKey(port, for: step, frame: frame, count: count, inputs)
                for i in 0..<count {
                    keyLanes.pointer[i][lane] = planes.left[i]
                    keyLanes.pointer[i][lane + 4] = planes.right[i]
                }
                key = keyLanes.pointer
            }
            step.process(lanes.pointer, key: key, count: count, at: frame)
        }
    }

    var laneFloats: UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(lanes.pointer).assumingMemoryBound(to: Float.self)
    }

    /// The next block has been put into the strips' planes.
    func takePlanes() { isInLanes = false }

    /// Fills the lanes from the integers of all strips.
    func takePacked(_ count: Int) {
        lathe_lanes_from_packed(laneFloats, packed.pointer, count)
        isInLanes = true
    }

    /// Puts the block into the lanes, unless it lies there.
    func enterLanes(_ count: Int) {
        guard !isInLanes else { return }
        planes.pointer.withMemoryRebound(to: UnsafePointer<Float>?.self, capacity: 8) {
            lathe_lanes_from_planar(laneFloats, $0, count)
        }
        isInLanes = true
    }

    /// Puts the block into the strips' planes, unless it lies there.
    func leaveLanes(_ count: Int) {
        guard isInLanes else { return }
        lathe_planar_from_lanes(planes.pointer, laneFloats, count)
        isInLanes = false
    }

    private func readKey(
        _ port: Int, for step: LaneStep, frame: Int, count: Int, _ inputs: any SegmentInputs
    ) throws -> StereoScratch {
        let planes = step.keyPlanes(frameCount: count)
        let range = FrameRange(start: frame + step.keyLatencyFrames, count: count)
        try inputs.read(port: port, range: range, left: planes.left, right: planes.right)
        return planes
    }

    /// Takes what matters of the strips in the next segment.
    func prepare(_ strips: [Strip]) {
        for step in steps {
            step.prepare(
                step.stages.enumerated().map { lane, stage in
                    stage.map { strips[firstStrip + lane].stages[$0] }
                })
        }
    }
}
