import Metering
import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan

/// What the measurements of a mix say: how loud it is, and where the song ends.
struct MixMeasures {
    /// Of the mix, up to its end.
    var loudness: LoudnessSummary
    /// Frames after the length cut.
    var frameCount: Int
    /// `tail-limit` ends the song while it still sounds.
    var isTailCut = false

    /// - Parameter blobs: Per segment what a measuring program made.
    init(_ plan: SongPlan, _ list: ProgramList, blobs: (ProgramID) -> [[UInt8]]) throws {
        loudness = try Self.summary(of: list[plan.mixMeasurement], blobs(plan.mixMeasurement))
        frameCount = plan.frameCount
        if plan.lengthRule != .length {
            // The last frame of the pre-master above -100 dBFS; all silent: the clips' end.
            let measurement = plan.preMasterMeasurement
            let last =
                measurement == plan.mixMeasurement
                ? loudness.lastFrameAboveFloor
                : try Self.lastFrameAboveFloor(of: list[measurement], blobs(measurement))
            frameCount = last >= 0 ? last + 1 : max(1, plan.clipEndFrame)
            isTailCut = last + 1 >= plan.frameCount && plan.lengthRule == .tailLimit
        }
        loudness.truncate(toFrameCount: frameCount)
    }

    /// The measurements of a program's segments as one.
    static func summary(of program: Program, _ blobs: [[UInt8]]) throws -> LoudnessSummary {
        var summary = LoudnessSummary(
            rateHertz: program.rateHertz, channelCount: program.inputs[0].channelCount)
        for bytes in blobs { try summary.append(SegmentMeasurement(bytes: bytes)) }
        return summary
    }

    /// The deepest gain reduction that reports of the limiter tell of, in decibels, 0 or more.
    static func reductionDecibels(of reports: [[UInt8]]) throws -> Double {
        var minimum: Float = 1
        for bytes in reports {
            guard let finish = FinishReport(bytes: bytes) else { throw TaskError.malformed("finish report") }
            if finish.minimumGain < minimum { minimum = finish.minimumGain }
        }
        return max(0, -decibels(minimum))
    }

    /// The last frame above the floor of a stream that was scanned; -1 for none.
    private static func lastFrameAboveFloor(of program: Program, _ blobs: [[UInt8]]) throws -> Int {
        var last = -1
        for (segment, bytes) in blobs.enumerated() {
            guard let scan = LevelScan(bytes: bytes) else { throw TaskError.malformed("level scan") }
            if scan.lastFrameAboveFloor >= 0 {
                last = segment * program.segmentFrames + scan.lastFrameAboveFloor
            }
        }
        return last
    }
}
