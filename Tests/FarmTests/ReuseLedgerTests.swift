import Foundation
import RenderHarness
import Testing

/// The ledger says nothing that the store cannot keep, and whoever removes bytes by hand hears nothing of it.
@Suite struct ReuseLedgerTests {
    @Test func `results whose bytes were removed by hand are made again without a word`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let reference = try workshop.render("pair.yaml", into: "out", ["--workers", "0"])
        var round = 0
        while let pack = workshop.files("store").last(where: { $0.hasSuffix(".pack") }), round < 3 {
            try workshop.remove("store/\(pack)")
            round += 1
            let run = try workshop.run(
                workshop.renderArguments(
                    "pair.yaml", into: "again-\(round)", ["--workers", "\(round - 1)", "--progress", "none"]))
            #expect(run.status == 0)
            #expect(run.errors == "", "\(run.errors)")
            let again = try workshop.delivered("again-\(round)")
            #expect(again.tasks("rendered") > 0)
            #expect(again.differences(from: reference) == [])
        }
        #expect(round == 3)
    }

    @Test(arguments: ["commit:2", "commit:17", "commit:44", "window:3", "publish:2"])
    func `what a killed render left in the ledger is all there`(place: String) throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let died = try workshop.run(
            workshop.renderArguments("pair.yaml", into: "out", ["--workers", "1"]),
            environment: ["LATHE_TEST_CRASH_RENDER": place])
        try #require(died.status == 128 + SIGKILL, "\(place): \(died.errors)")
        try expectWhole(workshop, "\(place)")
    }

    @Test func `what a render left in the ledger when the disk was full is all there`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 4)
        let reference = try workshop.render("pair.yaml", into: "reference", store: "elsewhere", ["--workers", "0"])
        guard let disk = try? SmallDisk(workshop.path("disk"), kilobytes: 4096) else {
            return print("disk full: not tested: this user may not mount")
        }
        defer { withExtendedLifetime(disk) {} }
        let arguments = workshop.renderArguments("pair.yaml", into: "out", store: "disk/store", ["--workers", "1"])
        let failed = try workshop.run(arguments)
        #expect(failed.status != 0)
        try disk.resize(kilobytes: 512 << 10)
        let carriedOn = try expectWhole(workshop, "disk full", store: "disk/store")
        #expect(carriedOn.differences(from: reference) == [])
    }

    /// A render over this store reuses what the ledger names and renders the rest, each task once: a result without
    /// its bytes would be taken from the ledger and then rendered all the same.
    @discardableResult
    private func expectWhole(_ workshop: Workshop, _ what: String, store: String = "store") throws -> Delivered {
        let verdict = try workshop.run(["store", "verify", "--store", workshop.path(store)])
        #expect(verdict.status == 0, "\(what): \(verdict.output)\(verdict.errors)")
        let carriedOn = try workshop.render("pair.yaml", into: "out", store: store, ["--workers", "1"])
        #expect(
            carriedOn.tasks("rendered") + carriedOn.tasks("reused") == carriedOn.tasks("total"),
            "\(what): \(carriedOn.tasks("rendered")) + \(carriedOn.tasks("reused"))")
        return carriedOn
    }

    /// A file system of its own whose size can be changed.
    private final class SmallDisk {
        let path: String

        init(_ path: String, kilobytes: Int) throws {
            self.path = path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Self.command("mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "lathe-test", path])
        }

        deinit { try? Self.command("umount", ["-l", path]) }

        func resize(kilobytes: Int) throws { try Self.command("mount", ["-o", "remount,size=\(kilobytes)k", path]) }

        private static func command(_ name: String, _ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [name] + arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw HarnessError("\(name) \(arguments) is refused") }
        }
    }
}
