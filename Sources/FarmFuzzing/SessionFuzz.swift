import Foundation
import LoudnessChecks
import Quantities
import Release
import RenderCompiler
import RenderPlan
import Session
import SessionFiles

/// The texts of a session as a client submits them, read, planned and compiled as the coordinator does it: album, two
/// songs, and names of audio that there is.
final class SessionFuzz: FuzzReader {
    let name = "session"
    let form = InputForm.text
    private static let separator = Array("\n%%%%\n".utf8)
    private static let names = ["/s/album.yaml", "/s/song.yaml", "/s/two.yaml"]

    func seeds() throws -> [[UInt8]] {
        let simple = "lathe: 1\nsong: T\nlength: 1 s\ntracks:\n  - {name: A, clips: [{file: a.wav}]}\n"
        return [
            [FuzzTexts.album, FuzzTexts.song, FuzzTexts.second], [FuzzTexts.song], [FuzzTexts.second], [simple],
            ["lathe: 1\nalbum: A\nsongs: [{file: song.yaml}]\n", simple],
        ].map { Array($0.joined(separator: "\n%%%%\n").utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        var texts: [String: [UInt8]] = [:]
        for (name, text) in zip(Self.names, Self.parts(of: bytes)) { texts[name] = text }
        let files = SubmittedFiles(texts: texts, others: ["/s/a.wav", "/s/b.wav"])
        let reader = SessionReader(files: files) { path in
            ProbedFile(
                rateHertz: 48_000, channelCount: path.hasSuffix("b.wav") ? 1 : 2, frameCount: 48_000,
                samples: .integer16)
        }
        do throws(SessionErrors) {
            return planned(try reader.readAlbum(path: Self.names[0]))
        } catch {
            var outcome = ReadingOutcome("refused: \(error.diagnostics.first?.message ?? "")")
            for diagnostic in error.diagnostics {
                if diagnostic.message.isEmpty || diagnostic.remedy.isEmpty || diagnostic.line < 1 {
                    outcome.violations.append("an error without place, reason or remedy: \(diagnostic)")
                }
            }
            if error.diagnostics.isEmpty { outcome.violations.append("refused without an error") }
            return outcome
        }
    }

    private static func parts(of bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var rest = bytes[...]
        while parts.count < 2, let found = rest.firstRange(of: separator) {
            parts.append(Array(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return parts + [Array(rest)]
    }

    private func planned(_ album: Album) -> ReadingOutcome {
        var outcome = ReadingOutcome("read \(min(2, album.songs.count)) \(min(3, album.deliveries.count))")
        outcome.branch = "read \(min(2, album.songs.count)) songs, \(min(3, album.deliveries.count)) files each"
        for entry in album.songs where !entry.song.violations.isEmpty {
            outcome.violations.append("a song that may not be: \(entry.song.violations)")
        }
        do {
            let stems = try album.songs.map { try SongCompiler.stemNames($0.song) }
            let plan = try ReleasePlan(album: album, stemNames: stems, stems: .preMaster)
            for file in plan.files {
                let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
                if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.utf8.count > 255 }) {
                    outcome.violations.append("a file outside its folder: \(file.path)")
                }
            }
            var programs = ProgramList()
            for (index, entry) in album.songs.enumerated() {
                let identities = entry.song.sources.indices.map { Digest(high: UInt64($0), low: 1) }
                _ = try SongCompiler.compile(
                    entry.song, songIndex: index, identities: identities, options: CompileOptions(), into: &programs)
            }
            let kinds = Set(programs.programs.map { "\($0.body)".prefix { $0 != "(" } }).sorted()
            outcome.branch += ", \(kinds.joined(separator: " "))"
            if let odd = programs.programs.first(where: { $0.segmentCount < 1 || $0.frameCount < 1 }) {
                outcome.violations.append("a program of nothing: \(odd.kind)")
            }
        } catch {
            outcome.branch += ReadingOutcome(refused: error).branch
            outcome.violations += ReadingOutcome(refused: error).violations
        }
        return outcome
    }
}

/// Policy files.
final class PolicyFuzz: FuzzReader {
    let name = "policy"
    let form = InputForm.text
    private let path: String

    init(_ folder: String) { path = folder + "/policy.yaml" }

    func seeds() throws -> [[UInt8]] {
        let small = "lathe-policy: 1\nname: A\nrules:\n  - {id: p, scope: song, metric: true-peak, at-most: -1 dBTP}\n"
        return [FuzzTexts.policy, small].map { Array($0.utf8) }
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard write(bytes, to: path) else { return ReadingOutcome("not written") }
        do throws(SessionErrors) {
            let policy = try PolicyReader.read(path: path)
            return ReadingOutcome("policy with rules: \(!policy.rules.isEmpty)")
        } catch {
            var outcome = ReadingOutcome("refused: \(error.diagnostics.first?.message ?? "")")
            if error.diagnostics.contains(where: { $0.message.isEmpty || $0.remedy.isEmpty }) {
                outcome.violations.append("an error without reason or remedy")
            }
            return outcome
        }
    }
}
