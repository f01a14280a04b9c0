package import FarmProtocol
package import FarmTransfer
import Quantities
package import RenderPlan
package import Storage
import Synchronization

/// Fetches results through the coordinator's data socket into its store.
package final class HubFetcher: ResultFetcher {
    private let hub: TransferHub
    private let store: Store

    package init(hub: TransferHub, store: Store) {
        self.hub = hub
        self.store = store
    }

    /// See `ResultFetcher`.
    package func fetch(_ parts: [Part], from peer: Peer, done: @escaping @Sendable (FetchOutcome) -> Void) {
        let tally = Tally(count: parts.count, done: done)
        for part in parts {
            hub.pull(
                .part(part.digest), byteCount: part.byteCount, from: [TransferPeer(routingID: peer.routingID)],
                into: PartSink(part, store: store)
            ) { tally.count($0) }
        }
    }

    /// See `ResultFetcher`.
    package func reconnected(_ peer: Peer) { hub.reconnected(TransferPeer(routingID: peer.routingID)) }

    /// See `ResultFetcher`.
    package func forget(_ peer: Peer) { hub.forget(TransferPeer(routingID: peer.routingID)) }

    /// Counts the parts of one result.
    private final class Tally: Sendable {
        private let state: Mutex<(open: Int, worst: FetchOutcome)>
        private let done: @Sendable (FetchOutcome) -> Void

        init(count: Int, done: @escaping @Sendable (FetchOutcome) -> Void) {
            state = Mutex((count, .stored))
            self.done = done
        }

        func count(_ result: Result<Void, TransferError>) {
            let outcome = state.withLock { state -> FetchOutcome? in
                state.open -= 1
                switch result {
                case .success: break
                // A worker that has lost what it made a moment ago is no better than one that sends something else.
                case .failure(.wrongBytes), .failure(.wrongSize), .failure(.unavailable(.unknown, _)),
                    .failure(.unavailable(.unreadable, _)):
                    state.worst = .wrongBytes
                case .failure: if state.worst == .stored { state.worst = .unavailable }
                }
                return state.open == 0 ? state.worst : nil
            }
            if let outcome { done(outcome) }
        }
    }
}
