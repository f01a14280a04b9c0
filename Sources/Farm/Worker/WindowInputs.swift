import Foundation
import Hashing
package import Quantities
import RenderEngine
import RenderPlan
import SoundFiles
package import Storage

/// Where parts lie, by digest: what the coordinator said beside a lease.
package typealias Locations = [Digest: PackRange]

/// Serves a segment's ports from stored windows and source files, part by part, every part checked by its digest.
final class WindowInputs: PackedInputs {
    private let packs: PackReader
    private var sources: SourceReaders
    private var program: Program
    private var results: [TaskID: TaskResult] = [:]
    private var locations: Locations = [:]
    /// Per port, the parts read last: one, and more only where parts are read again after they were given up, as
    /// overlapping clips of one file do. A buffer that is used again is still in the cache of the processor.
    private var cache: [[CachedPart]] = []
    /// Per port, the parts given up last.
    private var givenUp: [[(segment: Int, part: Int)]] = []
    private var useCounter = 0
    /// Per port, whether it holds integers; nil before anybody asked.
    private var integerPorts: [Bool?]

    private final class CachedPart {
        var segment = -1
        var part = -1
        /// What its bytes are: when a worker was found wrong, another part takes the same place.
        var digest = Digest(high: 0, low: 0)
        var frameCount = 0
        var byteCount = 0
        var lastUse = 0
        var bytes: UnsafeMutableRawBufferPointer

        init() { bytes = .init(start: nil, count: 0) }
        deinit { bytes.deallocate() }

        func resize(_ count: Int) {
            guard bytes.count < count else { return }
            bytes.deallocate()
            bytes = .allocate(byteCount: count, alignment: 64)
        }
    }

    private static let cachedPartCount = 3

    /// Per port, the part loaded last, so that a block within it costs no look-up.
    private let open: UnsafeMutablePointer<OpenPart>

    /// A part in memory and how its samples lie in it.
    private struct OpenPart {
        enum Kind { case planar, packed }

        var segment = 0
        var part = 0
        var digest = Digest(high: 0, low: 0)
        /// First frame of the port's stream that the part holds.
        var startFrame = 0
        var frameCount = 0
        var kind = Kind.planar
        var isStereo = true
        var layout = SampleLayout(format: .float32, channelCount: 1)
        /// nil where nothing is open.
        var bytes: UnsafeRawPointer?

        func holds(_ range: FrameRange) -> Bool {
            range.start >= startFrame && range.end <= startFrame + frameCount
        }

        /// Writes frames of the stream, all of which the part holds, to planes.
        func read(
            _ range: FrameRange, _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>?
        ) {
            guard let bytes else { return }
            let within = range.start - startFrame
            let count = range.count
            guard kind == .packed else {
                let floats = bytes.assumingMemoryBound(to: Float.self)
                left.update(from: floats + within, count: count)
                right?.update(from: floats + (isStereo ? frameCount : 0) + within, count: count)
                return
            }
            let packed = UnsafeRawBufferPointer(
                start: bytes + layout.byteCount(frames: within), count: layout.byteCount(frames: count))
            if !isStereo {
                layout.unpack(packed, left: left, right: nil)
                right?.update(from: left, count: count)
            } else if let right {
                layout.unpack(packed, left: left, right: right)
            } else {
                preconditionFailure("a stereo source is read in both channels")
            }
        }
    }

    init(program: Program, packs: PackReader, sources: SourceReaders) {
        self.program = program
        self.packs = packs
        self.sources = sources
        cache = program.inputs.map { _ in [] }
        givenUp = program.inputs.map { _ in [] }
        integerPorts = program.inputs.map { _ in nil }
        open = .allocate(capacity: max(1, program.inputs.count))
        open.initialize(repeating: OpenPart(), count: max(1, program.inputs.count))
    }

    deinit { open.deallocate() }

    /// Reads sources through these from now on.
    func use(_ sources: SourceReaders) { self.sources = sources }

