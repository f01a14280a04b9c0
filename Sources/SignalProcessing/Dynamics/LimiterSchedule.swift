/// What of a limiter may be automated.
struct LimiterSetting: Sendable, Equatable {
    /// Linear true-peak level that the gain is computed for.
    var threshold: Float
    /// As in `LimiterCoefficients`.
    var fastRelease: Double
    var slowAttack: Double
    var slowRelease: Double
    /// How long after a peak a lower one does not count: what the hold is longer than the shortest one.
    var dominanceFrames: Int

    init(_ coefficients: LimiterCoefficients, shortestHoldFrames: Int) {
        threshold = Float(coefficients.threshold)
        (fastRelease, slowAttack) = (coefficients.fastRelease, coefficients.slowAttack)
        slowRelease = coefficients.slowRelease
        dominanceFrames = max(0, coefficients.holdFrames - shortestHoldFrames)
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(signal: threshold)
        for number in [fastRelease, slowAttack, slowRelease] {
            snapshot.put(integer: Int(bitPattern: UInt(number.bitPattern)))
        }
        snapshot.put(integer: dominanceFrames)
    }

    /// - Parameter longest: no dominance is longer.
    init(from snapshot: inout SnapshotReader, longest: Int) throws {
        func step() throws -> Double {
            let number = Double(bitPattern: UInt64(UInt(bitPattern: try snapshot.integer())))
            guard number >= 0, number <= 1 else { throw SnapshotError.malformed }
            return number
        }
        threshold = try snapshot.signal()
        (fastRelease, slowAttack, slowRelease) = (try step(), try step(), try step())
        dominanceFrames = try snapshot.integer()
        guard threshold > 0, (0...longest).contains(dominanceFrames) else { throw SnapshotError.malformed }
    }
}

/// When a limiter's settings come into force, and how its hold follows them.
///
/// A setting belongs to a frame that comes in, and the detector works on those `LimiterDetector.reach` frames before;
/// so settings wait for as long, and a ceiling holds for the very frames that came in with it.
///
/// A peak is not looked at closely where a higher one (re the threshold) was within the dominance before it, as the
/// hold keeps the gain down for longer than that. Where a shorter release shortens both, the dominance goes first and
/// the hold once all frames that relied on it have passed. Where they grow, then by a frame per frame: a longer
/// window must not take up peaks that it had let go.
struct LimiterSchedule: Sendable {
    /// In force in the detector.
    private(set) var current: LimiterSetting
    private(set) var dominanceFrames: Int
    private(set) var holdFrames: Int

    private var target: LimiterSetting
    private var waiting: [(frames: Int, setting: LimiterSetting)] = []
    private let shortestHoldFrames: Int
    private let longestDominanceFrames: Int
    /// While the hold is longer than the dominance asks for: how long it stays, and what it becomes then.
    private var remainingFrames = 0
    private var nextDominanceFrames = 0

    init(_ setting: LimiterSetting, shortestHoldFrames: Int, longestDominanceFrames: Int) {
        (current, target) = (setting, setting)
        dominanceFrames = setting.dominanceFrames
        holdFrames = shortestHoldFrames + dominanceFrames
        self.shortestHoldFrames = shortestHoldFrames
        self.longestDominanceFrames = longestDominanceFrames
        waiting.reserveCapacity(LimiterDetector.reach + 2)
    }

    /// The next frame to come in has this setting.
    mutating func set(_ setting: LimiterSetting) {
        guard setting != target else { return }
        target = setting
        if let last = waiting.last, last.frames == LimiterDetector.reach { waiting.removeLast() }
        waiting.append((LimiterDetector.reach, setting))
    }

    /// How many of the next frames are alike; to be asked once before they are processed.
    mutating func alike(_ count: Int, at frame: Int) -> Int {
        var alike = count
        if let next = waiting.first { alike = min(alike, next.frames) }
        if remainingFrames > 0 { alike = min(alike, remainingFrames) }
        if dominanceFrames < current.dominanceFrames {
            if frame & 7 == 0 { setDominance(min(current.dominanceFrames, dominanceFrames + 8)) }
            alike = min(alike, 8 - frame & 7)
        }
        return alike
    }

    /// - Returns: whether another setting is in force from now on.
    mutating func advance(_ count: Int) -> Bool {
        if remainingFrames > 0 {
            remainingFrames -= count
            if remainingFrames == 0 {
                holdFrames = shortestHoldFrames + nextDominanceFrames
                if nextDominanceFrames > dominanceFrames { lower() }
            }
        }
        guard !waiting.isEmpty else { return false }
        for i in waiting.indices { waiting[i].frames -= count }
        guard waiting[0].frames == 0 else { return false }
        current = waiting.removeFirst().setting
        if current.dominanceFrames < dominanceFrames { setDominance(current.dominanceFrames) }
        return true
    }

    private mutating func setDominance(_ frames: Int) {
        let isLower = frames < dominanceFrames
        dominanceFrames = frames
        holdFrames = max(holdFrames, shortestHoldFrames + frames)
        if remainingFrames > 0 {
            nextDominanceFrames = max(nextDominanceFrames, frames)
        } else if isLower {
            lower()
        }
    }

    private mutating func lower() {
        remainingFrames = shortestHoldFrames
        nextDominanceFrames = dominanceFrames
    }

    func write(to snapshot: inout SnapshotWriter) {
        current.write(to: &snapshot)
        for number in [dominanceFrames, holdFrames, remainingFrames, nextDominanceFrames, waiting.count] {
            snapshot.put(integer: number)
        }
        for entry in waiting {
            snapshot.put(integer: entry.frames)
            entry.setting.write(to: &snapshot)
        }
    }

    /// The limiter's own setting follows what was waiting.
    mutating func read(from snapshot: inout SnapshotReader) throws {
        let own = target
        current = try LimiterSetting(from: &snapshot, longest: longestDominanceFrames)
        dominanceFrames = try snapshot.integer()
        holdFrames = try snapshot.integer()
        remainingFrames = try snapshot.integer()
        nextDominanceFrames = try snapshot.integer()
        let count = try snapshot.integer()
        let longestHold = shortestHoldFrames + longestDominanceFrames
        guard (0...longestDominanceFrames).contains(dominanceFrames),
            (shortestHoldFrames...longestHold).contains(holdFrames), holdFrames >= shortestHoldFrames + dominanceFrames,
            (0...shortestHoldFrames).contains(remainingFrames),
            (0...longestDominanceFrames).contains(nextDominanceFrames), (0...LimiterDetector.reach).contains(count)
        else { throw SnapshotError.malformed }
        target = current
        waiting.removeAll(keepingCapacity: true)
        var last = 0
        for _ in 0..<count {
            let frames = try snapshot.integer()
            guard frames > last, frames <= LimiterDetector.reach else { throw SnapshotError.malformed }
            last = frames
            target = try LimiterSetting(from: &snapshot, longest: longestDominanceFrames)
            waiting.append((frames, target))
        }
        set(own)
    }
}
