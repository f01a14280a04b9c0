import Quantities
import RenderCompiler
import RenderPlan
import Session
import SignalProcessing
import Testing

@Suite struct CompilerTests {
    private let bell = Device(.equalizer, bands: [["type": "bell", "frequency": 500, "gain": 3]])
    private let squeeze = Device(.compressor, ["threshold": -20, "ratio": 3, "attack": 0.01, "release": 0.1])

    private func keyed(_ channel: ChannelReference) -> Device {
        Device(.compressor, ["threshold": -20, "ratio": 3, "attack": 0.01, "release": 0.1], key: channel)
    }

    /// Names of the tracks of each program that reads clips, in order.
    private func cells(_ song: Song) throws -> [[String]] {
        let graph = try CompiledGraph(song, reducesPrograms: false)
        return graph.mixes.compactMap { id, body in
            guard case .clips? = body.nodes[0].strips.first?.input else { return nil }
            return graph.list.labels[id].strips[0].map(\.name)
        }
    }

    @Test func `Tracks are cut into cells of eight`() throws {
        let cells = try cells(smallSong(trackCount: 19))
        #expect(cells.map(\.count) == [8, 8, 3])
        #expect(cells.flatMap(\.self) == (0..<19).map { "T\($0)" })
    }

    @Test func `Cells are grouped by chain shape within a bus, in the order of their first tracks`() throws {
        var song = smallSong(trackCount: 9)
        song.buses = [Bus(name: "A")]
        for i in [1, 2, 5, 8] { song.tracks[i].devices = [bell, squeeze] }
        for i in [3, 8] { song.tracks[i].mixer.output = .bus(0) }
        #expect(try cells(song) == [["T3", "T8"], ["T0", "T4", "T6", "T7", "T1", "T2", "T5"]])
        // A flat band is no stage: it changes no shape.
        song.tracks[0].devices = [
            Device(.equalizer, bands: [["type": "bell", "frequency": 500]])
        ]
        #expect(try cells(song).contains(["T0", "T4", "T6", "T7", "T1", "T2", "T5"]))
        // Eight of a shape fill a cell of their own; the others share one.
        var large = smallSong(trackCount: 20)
        for i in stride(from: 0, to: 20, by: 2) { large.tracks[i].devices = [bell] }
        #expect(
            try cells(large)
                == [
                    [0, 2, 4, 6, 8, 10, 12, 14], [1, 3, 5, 7, 9, 11, 13, 15], [16, 18, 17, 19],
                ].map { $0.map { "T\($0)" } })
    }

    @Test func `What a side-chain listens to, and who listens, stand alone`() throws {
        var song = smallSong(trackCount: 6)
        song.tracks[4].devices = [keyed(.track(2))]
        #expect(try cells(song) == [["T0", "T1", "T3", "T5"], ["T2"], ["T4"]])
        let graph = try CompiledGraph(song)
        for (id, body) in graph.mixes
        where graph.list.labels[id].strips[0].contains(where: { $0.name == "T2" }) {
            #expect(body.nodes.count == 1)
        }
        // Muted, it is still listened to, and heard by nobody else.
        song.tracks[2].mixer.isMuted = true
        let muted = try CompiledGraph(song)
        #expect(muted.inputs(of: "Direct") == ["T0", "T1", "T3", "T4", "T5"])
        #expect(muted.mixes.contains { muted.list.labels[$0.id].strips[0][0].name == "T2" })
    }

    @Test func `A bus takes in its only cell, a return never does`() throws {
        var song = smallSong(trackCount: 3)
        song.buses = [
            Bus(name: "A", devices: [squeeze]), Bus(name: "L", devices: [Device(.limiter)]),
        ]
        song.returns = [Bus(name: "R", mixer: Mixer(fader: Decibels(-3)))]
        song.tracks[0].mixer.output = .bus(0)
        song.tracks[1].mixer.output = .bus(1)
        song.tracks[2].mixer.sends = [Send(to: 0, gain: .unity)]
        let graph = try CompiledGraph(song)
        let names = graph.mixes.map { graph.list.labels[$0.id].name }
        // A bus that reads ahead cannot share a block with what it reads.
        #expect(Set(names) == ["T0 > A", "T1", "L", "T2 > Direct", "R", "Pre-master"])
    }

    @Test func `A return into the bus that its tracks feed leaves cell and bus apart`() throws {
        var song = smallSong(trackCount: 2)
        song.buses = [Bus(name: "A")]
        song.returns = [Bus(name: "R", mixer: Mixer(fader: Decibels(-3), output: .bus(0)))]
        for i in 0..<2 { song.tracks[i].mixer = Mixer(output: .bus(0), sends: [Send(to: 0, gain: .unity)]) }
        let graph = try CompiledGraph(song)
        #expect(graph.mixes.map { graph.list.labels[$0.id].name } == ["T0, T1", "R", "A"])
    }

    @Test func `What hands on one other unchanged is no program`() throws {
        var song = smallSong(trackCount: 2)
        song.tracks[1].mixer.sends = [Send(to: 0, gain: .unity)]
        song.returns = [Bus(name: "R")]
        // The pre-master has two terms; the return has one, and does nothing to it.
        let two = try CompiledGraph(song)
        #expect(two.mixes.map { two.list.labels[$0.id].name } == ["T0, T1 > Direct", "Pre-master"])
        #expect(two.inputs(of: "Pre-master") == ["Direct", "T1"])
        #expect(two.plan.stems.map(\.name) == ["Direct", "R"])
        song.returns[0].mixer.fader = Decibels(-1)
        #expect(try CompiledGraph(song).mixes.count == 3)
        // One stem is the pre-master, and the mix.
        song.tracks[1].mixer.sends = []
        song.returns = []
        let one = try compile(song)
        #expect(one.plan.stems.map(\.stream) == [one.plan.preMaster] && one.plan.mix == one.plan.preMaster)
        song.master.fader = Decibels(-1)
        #expect(try CompiledGraph(song).mixes.map(\.body.nodes.count) == [2, 1])
    }

    @Test func `A file that is only converted, or only convolved, passes through no mix`() throws {
        var song = smallSong(trackCount: 1)
        #expect(try CompiledGraph(song).mixes.count == 1)
        song.sources[0].rateHertz = 96_000
        let (list, plan) = try compile(song)
        guard case .convert = list[plan.mix.program].body else {
            Issue.record("the mix is made by \(list[plan.mix.program].body)")
            return
        }
        let mixCount = { (change: (inout Song) -> Void) in
            var other = song
            change(&other)
            return try CompiledGraph(other).mixes.count
        }
        #expect(try mixCount { _ in } == 0)
        #expect(try mixCount { $0.sources[0].channelCount = 1 } == 1)
        #expect(try mixCount { $0.tracks[0].clips[0].gain = Decibels(-1) } == 1)
        #expect(try mixCount { $0.tracks[0].clips[0].fadeInFrames = 10 } == 1)
        #expect(try mixCount { $0.tracks[0].clips[0].atFrame = 1 } == 1)
        #expect(try mixCount { $0.lengthFrames = 50_000 } == 1)
        #expect(try mixCount { $0.tracks[0].mixer.isPolarityInverted = true } == 1)
        #expect(try mixCount { $0.tracks[0].mixer.pan = 0.5 } == 1)
        #expect(try mixCount { $0.tracks[0].mixer.fader = Decibels(-1) } == 1)

        song.sources[0].rateHertz = 48_000
        song.tracks[0].devices = [
            Device(.equalizer, ["mode": "linear-phase"], bands: [["type": "bell", "frequency": 500, "gain": 3]])
        ]
        song.lengthFrames = 60_000
        #expect(try mixCount { _ in } == 0)
        // A filter that reads ahead would hear what lies behind the song's end.
        #expect(try mixCount { $0.lengthFrames = 47_999 } == 1)
        #expect(try mixCount { $0.sources[0].samples = .float32 } == 1)
        #expect(try mixCount { $0.tracks[0].clips[0].frameCount -= 1 } == 1)
        #expect(try mixCount { $0.tracks[0].clips[0].startFrame = 1 } == 1)
        #expect(try mixCount { $0.tracks[0].devices.append(squeeze) } == 1)
    }

    @Test func `Stems are the inputs of the master sum in session order`() throws {
        var song = smallSong(trackCount: 4)
        song.buses = [
            Bus(name: "In", mixer: Mixer(output: .bus(1))), Bus(name: "Out"),
            Bus(name: "Gone", mixer: Mixer(isMuted: true)),
        ]
        song.returns = [Bus(name: "Hall"), Bus(name: "Into", mixer: Mixer(output: .bus(1)))]
        song.tracks[0].mixer = Mixer(
            output: .bus(0), sends: [Send(to: 0, gain: .unity), Send(to: 1, gain: .unity)])
        #expect(try compile(song).plan.stems.map(\.name) == ["Direct", "Out", "Hall"])
        for i in 1..<4 { song.tracks[i].mixer.output = .bus(1) }
        let (list, plan) = try compile(song)
        #expect(plan.stems.map(\.name) == ["Out", "Hall"])
        #expect(Set(plan.stems.map(\.stream)).count == 2)
        #expect(list[plan.preMaster.program].inputs.map(\.program) == plan.stems.map(\.stream.program))
        #expect(plan.mix == plan.preMaster && plan.mixMeasurement == plan.preMasterMeasurement)
    }

    @Test func `Length is given, or the last clip's end and the longest tail, under its cap`() throws {
        var song = smallSong(trackCount: 2)
        #expect(try compile(song).plan.frameCount == 48_000)
        song.tracks[1].clips[0].atFrame = 1000
        #expect(try compile(song).plan.clipEndFrame == 49_000)
        song.tracks[0].devices = [Device(.delay, ["left": 4000, "right": 100, "feedback": 0])]
        song.master.devices = [Device(.delay, ["left": 50, "right": 60, "feedback": 0])]
        let plan = try compile(song).plan
        #expect(plan.lengthRule == .tail)
        #expect(plan.frameCount == 49_000 + 4000 + 60)
        song.tailLimitFrames = 500
        #expect(try compile(song).plan.lengthRule == .tailLimit)
        #expect(try compile(song).plan.frameCount == 49_500)
        song.lengthFrames = 12_345
        #expect(try compile(song).plan.lengthRule == .length)
        #expect(try compile(song).plan.frameCount == 12_345)
        #expect(try compile(song).plan.clipEndFrame == 12_345)
        song.lengthFrames = nil
        for i in 0..<2 { song.tracks[i].clips = [] }
        #expect(throws: CompileError.self) { try compile(song) }
        song.lengthFrames = 1000
        #expect(try compile(song).plan.frameCount == 1000)
    }

    @Test func `Clips of one source at one place share a conversion, and a file is hashed once`() throws {
        var song = smallSong(trackCount: 3)
        song.sources = [
            SourceFile(
                path: "/s/a.wav", rateHertz: 44_100, channelCount: 1, frameCount: 44_100, samples: .integer16)
        ]
        for i in 0..<3 {
            song.tracks[i].clips = [
                Clip(source: 0, atFrame: 100 * i, frameCount: 4000),
                Clip(source: 0, atFrame: 9000, startFrame: i, frameCount: 4000),
            ]
        }
        let list = try compile(song).list
        let conversions = list.programs.filter { if case .convert = $0.body { true } else { false } }
        #expect(conversions.count == 3)
        #expect(list.programs.count { if case .hashSource = $0.body { true } else { false } } == 1)
        for program in conversions {
            guard case .convert(let body) = program.body else { continue }
            let reach = PolyphaseConverter(from: 44_100, to: 48_000).historyFrames
            #expect(body.reachFrames == reach && program.outputs[0].channelCount == 1)
            // The plan reads at least what the converter needs for every segment.
            for segment in 0..<program.segmentCount {
                let range = program.range(ofSegment: segment)
                let needed = PolyphaseConverter(from: 44_100, to: 48_000).inputRange(
                    forOutput: range.start..<range.end)
                let read = body.portRange(for: range)
                #expect(read.map { $0.start <= needed.lowerBound + body.portStartFrame } == true)
                #expect(read.map { $0.end >= needed.upperBound + body.portStartFrame } == true)
            }
        }
    }

    @Test func `The finish converts, limits, measures, quantises and encodes the cut song`() throws {
        var song = smallSong(trackCount: 1)
        song.master.fader = Decibels(-1)
        var (list, plan) = try compile(song)
        #expect(plan.mix != plan.preMaster)
        let options = CompileOptions(segmentSeconds: 0.5)
        #expect(
            FinishCompiler.addConversion(of: plan, toHertz: 48_000, options: options, to: &list) == plan.mix)
        let converted = FinishCompiler.addConversion(of: plan, toHertz: 44_100, options: options, to: &list)
        #expect(list[converted.program].frameCount == 44_100)
        #expect(list[converted.program].segmentFrames == 22_048)
        #expect(FinishCompiler.frameCount(40_001, fromHertz: 48_000, toHertz: 44_100) == 36_751)
        let pass = FinishCompiler.addPass(
            over: converted, gainDecibels: 2.5, ceiling: DecibelsTruePeak(-1), frameCount: 36_751, song: 0,
            to: &list)
        let report = try #require(pass.report)
        #expect(list[report].kind == .chained && list[report].outputs.count == 2)
        #expect(list[report].frameCount == 36_751 && list[pass.measurement].frameCount == 36_751)
        #expect(list[pass.measurement].inputs[0].program == report)
        let delivery = Delivery(format: .flac, samples: .integer16, dither: .tpdf)
        let integers = FinishCompiler.addQuantiser(
            over: pass.limited, delivery: delivery, ordinal: 1, seed: 5, frameCount: 36_751, song: 0,
            to: &list)
        let file = FinishCompiler.addEncoder(over: integers, samples: .integer16, library: "FLAC", to: &list)
        guard case .quantise(let body) = list[integers.program].body else { return }
        #expect(body.reachFrames == Quantiser.blankingReachFrames && body.dither == .triangular)
        // Whole blocks of 4,096 frames that cover the segments of 22,048: not more segments than those.
        let encoder = list[file.program]
        #expect(encoder.kind == .windowed && encoder.segmentFrames == 24_576 && encoder.segmentCount == 2)
        #expect(encoder.dependencies(ofSegment: 0) == [TaskID(integers.program, 0), TaskID(integers.program, 1)])
        #expect(encoder.dependencies(ofSegment: 1) == [TaskID(integers.program, 1)])
        // Another gain is another pass over the same conversion.
        let count = list.programs.count
        _ = FinishCompiler.addPass(
            over: converted, gainDecibels: 2.6, ceiling: DecibelsTruePeak(-1), frameCount: 36_751, song: 0,
            to: &list)
        #expect(list.programs.count == count + 2)
    }

    @Test func `Compiling twice gives the same programs`() throws {
        var random = Random(9)
        for _ in 0..<50 {
            let song = randomSong(&random)
            let (a, b) = (try compile(song).list, try compile(song).list)
            #expect(a.programs == b.programs && a.labels == b.labels)
        }
    }

    // MARK: - Random routings

    @Test func `Random acyclic routings give acyclic programs that read only earlier ones`() throws {
        var random = Random(4)
        var merged = 0
        var convolved = 0
        var copied = 0
        for _ in 0..<800 {
            let song = randomSong(&random)
            #expect(song.violations.isEmpty)
            let graph = try CompiledGraph(song)
            for (id, program) in graph.list.programs.enumerated() {
                for port in program.inputs {
                    #expect(port.program.rawValue < id)
                    let producer = graph.list[port.program]
                    #expect(port.output < producer.outputs.count)
                    #expect(
                        port.frameCount == producer.frameCount && port.segmentFrames == producer.windowFrames)
                }
                if case .mix(let body) = program.body {
                    try checkWires(body, program)
                    if body.nodes.count > 1 { merged += 1 }
                }
                if case .convolve(let body) = program.body {
                    convolved += 1
                    #expect(
                        program.kind == .windowed
                            && program.inputs.count == body.responsePorts.ports.upperBound)
                }
            }
            let apart = try CompiledGraph(song, reducesPrograms: false)
            #expect(apart.mixes.allSatisfy { $0.body.nodes.count == 1 })
            // What hands on one other unchanged is no program: who reads it reads that other.
            let copies = apart.channelsHeard.subtracting(graph.channelsHeard).union(["Direct", "Pre-master"])
            copied += copies.count - 2
            #expect(graph.channelsHeard.isSubset(of: apart.channelsHeard))
            for name in graph.channelsHeard {
                #expect(apart.inputs(of: name, through: copies) == graph.inputs(of: name, through: copies), "\(name)")
            }
        }
        #expect(copied > 100)
        #expect(merged > 200)
        #expect(convolved > 200)
    }

    /// Wires are read after they are made, in the same block, and every output is some wire.
    private func checkWires(_ body: MixBody, _ program: Program) throws {
        var made = 0
        for node in body.nodes {
            #expect(node.strips.count <= MixNode.maximumStripCount)
            for strip in node.strips {
                guard case .terms(let terms) = strip.input else { continue }
                for case .wire(let wire) in terms {
                    #expect(wire < made)
                    #expect(strip.latencyFrames == 0)
                }
            }
            for taps in node.sums { #expect(taps.allSatisfy { node.strips.indices.contains($0.strip) }) }
            made += node.sums.count
        }
        #expect(body.outputWires.allSatisfy { $0 < made } && !body.outputWires.isEmpty)
        #expect(body.outputWires.count == program.outputs.count)
    }

    /// Channels in a random order, each feeding, sending to and listening to none but later ones.
    private func randomSong(_ random: inout Random) -> Song {
        var song = smallSong(trackCount: random.int(1...8))
        let (busCount, returnCount) = (random.int(0...4), random.int(0...3))
        // Places of buses and returns in one order; tracks come first.
        var places: [ChannelReference] =
            (0..<busCount).map { .bus($0) } + (0..<returnCount).map { .returned($0) }
        places.shuffle(using: &random)
        func mixer(after place: Int) -> Mixer {
            var mixer = Mixer(isMuted: random.chance(0.1), isSoloed: random.chance(0.03))
            for later in places[(place + 1)...].shuffled(using: &random) {
                switch later {
                case .bus(let bus): if random.chance(0.5) { mixer.output = .bus(bus) }
                case .returned(let index):
                    if random.chance(0.4) {
                        mixer.sends.append(
                            Send(to: index, gain: .unity, tap: random.chance(0.3) ? .pre : .post))
                    }
                case .track: break
                }
            }
            return mixer
        }
        func devices(before place: Int) -> [Device] {
            var devices: [Device] = random.chance(0.3) ? [squeeze] : []
            if random.chance(0.15) { devices.append(Device(.limiter)) }
            if place >= 0, random.chance(0.25) {
                let earlier = song.tracks.indices.map { ChannelReference.track($0) } + places[..<place]
                if let key = earlier.randomElement(using: &random) { devices.append(keyed(key)) }
            }
            if random.chance(0.12) {
                let place = random.int(0...devices.count)
                devices.insert(Device(.convolver, sources: [0]), at: place)
            }
            return devices
        }
        song.buses = (0..<busCount).map { Bus(name: "B\($0)") }
        song.returns = (0..<returnCount).map { Bus(name: "R\($0)") }
        for i in song.tracks.indices {
            song.tracks[i].mixer = mixer(after: -1)
            song.tracks[i].devices = devices(before: -1)
            if i > 0, random.chance(0.15) {
                song.tracks[i].devices.append(keyed(.track(random.int(0...i - 1))))
            }
        }
        for (place, channel) in places.enumerated() {
            switch channel {
            case .bus(let i):
                song.buses[i].mixer = mixer(after: place)
                song.buses[i].devices = devices(before: place)
            case .returned(let i):
                song.returns[i].mixer = mixer(after: place)
                song.returns[i].devices = devices(before: place)
            case .track: break
            }
        }
        return song
    }
}
