package import Release

/// One render of an album or song that was delivered whole: what was rendered, from what, and what came out.
///
/// Self-contained: the session's texts are in it, so that it can be compared, shown and rendered again when the files
/// have long been changed. Paths are relative to the folder of the album where they lie below it, and absolute where
/// not: an album may be moved with its revisions.
package struct Revision: Codable, Sendable, Equatable {
    /// Raised where an older Lathe could not make sense of a record.
    package static let currentFormat = 1

    package var format = Revision.currentFormat
    /// From 1 on; 0 until it is recorded.
    package var number = 0
    /// Unique within the album; see `RevisionName`.
    package var name: String?
    package var message: String?
    /// ISO 8601 in UTC: `2026-11-21T20:41:07Z`.
    package var time: String
    /// `user@machine`.
    package var who: String
    /// Version of Lathe.
    package var lathe: String
    /// Digest of the versions of everything that touches a sample.
    package var engine: String
    /// Version of each library that had a hand in the bytes, by name.
    package var libraries: [String: String]
    package var session: SessionText
    package var options: Options
    package var sources: [Source]
    package var outputs: [Output]
    /// The album's title.
    package var album: String?
    /// Integrated loudness over all delivered songs, in LUFS.
    package var albumIntegrated: Double?
    package var songs: [Song]
    package var tasks: Tasks
    /// The folder that the files were delivered to.
    package var folder: String
    /// A released revision: its deliverables are kept, and no pruning takes it.
    package var pinned: Pin?

    package init(
        time: String, who: String, engine: String, session: SessionText, options: Options, sources: [Source],
        outputs: [Output], document: RenderDocument, folder: String
    ) {
        self.time = time
        self.who = who
        lathe = document.lathe
        self.engine = engine
        libraries = document.libraries
        self.session = session
        self.options = options
        self.sources = sources
        self.outputs = outputs
        album = document.album
        albumIntegrated = document.albumIntegrated
        songs = document.songs.map(Song.init)
        tasks = document.farm.map { Tasks($0.tasks) } ?? Tasks(total: 0, rendered: 0, reused: 0, retried: 0)
        self.folder = plainPath(folder)
    }

    /// Whether a render came to the same as this one: session, choices, engine and every file of sound.
    package func isSameRender(as other: Revision) -> Bool {
        func sound(_ revision: Revision) -> [[String]] {
            revision.soundOutputs.map { [$0.path, $0.sha256] }.sorted { $0[0] < $1[0] }
        }
        return session.digest == other.session.digest && options == other.options && engine == other.engine
            && sound(self) == sound(other)
    }

    /// The deliverables without `render.json` and `report.html`, which tell of the work too.
    package var soundOutputs: [Output] { outputs.filter(\.isSound) }
}

extension Revision {
    /// The text of every file of a session.
    package struct SessionText: Codable, Sendable, Equatable {
        /// One file, by its path relative to the album's folder.
        package struct File: Codable, Sendable, Equatable {
            package var path: String
            package var text: String

            package init(path: String, text: String) {
                self.path = path
                self.text = text
            }
        }

        /// Of all names and texts.
        package var digest: String
        /// Which file was rendered.
        package var root: String
        /// In order of their paths.
        package var files: [File]
    }

    /// What was chosen on the command line and decides bytes.
    package struct Options: Codable, Sendable, Equatable {
        /// Titles or numbers, as typed; empty for all songs.
        package var only: [String]
        /// `none` or `pre-master`.
        package var stems: String
        package var segmentSeconds: Double

        package init(only: [String], stems: String, segmentSeconds: Double) {
            self.only = only
            self.stems = stems
            self.segmentSeconds = segmentSeconds
        }
    }

    /// An audio file as it was before the render.
    package struct Source: Codable, Sendable, Equatable {
        package var path: String
        package var byteCount: Int
        /// Nanoseconds since 1970.
        package var modified: Int
        package var inode: UInt64
        /// SHA-256 of its bytes; absent where it was not known.
        package var digest: String?
        /// What was in it; absent where it was not known.
        package var sound: Sound?

        /// The shape of an audio file: enough to read the session without it.
        package struct Sound: Codable, Sendable, Equatable {
            package var rate: Int
            package var channels: Int
            package var frames: Int
            /// Raw value of `SampleFormat`.
            package var samples: UInt8
            /// Of the samples alone, whatever wraps them; absent where it was not known.
            package var digest: String?

            package init(rate: Int, channels: Int, frames: Int, samples: UInt8, digest: String? = nil) {
                self.rate = rate
                self.channels = channels
                self.frames = frames
                self.samples = samples
                self.digest = digest
            }
        }

        package init(path: String, byteCount: Int, modified: Int, inode: UInt64, digest: String? = nil) {
            self.path = path
            self.byteCount = byteCount
            self.modified = modified
            self.inode = inode
            self.digest = digest
        }
    }

    /// A file that was delivered.
    package struct Output: Codable, Sendable, Equatable {
        /// Below the render's folder.
        package var path: String
        /// `master`, `stem`, `pre-master`, `document` or `report`.
        package var role: String
        /// The song's title.
        package var song: String?
        package var frames: Int?
        package var bytes: Int
        package var sha256: String
        package var pcmSha256: String?
        /// Nanoseconds since 1970, when it was recorded.
        package var modified: Int?

        package init(
            path: String, role: String, song: String? = nil, frames: Int? = nil, bytes: Int, sha256: String,
            pcmSha256: String? = nil, modified: Int? = nil
        ) {
            self.path = path
            self.role = role
            self.song = song
            self.frames = frames
            self.bytes = bytes
            self.sha256 = sha256
            self.pcmSha256 = pcmSha256
            self.modified = modified
        }

        /// A file that holds the same bytes whenever the same is rendered.
        package var isSound: Bool { role != "document" && role != "report" }
    }

    /// A song's figures.
    package struct Song: Codable, Sendable, Equatable {
        package var title: String
        package var rate: Int
        package var frames: Int?
        package var measurements: RenderDocument.Measurements?
        package var finish: RenderDocument.Finish?

        init(_ song: RenderDocument.Song) {
            title = song.title
            rate = song.rate
            frames = song.frames
            measurements = song.measurements
            finish = song.finish
        }
    }

    /// How much there was to do, in segments.
    package struct Tasks: Codable, Sendable, Equatable {
        package var total: Int
        package var rendered: Int
        package var reused: Int
        package var retried: Int

        package init(total: Int, rendered: Int, reused: Int, retried: Int) {
            self.total = total
            self.rendered = rendered
            self.reused = reused
            self.retried = retried
        }

        init(_ tasks: RenderDocument.Farm.Tasks) {
            self.init(total: tasks.total, rendered: tasks.rendered, reused: tasks.reused, retried: tasks.retried)
        }
    }

    /// That a revision was released.
    package struct Pin: Codable, Sendable, Equatable {
        /// Names the pin in the store, whatever becomes of the album's path: 32 hexadecimal digits.
        package var id: String
        /// ISO 8601 in UTC.
        package var time: String
        /// The store that keeps the deliverables.
        package var store: String

        package init(id: String, time: String, store: String) {
            self.id = id
            self.time = time
            self.store = store
        }
    }
}
