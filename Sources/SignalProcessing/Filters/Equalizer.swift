/// A parametric equalizer of up to 24 bands on each of four stereo strips, without latency.
///
/// High-pass and low-pass of 6 to 96 dB per octave (Butterworth or Linkwitz-Riley), bell, shelves, notch, band-pass
/// and tilt, each on stereo, mid, side, left or right, with a gain that a detector may move (`EqualizerDynamics`). The
/// magnitude is that of the analogue prototype (`EqualizerResponse`) within 0.05 dB up to 20 kHz at every session rate
/// (`MatchedDesign`): state-variable filters in the p,r form of `SectionCoefficients`, Float32 where that keeps an
/// error of -120 dB and Double elsewhere. (A low-pass of 96 dB per octave at 0.47 of the rate has -117 dB, as its
/// sections hand over Float32.) This is the minimum-phase mode.
///
/// - Bands on stereo, left and right act first, those on mid and side after them.
/// - A bell, shelf or tilt of 0 dB that does not move is not there: the identity, bit for bit.
/// - Automation moves frequency, gain and q at once on the control grid, and rescales the states so that the
///   integrators keep what they hold.
/// - Latency 0. Tail: until the slowest poles are 100 dB down. Snapshot: 16 bytes for each section that a strip's bands
///   may have and 24 for each detector; for four usual bands on four strips about 500 bytes.
/// - Re-convergence: boundary 1 on noise and music, 2 on silence; on constant input and steady tones Float32 lanes may
///   stay a few ulp apart for as long as they last.
package struct Equalizer: LaneDevice {
    package static let version: UInt32 = 1
    package static let parameterNames = EqualizerParameters.parameterNames
    /// The numbers of a band, after the device's own.
    package static let bandParameterNames = EqualizerBand.parameterNames

    private static let chunkFrames = 128

    private var designer: MatchedDesign
    private var strips: [EqualizerStrip]
    /// Columns on left and right, and on mid and side.
    private var plain: EqualizerBank
    private var middleSide: EqualizerBank
    /// Lanes on which no band acts.
    private var passes = SIMDMask<SIMD8<Int32>>(repeating: true)
    /// Lanes to turn into mid and side.
    private var encodes = SIMDMask<SIMD8<Int32>>(repeating: false)
    private var hasPassing = true
    private var isDynamic = false
    private var untouched: [LaneFrame]

    package static func latencyFrames(parameters: [Double], rateHertz: Int) -> Int? {
        guard let parameters = EqualizerParameters(values: parameters), parameters.mode == .minimumPhase else {
            return nil
        }
        return 0
    }

    package static func tailFrames(parameters: [Double], rateHertz: Int) -> Int {
        guard let parameters = EqualizerParameters(values: parameters) else { return 0 }
        let seconds = parameters.bands.reduce(0.0) { $0 + EqualizerStrip.tailSeconds($1) }
        return Int(seconds * Double(rateHertz)) + 64
    }

    /// nil also for the linear-phase mode, which is a convolution with the magnitude of `EqualizerResponse`.
    package init?(lanes: [[Double]?], keys: [Bool], rateHertz: Int) {
        precondition(lanes.count == 4 && keys.count == 4, "an equalizer has four strips")
        designer = MatchedDesign(rateHertz: Double(rateHertz))
        strips = []
        for (values, isKeyed) in zip(lanes, keys) {
            guard let values else {
                strips.append(EqualizerStrip())
                continue
            }
            guard let parameters = EqualizerParameters(values: values), parameters.mode == .minimumPhase else {
                return nil
            }
            strips.append(
                EqualizerStrip(
                    values: values, bands: parameters.bands, isKeyed: isKeyed, rateHertz: Double(rateHertz)))
        }
        plain = EqualizerBank(columnLimit: strips.map { $0.sectionLimit(inMiddleSide: false) }.max() ?? 0)
        middleSide = EqualizerBank(columnLimit: strips.map { $0.sectionLimit(inMiddleSide: true) }.max() ?? 0)
        untouched = Array(repeating: LaneFrame(), count: Self.chunkFrames)
        isDynamic = strips.contains { $0.isDynamic }
        for lane in 0..<4 {
            strips[lane].designAll(&designer)
            strips[lane].assign(lane: lane, &plain, &middleSide)
        }
        countColumns()
    }

    package var latencyFrames: Int { 0 }

    package mutating func update(lane: Int, parameters: [Double]) {
        guard strips[lane].take(parameters, &designer) else { return }
        strips[lane].assign(lane: lane, &plain, &middleSide)
        countColumns()
    }

    private mutating func countColumns() {
        plain.activeCount = 0
        middleSide.activeCount = 0
        for lane in 0..<4 {
            let (plainCount, otherCount) = (strips[lane].plainCount, strips[lane].middleSideCount)
            plain.activeCount = max(plain.activeCount, plainCount)
            middleSide.activeCount = max(middleSide.activeCount, otherCount)
            for half in 0..<2 {
                passes[lane + 4 * half] = plainCount + otherCount == 0
                encodes[lane + 4 * half] = otherCount > 0
            }
        }
        hasPassing = passes != SIMDMask(repeating: false)
    }

    package mutating func process(
        _ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int
    ) {
        var start = 0
        while start < block.count {
            var count = min(Self.chunkFrames, block.count - start)
            if isDynamic {
                // One cell of the control grid, or what of it is in this block.
                let phase = (frame + start) & 7
                if phase == 0 { moveGains() }
                count = min(8 - phase, count)
            }
            var part = block._mutatingExtracting(start..<start + count)
            if isDynamic { listen(part, key, start) }
            processPart(&part)
            start += count
        }
    }

    private mutating func processPart(_ part: inout MutableSpan<LaneFrame>) {
        guard plain.activeCount + middleSide.activeCount > 0 else { return }
        if hasPassing { for i in 0..<part.count { untouched[i] = part[i] } }
        plain.process(&part)
        if middleSide.activeCount > 0 {
            encode(&part)
            middleSide.process(&part)
            decode(&part)
        }
        if hasPassing { for i in 0..<part.count { part[i] = part[i].replacing(with: untouched[i], where: passes) } }
    }

    private func encode(_ part: inout MutableSpan<LaneFrame>) {
        for i in 0..<part.count {
            let x = part[i]
            let (left, right) = (x.lowHalf, x.highHalf)
            let encoded = LaneFrame(lowHalf: (left + right) * 0.5, highHalf: (left - right) * 0.5)
            part[i] = x.replacing(with: encoded, where: encodes)
        }
    }

    private func decode(_ part: inout MutableSpan<LaneFrame>) {
        for i in 0..<part.count {
            let x = part[i]
            let (middle, side) = (x.lowHalf, x.highHalf)
            let decoded = LaneFrame(lowHalf: middle + side, highHalf: middle - side)
            part[i] = x.replacing(with: decoded, where: encodes)
        }
    }

    private mutating func moveGains() {
        for lane in 0..<4 where strips[lane].isDynamic {
            strips[lane].moveGains(lane: lane, &designer, &plain, &middleSide)
        }
    }

    private mutating func listen(_ part: borrowing MutableSpan<LaneFrame>, _ key: Span<LaneFrame>?, _ start: Int) {
        for lane in 0..<4 where strips[lane].isDynamic {
            if strips[lane].isKeyed {
                guard let key else { preconditionFailure("a keyed strip without a key") }
                strips[lane].hear(key.extracting(start..<start + part.count), lane: lane)
            } else {
                strips[lane].hear(part.span, lane: lane)
            }
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<4 { strips[lane].write(to: &snapshot, lane: lane, plain, middleSide) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<4 {
            try strips[lane].read(from: &snapshot, lane: lane, &designer, &plain, &middleSide)
        }
    }
}
