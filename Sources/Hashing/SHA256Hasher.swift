internal import CCrypto
package import Quantities

/// Streaming SHA-256 (FIPS 180-4) by libcrypto: task keys, deliverables and what crosses a trust boundary.
///
/// One owner at a time. `finish()` starts afresh, so that a hasher can be used again.
package final class SHA256Hasher {
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new() else {
            fatalError("libcrypto could not allocate a digest context")
        }
        self.context = context
        start()
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes the next bytes of the message.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        require(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
    }

    /// Takes the next bytes of the message.
    package func update(_ bytes: RawSpan) { bytes.withUnsafeBytes { update($0) } }

    /// Takes the next bytes of the message.
    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The hash of everything since the start; its description is the usual 64 hexadecimal digits.
    package func finish() -> TaskKey {
        var hash = [UInt8](repeating: 0, count: 32)
        require(EVP_DigestFinal_ex(context, &hash, nil))
        start()
        var words = SIMD4<UInt64>(repeating: 0)
        for (i, byte) in hash.enumerated() { words[i / 8] = words[i / 8] << 8 | UInt64(byte) }
        return TaskKey(words: words)
    }

    /// The hash of everything since the start as 64 lower-case hexadecimal digits.
    package func finishHexadecimal() -> String { finish().description }

    private func start() { require(EVP_DigestInit_ex(context, EVP_sha256(), nil)) }

    /// SHA-256 fails only where libcrypto has no such algorithm, which no supported build of it is.
    private func require(_ status: Int32) {
        guard status == 1 else { fatalError("libcrypto refused SHA-256") }
    }
}

extension TaskKey {
    /// The SHA-256 of canonical bytes in one go.
    package static func of(_ canonicalBytes: [UInt8]) -> TaskKey {
        let hasher = SHA256Hasher()
        hasher.update(canonicalBytes)
        return hasher.finish()
    }
}
