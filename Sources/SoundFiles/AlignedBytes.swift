/// A buffer that grows when it must and is otherwise used again.
struct AlignedBytes: ~Copyable {
    private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { storage.deallocate() }

    /// The first `count` bytes, aligned to 64.
    ///
    /// What they hold is unspecified. Valid until the next call.
    mutating func prefix(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count > storage.count {
            storage.deallocate()
            storage = .allocate(byteCount: count, alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: storage[..<count])
    }
}
