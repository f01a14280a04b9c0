package import ZeroMQ

/// The coordinator's end of the data sockets: a ROUTER on a thread of its own, that serves and pulls.
///
/// Every method may be called from any thread and returns at once. Completions and `onEvent` are called on the hub's
/// thread: they must not wait, and may call the hub. Bytes move by asking alone, so a process must not stop its end
/// before its peers have what they need of it: that is for the control protocol to know (COMMIT).
package final class TransferHub: Sendable {
    /// Where it listens, with the port that was taken.
    package let endpoint: String
    private let engine: TransferEngine

    /// Binds and starts.
    ///
    /// - Parameters:
    ///   - options: security and the like; high-water marks, heartbeats, linger and message sizes are set here.
    ///   - rights: what the peer may ask for, asked for every message; nil for a peer that is not known (yet): its
    ///     requests are answered with `busy`, what it sends is dropped. Called on the hub's thread.
    ///   - source: where what is asked for is read.
    /// - Throws: `ZeroMQError` where the endpoint cannot be bound.
    package init(
        context: Context, endpoint: String, options: SocketOptions = SocketOptions(),
        limits: TransferLimits = TransferLimits(),
        rights: @escaping @Sendable (_ userID: String?, _ routingID: [UInt8]) -> TransferRights?,
        source: any BlobSource,
        onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) throws(ZeroMQError) {
        engine = try TransferEngine(
            context: context, role: .hub, endpoint: endpoint, options: options, limits: limits, rights: rights,
            source: source, onEvent: onEvent)
        self.endpoint = engine.endpoint
    }

    deinit { engine.stop(waiting: false) }

    /// Fetches a blob from one of the peers: the first, or a later one where it does not answer, has no such blob, or
    /// sends other bytes.
    ///
    /// A wish for a name that is being fetched joins that transfer: the sink of the first wish gets the bytes, the
    /// peers of this one are asked after the others.
    ///
    /// - Parameter completion: called once, whatever happens.
    @discardableResult
    package func pull(
        _ name: BlobName, byteCount: Int, from peers: [TransferPeer], into sink: any BlobSink,
        urgency: Urgency = .needed, completion: @escaping @Sendable (Result<Void, TransferError>) -> Void
    ) -> PullID {
        engine.pull(
            name, byteCount: byteCount, from: peers, into: sink, urgency: urgency, completion: completion)
    }

    /// Ends a wish: its completion says `cancelled`, unless it has ended already.
    package func cancel(_ pull: PullID) { engine.cancel(pull) }

    /// Makes a wish more or less urgent.
    package func setUrgency(_ urgency: Urgency, of pull: PullID) { engine.setUrgency(urgency, of: pull) }

    /// Says that a peer is gone: what was asked of it is asked of others, what it asked for is dropped.
    package func forget(_ peer: TransferPeer) { engine.forget(peer) }

    /// Says that a peer has connected anew: what was asked of it may be lost, and is asked again at once.
    package func reconnected(_ peer: TransferPeer) { engine.reconnected(peer) }

    package var counters: TransferCounters { engine.counters }

    /// Closes the socket and ends all wishes with `stopped`; waits for the thread, unless it is called on it.
    package func stop() { engine.stop(waiting: true) }
}
