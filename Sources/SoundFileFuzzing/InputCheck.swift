internal import Glibc
internal import Quantities
internal import SoundFiles

/// What reading an input came to: which branch, and what it did that no input may bring about.
package struct InputOutcome: Sendable {
    /// The container and what happened, without numbers: the same for inputs that take the same way.
    package var branch: String
    /// What must not happen; empty as a rule.
    package var violations: [String] = []
}

/// Opens an input in every way and reads some of it.
package final class InputCheck {
    /// Of a file that has no name any more.
    private let store: UnsafeMutablePointer<FILE>
    private var descriptor: CInt { fileno(store) }

    package init() {
        guard let store = tmpfile() else { preconditionFailure("no temporary file") }
        self.store = store
    }

    deinit { fclose(store) }

    /// The versions of the libraries that decode: they have a part in what becomes of an input.
    package static var libraries: String {
        // The encoder is asked for its name only.
        "\(SoundLibraries.soundFile), \((try? SoundLibraries.flacEncoder()) ?? "no FLAC")"
    }

    /// - Parameter isFile: read it by a descriptor rather than from memory.
    package func run(_ bytes: [UInt8], isFile: Bool) -> InputOutcome {
        if isFile {
            precondition(ftruncate(descriptor, 0) == 0, "the file is cut")
            precondition(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, "the file takes what it gets")
        }
        var outcome = InputOutcome(branch: "")
        let structure = attempt(&outcome) { () throws(SoundFileError) in
            isFile
                ? try SoundFileStructure.read(descriptor: descriptor, name: "input")
                : try SoundFileStructure.read(bytes: bytes, name: "input")
        }
        if let structure { check(structure, bytes.count, &outcome) }
        let reader = attempt(&outcome) { () throws(SoundFileError) in
            isFile
                ? try SoundFileReader(descriptor: descriptor, name: "input")
                : try SoundFileReader(bytes: bytes, name: "input")
        }
        if let reader { read(reader, bytes.count, &outcome) }
        return outcome
    }

    private func check(_ structure: SoundFileStructure, _ byteCount: Int, _ outcome: inout InputOutcome) {
        outcome.branch += structure.container.rawValue
        var end = 0
        for chunk in structure.chunks {
            if chunk.offset < end { outcome.violations.append("chunks that overlap") }
            if chunk.offset >= byteCount { outcome.violations.append("a chunk beyond the end") }
            if !chunk.isCut { end = chunk.offset + Int(chunk.byteCount) }
        }
        if !(0...byteCount).contains(structure.trailingByteCount) {
            outcome.violations.append("more bytes behind than there are")
        }
    }

    private func read(_ reader: SoundFileReader, _ byteCount: Int, _ outcome: inout InputOutcome) {
        let info = reader.info
        outcome.branch += " read \(info.format)"
        if info.frameCount < 1 || info.channelCount < 1 || info.rate < 1 {
            outcome.violations.append("a file of nothing was opened")
        }
        if reader.isDirect, info.frameCount * info.layout.bytesPerFrame > byteCount {
            outcome.violations.append("more frames than bytes")
        }
        let count = min(info.frameCount, 300)
        let starts = [0, (info.frameCount - count) / 2, info.frameCount - count, 0]
        var first: [[UInt32]]?
        for start in starts {
            let samples = attempt(&outcome) { () throws(SoundFileError) in
                try planes(reader, FrameRange(start: start, count: count))
            }
            guard let samples else { break }
            checkSamples(samples, info, count, &outcome)
            let bits = samples.map { $0.map(\.bitPattern) }
            if start == 0, reader.isDirect {
                if let first, first != bits { outcome.violations.append("other samples on the second reading") }
                first = bits
            }
        }
        _ = attempt(&outcome) { () throws(SoundFileError) in try reader.checkEnd() }
        guard info.frameCount <= 20_000, info.channelCount <= 64 else { return }
        do { outcome.branch += " checksum \(try reader.verifyChecksum())" } catch { note(error, &outcome) }
    }

    private func planes(_ reader: SoundFileReader, _ frames: FrameRange) throws(SoundFileError) -> [[Float]] {
        let planeCount = min(reader.info.channelCount, 65)
        // One more frame than is read: it must stay as it is.
        let storage = (0..<planeCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: frames.count + 1)
            plane.initialize(repeating: Self.mark, count: frames.count + 1)
            return plane
        }
        defer { storage.forEach { $0.deallocate() } }
        try reader.read(frames, planes: storage)
        return storage.map { Array(UnsafeBufferPointer(start: $0, count: frames.count + 1)) }
    }

    private static let mark = Float(bitPattern: 0x7FC1_2345)

    private func checkSamples(
        _ planes: [[Float]], _ info: SoundFileInfo, _ count: Int, _ outcome: inout InputOutcome
    ) {
        for plane in planes {
            if plane[count].bitPattern != Self.mark.bitPattern {
                outcome.violations.append("written beyond the frames")
            }
            if info.layout.format.isFloat { continue }
            if plane[..<count].contains(where: { !($0.magnitude <= 1) }) {
                outcome.violations.append("integer samples beyond full scale")
            }
        }
    }

    private func attempt<T>(_ outcome: inout InputOutcome, _ body: () throws(SoundFileError) -> T) -> T? {
        do throws(SoundFileError) { return try body() } catch {
            note(error, &outcome)
            return nil
        }
    }

    private func note(_ error: any Error, _ outcome: inout InputOutcome) {
        guard let error = error as? SoundFileError else {
            outcome.violations.append("an error of another type: \(error)")
            return
        }
        // What happened, without the numbers and the names that the input brought along.
        let words = error.message.split(separator: ". ")[0].map { $0.isNumber ? "0" : $0 }
        var text = String(words)
        while let range = text.firstRange(of: "00") { text.replaceSubrange(range, with: "0") }
        if let quote = text.firstIndex(of: "\"") { text = String(text[..<quote]) }
        outcome.branch += " | \(error.code): \(text)"
        if !error.message.hasSuffix(".") { outcome.violations.append("a message without an end: \(error.message)") }
    }
}
