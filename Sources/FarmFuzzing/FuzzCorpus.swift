/// Inputs of one reader with the ways that they took when they were kept, in one file: a line of way, tab, length, then
/// so many bytes and a line's end.
package struct FuzzCorpus: Sendable {
    /// An input and the way that it took.
    package struct Entry: Sendable {
        package var branch: String
        package var bytes: [UInt8]

        package init(branch: String, bytes: [UInt8]) {
            self.branch = branch
            self.bytes = bytes
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry] = []) { self.entries = entries }

    /// nil where the file is no corpus.
    package init?(file: [UInt8]) {
        entries = []
        var at = 0
        while at < file.count {
            guard let end = file[at...].firstIndex(of: 10), let tab = file[at..<end].lastIndex(of: 9),
                let count = Int(String(decoding: file[(tab + 1)..<end], as: UTF8.self)), count >= 0,
                count < file.count - end, file[end + 1 + count] == 10
            else { return nil }
            let branch = String(decoding: file[at..<tab], as: UTF8.self)
            entries.append(Entry(branch: branch, bytes: Array(file[(end + 1)..<(end + 1 + count)])))
            at = end + count + 2
        }
    }

    package var file: [UInt8] {
        entries.flatMap { Array("\($0.branch)\t\($0.bytes.count)\n".utf8) + $0.bytes + [10] }
    }
}
