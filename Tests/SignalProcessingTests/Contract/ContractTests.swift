import SignalProcessing
import TestSupport
import Testing

/// What every device owes the farm and the ear, whatever it does to the sound.
@Suite struct ContractTests {
    static let blocks = [1, 7, 64, 512, 8192]

    @Test("the same bits for any length of block", arguments: ContractSubject.all)
    func blockLengths(_ subject: ContractSubject) throws {
        let signal = ContractSignal.mixed(frameCount: 24_000, rateHertz: subject.rateHertz)
        var whole = ContractRun(subject)
        let expected = whole.process(signal, blockFrames: signal.count)
        for block in Self.blocks {
            var run = ContractRun(subject)
            #expect(run.process(signal, blockFrames: block).hasSameBits(as: expected), "blocks of \(block)")
        }
        #expect(!expected.hasSameBits(as: signal), "the setting does nothing")
    }

    @Test("a new instance goes on from a snapshot bit for bit", arguments: ContractSubject.all)
    func handOver(_ subject: ContractSubject) throws {
        let signal = ContractSignal.mixed(frameCount: 36_000, rateHertz: subject.rateHertz)
        for split in [8, 4800, 12_344] {
            var first = ContractRun(subject)
            _ = first.process(signal.slice(0..<split), blockFrames: 512)
            let bytes = try first.snapshot()
            #expect(bytes.count <= subject.snapshotByteLimit, "a snapshot of \(bytes.count) bytes")
            try first.restore(bytes)
            var second = ContractRun(subject)
            try second.restore(bytes)
            let rest = signal.slice(split..<signal.count)
            let a = first.process(rest, blockFrames: 512, from: split)
            let b = second.process(rest, blockFrames: 8192, from: split)
            #expect(a.hasSameBits(as: b), "split at \(split)")
            #expect(try first.snapshot() == second.snapshot())
        }
    }

    @Test("a snapshot cut short or with NaN is refused", arguments: ContractSubject.all)
    func brokenSnapshots(_ subject: ContractSubject) throws {
        var run = ContractRun(subject)
        _ = run.process(.mixed(frameCount: 4800), blockFrames: 512)
        let bytes = try run.snapshot()
        guard bytes.count >= 4 else { return }
        var other = ContractRun(subject)
        #expect(throws: (any Error).self) { try other.restore(Array(bytes.dropLast())) }
        #expect(throws: (any Error).self) { try other.restore(bytes + [0]) }
    }

    @Test("a neutral setting changes no bit", arguments: ContractSubject.all.filter { $0.neutral != nil })
    func neutral(_ subject: ContractSubject) throws {
        guard let neutral = subject.neutral else { return }
        let signal = ContractSignal.mixed(frameCount: 24_000, rateHertz: subject.rateHertz)
        var run = ContractRun(neutral(), isKeyed: subject.isKeyed)
        let latency = run.device.latencyFrames
        let out = run.process(signal, blockFrames: 512)
        let expected = signal.slice(0..<signal.count - latency)
        #expect(out.slice(latency..<signal.count).hasSameBits(as: expected))
    }

    @Test("silence in, silence out, and after the tail too", arguments: ContractSubject.all)
    func silence(_ subject: ContractSubject) throws {
        var run = ContractRun(subject)
        let nothing = ContractSignal(frameCount: 4800) { _ in (0, 0) }
        #expect(run.process(nothing, blockFrames: 512).peak == 0)
        let signal = ContractSignal.mixed(frameCount: 9600, rateHertz: subject.rateHertz)
        let input = run.process(signal, blockFrames: 512).peak
        let tail = run.device.latencyFrames + run.device.tailFrames
        #expect(tail < 60 * subject.rateHertz, "a tail of a minute or more")
        _ = run.process(ContractSignal(frameCount: tail) { _ in (0, 0) }, blockFrames: 8192, from: 14_400)
        let after = run.process(nothing, blockFrames: 512, from: 14_400 + tail).peak
        #expect(after <= max(input, 1) * 1.01e-5, "\(after) after the tail")
    }

