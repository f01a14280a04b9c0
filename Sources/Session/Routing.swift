/// A way for sound, or for a side-chain's key, from one channel to another.
///
/// The master is no vertex: nothing leaves it.
package struct RoutingEdge: Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case output, send, key }

    package var from: ChannelReference
    package var to: ChannelReference
    package var kind: Kind

    package init(from: ChannelReference, to: ChannelReference, kind: Kind) {
        self.from = from
        self.to = to
        self.kind = kind
    }
}

extension Song {
    /// Every edge between channels, in the order tracks, buses, returns; per channel its keys, output, sends.
    package var routingEdges: [RoutingEdge] {
        var edges: [RoutingEdge] = []
        func add(_ channel: ChannelReference, _ devices: [Device], _ mixer: Mixer) {
            for key in devices.compactMap(\.key) {
                edges.append(RoutingEdge(from: key, to: channel, kind: .key))
            }
            if case .bus(let index) = mixer.output {
                edges.append(RoutingEdge(from: channel, to: .bus(index), kind: .output))
            }
            for send in mixer.sends {
                edges.append(RoutingEdge(from: channel, to: .returned(send.to), kind: .send))
            }
        }
        for (i, track) in tracks.enumerated() { add(.track(i), track.devices, track.mixer) }
        for (i, bus) in buses.enumerated() { add(.bus(i), bus.devices, bus.mixer) }
        for (i, bus) in returns.enumerated() { add(.returned(i), bus.devices, bus.mixer) }
        return edges
    }

    /// The name of a channel of this song.
    ///
    /// - Precondition: the reference is one of this song's.
    package func name(of channel: ChannelReference) -> String {
        switch channel {
        case .track(let i): tracks[i].name
        case .bus(let i): buses[i].name
        case .returned(let i): returns[i].name
        }
    }

    /// Cycles of sound through outputs, sends and keys, each as its edges in order; empty for a renderable
    /// song.
    ///
    /// Cycles that share a channel with one already reported are left out: breaking the first may break them.
    ///
    /// - Complexity: O(channels + edges).
    package var routingCycles: [[RoutingEdge]] {
        RoutingCycleFinder(song: self).find()
    }
}

/// Depth-first search with an explicit stack: 4096 buses in a row must not be 4096 call frames.
private struct RoutingCycleFinder {
    private enum Mark { case unseen, open, closed }

    private let trackCount: Int
    private let busCount: Int
    private let outgoing: [[RoutingEdge]]
    private var marks: [Mark]
    private var isReported: [Bool]

    init(song: Song) {
        trackCount = song.tracks.count
        busCount = song.buses.count
        let count = trackCount + busCount + song.returns.count
        var outgoing = [[RoutingEdge]](repeating: [], count: count)
        for edge in song.routingEdges {
            outgoing[Self.index(edge.from, song.tracks.count, song.buses.count)].append(edge)
        }
        self.outgoing = outgoing
        marks = Array(repeating: .unseen, count: count)
        isReported = Array(repeating: false, count: count)
    }

    private static func index(_ channel: ChannelReference, _ trackCount: Int, _ busCount: Int) -> Int {
        switch channel {
        case .track(let i): i
        case .bus(let i): trackCount + i
        case .returned(let i): trackCount + busCount + i
        }
    }

    private func index(_ channel: ChannelReference) -> Int { Self.index(channel, trackCount, busCount) }

    func find() -> [[RoutingEdge]] {
        var search = self
        var cycles: [[RoutingEdge]] = []
        for start in search.marks.indices where search.marks[start] == .unseen {
            search.visit(from: start, into: &cycles)
        }
        return cycles
    }

    private mutating func visit(from start: Int, into cycles: inout [[RoutingEdge]]) {
        var vertices = [start]
        var nextEdge = [0]
        // path[i] leads from vertices[i] to vertices[i + 1].
        var path: [RoutingEdge] = []
        marks[start] = .open
        while let vertex = vertices.last {
            let edgeIndex = nextEdge[nextEdge.count - 1]
            guard edgeIndex < outgoing[vertex].count else {
                marks[vertex] = .closed
                vertices.removeLast()
                nextEdge.removeLast()
                if !path.isEmpty { path.removeLast() }
                continue
            }
            nextEdge[nextEdge.count - 1] += 1
            let edge = outgoing[vertex][edgeIndex]
            let target = index(edge.to)
            switch marks[target] {
            case .closed: break
            case .unseen:
                marks[target] = .open
                vertices.append(target)
                nextEdge.append(0)
                path.append(edge)
            case .open:
                guard let first = vertices.lastIndex(of: target) else { break }
                let members = vertices[first...]
                if members.contains(where: { isReported[$0] }) { break }
                for member in members { isReported[member] = true }
                cycles.append(Array(path[first...]) + [edge])
            }
        }
    }
}
