import Glibc

/// Bytes that end where a page without any access begins: whoever reads or writes beyond them is stopped by
/// a signal.
final class GuardedBytes {
    let start: UnsafeMutablePointer<UInt8>
    private let map: UnsafeMutableRawPointer
    private let mapByteCount: Int
    private let byteCount: Int

    init(_ byteCount: Int) {
        let page = Int(getpagesize())
        let room = (byteCount / page + 1) * page
        mapByteCount = room + page
        self.byteCount = byteCount
        map = mmap(nil, mapByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(map != MAP_FAILED, "no memory for a test")
        precondition(mprotect(map + room, page, PROT_NONE) == 0, "no guard page")
        start = (map + room - byteCount).assumingMemoryBound(to: UInt8.self)
    }

    deinit { munmap(map, mapByteCount) }

    var contents: [UInt8] { Array(UnsafeBufferPointer(start: start, count: byteCount)) }
}
