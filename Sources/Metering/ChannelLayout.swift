/// How one channel is to be measured.
package enum MonoLoudness: String, Sendable, Hashable, CaseIterable {
    /// One channel of weight 1, as BS.1770-5 has it: 3.01 LU below the same signal on two channels.
    case asIs = "as-is"
    /// As the two loudspeakers that will play it: weight 2.
    case dual
}

/// Why a file's channels cannot be assigned to loudspeakers.
package enum ChannelLayoutError: Error, Hashable, Sendable {
    /// No mask, and no layout that this many channels usually have.
    case unknownChannelCount(Int)
    /// The mask names another number of loudspeakers than there are channels.
    case maskDoesNotFit(mask: UInt32, channelCount: Int)
    /// The mask has bits that no loudspeaker has.
    case unknownSpeakers(mask: UInt32)
}

/// Which loudspeaker each channel feeds, and so its weight in the loudness.
///
/// BS.1770-5 Annex 3: 1.41 (+1.5 dB) at elevations below 30 degrees and azimuths from 60 to 120 degrees, 1
/// everywhere else; the LFE is left out. In 5.1 the surround loudspeakers stand at 110 degrees: 1.41. In 7.1
/// those at the sides (90 degrees) have 1.41, those at the rear (135 degrees) 1.
package struct ChannelLayout: Sendable, Hashable {
    /// A loudspeaker, in degrees: azimuth to the left of the front, elevation above the ears.
    package struct Speaker: Sendable, Hashable {
        /// `M+110`, the label of BS.2051: layer and azimuth; `LFE1`.
        package let label: String
        package let azimuthDegrees: Int
        package let elevationDegrees: Int
        package let isLowFrequency: Bool

        /// BS.1770-5 Annex 3.
        package var weight: Double {
            if isLowFrequency { return 0 }
            let isAtTheSide = (60...120).contains(abs(azimuthDegrees)) && abs(elevationDegrees) < 30
            return isAtTheSide ? 1.41 : 1
        }

        /// - Parameter label: of BS.2051.
        init(_ label: String) {
            self.label = label
            isLowFrequency = label.hasPrefix("LFE")
            // Screen loudspeakers have no fixed azimuth; they stand between those at 30 degrees.
            let isScreen = label.hasSuffix("SC")
            let digits = Int(label.drop { !$0.isNumber }) ?? 0
            let sign = label.contains("-") ? -1 : 1
            azimuthDegrees = isLowFrequency ? 0 : sign * (isScreen ? 15 : digits)
            elevationDegrees =
                switch label.first {
                case "U": 30
                case "T": 90
                case "B": -30
                default: 0
                }
        }
    }

    /// `5.1` or `4+5+0`; the hexadecimal mask where no name is known.
    package let name: String
    /// One per channel, in the order of the file's channels.
    package let speakers: [Speaker]
    /// Whether nothing but the number of channels said so.
    package let isAssumed: Bool

    package var channelCount: Int { speakers.count }

    /// One weight per channel.
    ///
    /// - Parameter mono: how one channel counts; more are not affected.
    package func weights(mono: MonoLoudness = .asIs) -> [Double] {
        if speakers.count == 1, mono == .dual { return [2] }
        return speakers.map(\.weight)
    }

    private init(_ name: String, _ labels: [String], isAssumed: Bool = false) {
        self.name = name
        speakers = labels.map(Speaker.init)
        self.isAssumed = isAssumed
    }

    // MARK: names

    /// The layouts by name, in a fixed order: the usual ones in the order of WAVE files, then those of BS.2051-3,
    /// systems A to J, in the order of its tables.
    package static let all: [ChannelLayout] = tables.map { ChannelLayout($0.0, split($0.1)) }

    /// The layout of a name, or of another name of it: `quad` or `4.0`, `7.1.4` or `4+7+0`; nil for unknown ones.
    package static func named(_ name: String) -> ChannelLayout? {
        let wanted = synonyms.first { $0.0 == name }?.1 ?? name
        return all.first { $0.name == wanted }
    }

    /// The layout that a file without a mask most likely has: one of up to six channels, or eight.
    package static func assumed(channelCount: Int) throws(ChannelLayoutError) -> ChannelLayout {
        let names = [1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"]
        guard let name = names[channelCount], let layout = named(name) else {
            throw .unknownChannelCount(channelCount)
        }
        return ChannelLayout(name, layout.speakers.map(\.label), isAssumed: true)
    }

    private static let synonyms = [
        ("quad", "4.0"), ("5.1.2", "2+5+0"), ("5.1.4", "4+5+0"), ("7.1.4", "4+7+0"), ("22.2", "9+10+3"),
    ]

    private static let tables = [
        ("mono", "M+000"),
        ("stereo", "M+030 M-030"),
        ("3.0", "M+030 M-030 M+000"),
        ("4.0", "M+030 M-030 M+110 M-110"),
        ("lcrs", "M+030 M-030 M+000 M+180"),
        ("5.0", "M+030 M-030 M+000 M+110 M-110"),
        ("5.1", "M+030 M-030 M+000 LFE1 M+110 M-110"),
        ("7.1", "M+030 M-030 M+000 LFE1 M+135 M-135 M+090 M-090"),
        ("0+2+0", "M+030 M-030"),
        ("0+5+0", "M+030 M-030 M+000 LFE1 M+110 M-110"),
        ("2+5+0", "M+030 M-030 M+000 LFE1 M+110 M-110 U+030 U-030"),
        ("4+5+0", "M+030 M-030 M+000 LFE1 M+110 M-110 U+030 U-030 U+110 U-110"),
        ("4+5+1", "M+030 M-030 M+000 LFE1 M+110 M-110 U+030 U-030 U+110 U-110 B+000"),
        ("3+7+0", "M+000 M+030 M-030 U+045 U-045 M+090 M-090 M+135 M-135 UH+180 LFE1 LFE2"),
        (
            "4+9+0",
            "M+030 M-030 M+000 LFE1 M+090 M-090 M+135 M-135 U+045 U-045 U+135 U-135 M+SC M-SC"
        ),
        (
            "9+10+3",
            "M+060 M-060 M+000 LFE1 M+135 M-135 M+030 M-030 M+180 LFE2 M+090 M-090 U+045 U-045 U+000 T+000 "
                + "U+135 U-135 U+090 U-090 U+180 B+000 B+045 B-045"
        ),
        ("0+7+0", "M+030 M-030 M+000 LFE1 M+090 M-090 M+135 M-135"),
        ("4+7+0", "M+030 M-030 M+000 LFE1 M+090 M-090 M+135 M-135 U+045 U-045 U+135 U-135"),
    ]

    private static func split(_ labels: String) -> [String] { labels.split(separator: " ").map(String.init) }

    // MARK: masks

    /// The layout of the channel mask of a WAVE file (`dwChannelMask`), whose channels lie in the order of its
    /// bits.
    ///
    /// "Back" loudspeakers are the surround ones where there are none at the sides: 5.1 is written either way.
    ///
    /// - Parameter mask: 0 is no mask: the layout is `assumed`.
    package init(waveMask mask: UInt32, channelCount: Int) throws(ChannelLayoutError) {
        guard mask != 0 else {
            self = try .assumed(channelCount: channelCount)
            return
        }
        guard mask >> UInt32(Self.maskLabels.count) == 0 else { throw .unknownSpeakers(mask: mask) }
        guard mask.nonzeroBitCount == channelCount else {
            throw .maskDoesNotFit(mask: mask, channelCount: channelCount)
        }
        let (back, side): (UInt32, UInt32) = (0x30, 0x600)
        let isBoth = mask & back != 0 && mask & side != 0
        let labels = Self.maskLabels.indices.filter { mask >> UInt32($0) & 1 == 1 }.map { bit in
            switch bit {
            case 4, 5: isBoth ? Self.maskLabels[bit] : (bit == 4 ? "M+110" : "M-110")
            case 9, 10: isBoth ? Self.maskLabels[bit] : (bit == 9 ? "M+110" : "M-110")
            // One channel alone is mono, whichever loudspeaker it names.
            default: Self.maskLabels[bit]
            }
        }
        let known = Self.all.first { $0.speakers.map(\.label) == labels }
        self.init(known?.name ?? "0x" + String(mask, radix: 16), labels)
    }

    /// Front left, right, centre, LFE, back left, right, front left and right of centre, back centre, side left,
    /// right, top centre, top front left, centre, right, top back left, centre, right.
    private static let maskLabels = split(
        "M+030 M-030 M+000 LFE1 M+135 M-135 M+015 M-015 M+180 M+090 M-090 T+000 U+045 U+000 U-045 U+135 U+180 U-135")
}
