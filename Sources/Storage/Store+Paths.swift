internal import Glibc

extension Store {
    /// Whether a pack is still where it was made.
    package func hasPack(_ pack: PackID) -> Bool { access(layout.pack(pack), F_OK) == 0 }
}

extension StoreStatistics {
    /// The file of a pack, for people who look for themselves.
    package func packPath(_ pack: PackID) -> String {
        StoreLayout(directory: directory, namespace: namespace).pack(pack)
    }
}
