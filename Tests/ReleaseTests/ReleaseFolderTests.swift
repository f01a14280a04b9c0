import Foundation
import Release
import TestSupport
import Testing

@Suite struct ReleaseFolderTests {
    private let directory: TemporaryDirectory
    private let target: String
    private let plan: ReleasePlan

    init() throws {
        directory = try TemporaryDirectory("lathe-release")
        target = directory.path + "/album-render"
        plan = try ReleasePlan(album: album(["Ferry", "Salt"], [wave16]))
    }

    private func claim(
        _ policy: OverwritePolicy = .fail, session: String = "s1", plan other: ReleasePlan? = nil
    ) throws -> ReleaseFolder {
        try ReleaseFolder(claiming: target, for: other ?? plan, policy: policy, sessionDigest: session)
    }

    /// Delivers one file with a content of its own.
    private func deliver(_ index: Int, into folder: ReleaseFolder, seed: UInt64 = 1) throws {
        let file = plan.files[index]
        guard file.kind != nil else { return try folder.write(Array("\(seed)".utf8), as: file) }
        let writer = try folder.writer(for: file)
        try packedFrames(100, bitCount: 16, seed: seed).withUnsafeBytes {
            try writer.append($0)
        }
        _ = try writer.finish()
        try folder.publish(writer, as: file)
    }

    private func deliverAll(into folder: ReleaseFolder, seed: UInt64 = 1) throws {
        for index in plan.files.indices { try deliver(index, into: folder, seed: seed) }
        folder.complete()
    }

    private func samples(_ name: String) throws -> [UInt8] { try canonicalBytes(target + "/" + name) }

    @Test func `a finished render leaves its files and nothing else`() throws {
        do {
            let folder = try claim()
            #expect(!folder.isResumed && folder.path == target)
            #expect(listing(target) == [".lathe-render"])
            try deliverAll(into: folder)
        }
        #expect(listing(target) == ["01 Ferry.wav", "02 Salt.wav", "render.json", "report.html"])
    }

    @Test func `fail refuses what is there and names it, without touching anything`() throws {
        do { try deliverAll(into: claim()) }
        let before = listing(target).map { contents(target + "/" + $0) }
        let error = #expect(throws: ReleaseError.self) { try claim() }
        #expect(error?.code == .exists)
        #expect(error?.files == ["01 Ferry.wav", "02 Salt.wav", "render.json", "report.html"])
        #expect(error?.message.contains("--overwrite replace") == true)
        #expect(error?.message.contains("album-render 2") == true)
        #expect(listing(target).map { contents(target + "/" + $0) } == before)
        let found = ReleaseFolder.survey(target, for: plan, policy: .fail, sessionDigest: "s1")
        #expect(found.blockingFiles.count == 4 && !found.isResumed)
    }

    @Test func `files of others do not matter`() throws {
        try directory.write("album-render/notes.txt", "mine")
        try deliverAll(into: claim())
        #expect(contents(target + "/notes.txt") == Array("mine".utf8))
    }

    @Test func `replace replaces file by file`() throws {
        do { try deliverAll(into: claim()) }
        let found = ReleaseFolder.survey(target, for: plan, policy: .replace, sessionDigest: "s2")
        #expect(found.blockingFiles.isEmpty && found.existingFiles.count == 4)
        let folder = try claim(.replace, session: "s2")
        try deliver(0, into: folder, seed: 2)
        #expect(try samples("01 Ferry.wav") == packedFrames(100, bitCount: 16, seed: 2))
        #expect(try samples("02 Salt.wav") == packedFrames(100, bitCount: 16, seed: 1))
    }

    @Test func `number writes into the next free folder`() throws {
        do { try deliverAll(into: claim()) }
        let found = ReleaseFolder.survey(target, for: plan, policy: .number, sessionDigest: "s1")
        #expect(found.path == target + " 2" && found.existingFiles.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: target + " 2"))
        do {
            let second = try claim(.number)
            #expect(second.path == target + " 2")
            try deliverAll(into: second, seed: 2)
        }
        do {
            let third = try claim(.number)
            #expect(third.path == target + " 3")
            try deliver(0, into: third)
            // Goes without `complete`, as if killed: the same render carries on there.
        }
        let resumed = try claim(.number)
        #expect(resumed.path == target + " 3" && resumed.isResumed)
        #expect(try samples("01 Ferry.wav") == packedFrames(100, bitCount: 16, seed: 1))
    }

