/// The part that chorus and flanger share: a stereo delay line with feedback, read by one to four voices whose delays
/// swing.
///
/// Voice v of V swings ahead of the first by v / V of a turn, the right channel's ahead of the left's. All delays of a
/// chunk are computed first, four frames at once; then come the reads, frame by frame, because what is read goes back.
/// The line is in Double, so that what circulates re-converges.
struct ModulatedVoices: Sendable {
    /// Values over a chunk.
    struct Lines {
        /// Frames.
        var centre: ParameterLine
        /// Frames to either side of the centre.
        var swing: ParameterLine
        var feedback: ParameterLine
        var dry: ParameterLine
        /// Of the sum of the voices.
        var wet: ParameterLine
        /// How much of a channel's wet signal is the other one's: 0 to 0.5.
        var crossing: ParameterLine
    }

    static let chunkFrames = 64

    private let voiceCount: Int
    private let oscillator: LowFrequencyOscillator
    /// Phases of the left voices, then of the right ones.
    private let offsets: [UInt64]
    private var rings: RingPair
    private var places: FractionalPlaces
    /// Where the sums of a frame wait to be added up.
    private var sums = [Double](repeating: 0, count: 8)
    private let table = FractionalRead.table

    /// - Parameters:
    ///   - longestFrames: No delay is longer, whatever the lines say.
    ///   - turnsBetweenChannels: How far the right channel is ahead.
    init(
        voiceCount: Int, hertz: Double, turnsBetweenChannels: Double, longestFrames: Double, rateHertz: Int
    ) {
        self.voiceCount = voiceCount
        oscillator = LowFrequencyOscillator(hertz: hertz, rateHertz: rateHertz)
        offsets = (0..<2 * voiceCount).map { voice in
            let turns = Double(voice % voiceCount) / Double(voiceCount)
            return LowFrequencyOscillator.phase(
                turns: voice < voiceCount ? turns : turns + turnsBetweenChannels)
        }
        rings = RingPair(longestFrames: longestFrames)
        places = FractionalPlaces(frameCount: Self.chunkFrames, readCount: 2 * voiceCount)
    }

    /// One chunk of at most `chunkFrames` in place. Where the wet gain stays at 0 the signal is left alone.
    mutating func process(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        at frame: Int,
        _ lines: Lines
    ) {
        let longest = Double(rings.capacity - FractionalRead.reach - 1)
        let step = oscillator.fourFrames
        for voice in 0..<2 * voiceCount {
            places.set(
                read: voice, count: count, centre: lines.centre, swing: lines.swing, longest: longest,
                phases: oscillator.fourPhases(at: frame, ahead: offsets[voice]), step: step)
        }
        Self.run(&left, &right, from: start, count: count, voiceCount, &rings, places, &sums, table, lines)
    }

    @inline(never)
    private static func run(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        _ voices: Int,
        _ rings: inout RingPair, _ places: FractionalPlaces, _ sums: inout [Double], _ table: [Double],
        _ lines: Lines
    ) {
        precondition(count <= chunkFrames && start >= 0 && start + count <= left.count)
        precondition(right.count == left.count && places.places.count == 2 * voices * chunkFrames)
        precondition(voices > 0 && sums.count == 8 && places.weights.count == places.places.count)
        let (capacity, second) = (rings.capacity, rings.stride)
        let mean = 1 / Double(voices)
        let isSilent = lines.wet.stays(at: 0) && lines.dry.stays(at: 1)
        let weights = places.weights.span
        let places = places.places.span
        let table = table.span
        var position = rings.position
        rings.position = (position + count) % capacity
        var samples = rings.samples.mutableSpan
        var sums = sums.mutableSpan
        for i in 0..<count {
            let x = Double(unsafe left[unchecked: start &+ i])
            let y = Double(unsafe right[unchecked: start &+ i])
            var sumLeft = SIMD4<Double>()
            var sumRight = SIMD4<Double>()
            for voice in 0..<voices {
                let read = voice &* chunkFrames &+ i
                let other = read &+ voices &* chunkFrames
                sumLeft += unsafe FractionalRead.sums(
                    samples, ring: 0, capacity: capacity, position: position, place: places[unchecked: read],
                    weight: weights[unchecked: read], table)
                sumRight += unsafe FractionalRead.sums(
                    samples, ring: second, capacity: capacity, position: position,
                    place: places[unchecked: other],
                    weight: weights[unchecked: other], table)
            }
            // By way of memory, or the compiler would not keep them in vectors.
            unsafe sums.setUncheckedFour(sumLeft, at: 0)
            unsafe sums.setUncheckedFour(sumRight, at: 4)
            let wetLeft =
                unsafe (sums[unchecked: 0] + sums[unchecked: 2]) + (sums[unchecked: 1] + sums[unchecked: 3])
            let wetRight =
                unsafe (sums[unchecked: 4] + sums[unchecked: 6]) + (sums[unchecked: 5] + sums[unchecked: 7])
            let back = lines.feedback.value(i) * mean
            RingPair.write(
                x.addingProduct(back, wetLeft), y.addingProduct(back, wetRight), to: &samples, at: position,
                capacity: capacity)
            position &+= 1
            if position == capacity { position = 0 }
            if isSilent { continue }
            let (dry, wet) = (lines.dry.value(i), lines.wet.value(i))
            let across = (wetRight - wetLeft) * lines.crossing.value(i)
            unsafe left[unchecked: start &+ i] = Float((x * dry).addingProduct(wet, wetLeft + across))
            unsafe right[unchecked: start &+ i] = Float((y * dry).addingProduct(wet, wetRight - across))
        }
    }

    func write(to snapshot: inout SnapshotWriter) { rings.write(to: &snapshot) }
    mutating func read(from snapshot: inout SnapshotReader) throws { try rings.read(from: &snapshot) }
}

/// Frames of an echo's tail: passes of a line until the sum of all later ones is below -100 dB of what went in.
///
/// The n-th pass has feedback^(n-1) of it, and all after it together feedback^n / (1 - feedback): the first n for
/// which that is below 10^-5, whatever the signal.
enum EchoTail {
    /// - Parameter gain: Of a pass at its loudest.
    static func passes(feedback: Double, gain: Double = 1) -> Int {
        let feedback = feedback.magnitude
        var passes = 1
        var rest = gain * feedback / (1 - feedback)
        while rest >= 1e-5 {
            rest *= feedback
            passes += 1
        }
        return passes
    }
}
