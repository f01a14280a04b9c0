// swift-tools-version: 6.2
import PackageDescription

// One row per target. The numbers are those of docs/ARCHITECTURE.md: arrows point down only.
// `pure` targets know no file, socket, clock, thread, Foundation or libm (Tests/LinkageTests proves it).

enum Role {
    case pure  // deterministic, no Foundation, strict memory safety
    case kernel  // pure, and instantiates vector kernels: built for x86-64-v3
    case shell  // talks to the operating system
    case command
    case support  // test support
}

let vectorFlags = ["-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mbmi2"]

func settings(_ role: Role) -> [SwiftSetting] {
    var all: [SwiftSetting] = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]
    #if arch(x86_64)
        // Pure targets too: without SSE4.1 `.rounded()` calls libm's round.
        all.append(.unsafeFlags(vectorFlags))
    #endif
    return all
}

func target(_ name: String, _ role: Role, _ dependencies: [Target.Dependency] = []) -> Target {
    switch role {
    case .command: .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings(role))
    default: .target(name: name, dependencies: dependencies, swiftSettings: settings(role))
    }
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies + ["TestSupport"], exclude: exclude,
        swiftSettings: settings(.support))
}

func external(_ product: String, _ package: String) -> Target.Dependency {
    .product(name: product, package: package)
}

let grdb = external("GRDB", "GRDB.swift")
let sqlite = external("GRDBSQLite", "GRDB.swift")
let yams = external("Yams", "Yams")
let arguments = external("ArgumentParser", "swift-argument-parser")
let logging = external("Logging", "swift-log")
let flyingFox = external("FlyingFox", "FlyingFox")
let flyingSocks = external("FlyingSocks", "FlyingFox")

