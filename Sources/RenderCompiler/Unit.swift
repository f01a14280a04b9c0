import Quantities
import RenderPlan
import Session

/// A sum of a unit.
struct SumRef: Hashable {
    var unit: Int
    var sum: Int
}

/// One node of the mix before it becomes (part of) a program: a cell of tracks, a bus, a return, a convolution, the
/// pre-master or the master.
struct Unit {
    var name: String
    var strips: [UnitStrip] = []
    /// What each sum takes, in order; a convolution has one sum and no strips.
    var sums: [[Tap]] = []
    /// Returns, and what a side-chain listens to, are programs of their own.
    var standsAlone = false
    /// A cell with all the tracks of its destination, those that nobody hears included.
    var isOnlyCell = false
    /// A device that is a program of its own, and the sum that it reads.
    var convolution: (device: ConvolutionDevice, input: SumRef)?
    /// Frames that go on sounding after what comes in.
    var tailFrames = 0

    var latencyFrames: Int { strips.reduce(0) { max($0, $1.latencyFrames) } }

    /// Units whose sums this one reads.
    var producers: [Int] { reads.map(\.unit) }

    /// Sums that this unit reads.
    var reads: [SumRef] {
        var sums = convolution.map { [$0.input] } ?? []
        for strip in strips {
            sums += strip.keys.sorted { $0.key < $1.key }.map(\.value)
            if case .terms(let terms) = strip.input { sums += terms }
        }
        return sums
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
    var run: StageRun
    /// Names of the channel's devices, for messages: `Stage.device` counts in them.
    var deviceNames: [String]
    /// What each keyed stage listens to, by stage index.
    var keys: [Int: SumRef] = [:]
    var fader: Curve
    var pan: Curve
    var panLaw: Strip.PanLaw
    var isPolarityInverted: Bool

    var latencyFrames: Int { run.stages.reduce(0) { $0 + $1.latencyFrames } }

    /// Whether its samples leave it as they came in, at every tap.
    var isUntouched: Bool {
        run.stages.isEmpty && fader.constant == 0 && pan.constant == 0 && panLaw == .balance && !isPolarityInverted
    }

    init(
        name: String, input: Input, run: StageRun = StageRun(), deviceNames: [String] = [],
        fader: Curve = Curve(constant: 0), pan: Curve = Curve(constant: 0), panLaw: Strip.PanLaw = .balance,
        isPolarityInverted: Bool = false
    ) {
        self.name = name
        self.input = input
        self.run = run
        self.deviceNames = deviceNames
        self.fader = fader
        self.pan = pan
        self.panLaw = panLaw
        self.isPolarityInverted = isPolarityInverted
    }
}
