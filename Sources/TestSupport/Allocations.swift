internal import CAllocationCounter

/// How many times `body` allocates memory on this thread.
package func allocationCount(_ body: () throws -> Void) rethrows -> Int {
    let before = lathe_allocation_count()
    try body()
    return lathe_allocation_count() - before
}
