import Foundation
import RenderHarness

/// A file system of its own whose size can be changed.
final class SmallDisk {
    let path: String

    init(_ path: String, megabytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.mount(["-t", "tmpfs", "-o", "size=\(megabytes)m", "lathe-test", path])
    }

    deinit { try? Self.command("umount", ["-l", path]) }

    /// In a folder of the farm; nil where this user may not mount, and the reason is printed.
    static func inside(_ farm: RealFarm, _ folder: String = "disk", megabytes: Int) -> SmallDisk? {
        do { return try SmallDisk(farm.workshop.path(folder), megabytes: megabytes) } catch {
            print("disk full: not tested: \(error)")
            return nil
        }
    }

    var usedMegabytes: Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        return ((Int(status.f_blocks) - Int(status.f_bfree)) * Int(status.f_frsize)) >> 20
    }

    func resize(megabytes: Int) throws { try Self.mount(["-o", "remount,size=\(megabytes)m", path]) }

    private static func mount(_ arguments: [String]) throws { try command("mount", arguments) }

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
