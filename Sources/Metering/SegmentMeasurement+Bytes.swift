/// The canonical form, little-endian.
///
/// - Magic, rate, channel count, oversampling (32 bits each); frame count, last frame above the floor,
///   non-finite samples, hop count (64 bits each); per channel sample peak and true peak (Float32); the energies
///   (Float64).
/// - With a threshold for overs there is another magic, and there follow: the threshold (Float32), the count of
///   overs (32 bits); per channel the frame of its true peak (64 bits); per over its channel (32 bits), peak
///   (Float32), start, end and peak frame (64 bits each); the peaks of the hops (Float32).
extension SegmentMeasurement {
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + 16 * channelCount + 12 * hopEnergies.count + 32 * overs.count)
        func put(_ word: some FixedWidthInteger) {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        put(overThreshold == nil ? Self.plainMagic : Self.detailedMagic)
        put(UInt32(rateHertz))
        put(UInt32(channelCount))
        put(oversampling.rawValue)
        for value in [frameCount, lastFrameAboveFloor, nonFiniteSampleCount, hopCount] { put(Int64(value)) }
        for channel in 0..<channelCount {
            put(samplePeaks[channel].bitPattern)
            put(truePeaks[channel].bitPattern)
        }
        for energy in hopEnergies { put(energy.bitPattern) }
        guard let overThreshold else { return bytes }
        put(overThreshold.bitPattern)
        put(UInt32(overs.count))
        for frame in truePeakFrames { put(Int64(frame)) }
        for over in overs {
            put(UInt32(over.channel))
            put(over.peak.bitPattern)
            for frame in [over.startFrame, over.endFrame, over.peakFrame] { put(Int64(frame)) }
        }
        for peak in hopPeaks { put(peak.bitPattern) }
        return bytes
    }

    /// Reads the canonical form and nothing else.
    ///
    /// - Throws: `malformed` for any other length, value out of range, or energy that no meter writes.
    package init(bytes: [UInt8]) throws(MeasurementError) {
        var reader = WordReader(bytes)
        let magic = try reader.word(UInt32.self)
        guard magic == Self.plainMagic || magic == Self.detailedMagic else { throw .malformed }
        let rate = Int(try reader.word(UInt32.self))
        let channels = Int(try reader.word(UInt32.self))
        guard LoudnessAnalyzer.isSupported(rateHertz: rate),
            (1...Self.maximumChannelCount).contains(channels),
            let oversampling = Oversampling(rawValue: try reader.word(UInt32.self))
        else { throw .malformed }
        let frames = Int(try reader.word(Int64.self))
        let lastFrame = Int(try reader.word(Int64.self))
        let nonFinite = Int(try reader.word(Int64.self))
        let hops = Int(try reader.word(Int64.self))
        guard (0...Self.maximumFrameCount).contains(frames), (-1..<max(frames, 0)).contains(lastFrame),
            (0...frames * channels).contains(nonFinite), (0...frames / (rate / 100) + 1).contains(hops),
            bytes.count - reader.offset >= 8 * channels + 8 * channels * hops
        else { throw .malformed }
        var (samplePeaks, truePeaks): ([Float], [Float]) = ([], [])
        for _ in 0..<channels {
            let sample = Float(bitPattern: try reader.word(UInt32.self))
            let interpolated = Float(bitPattern: try reader.word(UInt32.self))
            guard sample >= 0, interpolated >= sample, interpolated.isFinite else { throw .malformed }
            samplePeaks.append(sample)
            truePeaks.append(interpolated)
        }
        var energies: [Double] = []
        energies.reserveCapacity(channels * hops)
        for _ in 0..<channels * hops {
            let energy = Double(bitPattern: try reader.word(UInt64.self))
            guard energy >= 0, energy.isFinite else { throw .malformed }
            energies.append(energy)
        }
        var details = PeakDetails()
        if magic == Self.detailedMagic {
            details = try PeakDetails(
                &reader, frameCount: frames, channelCount: channels, hopCount: hops)
        }
        guard reader.offset == bytes.count else { throw .malformed }
        self.init(
            rateHertz: rate, channelCount: channels, frameCount: frames, oversampling: oversampling,
            hopEnergies: energies, samplePeaks: samplePeaks, truePeaks: truePeaks,
            lastFrameAboveFloor: lastFrame, nonFiniteSampleCount: nonFinite,
            overThreshold: details.threshold, truePeakFrames: details.frames, overs: details.overs,
            hopPeaks: details.hopPeaks)
    }
}

/// What the bytes hold only with a threshold.
private struct PeakDetails {
    var threshold: Float?
    var frames: [Int] = []
    var overs: [TruePeakOver] = []
    var hopPeaks: [Float] = []

    init() {}

    init(
        _ reader: inout WordReader, frameCount: Int, channelCount: Int, hopCount: Int
    ) throws(MeasurementError) {
        let threshold = Float(bitPattern: try reader.word(UInt32.self))
        let overCount = Int(try reader.word(UInt32.self))
        guard threshold >= 0, reader.remaining == 8 * channelCount + 32 * overCount + 4 * hopCount else {
            throw .malformed
        }
        self.threshold = threshold
        for _ in 0..<channelCount {
            let frame = Int(try reader.word(Int64.self))
            guard (-1..<frameCount).contains(frame) else { throw .malformed }
            frames.append(frame)
        }
        for _ in 0..<overCount {
            let channel = Int(try reader.word(UInt32.self))
            let peak = Float(bitPattern: try reader.word(UInt32.self))
            let start = Int(try reader.word(Int64.self))
            let end = Int(try reader.word(Int64.self))
            let peakFrame = Int(try reader.word(Int64.self))
            guard channel < channelCount, peak > threshold, peak.isFinite, start >= 0, start < end,
                end <= frameCount, start <= peakFrame, peakFrame < end
            else { throw .malformed }
            if let last = overs.last {
                guard last.channel < channel || last.channel == channel && last.endFrame <= start else {
                    throw .malformed
                }
            }
            overs.append(
                TruePeakOver(channel: channel, startFrame: start, endFrame: end, peak: peak, peakFrame: peakFrame))
        }
        for _ in 0..<hopCount {
            let peak = Float(bitPattern: try reader.word(UInt32.self))
            guard peak >= 0, peak.isFinite else { throw .malformed }
            hopPeaks.append(peak)
        }
    }
}

/// Reads little-endian words.
private struct WordReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func word<Word: FixedWidthInteger>(_: Word.Type) throws(MeasurementError) -> Word {
        let byteCount = Word.bitWidth / 8
        guard offset + byteCount <= bytes.count else { throw .malformed }
        var word: Word = 0
        for i in (0..<byteCount).reversed() { word = word << 8 | Word(truncatingIfNeeded: bytes[offset + i]) }
        offset += byteCount
        return word
    }
}
