internal import Hashing
package import Quantities
package import ZeroMQ

/// A one-time token that lets a new key in: the coordinator's public key, so that the invited machine knows whom it
/// talks to, and a secret of 16 bytes, which the coordinator knows only by its hash.
///
/// Whoever has the token before it is used can enrol with it: pass it on as you would a password.
package struct Invitation: Sendable, CustomStringConvertible {
    /// The coordinator's public key.
    package let serverKey: CurveKey
    let secret: [UInt8]

    /// What a token begins with.
    package static let prefix = "lathe-invite:"
    static let secretByteCount = 16

    /// A new one, from the system's random numbers.
    package init(serverKey: CurveKey) {
        var generator = SystemRandomNumberGenerator()
        self.serverKey = serverKey
        secret = (0..<Self.secretByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// nil unless the text is a token, whole and unchanged in form.
    package init?(token text: String) {
        guard text.utf8.count == Self.prefix.utf8.count + 64, text.hasPrefix(Self.prefix) else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        for (index, character) in text.utf8.dropFirst(Self.prefix.utf8.count).enumerated() {
            guard let value = Self.alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            guard index % 4 == 3 else { continue }
            for shift: UInt32 in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
            bits = 0
        }
        guard let key = CurveKey(bytes: bytes.prefix(CurveKey.byteCount)) else { return nil }
        serverKey = key
        secret = Array(bytes.dropFirst(CurveKey.byteCount))
    }

    /// The text to pass on, safe in every shell (RFC 4648 clause 5).
    package var token: String {
        let bytes = serverKey.bytes + secret
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let bits = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
            for shift: UInt32 in [18, 12, 6, 0] { text.append(Self.alphabet[Int(bits >> shift & 63)]) }
        }
        return Self.prefix + String(decoding: text, as: UTF8.self)
    }

    /// What the table keeps of it.
    package var secretHash: ContentHash { Self.hash(of: secret) }

    /// Without the secret, for logs.
    package var description: String { "an invitation of \(serverKey)" }

    static func hash(of secret: [UInt8]) -> ContentHash { ContentHash(words: TaskKey.of(secret).words) }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
