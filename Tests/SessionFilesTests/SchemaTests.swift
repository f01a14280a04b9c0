import Foundation
import Quantities
import Session
import SessionFiles
import Testing

@Suite struct SchemaTests {
    @Test func `the reference names every device and key once in its table`() {
        let text = sessionReference()
        for name in [
            "album", "song", "track", "clip", "send", "equalizer", "compressor", "limiter", "delay", "reverb",
            "utility",
        ] {
            #expect(text.split(separator: "\n").count { $0 == "## \(name)" } == 1)
        }
        for key in ["max-limiting", "tail-limit", "fade-out", "make-up", "ping-pong", "predelay", "polarity"] {
            #expect(text.contains("| `\(key)` |"))
        }
        #expect(
            text.contains("| `threshold` | gain, `-3 dB` | -80 dB to 0 dB | required | "))
    }

    @Test func `links in the reference lead to its own headings`() {
        let text = sessionReference()
        for link in text.matches(of: /\]\(#([a-z-]+)\)/) { #expect(text.contains("\n## \(link.1)\n")) }
    }

    @Test func `the JSON schema is JSON and every reference in it resolves`() throws {
        let text = sessionJSONSchema()
        let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: Any])
        let references = text.matches(of: /#\/\$defs\/([a-z-]+)/)
        #expect(references.count > 50)
        for reference in references { #expect(definitions[String(reference.1)] != nil) }
        let clip = try #require(definitions["clip"] as? [String: Any])
        #expect(clip["required"] as? [String] == ["file"])
        let keys = try #require(clip["properties"] as? [String: Any]).keys.sorted()
        #expect(keys == ["at", "fade-in", "fade-out", "file", "gain", "length", "shape", "start"])
    }

    /// A default that its own parser refused would leave a value out without a word: all defaults at once.
    @Test func `every default of the table is a value that its key accepts`() throws {
        for row in sessionReference().split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.replacing("\\|", with: "/").split(
                separator: "|", omittingEmptySubsequences: false
            )
            .map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 7, "\(row)")
        }
        let song = try SessionBench.song(
            """
            length: 1 s
            tracks: [{name: A, clips: [{file: audio/kick.wav}], sends: [{to: P}]}]
            returns: [{name: P, devices: [{utility: {}}, {limiter: {}}, {reverb: {decay: 1 s}}, {delay: {time: 1 s}}]}]
            master: {devices: [{compressor: {threshold: -9 dB, ratio: 2, attack: 1 ms, release: 9 ms}}]}
            """)
        #expect(song.returns[0].devices.count == 4)
        #expect(song.master.devices.count == 1)
        #expect(song.tailLimitFrames == 30 * 48_000)
    }
}
