import Farm
import Foundation
import Logging
import Storage

extension FarmOptions {
    var workerCount: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }

    /// A farm of this process as the options want it; no worker is started yet.
    func embeddedFarm(_ store: Store) throws -> EmbeddedFarm {
        guard Machine.hasKernelBaseline else {
            throw Failure(
                code: Exit.couldNotRun,
                message: "this processor (\(Machine.processorModel)) lacks AVX2 or FMA. Lathe needs x86-64-v3.")
        }
        var settings = EmbeddedFarmOptions(
            workerCount: workerCount, storeLimitBytes: try storeLimitBytes(store), executable: executablePath(),
            version: latheVersion)
        settings.usesLedger = !noCache
        settings.auditPercent = audit
        settings.scatters = scatter
        settings.blockFrames = block
        var logger = Logger(label: "lathe") { _ in StandardErrorLog() }
        let level = ProcessInfo.processInfo.environment["LATHE_LOG"]
        logger.logLevel = level.flatMap { Logger.Level(rawValue: $0) } ?? .error
        return EmbeddedFarm(store: store, options: settings, logger: logger)
    }
}

/// Log lines for whoever asked for them with LATHE_LOG=notice.
private struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        note("\(event.level): \(event.message)\(fields)")
    }
}
