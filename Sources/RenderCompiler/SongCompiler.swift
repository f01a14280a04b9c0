import Metering
package import Quantities
import RenderPlan
package import Session
import SignalProcessing

/// Compiles one song's mix into programs.
///
/// Deterministic: the same song gives the same programs in the same order, on every machine.
package struct SongCompiler {
    private let song: Song
    private let songIndex: Int
    private let identities: [Digest]
    /// Number of the song's first source in the job's table.
    private let firstSource: Int
    private let segmentFrames: Int
    private let reducesPrograms: Bool
    private let routing: Routing
    private var frameCount = 0
    /// Units that read each sum.
    private var readers: [SumRef: [Int]] = [:]
    /// Program and first output of each unit's sums.
    private var streams: [SumRef: StreamRef] = [:]
    private var hashPrograms: [Int: ProgramID] = [:]
    private var conversions: [Conversion: ProgramID] = [:]
    /// Sums that are a whole source as it lies in its file, which whoever reads them reads there.
    private var untouchedSources: [SumRef: Int] = [:]

    private struct Conversion: Hashable {
        var source: Int
        var startFrame: Int
        var frameCount: Int
    }

    /// - Parameters:
    ///   - identities: Per source of the song, a digest of (path, size, modification time, inode).
    ///   - songIndex: Its place in the job.
    ///   - firstSource: Number of its first source in the job's table of files.
    package static func compile(
        _ song: Song, songIndex: Int, identities: [Digest], firstSource: Int = 0, options: CompileOptions,
        into programs: inout ProgramList
    ) throws -> SongPlan {
        var compiler = try SongCompiler(
            song, songIndex: songIndex, identities: identities, firstSource: firstSource, options: options)
        return try compiler.compile(into: &programs)
    }

    /// The names of a song's stems, in the order of the master sum.
    ///
    /// - Throws: `CompileError` for a device that cannot be made.
    package static func stemNames(_ song: Song) throws -> [String] { try Routing(song).stems.map(\.name) }

    private init(
        _ song: Song, songIndex: Int, identities: [Digest], firstSource: Int, options: CompileOptions
    ) throws {
        precondition(identities.count == song.sources.count, "one identity per source")
        self.song = song
        self.songIndex = songIndex
        self.identities = identities
        self.firstSource = firstSource
        segmentFrames = options.segmentFrames(rateHertz: song.rateHertz)
        reducesPrograms = options.reducesPrograms
        routing = try Routing(song)
    }

    private mutating func compile(into programs: inout ProgramList) throws -> SongPlan {
        let clipEnd = song.tracks.flatMap(\.clips).reduce(0) { max($0, $1.atFrame + $1.frameCount) }
        guard song.lengthFrames != nil || clipEnd > 0 else {
            throw CompileError("song \"\(song.title)\" has neither clips nor a length")
        }
        let tail = min(routing.tailFrames, song.tailLimitFrames)
        frameCount = song.lengthFrames ?? clipEnd + tail
        guard frameCount > 0 else { throw CompileError("song \"\(song.title)\" has a length of nothing") }
        guard let order = routing.topologicalOrder() else {
            throw CompileError("the routing of song \"\(song.title)\" has a cycle")
        }
        let needed = neededUnits(order)
        for unit in order where needed[unit] {
            for sum in routing.units[unit].reads { readers[sum, default: []].append(unit) }
        }
        let partition = Partition(routing.units, order: order.filter { needed[$0] }, mergesCells: reducesPrograms)
        for group in partition.groups {
            if let convolution = routing.units[group[0]].convolution {
                addConvolution(convolution.device, of: convolution.input, unit: group[0], to: &programs)
            } else if !reducesPrograms || !handOn(group, to: &programs) {
                addProgram(group, to: &programs)
            }
        }
        let preMaster = stream(routing.preMaster)
        let mix = stream(routing.mix)
        // The pre-master's level ends the song; its loudness is asked for only where it is the mix as well.
        let preMasterMeasurement =
            mix == preMaster
            ? addMeasurement(of: preMaster, "Pre-master", to: &programs)
            : FinishCompiler.addLevelScan(
                of: preMaster, name: "Pre-master level", song: songIndex, to: &programs)
        let mixMeasurement =
            mix == preMaster ? preMasterMeasurement : addMeasurement(of: mix, "Mix", to: &programs)
        let rule: SongPlan.LengthRule =
            song.lengthFrames != nil
            ? .length : routing.tailFrames > song.tailLimitFrames ? .tailLimit : .tail
        return SongPlan(
            song: songIndex, rateHertz: song.rateHertz, segmentFrames: segmentFrames, frameCount: frameCount,
            lengthRule: rule, clipEndFrame: min(clipEnd, frameCount),
            stems: routing.stems.map { SongPlan.Stem(name: $0.name, stream: stream($0.sum)) },
            preMaster: preMaster, mix: mix, preMasterMeasurement: preMasterMeasurement,
            mixMeasurement: mixMeasurement)
    }

    private func stream(_ sum: SumRef) -> StreamRef {
        guard let stream = streams[sum] else { preconditionFailure("a sum without a program") }
        return stream
    }

    /// Units that the mix depends on.
    private func neededUnits(_ order: [Int]) -> [Bool] {
        var needed = [Bool](repeating: false, count: routing.units.count)
        needed[routing.mix.unit] = true
        needed[routing.preMaster.unit] = true
        for unit in order.reversed() where needed[unit] {
            for producer in routing.units[unit].producers { needed[producer] = true }
        }
        return needed
    }

    // MARK: - Sums that nothing happens to

    /// Where all that a group puts out is what it takes in, makes no program of it: a window that is stored twice,
    /// hashed twice and read twice would hold the same samples.
    ///
    /// A sum that is a source has no stream: only convolutions read it, and they read the file.
    ///
    /// - Returns: whether the group's sums are those of other programs, or a source.
    private mutating func handOn(_ group: [Int], to programs: inout ProgramList) -> Bool {
        let inside = Set(group)
        var found: [(sum: SumRef, original: Original)] = []
        for unit in group {
            for index in routing.units[unit].sums.indices {
                let sum = SumRef(unit: unit, sum: index)
                guard isRead(sum, outside: inside) else { continue }
                guard let original = original(of: sum, inside: inside) else { return false }
                found.append((sum, original))
            }
        }
        for (sum, original) in found {
            switch original {
            case .sum(let other): streams[sum] = stream(other)
            case .conversion(let clip):
                let hashing = hashProgram(clip.source, programs: &programs)
                streams[sum] = StreamRef(program: conversion(of: clip, hashing, programs: &programs), output: 0)
            case .source(let source): untouchedSources[sum] = source
            }
        }
        return true
    }

    /// What a sum is a copy of.
    private enum Original {
        case sum(SumRef)
        case conversion(Clip)
        case source(Int)
    }

    /// Follows sums that only hand on one other; nil where something happens to it on the way.
    private func original(of sum: SumRef, inside group: Set<Int>) -> Original? {
        let unit = routing.units[sum.unit]
        guard unit.strips.count == 1, unit.strips[0].isUntouched, unit.sums[sum.sum].count == 1,
            unit.sums[sum.sum][0].gain.constant == 0
        else { return nil }
        switch unit.strips[0].input {
        case .terms(let terms):
            guard terms.count == 1 else { return nil }
            return group.contains(terms[0].unit) ? original(of: terms[0], inside: group) : .sum(terms[0])
        case .clips(let clips):
            guard clips.count == 1, let clip = clips.first, clip.isUntouched, clip.atFrame == 0 else { return nil }
            let source = song.sources[clip.source]
            guard source.channelCount == 2 else { return nil }
            if source.rateHertz != song.rateHertz { return clip.frameCount == frameCount ? .conversion(clip) : nil }
            // Of a file of floats nobody has looked at the samples, and a file that goes on behind the song's end would
            // be heard there by a filter that reads ahead.
            let isWhole =
                clip.startFrame == 0 && clip.frameCount == source.frameCount && source.frameCount <= frameCount
                && !source.samples.isFloat
            return isWhole && isConvolvedOnly(sum) ? .source(clip.source) : nil
        }
    }

    /// Whether only convolutions read a sum, which take a file as it is; a match measures all of its song.
    private func isConvolvedOnly(_ sum: SumRef) -> Bool {
        !isDelivered(sum)
            && readers[sum, default: []].allSatisfy { reader in
                switch routing.units[reader].convolution?.device.response {
                case .files, .equalizer: true
                case .match, nil: false
                }
            }
    }

    // MARK: - Programs

    private mutating func addProgram(_ group: [Int], to programs: inout ProgramList) {
        var ports: [InputPort] = []
        var nodes: [MixNode] = []
        var labels: [[ProgramLabel.StripLabel]] = []
        var wires: [SumRef: Int] = [:]
        var outputs: [SumRef] = []
        for unit in group {
            var strips: [Strip] = []
            for strip in routing.units[unit].strips {
                strips.append(compile(strip, wires: wires, ports: &ports, programs: &programs))
            }
            nodes.append(MixNode(strips: strips, sums: routing.units[unit].sums))
            labels.append(
                routing.units[unit].strips.map {
                    ProgramLabel.StripLabel(name: $0.name, devices: $0.deviceNames)
                })
            for sum in routing.units[unit].sums.indices { wires[SumRef(unit: unit, sum: sum)] = wires.count }
        }
        let inside = Set(group)
        // A sum that only a later unit of the same program reads never leaves it.
        for unit in group {
            for sum in routing.units[unit].sums.indices {
                let reference = SumRef(unit: unit, sum: sum)
                if isRead(reference, outside: inside) { outputs.append(reference) }
            }
        }
        let body = MixBody(nodes: nodes, outputWires: outputs.map { wires[$0] ?? 0 })
        let program = Program(
            kind: body.isStateful ? .chained : .windowed, rateHertz: song.rateHertz,
            segmentFrames: segmentFrames,
            frameCount: frameCount, inputs: ports,
            outputs: outputs.map { _ in OutputPort(channelCount: 2, format: .planarFloat32) },
            body: .mix(body),
            song: songIndex)
        let name = group.map { routing.units[$0].name }.joined(separator: " > ")
        let id = programs.add(program, ProgramLabel(name: name, strips: labels))
        for (output, sum) in outputs.enumerated() { streams[sum] = StreamRef(program: id, output: output) }
    }

    private func isRead(_ sum: SumRef, outside group: Set<Int>) -> Bool {
        isDelivered(sum) || readers[sum, default: []].contains { !group.contains($0) }
    }

    private func isDelivered(_ sum: SumRef) -> Bool {
        sum == routing.mix || sum == routing.preMaster || routing.stems.contains { $0.sum == sum }
    }

    private mutating func compile(
        _ strip: UnitStrip, wires: [SumRef: Int], ports: inout [InputPort], programs: inout ProgramList
    ) -> Strip {
        var stages = strip.run.stages
        for (stage, key) in strip.keys.sorted(by: { $0.key < $1.key }) {
            stages[stage].keyPort = port(for: stream(key), in: &ports, programs)
        }
        let input: StripInput
        switch strip.input {
        case .clips(let clips):
            input = .clips(clips.map { compile($0, ports: &ports, programs: &programs) })
        case .terms(let terms):
            input = .terms(
                terms.map { term in
                    if let wire = wires[term] { return .wire(wire) }
                    return .port(port(for: stream(term), in: &ports, programs))
                })
        }
        return Strip(
            input: input, stages: stages, fader: strip.fader, pan: strip.pan, panLaw: strip.panLaw,
            isPolarityInverted: strip.isPolarityInverted)
    }

    private func port(for stream: StreamRef, in ports: inout [InputPort], _ programs: ProgramList) -> Int {
        let producer = programs[stream.program]
        return port(
            InputPort(
                program: stream.program, output: stream.output,
                channelCount: producer.outputs[stream.output].channelCount,
                segmentFrames: producer.windowFrames,
                frameCount: producer.frameCount), in: &ports)
    }

    private func port(_ port: InputPort, in ports: inout [InputPort]) -> Int {
        if let index = ports.firstIndex(of: port) { return index }
        ports.append(port)
        return ports.count - 1
    }

    private mutating func compile(
        _ clip: Clip, ports: inout [InputPort], programs: inout ProgramList
    ) -> ClipRead {
        let source = song.sources[clip.source]
        var read = ClipRead(
            port: 0, startFrame: clip.atFrame, frameCount: clip.frameCount,
            portOffset: clip.startFrame - clip.atFrame,
            gain: clip.gain.value == -.infinity ? 0 : PinnedMath.gain(decibels: clip.gain.value),
            fadeInFrames: clip.fadeInFrames, fadeOutFrames: clip.fadeOutFrames,
            fadeShape: clip.fadeShape == .linear ? .linear : .equalPower)
        let hashing = hashProgram(clip.source, programs: &programs)
        if source.rateHertz == song.rateHertz {
            read.port = port(sourcePort(clip.source, hashing, programs), in: &ports)
        } else {
            // The converted stream lies on the clip's own grid: its frame 0 is the clip's first frame.
            let converted = conversion(of: clip, hashing, programs: &programs)
            read.port = port(for: StreamRef(program: converted, output: 0), in: &ports, programs)
            read.portOffset = -clip.atFrame
        }
        return read
    }

    private func sourcePort(_ source: Int, _ hashing: ProgramID, _ programs: ProgramList) -> InputPort {
        let program = programs[hashing]
        return InputPort(
            program: hashing, output: 0, channelCount: song.sources[source].channelCount,
            segmentFrames: program.segmentFrames, frameCount: program.frameCount, source: firstSource + source
        )
    }

    private mutating func hashProgram(_ source: Int, programs: inout ProgramList) -> ProgramID {
        if let known = hashPrograms[source] { return known }
        let file = song.sources[source]
        let program = Program(
            kind: .windowed, rateHertz: file.rateHertz, segmentFrames: 10 * Program.partFrames,
            frameCount: file.frameCount, inputs: [],
            outputs: [OutputPort(channelCount: file.channelCount, format: .digests)],
            body: .hashSource(
                SourceBody(source: firstSource + source, identity: identities[source], samples: file.samples)),
            song: songIndex)
        let id = programs.add(program, ProgramLabel(name: fileName(file)))
        hashPrograms[source] = id
        return id
    }

    private func fileName(_ file: SourceFile) -> String {
        file.path.split(separator: "/").last.map(String.init) ?? file.path
    }

    private mutating func conversion(
        of clip: Clip, _ hashing: ProgramID, programs: inout ProgramList
    ) -> ProgramID {
        let wanted = Conversion(source: clip.source, startFrame: clip.startFrame, frameCount: clip.frameCount)
        if let known = conversions[wanted] { return known }
        let source = song.sources[wanted.source]
        let converter = PolyphaseConverter(from: source.rateHertz, to: song.rateHertz)
        let program = Program(
            kind: .windowed, rateHertz: song.rateHertz, segmentFrames: segmentFrames,
            frameCount: wanted.frameCount,
            inputs: [sourcePort(wanted.source, hashing, programs)],
            outputs: [OutputPort(channelCount: source.channelCount, format: .planarFloat32)],
            body: .convert(
                ConvertBody(
                    fromHertz: source.rateHertz, toHertz: song.rateHertz, startFrame: 0,
                    frameCount: wanted.frameCount, portStartFrame: wanted.startFrame,
                    reachFrames: converter.historyFrames, version: PolyphaseConverter.version)),
            song: songIndex)
        let id = programs.add(program, ProgramLabel(name: "rate conversion of \(fileName(source))"))
        conversions[wanted] = id
        return id
    }

    // MARK: - Convolutions

    private mutating func addConvolution(
        _ device: ConvolutionDevice, of input: SumRef, unit: Int, to programs: inout ProgramList
    ) {
        var ports: [InputPort] = []
        if let source = untouchedSources[input] {
            ports.append(sourcePort(source, hashProgram(source, programs: &programs), programs))
        } else {
            _ = port(for: stream(input), in: &ports, programs)
        }
        let response: ConvolveBody.Response
        switch device.response {
        case .equalizer(let values):
            response = .equalizer(values)
        case .files(let sources, let values, let frameCount):
            // A port of its own for each file, even where both are one.
            for source in sources {
                ports.append(sourcePort(source, hashProgram(source, programs: &programs), programs))
            }
            response = .file(
                parameters: values, rateHertz: song.sources[sources[0]].rateHertz, frameCount: frameCount,
                portCount: sources.count)
        case .match(let source, let values):
            let length = 2 * device.lookaheadFrames + 1
            let id = addMatch(of: ports[0], source: source, values, length: length, to: &programs)
            for output in 0..<2 {
                ports.append(
                    InputPort(
                        program: id, output: output, channelCount: 2, segmentFrames: length, frameCount: length))
            }
            response = .ready(frameCount: length)
        }
        let body = ConvolveBody(
            response: response, historyFrames: device.historyFrames, lookaheadFrames: device.lookaheadFrames,
            version: ConvolutionKernel.version)
        let program = Program(
            kind: .windowed, rateHertz: song.rateHertz, segmentFrames: segmentFrames, frameCount: frameCount,
            inputs: ports, outputs: [OutputPort(channelCount: 2, format: .planarFloat32)], body: .convolve(body),
            song: songIndex)
        let id = programs.add(program, ProgramLabel(name: routing.units[unit].name))
        streams[SumRef(unit: unit, sum: 0)] = StreamRef(program: id, output: 0)
    }

    private mutating func addMatch(
        of signal: InputPort, source: Int, _ values: [Double], length: Int, to programs: inout ProgramList
    ) -> ProgramID {
        let hashing = hashProgram(source, programs: &programs)
        let output = OutputPort(channelCount: 2, format: .planarFloat32)
        let program = Program(
            kind: .whole, rateHertz: song.rateHertz, segmentFrames: length, frameCount: length,
            inputs: [signal, sourcePort(source, hashing, programs)], outputs: [output, output],
            body: .match(
                MatchBody(
                    parameters: values, referenceHertz: song.sources[source].rateHertz,
                    version: ReferenceMatch.version)),
            song: songIndex)
        return programs.add(program, ProgramLabel(name: "match"))
    }

    private func addMeasurement(
        of stream: StreamRef, _ name: String, to programs: inout ProgramList
    ) -> ProgramID {
        FinishCompiler.addMeasurement(of: stream, name: "\(name) measurement", song: songIndex, to: &programs)
    }
}