    /// Turns to a segment: the results it reads and where their parts lie.
    func turn(to segment: Int, results: [TaskResult], locations: Locations) throws {
        let tasks = program.dependencies(ofSegment: segment)
        guard tasks.count == results.count else { throw TaskError.malformed("lease: inputs do not fit the program") }
        self.results = Dictionary(uniqueKeysWithValues: zip(tasks, results))
        self.locations = locations
        // What is open from the segment before goes on only if it is what this one reads.
        for port in program.inputs.indices where open[port].bytes != nil {
            let wanted = try? wanted(port: port, segment: open[port].segment, part: open[port].part)
            if wanted?.digest != open[port].digest { open[port] = OpenPart() }
        }
    }

    /// The part that the segment's results have in this place.
    private func wanted(port: Int, segment: Int, part: Int) throws -> Part {
        let input = program.inputs[port]
        guard let result = results[TaskID(input.program, segment)], input.output < result.outputs.count,
            part < result.outputs[input.output].count
        else { throw TaskError.malformed("lease: a window the program reads is not among its inputs") }
        return result.outputs[input.output][part]
    }

    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws {
        precondition(program.inputs.indices.contains(port), "a port the program has")
        if open[port].holds(range) { return open[port].read(range, left, right) }
        let frameCount = program.inputs[port].frameCount
        let inside = range.intersection(FrameRange(0, frameCount))
        if inside.count < range.count {
            left.update(repeating: 0, count: range.count)
            right?.update(repeating: 0, count: range.count)
        }
        var frame = inside.start
        while frame < inside.end {
            if !open[port].holds(FrameRange(start: frame, count: 1)) { try openPart(port: port, frame: frame) }
            let end = min(inside.end, open[port].startFrame + open[port].frameCount)
            let at = frame - range.start
            open[port].read(FrameRange(frame, end), left + at, right.map { $0 + at })
            frame = end
        }
    }

    func packedFrames(port: Int, range: FrameRange) throws -> PackedFrames? {
        precondition(program.inputs.indices.contains(port), "a port the program has")
        if !open[port].holds(range) {
            let input = program.inputs[port]
            guard input.source != nil, range.start >= 0, range.end <= input.frameCount, !range.isEmpty else {
                return nil
            }
            try openPart(port: port, frame: range.start)
            guard open[port].holds(range) else { return nil }
        }
        let part = open[port]
        guard part.kind == .packed, part.layout.format != .float32, let bytes = part.bytes else { return nil }
        return PackedFrames(
            bytes: bytes + part.layout.byteCount(frames: range.start - part.startFrame),
            bytesPerFrame: part.layout.bytesPerFrame, channelCount: part.layout.channelCount)
    }

    /// Loads the part that holds a frame of a port's stream.
    private func openPart(port: Int, frame: Int) throws {
        let input = program.inputs[port]
        let segment = frame / input.segmentFrames
        let part = (frame - segment * input.segmentFrames) / Program.partFrames
        let cached = try load(port: port, segment: segment, part: part)
        var opened = OpenPart()
        opened.segment = segment
        opened.part = part
        opened.digest = cached.digest
        opened.startFrame = segment * input.segmentFrames + part * Program.partFrames
        opened.frameCount = cached.frameCount
        opened.isStereo = input.channelCount == 2
        opened.bytes = UnsafeRawPointer(cached.bytes.baseAddress)
        if let source = input.source {
            opened.kind = .packed
            opened.layout = try sources.reader(source).info.layout
        }
        let bytesPerFrame =
            opened.kind == .packed ? opened.layout.bytesPerFrame : input.channelCount * MemoryLayout<Float>.stride
        guard cached.byteCount == cached.frameCount * bytesPerFrame else {
            throw TaskError.malformed("lease: a part of another length than its window's")
        }
        open[port] = opened
    }

    func holdsIntegers(port: Int) -> Bool {
        if let known = integerPorts[port] { return known }
        guard let source = program.inputs[port].source, let info = try? sources.reader(source).info else {
            return false
        }
        let isInteger =
            switch info.layout.format {
            case .integer16, .integer24, .integer32: true
            default: false
            }
        integerPorts[port] = isInteger
        return isInteger
    }

