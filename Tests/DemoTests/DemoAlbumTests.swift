import Demo
import Foundation
import Quantities
import Session
import SessionFiles
import SoundFiles
import TestSupport
import Testing

@Suite(.withDemo) struct `The demo album` {
    @Test func `is the same bytes for the same seed, and other sound for another`() throws {
        let demo = try DemoFixture.shared()
        let again = try DemoFixture(seed: 7)
        let other = try DemoFixture(seed: 8)
        #expect(demo.files == again.files && demo.files == other.files)
        var changedCount = 0
        for name in demo.files {
            let bytes = try demo.bytes(name)
            #expect(bytes == (try again.bytes(name)), "\(name)")
            if bytes != (try other.bytes(name)) { changedCount += 1 }
            if name.hasSuffix(".yaml") { #expect(bytes == (try other.bytes(name)), "\(name)") }
        }
        #expect(changedCount > 40)
    }

    /// A digest that must hold on every machine: no C library and no clock has a say in the sound.
    @Test func `has pinned samples`() throws {
        let bytes = try DemoFixture.shared().bytes("audio/snow/harp-v.wav")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        #expect(String(hash, radix: 16) == "12e31b254a097d66")
    }

    @Test func `names exactly the files it wrote, in less than 80 MB`() throws {
        let demo = try DemoFixture.shared()
        #expect(demo.files.first == "album.yaml")
        #expect(Set(demo.files).count == demo.files.count)
        let found = try FileManager.default.subpathsOfDirectory(atPath: demo.path).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(demo.path)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        #expect(found.sorted() == demo.files.sorted())
        #expect(try demo.files.reduce(0) { $0 + (try demo.bytes($1).count) } < 80_000_000)
    }

    @Test func `is read without an error, and every file of it is used`() throws {
        let demo = try DemoFixture.shared()
        let album = try demo.album()
        #expect(album.songs.count == 3)
        #expect(album.loudness.target == LUFS(-14))
        #expect(album.loudness.scope == .album)
        #expect(album.deliveries.map(\.format) == [.wav, .flac])
        let used = Set(album.songs.flatMap { $0.song.sources.map(\.path) })
        #expect(used.count == demo.files.filter { $0.hasPrefix("audio/") }.count)
    }

    @Test func `has three songs of 60 to 75 seconds with at least eight tracks`() throws {
        for entry in try DemoFixture.shared().album().songs {
            let song = entry.song
            let end = song.tracks.flatMap(\.clips).map { $0.atFrame + $0.frameCount }.max() ?? 0
            #expect((60 * 48_000...75 * 48_000).contains(song.lengthFrames ?? end), "\(song.title): \(end)")
            #expect(song.tracks.count >= 8)
            #expect(song.tracks.allSatisfy { !$0.clips.isEmpty })
            // Loops: far more clips than files.
            #expect(song.tracks.reduce(0) { $0 + $1.clips.count } > song.sources.count * 2)
        }
    }

    @Test func `shows every device and every kind of routing`() throws {
        let songs = try DemoFixture.shared().album().songs.map(\.song)
        for song in songs {
            let devices =
                song.tracks.flatMap(\.devices) + (song.buses + song.returns).flatMap(\.devices)
                + song.master.devices
            #expect(devices.contains { $0.kind == .equalizer })
            #expect(devices.contains { $0.kind == .delay })
            #expect(devices.contains { $0.kind == .reverb })
            #expect(devices.contains { $0.kind == .utility })
            #expect(devices.contains { $0.kind == .compressor && $0.key != nil })
            #expect(song.buses.contains { $0.mixer.output != .master }, "a nested bus")
            #expect(song.returns.contains { $0.mixer.output != .master }, "a return into a bus")
            let sends = song.tracks.flatMap(\.mixer.sends)
            #expect(sends.contains { $0.tap == .pre } && sends.contains { $0.tap == .post })
            #expect(song.tracks.contains { $0.mixer.pan != 0 })
            #expect(song.tracks.contains { !$0.mixer.faderAutomation.isEmpty })
            #expect(song.tracks.flatMap(\.clips).allSatisfy { $0.fadeOutFrames > 0 })
        }
        let all = songs.flatMap { $0.tracks.flatMap(\.devices) + $0.master.devices }
        #expect(all.contains { $0.kind == .limiter })
        #expect(songs.contains { $0.lengthFrames != nil })
        #expect(Set(songs.flatMap { $0.sources.map(\.rateHertz) }) == [44_100, 48_000])
        #expect(Set(songs.flatMap { $0.sources.map(\.channelCount) }) == [1, 2])
        #expect(Set(songs.flatMap { $0.sources.map(\.samples) }) == [.integer16, .integer24])
    }

    @Test func `has files that do not clip, begin and end in silence, and have no offset`() throws {
        let demo = try DemoFixture.shared()
        for name in demo.files where name.hasPrefix("audio/") {
            for channel in try demo.samples(name) {
                let peak = channel.reduce(0) { max($0, $1.magnitude) }
                #expect(peak > 0.03 && peak < 0.75, "\(name) peaks at \(peak)")
                // Dither of 16 bits is 2 LSB at most; a percussive file may rise fast, but from nothing.
                #expect((channel.first ?? 1).magnitude < 0.02, "\(name) starts with a step")
                #expect((channel.last ?? 1).magnitude < 1e-4, "\(name) ends with a step")
                let mean = channel.reduce(0.0) { $0 + Double($1) } / Double(channel.count)
                #expect(mean.magnitude < 5e-4, "\(name) has an offset of \(mean)")
            }
        }
    }

    @Test func `replaces what is there, and reports a folder that cannot be made`() throws {
        let folder = try TemporaryDirectory("demo")
        try folder.write("album.yaml", "old")
        try folder.write("occupied", "a file")
        #expect(throws: (any Error).self) { try writeDemoAlbum(to: folder.path + "/occupied", seed: 1) }
    }
}
