import RenderPlan
import SoundFiles
import Storage

extension Program {
    /// Whether the bytes of a result, which are in the store, can be the stretch of a file that the segment is; of what
    /// is no file, true.
    ///
    /// They have the digests that were announced; that does not make blocks of them. One that is not the next would end
    /// the whole file, and be found under its key by every render after.
    func isSoundStretch(_ result: TaskResult, _ segment: Int, _ store: Store) -> Bool {
        guard case .encode = body else { return true }
        var parts: [[UInt8]] = []
        for part in result.outputs.joined() {
            // What cannot be read now is found missing when it is delivered.
            guard let bytes = try? store.read(part.digest) else { return true }
            parts.append(bytes)
        }
        return FlacBlocks.isStretch(parts, of: range(ofSegment: segment))
    }
}
