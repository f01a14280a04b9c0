import RenderEngine
import RenderPlan
import SignalProcessing
import Testing

/// Stages of unequal chains share steps where they can.
@Suite struct LaneAlignmentTests {
    private func strip(_ kinds: [ProcessorKind]) -> Strip {
        Strip(
            input: .terms([.port(0)]),
            stages: kinds.enumerated().map { Stage(kind: $1.rawValue, version: 1, values: [], device: $0) })
    }

    /// Fewest columns of the shared kinds, by trying every order.
    private func fewest(_ chains: [[ProcessorKind]]) -> Int {
        let chains = chains.map { $0.filter { $0 == .equalizer || $0 == .compressor } }
        guard chains.contains(where: { !$0.isEmpty }) else { return 0 }
        return 1
            + [ProcessorKind.equalizer, .compressor].compactMap { kind in
                chains.contains { $0.first == kind }
                    ? fewest(chains.map { $0.first == kind ? Array($0.dropFirst()) : $0 }) : nil
            }.reduce(Int.max - 1, min)
    }

    @Test func `chains of other orders take as few steps as can be, and keep their own order`() {
        let orders: [[ProcessorKind]] = [
            [.compressor, .equalizer], [.gate, .equalizer, .compressor, .equalizer],
            [.deEsser, .equalizer, .compressor], [.saturator, .equalizer, .compressor],
        ]
        let steps = LaneAlignment.order(of: orders.map(strip))
        // A gate and the like serve one strip each; equalizer, compressor, equalizer serve all four.
        #expect(steps.count { $0.count > 1 } == 3 && steps.count == 6, "\(steps)")

        let kinds: [ProcessorKind] = [.equalizer, .compressor, .equalizer, .compressor, .gate]
        var random = Random(17)
        for _ in 0..<300 {
            let chains = (0..<random.int(1...4)).map { _ in
                (0..<random.int(0...5)).map { _ in kinds[random.int(0...4)] }
            }
            let steps = LaneAlignment.order(of: chains.map(strip))
            // Every strip meets each of its stages once, in order; a step is of one kind.
            for (number, chain) in chains.enumerated() {
                #expect(steps.compactMap { $0[number] } == Array(chain.indices), "\(chains)")
            }
            #expect(steps.allSatisfy { step in Set(step.map { chains[$0.key][$0.value] }).count == 1 })
            let own = chains.joined().count { $0 == .gate }
            #expect(steps.count - own == fewest(chains), "\(chains): \(steps)")
        }
    }

    @Test func `chains too long to try every order are aligned all the same`() {
        var random = Random(18)
        let chains = (0..<4).map { _ in
            (0..<64).map { _ in [ProcessorKind.equalizer, .compressor][Int.random(in: 0...1, using: &random)] }
        }
        let steps = LaneAlignment.order(of: chains.map(strip))
        for (number, chain) in chains.enumerated() {
            #expect(steps.compactMap { $0[number] } == Array(chain.indices))
        }
        #expect(steps.count <= 128)
    }
}
