/// A multiband compressor for a stereo signal: two to five bands, each with a compressor of its own.
///
/// The bands are cut by Linkwitz-Riley crossovers of fourth order, with the all-passes of the other splits in each band
/// (`CrossoverBank`), so that the bands' sum is flat in magnitude wherever no band is changed. A band's compressor is
/// feed-forward in the logarithmic domain (Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design",
/// J. Audio Eng. Soc. 60(6), 2012): the louder channel's peak, held for a tenth of the release and up to 10 ms, passes
/// the static curve with its quadratic knee; attack and release are the times to 63 % of a change in decibels, the hold
/// being part of the release. Both channels of a band get the same gain. A release of 100 ms or more settles on the
/// static curve for tones from 50 Hz up.
///
/// `mix` is the share of the gains: every band gets 1 + mix (gain - 1). Dry and wet pass the same all-passes, so
/// a parallel mix has no comb in it.
///
/// Automated crossovers rescale the filters' states; those that would cross count as equal.
///
/// Latency 0 frames, tail five periods of the lowest crossover (50 Hz: 0.1 s). Snapshot: 672 bytes with four bands,
/// 1,000 with five. Re-convergence: by the second segment boundary on noise, music and silence for releases up to
/// 0.5 s. On DC and steady tones the Float32 crossovers may stay a rounding step apart.
package struct Multiband: StereoDevice {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1
    package static let parameterNames = MultibandParameters.names
    package static let bandParameterNames = MultibandBand.names

    package let latencyFrames = 0
    package let tailFrames: Int
    private let rateHertz: Double
    private let bandCount: Int
    private var low: MultibandGroup
    /// The fifth band.
    private var high: MultibandGroup?
    private var crossoverHertz: InlineArray<4, Double>
    private var mix: GridGlide
    /// Frames since the last update, at most 8.
    private var updateAge = GridGlide.frameCount
    /// Bands side by side, and what two frames of them get, of a chunk at work.
    private var frames = [LaneFrame](repeating: LaneFrame(), count: DynamicsChunk.frameCount)
    private var pairs = [SIMD8<Float>](repeating: SIMD8(), count: DynamicsChunk.frameCount / 2)
    /// A chunk's left sums, then its right ones.
    private var sums = [Double](repeating: 0, count: 2 * DynamicsChunk.frameCount)

    package init?(parameters: [Double], rateHertz: Int) {
        // Automation may have crossed the bands where a segment begins.
        guard let settings = MultibandParameters(values: parameters) else { return nil }
        self.init(settings, rateHertz: Double(rateHertz))
    }

    /// - Parameter rateHertz: Sample rate of the signal.
    package init(_ settings: MultibandParameters, rateHertz: Double) {
        self.rateHertz = rateHertz
        bandCount = settings.bandCount
        mix = GridGlide(settings.mix)
        crossoverHertz = Self.crossovers(settings)
        tailFrames = Int((5 / settings[0].upToHertz * rateHertz).rounded(.up))
        let corners = Self.corners(crossoverHertz, rateHertz)
        low = MultibandGroup(bands: 0..<min(4, bandCount), settings, corners: corners, rateHertz: rateHertz)
        high = bandCount < 5 ? nil : MultibandGroup(bands: 4..<5, settings, corners: corners, rateHertz: rateHertz)
    }

    package mutating func update(parameters: [Double]) {
        guard let settings = MultibandParameters(values: parameters), settings.bandCount == bandCount else { return }
        let wanted = Self.crossovers(settings)
        var isMoved = false
        for i in 0..<4 where wanted[i] != crossoverHertz[i] { isMoved = true }
        if isMoved {
            crossoverHertz = wanted
            let corners = Self.corners(wanted, rateHertz)
            low.retune(corners: corners)
            high?.retune(corners: corners)
        }
        low.set(settings)
        high?.set(settings)
        mix.move(to: settings.mix)
        updateAge = 0
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        var start = 0
        while start < left.count {
            let isGliding = updateAge < GridGlide.frameCount
            let most = isGliding ? GridGlide.frameCount - updateAge : DynamicsChunk.frameCount
            let count = min(most, left.count - start)
            let share = mix.line(isUnderWay: isGliding)
            clearSums()
            low.add(
                left.span, right.span, start, count, frame + start, updateAge: updateAge, mix: share,
                frames: &frames, pairs: &pairs, to: &sums)
            high?.add(
                left.span, right.span, start, count, frame + start, updateAge: updateAge, mix: share,
                frames: &frames, pairs: &pairs, to: &sums)
            take(&left, start, count, from: 0)
            take(&right, start, count, from: DynamicsChunk.frameCount)
            if isGliding { updateAge += count }
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        low.write(to: &snapshot)
        high?.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try low.read(from: &snapshot)
        try high?.read(from: &snapshot)
        // Snapshots lie on the control grid, where every glide has ended.
        updateAge = GridGlide.frameCount
    }

    private static func crossovers(_ settings: MultibandParameters) -> InlineArray<4, Double> {
        var crossovers = InlineArray<4, Double>(repeating: 20_000)
        for i in 0..<settings.bandCount - 1 { crossovers[i] = settings[i].upToHertz }
        return crossovers
    }

    private static func corners(_ crossovers: InlineArray<4, Double>, _ rateHertz: Double) -> InlineArray<4, Double> {
        var corners = crossovers
        for i in 0..<4 { corners[i] = BandSection.corner(frequencyHertz: crossovers[i], rateHertz: rateHertz) }
        return corners
    }

    private mutating func clearSums() {
        var sums = self.sums.mutableSpan
        for i in 0..<sums.count { sums[i] = 0 }
    }

    private func take(_ samples: inout MutableSpan<Float>, _ start: Int, _ count: Int, from first: Int) {
        let sums = self.sums.span
        var i = 0
        while i + 8 <= count {
            samples.setLanes(SIMD8<Float>(sums.lanes(at: first + i)), at: start + i)
            i += 8
        }
        while i < count {
            samples[start + i] = Float(sums[first + i])
            i += 1
        }
    }
}
