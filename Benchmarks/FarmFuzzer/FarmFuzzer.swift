import FarmFuzzing
import Foundation

// `LATHE_FUZZ=1 swift build -c release --product FarmFuzzer` builds it; `run` keeps going when an input brings a worker
// process down, and keeps that input.

/// Feeds damaged messages, sessions, ledgers and snapshots to whatever reads them.
@main
struct FarmFuzzer {
    static func main() throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let verb = arguments.isEmpty ? "" : arguments.removeFirst()
        let options = Options(arguments)
        switch verb {
        case "run": try Supervisor(options).run()
        case "worker": try Worker(options).run()
        case "corpus": try collect(options)
        case "check":
            let folder = try temporaryFolder()
            defer { remove(folder: folder) }
            for reader in try FuzzReaders.all(folder: folder) where options.reader == reader.name {
                for path in options.files {
                    let outcome = reader.check(try load(path))
                    note("\(path): \(outcome.branch) \(outcome.violations)")
                }
            }
        default:
            note(
                """
                FarmFuzzer run    --seed N --seconds CPU --output FOLDER [--reader NAME] [--corpus FOLDER]
                FarmFuzzer corpus --input FOLDER --output FOLDER
                FarmFuzzer check  --reader NAME FILE...
                """)
        }
    }

    /// Keeps the shortest input of every way that the pool of a run holds, within so many bytes for each reader.
    private static func collect(_ options: Options) throws {
        let folder = try temporaryFolder()
        defer { remove(folder: folder) }
        for reader in try FuzzReaders.all(folder: folder) {
            let old = FuzzCorpus(file: (try? load("\(options.output)/\(reader.name).corpus")) ?? [])?.entries ?? []
            var shortest: [String: [UInt8]] = [:]
            let pool = try names(in: "\(options.input)/pool/\(reader.name)").map {
                try load("\(options.input)/pool/\(reader.name)/\($0)")
            }
            // What was kept stays: an input that once brought a reader down among it.
            for bytes in pool.sorted(by: { $0.count < $1.count }) {
                let branch = reader.check(bytes).branch
                if shortest[branch] == nil { shortest[branch] = bytes }
            }
            for entry in old { shortest[reader.check(entry.bytes).branch] = nil }
            var entries = old
            var room = 11_000 - old.reduce(0) { $0 + $1.bytes.count }
            for (branch, bytes) in shortest.sorted(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) }) {
                room -= bytes.count + branch.utf8.count + 8
                guard room >= 0, bytes.count <= 6_000 else { break }
                entries.append(FuzzCorpus.Entry(branch: branch, bytes: bytes))
            }
            try save(FuzzCorpus(entries).file, "\(options.output)/\(reader.name).corpus")
            note("\(reader.name): \(entries.count) inputs of \(shortest.count + old.count) ways")
        }
    }
}

/// The options of every verb.
struct Options {
    var seed: UInt64 = 1
    var seconds = 60.0
    var output = "."
    var input = "."
    var corpus = ""
    var state = ""
    var reader = ""
    var files: [String] = []

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--") else {
                files.append(name)
                continue
            }
            guard let value = rest.popFirst() else { continue }
            switch name {
            case "--seed": seed = UInt64(value) ?? seed
            case "--seconds": seconds = Double(value) ?? seconds
            case "--output": output = value
            case "--input": input = value
            case "--corpus": corpus = value
            case "--state": state = value
            case "--reader": reader = value
            default: break
            }
        }
    }
}

struct FileFailure: Error { var path: String }

func save(_ bytes: [UInt8], _ path: String) throws {
    guard let file = fopen(path, "wb") else { throw FileFailure(path: path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FileFailure(path: path) }
}

func load(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw FileFailure(path: path) }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw FileFailure(path: path) }
    return bytes
}

/// Names in a folder in order; none where there is no folder.
func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

func temporaryFolder() throws -> String {
    let path = NSTemporaryDirectory() + "/lathe-fuzz-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    guard mkdir(path, 0o700) == 0 else { throw FileFailure(path: path) }
    return path
}

func remove(folder: String) { try? FileManager.default.removeItem(atPath: folder) }

/// Writes a line at once: a process that is brought down loses what it keeps.
func note(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}
