import Metering
import Quantities
import SignalProcessing
import SoundFiles

/// One reading of both files side by side.
struct ResidualPass: Sendable {
    let a: String
    let b: String
    let first: FileProfile
    let second: FileProfile
    /// Frames by which B is later.
    let lag: Int
    /// What B is multiplied with.
    let factor: Double
    /// Whether octaves are wanted.
    let measuresBands: Bool
    /// What of A is compared with what of B.
    let routes: [ChannelRoute]
    /// Where B is later by other offsets; empty: by `lag` throughout.
    var sections: [TimeSection] = []
    /// Part of a frame by which B is later, besides.
    var fraction = 0.0

    /// What one second came to.
    struct SecondRecord: Sendable {
        var sums = PairSums()
        /// Per 10 ms, over all channels: the greatest magnitude, and the sum of squares.
        var hopPeaks: [Float] = []
        var hopEnergies: [Double] = []
        var signals: [SignalSecond] = []
        var first: DifferingSample?
        var differingFrameCount = 0
        /// Sum of squares of what is constant, over all channels.
        var constantEnergy = 0.0
        /// Frames in which a sample of A or B is no number.
        var hasNonFinite = false
    }

    static let hopsPerSecond = 100

    var channelCount: Int { routes.count }
    /// Which channel each route is; nil for what is mixed.
    private var channels: [Int?] { routes.map { $0.channel(first.info.channelCount, second.info.channelCount) } }
    var rate: Int { first.info.rate }

    /// A's frames that B has, too; with several offsets, from the first of them to the last.
    var common: FrameRange {
        let whole = FrameRange(0, first.info.frameCount)
        let held = FrameRange(0, second.info.frameCount)
        guard let head = sections.first, let tail = sections.last else {
            return whole.intersection(held.shifted(by: -lag))
        }
        let start = min(whole.end, max(0, -head.lagFrames))
        return FrameRange(start, max(start, min(whole.end, held.end - tail.lagFrames)))
    }

    func run(_ options: ComparisonOptions, progress: (Double) -> Void = { _ in }) throws -> Residual {
        let common = common
        let isWhole = first.info.isLossy || second.info.isLossy
        let cut = StretchCut(frameCount: common.end, rate: rate, options, isWhole: isWhole)
        let analyzer = SignalAnalyzer(rateHertz: rate, channelCount: 1, measuresSpectrum: measuresBands)
        var residual = Residual(rate: rate, channels: channels, common: common)
        try StretchPool.fold(
            common.isEmpty ? 0 : cut.count,
            workers: options.workers(bytesEach: 28 * rate * max(2, first.info.channelCount)),
            progress: { progress(Double($0) / Double(max(1, cut.count))) }
        ) { index in
            try measure(cut.seconds(index), analyzer)
        } into: { records in
            for record in records { residual.append(record) }
        }
        residual.finish()
        return residual
    }

    private func measure(_ seconds: Range<Int>, _ analyzer: SignalAnalyzer) throws -> [SecondRecord] {
        let sourceA = try PlaneSource(path: a, capacity: rate)
        let margin = fraction == 0 ? 0 : FractionalReading.reach
        let sourceB = try PlaneSource(path: b, capacity: rate + 2 * margin)
        let x = DoublePlanes(channelCount: sourceA.info.channelCount, frameCount: rate)
        let y = DoublePlanes(channelCount: sourceB.info.channelCount, frameCount: rate)
        // Whole frames of B around those that are read between them; mixed channels.
        let wide = DoublePlanes(channelCount: margin > 0 ? y.planes.count : 0, frameCount: rate + 2 * margin)
        let mixed = DoublePlanes(channelCount: hasMeans ? 2 : 0, frameCount: rate)
        let reading = margin > 0 ? FractionalReading(fraction: fraction) : nil
        let residual = FloatPlanes(channelCount: channelCount, frameCount: rate)
        return try seconds.map { second in
            let frames = FrameRange(second * rate, min((second + 1) * rate, common.end))
            let isNumberA = try sourceA.read(frames, into: x.planes)
            let isNumberB = try read(sourceB, frames, x, y, wide, reading)
            var record = SecondRecord()
            if !isNumberA || !isNumberB {
                record.hasNonFinite = true
                x.clean(frameCount: frames.count)
                y.clean(frameCount: frames.count)
            }
            // What only A has is told of apart.
            let head = max(0, min(frames.end, common.start) - frames.start)
            for plane in x.planes { plane.update(repeating: 0, count: head) }
            for plane in y.planes { plane.update(repeating: 0, count: head) }
            take(frames, x, y, mixed, residual, analyzer, second, &record)
            return record
        }
    }

    private var hasMeans: Bool { routes.contains { $0.a == .mean || $0.b == .mean } }

    /// Reads B where A has the same sound; what of A lies in no section is silenced in both.
    ///
    /// - Returns: whether all samples are numbers.
    private func read(
        _ source: PlaneSource, _ frames: FrameRange, _ x: DoublePlanes, _ y: DoublePlanes, _ wide: DoublePlanes,
        _ reading: FractionalReading?
    ) throws -> Bool {
        if let reading {
            let margin = FractionalReading.reach
            let around = FrameRange(start: frames.start + lag - margin, count: frames.count + 2 * margin)
            let isNumber = try source.read(around, into: wide.planes)
            if !isNumber { wide.clean(frameCount: around.count) }
            for (p, q) in zip(wide.planes, y.planes) { reading.read(p, count: frames.count, into: q) }
            return isNumber
        }
        guard !sections.isEmpty else { return try source.read(frames.shifted(by: lag), into: y.planes) }
        var isNumber = true
        var place = frames.start
        func silence(to end: Int) {
            for plane in x.planes + y.planes {
                (plane + (place - frames.start)).update(repeating: 0, count: end - place)
            }
        }
        for piece in sections.pieces(of: frames.start..<frames.end) {
            silence(to: piece.frames.lowerBound)
            let held = FrameRange(piece.frames.lowerBound, piece.frames.upperBound)
            let target = y.planes.map { $0 + (held.start - frames.start) }
            isNumber = try source.read(held.shifted(by: piece.lag), into: target) && isNumber
            place = held.end
        }
        silence(to: frames.end)
        return isNumber
    }

