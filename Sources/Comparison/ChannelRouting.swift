import SignalProcessing

/// One thing that is with the channels of A and B.
package struct ChannelFinding: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// `channel` of B is A's upside down.
        case inverted
        /// B has `channel` and `other` the other way round.
        case swapped
        /// `channel` of B is A's channel `other`.
        case moved
        /// `channel` of the file `side` has no sound, the other file's has.
        case silent
        /// Both channels of the file `side` are the same: channel `other` of the other file, its channels mixed, or,
        /// where `other` is nil and nothing is mixed, nothing that could be named.
        case dualMono
        /// The one channel of the file `side` is channel `other` of the other file, or its channels mixed.
        case mono
    }

    package let kind: Kind
    /// The file that it is said of.
    package let side: ExtraFrames.Side
    /// From 0, of that file.
    package let channel: Int
    /// From 0.
    package let other: Int?
    /// Whether it is the half sum of the other file's channels.
    package let isMixed: Bool

    init(_ kind: Kind, _ side: ExtraFrames.Side, channel: Int, other: Int? = nil, isMixed: Bool = false) {
        self.kind = kind
        self.side = side
        self.channel = channel
        self.other = other
        self.isMixed = isMixed
    }
}

/// A channel, or what is made of channels.
enum ChannelTerm: Sendable, Equatable {
    case channel(Int)
    /// Half the sum of the first two.
    case mean
    /// Not compared.
    case none

    /// The samples; nil where there are none.
    ///
    /// - Parameter scratch: room for what is mixed.
    func plane(
        of planes: [UnsafeMutablePointer<Double>], count: Int, scratch: UnsafeMutablePointer<Double>?
    ) -> UnsafeMutablePointer<Double>? {
        switch self {
        case .channel(let index): return planes[index]
        case .none: return nil
        case .mean:
            guard let scratch else { preconditionFailure("no room for what is mixed") }
            let (left, right) = (planes[0], planes[1])
            for i in 0..<count { scratch[i] = 0.5 * (left[i] + right[i]) }
            return scratch
        }
    }
}

/// What of A is compared with what of B.
struct ChannelRoute: Sendable, Equatable {
    var a: ChannelTerm
    var b: ChannelTerm
    /// 1, or -1 where B is turned over before.
    var sign = 1.0

    /// The channel that it is, of the file with more channels, else of A; nil where it is mixed.
    func channel(_ countA: Int, _ countB: Int) -> Int? {
        switch (a, b) {
        case (.channel(let i), .channel(let j)): countA >= countB ? i : j
        default: nil
        }
    }
}

extension [ChannelRoute] {
    /// Every channel with the one at its place, a single one with all.
    static func asTheyStand(_ countA: Int, _ countB: Int) -> [ChannelRoute] {
        (0..<Swift.max(countA, countB)).map {
            ChannelRoute(a: .channel(countA == 1 ? 0 : $0), b: .channel(countB == 1 ? 0 : $0))
        }
    }
}

/// From `frame` of A on, B is later by `lagFrames`.
package struct TimeSection: Sendable, Equatable {
    package let frame: Int
    package let lagFrames: Int
}

/// B's clock against A's.
package struct Drift: Sendable, Equatable {
    /// By how many millionths B takes longer.
    package let partsPerMillion: Double
    /// Frames by which B is later where A starts, and where it ends.
    package let startLagFrames: Double
    package let endLagFrames: Double
}

/// What is with the channels and the time of B, besides one offset of whole frames and one gain.
package struct Placement: Sendable {
    package internal(set) var channels: [ChannelFinding] = []
    /// Where B's offset changes, at least two; empty where it does not.
    package internal(set) var sections: [TimeSection] = []
    /// Whether the offset changes again after the last of `sections`, where nobody followed it.
    package internal(set) var hasMoreSections = false
    /// Part of a frame by which B is later, besides the offset, -0.5 to 0.5; 0 for none.
    package internal(set) var fractionFrames = 0.0
    package internal(set) var drift: Drift?
    /// Seconds in which the files differ as they stand, and those of them in which undoing this explains at least
    /// three quarters; 0 where nothing was undone.
    package internal(set) var secondCount = 0
    package internal(set) var fittingSecondCount = 0
    /// nil: as they stand.
    var routes: [ChannelRoute]?
    /// Whether sound is in none of `routes`: they only bear witness for `channels`.
    var isWitness = false

    var isUndone: Bool { routes != nil || !sections.isEmpty || fractionFrames != 0 }
    var isEmpty: Bool { channels.isEmpty && !isUndone && drift == nil }
}

extension [TimeSection] {
    /// By which B is later at a frame of A; nil where there are no sections.
    func lag(at frame: Int) -> Int? { last { $0.frame <= frame }?.lagFrames ?? first?.lagFrames }

    /// The first frame of A at which the section before one ends: what B lacks of A lies between.
    private func end(before index: Int) -> Int {
        self[index].frame - Swift.max(0, self[index - 1].lagFrames - self[index].lagFrames)
    }

    /// Whether every section ends where it begins or later.
    var isAscending: Bool { indices.dropFirst().allSatisfy { end(before: $0) >= self[$0 - 1].frame } }

    /// The frames of A within `frames` that lie in sections, with their offsets. What B lacks of A is in none.
    func pieces(of frames: Range<Int>) -> [(frames: Range<Int>, lag: Int)] {
        precondition(isAscending, "sections must not reach behind each other")
        return indices.compactMap { index in
            let start = index == 0 ? frames.lowerBound : self[index].frame
            let end = index + 1 < count ? end(before: index + 1) : frames.upperBound
            let piece = Swift.max(start, frames.lowerBound)..<Swift.max(Swift.max(start, frames.lowerBound), end)
            let held = piece.clamped(to: frames)
            return held.isEmpty ? nil : (held, self[index].lagFrames)
        }
    }
}

/// Sums of products over planes.
enum PlaneSums {
    /// Eight sums, so that additions need not wait for each other; their shape is fixed.
    static func product(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, count: Int) -> Double {
        var sums = SIMD8<Double>.zero
        var i = 0
        while i + 8 <= count {
            let x = SIMD8(a[i], a[i + 1], a[i + 2], a[i + 3], a[i + 4], a[i + 5], a[i + 6], a[i + 7])
            let y = SIMD8(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
            sums += x * y
            i += 8
        }
        var sum = sums.sum()
        while i < count {
            sum += a[i] * b[i]
            i += 1
        }
        return sum
    }
}