    @Test("finite and bounded for hostile input and extreme settings", arguments: ContractSubject.all)
    func hostile(_ subject: ContractSubject) throws {
        for (index, make) in ([subject.make] + subject.extremes).enumerated() {
            for level in [1.0, 1e6, 1e-30, 1e-40] {
                var run = ContractRun(make(), isKeyed: subject.isKeyed)
                var noise = ContractNoise(seed: 5)
                let signal = ContractSignal(frameCount: 9600) { i in
                    i % 1000 < 500 ? (level * noise.next(), level * noise.next()) : (i % 7 == 0 ? level : -level, level)
                }
                let out = run.process(signal, blockFrames: 480)
                #expect(out.isFinite, "setting \(index), level \(level)")
                let limit = max(level, 1e-6) * PinnedMath.gain(decibels: subject.growthDecibels)
                #expect(out.peak <= limit, "setting \(index), level \(level): \(out.peak)")
            }
        }
    }

    @Test("NaN and infinity neither trap nor hide", arguments: ContractSubject.all)
    func poison(_ subject: ContractSubject) throws {
        for value in [Double.nan, .infinity, -.infinity] {
            for make in [subject.make] + subject.extremes {
                var run = ContractRun(make(), isKeyed: subject.isKeyed)
                let signal = ContractSignal(frameCount: 2000) { i in i == 700 ? (value, 0.5) : (0.1, 0.1) }
                let out = run.process(signal, blockFrames: 64)
                // Either it is seen in the output or the state refuses to be written; or it was clipped to a number.
                if (try? run.snapshot()) != nil, out.isFinite { continue }
                #expect(!out.isFinite || (try? run.snapshot()) == nil)
            }
        }
    }

    @Test("process allocates nothing", arguments: ContractSubject.all)
    func allocations(_ subject: ContractSubject) throws {
        var run = ContractRun(subject)
        var signal = ContractSignal.mixed(frameCount: 16_384)
        let automated = subject.automated
        _ = signal.left.withUnsafeMutableBufferPointer { $0.count }
        let count = allocationCount {
            for start in stride(from: 0, to: 16_384, by: 512) {
                if let automated, start == 8192 { run.device.update(parameters: automated) }
                run.step(&signal, start, 512, start)
            }
        }
        #expect(count == 0)
    }

    @Test("two states under equal input become bit-equal", arguments: ContractSubject.all)
    func reconvergence(_ subject: ContractSubject) throws {
        let segment = 10 * subject.rateHertz
        for input in ConvergenceInput.allCases {
            let allowed = subject.reconvergence[input] ?? 2
            guard let allowed else { continue }
            let signal = ContractSignal.convergence(input, frameCount: segment, rateHertz: subject.rateHertz)
            var one = ContractRun(subject)
            var other = ContractRun(subject)
            _ = one.process(.mixed(frameCount: 48_000, seed: 3), blockFrames: 4096)
            _ = other.process(.mixed(frameCount: 48_000, seed: 4), blockFrames: 4096)
            var isEqual = false
            for boundary in 1...max(1, allowed) where !isEqual {
                _ = one.process(signal, blockFrames: 8192, from: boundary * segment)
                _ = other.process(signal, blockFrames: 8192, from: boundary * segment)
                try one.crossBoundary()
                try other.crossBoundary()
                isEqual = try one.snapshot() == other.snapshot()
            }
            #expect(isEqual, "\(input): not equal after \(allowed) segments")
        }
    }

    @Test(
        "automated parameters: the same bits for any block and across a snapshot",
        arguments: ContractSubject.all.filter { $0.automated != nil })
    func automation(_ subject: ContractSubject) throws {
        guard let target = subject.automated else { return }
        let signal = ContractSignal.mixed(frameCount: 9600)
        func render(block: Int, restoringAt boundary: Int?) throws -> ContractSignal {
            var run = ContractRun(subject)
            var out = signal
            var start = 0
            while start < signal.count {
                if start == 4800 { run.device.update(parameters: target) }
                if start == boundary { try run.crossBoundary() }
                let stop = [4800, boundary ?? .max, signal.count].filter { $0 > start }.min() ?? signal.count
                let count = min(block, stop - start)
                run.step(&out, start, count, start)
                start += count
            }
            return out
        }
        let expected = try render(block: 9600, restoringAt: nil)
        #expect(expected.isFinite)
        for block in [1, 7, 64, 4096] {
            #expect(try render(block: block, restoringAt: nil).hasSameBits(as: expected), "blocks of \(block)")
        }
        var still = ContractRun(subject)
        #expect(!still.process(signal, blockFrames: 9600).hasSameBits(as: expected), "the update does nothing")
    }
}