    private func take(
        _ frames: FrameRange, _ x: DoublePlanes, _ y: DoublePlanes, _ mixed: DoublePlanes, _ residual: FloatPlanes,
        _ analyzer: SignalAnalyzer, _ second: Int, _ record: inout SecondRecord
    ) {
        let count = frames.count
        let hopCount = (count * Self.hopsPerSecond + rate - 1) / rate
        record.hopPeaks = [Float](repeating: 0, count: hopCount)
        record.hopEnergies = [Double](repeating: 0, count: hopCount)
        record.sums.frameCount = count
        var firstFrame = count
        for (channel, route) in routes.enumerated() {
            let r = residual.planes[channel]
            guard let p = route.a.plane(of: x.planes, count: count, scratch: mixed.planes.first),
                let q = route.b.plane(of: y.planes, count: count, scratch: mixed.planes.last)
            else {
                r.update(repeating: 0, count: count)
                record.signals.append(
                    analyzer.measure(planes: [UnsafePointer(r)], frameCount: count, second: second))
                continue
            }
            let differing = Self.subtract(p, q, factor: factor * route.sign, count: count, into: r)
            Self.add(p, q, sign: route.sign, count: count, to: &record.sums)
            if differing > 0 {
                var i = 0
                while i < firstFrame, r[i] == 0 { i += 1 }
                if i < firstFrame {
                    firstFrame = i
                    record.first = DifferingSample(
                        frame: frames.start + i, frameInB: frames.start + i + lag,
                        channel: route.channel(x.planes.count, y.planes.count), valueA: p[i], valueB: q[i])
                }
            }
            var sum = 0.0
            for hop in 0..<hopCount {
                let start = hop * rate / Self.hopsPerSecond
                let end = min(count, (hop + 1) * rate / Self.hopsPerSecond)
                guard start < end else { continue }
                let (peak, energy, hopSum) = Self.level(r + start, count: end - start)
                sum += hopSum
                record.hopPeaks[hop] = max(record.hopPeaks[hop], peak)
                record.hopEnergies[hop] += energy
            }
            record.constantEnergy += count > 0 ? sum * sum / Double(count) : 0
            record.signals.append(analyzer.measure(planes: [UnsafePointer(r)], frameCount: count, second: second))
        }
        record.differingFrameCount = Self.countFrames(residual.planes, count: count)
    }

    // MARK: Kernels

    /// Writes factor * b - a, no more than a Float holds: what is beyond would be no number.
    ///
    /// - Returns: how many are not 0.
    private static func subtract(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, factor: Double, count: Int,
        into r: UnsafeMutablePointer<Float>
    ) -> Int {
        var differing: UInt32 = 0
        let limit = Double(Float.greatestFiniteMagnitude)
        for i in 0..<count {
            let difference = Float(max(-limit, min(limit, factor * b[i] - a[i])))
            r[i] = difference
            differing &+= difference == 0 ? 0 : 1
        }
        return Int(differing)
    }

    /// Frames of which a sample is not 0.
    private static func countFrames(_ planes: [UnsafeMutablePointer<Float>], count: Int) -> Int {
        let left = planes[0]
        let right = planes.count > 1 ? planes[1] : left
        var differing: UInt32 = 0
        if planes.count <= 2 {
            for i in 0..<count { differing &+= left[i] == 0 && right[i] == 0 ? 0 : 1 }
        } else {
            for i in 0..<count where planes.contains(where: { $0[i] != 0 }) { differing += 1 }
        }
        return Int(differing)
    }

    private static func add(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, sign: Double, count: Int, to sums: inout PairSums
    ) {
        // Four sums each, so that additions need not wait for each other; their shape is fixed.
        var (aa, ab, bb) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
        var i = 0
        while i + 4 <= count {
            let x = SIMD4(a[i], a[i + 1], a[i + 2], a[i + 3])
            let y = SIMD4(b[i], b[i + 1], b[i + 2], b[i + 3])
            aa += x * x
            ab += x * y
            bb += y * y
            i += 4
        }
        sums.aa += aa.sum()
        sums.ab += sign * ab.sum()
        sums.bb += bb.sum()
        while i < count {
            sums.aa += a[i] * a[i]
            sums.ab += sign * a[i] * b[i]
            sums.bb += b[i] * b[i]
            i += 1
        }
    }

    private static func level(
        _ r: UnsafePointer<Float>, count: Int
    ) -> (peak: Float, energy: Double, sum: Double) {
        var greatest: UInt32 = 0
        var (energy, sum) = (0.0, 0.0)
        for i in 0..<count {
            greatest = max(greatest, r[i].bitPattern & 0x7fff_ffff)
            energy += Double(r[i]) * Double(r[i])
            sum += Double(r[i])
        }
        return (Float(bitPattern: greatest), energy, sum)
    }
}

/// The first sample that is not the same.
package struct DifferingSample: Sendable, Equatable {
    /// A's frame.
    package let frame: Int
    package let frameInB: Int
    /// Of the file with more channels, else of A; nil where channels are mixed.
    package let channel: Int?
    /// 1 is full scale.
    package let valueA: Double
    package let valueB: Double
}
