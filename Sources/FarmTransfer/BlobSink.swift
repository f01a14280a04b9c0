/// Where the bytes of one pull go.
///
/// The calls come from one thread (the writer of the hub or link, which may wait for a disk), never two at once.
package protocol BlobSink: AnyObject, Sendable {
    /// Before the first byte, and again when the transfer starts over: what was written is void.
    func begin(byteCount: Int) throws
    /// Bytes at their offset. Every byte is written once between `begin` and `finish`, in any order.
    func write(_ bytes: [UInt8], at offset: Int) throws
    /// All bytes are there: checks and keeps them.
    ///
    /// - Returns: false where they are not those of the name.
    func finish() throws -> Bool
    /// Give up what was begun. Also after `finish`, where the wish was cancelled meanwhile: what the sink holds for it
    /// then (a pin) is given back, the bytes may stay.
    func abandon()
    /// Another wish for the same name was first: its sink has finished. This one hears nothing else.
    func finishedElsewhere() throws
}

extension BlobSink {
    package func finishedElsewhere() throws {}
}
