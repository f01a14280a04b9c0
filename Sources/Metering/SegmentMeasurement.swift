/// Why a measurement could not be read or folded.
package enum MeasurementError: Error, Equatable {
    /// The bytes are not what `SegmentMeasurement.bytes` writes.
    case malformed
    /// The measurement has another rate or channel count, or does not begin where the one before it ended.
    case outOfPlace
}

/// What a meter found in one window of a song: everything that loudness, peaks and the song's audible end are
/// later computed from, without the audio.
///
/// Hops lie on the song's own grid of 10 ms, whatever the windows are; a hop belongs to the window in which
/// it ends. Two measurements of the same song that cut it differently hold the same hops, bit for bit.
package struct SegmentMeasurement: Sendable, Hashable {
    package let rateHertz: Int
    package let channelCount: Int
    /// Frames in the window.
    package let frameCount: Int
    package let oversampling: Oversampling
    /// Hops that end inside the window.
    package let hopCount: Int
    /// Sums of squares after K-weighting, without channel weights: all hops of channel 0, then those of
    /// channel 1...
    package let hopEnergies: [Double]
    /// The greatest sample magnitude of each channel; 1 is full scale.
    package let samplePeaks: [Float]
    /// The greatest interpolated magnitude of each channel, at least its sample peak.
    package let truePeaks: [Float]
    /// The last frame, counted from the window's start, with a sample above -100 dBFS; -1 when there is none.
    package let lastFrameAboveFloor: Int
    /// NaN and infinite samples in the window; they were measured as silence.
    package let nonFiniteSampleCount: Int

    /// -100 dBFS: what lies at or below it at the end of a song is cut off.
    package static let floorGain: Float = 1e-5
    /// The most channels that a measurement has.
    package static let maximumChannelCount = 64

    private static let magic: UInt32 = 0x3153_4d4c  // "LMS1"
    private static let maximumFrameCount = 1 << 40

    /// The energies of one channel.
    package func hopEnergies(channel: Int) -> ArraySlice<Double> {
        hopEnergies[channel * hopCount..<(channel + 1) * hopCount]
    }

    init(
        rateHertz: Int, channelCount: Int, frameCount: Int, oversampling: Oversampling, hopEnergies: [Double],
        samplePeaks: [Float], truePeaks: [Float], lastFrameAboveFloor: Int, nonFiniteSampleCount: Int
    ) {
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.oversampling = oversampling
        hopCount = hopEnergies.count / channelCount
        self.hopEnergies = hopEnergies
        self.samplePeaks = samplePeaks
        self.truePeaks = truePeaks
        self.lastFrameAboveFloor = lastFrameAboveFloor
        self.nonFiniteSampleCount = nonFiniteSampleCount
    }
}

// MARK: - Canonical bytes

extension SegmentMeasurement {
    /// The canonical form, little-endian: magic, rate, channel count, oversampling (32 bits each); frame
    /// count, last frame above the floor, non-finite samples, hop count (64 bits each); per channel sample
    /// peak and true peak (Float32); the energies (Float64).
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(48 + 8 * channelCount + 8 * hopEnergies.count)
        func put(_ word: some FixedWidthInteger) {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        put(Self.magic)
        put(UInt32(rateHertz))
        put(UInt32(channelCount))
        put(oversampling.rawValue)
        for value in [frameCount, lastFrameAboveFloor, nonFiniteSampleCount, hopCount] { put(Int64(value)) }
        for channel in 0..<channelCount {
            put(samplePeaks[channel].bitPattern)
            put(truePeaks[channel].bitPattern)
        }
        for energy in hopEnergies { put(energy.bitPattern) }
        return bytes
    }

    /// Reads the canonical form and nothing else.
    ///
    /// - Throws: `malformed` for any other length, value out of range, or energy that no meter writes.
    package init(bytes: [UInt8]) throws(MeasurementError) {
        var reader = WordReader(bytes)
        guard try reader.word(UInt32.self) == Self.magic else { throw .malformed }
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
            bytes.count == 48 + 8 * channels + 8 * channels * hops
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
        self.init(
            rateHertz: rate, channelCount: channels, frameCount: frames, oversampling: oversampling,
            hopEnergies: energies, samplePeaks: samplePeaks, truePeaks: truePeaks,
            lastFrameAboveFloor: lastFrame, nonFiniteSampleCount: nonFinite)
    }
}

/// Reads little-endian words.
private struct WordReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func word<Word: FixedWidthInteger>(_: Word.Type) throws(MeasurementError) -> Word {
        let byteCount = Word.bitWidth / 8
        guard offset + byteCount <= bytes.count else { throw .malformed }
        var word: Word = 0
        for i in (0..<byteCount).reversed() { word = word << 8 | Word(truncatingIfNeeded: bytes[offset + i]) }
        offset += byteCount
        return word
    }
}