    @Test func `the same render carries on after a kill`() throws {
        do {
            let folder = try claim()
            try deliver(0, into: folder)
            try directory.write("album-render/.02 Salt.wav.lathe-part", "half a file")
        }
        #expect(listing(target) == [".02 Salt.wav.lathe-part", ".lathe-render", "01 Ferry.wav"])
        let found = ReleaseFolder.survey(target, for: plan, policy: .fail, sessionDigest: "s1")
        #expect(found.isResumed && found.existingFiles == ["01 Ferry.wav"] && found.blockingFiles.isEmpty)
        do {
            let folder = try claim()
            #expect(folder.isResumed)
            #expect(listing(target) == [".lathe-render", "01 Ferry.wav"])
            try deliverAll(into: folder, seed: 3)
        }
        #expect(listing(target) == ["01 Ferry.wav", "02 Salt.wav", "render.json", "report.html"])
        #expect(try samples("01 Ferry.wav") == packedFrames(100, bitCount: 16, seed: 3))
    }

    @Test func `another session does not inherit what a killed render published`() throws {
        do { try deliver(0, into: claim()) }
        let error = #expect(throws: ReleaseError.self) { try claim(session: "s2") }
        #expect(error?.code == .exists && error?.files == ["01 Ferry.wav"])
        // The refusal did not cost the first one its right to carry on.
        #expect(try claim(session: "s1").isResumed)
    }

    @Test func `only files that the killed render planned are its own`() throws {
        try directory.write("album-render/02 Salt.wav", "an older delivery")
        let ferry = try ReleasePlan(album: album(["Ferry", "Salt"], [wave16]), songs: [0])
        do { try deliver(0, into: claim(plan: ferry)) }
        let error = #expect(throws: ReleaseError.self) { try claim() }
        #expect(error?.files == ["02 Salt.wav"])
        #expect(contents(target + "/02 Salt.wav") == Array("an older delivery".utf8))
    }

    @Test func `a wider plan of the same session joins the marker`() throws {
        let ferry = try ReleasePlan(album: album(["Ferry", "Salt"], [wave16]), songs: [0])
        do { try deliver(0, into: claim(plan: ferry)) }
        do { try deliver(1, into: claim()) }
        let third = try claim()
        #expect(third.isResumed)
        try deliverAll(into: third, seed: 4)
        #expect(try samples("02 Salt.wav") == packedFrames(100, bitCount: 16, seed: 4))
    }

    @Test func `a damaged or hostile marker gives no right to anything`() throws {
        try directory.write("album-render/01 Ferry.wav", "mine")
        try directory.write(".x.lathe-part", "outside")
        for text in ["", "{", #"{"session":"s1"}"#, #"{"files":["01 Ferry.wav","../x"],"session":"s1"}"#] {
            try directory.write("album-render/.lathe-render", text)
            #expect(throws: ReleaseError(.exists, "", path: "")) { try claim() }
        }
        #expect(listing(directory.path).contains(".x.lathe-part"))
    }

    @Test func `two renders do not write into one folder`() throws {
        let first = try claim()
        let error = #expect(throws: ReleaseError.self) { try claim() }
        #expect(error?.code == .inUse && error?.path == target)
        let second = try claim(.number)
        #expect(second.path == target + " 2")
        first.complete()
    }

    @Test func `a file that appears meanwhile is not replaced`() throws {
        let folder = try claim()
        try directory.write("album-render/01 Ferry.wav", "mine")
        #expect(throws: ReleaseError(.exists, "", path: "")) { try deliver(0, into: folder) }
        #expect(contents(target + "/01 Ferry.wav") == Array("mine".utf8))
        #expect(listing(target) == [".lathe-render", "01 Ferry.wav"])
    }

    @Test func `a deliverable can be written again in the same render`() throws {
        let folder = try claim()
        try deliver(0, into: folder, seed: 1)
        try deliver(0, into: folder, seed: 2)
        #expect(try samples("01 Ferry.wav") == packedFrames(100, bitCount: 16, seed: 2))
    }

    @Test func `a file in the place of the folder is an error`() throws {
        try directory.write("album-render", "a file")
        #expect(throws: ReleaseError(.folderMissing, "", path: "")) { try claim() }
    }
}
