import Quantities
import RenderPlan
import Session

/// Turns a song's channels into units: tracks into cells, buses, returns, `Direct`, pre-master and master.
struct Routing {
    private let song: Song
    private let audible: Audibility
    private(set) var units: [Unit] = []
    /// The inputs of the master sum in session order.
    private(set) var stems: [(name: String, sum: SumRef)] = []
    private(set) var preMaster = SumRef(unit: 0, sum: 0)
    private(set) var mix = SumRef(unit: 0, sum: 0)
    /// Longest declared tail along any path, in frames.
    private(set) var tailFrames = 0

    private let trackChains: [CompiledChain]
    private let busChains: [CompiledChain]
    private let returnChains: [CompiledChain]
    private let masterChain: CompiledChain
    /// Channels that some side-chain listens to.
    private let keyed: Set<ChannelReference>
    private var busUnits: [Int] = []
    private var returnUnits: [Int] = []
    /// Where each channel's pre-fader signal is found by those who listen to it.
    private var keyTaps: [ChannelReference: SumRef] = [:]
    /// What flows into each bus, `Direct` (last) and each return, in session order.
    private var busTerms: [[SumRef]]
    private var returnTerms: [[SumRef]]

    /// - Throws: `CompileError` for a device that cannot be made.
    init(_ song: Song) throws {
        self.song = song
        audible = Audibility(song)
        func chain(_ devices: [Device]) throws -> CompiledChain {
            try CompiledChain(devices, rateHertz: song.rateHertz, sources: song.sources)
        }
        trackChains = try song.tracks.map { try chain($0.devices) }
        busChains = try song.buses.map { try chain($0.devices) }
        returnChains = try song.returns.map { try chain($0.devices) }
        masterChain = try chain(song.master.devices)
        keyed = Set((trackChains + busChains + returnChains + [masterChain]).flatMap(\.keys))
        busTerms = Array(repeating: [], count: song.buses.count + 1)
        returnTerms = Array(repeating: [], count: song.returns.count)
        addTracks()
        addChannels()
        addMaster()
        connectKeys()
        tailFrames = longestTail()
    }

    // MARK: - Tracks

    /// Cells per destination, eight strips at most: tracks of one chain shape together, so that they fill lanes without
    /// gaps, and what is left over of each shape together too, so that few windows are handed over.
    ///
    /// Tracks that nobody hears keep their places: a mute must not send other tracks to other cells, where all of them
    /// would be rendered again.
    private mutating func addTracks() {
        for destination in 0...song.buses.count {
            let cells = cells(destination: destination)
            // What a convolution feeds is no cell of clips.
            let played = cells.filter { $0.allSatisfy { trackChains[$0].convolutions.isEmpty } }
            for cell in cells {
                let needed = cell.filter(isNeeded)
                if !needed.isEmpty { addCell(needed, destination: destination, isOnly: played == [cell]) }
            }
        }
    }

    /// Tracks of each cell, in the order in which the destination adds the cells: that of their first tracks.
    private func cells(destination: Int) -> [[Int]] {
        var shapes: [(shape: [UInt8], tracks: [Int])] = []
        var cells: [[Int]] = []
        for track in song.tracks.indices where self.destination(of: track) == destination {
            // A key, and whoever listens to one, stands alone, so that no cell can wait for itself.
            let chain = trackChains[track]
            guard !keyed.contains(.track(track)), chain.keys.isEmpty, chain.convolutions.isEmpty else {
                cells.append([track])
                continue
            }
            if let known = shapes.firstIndex(where: { $0.shape == chain.shape }) {
                shapes[known].tracks.append(track)
            } else {
                shapes.append((chain.shape, [track]))
            }
        }
        let size = MixNode.maximumStripCount
        var rest: [Int] = []
        for (_, tracks) in shapes {
            let whole = tracks.count / size * size
            for start in stride(from: 0, to: whole, by: size) { cells.append(Array(tracks[start..<start + size])) }
            rest += tracks[whole...]
        }
        for start in stride(from: 0, to: rest.count, by: size) {
            cells.append(Array(rest[start..<min(start + size, rest.count)]))
        }
        return cells.sorted { ($0.min() ?? 0) < ($1.min() ?? 0) }
    }

    private func destination(of track: Int) -> Int {
        switch song.tracks[track].mixer.output {
        case .bus(let bus): bus
        case .master: song.buses.count
        }
    }

