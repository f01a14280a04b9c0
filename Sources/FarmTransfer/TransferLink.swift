package import ZeroMQ

/// A worker's or client's end of the data sockets: a DEALER on a thread of its own, that serves and pulls.
///
/// It connects by itself, again and again: pulls survive a restart of the coordinator. The threads are those of
/// `TransferHub`.
package final class TransferLink: Sendable {
    private let engine: TransferEngine

    /// Starts connecting.
    ///
    /// - Parameters:
    ///   - routingID: this process's name and life, 1 to 255 bytes, the first one not zero. Whoever knows it, and has a
    ///     key of the farm, can take its place (the coordinator's `rights` then know better, but the peer is cut off):
    ///     the life is a random number.
    ///   - options: security and the like; high-water marks, heartbeats, linger and message sizes are set here.
    ///   - rights: what the coordinator may ask for.
    /// - Throws: `ZeroMQError` where the endpoint cannot be used. A coordinator that is not there is no error.
    package init(
        context: Context, endpoint: String, options: SocketOptions = SocketOptions(), routingID: [UInt8],
        limits: TransferLimits = TransferLimits(), rights: TransferRights = .all, source: any BlobSource,
        onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) throws(ZeroMQError) {
        var limits = limits
        limits.patienceMilliseconds = nil
        engine = try TransferEngine(
            context: context, role: .link(routingID), endpoint: endpoint, options: options, limits: limits,
            rights: { _, _ in rights }, source: source, onEvent: onEvent)
    }

    deinit { engine.stop(waiting: false) }

    /// Fetches a blob from the coordinator; see `TransferHub.pull`.
    @discardableResult
    package func pull(
        _ name: BlobName, byteCount: Int, into sink: any BlobSink, urgency: Urgency = .needed,
        completion: @escaping @Sendable (Result<Void, TransferError>) -> Void
    ) -> PullID {
        engine.pull(
            name, byteCount: byteCount, from: [.coordinator], into: sink, urgency: urgency, completion: completion)
    }

    /// Ends a wish: its completion says `cancelled`, unless it has ended already.
    package func cancel(_ pull: PullID) { engine.cancel(pull) }

    /// Makes a wish more or less urgent.
    package func setUrgency(_ urgency: Urgency, of pull: PullID) { engine.setUrgency(urgency, of: pull) }

    package var counters: TransferCounters { engine.counters }

    /// Closes the socket and ends all wishes with `stopped`; waits for the thread, unless it is called on it.
    package func stop() { engine.stop(waiting: true) }
}
