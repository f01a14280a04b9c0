internal import Foundation
internal import GRDB
internal import Glibc

/// The processes that have a store open.
///
/// Each holds a lock on a file of its own, which the kernel lets go of when it dies; process number and start
/// time are kept beside it for reports. So a pin or a pack of a killed process is told from a live one's even
/// where process numbers come round again or lie in another container.
enum StoreOwners {
    /// Enters this process and returns its number and the file that it must keep open.
    static func register(_ db: Database, layout: StoreLayout) throws -> (id: Int64, file: OpenFile) {
        let identity = ProcessIdentity.current
        while true {
            try db.run(
                "INSERT INTO owner (process, processStart) VALUES (?, ?)",
                [identity.process, identity.startTicks])
            let id = db.lastInsertedRowID
            // Locked before the row can be seen, so that nobody takes this process for a dead one.
            let file = try opening { try OpenFile(path: layout.owner(id), flags: O_RDWR | O_CREAT) }
            if try file.tryLock(LOCK_EX) { return (id, file) }
            // Held by a process whose database was deleted under it: the next number, then.
            try db.run("DELETE FROM owner WHERE id = ?", [id])
        }
    }

    /// Removes the pins and frees the packs of processes that are no more; returns how many those were.
    @discardableResult
    static func removeDead(_ db: Database, layout: StoreLayout, except own: Int64) throws -> Int {
        var dead: [Int64] = []
        try db.forEachRow("SELECT id FROM owner WHERE id <> ?", [own]) { row in
            let id: Int64 = try row.value(0)
            if try !isAlive(id, layout: layout) { dead.append(id) }
        }
        for id in dead { try remove(db, id, layout: layout) }
        return dead.count
    }

    /// Takes one process out: its pins go, its packs may be swept.
    static func remove(_ db: Database, _ id: Int64, layout: StoreLayout) throws {
        try db.run("DELETE FROM pin WHERE owner = ?", [id])
        try db.run("UPDATE pack SET owner = NULL, isSwept = 0 WHERE owner = ?", [id])
        try db.run("DELETE FROM owner WHERE id = ?", [id])
        unlink(layout.owner(id))
    }

    private static func isAlive(_ id: Int64, layout: StoreLayout) throws -> Bool {
        do {
            let file = try OpenFile(path: layout.owner(id), flags: O_RDWR)
            return try !file.tryLock(LOCK_EX)
        } catch let failure as OpenFailure {
            if failure.number == ENOENT { return false }
            throw StoreError.system("open", failure.path, failure.number)
        }
    }
}

/// A process number with the start time that tells it from a later process of the same number.
struct ProcessIdentity: Sendable, Hashable {
    let process: Int64
    /// Clock ticks since boot: field 22 of /proc/self/stat (proc(5)); 0 where it cannot be read.
    let startTicks: Int64

    static var current: ProcessIdentity {
        let text = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        // The second field is the command in parentheses and may hold blanks itself.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        let start = fields.count > 20 ? Int64(fields[20]) ?? 0 : 0
        return ProcessIdentity(process: Int64(getpid()), startTicks: start)
    }
}
