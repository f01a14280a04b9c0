internal import Foundation
internal import Glibc

/// What has still to be delivered, one small file each: whole or not there, and there before the first try.
///
/// One owner at a time, in a directory of its own.
package struct WebhookOutbox {
    /// One event for one receiver.
    package struct Letter: Codable, Sendable, Equatable {
        package var url: String
        package var event: String
        package var id: String
        /// Since 1970.
        package var createdAtSeconds: Double
        /// JSON, as it is signed and sent.
        package var body: String

        package init(url: String, event: String, id: String, createdAtSeconds: Double, body: String) {
            self.url = url
            self.event = event
            self.id = id
            self.createdAtSeconds = createdAtSeconds
            self.body = body
        }
    }

    static let fileByteLimit = 1 << 20

    let directory: String
    private var lastNumber: UInt64 = 0

    /// Makes the directory, which only this user can enter, and clears away what a crash left half written.
    package init(directory: String) throws {
        self.directory = directory
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw Self.fault("mkdir", directory) }
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            if name.hasSuffix(".new") { unlink(directory + "/" + name) }
            if let number = Self.number(of: name) { lastNumber = max(lastNumber, number) }
        }
    }

    /// The numbers of the letters, oldest first.
    package func numbers() throws -> [UInt64] {
        try FileManager.default.contentsOfDirectory(atPath: directory).compactMap(Self.number).sorted()
    }

    /// Writes a letter through to the disk and answers its number; numbers go up.
    package mutating func add(_ letter: Letter) throws -> UInt64 {
        let bytes = try JSONEncoder().encode(letter)
        lastNumber += 1
        let path = self.path(lastNumber)
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fault("open", path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
            try handle.close()
            guard rename(path + ".new", path) == 0 else { throw Self.fault("rename", path) }
        } catch {
            unlink(path + ".new")
            throw error
        }
        synchronizeDirectory()
        return lastNumber
    }

    /// - Throws: where the file is gone, or is no letter.
    package func letter(_ number: UInt64) throws -> Letter {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path(number)))
        defer { try? handle.close() }  // it was only read
        return try JSONDecoder().decode(Letter.self, from: handle.read(upToCount: Self.fileByteLimit) ?? Data())
    }

    /// Whether it was there or not. A removal that a power cut undoes means one delivery more, with the same id.
    func remove(_ number: UInt64) { unlink(path(number)) }

    private func path(_ number: UInt64) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: 20 - digits.count) + digits + ".json"
    }

    private static func number(of name: String) -> UInt64? {
        guard name.utf8.count == 25, name.hasSuffix(".json") else { return nil }
        let digits = name.dropLast(5)
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(digits) else { return nil }
        // Numbers go up: there must always be a next one.
        return number < 1 << 62 ? number : nil
    }

    private func synchronizeDirectory() {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func fault(_ operation: String, _ path: String) -> CocoaError {
        let text = "\(operation) \(path): \(String(cString: strerror(errno)))"
        return CocoaError(.fileWriteUnknown, userInfo: [NSDebugDescriptionErrorKey: text])
    }
}
