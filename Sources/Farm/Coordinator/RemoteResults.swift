package import FarmProtocol
package import RenderPlan

/// What came of fetching a result's parts from the worker that made them.
package enum FetchOutcome: Sendable {
    /// Every part is in the store, verified.
    case stored
    /// The worker sent other bytes than it announced.
    case wrongBytes
    /// The worker is gone or lost them; it says its result again, or somebody else renders it.
    case unavailable
}

/// Brings the parts of results from workers on other machines into the store.
package protocol ResultFetcher: AnyObject {
    /// - Parameter done: called once, on any thread.
    func fetch(_ parts: [Part], from peer: Peer, done: @escaping @Sendable (FetchOutcome) -> Void)
    /// The worker came (back): what was asked of it and lost is asked again.
    func reconnected(_ peer: Peer)
    /// The worker is gone: nothing of it is waited for.
    func forget(_ peer: Peer)
}
