import Foundation
package import Quantities
import Synchronization

/// Faults that the tests of real processes ask a worker or a coordinator for, by environment variables. All are unset
/// in production, where each costs one look at a constant.
package enum TestFault {
    /// `LATHE_TEST_LIE=1`: this worker gives other bytes than it computed, and swears to them. With `encoder` only of
    /// encoded files.
    static func lies(isEncoding: Bool) -> Bool { lie.map { $0 != "encoder" || isEncoding } ?? false }
    private static let lie = text("LATHE_TEST_LIE")

    /// `LATHE_TEST_FLAC=NAME`: what this worker takes its FLAC library for.
    static let flacLibrary = text("LATHE_TEST_FLAC")

    /// `LATHE_TEST_TEAR=3,40`: the third and the fortieth part that this process appends are written with a wrong bit;
    /// with `rounded` all that nobody but a file's writer reads.
    private static let tornParts = Set((text("LATHE_TEST_TEAR") ?? "").split(separator: ",").compactMap { Int($0) })
    private static let tearsRounded = text("LATHE_TEST_TEAR") == "rounded"
    private static let partCount = Atomic<Int>(0)

    /// Whether the next part is to be written wrong; counts it.
    static func tears(isRounded: Bool) -> Bool {
        if isRounded, tearsRounded { return true }
        return !tornParts.isEmpty && tornParts.contains(partCount.add(1, ordering: .relaxed).newValue)
    }

    /// `LATHE_TEST_HANG=FILE`: the first segment after which this file can be made stands still for ever.
    private static let hangFile = text("LATHE_TEST_HANG")

    /// `LATHE_TEST_HANG_TICKS=N`: a coordinator takes a worker for hung after N milliseconds without a frame.
    package static let hangTicks = text("LATHE_TEST_HANG_TICKS").flatMap { Int($0) }

    /// `LATHE_TEST_PROTOCOL=1`: the one version of the protocol that this worker says it speaks.
    package static let protocolVersions = text("LATHE_TEST_PROTOCOL").flatMap { Int($0) }.map { $0...$0 }

    /// `LATHE_TEST_ENGINE=1`: this worker's engine is not the coordinator's.
    package static func engine(_ digest: Digest) -> Digest {
        text("LATHE_TEST_ENGINE") == nil ? digest : Digest(high: ~digest.high, low: digest.low)
    }

    /// Stands still, once for each file.
    static func hangIfAsked() {
        guard let hangFile else { return }
        let descriptor = open(hangFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        close(descriptor)
        while true { sleep(1_000) }
    }

    private static func text(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
