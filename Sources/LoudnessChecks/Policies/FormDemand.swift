/// What a file must be like, whatever it sounds like.
package enum FormDemand: Sendable, Hashable {
    /// One of these containers: "WAV", "FLAC".
    case containers([String])
    /// One of these word lengths.
    case bits([WordLength])
    /// In bits of an integer; floating point has at least as many.
    case bitsAtLeast(Int)
    /// One of these rates, in Hz.
    case rates([Int])
    /// In Hz.
    case rateFrom(Int, to: Int?)
    case channels([Int])
    case layouts([String])
    /// One of these tags in a WAV file's format chunk; other containers have none and pass.
    case waveTags([Int])
    /// Nothing but audio once the audio has begun.
    case nothingAfterAudio
    /// No codec that loses anything.
    case lossless
    /// The number of frames is a multiple of this: 588 is a sector of a CD.
    case grid(frames: Int)
    /// Neither an upsampled nor a once lossy file, as far as its spectrum tells.
    case notUpsampled
    /// An album has at most this many songs.
    case songsAtMost(Int)

    package enum WordLength: Sendable, Hashable {
        case integer(Int)
        case float(Int)

        package var text: String {
            switch self {
            case .integer(let bits): "\(bits)"
            case .float(let bits): "\(bits)-float"
            }
        }
    }

    /// The key of a policy that demands it, and the last part of the rule's name.
    package var key: String {
        switch self {
        case .containers: "container"
        case .bits: "bits"
        case .bitsAtLeast: "bits-at-least"
        case .rates: "rate"
        case .rateFrom: "rate-range"
        case .channels: "channels"
        case .layouts: "layout"
        case .waveTags: "wave-tag"
        case .nothingAfterAudio: "chunks-after-audio"
        case .lossless: "lossy"
        case .grid: "grid"
        case .notUpsampled: "upsampled"
        case .songsAtMost: "songs-at-most"
        }
    }

    /// "container WAV or FLAC".
    package var demand: String {
        switch self {
        case .containers(let names): "container \(Self.either(names))"
        case .bits(let lengths): "\(Self.either(lengths.map(\.text))) bits"
        case .bitsAtLeast(let bits): "at least \(bits) bits"
        case .rates(let rates): "sample rate \(Self.either(rates.map(Self.rate)))"
        case .rateFrom(let low, let high):
            high.map { "sample rate from \(Self.rate(low)) to \(Self.rate($0))" }
                ?? "sample rate at least \(Self.rate(low))"
        case .channels(let counts): "\(Self.either(counts.map { "\($0)" })) channel\(counts == [1] ? "" : "s")"
        case .layouts(let names): "layout \(Self.either(names))"
        case .waveTags(let tags): "WAV format tag \(Self.either(tags.map(Self.tag)))"
        case .nothingAfterAudio: "nothing but audio after the audio begins"
        case .lossless: "no lossy codec"
        case .grid(let frames): "length a multiple of \(frames) samples"
        case .notUpsampled: "not upsampled and never lossy"
        case .songsAtMost(let count): "at most \(count) songs"
        }
    }

    /// What is so, and the sentence to go with it; with the remedy where it fails.
    struct Verdict: Equatable {
        var passes: Bool
        var message: String
    }

    /// Whether a file's form satisfies it.
    ///
    /// - Precondition: not `songsAtMost`, which is about albums.
    func verdict(on file: Measurement) -> Verdict {
        let form = file.form
        switch self {
        case .containers(let names):
            return verdict(names.contains(form.container), "container \(form.container)", "export it again")
        case .bits(let lengths):
            guard let bits = form.bits else { return noBits(form) }
            let length = form.isFloat ? WordLength.float(bits) : .integer(bits)
            return verdict(lengths.contains(length), Self.bits(form), "export it with that many bits")
        case .bitsAtLeast(let least):
            guard let bits = form.bits else { return noBits(form) }
            return verdict(bits >= least, Self.bits(form), "export it from the mix, more bits cannot be added later")
        case .rates(let rates):
            return verdict(
                rates.contains(form.rateHertz), "sample rate \(Self.rate(form.rateHertz))", "export it at that rate")
        case .rateFrom(let low, let high):
            return verdict(
                form.rateHertz >= low && form.rateHertz <= high ?? .max, "sample rate \(Self.rate(form.rateHertz))",
                "export it at a rate in that range")
        case .channels(let counts):
            return verdict(
                counts.contains(form.channelCount), "\(form.channelCount) channel\(form.channelCount == 1 ? "" : "s")",
                "export it with the right channels")
        case .layouts(let names):
            return verdict(names.contains(form.layout), "layout \(form.layout)", "export it with the right channels")
        case .waveTags(let tags):
            guard let tag = form.waveFormatTag else {
                let isWave = ["WAV", "RF64", "W64"].contains(form.container)
                return Verdict(
                    passes: !isWave,
                    message: isWave
                        ? "the WAV format tag could not be read" : "\(form.container) has no WAV format tag")
            }
            return verdict(
                tags.contains(tag), "WAV format tag \(Self.tag(tag))",
                tag == 0xFFFE ? "export it as plain PCM, not as WAVE_FORMAT_EXTENSIBLE" : "export it as PCM")
        case .nothingAfterAudio: return afterAudio(form)
        case .lossless:
            return verdict(!form.isLossy, form.encoding, "export it from the mix as WAV or FLAC")
        case .grid(let frames):
            let over = form.frameCount % frames
            return verdict(
                over == 0, "\(form.frameCount) samples",
                "\(over) too many or \(frames - over) too few: cut or pad the end")
        case .notUpsampled:
            switch file.values[.bandwidth] {
            case .number?: break
            case .unmeasurable(let reason)?:
                return Verdict(passes: false, message: "the spectrum cannot be judged: \(reason)")
            case nil:
                return Verdict(passes: false, message: "the spectrum was not measured; leave out --quick")
            }
            let edge =
                file.brickWallHertz.map { ", the spectrum ends at \(NumberText.fixed($0, decimals: 0)) Hz" } ?? ""
            return verdict(
                !file.isUpsamplingSuspected,
                file.isUpsamplingSuspected
                    ? "looks upsampled or once lossy\(edge)" : "no sign of upsampling",
                "export it from the mix at its native rate")
        case .songsAtMost: preconditionFailure("a demand on albums was asked of a file")
        }
    }

    func verdict(onSongCount count: Int) -> Verdict {
        guard case .songsAtMost(let most) = self else { return Verdict(passes: true, message: "") }
        return verdict(count <= most, "\(count) songs", "split the release")
    }

    /// Whether it is asked of albums; all others are asked of files.
    package var isForAlbums: Bool { if case .songsAtMost = self { true } else { false } }

    private func verdict(_ passes: Bool, _ what: String, _ remedy: String) -> Verdict {
        Verdict(passes: passes, message: passes ? what : "\(what), but wanted: \(demand); \(remedy)")
    }

    private func noBits(_ form: FileForm) -> Verdict {
        verdict(false, "\(form.encoding) has no word length", "export it from the mix as WAV or FLAC")
    }

    private func afterAudio(_ form: FileForm) -> Verdict {
        let late = form.chunks.filter(\.isAfterAudio)
        var what = late.map { "`\($0.name)` (\($0.byteCount) bytes)" }
        if form.trailingByteCount > 0 { what.append("\(form.trailingByteCount) bytes of no chunk") }
        let text = what.isEmpty ? "nothing after the audio" : "after the audio: \(what.joined(separator: ", "))"
        return verdict(what.isEmpty, text, "write metadata before the audio, or leave it out")
    }

    private static func bits(_ form: FileForm) -> String {
        "\(form.bits ?? 0)-bit \(form.isFloat ? "float" : "integer")"
    }

    static func rate(_ hertz: Int) -> String {
        let kilohertz = Double(hertz) / 1000
        return NumberText.fixed(kilohertz, decimals: Metric.decimals(of: kilohertz, atLeast: 0)) + " kHz"
    }

    /// `1`, `3`, `0xFFFE`.
    static func tag(_ tag: Int) -> String { tag < 256 ? "\(tag)" : "0x" + String(tag, radix: 16, uppercase: true) }

    static func either(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
