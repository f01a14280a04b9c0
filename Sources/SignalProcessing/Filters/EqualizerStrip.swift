/// The bands of one strip of an `Equalizer`, and which columns their sections are in.
struct EqualizerStrip: Sendable {
    let isKeyed: Bool
    private var values: [Double]
    private var bands: [EqualizerBand]
    private var designs: [BandDesign]
    /// One for each dynamic band.
    private var dynamics: [EqualizerDynamics?]
    /// First slot of each band; a band has a slot for each section it may come to have.
    private var firstSlots: [Int]
    /// The column of each slot; -1 for a section that is not there.
    private var slotColumns: [Int]
    /// Room for p and r of left and right while sections change columns.
    private var slotStates: [SIMD4<Double>]
    private var slotTunings: [SectionCoefficients]
    private(set) var plainCount = 0
    private(set) var middleSideCount = 0
    let isDynamic: Bool

    /// A strip that passes.
    init() { self.init(values: [], bands: [], isKeyed: false, rateHertz: 48_000) }

    init(values: [Double], bands: [EqualizerBand], isKeyed: Bool, rateHertz: Double) {
        self.isKeyed = isKeyed
        // A copy of its own now, so that the first update makes none.
        self.values = values.map(\.self)
        self.bands = bands
        designs = Array(repeating: .identity, count: bands.count)
        dynamics = bands.map { $0.isDynamic ? EqualizerDynamics($0, rateHertz: rateHertz) : nil }
        isDynamic = bands.contains { $0.isDynamic }
        firstSlots = [0]
        for band in bands { firstSlots.append(firstSlots[firstSlots.count - 1] + MatchedDesign.sectionLimit(band)) }
        let slotCount = firstSlots[bands.count]
        slotColumns = Array(repeating: -1, count: slotCount)
        slotStates = Array(repeating: SIMD4(), count: slotCount)
        slotTunings = Array(repeating: .identity, count: slotCount)
    }

    private static func isMiddleSide(_ band: EqualizerBand) -> Bool {
        band.placement == .mid || band.placement == .side
    }

    /// Whether the band is on the left (or mid) half, and on the right (or side) half.
    private static func halves(_ band: EqualizerBand) -> (Bool, Bool) {
        switch band.placement {
        case .stereo: (true, true)
        case .left, .mid: (true, false)
        case .right, .side: (false, true)
        }
    }

    func sectionLimit(inMiddleSide: Bool) -> Int {
        bands.reduce(0) { $0 + (Self.isMiddleSide($1) == inMiddleSide ? MatchedDesign.sectionLimit($1) : 0) }
    }

    mutating func designAll(_ designer: inout MatchedDesign) {
        for i in bands.indices { design(i, &designer) }
    }

    private mutating func design(_ i: Int, _ designer: inout MatchedDesign) {
        if dynamics[i] == nil {
            designs[i] = designer.design(bands[i], gainDecibels: bands[i].gainDecibels)
        } else {
            setDynamicDesign(i, &designer)
        }
    }

    private mutating func setDynamicDesign(_ i: Int, _ designer: inout MatchedDesign) {
        guard let node = dynamics[i]?.design(&designer) else { return }
        designs[i].count = 2
        designs[i].sections[0] = node.main
        designs[i].sections[1] = node.correction
        designs[i].scale = node.scale
    }

    /// Takes new values of automated parameters; whether any is new.
    mutating func take(_ new: [Double], _ designer: inout MatchedDesign) -> Bool {
        precondition(new.count == values.count, "an update has the numbers of the device")
        let width = EqualizerBand.parameterNames.count
        var isNew = false
        for i in bands.indices {
            let start = 1 + i * width
            var isSame = true
            for j in start..<start + width where values[j] != new[j] {
                isSame = false
                values[j] = new[j]
            }
            if isSame { continue }
            guard let band = EqualizerBand(values: new, at: start),
                band.isDynamic == bands[i].isDynamic,
                MatchedDesign.sectionLimit(band) == MatchedDesign.sectionLimit(bands[i])
            else { preconditionFailure("an update leaves choices and ranges alone") }
            bands[i] = band
            dynamics[i]?.setBand(band)
            design(i, &designer)
            isNew = true
        }
        return isNew
    }

