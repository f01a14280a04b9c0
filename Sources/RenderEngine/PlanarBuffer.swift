import Quantities
import RenderPlan

/// Fixed scratch memory for samples, freed with its owner.
final class Scratch<Element: BitwiseCopyable> {
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int, zero: Element) {
        self.count = count
        pointer = .allocate(capacity: max(1, count))
        pointer.initialize(repeating: zero, count: max(1, count))
    }

    /// Memory that is written before it is read: its elements have no value yet.
    init(unwritten count: Int) {
        self.count = count
        pointer = .allocate(capacity: max(1, count))
    }

    deinit { pointer.deallocate() }
}

/// Collects one planar output into parts of 65,536 frames and hands each on when it is full.
final class WindowWriter {
    private let output: Int
    private let channelCount: Int
    private let samples: Scratch<Float>
    private var framesLeft: Int
    private var partFrames = 0
    private var filled = 0
    private let isChecked: Bool
    /// Whether every sample written so far is finite.
    private(set) var isFinite = true

    /// - Parameter isChecked: false where whoever writes has looked at every sample already.
    init(output: Int, channelCount: Int, frameCount: Int, isChecked: Bool = true) {
        self.isChecked = isChecked
        self.output = output
        self.channelCount = channelCount
        samples = Scratch(unwritten: channelCount * min(frameCount, Program.partFrames))
        framesLeft = frameCount
        partFrames = min(frameCount, Program.partFrames)
    }

    /// Frames that still fit into the open part.
    var room: Int { partFrames - filled }

    /// Where the next frames of a channel go; at most `room` of them.
    func destination(channel: Int) -> UnsafeMutablePointer<Float> {
        samples.pointer + channel * partFrames + filled
    }

    /// Counts frames that were put at `destination`, and hands a full part on.
    func advance(_ frames: Int, to outputs: any SegmentOutputs) throws {
        filled += frames
        precondition(filled <= partFrames, "more frames than the window has")
        guard filled == partFrames else { return }
        let count = channelCount * partFrames
        if isChecked && !allFinite(samples.pointer, count) { isFinite = false }
        try outputs.write(
            output: output,
            part: UnsafeRawBufferPointer(start: samples.pointer, count: count * MemoryLayout<Float>.stride))
        framesLeft -= partFrames
        filled = 0
        partFrames = min(framesLeft, Program.partFrames)
    }
}

/// Whether no sample is NaN or infinite: x * 0 is NaN for exactly those.
func allFinite(_ samples: UnsafePointer<Float>, _ count: Int) -> Bool {
    var sums = SIMD8<Float>(repeating: 0)
    var others = sums
    var i = 0
    while i + 32 <= count {
        let raw = UnsafeRawPointer(samples + i)
        let a = raw.loadUnaligned(as: SIMD8<Float>.self) * 0
        let b = raw.loadUnaligned(fromByteOffset: 32, as: SIMD8<Float>.self) * 0
        let c = raw.loadUnaligned(fromByteOffset: 64, as: SIMD8<Float>.self) * 0
        let d = raw.loadUnaligned(fromByteOffset: 96, as: SIMD8<Float>.self) * 0
        sums += a + b
        others += c + d
        i += 32
    }
    sums += others
    var rest: Float = 0
    while i < count {
        rest += samples[i] * 0
        i += 1
    }
    return sums == SIMD8(repeating: 0) && rest == 0
}
