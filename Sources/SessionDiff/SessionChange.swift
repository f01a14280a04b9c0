/// One thing that differs between two sessions.
package struct SessionChange: Sendable, Equatable {
    package enum Kind: String, Sendable { case added, removed, moved, renamed, changed }

    /// What the change is on.
    package struct Item: Sendable, Hashable {
        package enum Kind: String, Sendable { case album, song, track, bus, returned = "return", master }

        package var kind: Kind
        /// As in the later session; of what was removed, as in the earlier one.
        package var name: String
        /// The name in the earlier session, where that is another one.
        package var formerName: String?

        package init(kind: Kind, name: String, formerName: String? = nil) {
            self.kind = kind
            self.name = name
            self.formerName = formerName
        }
    }

    /// A stretch of a song's timeline, in seconds.
    package struct Stretch: Sendable, Hashable {
        package var startSeconds: Double
        /// nil: to the end of the song.
        package var endSeconds: Double?

        package init(startSeconds: Double, endSeconds: Double?) {
            self.startSeconds = startSeconds
            self.endSeconds = endSeconds
        }
    }

    package var kind: Kind
    /// Title of the song; nil for a change of the album itself.
    package var song: String?
    /// Place of the song in the later album, from 1; of a song that was removed, in the earlier one.
    package var songNumber: Int?
    package var item: Item
    /// A device, clip, send or delivery of the item: "compressor", "clip 2 (vox.wav)".
    package var part: String?
    /// Key of the session format: "fader", "ratio"; empty where the part or item as a whole is meant.
    package var parameter: String
    /// As a session file writes it; nil for nothing.
    package var from: String?
    /// As a session file writes it; nil for nothing.
    package var to: String?
    /// Where on the song's timeline the sessions differ by this; empty: wherever the item is heard.
    package var stretches: [Stretch]
    /// False for what no sample of a mix or master depends on: titles, names, folders.
    package var isHeard: Bool
    /// The change in words, without song, item and part; as stored, names may hold anything.
    package var words: Words

    /// A sentence in pieces, so that changes that are alike can be told together.
    package struct Words: Sendable, Equatable {
        /// What several values belong to, within the part: "band 2 (bell)"; empty for none.
        package var group = ""
        /// "ratio"; empty where `tail` says it all.
        package var head: String
        /// "2:1 to 3:1 from 1:12".
        package var tail: String
        /// In place of `tail`, the difference alone, where values can be subtracted: "+0.5 dB".
        package var difference: String?
        /// The part without its number, for many of them: "clip"; nil: it is never counted.
        package var countedAs: String?
        /// What all of the counted have in common: "moved"; empty: nothing is folded.
        package var countedVerb: String
        /// And by how much: "250 ms later".
        package var countedAmount: String
        /// Whether another change of the same part says it already.
        package var isImplied: Bool

        package init(
            _ head: String, _ tail: String, difference: String? = nil, countedAs: String? = nil,
            countedVerb: String = "", countedAmount: String = "", isImplied: Bool = false
        ) {
            self.head = head
            self.tail = tail
            self.difference = difference
            self.countedAs = countedAs
            self.countedVerb = countedVerb
            self.countedAmount = countedAmount
            self.isImplied = isImplied
        }

        /// Both pieces.
        var phrase: String { [group, head, tail].filter { !$0.isEmpty }.joined(separator: " ") }
    }

    /// The change as a sentence, without its song; safe to show.
    package var text: String { printable(ChangeLines.sentence(self)) }

    /// What changed, within its item: "compressor ratio", "fader".
    package var what: String {
        guard let part else { return parameter.isEmpty ? item.kind.rawValue : parameter }
        return parameter.isEmpty ? part : "\(part) \(parameter)"
    }
}
