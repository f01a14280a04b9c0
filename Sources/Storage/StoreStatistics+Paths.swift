extension StoreStatistics {
    /// The file of a pack, for people who look for themselves.
    package func packPath(_ pack: PackID) -> String {
        StoreLayout(directory: directory, namespace: namespace).pack(pack)
    }
}
