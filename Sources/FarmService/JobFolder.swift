import FarmMonitoring
import Foundation
import Storage

/// What the coordinator keeps of a job on its disk, so that it lives on when the coordinator does not.
struct JobRecord: Codable, Sendable {
    var submission: Submission
    /// Name of the key that handed it in.
    var owner: String
    var submittedAtSeconds: Double
    var state: JobStatus.State
    var endedAtSeconds: Double?
    /// Counted up with every retry: a new run is a new job for the farm, and finds what the old one stored.
    var run = 0
    var files: [JobStatus.File] = []
    /// As they were when the job was over; nil in records of before.
    var songs: [JobStatus.Song]?
    var failures: [String] = []
    var renderedTasks = 0
    var reusedTasks = 0
    var totalTasks = 0
}

/// The directory of jobs: `jobs/ID/job.json`, and the release beside it.
struct JobFolder {
    let directory: String

    /// - Throws: where it cannot be made.
    init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    func releaseFolder(_ id: String) -> String { "\(directory)/\(id)/release" }

    /// Writes a job's record whole or not at all, durably: what was accepted outlives the coordinator.
    func save(_ record: JobRecord) throws {
        let folder = "\(directory)/\(record.submission.id)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try writeDurably([UInt8](try encoder.encode(record)), to: "\(folder)/job.json")
    }

    func remove(_ id: String) throws { try FileManager.default.removeItem(atPath: "\(directory)/\(id)") }

    /// All jobs in the order in which they were submitted, and what could not be read.
    func load() -> (records: [JobRecord], unreadable: [String]) {
        var records: [JobRecord] = []
        var unreadable: [String] = []
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names.sorted() where JobName.number(name) != nil {
            let path = "\(directory)/\(name)/job.json"
            guard let data = FileManager.default.contents(atPath: path),
                let record = try? JSONDecoder().decode(JobRecord.self, from: data), record.submission.id == name,
                record.submission.violation == nil
            else {
                unreadable.append(path)
                continue
            }
            records.append(record)
        }
        records.sort { ($0.submittedAtSeconds, $0.submission.id) < ($1.submittedAtSeconds, $1.submission.id) }
        return (records, unreadable)
    }
}

/// What a coordinator finds in a directory of jobs when it starts.
package enum StoredJobs {
    /// - Returns: the numbers of the jobs in order, each with its record as it would be written again, and the paths
    ///   of what cannot be read.
    package static func read(_ directory: String) throws -> (jobs: [(id: String, json: [UInt8])], unreadable: [String])
    {
        let found = try JobFolder(directory: directory).load()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let jobs = try found.records.map { ($0.submission.id, [UInt8](try encoder.encode($0))) }
        return (jobs, found.unreadable)
    }
}

/// Writes a file beside its name, syncs it, renames it, syncs the directory.
func writeDurably(_ bytes: [UInt8], to path: String) throws {
    let temporary = path + ".new"
    JournalPoint.reached()
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ServiceError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var offset = 0
    while offset < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, bytes.count - offset) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
            throw ServiceError("\(path) cannot be written: \(String(cString: strerror(errno))). Is the disk full?")
        }
        offset += count
    }
    guard fsync(descriptor) == 0 else {
        throw ServiceError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    JournalPoint.reached()
    guard rename(temporary, path) == 0 else {
        throw ServiceError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    JournalPoint.reached()
    let folder = (path as NSString).deletingLastPathComponent
    let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
        fsync(parent)
        close(parent)
    }
}

/// Why a coordinator or a client could not do something, in a sentence with the remedy.
package struct ServiceError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
