import Foundation
import Quantities
import RenderPlan
import Testing

/// Reads, dependencies and keys of programs, on a timeline with segments of 100,000 frames in two parts.
@Suite struct ProgramTests {
    static let segmentFrames = 100_000

    private func port(_ program: Int, segmentFrames: Int = 100_000, frames: Int = 350_000) -> InputPort {
        InputPort(
            program: ProgramID(program), output: 0, channelCount: 2, segmentFrames: segmentFrames,
            frameCount: frames)
    }

    private func mix(_ strips: [Strip], inputs: [InputPort], kind: ProgramKind = .chained) -> Program {
        let sums = [strips.indices.map { Tap(strip: $0, point: .output) }]
        return Program(
            kind: kind, rateHertz: 48_000, segmentFrames: Self.segmentFrames, frameCount: 350_000,
            inputs: inputs,
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)],
            body: .mix(MixBody(nodes: [MixNode(strips: strips, sums: sums)], outputWires: [0])), song: 0)
    }

    private func limited(_ input: StripInput) -> Strip {
        Strip(
            input: input,
            stages: [Stage(kind: 4, version: 1, values: [1, 0.9], latencyFrames: 101, device: 0)])
    }

    @Test func `a result fits a segment by its outputs and the sizes of its parts`() {
        let program = mix([], inputs: [])
        let (full, rest) = (65_536 * 8, 34_464 * 8)
        func isResult(_ sizes: [[Int]], _ segment: Int) -> Bool {
            program.isResult(
                TaskResult(
                    outputs: sizes.map { $0.map { Part(digest: Digest(high: 1, low: 2), byteCount: $0) } }),
                ofSegment: segment)
        }
        #expect(isResult([[full, rest]], 0))
        #expect(isResult([[50_000 * 8]], 3), "the last segment has half as many frames")
        #expect(!isResult([], 0) && !isResult([[]], 0) && !isResult([[full]], 0) && !isResult([[full, rest, 8]], 0))
        #expect(!isResult([[full, rest], [full, rest]], 0))
        #expect(!isResult([[full, rest]], 4) && !isResult([[full, rest]], -1))
        // Bytes that are no whole frames, or too few, would be taken for samples.
        #expect(!isResult([[full, rest - 4]], 0) && !isResult([[rest, full]], 0) && !isResult([[5, 5]], 0))
    }

    /// Digests as if every part of every program had other bytes, unless `change` says so.
    private func results(
        _ program: Program, _ segment: Int, change: (TaskID, Int) -> UInt64 = { _, _ in 0 }
    ) -> [TaskResult] {
        program.dependencies(ofSegment: segment).map { task in
            TaskResult(outputs: [
                (0..<10).map { part in
                    let low = UInt64(task.program.rawValue * 1000 + task.segment * 10 + part)
                    return Part(digest: Digest(high: change(task, part), low: low), byteCount: 1)
                }
            ])
        }
    }

    private func key(_ program: Program, _ segment: Int, change: (TaskID, Int) -> UInt64 = { _, _ in 0 })
        -> [UInt8]
    {
        program.keyBytes(
            ofSegment: segment, inputs: results(program, segment, change: change),
            snapshot: segment == 0 ? nil : Digest(high: 1, low: 2), namespace: "local")
    }

    // MARK: - Reads

    @Test func `A chain reads its look-ahead once and nothing twice`() {
        let program = mix([limited(.terms([.port(0)]))], inputs: [port(3)])
        #expect(program.segmentCount == 4)
        let ranges = (0..<4).map { program.reads(ofSegment: $0).map(\.range) }
        #expect(
            ranges == [
                [FrameRange(0, 100_101)], [FrameRange(100_101, 200_101)], [FrameRange(200_101, 300_101)],
                [FrameRange(300_101, 350_000)],
            ])
        #expect(program.dependencies(ofSegment: 0) == [TaskID(ProgramID(3), 0), TaskID(ProgramID(3), 1)])
        #expect(program.dependencies(ofSegment: 3) == [TaskID(ProgramID(3), 3)])
    }

    @Test func `Look-ahead names only the head of the next window`() {
        let program = mix([limited(.terms([.port(0)]))], inputs: [port(3)])
        let read = program.reads(ofSegment: 0)[0]
        #expect(program.segments(of: read) == 0...1)
        #expect(program.parts(of: read, inSegment: 0) == 0...1)
        #expect(program.parts(of: read, inSegment: 1) == 0...0)
        let plain = key(program, 0)
        #expect(key(program, 0) { task, part in task.segment == 1 && part == 0 ? 9 : 0 } != plain)
        #expect(key(program, 0) { task, part in task.segment == 1 && part == 1 ? 9 : 0 } == plain)
    }

    @Test func `Reads stop at the producer's ends and lie on its own segments`() {
        // A source on its own grid: clip of 30,000 frames across the boundary, from source frame 60,000.
        let clip = ClipRead(port: 0, startFrame: 90_000, frameCount: 30_000, portOffset: -30_000, gain: 1)
        let source = port(0, segmentFrames: 655_360, frames: 85_000)
        let program = mix([Strip(input: .clips([clip]))], inputs: [source], kind: .windowed)
        #expect(program.reads(ofSegment: 0) == [PortRead(port: 0, range: FrameRange(60_000, 70_000))])
        #expect(program.reads(ofSegment: 1) == [PortRead(port: 0, range: FrameRange(70_000, 85_000))])
        #expect(program.parts(of: program.reads(ofSegment: 0)[0], inSegment: 0) == 0...1)
        #expect(program.parts(of: program.reads(ofSegment: 1)[0], inSegment: 0) == 1...1)
        #expect(program.reads(ofSegment: 2).isEmpty && program.dependencies(ofSegment: 2).isEmpty)
        let exact = PortRead(port: 0, range: FrameRange(0, Program.partFrames))
        #expect(program.parts(of: exact, inSegment: 0) == 0...0)
    }

    @Test func `Windowed programs read their neighbours and never past their own end`() {
        let body = MeasureBody(historyFrames: 1000, lookaheadFrames: 11, version: 1)
        func measure(frames: Int) -> Program {
            Program(
                kind: .windowed, rateHertz: 48_000, segmentFrames: Self.segmentFrames, frameCount: frames,
                inputs: [port(2)], outputs: [OutputPort(channelCount: 0, format: .bytes)],
                body: .measure(body),
                song: 0)
        }
        #expect(measure(frames: 350_000).reads(ofSegment: 1)[0].range == FrameRange(99_000, 200_011))
        #expect(measure(frames: 200_000).reads(ofSegment: 1)[0].range == FrameRange(99_000, 200_000))
        #expect(measure(frames: 350_000).reads(ofSegment: 0)[0].range == FrameRange(0, 100_011))
        // The last window of a cut song rings out; the same window inside a longer one does not.
        #expect(key(measure(frames: 200_000), 1) != key(measure(frames: 350_000), 1))
    }

    @Test func `Side-chains are read ahead by what lags behind them`() {
        var strip = limited(.terms([.port(0)]))
        strip.stages = [
            strip.stages[0], Stage(kind: 2, version: 1, values: [1], keyPort: 1, device: 1),
            strip.stages[0],
        ]
        let program = mix([strip], inputs: [port(0), port(1)])
        #expect(program.reads(ofSegment: 0).map(\.range) == [FrameRange(0, 100_202), FrameRange(0, 100_101)])
        #expect(
            program.reads(ofSegment: 1).map(\.range) == [
                FrameRange(100_202, 200_202), FrameRange(100_101, 200_101),
            ])
    }

    @Test func `A whole program is one task and its window one segment`() {
        let program = Program(
            kind: .whole, rateHertz: 48_000, segmentFrames: Self.segmentFrames, frameCount: 350_000,
            inputs: [port(0)],
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)], body: .reverse, song: 0)
        #expect(program.segmentCount == 1 && program.windowFrames == 350_000)
        #expect(program.dependencies(ofSegment: 0).map(\.segment) == [0, 1, 2, 3])
        #expect(program.range(ofSegment: 0) == FrameRange(0, 350_000))
        #expect(program.shape().dependencies.count == 1)
    }

    // MARK: - Keys

    /// Two strips of clips with automation on everything.
    private func automated() -> Program {
        let strips = (0..<2).map { i in
            Strip(
                input: .clips([
                    ClipRead(port: i, startFrame: 0, frameCount: 150_000, portOffset: 0, gain: 0.5),
                    ClipRead(
                        port: i, startFrame: 220_000, frameCount: 100_000, portOffset: -220_000, gain: 1,
                        fadeInFrames: 100, fadeOutFrames: 40_000, fadeShape: .equalPower),
                ]), stages: [Stage(kind: 2, version: 1, values: [1, 2, 3], device: 0)],
                fader: Curve(points: [
                    .init(frame: 0, value: 0, isLinear: false),
                    .init(frame: 120_000, value: -6, isLinear: false),
                ]))
        }
        return mix(strips, inputs: [port(0), port(1)])
    }

    private func changed(_ change: (inout MixBody) -> Void) -> Program {
        var program = automated()
        guard case .mix(var body) = program.body else { return program }
        change(&body)
        program.body = .mix(body)
        return program
    }

    /// Segments whose keys a change alters, their snapshots being what they were.
    private func altered(_ change: (inout MixBody) -> Void) -> [Int] {
        let (old, new) = (automated(), changed(change))
        return (0..<4).filter { key(old, $0) != key(new, $0) }
    }

    @Test func `A key changes where an edit is heard and nowhere else`() {
        #expect(
            altered {
                $0.nodes[0].strips[0].fader = Curve(points: [
                    .init(frame: 0, value: 0, isLinear: false),
                    .init(frame: 120_000, value: -6, isLinear: false),
                    .init(frame: 250_000, value: -5, isLinear: false),
                ])
            } == [2, 3])
        // A line to a later point is heard all the way from the point before.
        #expect(
            altered {
                $0.nodes[0].strips[0].fader = Curve(points: [
                    .init(frame: 0, value: 0, isLinear: false),
                    .init(frame: 120_000, value: -6, isLinear: false),
                    .init(frame: 250_000, value: -5, isLinear: true),
                ])
            } == [1, 2, 3])
        #expect(
            altered {
                $0.nodes[0].strips[1].pan = Curve(points: [
                    .init(frame: 0, value: 0, isLinear: false),
                    .init(frame: 300_000, value: 0.5, isLinear: false),
                ])
            } == [3])
        #expect(
            altered {
                $0.nodes[0].sums[0][0].gain = Curve(points: [
                    .init(frame: 0, value: 0, isLinear: false),
                    .init(frame: 199_999, value: 0.5, isLinear: false),
                ])
            } == [1, 2, 3])
        func clips(_ change: @escaping (inout [ClipRead]) -> Void) -> [Int] {
            altered { body in
                guard case .clips(var clips) = body.nodes[0].strips[1].input else { return }
                change(&clips)
                body.nodes[0].strips[1].input = .clips(clips)
            }
        }
        #expect(clips { $0[1].gain = 0.9 } == [2, 3])
        #expect(clips { $0[1].fadeInFrames = 200 } == [2])
        #expect(clips { $0[1].fadeOutFrames = 19_999 } == [2, 3])
        #expect(
            clips {
                $0[1].fadeOutFrames = 19_999; $0[1].fadeShape = .linear
            } == [2, 3])
        #expect(clips { $0[0].frameCount = 199_000 } == [1])
        #expect(clips { $0[0].frameCount = 200_000 } == [1])
        #expect(clips { $0[0].frameCount = 200_001 } == [1, 2])
        #expect(clips { $0[0].portOffset = 1 } == [0, 1])
        #expect(clips { $0.removeLast() } == [2, 3])
    }

    @Test func `Whatever is heard everywhere is in every key`() {
        let all = [0, 1, 2, 3]
        #expect(altered { $0.nodes[0].strips[0].stages[0].values[1] += 1e-9 } == all)
        #expect(altered { $0.nodes[0].strips[0].stages[0].version = 2 } == all)
        #expect(altered { $0.nodes[0].strips[0].stages.removeAll() } == all)
        #expect(altered { $0.nodes[0].strips[0].isPolarityInverted = true } == all)
        #expect(altered { $0.nodes[0].strips[0].panLaw = .constantPower } == all)
        #expect(
            altered {
                $0.nodes[0].strips.swapAt(0, 1); $0.nodes[0].sums[0].swapAt(0, 1)
            } == all)
        #expect(altered { $0.nodes[0].sums[0][1].point = .preFader } == all)
        #expect(altered { $0.nodes[0].sums.append([]) } == all)
        #expect(altered { $0.outputWires = [] } == all)
        // A device's place is for messages alone.
        #expect(altered { $0.nodes[0].strips[0].stages[0].device = 5 } == [])
    }

    @Test func `Owner, snapshot, input, rate and place are in the key`() {
        let program = automated()
        let inputs = results(program, 1)
        func bytes(_ program: Program, _ snapshot: Digest?, _ namespace: String) -> [UInt8] {
            program.keyBytes(ofSegment: 1, inputs: inputs, snapshot: snapshot, namespace: namespace)
        }
        let plain = bytes(program, Digest(high: 1, low: 2), "local")
        #expect(plain == key(program, 1))
        #expect(bytes(program, Digest(high: 1, low: 3), "local") != plain)
        #expect(bytes(program, nil, "local") != plain)
        #expect(bytes(program, Digest(high: 1, low: 2), "other") != plain)
        #expect(key(program, 1) { task, _ in task.program == ProgramID(1) ? 1 : 0 } != plain)
        var rate = program
        rate.rateHertz = 44_100
        #expect(key(rate, 1) != plain)
        var song = program
        song.song = 7
        #expect(key(song, 1) == plain)
        #expect(key(program, 0) != plain)
    }

    @Test func `A read is told from its neighbour and from another place in the same part`() {
        // One of two clips reads nothing, because its port has ended: which one must show.
        func program(_ first: Int, _ second: Int) -> Program {
            let clips = (0..<2).map {
                ClipRead(port: $0, startFrame: 0, frameCount: 1000, portOffset: 0, gain: 1)
            }
            let gone = ClipRead(port: 2, startFrame: 0, frameCount: 1000, portOffset: 60_000, gain: 1)
            var read = clips[0]
            read.portOffset = 60_000
            return mix(
                [Strip(input: .clips(first == 0 ? [gone, read] : [read, gone]))],
                inputs: [port(0), port(0), port(0, frames: second)], kind: .windowed)
        }
        #expect(key(program(0, 10), 0) != key(program(1, 10), 0))
        // The same part's bytes, entered at another frame, for a port of other segments.
        func entered(_ segmentFrames: Int) -> [UInt8] {
            let clip = ClipRead(port: 0, startFrame: 0, frameCount: 1000, portOffset: 100_000, gain: 1)
            let program = mix(
                [Strip(input: .clips([clip]))], inputs: [port(0, segmentFrames: segmentFrames)],
                kind: .windowed)
            let part = Part(digest: Digest(high: 5, low: 5), byteCount: 8)
            let result = TaskResult(outputs: [Array(repeating: part, count: 10)])
            return program.keyBytes(ofSegment: 0, inputs: [result], snapshot: nil, namespace: "local")
        }
        #expect(entered(100_000) != entered(655_360))
    }

    // MARK: - JSON

    @Test func `A program survives JSON with its key`() throws {
        var programs = [automated(), mix([limited(.terms([.port(0), .port(0)]))], inputs: [port(3)])]
        let bodies: [Body] = [
            .convert(
                ConvertBody(
                    fromHertz: 44_100, toHertz: 48_000, startFrame: 0, frameCount: 9, portStartFrame: 3,
                    reachFrames: 5, version: 1)),
            .finish(FinishBody(values: [0.1, 1.0 / 3, 1e-300], latencyFrames: 101, version: 1)),
            .measure(MeasureBody(historyFrames: 1, lookaheadFrames: 2, version: 3)),
            .quantise(
                QuantiseBody(
                    samples: .integer24, dither: .triangular, seed: .max, output: 1, reachFrames: 256, version: 1
                )),
            .encode(EncodeBody(container: .flac, samples: .integer16, library: "FLAC 1.5")),
            .hashSource(
                SourceBody(source: 1, identity: Digest(high: .max, low: .max - 1), samples: .float32)),
            .reverse,
        ]
        for body in bodies {
            var program = mix([], inputs: [port(0)], kind: .windowed)
            program.body = body
            if case .hashSource = body { program.inputs = [] }
            if body == .reverse { program.kind = .whole }
            programs.append(program)
        }
        for program in programs {
            let data = try JSONEncoder().encode(program)
            let copy = try JSONDecoder().decode(Program.self, from: data)
            #expect(copy == program)
            for segment in 0..<program.segmentCount { #expect(key(copy, segment) == key(program, segment)) }
        }
    }
}
