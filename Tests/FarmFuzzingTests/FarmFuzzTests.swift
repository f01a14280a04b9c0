import FarmFuzzing
import Foundation
import TestSupport
import Testing

/// What a farm reads from others and from its disks takes any bytes: it reads them or refuses them with a reason.
///
/// `LATHE_FUZZ_SECONDS=3600` goes on for that long. `Benchmarks/FarmFuzzer` does it in processes of their own.
@Suite(.serialized) struct FarmFuzzTests {
    private static let names = [
        "wire", "transfer", "request", "reply", "enrolment", "zap", "http", "key-table", "key-text", "webhooks",
        "outbox", "job", "ledger", "database", "session", "policy", "snapshot",
    ]
    private static let seconds =
        Double(ProcessInfo.processInfo.environment["LATHE_FUZZ_SECONDS"] ?? "") ?? 0
    private static let corpusFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "Corpus")

    private func reader(_ name: String, _ folder: String) throws -> any FuzzReader {
        try #require(try FuzzReaders.all(folder: folder).first { $0.name == name })
    }

    private func corpus(_ name: String) throws -> [FuzzCorpus.Entry] {
        let file = Self.corpusFolder.appending(path: "\(name).corpus")
        return try #require(FuzzCorpus(file: [UInt8](try Data(contentsOf: file)))).entries
    }

    @Test func `every reader is tried`() throws {
        let directory = try TemporaryDirectory("fuzz")
        #expect(try FuzzReaders.all(folder: directory.path).map(\.name) == Self.names)
        let kept = try FileManager.default.contentsOfDirectory(atPath: Self.corpusFolder.path).sorted()
        #expect(kept == Self.names.map { $0 + ".corpus" }.sorted())
    }

    @Test(arguments: names)
    func `what is whole is read, and the same every time`(name: String) throws {
        let directory = try TemporaryDirectory("fuzz")
        let reader = try reader(name, directory.path)
        let seeds = try reader.seeds()
        // A database holds the number of the process that made it.
        if name != "database" { #expect(try seeds == self.reader(name, directory.path).seeds()) }
        for seed in seeds {
            let outcome = reader.check(seed)
            #expect(outcome.violations == [])
            #expect(reader.check(seed).branch == outcome.branch)
        }
        let first = FarmMutator(seeds, form: reader.form, seed: 9)
        let second = FarmMutator(seeds, form: reader.form, seed: 9)
        for index in 0..<50 { #expect(first.input(index) == second.input(index)) }
        #expect(Set((0..<50).map { first.input($0) }).count > 30)
    }

    @Test(arguments: names)
    func `what is damaged is read or refused, whatever the damage`(name: String) throws {
        let directory = try TemporaryDirectory("fuzz")
        let reader = try reader(name, directory.path)
        let seeds = try reader.seeds() + corpus(name).map(\.bytes)
        let mutator = FarmMutator(seeds.filter { !$0.isEmpty }, form: reader.form, seed: 2_026)
        let before = peakMemory()
        let count = ["database": 60, "snapshot": 150, "session": 250, "policy": 400][name] ?? 600
        let end = Date(timeIntervalSinceNow: Self.seconds)
        var branches: Set<String> = []
        var index = 0
        while index < count || Self.seconds > 0 && Date() < end {
            let input = mutator.input(index)
            let outcome = reader.check(input)
            if !outcome.violations.isEmpty {
                Issue.record("\(name), input \(index): \(outcome.violations): \(outcome.branch)")
            }
            branches.insert(outcome.branch)
            index += 1
        }
        #expect(peakMemory() - before < 400 << 20)
        // The damage is neither too light nor too heavy.
        #expect(branches.count > 1, "\(branches)")
    }

    /// The shortest input of each way that a long run found, every input that once brought a reader down, and messages
    /// recorded from a farm at work.
    @Test(arguments: names)
    func `the corpus takes the ways that it took when it was kept`(name: String) throws {
        let directory = try TemporaryDirectory("fuzz")
        let reader = try reader(name, directory.path)
        let entries = try corpus(name)
        #expect(!entries.isEmpty)
        for (index, entry) in entries.enumerated() {
            let outcome = reader.check(entry.bytes)
            #expect(outcome.violations == [], "\(name) \(index)")
            // Foundation's and SQLite's words are theirs to change.
            if name != "database" { #expect(outcome.branch == entry.branch, "\(name) \(index)") }
        }
    }

    @Test func `the corpus is small`() throws {
        let sizes = try Self.names.map { name in
            try Data(contentsOf: Self.corpusFolder.appending(path: "\(name).corpus")).count
        }
        #expect(sizes.reduce(0, +) < 200_000)
    }

    @Test func `frames are packed and unpacked`() {
        let frames: [[UInt8]] = [[], [1, 2, 3], [UInt8](repeating: 9, count: 300)]
        #expect(FrameList.unpack(FrameList.pack(frames)) == frames)
        // A length past the end ends there.
        #expect(FrameList.unpack([9, 0, 0, 0, 7]) == [[7]])
        #expect(FrameList.unpack([255, 255, 255, 255]) == [[]])
        let corpus = FuzzCorpus([.init(branch: "a b", bytes: [10, 9, 0]), .init(branch: "", bytes: [])])
        #expect(FuzzCorpus(file: corpus.file)?.entries.map(\.bytes) == [[10, 9, 0], []])
        #expect(FuzzCorpus(file: Array("x\t99\n".utf8)) == nil)
    }

    /// The most memory that this process has had, in bytes.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
