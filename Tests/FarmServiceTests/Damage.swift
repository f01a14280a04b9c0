import Foundation
import RenderHarness

/// What disks and people do to files.
enum Damage {
    static func flip(_ path: String, at offset: Int) throws {
        let descriptor = open(path, O_RDWR)
        guard descriptor >= 0 else { throw HarnessError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var byte: UInt8 = 0
        guard pread(descriptor, &byte, 1, off_t(offset)) == 1 else { throw HarnessError("\(path) is too short") }
        byte ^= 0x10
        guard pwrite(descriptor, &byte, 1, off_t(offset)) == 1 else { throw HarnessError("\(path) cannot be written") }
    }

    static func truncate(_ path: String, to byteCount: Int) throws {
        guard Glibc.truncate(path, off_t(byteCount)) == 0 else { throw HarnessError("\(path) cannot be cut") }
    }

    static func byteCount(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    }
}
