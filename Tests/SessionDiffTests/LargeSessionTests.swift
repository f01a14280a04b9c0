import Quantities
import Session
import SessionDiff
import TestSupport
import Testing

/// Albums as large as they come, in whatever way they were changed.
@Suite struct LargeSessionTests {
    /// 12 songs of 32 tracks, each with 60 clips and 2000 points.
    private static func album(seed: UInt64, shift: Int = 0) -> Album {
        let source = SourceFile(
            path: "/album/loop.wav", rateHertz: 48_000, channelCount: 2, frameCount: 48_000_000, samples: .integer24)
        var chance = Chance(seed: seed)
        let songs = (0..<12).map { song in
            let tracks = (0..<32).map { track in
                Track(
                    name: "Track \(track)",
                    clips: (0..<60).map { Clip(source: 0, atFrame: $0 * 96_000 + shift, frameCount: 90_000) },
                    devices: [
                        Device(.compressor, ["threshold": -18, "ratio": 4, "attack": 0.01, "release": 0.12]),
                        Device(.equalizer, bands: [["type": "bell", "frequency": 400, "gain": -3]]),
                    ],
                    mixer: Mixer(
                        faderAutomation: (0..<2000).map { point in
                            AutomationPoint(frame: point * 4800, value: chance.decibels(), shape: .linear)
                        }))
            }
            return AlbumEntry(
                song: Song(title: "Song \(song)", rateHertz: 48_000, sources: [source], tracks: tracks), gapSeconds: 0)
        }
        return Album(title: "Album", artist: "", songs: songs, loudness: .init(), deliveries: [])
    }

    private func lines(_ a: Album, _ b: Album) -> [String] {
        ChangeLines.lines(
            of: SessionComparison.changes(
                from: ComparedSession(album: a, folder: "/album"), to: ComparedSession(album: b, folder: "/album")))
    }

    @Test func `twelve songs of thousands of points and clips are compared at once`() {
        let album = Self.album(seed: 1)
        #expect(lines(album, album) == [])
        var edited = album
        edited.songs[3].song.tracks[7].mixer.faderAutomation[900].value = -1.25
        #expect(lines(album, edited).count == 1)
        let other = Self.album(seed: 2, shift: 4800)
        let count = lines(album, other).count
        // Every curve is another one, every clip has moved.
        #expect(count > 12)
    }

    @Test func `a thousand renamed tracks and a reversed order end in time`() {
        var song = Self.album(seed: 3).songs[0].song
        let track = song.tracks[0]
        song.tracks = (0..<1000).map { index in
            var copy = Track(name: "A\(index)", clips: [track.clips[index % 60]])
            copy.mixer.fader = Decibels(Double(index) / 100)
            return copy
        }
        var edited = song
        for index in edited.tracks.indices { edited.tracks[index].name = "B\(index)" }
        let album = { (song: Song) in
            Album(
                title: "Album", artist: "", songs: [AlbumEntry(song: song, gapSeconds: 0)], loudness: .init(),
                deliveries: [])
        }
        #expect(lines(album(song), album(edited)).count == 1000)
        edited = song
        edited.tracks.reverse()
        #expect(lines(album(song), album(edited)).count == 999)
    }
}
