import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SessionFiles
import SoundFileFuzzing

/// Snapshots of states, which a worker loads as they came from another: of every program with a state of two songs
/// with all devices. What is loaded is rendered on with for a segment.
///
/// An input begins with the program's number and the segment that it leads to, a byte each.
final class SnapshotFuzz: FuzzReader {
    let name = "snapshot"
    let form = InputForm.bytes
    private let programs: [Program]
    private var renderers: [SegmentRenderer?]
    private let inputs = NoiseInputs()

    init() throws {
        let texts = [
            "/s/album.yaml": Array(FuzzTexts.album.utf8), "/s/song.yaml": Array(FuzzTexts.song.utf8),
            "/s/two.yaml": Array(FuzzTexts.second.utf8),
        ]
        let reader = SessionReader(files: SubmittedFiles(texts: texts, others: ["/s/a.wav", "/s/b.wav"])) { path in
            ProbedFile(
                rateHertz: 48_000, channelCount: path.hasSuffix("b.wav") ? 1 : 2, frameCount: 48_000,
                samples: .integer16)
        }
        var list = ProgramList()
        for (index, entry) in try reader.readAlbum(path: "/s/album.yaml").songs.enumerated() {
            let identities = entry.song.sources.indices.map { Digest(high: UInt64($0), low: 1) }
            _ = try SongCompiler.compile(
                entry.song, songIndex: index, identities: identities, options: CompileOptions(segmentSeconds: 0.02),
                into: &list)
        }
        programs = list.programs.filter { $0.kind == .chained }
        renderers = programs.map { _ in nil }
    }

    func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (number, program) in programs.enumerated() {
            let renderer = try SegmentRenderer(program: program, blockFrames: 256)
            try renderer.load(segment: 0, snapshot: nil)
            for segment in 0..<min(3, program.segmentCount) {
                let output = NoOutputs()
                guard let snapshot = try renderer.render(segment: segment, inputs: inputs, outputs: output) else {
                    continue
                }
                if segment != 1 { seeds.append([UInt8(number), UInt8(segment + 1)] + snapshot) }
            }
        }
        return seeds
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        guard bytes.count >= 2 else { return ReadingOutcome("too short") }
        let number = Int(bytes[0]) % programs.count
        let program = programs[number]
        let segment = 1 + (Int(bytes[1]) + program.segmentCount - 1) % program.segmentCount
        var branch = "program \(number): "
        do {
            let renderer = try renderers[number] ?? SegmentRenderer(program: program, blockFrames: 256)
            renderers[number] = renderer
            do { try renderer.load(segment: segment, snapshot: Array(bytes.dropFirst(2))) } catch {
                return outcome(branch + "refused", error)
            }
            branch += "loaded"
            guard segment < program.segmentCount else { return plain(branch + " at the end") }
            let next = try renderer.render(segment: segment, inputs: inputs, outputs: NoOutputs())
            var outcome = plain(branch + " and rendered")
            // What the engine wrote itself, another must be able to read.
            let other = try SegmentRenderer(program: program, blockFrames: 64)
            do { try other.load(segment: segment + 1, snapshot: next) } catch {
                outcome.violations.append("its own snapshot is refused: \(error)")
            }
            return outcome
        } catch {
            renderers[number] = nil
            return outcome(branch, error)
        }
    }

    /// Numbers of programs are ways of their own.
    private func plain(_ branch: String) -> ReadingOutcome {
        var outcome = ReadingOutcome("")
        outcome.branch = branch
        return outcome
    }

    private func outcome(_ branch: String, _ error: any Error) -> ReadingOutcome {
        var outcome = plain(branch)
        switch error {
        case RenderError.notFinite: outcome.branch += " not finite"
        case RenderError.malformedSnapshot: outcome.branch += " malformed"
        default: outcome.violations.append("another error than the engine's: \(error)")
        }
        return outcome
    }
}

/// The same noise at every port.
private final class NoiseInputs: SegmentInputs {
    private let noise: [Float] = {
        var numbers = FuzzNumbers(seed: 3, index: 0)
        return (0..<4_096).map { _ in Float(numbers.below(2_000) - 1_000) / 2_048 }
    }()

    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws {
        for frame in 0..<range.count {
            let at = (range.start + frame) & 4_095
            left[frame] = noise[at]
            right?[frame] = noise[(at + 77) & 4_095]
        }
    }
}

private final class NoOutputs: SegmentOutputs {
    func write(output: Int, part: UnsafeRawBufferPointer) throws {}
}
