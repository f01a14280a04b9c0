import Glibc
import Testing

/// The pure targets refer to nothing whose answer depends on the machine: no C mathematics, no Foundation, no file,
/// clock, thread or chance (docs/determinism.md).
@Suite struct LinkageTests {
    static let pureTargets = [
        "Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler",
        "RenderEngine",
        "FarmProtocol", "FarmCoordination", "SessionDiff",
    ]

    @Test(arguments: pureTargets)
    func `a pure target refers to no function of the C mathematics library`(target: String) throws {
        let (symbols, count) = try ObjectFiles().undefinedSymbols(ofTarget: target, in: "Sources")
        #expect(count > 0)
        #expect(symbols.filter(isMathematics).sorted() == [])
    }

    @Test(arguments: pureTargets)
    func `a pure target refers to neither Foundation nor Glibc's Swift module`(target: String) throws {
        let (symbols, _) = try ObjectFiles().undefinedSymbols(ofTarget: target, in: "Sources")
        // Mangled names carry each module's name behind its length.
        let modules = ["10Foundation", "20FoundationEssentials", "5Glibc", "15Synchronization", "8Dispatch"]
        #expect(symbols.filter { symbol in modules.contains { symbol.contains($0) } }.sorted() == [])
    }

    @Test(arguments: pureTargets)
    func `a pure target refers to no file, socket, clock, thread, environment or chance`(target: String)
        throws
    {
        let (symbols, _) = try ObjectFiles().undefinedSymbols(ofTarget: target, in: "Sources")
        #expect(symbols.intersection(Self.worldly).sorted() == [])
        // Swift's own generator, and its clocks.
        let generators = [
            "SystemRandomNumberGenerator", "ContinuousClock", "SuspendingClock", "swift_stdlib_random",
        ]
        #expect(symbols.filter { symbol in generators.contains { symbol.contains($0) } }.sorted() == [])
    }

    @Test func `the scan sees a mathematics function where there is one`() throws {
        #expect(callsMathematics(0.5) > 0)
        let (symbols, _) = try ObjectFiles().undefinedSymbols(ofTarget: "LinkageTests", in: "Tests")
        #expect(symbols.contains { $0.contains("10Foundation") })
        #expect(symbols.filter(isMathematics) == ["tanh"])
    }

    /// What the scan must find in this very target.
    @inline(never)
    private func callsMathematics(_ x: Double) -> Double { Glibc.tanh(x) }

    private static let worldly: Set<String> = [
        "open", "openat", "read", "pread", "write", "pwrite", "close", "fopen", "stat", "mmap", "socket",
        "connect",
        "send", "recv", "poll", "time", "clock", "clock_gettime", "gettimeofday", "nanosleep", "usleep",
        "pthread_create", "pthread_mutex_lock", "fork", "posix_spawn", "kill", "getpid", "getenv",
        "secure_getenv",
        "setlocale", "localeconv", "rand", "random", "drand48", "getrandom", "arc4random", "arc4random_buf",
        "printf",
        "snprintf", "vsnprintf", "strtod", "malloc_stats", "sysconf", "get_nprocs",
    ]

    /// math.h of C17 with its Float (`f`) and long double (`l`) forms, and glibc's vector and exact-rounding names.
    private static let mathematics: Set<String> = {
        let names = [
            "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos",
            "cosh",
            "cospi", "erf", "erfc", "exp", "exp10", "exp2", "expm1", "fabs", "fdim", "floor", "fma", "fmax",
            "fmin",
            "fmod", "frexp", "hypot", "ilogb", "j0", "j1", "jn", "ldexp", "lgamma", "llrint", "llround",
            "log",
            "log10", "log1p", "log2", "logb", "lrint", "lround", "modf", "nearbyint", "nextafter",
            "nexttoward", "pow",
            "pow10", "remainder", "remquo", "rint", "round", "roundeven", "scalb", "scalbln", "scalbn", "sin",
            "sincos", "sinh", "sinpi", "sqrt", "tan", "tanh", "tgamma", "trunc", "y0", "y1", "yn",
        ]
        return Set(names.flatMap { [$0, $0 + "f", $0 + "l"] })
    }()

    private func isMathematics(_ symbol: String) -> Bool {
        let plain = symbol.replacing("__", with: "").replacing("_finite", with: "")
        // "_ZGVdN4v_sin" and its like are libmvec's.
        return Self.mathematics.contains(plain) || symbol.hasPrefix("_ZGV")
    }
}
