package import Quantities
internal import SignalProcessing

/// The spectrum; nil or empty where the analyzer left it out.
extension SignalSummary {
    /// Nominal centres of the octave bands in hertz (IEC 61260-1).
    package static let bandCentresHertz = OctaveSpectrum.centresHertz
    /// The bands 31.5 Hz to 1 kHz, 22 Hz to 1.41 kHz.
    private static let lowBands = 0..<6
    /// The bands 4 to 16 kHz, from 2.8 kHz on.
    private static let highBands = 7..<10
    /// -100 dBFS: below that in `lowBands`, nothing is bright or dark.
    private static let leastLowPower = 0.5e-10

    /// Mean squares of the mid signal (L + R) / 2 in the ten octave bands during one second; of the only channel for
    /// mono. A full-scale sine has 0.5. Empty without spectra.
    package func bandPowers(second: Int) -> [Double] { seconds[second].spectrum?.bandPowers ?? [] }

    /// The same over a range of seconds, each weighted with its frames.
    package func bandPowers(seconds range: Range<Int>) -> [Double] {
        guard !range.isEmpty, seconds[range].allSatisfy({ $0.spectrum != nil }) else { return [] }
        var sums = [Double](repeating: 0, count: OctaveSpectrum.bandCount)
        var frames = 0
        for second in range {
            let powers = bandPowers(second: second)
            for band in sums.indices {
                sums[band] = sums[band].addingProduct(powers[band], Double(seconds[second].frameCount))
            }
            frames += seconds[second].frameCount
        }
        return sums.map { $0 / Double(frames) }
    }

    /// The long-term average spectrum: per octave band the level of the mid signal in dBFS (a full-scale sine reads 0),
    /// -infinity for silence and for bands above half the rate. Of a band that half the rate cuts, the lower part
    /// counts.
    package var bandLevels: [Decibels] {
        bandPowers(seconds: 0..<secondCount).map { Decibels(10 * PinnedMath.log10(2 * $0)) }
    }

    /// Brightness: the level of the bands from 4 kHz up over that of the bands up to 1 kHz, in dB. Differences tell
    /// more than values. Nil where the low bands are below -100 dBFS.
    package func brightness(seconds range: Range<Int>) -> Decibels? {
        let powers = bandPowers(seconds: range)
        guard !powers.isEmpty else { return nil }
        let low = powers[Self.lowBands].reduce(0, +)
        let high = powers[Self.highBands].reduce(0, +)
        return low < Self.leastLowPower ? nil : Decibels(10 * PinnedMath.log10(high / low))
    }

    /// The cliff in the spectrum of all channels, if it has one.
    package var spectrumEdge: SpectrumEdge? {
        guard lineFrameCount > 0 else { return nil }
        return SpectrumEdge(powers: meanLinePowers, rateHertz: rateHertz, noisePower: noisePower)
    }

    /// The highest frequency with content, to half the rate / 256: the edge of a cliff, or else the upper end of the
    /// highest line that is 6 dB above the dither noise of the used bit depth (of 24 bits for floating point). Nil
    /// where there is none, and for songs shorter than the window of a transform.
    package var bandwidthHertz: Double? {
        guard lineFrameCount > 0 else { return nil }
        if let edge = spectrumEdge { return edge.hertz }
        let noise = noisePower
        return meanLinePowers.lastIndex { $0 > noise }.map {
            Double($0 + 1) * Double(rateHertz) / Double(2 * OctaveSpectrum.lineCount)
        }
    }

    /// Whether the spectrum ends so sharply and so early that the song was made at a lower rate, or coded with loss:
    /// see `SpectrumEdge`.
    package var isUpsamplingSuspected: Bool { spectrumEdge?.isSuspicious ?? false }

    /// Mean squares of a channel in lines of the rate / 512; empty where unknown. For drawings of the spectrum.
    package var meanLinePowers: [Double] {
        guard lineFrameCount > 0 else { return [] }
        return linePowers.map { $0 / (Double(lineFrameCount) * Double(channelCount)) }
    }

    /// 6 dB above the share of one line in the noise of triangular dither, a quarter of a step squared.
    private var noisePower: Double {
        let bits = if case .integer(let bits) = bitDepth { bits } else { 24 }
        let step = 1 / Double(1 << (bits - 1))
        return step * step / Double(OctaveSpectrum.lineCount)
    }
}
