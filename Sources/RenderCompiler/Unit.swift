import Quantities
import RenderPlan
import Session

/// A sum of a unit.
struct SumRef: Hashable {
    var unit: Int
    var sum: Int
}

/// One node of the mix before it becomes (part of) a program: a cell of tracks, a bus, a return, the pre-master or
/// the master.
struct Unit {
    var name: String
    var strips: [UnitStrip] = []
    /// What each sum takes, in order.
    var sums: [[Tap]] = []
    /// Returns, and what a side-chain listens to, are programs of their own.
    var standsAlone = false

    var latencyFrames: Int { strips.reduce(0) { max($0, $1.chain.latencyFrames) } }

    /// Units whose sums this one reads.
    var producers: [Int] { reads.map(\.unit) }

    /// Sums that this unit reads.
    var reads: [SumRef] {
        strips.flatMap { strip -> [SumRef] in
            var sums = strip.keys.sorted { $0.key < $1.key }.map(\.value)
            if case .terms(let terms) = strip.input { sums += terms }
            return sums
        }
    }
}

struct UnitStrip {
    enum Input {
        /// A track's clips; the ports are made with the program.
        case clips([Clip])
        case terms([SumRef])
    }

    var name: String
    var input: Input
    var chain: CompiledChain
    /// What each keyed stage listens to, by stage index.
    var keys: [Int: SumRef] = [:]
    var fader: Curve
    var pan: Curve
    var panLaw: Strip.PanLaw
    var isPolarityInverted: Bool

    init(
        name: String, input: Input, chain: CompiledChain, fader: Curve = Curve(constant: 0),
        pan: Curve = Curve(constant: 0), panLaw: Strip.PanLaw = .balance, isPolarityInverted: Bool = false
    ) {
        self.name = name
        self.input = input
        self.chain = chain
        self.fader = fader
        self.pan = pan
        self.panLaw = panLaw
        self.isPolarityInverted = isPolarityInverted
    }
}
