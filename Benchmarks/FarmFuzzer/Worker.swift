import FarmFuzzing
import Foundation

/// Checks inputs of one reader for a while; the operating system ends it where one breaks the limits.
struct Worker {
    private let options: Options

    /// The CPU time that one input may take, in seconds.
    private static let inputSeconds = 10
    /// What the process may grow by on one input, in KiB.
    private static let inputGrowth = 256 << 10
    private static let addressSpace = rlim_t(6) << 30
    static let sharedByteCount = (2 << 20) + 16

    init(_ options: Options) { self.options = options }

    func run() throws {
        let folder = try temporaryFolder()
        defer { remove(folder: folder) }
        guard let reader = try FuzzReaders.all(folder: folder).first(where: { $0.name == options.reader }) else {
            throw FileFailure(path: options.reader)
        }
        let pool = "\(options.output)/pool/\(reader.name)"
        var seeds = try reader.seeds()
        let kept = (try? load("\(options.corpus)/\(reader.name).corpus")) ?? []
        seeds += FuzzCorpus(file: kept)?.entries.map(\.bytes) ?? []
        seeds += try names(in: pool).map { try load("\(pool)/\($0)") }
        seeds.removeAll(where: \.isEmpty)
        let state = try Self.shared(options.state)
        var limit = rlimit(rlim_cur: Self.addressSpace, rlim_max: Self.addressSpace)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        var known: Set<String> = []
        for seed in seeds { known.insert(check(seed, reader, state).branch) }
        var mutator = FarmMutator(seeds, form: reader.form, seed: options.seed)
        let start = usage().seconds
        var index = 0
        var slowest = 0.0
        var told: Set<String> = []
        while usage().seconds - start < options.seconds {
            let input = mutator.input(index)
            let before = usage()
            let outcome = check(input, reader, state)
            let after = usage()
            slowest = max(slowest, after.seconds - before.seconds)
            index += 1
            var findings = outcome.violations
            if after.peak - before.peak > Self.inputGrowth {
                findings.append("grew by \(after.peak - before.peak) KiB on \(input.count) bytes")
            }
            // One of a kind is enough for a process.
            for finding in Set(findings) where told.insert(ReadingOutcome(finding).branch).inserted {
                let path = "\(options.output)/finding-\(reader.name)-\(options.seed)-\(index)"
                try save(input, path)
                note("finding \(reader.name): \(finding): \(outcome.branch): \(path)")
            }
            if known.count < 4_000, known.insert(outcome.branch).inserted, input.count <= 32 << 10 {
                try save(input, "\(pool)/\(options.seed)-\(index)")
                seeds.append(input)
                if seeds.count % 8 == 0 {
                    mutator = FarmMutator(seeds, form: reader.form, seed: options.seed &+ UInt64(seeds.count))
                }
            }
        }
        note("inputs \(index) ways \(known.count) slowest \(slowest)")
    }

    private func check(
        _ input: [UInt8], _ reader: any FuzzReader, _ state: UnsafeMutableRawPointer
    ) -> ReadingOutcome {
        // What the supervisor saves where this process is ended by what comes now.
        state.storeBytes(of: min(input.count, Self.sharedByteCount - 16), as: Int.self)
        input.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            (state + 16).copyMemory(from: start, byteCount: min(bytes.count, Self.sharedByteCount - 16))
        }
        // SIGPROF ends the process.
        var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: Self.inputSeconds, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
        return reader.check(input)
    }

    /// Memory shared with the supervisor: a length, and from byte 16 on the input that is being read.
    static func shared(_ path: String) throws -> UnsafeMutableRawPointer {
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(sharedByteCount)) == 0 else { throw FileFailure(path: path) }
        defer { close(descriptor) }
        let map = mmap(nil, sharedByteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let map, map != MAP_FAILED else { throw FileFailure(path: path) }
        return map
    }

    private func usage() -> (seconds: Double, peak: Int) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return (seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6, usage.ru_maxrss)
    }
}

/// Starts workers, one reader after the other, until their CPU time is used up.
struct Supervisor {
    private let options: Options
    private static let turnSeconds = 8.0

    init(_ options: Options) { self.options = options }

    func run() throws {
        let folder = try temporaryFolder()
        let readers = try FuzzReaders.all(folder: folder).map(\.name).filter {
            options.reader.isEmpty || options.reader == $0
        }
        remove(folder: folder)
        mkdir(options.output, 0o755)
        mkdir(options.output + "/pool", 0o755)
        for reader in readers { mkdir("\(options.output)/pool/\(reader)", 0o755) }
        let state = "\(options.output)/state-\(options.seed)"
        let map = try Worker.shared(state)
        note("seed \(options.seed), \(options.seconds) s of CPU, \(readers.count) readers")
        var used = 0.0
        var crashes: [String: Int] = [:]
        var turn: UInt64 = 0
        while used < options.seconds {
            for reader in readers {
                turn += 1
                let (status, seconds) = try spawn([
                    "worker", "--seed", "\(options.seed &* 1_000_003 &+ turn)", "--seconds", "\(Self.turnSeconds)",
                    "--output", options.output, "--corpus", options.corpus, "--state", state, "--reader", reader,
                ])
                used += seconds
                note("\(reader): \(Int(seconds)) s, status \(status), \(Int(used)) s in all")
                guard status != 0 else { continue }
                crashes[reader, default: 0] += 1
                let count = map.load(as: Int.self)
                let input = Array(UnsafeRawBufferPointer(start: map + 16, count: count))
                let path = "\(options.output)/crash-\(reader)-\(options.seed)-\(turn)"
                try save(input, path)
                // The low seven bits of a status are the signal.
                note("finding \(reader): signal \(status & 0x7F), status \(status): \(path)")
            }
        }
        note("done: \(Int(used)) s of CPU, crashes: \(crashes.sorted { $0.key < $1.key })")
    }

    private func spawn(_ arguments: [String]) throws -> (status: CInt, seconds: Double) {
        var words: [UnsafeMutablePointer<CChar>?] = (["FarmFuzzer"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/proc/self/exe", nil, nil, words, environ) == 0 else {
            throw FileFailure(path: "/proc/self/exe")
        }
        var status: CInt = 0
        var usage = rusage()
        guard wait4(child, &status, 0, &usage) == child else { throw FileFailure(path: "worker") }
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return (status, seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6)
    }
}
