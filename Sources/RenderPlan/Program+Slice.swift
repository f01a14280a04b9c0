import Quantities

extension Program {
    /// What of the program matters inside one segment: the only thing the engine renders from, and what the key says.
    package func body(forSegment index: Int) -> Body {
        switch body {
        case .mix(let mix): return .mix(mix.slice(range(ofSegment: index), isFirst: index == 0))
        case .convert(var convert):
            // How long the stream goes on behind the segment does not matter in it.
            let range = range(ofSegment: index)
            convert.frameCount = min(convert.frameCount, max(0, range.end - convert.startFrame))
            return .convert(convert)
        default: return body
        }
    }

    /// The frames of each port that a segment reads, in the order in which the key names them.
    ///
    /// A chained program reads its look-ahead once: segment k starts where segment k - 1 stopped reading.
    package func reads(ofSegment index: Int) -> [PortRead] {
        readsAndGaps(ofSegment: index).filter { !$0.range.isEmpty }
    }

    /// `reads(ofSegment:)` with an empty range for each place that reads nothing but silence: the key names those
    /// too, so that a read never stands for its neighbour.
    func readsAndGaps(ofSegment index: Int) -> [PortRead] {
        let range = range(ofSegment: index)
        var reads: [PortRead] = []
        func read(_ port: Int, _ wanted: FrameRange) {
            let inside = wanted.intersection(FrameRange(0, inputs[port].frameCount))
            reads.append(PortRead(port: port, range: inside))
        }
        switch body(forSegment: index) {
        case .mix(let mix):
            for node in mix.nodes {
                for strip in node.strips {
                    let input = mix.inputRange(of: strip, for: range, isFirst: index == 0)
                    switch strip.input {
                    case .clips(let clips):
                        for clip in clips {
                            let heard = clip.range.intersection(input)
                            read(clip.port, heard.shifted(by: clip.portOffset))
                        }
                    case .terms(let terms):
                        for case .port(let port) in terms { read(port, input) }
                    }
                    var ahead = strip.latencyFrames
                    for stage in strip.stages {
                        if let port = stage.keyPort {
                            read(
                                port,
                                FrameRange(index == 0 ? range.start : range.start + ahead, range.end + ahead))
                        }
                        ahead -= stage.latencyFrames
                    }
                }
            }
        case .convert(let convert):
            if let wanted = convert.portRange(for: range) { read(0, wanted) }
        case .convolve(let convolve):
            read(0, FrameRange(range.start - convolve.historyFrames, range.end + convolve.lookaheadFrames))
            let response = convolve.responsePorts
            for port in response.ports { read(port, FrameRange(0, response.frameCount)) }
        case .match:
            for port in inputs.indices { read(port, FrameRange(0, inputs[port].frameCount)) }
        case .finish(let finish):
            let start = index == 0 ? range.start : range.start + finish.latencyFrames
            read(0, FrameRange(start, range.end + finish.latencyFrames))
        case .measure(let measure):
            // What follows this program's own end is never looked at: the song may have been cut there.
            let end = min(range.end + measure.lookaheadFrames, frameCount)
            read(0, FrameRange(range.start - measure.historyFrames, end))
        case .quantise(let quantise):
            read(0, FrameRange(range.start - quantise.reachFrames, range.end + quantise.reachFrames))
        case .encode, .reverse:
            read(0, range)
        case .hashSource:
            break
        }
        return reads
    }

    /// The tasks whose windows a segment reads, each once, in the order of first mention.
    package func dependencies(ofSegment index: Int) -> [TaskID] {
        var tasks: [TaskID] = []
        var seen: Set<TaskID> = []
        for read in reads(ofSegment: index) {
            let port = inputs[read.port]
            for segment in segments(of: read) {
                let task = TaskID(port.program, segment)
                if seen.insert(task).inserted { tasks.append(task) }
            }
        }
        return tasks
    }

    /// The producer's segments that a read touches.
    package func segments(of read: PortRead) -> ClosedRange<Int> {
        let length = inputs[read.port].segmentFrames
        return read.range.start / length...(read.range.end - 1) / length
    }

    /// The parts of a producer's segment that a read touches.
    package func parts(of read: PortRead, inSegment segment: Int) -> ClosedRange<Int> {
        let length = inputs[read.port].segmentFrames
        let inside = read.range.intersection(FrameRange(start: segment * length, count: length))
            .shifted(by: -segment * length)
        return inside.start / Program.partFrames...(inside.end - 1) / Program.partFrames
    }

    /// Whether a result has the outputs and parts that a segment of this program gives, each of the right size,
    /// whatever is in them.
    package func isResult(_ result: TaskResult, ofSegment segment: Int) -> Bool {
        guard result.outputs.count == outputs.count, segment >= 0, segment < segmentCount else { return false }
        let frameCount = range(ofSegment: segment).count
        return zip(outputs, result.outputs).allSatisfy { port, parts in
            guard port.format != .bytes else { return !parts.isEmpty && parts.allSatisfy { $0.byteCount > 0 } }
            guard parts.count == Program.partCount(frames: frameCount) else { return false }
            guard let bytesPerFrame = port.bytesPerFrame else { return true }
            return parts.indices.allSatisfy { place in
                let frames = min(Program.partFrames, frameCount - place * Program.partFrames)
                return parts[place].byteCount == frames * bytesPerFrame
            }
        }
    }

    /// False where a result is digests only.
    package var storesOutputs: Bool {
        if case .hashSource = body { false } else { true }
    }

    /// What the farm sees of this program.
    package func shape(
        isDelivered: Bool = false, isRetained: Bool = false, costPerSegment: Int = 1
    ) -> ProgramShape {
        ProgramShape(
            kind: kind, segmentCount: segmentCount,
            dependencies: (0..<segmentCount).map { dependencies(ofSegment: $0) },
            costPerSegment: costPerSegment,
            storesOutputs: storesOutputs, isDelivered: isDelivered, isRetained: isRetained, song: song)
    }
}
