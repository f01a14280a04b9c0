internal import CZeroMQ
internal import Glibc

/// A Curve25519 key of 32 bytes as CURVE (ZMTP RFC 26) uses it: who a peer is, or what only that peer knows.
///
/// As text it has 40 characters of Z85 (RFC 32). Every key has exactly one text.
package struct CurveKey: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of a key.
    package static let byteCount = 32
    /// Characters of a key's text.
    package static let z85CharacterCount = 40

    private let words: SIMD4<UInt64>

    /// nil unless there are 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == CurveKey.byteCount else { return nil }
        var words = SIMD4<UInt64>(repeating: 0)
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.words = words
    }

    /// nil unless it is 40 characters of Z85 that stand for 32 bytes.
    package init?(z85 text: some StringProtocol) {
        guard text.utf8.count == CurveKey.z85CharacterCount else { return nil }
        var bytes: [UInt8] = []
        var value: UInt64 = 0
        for (index, character) in text.utf8.enumerated() {
            guard let digit = Z85.digits[Int(character)] else { return nil }
            value = value * 85 + UInt64(digit)
            if index % 5 < 4 { continue }
            guard let word = UInt32(exactly: value) else { return nil }
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) }
            value = 0
        }
        self.init(bytes: bytes)
    }

    /// The key's 32 bytes.
    package var bytes: [UInt8] {
        (0..<CurveKey.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - $0 % 8 * 8)) }
    }

    /// The key as 40 characters of Z85.
    package var z85: String {
        var text: [UInt8] = []
        for half in 0..<8 {
            var value = words[half / 2] >> (half % 2 == 0 ? 32 : 0) & 0xffff_ffff
            var group = [UInt8](repeating: 0, count: 5)
            for place in group.indices.reversed() {
                group[place] = Z85.alphabet[Int(value % 85)]
                value /= 85
            }
            text += group
        }
        return String(decoding: text, as: UTF8.self)
    }

    package var description: String { z85 }
}

/// A key that is shown to others and the one that proves it.
///
/// Its description and its mirror show the public key only, so that a log cannot give the other one away.
package struct CurveKeyPair: Sendable, CustomStringConvertible, CustomReflectable {
    /// What others know this machine by.
    package let publicKey: CurveKey
    /// What nobody else may see.
    package let secretKey: CurveKey

    private init(publicKey: CurveKey, secretKey: CurveKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// The pair of a secret key that was kept.
    ///
    /// - Throws: `unsupported` where this libzmq has no CURVE.
    package init(secretKey: CurveKey) throws(ZeroMQError) {
        try requireCurve()
        var publicText = [CChar](repeating: 0, count: CurveKey.z85CharacterCount + 1)
        _ = try callZeroMQ("zmq_curve_public") { zmq_curve_public(&publicText, secretKey.z85) }
        self.init(publicKey: try key(publicText), secretKey: secretKey)
    }

    /// A new pair from the system's random numbers.
    ///
    /// - Throws: `unsupported` where this libzmq has no CURVE.
    package static func generate() throws(ZeroMQError) -> CurveKeyPair {
        try requireCurve()
        var publicText = [CChar](repeating: 0, count: CurveKey.z85CharacterCount + 1)
        var secretText = publicText
        _ = try callZeroMQ("zmq_curve_keypair") { zmq_curve_keypair(&publicText, &secretText) }
        return CurveKeyPair(publicKey: try key(publicText), secretKey: try key(secretText))
    }

    package var description: String { "key pair of \(publicKey)" }
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

/// How a socket protects what it sends, and whether it knows who sent what it receives.
package enum SocketSecurity: Sendable {
    /// Plain: for `inproc://`, for `ipc://` in a directory of one's own, and for tests.
    case none
    /// Encrypts, and admits only the keys that an `Authenticator` in the same context allows for the domain
    /// (1 to 255 bytes). Without an authenticator it admits nobody.
    case curveServer(CurveKeyPair, domain: String)
    /// Encrypts, proves its own key, and talks only to the server that has the key given.
    case curveClient(server: CurveKey, own: CurveKeyPair)
}

/// - Throws: `unsupported` where this libzmq was built without CURVE.
func requireCurve() throws(ZeroMQError) {
    if Context.has("curve") { return }
    throw ZeroMQError(
        code: .unsupported, operation: "CURVE", systemError: 0,
        message: "this libzmq (\(Context.libraryVersion)) was built without it; install one built with libsodium")
}

private func key(_ text: [CChar]) throws(ZeroMQError) -> CurveKey {
    let bytes = text.prefix(CurveKey.z85CharacterCount).map { UInt8(bitPattern: $0) }
    if let key = CurveKey(z85: String(decoding: bytes, as: UTF8.self)) { return key }
    throw ZeroMQError(code: .failed, operation: "CURVE", systemError: 0, message: "libzmq made no key; see its version")
}

/// The alphabet of ZeroMQ RFC 32.
private enum Z85 {
    static let alphabet = Array(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)
    static let digits: [UInt8?] = {
        var digits = [UInt8?](repeating: nil, count: 256)
        for (value, character) in alphabet.enumerated() { digits[Int(character)] = UInt8(value) }
        return digits
    }()
}