    /// Puts the sections into columns: those that block 0 Hz first, the others in the order of bands.
    ///
    /// A section that stays keeps its state, rescaled to the new coefficients.
    mutating func assign(lane: Int, _ plain: inout EqualizerBank, _ middleSide: inout EqualizerBank) {
        for i in bands.indices {
            let isOther = Self.isMiddleSide(bands[i])
            for slot in firstSlots[i]..<firstSlots[i + 1] where slotColumns[slot] >= 0 {
                let column = slotColumns[slot]
                if isOther { keep(slot, column, lane, &middleSide) } else { keep(slot, column, lane, &plain) }
            }
        }
        plainCount = 0
        middleSideCount = 0
        for blocks in [true, false] {
            for i in bands.indices {
                let isOther = Self.isMiddleSide(bands[i])
                for section in 0..<designs[i].count where (designs[i].sections[section].direct == 0) == blocks {
                    let slot = firstSlots[i] + section
                    if isOther {
                        place(slot, i, section, middleSideCount, lane, &middleSide)
                        middleSideCount += 1
                    } else {
                        place(slot, i, section, plainCount, lane, &plain)
                        plainCount += 1
                    }
                }
            }
        }
        for i in bands.indices {
            for slot in firstSlots[i] + designs[i].count..<firstSlots[i + 1] {
                slotColumns[slot] = -1
                slotTunings[slot] = .identity
            }
        }
        setScales(lane: lane, &plain, &middleSide)
    }

    /// Takes a section's state out of its column.
    private mutating func keep(_ slot: Int, _ column: Int, _ lane: Int, _ bank: inout EqualizerBank) {
        let (left, right) = (bank.columns[column].state(lane: lane), bank.columns[column].state(lane: lane + 4))
        slotStates[slot] = SIMD4(left.p, left.r, right.p, right.r)
        for half in 0..<2 {
            bank.set(column: column, lane: lane + 4 * half, to: .identity)
            bank.setState(column: column, lane: lane + 4 * half, p: 0, r: 0)
        }
    }

    private mutating func place(
        _ slot: Int, _ band: Int, _ section: Int, _ column: Int, _ lane: Int, _ bank: inout EqualizerBank
    ) {
        let halves = Self.halves(bands[band])
        let tuning = designs[band].sections[section]
        let old = slotTunings[slot]
        let isThere = slotColumns[slot] >= 0
        for half in 0..<2 where half == 0 ? halves.0 : halves.1 {
            bank.set(column: column, lane: lane + 4 * half, to: tuning)
            guard isThere else {
                bank.setState(column: column, lane: lane + 4 * half, p: 0, r: 0)
                continue
            }
            let (p, r) = (slotStates[slot][2 * half], slotStates[slot][2 * half + 1])
            let scaled = r * (tuning.corner / old.corner)
            bank.setState(
                column: column, lane: lane + 4 * half, p: p - old.ratio * r / 2 + tuning.ratio * scaled / 2,
                r: scaled)
        }
        slotColumns[slot] = column
        slotTunings[slot] = tuning
    }

    private func setScales(lane: Int, _ plain: inout EqualizerBank, _ middleSide: inout EqualizerBank) {
        var scales = SIMD4<Double>(repeating: 1)
        for i in bands.indices where designs[i].count > 0 {
            let first = Self.isMiddleSide(bands[i]) ? 2 : 0
            let halves = Self.halves(bands[i])
            if halves.0 { scales[first] *= designs[i].scale }
            if halves.1 { scales[first + 1] *= designs[i].scale }
        }
        for half in 0..<2 {
            plain.setScale(lane: lane + 4 * half, to: scales[half])
            middleSide.setScale(lane: lane + 4 * half, to: scales[2 + half])
        }
    }

    // MARK: - Dynamic bands

    mutating func hear(_ frames: borrowing Span<LaneFrame>, lane: Int) {
        for i in bands.indices where bands[i].isDynamic { dynamics[i]?.hear(frames, lane: lane) }
    }

    /// At a multiple of 8 frames.
    mutating func moveGains(
        lane: Int, _ designer: inout MatchedDesign, _ plain: inout EqualizerBank, _ middleSide: inout EqualizerBank
    ) {
        var isMoved = false
        for i in bands.indices where bands[i].isDynamic {
            guard dynamics[i]?.advance() == true else { continue }
            isMoved = true
            setDynamicDesign(i, &designer)
            tune(i, lane, &plain, &middleSide)
        }
        if isMoved { setScales(lane: lane, &plain, &middleSide) }
    }

