/// The lengths of a reverb, which its type, size, predelay and rate decide and nothing that can be automated.
struct ReverbGeometry: Sendable, Equatable {
    /// Lines of the feedback network.
    static let lineCount = 16
    /// The last two lines change their lengths.
    static let firstMovingLine = 14
    /// Sets of lengths, each 1 / sqrt 2 of the one before.
    static let stepCount = 8
    /// All-passes of one channel before the network.
    static let stageCount = 4

    let rateHertz: Double
    let predelayFrames: Int
    /// Different primes: what the lines hold, and their lengths for long decays.
    let lineFrames: [Int]
    /// The lengths of all steps, 16 by 16, and the longest of each.
    private let stepFrames: [Int]
    private let longestSeconds: [Double]
    /// Different primes, four of the left channel, then four of the right one.
    let diffuserFrames: [Int]
    /// The same as numbers.
    let diffuserLengths: SIMD8<Float>
    /// How far a line's length may go either way.
    let excursionFrames: Int

    init(_ parameters: ReverbParameters, rateHertz: Int) {
        let rate = Double(rateHertz)
        self.rateHertz = rate
        predelayFrames = Int((parameters.predelaySeconds * rate).rounded())
        excursionFrames = Int(0.00075 * rate)
        let shape = Shape(parameters.character)
        let shortest = FDNReverb.chunkFrames + 8
        var taken: [Int] = []
        for i in 0..<Self.lineCount {
            // Equal ratios, in no order.
            let place = Double((7 * i + 3) % Self.lineCount) / Double(Self.lineCount - 1)
            let seconds = shape.shortestSeconds * PinnedMath.exp2(1.75 * place) * parameters.size
            let least = max(shortest + excursionFrames, Int(seconds * rate))
            taken.append(Self.prime(from: least, except: taken))
        }
        lineFrames = taken
        var steps = taken
        for step in 1..<Self.stepCount {
            let scale = PinnedMath.exp2(-0.5 * Double(step))
            var shorter: [Int] = []
            for frames in lineFrames {
                let least = min(frames, max(shortest + excursionFrames, Int(Double(frames) * scale)))
                shorter.append(least == frames ? frames : Self.prime(from: least, except: shorter, below: frames))
            }
            steps += shorter
        }
        stepFrames = steps
        longestSeconds = (0..<Self.stepCount).map { step in
            Double(steps[16 * step..<16 * step + 16].reduce(0, max)) / rate
        }
        for seconds in shape.diffuserSeconds {
            taken.append(Self.prime(from: max(shortest, Int(seconds * parameters.size * rate)), except: taken))
        }
        diffuserFrames = Array(taken[Self.lineCount...])
        diffuserLengths = SIMD8(diffuserFrames.map { Float($0) })
    }

    /// Which of its lengths each line has for a decay: lines no longer than about a sixth of the shortest band's T60,
    /// without which a decay would be a few single echoes.
    ///
    /// The lines hold as much in any case, so that a decay may be automated (`ReverbFades`); each has a threshold
    /// of its own, so that they change one by one.
    func steps(for parameters: ReverbParameters) -> SIMD16<UInt8> {
        let shortest = parameters.decaySeconds * min(1, parameters.lowDecay, parameters.highDecay)
        var steps = SIMD16<UInt8>()
        for line in 0..<Self.lineCount {
            // Down to 1 / sqrt 2, the distance of two steps.
            let share = 1 - 0.2929 * Double((7 * line) % Self.lineCount) / Double(Self.lineCount)
            var step = 0
            while step < Self.stepCount - 1, longestSeconds[step] * share > shortest / 7 { step += 1 }
            steps[line] = UInt8(step)
        }
        return steps
    }

    func lengths(steps: SIMD16<UInt8>) -> LineVector {
        var lengths = LineVector()
        for line in 0..<Self.lineCount { lengths[line] = Double(length(line: line, step: Int(steps[line]))) }
        return lengths
    }

    func length(line: Int, step: Int) -> Int { stepFrames[16 * step + line] }

    /// Frames until the output has fallen 100 dB below the peak that steady noise had at the input.
    ///
    /// It is the longest band that counts, and how loud the reverberation is.
    func tailFrames(_ parameters: ReverbParameters, early: Int) -> Int {
        guard parameters.mix > 0 else { return 0 }
        // Noise that decays has peaks of its own, up to 7 dB above those of what went in.
        let decibels = 107 + PinnedMath.decibels(gain: parameters.mix)
        let longest = parameters.decaySeconds * max(1, parameters.lowDecay, parameters.highDecay)
        let steps = steps(for: parameters)
        let line = (0..<Self.lineCount).reduce(0) { max($0, length(line: $1, step: Int(steps[$1]))) }
        let network = longest * decibels / 60 * rateHertz
        return max(early, predelayFrames + line + Int(network.rounded(.up)))
    }

    /// What distinguishes the types, at size 1.
    private struct Shape {
        let shortestSeconds: Double
        let diffuserSeconds: [Double]

        init(_ character: ReverbParameters.Character) {
            switch character {
            case .hall:
                shortestSeconds = 0.031
                diffuserSeconds = [0.0047, 0.0083, 0.0127, 0.0191, 0.0053, 0.0077, 0.0137, 0.0179]
            case .room:
                shortestSeconds = 0.013
                diffuserSeconds = [0.0023, 0.0037, 0.0061, 0.0089, 0.0027, 0.0041, 0.0055, 0.0097]
            case .plate:
                shortestSeconds = 0.0125
                diffuserSeconds = [0.0029, 0.0043, 0.0067, 0.0101, 0.0031, 0.0049, 0.0061, 0.0109]
            }
        }
    }

    /// The least prime from `least` on that is not taken; `limit` where there is none up to it.
    private static func prime(from least: Int, except taken: [Int], below limit: Int = .max) -> Int {
        var candidate = least | 1
        while taken.contains(candidate) || !isPrime(candidate) {
            candidate += 2
            if candidate >= limit { return limit }
        }
        return candidate
    }

    private static func isPrime(_ odd: Int) -> Bool {
        var divisor = 3
        while divisor * divisor <= odd {
            if odd % divisor == 0 { return false }
            divisor += 2
        }
        return true
    }
}
