internal import CFileSystem
internal import Glibc

/// The files of one namespace of a store.
///
/// Nothing outside this target knows their names.
struct StoreLayout: Sendable {
    let storeDirectory: String
    let root: String

    init(directory: String, namespace: StoreNamespace) {
        storeDirectory = directory
        root = directory + "/" + namespace.name
    }

    var database: String { root + "/store.sqlite" }
    var packs: String { root + "/packs" }
    var owners: String { root + "/owners" }
    /// Held shared by every open store, exclusively while pruning.
    var useLock: String { root + "/use.lock" }
    /// Held exclusively while the database is opened and its schema made.
    var openLock: String { root + "/open.lock" }

    func pack(_ id: PackID) -> String { "\(packs)/\(id.rawValue).pack" }
    func owner(_ id: Int64) -> String { "\(owners)/\(id).lock" }

    /// The packs that exist as files, in order of their numbers.
    func packFiles() throws -> [PackID] {
        guard let directory = opendir(packs) else { throw StoreError.system("opendir", packs, errno) }
        defer { closedir(directory) }
        var found: [PackID] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".pack"), let number = Int(name.dropLast(5)), number > 0 else { continue }
            found.append(PackID(number))
        }
        return found.sorted()
    }

    /// Bytes that the packs and the database really occupy (allocated blocks, not file sizes).
    func diskByteCount() throws -> Int {
        var total = 0
        for id in try packFiles() { total += allocatedByteCount(pack(id)) }
        for suffix in ["", "-wal", "-shm"] { total += allocatedByteCount(database + suffix) }
        return total
    }

    func makeDirectories() throws {
        for path in [root, packs, owners] { try makeDirectory(path) }
    }
}

/// Allocated bytes of a file; 0 where it does not exist.
private func allocatedByteCount(_ path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
}

/// Makes a directory with its parents, readable by its owner only.
private func makeDirectory(_ path: String) throws {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw StoreError.system("mkdir", path, errno)
    }
    try makeDirectory(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StoreError.system("mkdir", path, errno) }
}

/// File systems on which locks and SQLite's shared memory cannot be relied upon.
package enum NetworkFileSystem {
    /// The name of a network or user-space file system by its `statfs` magic number (linux/magic.h,
    /// statfs(2)); nil for a local one.
    package static func name(magic: Int) -> String? {
        switch magic {
        case 0x6969: "NFS"
        case 0x517b: "SMB"
        case 0xff53_4d42: "CIFS"
        case 0xfe53_4d42: "SMB2"
        case 0x6573_5546: "FUSE"
        case 0x0102_1997: "9P"
        case 0x00c3_6400: "Ceph"
        case 0x5346_414f, 0x6b41_4653: "AFS"
        case 0x7375_7245: "Coda"
        case 0x564c: "NCP"
        case 0x0bd0_0bd0: "Lustre"
        case 0x4750_4653: "GPFS"
        case 0x1983_0326: "BeeGFS"
        default: nil
        }
    }

    /// Refuses a directory on a network file system by name; a directory that is still to be made is judged
    /// by its nearest existing parent.
    static func refuse(_ directory: String) throws {
        var path = directory
        while true {
            let magic = lathe_file_system_magic(path)
            if magic >= 0 {
                guard let name = name(magic: magic) else { return }
                throw StoreError(
                    .networkFileSystem,
                    "the store \(directory) lies on a network file system (\(name)), whose locks "
                        + "cannot be relied upon; choose a local directory with --store")
            }
            guard errno == ENOENT, let slash = path.lastIndex(of: "/") else {
                throw StoreError.system("statfs", path, errno)
            }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }
}

/// Size and free space of the disk under a store, in bytes.
package struct DiskSpace: Sendable, Equatable {
    package let totalByteCount: Int
    package let availableByteCount: Int

    /// Of the file system that holds `directory`, which must exist.
    package init(ofDirectory directory: String) throws {
        var total = 0
        var available = 0
        guard lathe_file_system_bytes(directory, &total, &available) == 0 else {
            throw StoreError.system("statfs", directory, errno)
        }
        totalByteCount = total
        availableByteCount = available
    }

    package init(totalByteCount: Int, availableByteCount: Int) {
        self.totalByteCount = totalByteCount
        self.availableByteCount = availableByteCount
    }

    /// How large a store may grow unless told otherwise: the smaller of 20 GB and a tenth of the disk, in
    /// bytes.
    package var defaultStoreLimitByteCount: Int { min(20_000_000_000, totalByteCount / 10) }
}