    private mutating func tune(
        _ i: Int, _ lane: Int, _ plain: inout EqualizerBank, _ middleSide: inout EqualizerBank
    ) {
        let halves = Self.halves(bands[i])
        for section in 0..<2 {
            let slot = firstSlots[i] + section
            let tuning = designs[i].sections[section]
            slotTunings[slot] = tuning
            for half in 0..<2 where half == 0 ? halves.0 : halves.1 {
                if Self.isMiddleSide(bands[i]) {
                    middleSide.tune(column: slotColumns[slot], lane: lane + 4 * half, to: tuning)
                } else {
                    plain.tune(column: slotColumns[slot], lane: lane + 4 * half, to: tuning)
                }
            }
        }
    }

    // MARK: - Snapshots and tails

    func write(
        to snapshot: inout SnapshotWriter, lane: Int, _ plain: borrowing EqualizerBank,
        _ middleSide: borrowing EqualizerBank
    ) {
        for i in bands.indices {
            dynamics[i]?.write(to: &snapshot)
            for slot in firstSlots[i]..<firstSlots[i + 1] {
                let column = slotColumns[slot]
                for half in 0..<2 {
                    var state = (p: 0.0, r: 0.0)
                    if column >= 0 {
                        state =
                            Self.isMiddleSide(bands[i])
                            ? middleSide.columns[column].state(lane: lane + 4 * half)
                            : plain.columns[column].state(lane: lane + 4 * half)
                    }
                    snapshot.put(recursive: state.p)
                    snapshot.put(recursive: state.r)
                }
            }
        }
    }

    mutating func read(
        from snapshot: inout SnapshotReader, lane: Int, _ designer: inout MatchedDesign,
        _ plain: inout EqualizerBank, _ middleSide: inout EqualizerBank
    ) throws {
        for i in bands.indices {
            if dynamics[i] != nil {
                try dynamics[i]?.read(from: &snapshot)
                setDynamicDesign(i, &designer)
                tune(i, lane, &plain, &middleSide)
            }
            for slot in firstSlots[i]..<firstSlots[i + 1] {
                let column = slotColumns[slot]
                let halves = Self.halves(bands[i])
                for half in 0..<2 {
                    let (p, r) = (try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
                    guard column >= 0, half == 0 ? halves.0 : halves.1 else { continue }
                    if Self.isMiddleSide(bands[i]) {
                        middleSide.setState(column: column, lane: lane + 4 * half, p: p, r: r)
                    } else {
                        plain.setState(column: column, lane: lane + 4 * half, p: p, r: r)
                    }
                }
            }
        }
        setScales(lane: lane, &plain, &middleSide)
    }

    /// Seconds until the band's slowest poles have lost 100 dB, with room for poles that coincide.
    static func tailSeconds(_ band: EqualizerBand) -> Double {
        let largest = max(
            band.gainDecibels.magnitude, (band.gainDecibels + band.rangeDecibels).magnitude)
        let a = band.hasGain ? PinnedMath.gain(decibels: largest / 2) : 1
        let w = 6.283185307179586 * band.frequencyHertz
        switch band.shape {
        case .bell:
            return band.gainDecibels == 0 && !band.isDynamic
                ? 0 : max(decay(w, band.q * a), decay(w, band.q / a))
        case .lowShelf, .highShelf, .tilt:
            return band.isFirstOrder ? 12 * a / w : decay(w / a.root, band.q)
        case .notch, .bandPass: return decay(w, band.q)
        case .highPass, .lowPass:
            var sum = 0.0
            for i in 0..<band.passSectionCount { sum += band.passQ(section: i).map { decay(w, $0) } ?? 12 / w }
            return sum
        }
    }

    /// 100 dB are 11.5 time constants.
    private static func decay(_ w: Double, _ q: Double) -> Double {
        if q >= 0.5 { return 24 * q / w + (q < 0.6 ? 4 / w : 0) }
        let half = 1 / (2 * q)
        return 13 * (half + (half * half - 1).root) / w
    }
}
