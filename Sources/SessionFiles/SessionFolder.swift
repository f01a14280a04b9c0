/// What is to be rendered of a folder: its albums, and its songs that none of them names.
package struct SessionFolder: Sendable, Equatable {
    /// A file that is left alone, and why.
    package struct Left: Sendable, Equatable {
        package var name: String
        package var reason: String
    }

    /// Names of files, in order.
    package var taken: [String] = []
    package var left: [Left] = []

    /// Looks at the `.yaml` and `.yml` files of a folder, not of those below it.
    ///
    /// A file that cannot be parsed is taken: its error is to be read.
    package init(_ folder: String, files: any FileTree = DiskFiles()) {
        let names = files.names(in: folder).filter {
            !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml"))
                && files.kind(of: Files.join(folder, $0)) == .file
        }
        let roots = names.map { Self.root(of: Files.join(folder, $0), files) }
        var owners: [String: String] = [:]
        for (name, root) in zip(names, roots) where root.map(Self.isAlbum) == true {
            for song in root.map(Self.songFiles) ?? [] {
                let path = Files.absolute(Files.join(folder, song))
                if owners[path] == nil { owners[path] = name }
            }
        }
        for (name, root) in zip(names, roots) {
            if let owner = owners[Files.absolute(Files.join(folder, name))], owner != name {
                left.append(Left(name: name, reason: "a song of \(owner)"))
            } else if let root, !Self.isAlbum(root), !Self.isSong(root) {
                left.append(Left(name: name, reason: "neither an album nor a song"))
            } else {
                taken.append(name)
            }
        }
    }

    /// nil where the file cannot be parsed.
    private static func root(of path: String, _ files: any FileTree) -> DocumentNode? {
        Reading.load(path, DiagnosticLog(file: path), from: files)?.0.root
    }

    private static func isAlbum(_ root: DocumentNode) -> Bool {
        if value(of: "album", in: root) != nil { return true }
        return value(of: "song", in: root) == nil
            && (value(of: "songs", in: root) != nil || value(of: "deliver", in: root) != nil)
    }

    private static func isSong(_ root: DocumentNode) -> Bool {
        value(of: "song", in: root) != nil || value(of: "tracks", in: root) != nil
    }

    private static func songFiles(_ root: DocumentNode) -> [String] {
        guard case .list(let items)? = value(of: "songs", in: root)?.content else { return [] }
        return items.compactMap { item in
            guard case .scalar(let file, _)? = value(of: "file", in: item)?.content else { return nil }
            return file
        }
    }

    private static func value(of name: String, in node: DocumentNode) -> DocumentNode? {
        guard case .mapping(let pairs) = node.content else { return nil }
        return pairs.first { pair in
            if case .scalar(let key, _) = pair.key.content { key == name } else { false }
        }?.value
    }
}
