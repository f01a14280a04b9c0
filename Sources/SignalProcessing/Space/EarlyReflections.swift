/// The predelay, and the first reflections of a box by image sources (Allen & Berkley, JASA 65, 1979), read from
/// the same ring. What waits here is signal: no recursion.
struct EarlyReflections: Sendable {
    /// Reflections of an output: 8 of the source on its own side, 4 of the other one.
    static let tapCount = 12
    private static let guardFrames = FDNReverb.chunkFrames + 16

    private let predelayFrames: Int
    /// Frames to remember.
    private let historyFrames: Int
    private let ringFrames: Int
    /// Frames back of the left output's taps, then of the right one's; empty without reflections.
    private let delays: [Int]
    private let gains: [Float]
    /// Offsets of the rings that they read.
    private let rings: [Int]
    /// Left ring, its guard, right ring, its guard.
    private var samples: [Float]
    private var position = 0

    init(_ parameters: ReverbParameters, _ geometry: ReverbGeometry) {
        predelayFrames = geometry.predelayFrames
        let taps = Self.taps(parameters, rate: geometry.rateHertz)
        delays = taps.map { $0.delay + geometry.predelayFrames }
        gains = taps.map(\.gain)
        historyFrames = delays.reduce(predelayFrames, max)
        ringFrames = historyFrames + FDNReverb.chunkFrames
        let second = ringFrames + Self.guardFrames
        rings = taps.indices.map { ($0 >= Self.tapCount) != ($0 % Self.tapCount >= 8) ? second : 0 }
        samples = [Float](repeating: 0, count: 2 * second)
    }

    /// The last frame of it all.
    var endFrames: Int { historyFrames }

    /// Takes in a chunk and gives the delayed one to rows 0 and 1 of the memory.
    mutating func take(
        _ left: borrowing MutableSpan<Float>, _ right: borrowing MutableSpan<Float>, from start: Int, count: Int,
        to memory: inout ReverbMemory
    ) {
        let second = ringFrames + Self.guardFrames
        Self.store(left, from: start, count: count, to: &samples, ring: 0, position: position, frames: ringFrames)
        Self.store(right, from: start, count: count, to: &samples, ring: second, position: position, frames: ringFrames)
        let read = position >= predelayFrames ? position - predelayFrames : position - predelayFrames + ringFrames
        let row = memory.row(0)
        Self.widen(samples, from: read, to: &memory.samples, at: row, count: count)
        Self.widen(samples, from: second + read, to: &memory.samples, at: row + ReverbMemory.rowFrames, count: count)
        position += count
        if position >= ringFrames { position -= ringFrames }
    }

    @inline(never)
    private static func store(
        _ input: borrowing MutableSpan<Float>, from start: Int, count: Int, to samples: inout [Float], ring: Int,
        position: Int, frames: Int
    ) {
        precondition(ring + frames + guardFrames <= samples.count && position + count <= frames + guardFrames)
        precondition(start >= 0 && start + count <= input.count && frames >= guardFrames - 16)
        var samples = samples.mutableSpan
        var i = 0
        while i &+ 8 <= count {
            samples.setLanes(input.lanes(at: start &+ i), at: ring &+ position &+ i)
            i &+= 8
        }
        while i < count {
            samples[ring &+ position &+ i] = input[start &+ i]
            i &+= 1
        }
        // What went beyond the end belongs to the beginning, and the beginning is repeated behind the end.
        let over = position + count - frames
        i = 0
        while i < over {
            samples[ring &+ i] = samples[ring &+ frames &+ i]
            i &+= 1
        }
        guard over > 0 || position < guardFrames else { return }
        let known = min(guardFrames, frames)
        i = 0
        while i < known {
            samples[ring &+ frames &+ i] = samples[ring &+ i]
            i &+= 1
        }
    }

