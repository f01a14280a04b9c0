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
final class WindowInputs: SegmentInputs {
    private let packs: PackReader
    private let sources: SourceReaders
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

    init(program: Program, packs: PackReader, sources: SourceReaders) {
        self.program = program
        self.packs = packs
        self.sources = sources
        cache = program.inputs.map { _ in [] }
        givenUp = program.inputs.map { _ in [] }
        integerPorts = program.inputs.map { _ in nil }
    }

    /// Turns to a segment: the results it reads and where their parts lie.
    func turn(to segment: Int, results: [TaskResult], locations: Locations) throws {
        let tasks = program.dependencies(ofSegment: segment)
        guard tasks.count == results.count else { throw TaskError.malformed("lease: inputs do not fit the program") }
        self.results = Dictionary(uniqueKeysWithValues: zip(tasks, results))
        self.locations = locations
    }

    func read(
        port: Int, range: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws {
        let input = program.inputs[port]
        let inside = range.intersection(FrameRange(0, input.frameCount))
        if inside.count < range.count {
            left.update(repeating: 0, count: range.count)
            right?.update(repeating: 0, count: range.count)
        }
        var frame = inside.start
        while frame < inside.end {
            let segment = frame / input.segmentFrames
            let offset = frame - segment * input.segmentFrames
            let part = offset / Program.partFrames
            let cached = try load(port: port, segment: segment, part: part)
            let within = offset - part * Program.partFrames
            let count = min(cached.frameCount - within, inside.end - frame)
            let at = frame - range.start
            if input.source != nil {
                unpack(cached, input, within, count, left + at, right.map { $0 + at })
            } else {
                copy(cached, input, within, count, left + at, right.map { $0 + at })
            }
            frame += count
        }
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

    /// The raw bytes of every part of a port, in order.
    func forEachPart(port: Int, frameCount: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let input = program.inputs[port]
        var frame = 0
        while frame < frameCount {
            let segment = frame / input.segmentFrames
            let part = (frame - segment * input.segmentFrames) / Program.partFrames
            let cached = try load(port: port, segment: segment, part: part)
            let wanted = min(cached.frameCount, frameCount - frame)
            let byteCount = cached.byteCount / cached.frameCount * wanted
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(cached.bytes)[..<byteCount]))
            frame += wanted
        }
    }

    // MARK: - Parts

    private func load(port: Int, segment: Int, part: Int) throws -> CachedPart {
        useCounter += 1
        if let hit = cache[port].first(where: { $0.segment == segment && $0.part == part }) {
            hit.lastUse = useCounter
            return hit
        }
        let input = program.inputs[port]
        guard let result = results[TaskID(input.program, segment)], input.output < result.outputs.count,
            part < result.outputs[input.output].count
        else { throw TaskError.malformed("lease: a window the program reads is not among its inputs") }
        let wanted = result.outputs[input.output][part]
        let slot = slot(for: port, segment: segment, part: part)
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

    private func unpack(
        _ part: CachedPart, _ input: InputPort, _ within: Int, _ count: Int, _ left: UnsafeMutablePointer<Float>,
        _ right: UnsafeMutablePointer<Float>?
    ) {
        let source = input.source ?? 0
        guard let layout = try? sources.reader(source).info.layout else {
            preconditionFailure("a part without its reader")  // the part in the cache came from this reader
        }
        let bytes = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(part.bytes)[
                layout.byteCount(frames: within)..<layout.byteCount(frames: within + count)])
        if input.channelCount == 1 {
            layout.unpack(bytes, left: left, right: nil)
            right?.update(from: left, count: count)
        } else if let right {
            layout.unpack(bytes, left: left, right: right)
        } else {
            preconditionFailure("a stereo source is read in both channels")
        }
    }

    private func copy(
        _ part: CachedPart, _ input: InputPort, _ within: Int, _ count: Int, _ left: UnsafeMutablePointer<Float>,
        _ right: UnsafeMutablePointer<Float>?
    ) {
        guard let floats = part.bytes.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        left.update(from: floats + within, count: count)
        let second = input.channelCount == 1 ? 0 : part.frameCount
        right?.update(from: floats + second + within, count: count)
    }
}
