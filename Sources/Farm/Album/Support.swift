import Foundation
import Hashing
import Quantities
import Storage
import Synchronization

/// A flag that one thread sets and others read.
final class StopFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// A fresh 0700 directory for the farm's socket and the workers' configurations.
final class PrivateDirectory {
    let path: String

    /// Under $XDG_RUNTIME_DIR where that is usable, else under the temporary directory: an `ipc://` path ends at
    /// 107 bytes.
    init() throws {
        var parents: [String] = []
        if let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            parents.append(runtime)
        }
        parents += [NSTemporaryDirectory(), "/tmp"]
        for parent in parents {
            var template = Array("\(parent)/lathe-XXXXXX".replacing("//", with: "/").utf8CString)
            guard template.count < 90, mkdtemp(&template) != nil else { continue }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return
        }
        throw FarmError("no directory for the farm's socket: set TMPDIR to a short path that can be written")
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// What this machine is, for provenance.
package enum Machine {
    package static let processorModel: String = {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return "unknown" }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }()

    /// Lets this process open as many files and connections as the system allows it to.
    package static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Whether this process can open a further file.
    package static var hasDescriptors: Bool {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno != EMFILE && errno != ENFILE }
        close(descriptor)
        return true
    }

    /// Whether this processor has the x86-64-v3 instructions that the kernels are built for.
    package static var hasKernelBaseline: Bool {
        #if arch(x86_64)
            guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return true }
            guard let flags = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return true }
            let words = Set(flags.split(separator: " "))
            return ["avx2", "fma", "bmi1", "bmi2"].allSatisfy { words.contains(Substring($0)) }
        #else
            return true
        #endif
    }
}

extension SourceIdentity {
    /// What stands for the file in a hashing task's key.
    var digest: Digest {
        var writer = WireWriter()
        writer.put(byteCount)
        writer.put(modifiedNanoseconds)
        writer.put(inode)
        writer.put(device)
        return Digest.of(writer.bytes + Array(path.utf8))
    }
}