let package = Package(
    name: "lathe",
    products: [.executable(name: "lathe", targets: ["lathe"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
    ],
    targets: [
        // 1-9: pure
        target("Quantities", .pure),
        .target(
            name: "CVector", cSettings: [.unsafeFlags(["-mavx2", "-mfma", "-mbmi2", "-O2"])]),
        target("SignalProcessing", .kernel, ["Quantities", "CVector"]),
        target("Metering", .kernel, ["Quantities", "CVector", "SignalProcessing"]),
        target("Session", .pure, ["Quantities"]),
        target("SessionDiff", .pure, ["Quantities", "Session"]),
        target("RenderPlan", .pure, ["Quantities"]),
        target(
            "RenderCompiler", .kernel, ["Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan"]),
        target(
            "RenderEngine", .kernel,
            ["Quantities", "SignalProcessing", "Metering", "RenderPlan", "CVector"]),
        target("FarmProtocol", .pure, ["Quantities", "RenderPlan"]),
        target("FarmCoordination", .pure, ["Quantities", "RenderPlan", "FarmProtocol"]),
        // 10-13: system libraries and their wrappers
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CSndFile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CFileSystem"),
        .target(name: "CLinuxProcess"),
        target("Hashing", .shell, ["Quantities", "CVector", "CCrypto"]),
        target("ZeroMQ", .shell, ["CZeroMQ"]),
        target("SoundFiles", .shell, ["Quantities", "CSndFile", "CVector"]),
        // 14-23: what people meet
        target("SessionFiles", .shell, ["Quantities", "Session", "LoudnessChecks", yams]),
        target("Demo", .shell, ["Quantities", "SignalProcessing", "SoundFiles"]),
        target("Terminal", .shell, []),
        target("Reports", .shell, ["Quantities"]),
        target("LoudnessChecks", .shell, ["Quantities", "SignalProcessing", "Hashing", "Reports"]),
        target("Storage", .shell, ["Quantities", "RenderPlan", "Hashing", "CFileSystem", grdb, sqlite]),
        target("Release", .shell, ["Quantities", "Metering", "Session", "SoundFiles", "Hashing", "Reports"]),
        target("Revisions", .shell, ["Quantities", "Hashing", "SessionFiles", "Release"]),
        target(
            "Measuring", .shell,
            ["Quantities", "SignalProcessing", "Metering", "LoudnessChecks", "SoundFiles", "Hashing", "Release"]),
        target(
            "Comparison", .shell,
            ["Quantities", "SignalProcessing", "Metering", "LoudnessChecks", "Reports", "SoundFiles", "Measuring"]),
        target("FarmKeys", .shell, ["Quantities", "Hashing", "ZeroMQ", "CCrypto"]),
        target("FarmTransfer", .shell, ["Quantities", "RenderPlan", "Hashing", "ZeroMQ", "Storage"]),
        target("FarmMonitoring", .shell, ["CCrypto", flyingFox, flyingSocks, logging]),
        target(
            "Farm", .shell,
            [
                "Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler",
                "RenderEngine", "FarmProtocol", "FarmCoordination", "Hashing", "ZeroMQ", "SoundFiles",
                "Storage", "Release", "CLinuxProcess", "FarmKeys", "FarmTransfer", logging,
            ]),
        target(
            "FarmService", .shell,
            [
                "Quantities", "Metering", "Session", "RenderPlan", "RenderCompiler", "FarmProtocol", "FarmCoordination",
                "Hashing", "ZeroMQ", "SoundFiles", "SessionFiles", "Storage", "Release", "Reports", "FarmKeys",
                "FarmTransfer", "FarmMonitoring", "Farm", logging,
            ]),
        target(
            "lathe", .command,
            [
                "Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler",
                "RenderEngine", "FarmProtocol", "FarmCoordination", "Hashing", "ZeroMQ", "SoundFiles",
                "SessionFiles", "Storage", "Release", "LoudnessChecks", "Measuring", "Comparison", "Demo", "Terminal",
                "Reports", "FarmKeys", "FarmTransfer", "FarmMonitoring", "Farm", "FarmService", "SessionDiff",
                "Revisions",
                arguments, logging,
            ]),
        // T: test support
        .systemLibrary(name: "CEbur128", providers: [.apt(["libebur128-dev"])]),  // what the meter is compared with
        .target(name: "CAllocationCounter"),
        target("TestSupport", .support, ["Quantities", "CAllocationCounter"]),
        target("DeviceReference", .support, ["Session", "SignalProcessing"]),
        target("SoundFileFuzzing", .support, ["Quantities", "SoundFiles", "CSndFile"]),
        target(
            "FarmFuzzing", .support,
            [
                "Quantities", "Session", "RenderPlan", "RenderCompiler", "RenderEngine", "FarmProtocol", "ZeroMQ",
                "SessionFiles", "LoudnessChecks", "Storage", "Release", "FarmKeys", "FarmTransfer", "FarmMonitoring",
                "Farm", "FarmService", "SoundFileFuzzing", "Hashing", grdb,
            ]),
        target("RenderHarness", .support, ["Quantities", "SoundFiles", "TestSupport"]),
        target(
            "FarmSimulation", .support, ["Quantities", "RenderPlan", "FarmProtocol", "FarmCoordination"]),
        tests("FarmKeys", ["FarmKeys", "ZeroMQ", "Quantities", "Hashing"]),
        tests("FarmTransfer", ["FarmTransfer", "Quantities", "RenderPlan", "Hashing", "ZeroMQ", "Storage"]),
        tests("FarmMonitoring", ["FarmMonitoring", flyingFox, flyingSocks, logging], exclude: ["Golden"]),
        tests(
            "FarmService",
            [
                "FarmService", "Farm", "FarmKeys", "FarmTransfer", "FarmMonitoring", "Quantities", "Storage", "Hashing",
                "SessionFiles",
                "ZeroMQ", "RenderHarness", "lathe",
            ]),
        tests("FarmFuzzing", ["FarmFuzzing"], exclude: ["Corpus"]),
        tests("FarmProtocol", ["FarmProtocol", "Quantities", "RenderPlan"]),
        tests(
            "Farm",
            [
                "Quantities", "RenderPlan", "RenderEngine", "FarmProtocol", "Metering", "Storage", "SoundFiles", "Farm",
                "RenderHarness", "ZeroMQ", "lathe",
            ]),
        tests("Revisions", ["Quantities", "Hashing", "Release", "Revisions"]),
        tests("Lathe", ["Quantities", "RenderHarness", "lathe"]),
        tests("Independent", ["lathe"]),
        tests("FarmCoordination", ["FarmCoordination", "FarmProtocol", "Quantities", "RenderPlan"]),
        tests("FarmSimulation", ["FarmSimulation", "FarmCoordination", "FarmProtocol", "Quantities", "RenderPlan"]),
        tests("Quantities", ["Quantities"]),
        tests(
            "SoundFiles", ["Quantities", "SoundFiles", "SoundFileFuzzing", "CSndFile", "CVector"], exclude: ["Corpus"]),
        tests("ZeroMQ", ["ZeroMQ"]),
        tests("Metering", ["Quantities", "SignalProcessing", "Metering", "CEbur128"]),
        tests("Hashing", ["Quantities", "Hashing"]),
        tests("Storage", ["Quantities", "RenderPlan", "Hashing", "Storage"]),
        tests("SignalProcessing", ["Quantities", "SignalProcessing", "DeviceReference"]),
        tests("Demo", ["Quantities", "Session", "SessionFiles", "SoundFiles", "Demo"]),
        tests("Terminal", ["Terminal"]),
        tests("Reports", ["Quantities", "Reports"]),
        tests("LoudnessChecks", ["Quantities", "LoudnessChecks"], exclude: ["Golden", "Schemas"]),
        tests(
            "Measuring",
            [
                "Quantities", "Metering", "LoudnessChecks", "SoundFiles", "Hashing", "Release", "Measuring",
                "RenderHarness",
            ]),
        tests("Comparison", ["Quantities", "Metering", "SoundFiles", "Measuring", "Comparison", "RenderHarness"]),
        tests("Release", ["Quantities", "Metering", "Session", "SoundFiles", "Hashing", "Reports", "Release"]),
        tests("Session", ["Quantities", "Session"]),
        tests("SessionDiff", ["Quantities", "Session", "SessionDiff"]),
        tests("RenderPlan", ["Quantities", "RenderPlan"]),
        tests(
            "RenderCompiler",
            [
                "Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler", "RenderEngine",
                "Hashing",
            ]),
        tests(
            "RenderEngine",
            ["Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler", "RenderEngine"]),
        tests("SessionFiles", ["Quantities", "Session", "LoudnessChecks", "SessionFiles"]),
        tests("Tidy", []),
        tests("Deploy", ["lathe", "RenderHarness", yams]),
        tests("FactSheet", []),
        tests("DeviceReference", ["DeviceReference"]),
        tests(
            "Linkage",
            [
                "Quantities", "SignalProcessing", "Metering", "Session", "RenderPlan", "RenderCompiler",
                "RenderEngine", "FarmProtocol", "FarmCoordination", "SessionDiff",
            ]),
    ]
)

// `LATHE_BENCH=1 swift build -c release --product Kernels` (Benchmarks/README.md): not in every build.
if Context.environment["LATHE_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Kernels",
            dependencies: ["Quantities", "CVector", "SignalProcessing", "Metering", "Session", "SoundFiles"],
            path: "Benchmarks/Kernels", swiftSettings: settings(.command)))
    // `LATHE_BENCH=1 swift build -c release --product FarmDispatch`
    package.targets.append(
        .executableTarget(
            name: "FarmDispatch",
            dependencies: [
                "Quantities", "RenderPlan", "RenderCompiler", "FarmProtocol", "FarmCoordination", "Farm", "Storage",
                "Hashing", "CZeroMQ", "ZeroMQ", logging,
            ],
            path: "Benchmarks/FarmDispatch", swiftSettings: settings(.command)))
}

// `LATHE_FUZZ=1 swift build -c release --product SoundFileFuzzer` (CONTRIBUTING.md): hours of broken sound files.
if Context.environment["LATHE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "SoundFileFuzzer", dependencies: ["SoundFileFuzzing"], path: "Benchmarks/SoundFileFuzzer",
            swiftSettings: settings(.command)))
    // `LATHE_FUZZ=1 swift build -c release --product FarmFuzzer`: the same for messages, sessions, ledgers, snapshots.
    package.targets.append(
        .executableTarget(
            name: "FarmFuzzer", dependencies: ["FarmFuzzing"], path: "Benchmarks/FarmFuzzer",
            swiftSettings: settings(.command)))
}
