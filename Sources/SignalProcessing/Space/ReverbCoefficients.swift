/// An `FDNReverb` as plain numbers, frozen by the compiler.
package struct ReverbCoefficients: Sendable, Equatable {
    /// Lines of the feedback network.
    package static let lineCount = 16
    /// All-passes before the network: four for each channel, left ones first.
    package static let diffuserCount = 8
    /// No line or all-pass is shorter than a chunk of the processor.
    static let shortestFrames = 67

    package var predelayFrames: Int
    /// Mutually prime lengths of the lines.
    package var lineFrames: [Int]
    /// Per line, y = lineGains x + lineDampings y1: the losses of one pass.
    package var lineGains: [Double]
    package var lineDampings: [Double]
    package var diffuserFrames: [Int]
    package var diffuserGain: Double
    /// From the sum of the lines to the output.
    package var outputGain: Double
    /// 0 mono to 1 wide.
    package var width: Double
    package var dryGain: Double
    package var wetGain: Double
    package var tailFrames: Int

    /// - Parameters:
    ///   - decaySeconds: T60 at mid frequencies (1 kHz, or a quarter of `dampingHertz` where that is lower),
    ///     0.1 to 20.
    ///   - predelaySeconds: silence before the reverberation.
    ///   - dampingHertz: frequency at which the T60 is half of that; it falls on above.
    ///   - size: scale of the room, 0.25 to 2; a short decay shrinks it, so that no pass loses more than 12
    ///     dB.
    ///   - width: 0 mono to 1 wide.
    ///   - mix: 0 dry to 1 wet, linear.
    ///   - rateHertz: rate of the signal.
    package static func design(
        decaySeconds: Double, predelaySeconds: Double, dampingHertz: Double, size: Double, width: Double,
        mix: Double, rateHertz: Int
    ) -> ReverbCoefficients {
        let rate = Double(rateHertz)
        // Lines of 30 to 104 ms, in equal ratios and no order.
        let scale = min(size, 1.9 * decaySeconds)
        var taken: [Int] = []
        for i in 0..<lineCount {
            let seconds =
                0.03 * PinnedMath.exp2(1.8 * Double((7 * i + 3) % 16) / Double(lineCount - 1)) * scale
            taken.append(prime(from: max(2 * shortestFrames, Int(seconds * rate)), except: taken))
        }
        let lineFrames = taken
        for seconds in [0.0031, 0.0047, 0.0073, 0.0113, 0.0035, 0.0053, 0.0079, 0.0107] {
            taken.append(prime(from: max(shortestFrames, Int(seconds * scale * rate)), except: taken))
        }
        let losses = lineFrames.map {
            loss(
                seconds: Double($0) / rate, decaySeconds: decaySeconds, dampingHertz: dampingHertz, rate: rate
            )
        }
        // Steady noise at mid frequencies comes out as loud as it went in: each of 16 lines carries
        // G^2 / (8 (1 - G^2)) of the power of a channel that feeds 8 of them with 1/8 each.
        let power = losses.reduce(0) { $0 + $1.gain * $1.gain } / Double(lineCount)
        let diffuserFrames = Array(taken[lineCount...])
        let predelayFrames = Int((predelaySeconds * rate).rounded())
        return ReverbCoefficients(
            predelayFrames: predelayFrames, lineFrames: lineFrames,
            lineGains: losses.map { $0.steady * (1 - $0.damping) }, lineDampings: losses.map(\.damping),
            diffuserFrames: diffuserFrames, diffuserGain: 0.6,
            outputGain: ((1 - power) / (2 * power)).root,
            width: width, dryGain: 1 - mix, wetGain: mix,
            tailFrames: tail(lineFrames, losses.map(\.steady), diffuserFrames) + predelayFrames)
    }

    /// Frames to -100 dB of the slowest line at its slowest frequency, 0 Hz, after the first pass and the
    /// all-passes, which have lost as much after 23 of their lengths (0.6^23 < 10^-5).
    private static func tail(_ lines: [Int], _ steadyGains: [Double], _ diffusers: [Int]) -> Int {
        var slowest = 0.0
        for (frames, gain) in zip(lines, steadyGains) {
            slowest = max(slowest, -100 * Double(frames) / PinnedMath.decibels(gain: gain))
        }
        return Int(slowest.rounded(.up)) + lines.reduce(0, max) + 23 * diffusers.reduce(0, max)
    }

    /// One pass through a line: 60 dB in T60 at the middle frequency, twice the decibels at the damping
    /// frequency (Jot & Chaigne, "Digital delay networks for designing artificial reverberators", AES 90,
    /// 1991).
    ///
    /// With |H|^2 = (1 - b)^2 / (1 - 2 b cos w + b^2) for a damping b, the ratio of the two frequencies gives
    /// (1 - G^2) b^2 - 2 (cos m - G^2 cos d) b + (1 - G^2) = 0.
    private static func loss(
        seconds: Double, decaySeconds: Double, dampingHertz: Double, rate: Double
    ) -> (gain: Double, steady: Double, damping: Double) {
        let gain = PinnedMath.gain(decibels: -60 * seconds / decaySeconds)
        guard dampingHertz < 0.49 * rate else { return (gain, gain, 0) }
        let turn = 2 * Double.pi / rate
        let a = 1 - gain * gain
        let cosDamping = PinnedMath.cos(turn * dampingHertz)
        for middle in [min(1000, dampingHertz / 4), 0] {
            let cosMiddle = PinnedMath.cos(turn * middle)
            let half = cosMiddle - gain * gain * cosDamping
            guard half > a else { continue }
            // The smaller root, without the cancellation of half - sqrt(...).
            let b = a / (half + (half * half - a * a).root)
            let steady = gain * (1 - 2 * b * cosMiddle + b * b).root / (1 - b)
            if steady < 1 { return (gain, steady, b) }
        }
        return (gain, gain, 0)
    }

    private static func prime(from least: Int, except taken: [Int]) -> Int {
        var candidate = least | 1
        while taken.contains(candidate) || !isPrime(candidate) { candidate += 2 }
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

extension ReverbCoefficients {
    private static let longestFrames = 1 << 20

    /// All numbers: predelay, lines, their gains and dampings, all-passes, and the rest in the order of the
    /// properties.
    package var values: [Double] {
        [Double(predelayFrames)] + lineFrames.map(Double.init) + lineGains + lineDampings
            + diffuserFrames.map(Double.init)
            + [diffuserGain, outputGain, width, dryGain, wetGain, Double(tailFrames)]
    }

    /// The coefficients whose `values` these are; nil if they cannot be, or if the network would not be
    /// stable.
    package init?(values: [Double]) {
        let lines = Self.lineCount
        guard values.count == 1 + 3 * lines + Self.diffuserCount + 6, values.allSatisfy(\.isFinite) else {
            return nil
        }
        func frames(_ range: Range<Int>) -> [Int] { values[range].compactMap { Int(exactly: $0) } }
        let predelay = frames(0..<1)
        lineFrames = frames(1..<1 + lines)
        lineGains = Array(values[1 + lines..<1 + 2 * lines])
        lineDampings = Array(values[1 + 2 * lines..<1 + 3 * lines])
        diffuserFrames = frames(1 + 3 * lines..<1 + 3 * lines + Self.diffuserCount)
        let rest = Array(values[(1 + 3 * lines + Self.diffuserCount)...])
        guard let predelay = predelay.first, (0...Self.longestFrames).contains(predelay),
            lineFrames.count == lines,
            diffuserFrames.count == Self.diffuserCount,
            (lineFrames + diffuserFrames).allSatisfy({
                (Self.shortestFrames...Self.longestFrames).contains($0)
            }),
            zip(lineGains, lineDampings).allSatisfy({ $0 >= 0 && $1 >= 0 && $1 < 1 && $0 / (1 - $1) < 1 }),
            rest[0].magnitude < 1, let tail = Int(exactly: rest[5]), tail >= 0
        else { return nil }
        predelayFrames = predelay
        (diffuserGain, outputGain, width, dryGain, wetGain) = (rest[0], rest[1], rest[2], rest[3], rest[4])
        tailFrames = tail
    }
}
