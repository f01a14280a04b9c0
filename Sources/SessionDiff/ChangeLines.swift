/// Changes as lines for people: what belongs together joined, what is alike folded.
package enum ChangeLines {
    /// Changes that are alike become one line from so many on: clips of a channel, channels of a song, songs.
    private static let (leastClips, leastChannels, leastSongs) = (4, 3, 3)
    private static let namesShown = 4

    /// One line for each change or group of changes, each beginning with its song or the album; safe to show.
    ///
    /// - Parameter all: nothing is joined or folded.
    package static func lines(of changes: [SessionChange], all: Bool = false) -> [String] {
        let labels = SongLabels(changes)
        if all { return changes.map { printable("\(labels[$0]): \(sentence($0))") } }
        var rows = joined(changes)
        rows = foldedClips(rows)
        rows = foldedChannels(rows)
        return foldedSongs(rows, labels).map(printable)
    }

    /// Item, part and change: "Drums compressor ratio 2:1 to 3:1".
    static func sentence(_ change: SessionChange) -> String {
        [name(of: change), change.part ?? "", change.words.phrase].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func name(of change: SessionChange) -> String {
        let item = change.item
        switch item.kind {
        case .album, .song: return ""
        case .master: return item.name
        case .track, .bus, .returned:
            if change.kind == .renamed { return "\(item.kind.rawValue) \(item.formerName ?? item.name)" }
            let isWhole = change.part == nil && change.parameter.isEmpty && (change.from == nil) != (change.to == nil)
            return isWhole ? "\(item.kind.rawValue) \(item.name)" : item.name
        }
    }

    /// What becomes one line.
    private struct Row {
        var first: SessionChange
        /// Of one part, or a single one.
        var words: [SessionChange.Words]
        /// Channels with the same change; empty: the item of `first`.
        var names: [String] = []
        /// Clips or files with the same change; 0: they are not counted.
        var count = 0
        /// Those of them that have other changes besides.
        var richerCount = 0

        /// "compressor: ratio 2:1 to 3:1, attack 10 to 30 ms".
        func body(usesDifference: Bool) -> String {
            let shown = words.filter { !$0.isImplied || words.count == 1 }
            if count > 0, let words = shown.first {
                let noun = "\(count) \(words.countedAs ?? "clip")s"
                let text = [noun, words.countedVerb, words.countedAmount].filter { !$0.isEmpty }.joined(separator: " ")
                let others = richerCount == count ? "all" : "\(richerCount)"
                return richerCount == 0 ? text : text + " (\(others) of them changed otherwise too)"
            }
            var phrases: [String] = []
            var heads: [String] = []
            var group = ""
            for (index, words) in shown.enumerated() {
                let tail = usesDifference ? words.difference ?? words.tail : words.tail
                let next = shown.indices.contains(index + 1) ? shown[index + 1] : nil
                let isNextAlike =
                    next.map { $0.tail == words.tail && $0.group == words.group && !$0.head.isEmpty } ?? false
                if isNextAlike, !words.head.isEmpty, !tail.isEmpty {
                    heads.append(words.head)
                    continue
                }
                let head = listed(heads + (words.head.isEmpty ? [] : [words.head]))
                let prefix = words.group == group ? "" : words.group
                phrases.append([prefix, head, tail].filter { !$0.isEmpty }.joined(separator: " "))
                heads = []
                group = words.group
            }
            let part = first.part ?? ""
            let text = phrases.joined(separator: ", ")
            return part.isEmpty ? text : phrases.count > 1 ? "\(part): \(text)" : "\(part) \(text)"
        }
    }

    /// "left", "left and right", "a, b and c".
    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Neighbours of one part of one item.
    private static func joined(_ changes: [SessionChange]) -> [Row] {
        var rows: [Row] = []
        for change in changes {
            if let last = rows.last?.first, last.part != nil, last.part == change.part, last.item == change.item,
                last.song == change.song, last.songNumber == change.songNumber
            {
                rows[rows.count - 1].words.append(change.words)
            } else {
                rows.append(Row(first: change, words: [change.words]))
            }
        }
        return rows
    }

    /// Puts rows of one key in the place of the first of them, where there are enough.
    private static func grouped<Key: Hashable>(
        _ rows: [Row], least: Int, key: (Row) -> Key?, merge: ([Row]) -> Row
    ) -> [Row] {
        var members: [Key: [Row]] = [:]
        let keys = rows.map(key)
        for (row, key) in zip(rows, keys) { if let key { members[key, default: []].append(row) } }
        var done: Set<Key> = []
        return zip(rows, keys).compactMap { row, key in
            guard let key, let group = members[key], group.count >= least else { return row }
            return done.insert(key).inserted ? merge(group) : nil
        }
    }

    private static func foldedClips(_ rows: [Row]) -> [Row] {
        func shown(_ row: Row) -> SessionChange.Words? {
            let words = row.words.filter { !$0.isImplied }
            guard let first = words.first, words.allSatisfy({ $0.countedAs != nil && !$0.countedVerb.isEmpty }) else {
                return nil
            }
            return first
        }
        return grouped(
            rows, least: leastClips,
            key: { row -> [String]? in
                guard let words = shown(row), let noun = words.countedAs else { return nil }
                let owner = noun == "file" ? "" : "\(row.first.item.kind.rawValue) \(row.first.item.name)"
                return ["\(row.first.songNumber ?? 0)", owner, noun, words.countedVerb]
            },
            merge: { group in
                var row = group[0]
                let all = group.compactMap(shown)
                row.words = [all[0]]
                if all.contains(where: { $0.countedAmount != all[0].countedAmount }) { row.words[0].countedAmount = "" }
                if all[0].countedAs == "file" { row.first.item = .init(kind: .song, name: row.first.song ?? "") }
                row.first.part = nil
                row.count = group.count
                row.richerCount = group.count { $0.words.count(where: { !$0.isImplied }) > 1 }
                return row
            })
    }

    private static func foldedChannels(_ rows: [Row]) -> [Row] {
        grouped(
            rows, least: leastChannels,
            key: { row -> [String]? in
                let kind = row.first.item.kind
                guard [.track, .bus, .returned].contains(kind), row.first.kind != .renamed else { return nil }
                var alike = row
                if row.count > 0 {
                    (alike.count, alike.richerCount) = (1, 0)
                } else if let part = row.first.part {
                    // Two compressors in a chain are told apart, clips by their files are not.
                    guard !part.hasPrefix("clip") else { return nil }
                }
                return ["\(row.first.songNumber ?? 0)", kind.rawValue, alike.body(usesDifference: true)]
            },
            merge: { group in
                var row = group[0]
                row.names = group.map(\.first.item.name)
                row.count = group.reduce(0) { $0 + $1.count }
                row.richerCount = group.reduce(0) { $0 + $1.richerCount }
                let body = row.body(usesDifference: false)
                if group.contains(where: { $0.count == 0 && $0.body(usesDifference: false) != body }) {
                    for index in row.words.indices {
                        row.words[index].tail = row.words[index].difference ?? row.words[index].tail
                    }
                }
                return row
            })
    }

    private static func foldedSongs(_ rows: [Row], _ labels: SongLabels) -> [String] {
        func text(_ row: Row) -> String {
            let body = row.body(usesDifference: false)
            guard row.names.isEmpty else {
                let noun = "\(row.names.count) \(row.first.item.kind == .bus ? "buse" : row.first.item.kind.rawValue)s"
                return "\(noun): \(body) (\(shortList(row.names)))"
            }
            return [name(of: row.first), body].filter { !$0.isEmpty }.joined(separator: " ")
        }
        let texts = rows.map(text)
        var songs: [String: [String]] = [:]
        for (row, text) in zip(rows, texts) where row.first.song != nil {
            songs[text, default: []].append(labels[row.first])
        }
        var lines: [String] = []
        var rest: [String] = []
        var done: Set<String> = []
        for (row, text) in zip(rows, texts) {
            guard row.first.song != nil, let names = songs[text], names.count >= leastSongs else {
                if row.first.song == nil {
                    lines.append("\(labels[row.first]): \(text)")
                } else {
                    rest.append("\(labels[row.first]): \(text)")
                }
                continue
            }
            if done.insert(text).inserted { lines.append("\(names.count) songs: \(text) (\(shortList(names)))") }
        }
        return lines + rest
    }

    private static func shortList(_ names: [String]) -> String {
        guard names.count > namesShown + 1 else { return listed(names) }
        return names.prefix(namesShown).joined(separator: ", ") + " and \(names.count - namesShown) more"
    }

    /// What a line begins with: a title, and the song's number where two songs have one title.
    private struct SongLabels {
        private var numbers: [String: Set<Int>] = [:]

        init(_ changes: [SessionChange]) {
            for change in changes {
                guard let song = change.song, let number = change.songNumber else { continue }
                numbers[song, default: []].insert(number)
            }
        }

        subscript(_ change: SessionChange) -> String {
            guard let song = change.song, let number = change.songNumber else { return change.item.name }
            return (numbers[song]?.count ?? 0) > 1 ? "\(song) (song \(number))" : song
        }
    }
}
