// Canonical bytes, so that a record can travel and be compared.

extension SignalSecond {
    private static let magic: UInt32 = 0x3153_534c  // "LSS1"
    private static let maximumSecond = 1 << 32

    /// The canonical form, little-endian words in the order of the properties; counts and frames have 32 bits, places
    /// 64, samples are Float32, sums Float64. Lists begin with their length where that may vary.
    package var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(Self.magic)
        writer.put(UInt32(rateHertz))
        writer.put(UInt32(channelCount))
        writer.put(UInt32(frameCount))
        writer.put(UInt64(second))
        writer.put(product)
        writer.put(zeroRuns)
        writer.put(quietRuns)
        for channel in channels { writer.put(channel) }
        guard let spectrum else {
            writer.put(UInt32(0))
            return writer.bytes
        }
        writer.put(UInt32(1))
        for power in spectrum.bandPowers { writer.put(power) }
        for power in [spectrum.lowLeft, spectrum.lowRight, spectrum.lowProduct] { writer.put(power) }
        writer.put(UInt32(spectrum.linePowers.count))
        for power in spectrum.linePowers { writer.put(power) }
        return writer.bytes
    }

    /// Reads the canonical form and nothing else.
    ///
    /// - Throws: `malformed` for any other length, and for values that no analyzer writes.
    package init(bytes: [UInt8]) throws(MeasurementError) {
        var reader = RecordReader(bytes)
        guard try reader.word() == Self.magic else { throw .malformed }
        let rate = try reader.count(8000...768_000)
        let channelCount = try reader.count(1...SegmentMeasurement.maximumChannelCount)
        let frames = try reader.count(1...rate)
        let place = try reader.long()
        guard place <= UInt64(Self.maximumSecond) else { throw .malformed }
        let second = Int(place)
        rateHertz = rate
        self.second = second
        frameCount = frames
        product = try reader.double(isPower: false)
        let least = SignalAnalyzer.leastSilenceFrameCount(rateHertz: rate)
        zeroRuns = try reader.runs(frameCount: frames, minimumFrameCount: least)
        quietRuns = try reader.runs(frameCount: frames, minimumFrameCount: least)
        let pieces = RangeFold.pieces(rateHertz: rate, second: second, frameCount: frames)
        var channels: [ChannelSecond] = []
        for _ in 0..<channelCount { channels.append(try reader.channel(pieces: pieces, frameCount: frames)) }
        self.channels = channels
        spectrum = try reader.count(0...1) == 1 ? try reader.spectrum() : nil
        guard reader.isAtEnd else { throw .malformed }
    }
}

private struct RecordWriter {
    var bytes: [UInt8] = []

    mutating func put(_ word: some FixedWidthInteger) {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ value: Double) { put(value.bitPattern) }

    mutating func put(_ runs: SecondRuns) {
        put(UInt32(runs.leadingFrameCount))
        put(UInt32(runs.trailingFrameCount))
        put(UInt32(runs.inner.count))
        put(UInt32(runs.inner.longestFrameCount))
        for run in runs.inner.places {
            put(UInt32(run.frame))
            put(UInt32(run.frameCount))
        }
    }

    mutating func put(_ channel: ChannelSecond) {
        put(channel.sum)
        for part in channel.parts {
            put(part.squares)
            put(part.peak.bitPattern)
        }
        put(channel.least.bitPattern)
        put(channel.greatest.bitPattern)
        put(UInt32(channel.peakFrame))
        put(UInt32(channel.nonFiniteCount))
        put(Int32(channel.firstNonFiniteFrame))
        put(channel.activeBits ?? .max)
        for runs in channel.fullScaleRuns + channel.ceilingRuns { put(runs) }
    }
}

