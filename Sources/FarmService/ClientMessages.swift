package import FarmMonitoring
package import Quantities

/// What a client asks of a coordinator: one JSON frame, answered by one with the same number.
///
/// A request may be lost or doubled: the client says it again, and hearing it twice changes nothing more.
package struct ClientRequest: Codable, Sendable {
    package enum Verb: String, Codable, Sendable {
        case submit, status, events, cancel, pause, resume, retry, prioritise, drain, remove, quarantine, pardon
        /// A supervisor saw its worker's process end.
        case exited
    }

    package static let version = 1

    package var version = ClientRequest.version
    package var number: UInt64 = 0
    package var verb: Verb
    /// Sixteen hexadecimal digits, or enough of them to be unambiguous.
    package var job: String?
    package var submission: Submission?
    /// Smaller goes first.
    package var priority: Int?
    /// The last event that the client has seen.
    package var after: UInt64?
    package var worker: String?
    package var exit: WorkerExit?

    package init(_ verb: Verb, job: String? = nil) {
        self.verb = verb
        self.job = job
    }
}

/// The end of a worker's process, as its supervisor saw it.
package struct WorkerExit: Codable, Sendable {
    package var number: UInt64
    package var life: UInt64
    package var code: Int32?
    package var signal: Int32?

    package init(number: UInt64, life: UInt64, code: Int32?, signal: Int32?) {
        self.number = number
        self.life = life
        self.code = code
        self.signal = signal
    }
}

/// The answer.
package struct ClientReply: Codable, Sendable {
    package var number: UInt64
    /// Why nothing was done, in a sentence with the remedy; nil where it was.
    package var error: String?
    package var status: FarmStatus?
    package var job: JobStatus?
    package var events: TaskHistory.Page?

    package init(number: UInt64) { self.number = number }
}

/// A job as a client hands it in: the texts of the session and the contents of its audio by hash. Paths are names
/// within the submission; nothing is ever opened under them here.
package struct Submission: Codable, Sendable, Equatable {
    package struct Source: Codable, Sendable, Equatable {
        package var path: String
        package var hash: ContentHash
        package var byteCount: Int

        package init(path: String, hash: ContentHash, byteCount: Int) {
            self.path = path
            self.hash = hash
            self.byteCount = byteCount
        }
    }

    package struct Text: Codable, Sendable, Equatable {
        package var path: String
        package var text: String

        package init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Sixteen hexadecimal digits, chosen by the client: a submission that is repeated is the same job.
    package var id: String
    /// The file to render; one of `texts`.
    package var root: String
    package var title: String
    package var texts: [Text]
    package var sources: [Source]
    /// Indices of the songs to deliver; nil is all.
    package var songs: [Int]?
    /// A `StemsChoice`.
    package var stems: String
    package var segmentSeconds: Double
    /// Smaller goes first.
    package var priority: Int
    /// At most so many workers at once.
    package var workerLimit: Int?

    package init(
        id: String, root: String, title: String, texts: [Text], sources: [Source], songs: [Int]? = nil, stems: String,
        segmentSeconds: Double = 10, priority: Int = 0, workerLimit: Int? = nil
    ) {
        self.id = id
        self.root = root
        self.title = title
        self.texts = texts
        self.sources = sources
        self.songs = songs
        self.stems = stems
        self.segmentSeconds = segmentSeconds
        self.priority = priority
        self.workerLimit = workerLimit
    }

    /// What is wrong with it, apart from the session itself; nil where nothing is.
    package var violation: String? {
        guard JobName.number(id) != nil else { return "a job's name has sixteen hexadecimal digits" }
        guard texts.count <= 4_096, sources.count <= 65_536 else { return "too many files" }
        guard texts.reduce(0, { $0 + $1.text.utf8.count }) <= 32 << 20 else { return "its session files are too long" }
        let names = texts.map(\.path) + sources.map(\.path)
        guard names.allSatisfy({ $0.utf8.count <= 4_096 && $0.hasPrefix("/") }) else {
            return "its files are named by absolute paths"
        }
        guard Set(names).count == names.count else { return "two of its files have one name" }
        guard texts.contains(where: { $0.path == root }) else { return "the file to render is not among its files" }
        guard sources.allSatisfy({ (1...(1 << 40)).contains($0.byteCount) }) else {
            return "an audio file is empty or too long"
        }
        guard title.utf8.count <= 1_024 else { return "its title is too long" }
        guard (0.05...60).contains(segmentSeconds) else { return "a segment has 0.05 to 60 seconds" }
        guard (-100...100).contains(priority) else { return "a priority lies between -100 and 100" }
        if let workerLimit, !(1...10_000).contains(workerLimit) { return "a limit of workers is 1 to 10000" }
        if let songs, songs.isEmpty || songs.count > 10_000 { return "no song, or too many" }
        return nil
    }
}

/// Names of jobs.
package enum JobName {
    /// nil for anything but sixteen lower-case hexadecimal digits.
    package static func number(_ name: String) -> UInt64? {
        let isHexadecimal = name.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard name.utf8.count == 16, isHexadecimal else { return nil }
        return UInt64(name, radix: 16)
    }

    /// The sixteen digits of a number.
    package static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