    /// Whether anything can be heard or listened to of a track.
    private func isNeeded(_ track: Int) -> Bool {
        audible.tracks[track] || song.tracks[track].mixer.sends.contains { $0.tap == .pre }
            || keyed.contains(.track(track))
    }

    private mutating func addCell(_ tracks: [Int], destination: Int, isOnly: Bool) {
        let strips = tracks.map { track in
            strip(
                song.tracks[track].name, .clips(song.tracks[track].clips), trackChains[track],
                song.tracks[track].mixer, law: isMono(song.tracks[track]) ? .constantPower : .balance)
        }
        let index = units.count
        var unit = Unit(name: tracks.map { song.tracks[$0].name }.joined(separator: ", "))
        unit.standsAlone = tracks.contains { keyed.contains(.track($0)) }
        unit.isOnlyCell = isOnly
        unit.strips = strips
        unit.tailFrames = tracks.reduce(0) { max($0, trackChains[$1].tailFrames) }
        // Strips stand in the order of their shapes, sums are in that of the session.
        let inSessionOrder = tracks.indices.sorted { tracks[$0] < tracks[$1] }
        let heard = inSessionOrder.filter { audible.tracks[tracks[$0]] }
        if !heard.isEmpty {
            busTerms[destination].append(SumRef(unit: index, sum: unit.sums.count))
            unit.sums.append(heard.map { Tap(strip: $0, point: .output) })
        }
        addSends(
            tracks.map { song.tracks[$0].mixer }, audible: tracks.map { audible.tracks[$0] }, order: inSessionOrder,
            &unit, index)
        for (strip, track) in tracks.enumerated() where keyed.contains(.track(track)) {
            keyTaps[.track(track)] = SumRef(unit: index, sum: unit.sums.count)
            unit.sums.append([Tap(strip: strip, point: .preFader)])
        }
        units.append(unit)
    }

    private func isMono(_ track: Track) -> Bool {
        !track.clips.isEmpty && track.clips.allSatisfy { song.sources[$0.source].channelCount == 1 }
    }

    /// A channel's strip with its mixer; what stands before its last convolution becomes units of its own.
    private mutating func strip(
        _ name: String, _ input: UnitStrip.Input, _ chain: CompiledChain, _ mixer: Mixer, law: Strip.PanLaw
    ) -> UnitStrip {
        UnitStrip(
            name: name, input: addConvolutions(name, input, chain), run: chain.runs[chain.runs.count - 1],
            deviceNames: chain.names,
            fader: Curve(decibels: mixer.fader, automation: mixer.faderAutomation),
            pan: Curve(pan: mixer.pan, automation: mixer.panAutomation), panLaw: law,
            isPolarityInverted: mixer.isPolarityInverted)
    }

    /// Units for a chain's convolutions and for the devices before each; answers what the last run reads.
    private mutating func addConvolutions(
        _ name: String, _ input: UnitStrip.Input, _ chain: CompiledChain
    ) -> UnitStrip.Input {
        var input = input
        for (run, convolution) in zip(chain.runs, chain.convolutions) {
            var before = Unit(name: name)
            before.strips = [UnitStrip(name: name, input: input, run: run, deviceNames: chain.names)]
            before.sums = [[Tap(strip: 0, point: .preFader)]]
            units.append(before)
            var unit = Unit(name: "\(name): \(chain.names[convolution.index])")
            unit.convolution = (convolution, SumRef(unit: units.count - 1, sum: 0))
            unit.sums = [[]]
            units.append(unit)
            input = .terms([SumRef(unit: units.count - 1, sum: 0)])
        }
        return input
    }

    /// One sum per return that any of the strips sends to.
    private mutating func addSends(
        _ mixers: [Mixer], audible: [Bool], order: [Int], _ unit: inout Unit, _ index: Int
    ) {
        for destination in song.returns.indices {
            var taps: [Tap] = []
            for strip in order {
                for send in mixers[strip].sends where send.to == destination && (send.tap == .pre || audible[strip]) {
                    taps.append(
                        Tap(
                            strip: strip, point: send.tap == .pre ? .preFader : .postFader,
                            gain: Curve(decibels: send.gain, automation: send.automation)))
                }
            }
            guard !taps.isEmpty else { continue }
            returnTerms[destination].append(SumRef(unit: index, sum: unit.sums.count))
            unit.sums.append(taps)
        }
    }

