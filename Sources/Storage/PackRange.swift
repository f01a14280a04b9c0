/// The number of a pack inside one namespace of a store.
///
/// Messages name packs by it, never by a path.
package struct PackID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: Int
    package init(_ rawValue: Int) { self.rawValue = rawValue }
    package static func < (a: PackID, b: PackID) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "pack \(rawValue)" }
}

/// Where the bytes of a part lie: `byteCount` bytes from `offset` (in bytes) of one pack.
package struct PackRange: Hashable, Sendable {
    package let pack: PackID
    package let offset: Int
    package let byteCount: Int

    package init(pack: PackID, offset: Int, byteCount: Int) {
        self.pack = pack
        self.offset = offset
        self.byteCount = byteCount
    }

    /// The first byte after the range, or nil where the numbers (from a message, perhaps) are no range at
    /// all.
    var checkedEnd: Int? {
        guard pack.rawValue > 0, offset >= 0, byteCount >= 0 else { return nil }
        let (end, overflow) = offset.addingReportingOverflow(byteCount)
        return overflow ? nil : end
    }
}

/// Who owns the work in a store.
///
/// A digest is looked up, offered and deduplicated only inside its own namespace: each has a directory, a
/// database and packs of its own.
package struct StoreNamespace: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    /// The namespace of a single user.
    package static let local = StoreNamespace(unchecked: "local")

    /// 1 to 64 of a-z, 0-9 and `-`, and no `-` in front, so that the name is a safe directory name; else nil.
    package init?(_ name: String) {
        let isAllowed = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isAllowed, (1...64).contains(name.utf8.count), !name.hasPrefix("-") else { return nil }
        self.name = name
    }

    private init(unchecked name: String) { self.name = name }

    package var description: String { name }
}
