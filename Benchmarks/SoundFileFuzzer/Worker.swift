import Glibc
import SoundFileFuzzing

/// Checks a range of inputs within limits; the operating system ends it where one breaks them.
struct Worker {
    private let options: Options

    /// The CPU time that one input may take, in seconds.
    private static let inputSeconds = 4
    /// What the process may grow by on one input, in KiB.
    private static let inputGrowth = 48 << 10
    private static let addressSpace = rlim_t(1) << 30

    init(_ options: Options) { self.options = options }

    func run() throws {
        let mutator = Mutator(seeds: try FuzzSeed.all(), seed: options.seed)
        let check = InputCheck()
        let state = try sharedIndex()
        // Valgrind needs more room than that.
        var limit = rlimit(rlim_cur: Self.addressSpace, rlim_max: Self.addressSpace)
        if getenv("LATHE_FUZZ_UNLIMITED") == nil { setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) }
        var slowest = (seconds: 0.0, index: 0)
        for index in options.first..<options.first + options.count {
            let input = mutator.input(index)
            state.pointee = index
            // SIGPROF ends the process.
            var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: Self.inputSeconds, tv_usec: 0))
            setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
            let start = usage()
            let outcome = check.run(input.bytes, isFile: index % 2 == 0)
            let end = usage()
            if end.seconds - start.seconds > slowest.seconds { slowest = (end.seconds - start.seconds, index) }
            if end.peak - start.peak > Self.inputGrowth {
                let growth = "grew by \(end.peak - start.peak) KiB on \(input.bytes.count) bytes"
                note("finding \(index) \(input.name): \(growth)")
            }
            for violation in Set(outcome.violations) {
                note("finding \(index) \(input.name): \(violation): \(outcome.branch)")
            }
        }
        note("slowest \(slowest.index) \(slowest.seconds)")
    }

    /// Memory shared with the supervisor, which reads the number of the input that ended this process.
    private func sharedIndex() throws -> UnsafeMutablePointer<Int> {
        let descriptor = open(options.state, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, 8) == 0 else { throw FileFailure(path: options.state) }
        let map = mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let map, map != MAP_FAILED else { throw FileFailure(path: options.state) }
        return map.assumingMemoryBound(to: Int.self)
    }

    private func usage() -> (seconds: Double, peak: Int) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return (seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6, usage.ru_maxrss)
    }
}

/// Starts workers until their CPU time is used up.
struct Supervisor {
    private let options: Options
    private static let batch = 4_000

    init(_ options: Options) { self.options = options }

    func run() throws {
        let mutator = Mutator(seeds: try FuzzSeed.all(), seed: options.seed)
        let state = options.output + "/state"
        mkdir(options.output, 0o755)
        note("seed \(options.seed), first \(options.first), \(options.seconds) s of CPU")
        var used = 0.0
        var index = options.first
        var crashes = 0
        while used < options.seconds {
            let (status, seconds) = try spawn([
                "worker", "--seed", "\(options.seed)", "--first", "\(index)", "--count", "\(Self.batch)",
                "--state", state,
            ])
            used += seconds
            guard status != 0 else {
                index += Self.batch
                note("\(index) inputs, \(Int(used)) s, \(crashes) crashes")
                continue
            }
            let last = try load(state).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            let input = mutator.input(last)
            let path = "\(options.output)/crash-\(options.seed)-\(last)"
            try save(input.bytes, path)
            // The low seven bits of a status are the signal.
            note("finding \(last) \(input.name): signal \(status & 0x7F), status \(status): \(path)")
            crashes += 1
            index = last + 1
        }
        note("done: \(index - options.first) inputs, \(Int(used)) s of CPU, \(crashes) crashes")
    }

    private func spawn(_ arguments: [String]) throws -> (status: CInt, seconds: Double) {
        var words: [UnsafeMutablePointer<CChar>?] = (["SoundFileFuzzer"] + arguments).map { strdup($0) }
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
