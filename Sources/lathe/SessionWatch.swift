import Foundation
import Storage

/// The files of one session, looked at again and again: what was saved since, once it has come to rest.
///
/// Looking works on every file system, and through every way in which editors save: into the file, by renaming another
/// one over it, or by removing it first.
struct SessionWatch {
    /// A text is whole soon after its last change; audio is often written for longer, with pauses.
    private static let textRestSeconds = 0.3
    private static let audioRestSeconds = 1.0
    /// A file that is gone may be on its way back.
    private static let absenceRestSeconds = 1.0
    /// How often a session that cannot be read is read again although nothing of it changed: what it misses may be
    /// there by now.
    private static let retrySeconds = 2.0

    private var stamps: [String: SourceIdentity?] = [:]
    /// Files that changed and that nobody has asked for yet.
    private(set) var changed: Set<String> = []
    /// When the first of them was seen.
    private(set) var changedAt: Double?
    private var restsAt: Double?
    private var retryAt: Double?

    /// Watches these files from now on; of those that were watched before the known state counts.
    mutating func watch(_ paths: Set<String>) {
        stamps = stamps.filter { paths.contains($0.key) }
        for path in paths where stamps[path] == nil { stamps[path] = .some(Self.stamp(path)) }
    }

    /// Something of it was saved so recently that it may not be whole yet.
    var isUnsettled: Bool { restsAt != nil }

    /// Audio changed that nobody has asked for yet: what is rendered of it now is lost work.
    var hasNewAudio: Bool { changed.contains { !Self.isText($0) } }

    /// What is watched.
    var paths: Set<String> { Set(stamps.keys) }

    /// Asks for another reading soon, whatever happens.
    mutating func retry(_ isWanted: Bool, now: Double) { retryAt = isWanted ? now + Self.retrySeconds : nil }

    /// Looks at every file; true where the session is to be read again.
    ///
    /// - Parameter now: seconds on a steady scale.
    mutating func look(now: Double) -> Bool {
        for (path, known) in stamps {
            let stamp = Self.stamp(path)
            guard stamp != known else { continue }
            stamps[path] = .some(stamp)
            if changed.isEmpty { changedAt = now }
            changed.insert(path)
            let rest = Self.isText(path) ? Self.textRestSeconds : Self.audioRestSeconds
            restsAt = max(restsAt ?? 0, now + (stamp == nil ? Self.absenceRestSeconds : rest))
        }
        if let restsAt {
            guard now >= restsAt else { return false }
            self.restsAt = nil
            return true
        }
        guard let retryAt, now >= retryAt else { return false }
        self.retryAt = now + Self.retrySeconds
        return true
    }

    /// The names of what changed, which is then known.
    mutating func takeChanges() -> [String] {
        defer { changed = [] }
        return changed.map { $0.split(separator: "/").last.map(String.init) ?? $0 }.sorted()
    }

    static func isText(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

    private static func stamp(_ path: String) -> SourceIdentity? { try? SourceIdentity(ofFile: path) }
}
