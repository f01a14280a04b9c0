import ArgumentParser
import Farm
import Foundation
import Quantities
import Release
import RenderCompiler
import Revisions
import Session
import Storage

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What a render would do: files checked, segments, sizes, files written.",
        discussion: """
            Of several albums each is looked at as though it were rendered alone: what they share is counted for each.
              lathe plan album.yaml --stems pre-master
              lathe plan revisions/ --json
            """)

    @Argument(help: "Album or song files, or folders of them.") var sessions: [String]
    @OptionGroup var options: RenderOptions
    @OptionGroup var farm: FarmOptions

    struct Document: Encodable {
        struct File: Encodable {
            var path: String
            var bytes: Int?
            var isThere: Bool
        }

        var songs: Int
        var sources: Int
        var segmentsAtLeast: Int
        var segmentsAtMost: Int
        var segmentsReused: Int
        var expectedCpuSeconds: Double?
        var expectedBytes: Int
        var folder: String
        var isResumed: Bool
        var isBlocked: Bool
        /// Of several albums: nothing would be rendered, for the files of the last revision lie there unchanged.
        var isUnchanged: Bool
        var files: [File]
    }

    /// What `--json` prints of several albums.
    struct BatchDocument: Encodable {
        struct Entry: Encodable {
            var session: String
            var plan: Document
        }

        var plans: [Entry]
    }

    func run() throws {
        let batch = try SessionInputs(sessions, options: options, segmentSeconds: farm.segmentSeconds)
        let store = try openStore(farm.store)
        let mayStand = farm.leavesStanding(batch, options)
        let documents = try batch.inputs.map { input in
            let forecast = try orFail {
                if farm.rehash {
                    try SourceMemory.renew(
                        input.album, in: store, latheVersion: latheVersion, segmentSeconds: farm.segmentSeconds)
                }
                return try LedgerForecast(input.album, store: store, segmentSeconds: farm.segmentSeconds)
            }
            let survey = ReleaseFolder.survey(
                input.folder, for: input.plan, policy: options.overwrite, sessionDigest: input.digest)
            let isUnchanged = try mayStand && standing(input) != nil
            return document(input.album, input.plan, forecast, survey, isUnchanged: isUnchanged)
        }
        if farm.json, batch.isBatch {
            try printJSON(
                BatchDocument(
                    plans: zip(batch.inputs, documents).map { BatchDocument.Entry(session: $0.path, plan: $1) }))
        } else {
            for (input, document) in zip(batch.inputs, documents) {
                if farm.json {
                    try printJSON(document)
                } else {
                    if batch.isBatch { print("\(input.album.title)  (\(input.path))") }
                    show(document)
                }
            }
        }
        if documents.contains(where: \.isBlocked) { throw Failure(code: Exit.couldNotRun, hasDocument: farm.json) }
    }

    private func standing(_ input: SessionInput) throws -> Revision? {
        try RevisionRecording(
            input, choice: RevisionChoice(), options: options, segmentSeconds: farm.segmentSeconds, isBatch: true,
            mayStand: true
        ).standing
    }

    private func document(
        _ album: Album, _ plan: ReleasePlan, _ forecast: LedgerForecast, _ survey: FolderSurvey, isUnchanged: Bool
    ) -> Document {
        let files = plan.files.map { file in
            Document.File(
                path: file.path, bytes: bytes(file, album, forecast), isThere: survey.existingFiles.contains(file.path))
        }
        // What is left as it is costs nothing.
        let atLeast = isUnchanged ? 0 : forecast.missing
        let atMost = isUnchanged ? 0 : forecast.missing + forecast.unknown + forecast.finishTasks
        let expectedBytes = isUnchanged ? 0 : files.reduce(0) { $0 + ($1.bytes ?? 0) }
        return Document(
            songs: album.songs.count, sources: Set(album.songs.flatMap { $0.song.sources.map(\.path) }).count,
            segmentsAtLeast: atLeast, segmentsAtMost: atMost, segmentsReused: forecast.reused,
            expectedCpuSeconds: forecast.meanCostSeconds.map { $0 * Double(atMost) },
            expectedBytes: expectedBytes, folder: survey.path,
            isResumed: survey.isResumed, isBlocked: !survey.blockingFiles.isEmpty && !isUnchanged,
            isUnchanged: isUnchanged, files: files)
    }

    /// At most so many bytes: before the length cut, FLAC as if it saved nothing.
    private func bytes(_ file: PlannedFile, _ album: Album, _ forecast: LedgerForecast) -> Int? {
        guard let song = file.song else { return nil }
        let samples = file.delivery.map { album.deliveries[$0].samples } ?? .float32
        let frames = forecast.frameCounts[song] * file.rateHertz / album.songs[song].song.rateHertz
        return frames * file.channelCount * samples.bitCount / 8
    }

    private func show(_ document: Document) {
        print("\(document.songs) songs, \(document.sources) audio files: all there and whole")
        if document.isUnchanged {
            let count = document.files.count
            return print("already rendered, unchanged: nothing would be done (\(count) files in \(document.folder))")
        }
        print(
            "segments to render: at least \(document.segmentsAtLeast), at most \(document.segmentsAtMost);"
                + " \(document.segmentsReused) are in the store")
        if let seconds = document.expectedCpuSeconds {
            print(String(format: "expected: at most %.0f s of CPU, going by earlier renders", seconds))
        } else {
            print("expected time: no earlier render to go by")
        }
        print("at most \(sizeText(document.expectedBytes)) in \(document.folder):")
        for file in document.files { print("  \(file.path)\(file.isThere ? "  (is there)" : "")") }
        if document.isResumed { print("An interrupted render of this session would be carried on.") }
        if document.isBlocked {
            complain("files are there already. Use --overwrite replace or number, or another folder with -o.")
        }
    }
}
