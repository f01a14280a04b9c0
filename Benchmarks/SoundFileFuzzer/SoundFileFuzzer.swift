import Glibc
import SoundFileFuzzing

// `LATHE_FUZZ=1 swift build -c release --product SoundFileFuzzer` builds it; `run` keeps going when an input brings
// a worker process down, and notes that input.

/// Feeds damaged sound files to the readers.
@main
struct SoundFileFuzzer {
    static func main() throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let verb = arguments.isEmpty ? "" : arguments.removeFirst()
        let options = Options(arguments)
        switch verb {
        case "run": try Supervisor(options).run()
        case "worker": try Worker(options).run()
        case "write":
            let input = Mutator(seeds: try FuzzSeed.all(), seed: options.seed).input(options.first)
            try save(input.bytes, options.output)
            note("\(input.name), \(input.bytes.count) bytes")
        case "corpus": try collect(options)
        case "check":
            for path in arguments where !path.hasPrefix("--") {
                let outcome = InputCheck().run(try load(path), isFile: true)
                note("\(path): \(outcome.branch) \(outcome.violations)")
            }
        default:
            note(
                """
                SoundFileFuzzer run    --seed N --seconds CPU --output FOLDER
                SoundFileFuzzer write  --seed N --first INDEX --output FILE
                SoundFileFuzzer corpus --seed N --count COUNT --output FOLDER
                SoundFileFuzzer check  FILE...
                """)
        }
    }

    /// Keeps the shortest input of every branch, up to 5,000 bytes, with the branches in index.txt.
    private static func collect(_ options: Options) throws {
        let mutator = Mutator(seeds: try FuzzSeed.all(), seed: options.seed)
        let check = InputCheck()
        var shortest: [String: [UInt8]] = [:]
        for index in options.first..<options.first + options.count {
            let input = mutator.input(index)
            let branch = check.run(input.bytes, isFile: false).branch
            if shortest[branch].map({ $0.count > input.bytes.count }) ?? true { shortest[branch] = input.bytes }
        }
        var index = ""
        let kept = shortest.filter { $0.value.count <= 5_000 }.sorted { $0.key < $1.key }
        for (number, (branch, bytes)) in kept.enumerated() {
            let name = String(repeating: "0", count: 3 - String(number).count) + "\(number).bin"
            try save(bytes, "\(options.output)/\(name)")
            index += "\(name)\t\(branch)\n"
        }
        // The words of the codec libraries are those of their versions.
        try save(Array("# \(InputCheck.libraries)\n\(index)".utf8), options.output + "/index.txt")
        note("\(kept.count) of \(shortest.count) branches")
    }
}

/// The options of every verb.
struct Options {
    var seed: UInt64 = 1
    var seconds = 60.0
    var first = 0
    var count = 5_000
    var output = "."
    var state = ""

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else { continue }
            switch name {
            case "--seed": seed = UInt64(value) ?? seed
            case "--seconds": seconds = Double(value) ?? seconds
            case "--first": first = Int(value) ?? first
            case "--count": count = Int(value) ?? count
            case "--output": output = value
            case "--state": state = value
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

/// Writes a line at once: a process that is brought down loses what it keeps.
func note(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}