    @inline(never)
    private static func widen(
        _ samples: [Float], from source: Int, to target: inout [Double], at place: Int, count: Int
    ) {
        let padded = (count + 7) & ~7
        precondition(source >= 0 && source + padded <= samples.count && place >= 0 && place + padded <= target.count)
        let samples = samples.span
        var target = target.mutableSpan
        var i = 0
        while i < padded {
            let x = unsafe samples.uncheckedLanes(at: source &+ i)
            unsafe target.setUncheckedFour(
                SIMD4(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3])), at: place &+ i)
            unsafe target.setUncheckedFour(
                SIMD4(Double(x[4]), Double(x[5]), Double(x[6]), Double(x[7])), at: place &+ i &+ 4)
            i &+= 8
        }
    }

    /// Adds the reflections of the chunk last taken in to `wet`, the right output's `FDNReverb.wetStride` behind the
    /// left one's.
    func add(to wet: inout [Float], gain: Float, count: Int) {
        guard !delays.isEmpty, gain != 0 else { return }
        var places = InlineArray<24, Int>(repeating: 0)
        var span = places.mutableSpan
        let (delays, rings) = (self.delays.span, self.rings.span)
        let now = position - count
        precondition(delays.count == 24 && rings.count == 24)
        for i in 0..<24 {
            let index = unsafe now &- delays[unchecked: i]
            unsafe span[unchecked: i] = rings[unchecked: i] &+ (index < 0 ? index &+ ringFrames : index)
        }
        Self.sum(samples, places, gains, to: &wet, gain: gain, count: count)
    }

    @inline(never)
    private static func sum(
        _ samples: [Float], _ taps: InlineArray<24, Int>, _ gains: [Float], to wet: inout [Float],
        gain: Float, count: Int
    ) {
        let padded = (count + 15) & ~15
        let places = taps.span
        precondition(gains.count == 24 && wet.count >= FDNReverb.wetStride + padded)
        for i in 0..<24 { precondition(places[i] >= 0 && places[i] &+ padded <= samples.count) }
        let samples = samples.span
        let gains = gains.span
        var wet = wet.mutableSpan
        let level = SIMD8<Float>(repeating: gain)
        var i = 0
        while i < padded {
            for output in 0..<2 {
                var x = SIMD8<Float>()
                var y = SIMD8<Float>()
                let first = output &* tapCount
                for tap in first..<first &+ tapCount {
                    let place = unsafe places[unchecked: tap] &+ i
                    let g = unsafe SIMD8<Float>(repeating: gains[unchecked: tap])
                    x = unsafe x.addingProduct(g, samples.uncheckedLanes(at: place))
                    y = unsafe y.addingProduct(g, samples.uncheckedLanes(at: place &+ 8))
                }
                let at = output &* FDNReverb.wetStride &+ i
                wet.setLanes(wet.lanes(at: at).addingProduct(level, x), at: at)
                wet.setLanes(wet.lanes(at: at &+ 8).addingProduct(level, y), at: at &+ 8)
            }
            i &+= 16
        }
    }

    /// Oldest frame first.
    func write(to snapshot: inout SnapshotWriter) {
        for ring in [0, ringFrames + Self.guardFrames] {
            for i in 0..<historyFrames {
                let index = position - historyFrames + i
                snapshot.put(signal: samples[ring + (index < 0 ? index + ringFrames : index)])
            }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        position = 0
        for ring in [0, ringFrames + Self.guardFrames] {
            for i in 0..<historyFrames { samples[ring + ringFrames - historyFrames + i] = try snapshot.signal() }
            let known = min(Self.guardFrames, ringFrames)
            for i in 0..<known { samples[ring + ringFrames + i] = samples[ring + i] }
        }
    }
}

// MARK: - Image sources

extension EarlyReflections {
    private struct Tap {
        var delay: Int
        var gain: Float
    }

    /// Metres at size 1, the share of amplitude that a wall throws back (with the other sign, so that no bass piles
    /// up), and the reflections' share of power.
    private struct Box {
        let sides: (x: Double, y: Double, z: Double)
        let reflection: Double
        let power: Double
    }

    private static func taps(_ parameters: ReverbParameters, rate: Double) -> [Tap] {
        let box: Box
        switch parameters.character {
        case .hall: box = Box(sides: (18.3, 27.1, 11.2), reflection: 0.8, power: 0.15)
        case .room: box = Box(sides: (4.9, 6.3, 2.9), reflection: 0.75, power: 0.25)
        case .plate: return []
        }
        var taps: [Tap] = []
        for output in 0..<2 {
            let own = images(of: output, at: output, box, parameters.size, rate).prefix(8)
            let other = images(of: 1 - output, at: output, box, parameters.size, rate).prefix(4)
            taps += own + other.map { Tap(delay: $0.delay, gain: 0.7 * $0.gain) }
        }
        let power = taps.reduce(0) { $0 + Double($1.gain) * Double($1.gain) } / 2
        let scale = Float((box.power / power).root)
        return taps.map { Tap(delay: $0.delay, gain: scale * $0.gain) }
    }

    /// Images of a source in a microphone, nearest first, without the direct sound, from which delays count.
    private static func images(
        of source: Int, at microphone: Int, _ box: Box, _ size: Double, _ rate: Double
    ) -> [Tap] {
        let side = { (index: Int, spread: Double) in index == 0 ? -spread : spread }
        let (w, l, h) = box.sides
        // Two loudspeakers in front, two microphones two thirds back, nothing in the middle of anything.
        let from = (w * (0.53 + side(source, 0.17)), l * 0.21, h * 0.43)
        let to = (w * (0.49 + side(microphone, 0.06)), l * 0.64, h * 0.37)
        func image(_ n: Int, _ place: Double, _ side: Double) -> Double {
            let cell = Double(n) * side
            return n % 2 == 0 ? cell + place : cell + side - place
        }
        var found: [(metres: Double, gain: Double)] = []
        for x in -2...2 {
            for y in -2...2 {
                for z in -2...2 where (x, y, z) != (0, 0, 0) {
                    let dx = image(x, from.0, w) - to.0
                    let dy = image(y, from.1, l) - to.1
                    let dz = image(z, from.2, h) - to.2
                    let metres = (dx * dx + dy * dy + dz * dz).root
                    var gain = 1 / metres
                    for _ in 0..<(x.magnitude + y.magnitude + z.magnitude) { gain *= -box.reflection }
                    found.append((metres, gain))
                }
            }
        }
        found.sort { $0.metres < $1.metres }
        let (dx, dy, dz) = (from.0 - to.0, from.1 - to.1, from.2 - to.2)
        let direct = (dx * dx + dy * dy + dz * dz).root
        return found.map {
            Tap(delay: Int(($0.metres - direct) * size / 343 * rate), gain: Float($0.gain))
        }
    }
}
