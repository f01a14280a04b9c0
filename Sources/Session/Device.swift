package import Quantities

/// An insert effect with its parameters in the units of the session file; ranges and defaults in
/// docs/session.md.
package enum Device: Sendable, Equatable {
    case equalizer(EqualizerSettings)
    case compressor(CompressorSettings)
    case limiter(LimiterSettings)
    case delay(DelaySettings)
    case reverb(ReverbSettings)
    case utility(UtilitySettings)
}

/// Bands in the order in which the signal meets them.
package struct EqualizerSettings: Sendable, Equatable {
    package enum BandType: String, Sendable, CaseIterable {
        case highPass = "high-pass", lowPass = "low-pass", bell, lowShelf = "low-shelf", highShelf =
            "high-shelf"
        case notch
    }

    package struct Band: Sendable, Equatable {
        package var type: BandType
        package var frequencyHertz: Double
        package var gain: Decibels
        package var q: Double
        /// 12, 24, 36 or 48; high-pass and low-pass only (Butterworth).
        package var slopeDecibelsPerOctave: Int

        package init(
            type: BandType, frequencyHertz: Double, gain: Decibels = .unity, q: Double = 0.7071067811865476,
            slopeDecibelsPerOctave: Int = 12
        ) {
            self.type = type
            self.frequencyHertz = frequencyHertz
            self.gain = gain
            self.q = q
            self.slopeDecibelsPerOctave = slopeDecibelsPerOctave
        }
    }

    package var bands: [Band]
    package init(bands: [Band]) { self.bands = bands }
}

/// A feed-forward compressor, stereo-linked.
package struct CompressorSettings: Sendable, Equatable {
    package enum Detector: String, Sendable { case peak, rms }

    package var threshold: Decibels
    /// 1 or more; infinity limits.
    package var ratio: Double
    package var attackSeconds: Double
    package var releaseSeconds: Double
    package var knee: Decibels
    package var makeUp: Decibels
    package var detector: Detector
    /// The channel that is listened to (after its devices, before its fader and mute); nil: the signal
    /// itself.
    package var key: ChannelReference?

    package init(
        threshold: Decibels, ratio: Double, attackSeconds: Double, releaseSeconds: Double,
        knee: Decibels = .init(0),
        makeUp: Decibels = .unity, detector: Detector = .peak, key: ChannelReference? = nil
    ) {
        self.threshold = threshold
        self.ratio = ratio
        self.attackSeconds = attackSeconds
        self.releaseSeconds = releaseSeconds
        self.knee = knee
        self.makeUp = makeUp
        self.detector = detector
        self.key = key
    }
}

/// A look-ahead true-peak limiter.
package struct LimiterSettings: Sendable, Equatable {
    package var ceiling: DecibelsTruePeak
    package var releaseSeconds: Double
    package var gain: Decibels

    package init(
        ceiling: DecibelsTruePeak = .init(-1), releaseSeconds: Double = 0.08, gain: Decibels = .unity
    ) {
        self.ceiling = ceiling
        self.releaseSeconds = releaseSeconds
        self.gain = gain
    }
}

/// A stereo delay with filtered feedback.
package struct DelaySettings: Sendable, Equatable {
    /// Per channel, in frames: times and note values are resolved by the reader.
    package var leftFrames: Int
    package var rightFrames: Int
    /// 0 to 0.95, as a fraction.
    package var feedback: Double
    package var highCutHertz: Double
    package var lowCutHertz: Double
    package var isPingPong: Bool
    /// 0 dry to 1 wet.
    package var mix: Double

    package init(
        leftFrames: Int, rightFrames: Int, feedback: Double = 0.35, highCutHertz: Double = 8000,
        lowCutHertz: Double = 80, isPingPong: Bool = false, mix: Double = 0.3
    ) {
        self.leftFrames = leftFrames
        self.rightFrames = rightFrames
        self.feedback = feedback
        self.highCutHertz = highCutHertz
        self.lowCutHertz = lowCutHertz
        self.isPingPong = isPingPong
        self.mix = mix
    }
}

/// A feedback-delay-network reverb.
package struct ReverbSettings: Sendable, Equatable {
    /// T60 at mid frequencies.
    package var decaySeconds: Double
    package var predelaySeconds: Double
    /// Frequency above which the decay halves.
    package var dampingHertz: Double
    /// 0.25 (small room) to 2 (large hall); 1 is the design size.
    package var size: Double
    /// 0 mono to 1 wide.
    package var width: Double
    /// 0 dry to 1 wet; 1 by default, as on a return.
    package var mix: Double

    package init(
        decaySeconds: Double, predelaySeconds: Double = 0.01, dampingHertz: Double = 6000, size: Double = 1,
        width: Double = 1, mix: Double = 1
    ) {
        self.decaySeconds = decaySeconds
        self.predelaySeconds = predelaySeconds
        self.dampingHertz = dampingHertz
        self.size = size
        self.width = width
        self.mix = mix
    }
}

/// Gain and polarity.
package struct UtilitySettings: Sendable, Equatable {
    package var gain: Decibels
    package var invertsLeft: Bool
    package var invertsRight: Bool

    package init(gain: Decibels = .unity, invertsLeft: Bool = false, invertsRight: Bool = false) {
        self.gain = gain
        self.invertsLeft = invertsLeft
        self.invertsRight = invertsRight
    }
}
