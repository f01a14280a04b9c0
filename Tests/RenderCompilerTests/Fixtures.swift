import Quantities
import RenderCompiler
import RenderPlan
import Session

/// A song of stereo tracks, each with a source and a clip of its own.
func smallSong(trackCount: Int, rateHertz: Int = 48_000, clipFrames: Int = 48_000) -> Song {
    let sources = (0..<trackCount).map {
        SourceFile(
            path: "/s/\($0).wav", rateHertz: rateHertz, channelCount: 2, frameCount: clipFrames,
            samples: .integer24)
    }
    let tracks = (0..<trackCount).map {
        Track(name: "T\($0)", clips: [Clip(source: $0, atFrame: 0, frameCount: clipFrames)])
    }
    return Song(title: "Small", rateHertz: rateHertz, sources: sources, tracks: tracks)
}

func compile(
    _ song: Song, segmentSeconds: Double = 0.5, reducesPrograms: Bool = true
) throws -> (list: ProgramList, plan: SongPlan) {
    var list = ProgramList()
    var options = CompileOptions(segmentSeconds: segmentSeconds)
    options.reducesPrograms = reducesPrograms
    let identities = song.sources.indices.map { Digest(high: 0, low: UInt64($0)) }
    let plan = try SongCompiler.compile(
        song, songIndex: 0, identities: identities, options: options, into: &list)
    return (list, plan)
}

/// What a compiled song's strips are called and what flows between them.
struct CompiledGraph {
    struct Strips: Hashable {
        var program: Int
        var node: Int
    }

    let list: ProgramList
    let plan: SongPlan

    init(_ song: Song, reducesPrograms: Bool = true) throws {
        (list, plan) = try compile(song, reducesPrograms: reducesPrograms)
    }

    /// Mix programs with their numbers.
    var mixes: [(id: Int, body: MixBody)] {
        list.programs.enumerated().compactMap { id, program in
            if case .mix(let body) = program.body { (id, body) } else { nil }
        }
    }

    /// Names of the strips of every mix program that the mix depends on, apart from the sums of the master.
    var channelsHeard: Set<String> {
        var names: Set<String> = []
        for name in Set(mixes.flatMap { list.labels[$0.id].strips.joined().map(\.name) })
        where reachesMaster(name) {
            names.insert(name)
        }
        return names.subtracting(["Direct", "Pre-master", "Master"])
    }

    private func reachesMaster(_ name: String) -> Bool {
        // What the pre-master hands on where it is no program.
        let last = names(of: plan.preMaster)
        var reached: Set<String> = [name]
        var open = [name]
        while let next = open.popLast() {
            if last.contains(next) { return true }
            for consumer in consumers(of: next) where reached.insert(consumer).inserted {
                open.append(consumer)
            }
        }
        return false
    }

    private func consumers(of name: String) -> [String] {
        let names = Set(mixes.flatMap { list.labels[$0.id].strips.joined().map(\.name) })
        return names.filter { directInputs(of: $0).contains(name) }.sorted()
    }

    /// Strips whose signal a strip sums, by name; of one of `copies`, those that it sums.
    func inputs(of name: String, through copies: Set<String> = []) -> Set<String> {
        let found = directInputs(of: name)
        return found.subtracting(copies).union(
            found.intersection(copies).flatMap { inputs(of: $0, through: copies) })
    }

    private func directInputs(of name: String) -> Set<String> {
        var found: Set<String> = []
        for (id, body) in mixes {
            let wires = wires(of: id, body)
            for (n, node) in body.nodes.enumerated() {
                for (s, strip) in node.strips.enumerated() where list.labels[id].strips[n][s].name == name {
                    guard case .terms(let terms) = strip.input else { continue }
                    for term in terms {
                        switch term {
                        case .wire(let wire): found.formUnion(wires[wire])
                        case .port(let port):
                            let input = list.programs[id].inputs[port]
                            found.formUnion(names(of: StreamRef(program: input.program, output: input.output)))
                        }
                    }
                }
            }
        }
        // A strip behind a convolution has the name of the one before it.
        return found.subtracting([name])
    }

    private func names(of stream: StreamRef) -> Set<String> {
        // A convolution stands for what it reads: the channel's devices before it, or what flows into the channel.
        if case .convolve = list[stream.program].body {
            let input = list[stream.program].inputs[0]
            return input.source == nil ? names(of: StreamRef(program: input.program, output: input.output)) : []
        }
        guard case .mix(let body) = list[stream.program].body else { return [] }
        return wires(of: stream.program.rawValue, body)[body.outputWires[stream.output]]
    }

    /// Per wire, the strips that it sums.
    private func wires(of id: Int, _ body: MixBody) -> [Set<String>] {
        body.nodes.enumerated().flatMap { n, node in
            node.sums.map { taps in Set(taps.map { list.labels[id].strips[n][$0.strip].name }) }
        }
    }
}
