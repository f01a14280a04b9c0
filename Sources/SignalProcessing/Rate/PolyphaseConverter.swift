/// Sample-rate conversion between any two integer rates by a windowed sinc: stateless and zero-phase.
///
/// Output frame n lies at input position n M / L, with L / M the reduced ratio of the rates, in exact integer
/// arithmetic on the absolute frame, so any range of output frames can be computed from its own neighbourhood
/// in any order (R. Crochiere, L. Rabiner, "Multirate Digital Signal Processing", 1983, ch. 4). Flat to 0.907 of the
/// lower rate's half (20 kHz at 44.1 kHz), -6 dB in the middle of the transition, stop band from that half on. Input
/// and output Float32, everything between in Double.
///
/// Between rates whose ratio has small factors, as all usual ones have, the filter is applied to spectra
/// (`SpectralConverter`): its stop band is 180 dB down, and what it costs hardly depends on its length. Between others
/// it is a sum of products per output frame, its stop band 150 dB down (`DirectConverter`). Between equal rates the
/// output is the input.
///
/// Where all of an output frame's neighbourhood is zero, it is zero: digital silence stays digital silence, from
/// `filterReach` frames after the sound. NaN and infinity spread over a block or two.
///
/// Latency 0 (it reads ahead), tail `historyFrames`, no snapshot, re-converges within its own length.
package struct PolyphaseConverter: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 2

    static let spectralAttenuationDecibels = 180.0
    static let directAttenuationDecibels = 150.0
    /// End of the flat pass band and start of the stop band, in cycles per frame of the lower rate.
    static let passBandEnd = 20_000.0 / 44_100
    static let stopBandStart = 0.5

    /// L and M: `interpolation` output frames span `decimation` input frames.
    package var interpolation: Int { ratio.interpolation }
    package var decimation: Int { ratio.decimation }
    /// Input frames that are read at most on each side of an output frame's position; what a range of output frames
    /// reads says `inputRange`.
    package let historyFrames: Int
    /// Input frames on each side of an output frame's position that it depends on.
    package let filterReach: Int

    private let ratio: RateRatio
    private let method: Method

    private enum Method {
        case copy
        case spectral(SpectralConverter)
        case direct(DirectConverter)
    }

    /// - Parameters:
    ///   - from: rate of the input in hertz, positive.
    ///   - to: rate of the output in hertz, positive.
    package init(from: Int, to: Int) {
        let ratio = RateRatio(from: from, to: to)
        self.ratio = ratio
        // In cycles per input frame.
        let lower = Double(min(from, to)) / Double(from)
        if from == to {
            method = .copy
            historyFrames = 0
            filterReach = 0
        } else if let spectral = SpectralConverter(
            interpolation: ratio.interpolation, decimation: ratio.decimation,
            filter: Self.filter(attenuationDecibels: Self.spectralAttenuationDecibels, lower: lower))
        {
            method = .spectral(spectral)
            historyFrames = spectral.unitReach
            filterReach = spectral.filterReach
        } else {
            let direct = DirectConverter(
                ratio: ratio,
                filter: Self.filter(attenuationDecibels: Self.directAttenuationDecibels, lower: lower))
            method = .direct(direct)
            historyFrames = direct.filterReach
            filterReach = direct.filterReach
        }
    }

    /// - Parameter lower: the lower of the rates, as a part of the input's.
    static func filter(attenuationDecibels: Double, lower: Double) -> KaiserSinc {
        let transition = 2 * Double.pi * (stopBandStart - passBandEnd) * lower
        return KaiserSinc(
            cutoff: (passBandEnd + stopBandStart) / 2 * lower,
            halfWidth: Int(((attenuationDecibels - 7.95) / (2.285 * transition) / 2).rounded(.up)),
            beta: 0.1102 * (attenuationDecibels - 8.7))
    }

    /// Frames of the output of a stream of `frameCount` input frames, rounded up.
    package func outputFrameCount(forInput frameCount: Int) -> Int {
        (frameCount * interpolation + decimation - 1) / decimation
    }

    /// The input frames that a range of output frames reads; they may lie outside the stream.
    package func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        switch method {
        case .copy: range
        case .spectral(let spectral): spectral.inputRange(forOutput: range)
        case .direct(let direct): direct.inputRange(forOutput: range)
        }
    }

    /// Output frames from one place to the next at which work is cut best: what is computed together lies between two
    /// whole multiples, and would be computed again for either side of a cut in it.
    package var blockFrames: Int {
        switch method {
        case .copy, .direct: 16_384
        case .spectral(let spectral): spectral.blockFrames
        }
    }

    /// Fills `output`, whose first frame is output frame `outputStart`.
    ///
    /// - Parameters:
    ///   - input: at least the frames of `inputRange`, zero outside the stream.
    ///   - inputStart: absolute input frame of its first element.
    package func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let range = inputRange(forOutput: outputStart..<outputStart + output.count)
        precondition(
            range.isEmpty
                || (range.lowerBound >= inputStart && range.upperBound <= inputStart + input.count),
            "input does not cover the output")
        switch method {
        case .copy: for i in 0..<output.count { output[i] = input[outputStart - inputStart + i] }
        case .direct(let direct):
            direct.process(input: input, inputStart: inputStart, output: &output, outputStart: outputStart)
        case .spectral(let spectral):
            spectral.process(input: input, inputStart: inputStart, output: &output, outputStart: outputStart)
            silence(input: input, inputStart: inputStart, output: &output, outputStart: outputStart)
        }
    }

    /// Zeroes the output frames whose whole neighbourhood is zero, where a transform leaves -300 dB of the sound
    /// nearby.
    ///
    /// A run of zeros that is as long as a neighbourhood holds a multiple of that length, so only every such frame is
    /// looked at.
    private func silence(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let range = ratio.inputRange(forOutput: outputStart..<outputStart + output.count, reach: filterReach)
        guard !range.isEmpty else { return }
        let (first, end) = (range.lowerBound - inputStart, range.upperBound - inputStart)
        var probe = first + 2 * filterReach - 1
        while probe < end {
            guard input[probe] == 0 else {
                probe += 2 * filterReach
                continue
            }
            var runStart = probe
            while runStart > first, input[runStart - 1] == 0 { runStart -= 1 }
            var runEnd = probe + 1
            while runEnd < end, input[runEnd] == 0 { runEnd += 1 }
            // Output frame n reads the frames from floor(n M / L) + 1 - reach to floor(n M / L) + reach.
            let from = ratio.firstOutput(atOrAfter: inputStart + runStart - 1 + filterReach)
            let to = ratio.firstOutput(atOrAfter: inputStart + runEnd - filterReach)
            let zeroes =
                max(from - outputStart, 0)..<max(from - outputStart, 0, min(to - outputStart, output.count))
            for i in zeroes { output[i] = 0 }
            probe = runEnd + 2 * filterReach
        }
    }
}
