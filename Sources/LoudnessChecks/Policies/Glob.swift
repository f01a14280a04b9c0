/// A pattern for paths: `*` stands for any characters of a name, `?` for one, `**` for any folders.
///
/// A pattern without `/` is compared with the last name of a path, wherever the file lies: `*.wav`. One with `/` is
/// compared with the whole path, relative to where the check runs: `stems/**`, `**/masters/*.flac`. `**/` also stands
/// for no folder at all. Everything else is taken as it is, with its case; characters are compared as Unicode does,
/// so that both ways of writing an accented letter are one.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// Longer patterns are refused.
    package static let lengthLimit = 512

    /// What is wrong with a pattern and what to do.
    package struct Fault: Error, Sendable, Hashable {
        package var message: String
        package var remedy: String
    }

    /// As written.
    package let text: String
    private let steps: [Step]
    private let isForNames: Bool

    private enum Step: Hashable {
        case character(Character)
        /// `?`: any character but `/`.
        case one
        /// `*`: any number of characters but `/`.
        case any
        /// `**` at the end: whatever follows, at least one character.
        case rest
        /// `**/`: nothing, or any number of whole folders.
        case folders
    }

    /// - Throws: what makes it no pattern.
    package init(_ text: String) throws(Fault) {
        guard !text.isEmpty else { throw Fault(message: "the pattern is empty", remedy: "write one, as in `*.wav`") }
        guard text.count <= Self.lengthLimit else {
            throw Fault(message: "the pattern is longer than \(Self.lengthLimit) characters", remedy: "shorten it")
        }
        guard !text.contains("\\") else {
            throw Fault(message: "`\(text)` has a backslash", remedy: "part folders with `/`")
        }
        let names = text.split(separator: "/", omittingEmptySubsequences: false)
        guard names.first != "" else {
            throw Fault(
                message: "`\(text)` begins at the root", remedy: "write it relative to the folder that is checked")
        }
        guard !names.contains("") else {
            throw Fault(
                message: "`\(text)` has a folder without a name",
                remedy: text.hasSuffix("/") && !text.contains("//")
                    ? "write `\(text)**` or remove the `/`" : "remove one `/`")
        }
        guard !names.contains("."), !names.contains("..") else {
            throw Fault(
                message: "`\(text)` has a folder `.` or `..`", remedy: "write it from the folder that is checked")
        }
        guard names.allSatisfy({ $0 == "**" || !$0.contains("**") }) else {
            throw Fault(
                message: "`**` stands for whole folders in `\(text)`", remedy: "write `*`, or `**/` before a name")
        }
        self.text = text
        isForNames = names.count == 1 && names[0] != "**"
        var steps: [Step] = []
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            if name == "**" {
                let step = isLast ? Step.rest : .folders
                if steps.last != step { steps.append(step) }
                continue
            }
            for character in name {
                let step: Step = character == "*" ? .any : character == "?" ? .one : .character(character)
                if step != .any || steps.last != .any { steps.append(step) }
            }
            if !isLast { steps.append(.character("/")) }
        }
        self.steps = steps
    }

    package var description: String { text }

    /// Whether a path with `/` is one that the pattern means.
    ///
    /// All positions of the pattern that a prefix of the path can have reached are followed at once, so no pattern
    /// is slow.
    ///
    /// - Complexity: O(pattern * path).
    package func matches(_ path: String) -> Bool {
        let subject = isForNames ? path.split(separator: "/").last.map(String.init) ?? path : path
        var reached = [Bool](repeating: false, count: steps.count + 1)
        var next = reached
        reached[0] = true
        advanceFreely(&reached)
        for character in subject {
            for index in next.indices { next[index] = false }
            var isAlive = false
            for index in steps.indices where reached[index] {
                guard let target = target(of: index, character) else { continue }
                next[target] = true
                if case .rest = steps[index] { next[index + 1] = true }
                isAlive = true
            }
            guard isAlive else { return false }
            advanceFreely(&next, mayEnterFolders: character == "/")
            swap(&reached, &next)
        }
        return reached[steps.count]
    }

    /// Where a step leads with one more character; nil where it does not take it.
    private func target(of index: Int, _ character: Character) -> Int? {
        switch steps[index] {
        case .character(let wanted): wanted == character ? index + 1 : nil
        case .one: character != "/" ? index + 1 : nil
        case .any: character != "/" ? index : nil
        // Inside a folder's name the step keeps its place; only after a `/` may what follows it begin.
        case .rest, .folders: index
        }
    }

    /// Steps that stand for nothing: `*` always, `**/` at the start of a name.
    private func advanceFreely(_ reached: inout [Bool], mayEnterFolders: Bool = true) {
        for index in steps.indices where reached[index] {
            switch steps[index] {
            case .any: reached[index + 1] = true
            case .folders: if mayEnterFolders { reached[index + 1] = true }
            case .character, .one, .rest: break
            }
        }
    }
}
