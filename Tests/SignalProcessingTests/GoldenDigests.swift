/// Recorded on x86-64; see `GoldenTests`.
let goldenDigests: [String: (version: UInt32, digest: String)] = [:]
