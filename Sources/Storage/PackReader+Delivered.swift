extension PackReader {
    /// A directory of the store for what is remembered of files that were delivered; it may not be there yet, and may
    /// go at any time.
    package var deliveredDirectory: String { layout.root + "/delivered" }
}
