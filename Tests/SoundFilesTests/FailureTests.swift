import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

@Suite struct FailureTests {
    private func probe(_ path: String) -> SoundFileError? {
        failure { _ = try SoundFileReader.probe(path: path) }
    }

    @Test("What is no sound file is refused by name")
    func refusesWhatIsNoSoundFile() throws {
        let folder = try TemporaryFolder()
        #expect(probe(folder.file("missing.wav"))?.code == .notFound)
        #expect(probe(folder.path)?.code == .notAFile)
        try write([], to: folder.file("empty.wav"))
        #expect(probe(folder.file("empty.wav"))?.code == .empty)
        try write(Array("this is a text, not a sound".utf8), to: folder.file("a.wav"))
        #expect(probe(folder.file("a.wav"))?.code == .notAudio)
        try write([0x52], to: folder.file("b.wav"))
        #expect(probe(folder.file("b.wav"))?.code == .notAudio)
        #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
        #expect(probe(folder.file("pipe"))?.code == .notAFile)
        #expect(probe("/dev/null")?.code == .notAFile)
        if geteuid() != 0 {
            try write(Array("RIFF".utf8), to: folder.file("secret.wav"))
            #expect(chmod(folder.file("secret.wav"), 0) == 0)
            #expect(probe(folder.file("secret.wav"))?.code == .notPermitted)
        }
    }

    @Test("A file cut anywhere in its sound is refused", arguments: FormatCase.all)
    func refusesCutFiles(_ sample: FormatCase) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        // A tone rather than noise, so that the end of a compressed file is not one verbatim block.
        let samples = (0..<20_000).map { Int32($0 % 100 - 50) << 20 }
        try writeWithLibrary(path, format: sample.code, channelCount: 2, samples: samples)
        let whole = try bytes(of: path)
        #expect(probe(path) == nil)
        for fraction in [0.5, 0.9] {
            try write(Array(whole.prefix(Int(Double(whole.count) * fraction))), to: path)
            let error = probe(path)
            // ALAC keeps its packet table behind the sound: without it the file is malformed.
            #expect(error?.code == .truncated || sample.name.hasPrefix("alac") && error != nil)
        }
    }

    @Test("The message of a cut file names both sizes")
    func namesBothSizes() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, channelCount: 2,
            samples: testSamples(count: 2_000))
        try write(Array(try bytes(of: path).dropLast(1_000)), to: path)
        let error = probe(path)
        #expect(error?.description.contains("4000 bytes") == true)
        #expect(error?.description.contains("only 3000") == true)
        #expect(error?.file == path)
    }

    @Test("A FLAC or Ogg file without its last bytes is refused", arguments: ["flac", "ogg"])
    func refusesMissingTails(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.\(kind)")
        let code = kind == "flac" ? SF_FORMAT_FLAC | SF_FORMAT_PCM_24 : SF_FORMAT_OGG | SF_FORMAT_VORBIS
        try writeWithLibrary(
            path, format: code, channelCount: 2, samples: testSamples(count: 100_000).map { $0 >> 4 })
        let whole = try bytes(of: path)
        for missing in [1, 100, 3_000, whole.count / 2] {
            try write(whole.dropLast(missing), to: path)
            #expect(probe(path)?.code == .truncated, "\(missing) bytes missing")
        }
    }

    @Test("A FLAC file that is damaged in the middle fails when it is read")
    func refusesDamagedFLAC() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | SF_FORMAT_PCM_24, channelCount: 2,
            samples: testSamples(count: 200_000))
        var whole = try bytes(of: path)
        for i in 0..<64 { whole[whole.count / 2 + i] ^= 0x55 }
        try write(whole, to: path)
        let reader = try SoundFileReader(path: path)
        #expect(failure { _ = try reader.canonicalBytes() }?.code == .malformed)
    }

    @Test("A file that is cut while it is read is an error, not a signal")
    func noticesCutsDuringReading() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, channelCount: 1,
            samples: testSamples(count: 100_000))
        let reader = try SoundFileReader(path: path)
        #expect(truncate(path, 1_000) == 0)
        #expect(failure { _ = try reader.canonicalBytes() }?.code == .changed)
    }

    @Test("A header that does not state its length is refused")
    func refusesPipes() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, channelCount: 1, samples: testSamples(count: 100))
        var whole = try bytes(of: path)
        for i in 40..<44 { whole[i] = 0xFF }
        try write(whole, to: path)
        #expect(probe(path)?.code == .truncated)
        for i in 40..<44 { whole[i] = 0 }
        try write(whole, to: path)
        #expect(probe(path)?.code == .empty)
    }

    @Test("Codecs and shapes that are not read are refused, not guessed")
    func refusesUnknownCodecs() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, channelCount: 2, samples: testSamples(count: 100))
        let whole = try bytes(of: path)
        // (offset, bytes): codec 2, no channels, rate 0, frames of 6 bytes, 40 bits.
        let changes: [(Int, [UInt8], SoundFileError.Code)] = [
            (20, [2, 0], .unsupported), (22, [0, 0], .malformed), (24, [0, 0, 0, 0], .malformed),
            (32, [6, 0], .unsupported), (34, [40, 0], .unsupported), (36, Array("dat_".utf8), .malformed),
            (12, Array("fmt_".utf8), .malformed),
        ]
        for (offset, bytes, code) in changes {
            var changed = whole
            changed.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            try write(changed, to: path)
            #expect(probe(path)?.code == code, "offset \(offset)")
        }
    }
}