    // MARK: - Buses and returns

    /// Buses and returns get their units first and their terms later: they may feed each other in any acyclic way.
    private mutating func addChannels() {
        for (i, bus) in song.buses.enumerated() {
            // The channel's first unit is the one that takes in the sum.
            busUnits.append(units.count)
            addChannel(bus, chain: busChains[i], reference: .bus(i), isAudible: audible.buses[i])
        }
        for (i, bus) in song.returns.enumerated() {
            returnUnits.append(units.count)
            addChannel(bus, chain: returnChains[i], reference: .returned(i), isAudible: audible.returns[i])
        }
        for (i, unit) in busUnits.enumerated() { units[unit].strips[0].input = .terms(busTerms[i]) }
        for (i, unit) in returnUnits.enumerated() { units[unit].strips[0].input = .terms(returnTerms[i]) }
    }

    private mutating func addChannel(
        _ bus: Bus, chain: CompiledChain, reference: ChannelReference, isAudible: Bool
    ) {
        let channel = strip(bus.name, .terms([]), chain, bus.mixer, law: .balance)
        let index = units.count
        var unit = Unit(name: bus.name)
        unit.tailFrames = chain.tailFrames
        if case .returned = reference { unit.standsAlone = true }
        if keyed.contains(reference) { unit.standsAlone = true }
        unit.strips = [channel]
        if isAudible {
            let sum = SumRef(unit: index, sum: unit.sums.count)
            unit.sums.append([Tap(strip: 0, point: .output)])
            switch bus.mixer.output {
            case .bus(let outer): busTerms[outer].append(sum)
            case .master: stems.append((bus.name, sum))
            }
        }
        addSends([bus.mixer], audible: [isAudible], order: [0], &unit, index)
        if keyed.contains(reference) {
            keyTaps[reference] = SumRef(unit: index, sum: unit.sums.count)
            unit.sums.append([Tap(strip: 0, point: .preFader)])
        }
        units.append(unit)
    }

    private mutating func connectKeys() {
        for unit in units.indices {
            for strip in units[unit].strips.indices {
                for (stage, channel) in units[unit].strips[strip].run.keys {
                    units[unit].strips[strip].keys[stage] = keyTaps[channel]
                }
            }
        }
    }

    // MARK: - Master

    private mutating func addMaster() {
        let direct = busTerms[song.buses.count]
        if !direct.isEmpty {
            stems.insert(("Direct", SumRef(unit: units.count, sum: 0)), at: 0)
            addSum(named: "Direct", direct)
        }
        preMaster = SumRef(unit: units.count, sum: 0)
        addSum(named: "Pre-master", stems.map(\.sum))
        mix = preMaster
        let chain = masterChain
        let fader = Curve(decibels: song.master.fader, automation: song.master.faderAutomation)
        guard !chain.isEmpty || fader.constant != 0 else { return }
        let input = addConvolutions("Master", .terms([preMaster]), chain)
        mix = SumRef(unit: units.count, sum: 0)
        var unit = Unit(name: "Master")
        unit.strips = [
            UnitStrip(
                name: "Master", input: input, run: chain.runs[chain.runs.count - 1], deviceNames: chain.names,
                fader: fader)
        ]
        unit.sums = [[Tap(strip: 0, point: .output)]]
        unit.tailFrames = chain.tailFrames
        units.append(unit)
    }

    private mutating func addSum(named name: String, _ terms: [SumRef]) {
        var unit = Unit(name: name)
        unit.strips = [UnitStrip(name: name, input: .terms(terms))]
        unit.sums = [[Tap(strip: 0, point: .output)]]
        units.append(unit)
    }

    // MARK: - Order and tails

    /// Units so that each comes after those it reads; ties by session order. nil: a cycle.
    func topologicalOrder() -> [Int]? {
        Precedence(units.map(\.producers)).order()
    }

    private func longestTail() -> Int {
        guard let order = topologicalOrder() else { return 0 }
        let producers = units.map(\.producers)
        var tails = [Int](repeating: 0, count: units.count)
        for unit in order {
            let before = producers[unit].reduce(0) { max($0, tails[$1]) }
            tails[unit] = before + units[unit].tailFrames
        }
        return tails.reduce(0, max)
    }
}
