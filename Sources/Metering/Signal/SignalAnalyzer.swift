/// Measures whole seconds of a song, in any order, on any machine: level, DC, clipping, silence, bit depth, stereo
/// image and spectrum.
///
/// A second's record depends on the frames of that second and on its place only, and all sums have a fixed order in
/// Double: folded in order by `SignalSummary`, records give the same bits however the work was cut. Like all of this,
/// it expects a processor that does not flush denormals.
package struct SignalAnalyzer: Sendable {
    /// Changes whenever the same signal would give other bits.
    package static let version: UInt32 = 1
    /// Full scale, for runs: 32767 / 32768, the greatest sample of 16 bits.
    package static let fullScaleGain: Float = 1 - 0x1p-15
    /// Equal samples at or beyond a ceiling that make a clip run.
    package static let clipRunFrameCount = 3
    /// -20 dBFS: a ceiling below that is none.
    package static let leastCeilingGain: Float = 0.1
    /// -80 dBFS: a frame with no sample above it is silent.
    package static let silenceGain: Float = 1e-4

    package let rateHertz: Int
    package let channelCount: Int
    private let spectrum: OctaveSpectrum?

    /// - Parameters:
    ///   - rateHertz: 8 to 768 kHz.
    ///   - channelCount: 1 to 64; left and right are the first two.
    ///   - measuresSpectrum: whether the values that need a Fourier transform are measured, most of the work.
    package init(rateHertz: Int, channelCount: Int, measuresSpectrum: Bool = true) {
        precondition((8000...768_000).contains(rateHertz), "8 to 768 kHz")
        precondition((1...SegmentMeasurement.maximumChannelCount).contains(channelCount), "1 to 64 channels")
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        spectrum = measuresSpectrum ? OctaveSpectrum(rateHertz: rateHertz, channelCount: channelCount) : nil
    }

    /// Frames of the shortest silence inside a song that is noted: 5 ms, and at least 128 frames.
    package static func leastSilenceFrameCount(rateHertz: Int) -> Int {
        max(2 * ChannelScan.chunkFrameCount, rateHertz / 200)
    }

    /// Measures second `second` of the song.
    ///
    /// - Parameters:
    ///   - planes: per channel `frameCount` samples; of any values, NaN and infinity too.
    ///   - frameCount: the rate, or fewer (at least 1) for the last second.
    package func measure(planes: [UnsafePointer<Float>], frameCount: Int, second: Int) -> SignalSecond {
        precondition(planes.count == channelCount, "one plane per channel")
        precondition(frameCount > 0 && frameCount <= rateHertz && second >= 0, "not a second of a song")
        var channels = [ChannelSecond](repeating: ChannelSecond(), count: channelCount)
        let pieces = RangeFold.pieces(rateHertz: rateHertz, second: second, frameCount: frameCount)
        var sources = planes
        var cleaned: [UnsafeMutablePointer<Float>] = []
        defer { for plane in cleaned { plane.deallocate() } }
        for channel in channels.indices {
            if !sum(pieces, of: sources[channel], into: &channels[channel]) {
                let copy = UnsafeMutablePointer<Float>.allocate(capacity: frameCount)
                cleaned.append(copy)
                Self.clean(sources[channel], count: frameCount, to: copy, noting: &channels[channel])
                sources[channel] = UnsafePointer(copy)
                _ = sum(pieces, of: sources[channel], into: &channels[channel])
            }
        }
        var magnitudes = [Float](
            repeating: 0, count: (frameCount + ChannelScan.chunkFrameCount - 1) / ChannelScan.chunkFrameCount)
        for channel in channels.indices {
            scan(sources[channel], count: frameCount, pieces, &channels[channel], &magnitudes)
        }
        let isStereo = channelCount > 1
        let least = Self.leastSilenceFrameCount(rateHertz: rateHertz)
        return SignalSecond(
            rateHertz: rateHertz, second: second, frameCount: frameCount, channels: channels,
            product: isStereo ? ChannelScan.product(sources[0], sources[1], count: frameCount) : 0,
            zeroRuns: .atMost(
                0, in: sources, count: frameCount, chunkMagnitudes: magnitudes, minimumFrameCount: least),
            quietRuns: .atMost(
                Self.silenceGain, in: sources, count: frameCount, chunkMagnitudes: magnitudes,
                minimumFrameCount: least),
            spectrum: spectrum?.measure(sources, count: frameCount))
    }

    /// Measures second `second` of planes that hold the whole song.
    package func measure(song planes: [[Float]], second: Int) -> SignalSecond {
        precondition(planes.count == channelCount, "one plane per channel")
        let start = second * rateHertz
        let count = min(rateHertz, planes[0].count - start)
        func open(_ channel: Int, _ pointers: [UnsafePointer<Float>]) -> SignalSecond? {
            guard channel < planes.count else { return measure(planes: pointers, frameCount: count, second: second) }
            precondition(planes[channel].count == planes[0].count, "planes of different lengths")
            return planes[channel].withUnsafeBufferPointer { plane in
                // SAFETY: the pointers live inside this nest of closures only.
                guard let base = plane.baseAddress else { return nil }
                return open(channel + 1, pointers + [base + start])
            }
        }
        guard count > 0, let record = open(0, []) else { preconditionFailure("the song is shorter") }
        return record
    }

    /// Sums and squares; false when a sample is not finite.
    private func sum(
        _ pieces: [Range<Int>], of x: UnsafePointer<Float>, into record: inout ChannelSecond
    ) -> Bool {
        record.sum = 0
        record.parts = []
        for piece in pieces {
            let sums = ChannelScan.sums(x + piece.lowerBound, count: piece.count)
            record.sum += sums.sum
            record.parts.append(RangePart(frameCount: piece.count, squares: sums.squares, peak: 0))
        }
        // Squares of finite samples do not overflow in Double.
        return record.squares.isFinite
    }

    private static func clean(
        _ x: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>,
        noting record: inout ChannelSecond
    ) {
        for frame in 0..<count {
            if x[frame].isFinite {
                target[frame] = x[frame]
            } else {
                target[frame] = 0
                record.nonFiniteCount += 1
                if record.firstNonFiniteFrame < 0 { record.firstNonFiniteFrame = frame }
            }
        }
    }

    /// Everything that compares samples. `magnitudes` collects the greatest magnitudes of the chunks.
    private func scan(
        _ x: UnsafePointer<Float>, count: Int, _ pieces: [Range<Int>], _ record: inout ChannelSecond,
        _ magnitudes: inout [Float]
    ) {
        let size = ChannelScan.chunkFrameCount
        let (least, greatest) = ChannelScan.extremes(x, count: count)
        (record.least, record.greatest) = (least[0], greatest[0])
        for chunk in least.indices {
            if least[chunk] < record.least { record.least = least[chunk] }
            if greatest[chunk] > record.greatest { record.greatest = greatest[chunk] }
            magnitudes[chunk] = max(magnitudes[chunk], max(greatest[chunk], -least[chunk]))
        }
        let peak = record.peak
        if let chunk = least.indices.first(where: { greatest[$0] == peak || least[$0] == -peak }) {
            record.peakFrame = chunk * size
            while x[record.peakFrame].magnitude != peak { record.peakFrame += 1 }
        }
        for (i, piece) in pieces.enumerated() {
            record.parts[i].peak = Self.peak(of: x, in: piece, least, greatest)
        }
        record.activeBits = peak > 1 ? nil : ChannelScan.activeBits(x, count: count)
        for (sign, peaks, own) in [(Float(1), greatest, record.greatest), (-1, least, -record.least)] {
            func runs(at level: Float) -> SecondRuns {
                SecondRuns.atLeast(
                    level, in: x, count: count, chunkPeaks: peaks, sign: sign,
                    minimumFrameCount: Self.clipRunFrameCount)
            }
            record.fullScaleRuns.append(own >= Self.fullScaleGain ? runs(at: Self.fullScaleGain) : SecondRuns())
            let isCeiling = own >= Self.leastCeilingGain && own < Self.fullScaleGain
            record.ceilingRuns.append(isCeiling ? runs(at: own) : SecondRuns())
        }
    }

    /// The greatest magnitude in a part of the second: of whole chunks, and of single frames at its ends.
    private static func peak(
        of x: UnsafePointer<Float>, in piece: Range<Int>, _ least: [Float], _ greatest: [Float]
    ) -> Float {
        let size = ChannelScan.chunkFrameCount
        var peak: Float = 0
        var frame = piece.lowerBound
        while frame < piece.upperBound {
            let chunk = frame / size
            if frame == chunk * size, frame + size <= piece.upperBound {
                peak = max(peak, max(greatest[chunk], -least[chunk]))
                frame += size
            } else {
                peak = max(peak, x[frame].magnitude)
                frame += 1
            }
        }
        return peak
    }
}
