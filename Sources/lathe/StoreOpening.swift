import Foundation
import Storage

/// Opens the store that a command was told of, or the user's own.
func openStore(_ directory: String?) throws -> Store {
    let path = directory.map(absolutePath) ?? defaultStoreDirectory()
    do {
        return try Store(directory: path)
    } catch let error as StoreError {
        throw Failure(code: Exit.couldNotRun, message: "store \(path): \(error.message)")
    }
}

/// $XDG_CACHE_HOME/lathe, or ~/.cache/lathe.
func defaultStoreDirectory() -> String {
    let environment = ProcessInfo.processInfo.environment
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/lathe" }
    return (environment["HOME"] ?? NSHomeDirectory()) + "/.cache/lathe"
}

/// The size past which a store gives back what is unused longest: $LATHE_STORE_LIMIT in bytes, else the smaller of
/// 20 GB and a tenth of the disk.
func storeLimitBytes(_ store: Store) throws -> Int {
    if let text = ProcessInfo.processInfo.environment["LATHE_STORE_LIMIT"] {
        guard let bytes = Int(text), bytes > 0 else {
            throw Failure(code: Exit.couldNotRun, message: "LATHE_STORE_LIMIT is \"\(text)\": give a size in bytes.")
        }
        return bytes
    }
    return try DiskSpace(ofDirectory: store.directory).defaultStoreLimitByteCount
}

/// Bytes for people.
func sizeText(_ bytes: Int) -> String {
    var value = Double(bytes)
    var unit = "B"
    for next in ["kB", "MB", "GB", "TB"] where value >= 1000 {
        value /= 1000
        unit = next
    }
    return unit == "B" ? "\(bytes) B" : String(format: "%.1f %@", value, unit)
}
