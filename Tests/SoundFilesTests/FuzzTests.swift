import Foundation
import Glibc
import SoundFileFuzzing
import Testing

@Suite(.serialized) struct FuzzTests {
    /// By hand, for longer: the numbers of the inputs go on from where the short run ends.
    private static let seconds = ProcessInfo.processInfo.environment["LATHE_FUZZ_SECONDS"].flatMap(Double.init) ?? 0

    @Test func `every seed is a file that is read to its end`() throws {
        for seed in try FuzzSeed.all() {
            let outcome = InputCheck().run(seed.bytes, isFile: true)
            #expect(outcome.branch.contains(" checksum "), "\(seed.name): \(outcome.branch)")
            #expect(!outcome.branch.contains("|"), "\(seed.name): \(outcome.branch)")
            #expect(outcome.violations == [])
            #expect(seed.bytes.count < 20_000, "\(seed.name)")
        }
    }

    @Test func `seeds and inputs are the same on every run`() throws {
        let first = try FuzzSeed.all()
        let second = try FuzzSeed.all()
        for (a, b) in zip(first, second) { #expect(a.bytes == b.bytes, "\(a.name)") }
        let mutators = [Mutator(seeds: first, seed: 9), Mutator(seeds: second, seed: 9)]
        for index in 0..<50 { #expect(mutators[0].input(index).bytes == mutators[1].input(index).bytes) }
        #expect(Set((0..<50).map { mutators[0].input($0).bytes }).count > 45)
    }

    @Test func `damaged files are read or refused, whatever the damage`() throws {
        let mutator = Mutator(seeds: try FuzzSeed.all(), seed: 20_260)
        let check = InputCheck()
        let before = peakMemory()
        var branches: Set<String> = []
        var index = 0
        let end = Date(timeIntervalSinceNow: Self.seconds)
        while index < 6_000 || Self.seconds > 0 && Date() < end {
            let input = mutator.input(index)
            let outcome = check.run(input.bytes, isFile: index % 2 == 0)
            if !outcome.violations.isEmpty {
                Issue.record("input \(index), \(input.name): \(outcome.violations): \(outcome.branch)")
            }
            branches.insert(outcome.branch)
            index += 1
        }
        #expect(peakMemory() - before < 200 << 20)
        // Most ways through the readers are found: the damage is neither too light nor too heavy.
        #expect(branches.count > 90)
        let isRead = branches.filter { $0.contains(" checksum ") && !$0.contains("|") }
        #expect(isRead.count > 15)
    }

    /// The shortest input of every branch that a long run found, and every input that once brought a reader down.
    @Test func `the corpus takes the ways that it took when it was kept`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
        let index = try String(contentsOf: folder.appending(path: "index.txt"), encoding: .utf8)
        let check = InputCheck()
        let lines = index.split(separator: "\n")
        // Other versions of the codec libraries may take other ways; a violation is one with every version.
        let isSameLibrary = lines[0] == "# \(InputCheck.libraries)"
        var count = 0
        for line in lines.dropFirst() {
            let fields = line.split(separator: "\t", maxSplits: 1)
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: String(fields[0]))))
            for isFile in [false, true] {
                let outcome = check.run(bytes, isFile: isFile)
                #expect(!isSameLibrary || outcome.branch == String(fields[1]), "\(fields[0])")
                #expect(outcome.violations == [], "\(fields[0])")
            }
            count += 1
        }
        #expect(count > 100)
    }

    /// The most memory that this process has had, in bytes.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
