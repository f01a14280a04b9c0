/// A place where the world may do something unlikely. After FoundationDB's "buggify": each one is armed in a quarter of
/// all worlds, and then strikes a quarter of the times that it is passed, so that some worlds know one of them well
/// and most know few.
enum FaultPoint: Int, CaseIterable {
    /// The ledger, the disk, the verification or the writer takes long.
    case slowLookUp, slowSync, slowVerification, slowWriter
    /// The host says a thing twice: an answer, a window taken over, a submission, an order of a client.
    case doubledAnswer, doubledConsumption, doubledSubmission, doubledOrder
    /// The transport believes a link lost that is not.
    case falseLinkLoss
    /// A timer that nobody asked for.
    case extraTimer
    /// A process takes long to start again.
    case slowStart
}

/// Which fault points are armed in a world.
struct FaultPoints {
    private let isArmed: [Bool]

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed ^ 0xB0_66_1F)
        isArmed = FaultPoint.allCases.map { _ in random.chance(250) }
    }

    func isArmed(_ point: FaultPoint) -> Bool { isArmed[point.rawValue] }
}

extension World {
    /// True where a fault point strikes now.
    func strikes(_ point: FaultPoint) -> Bool {
        guard shape.hasFaultPoints, !isHealed, points.isArmed(point), random.chance(250) else { return false }
        counts.add("fault point \(point)")
        return true
    }
}
