/// What the owner of a key may do on a farm; one key may have several roles.
package enum Role: String, Sendable, Hashable, CaseIterable, Codable {
    /// Submits jobs, follows its own, fetches and cancels them.
    case submit
    /// Renders.
    case work
    /// Sees and steers everything: all jobs, workers, drains.
    case operate
}