    /// The packed bytes of a port's frames, in order, as far as each part holds them.
    func forEachPart(
        port: Int, range: FrameRange, bytesPerFrame: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let input = program.inputs[port]
        var frame = range.start
        while frame < range.end {
            let segment = frame / input.segmentFrames
            let part = (frame - segment * input.segmentFrames) / Program.partFrames
            let cached = try load(port: port, segment: segment, part: part)
            let first = frame - segment * input.segmentFrames - part * Program.partFrames
            let count = min(cached.frameCount - first, range.end - frame)
            guard cached.byteCount == cached.frameCount * bytesPerFrame else {
                throw TaskError.malformed("lease: a part of another length than its window's")
            }
            let bytes = UnsafeRawBufferPointer(cached.bytes)[first * bytesPerFrame..<(first + count) * bytesPerFrame]
            try body(UnsafeRawBufferPointer(rebasing: bytes))
            frame += count
        }
    }

    // MARK: - Parts

    private func load(port: Int, segment: Int, part: Int) throws -> CachedPart {
        useCounter += 1
        let wanted = try wanted(port: port, segment: segment, part: part)
        let isHit: (CachedPart) -> Bool = { $0.segment == segment && $0.part == part && $0.digest == wanted.digest }
        if let hit = cache[port].first(where: isHit) {
            hit.lastUse = useCounter
            return hit
        }
        let input = program.inputs[port]
        let slot = slot(for: port, segment: segment, part: part)
        // It may be the one that is open, and is written over.
        open[port] = OpenPart()
        slot.segment = -1
        slot.resize(wanted.byteCount)
        let segmentFrames = min(input.segmentFrames, input.frameCount - segment * input.segmentFrames)
        let frameCount = min(Program.partFrames, segmentFrames - part * Program.partFrames)
        let buffer = UnsafeMutableRawBufferPointer(rebasing: slot.bytes[..<wanted.byteCount])
        if let source = input.source {
            let start = segment * input.segmentFrames + part * Program.partFrames
            try readSource(source, FrameRange(start: start, count: frameCount), wanted, into: buffer)
        } else {
            guard let location = locations[wanted.digest], location.byteCount == wanted.byteCount else {
                throw TaskError.unreadable([wanted.digest])
            }
            do {
                try packs.read(location, digest: wanted.digest, into: buffer)
            } catch let error as StoreError where error.isLoss {
                throw TaskError.unreadable([wanted.digest])
            }
        }
        slot.segment = segment
        slot.part = part
        slot.digest = wanted.digest
        slot.frameCount = frameCount
        slot.byteCount = wanted.byteCount
        slot.lastUse = useCounter
        return slot
    }

    private func slot(for port: Int, segment: Int, part: Int) -> CachedPart {
        let isReadAgain = givenUp[port].contains { $0.segment == segment && $0.part == part }
        guard !cache[port].isEmpty, !isReadAgain || cache[port].count == Self.cachedPartCount,
            let oldest = cache[port].min(by: { $0.lastUse < $1.lastUse })
        else {
            let made = CachedPart()
            cache[port].append(made)
            return made
        }
        if givenUp[port].count == Self.cachedPartCount { givenUp[port].removeFirst() }
        givenUp[port].append((oldest.segment, oldest.part))
        return oldest
    }

    private func readSource(
        _ source: Int, _ frames: FrameRange, _ wanted: Part, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let reader = try sources.reader(source)
        guard frames.end <= reader.info.frameCount,
            reader.info.layout.byteCount(frames: frames.count) == wanted.byteCount
        else { throw TaskError.sourceChanged(sources.name(source)) }
        try reader.readCanonicalBytes(frames, into: buffer)
        guard Digest.of(UnsafeRawBufferPointer(buffer)) == wanted.digest else {
            throw TaskError.sourceChanged(sources.name(source))
        }
    }
}