private struct RecordReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func word() throws(MeasurementError) -> UInt32 { UInt32(try unsigned(byteCount: 4)) }

    mutating func long() throws(MeasurementError) -> UInt64 { try unsigned(byteCount: 8) }

    mutating func count(_ range: ClosedRange<Int>) throws(MeasurementError) -> Int {
        let count = Int(try word())
        guard range.contains(count) else { throw .malformed }
        return count
    }

    mutating func double(isPower: Bool) throws(MeasurementError) -> Double {
        let value = Double(bitPattern: try long())
        guard value.isFinite, !isPower || value >= 0 else { throw .malformed }
        return value
    }

    mutating func sample() throws(MeasurementError) -> Float {
        let value = Float(bitPattern: try word())
        guard value.isFinite else { throw .malformed }
        return value
    }

    mutating func runs(frameCount: Int, minimumFrameCount: Int) throws(MeasurementError) -> SecondRuns {
        var runs = SecondRuns()
        runs.leadingFrameCount = try count(0...frameCount)
        runs.trailingFrameCount = try count(0...frameCount)
        let (leading, trailing) = (runs.leadingFrameCount, runs.trailingFrameCount)
        // One run, or two with a frame between them.
        guard leading == frameCount ? trailing == frameCount : leading + trailing < frameCount else {
            throw .malformed
        }
        let runCount = try count(0...frameCount / minimumFrameCount)
        let longest = try count(0...frameCount)
        var (end, greatest) = (leading, 0)
        for _ in 0..<min(runCount, SampleRuns.maximumPlaceCount) {
            let frame = try count(0...frameCount)
            let length = try count(minimumFrameCount...max(minimumFrameCount, frameCount))
            guard frame > end, frame + length < frameCount - trailing else {
                throw .malformed
            }
            runs.inner.places.append(SampleRun(frame: frame, frameCount: length))
            end = frame + length
            greatest = max(greatest, length)
        }
        // Runs without a place may be longer.
        guard runCount > SampleRuns.maximumPlaceCount ? longest >= greatest : longest == greatest else {
            throw .malformed
        }
        runs.inner.count = runCount
        runs.inner.longestFrameCount = longest
        return runs
    }

    mutating func channel(pieces: [Range<Int>], frameCount: Int) throws(MeasurementError) -> ChannelSecond {
        var channel = ChannelSecond()
        channel.sum = try double(isPower: false)
        for piece in pieces {
            let squares = try double(isPower: true)
            let peak = try sample()
            guard peak >= 0 else { throw .malformed }
            channel.parts.append(RangePart(frameCount: piece.count, squares: squares, peak: peak))
        }
        channel.least = try sample()
        channel.greatest = try sample()
        channel.peakFrame = try count(0...frameCount - 1)
        channel.nonFiniteCount = try count(0...frameCount)
        channel.firstNonFiniteFrame = Int(Int32(bitPattern: try word()))
        let bits = try word()
        guard channel.least <= channel.greatest, (-1..<frameCount).contains(channel.firstNonFiniteFrame),
            (channel.firstNonFiniteFrame < 0) == (channel.nonFiniteCount == 0), bits < 1 << 24 || bits == .max
        else { throw .malformed }
        channel.activeBits = bits == .max ? nil : bits
        let minimum = SignalAnalyzer.clipRunFrameCount
        for i in 0..<4 {
            let runs = try self.runs(frameCount: frameCount, minimumFrameCount: minimum)
            if i < 2 { channel.fullScaleRuns.append(runs) } else { channel.ceilingRuns.append(runs) }
        }
        return channel
    }

    mutating func spectrum() throws(MeasurementError) -> OctaveSpectrum.Result {
        var result = OctaveSpectrum.Result()
        for band in result.bandPowers.indices { result.bandPowers[band] = try double(isPower: true) }
        result.lowLeft = try double(isPower: true)
        result.lowRight = try double(isPower: true)
        result.lowProduct = try double(isPower: false)
        let lineCount = try count(0...OctaveSpectrum.lineCount)
        guard lineCount == 0 || lineCount == OctaveSpectrum.lineCount else { throw .malformed }
        for _ in 0..<lineCount { result.linePowers.append(try double(isPower: true)) }
        return result
    }

    private mutating func unsigned(byteCount: Int) throws(MeasurementError) -> UInt64 {
        guard offset + byteCount <= bytes.count else { throw .malformed }
        var word: UInt64 = 0
        for i in (0..<byteCount).reversed() { word = word << 8 | UInt64(bytes[offset + i]) }
        offset += byteCount
        return word
    }
}
