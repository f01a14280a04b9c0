package import Quantities

extension Program {
    /// Canonical bytes of one segment task; their SHA-256 is its key.
    ///
    /// - Parameters:
    ///   - inputs: Results of `dependencies(ofSegment:)`, in that order.
    ///   - snapshot: Digest of the state before the segment; nil at a chain's start and for other kinds.
    ///   - namespace: The owner of the work.
    package func keyBytes(
        ofSegment index: Int, inputs results: [TaskResult], snapshot: Digest?, namespace: String
    ) -> [UInt8] {
        var encoder = CanonicalEncoder()
        encoder.put("lathe segment task")
        encoder.put(namespace)
        encoder.put(Program.kernelVersion)
        encoder.put(kind.rawValue)
        encode(body(forSegment: index), into: &encoder)
        let range = range(ofSegment: index)
        encoder.put(range.start)
        encoder.put(range.count)
        encoder.put(segmentFrames)
        encoder.put(rateHertz)
        encoder.put(outputs.count)
        for output in outputs { encode(output, into: &encoder) }
        encodeInputs(ofSegment: index, results: results, into: &encoder)
        encoder.put(snapshot != nil)
        if let snapshot { encode(snapshot, into: &encoder) }
        return encoder.bytes
    }

    private func encodeInputs(
        ofSegment index: Int, results: [TaskResult], into encoder: inout CanonicalEncoder
    ) {
        let tasks = dependencies(ofSegment: index)
        precondition(tasks.count == results.count, "one result per dependency")
        let byTask = Dictionary(uniqueKeysWithValues: zip(tasks, results))
        for read in readsAndGaps(ofSegment: index) {
            let port = inputs[read.port]
            encoder.put(port.channelCount)
            encoder.put(read.range.count)
            if read.range.isEmpty { continue }
            // Where the first part is entered; all others are read from their start.
            encoder.put(read.range.start % port.segmentFrames % Program.partFrames)
            for segment in segments(of: read) {
                guard let result = byTask[TaskID(port.program, segment)] else {
                    preconditionFailure("a dependency without a result")
                }
                let stored = result.outputs[port.output]
                for part in parts(of: read, inSegment: segment, stored: stored) {
                    encode(part.digest, into: &encoder)
                }
            }
        }
    }

    private func parts(of read: PortRead, inSegment segment: Int, stored: [Part]) -> ArraySlice<Part> {
        let touched = parts(of: read, inSegment: segment)
        precondition(touched.upperBound < stored.count, "a window with too few parts")
        return stored[touched]
    }

    private func encode(_ digest: Digest, into encoder: inout CanonicalEncoder) {
        encoder.put(digest.high)
        encoder.put(digest.low)
    }

    private func encode(_ output: OutputPort, into encoder: inout CanonicalEncoder) {
        encoder.put(output.channelCount)
        switch output.format {
        case .planarFloat32: encoder.put(UInt8(0))
        case .interleaved(let samples):
            encoder.put(UInt8(1))
            encoder.put(samples.rawValue)
        case .bytes: encoder.put(UInt8(2))
        case .digests: encoder.put(UInt8(3))
        }
    }

    private func encode(_ body: Body, into encoder: inout CanonicalEncoder) {
        switch body {
        case .mix(let mix):
            encoder.put(UInt8(1))
            mix.encode(into: &encoder)
        case .convert(let convert):
            encoder.put(UInt8(2))
            for number in [
                convert.fromHertz, convert.toHertz, convert.startFrame, convert.frameCount,
                convert.portStartFrame,
                convert.reachFrames, Int(convert.version),
            ] { encoder.put(number) }
        case .finish(let finish):
            encoder.put(UInt8(3))
            encoder.put(finish.values)
            encoder.put(finish.latencyFrames)
            encoder.put(Int(finish.version))
        case .measure(let measure):
            encoder.put(UInt8(4))
            encoder.put(measure.historyFrames)
            encoder.put(measure.lookaheadFrames)
            encoder.put(Int(measure.version))
            encoder.put(measure.isLevelOnly)
        case .quantise(let quantise):
            encoder.put(UInt8(5))
            encoder.put(quantise.samples.rawValue)
            encoder.put(quantise.dither.rawValue)
            encoder.put(quantise.seed)
            encoder.put(quantise.output)
            encoder.put(quantise.reachFrames)
            encoder.put(Int(quantise.version))
        case .encode(let encode):
            encoder.put(UInt8(6))
            encoder.put(encode.container.rawValue)
            encoder.put(encode.samples.rawValue)
            encoder.put(encode.library)
            encoder.put(Int(EncodeBody.version))
        case .hashSource(let source):
            encoder.put(UInt8(7))
            self.encode(source.identity, into: &encoder)
            encoder.put(source.samples.rawValue)
        case .reverse:
            encoder.put(UInt8(8))
        case .convolve(let convolve):
            encoder.put(UInt8(9))
            convolve.encode(into: &encoder)
        case .match(let match):
            encoder.put(UInt8(10))
            match.encode(into: &encoder)
        }
    }
}
