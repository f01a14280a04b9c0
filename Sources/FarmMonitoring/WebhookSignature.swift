internal import CCrypto

/// `Lathe-Signature: t=1795281600,v1=HEX`: HMAC-SHA256 (RFC 2104) of `t.body` with the secret, which shows the receiver
/// that a delivery comes from the farm, was not changed, and is not an old one sent again.
package enum WebhookSignature {
    package static let headerName = "Lathe-Signature"

    /// A delivery older than this, or from so far in the future, is refused.
    package static let toleranceSeconds = 300

    /// - Parameter seconds: since 1970, of this try.
    package static func header(secret: String, body: [UInt8], atSeconds seconds: Int) -> String {
        "t=\(seconds),v1=\(hexadecimal(code(secret: secret, body: body, atSeconds: seconds)))"
    }

    /// What a receiver asks. The comparison takes the same time wherever the difference is.
    package static func isValid(
        header: String, secret: String, body: [UInt8], nowSeconds: Int, toleranceSeconds: Int = toleranceSeconds
    ) -> Bool {
        let parts = header.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1=") else { return false }
        let digits = parts[0].dropFirst(2)
        guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int(digits), abs(nowSeconds - seconds) <= toleranceSeconds
        else { return false }
        let expected = Array(hexadecimal(code(secret: secret, body: body, atSeconds: seconds)).utf8)
        let found = Array(parts[1].dropFirst(3).utf8)
        return found.count == expected.count && CRYPTO_memcmp(found, expected, expected.count) == 0
    }

    /// HMAC-SHA256 of a message.
    package static func code(secret: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var count = 0
        let result = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, secret, secret.count, message, message.count, &code, code.count, &count)
        // It fails only where libcrypto has no such algorithm, which no supported build of it is.
        guard result != nil, count == 32 else { fatalError("libcrypto refused HMAC-SHA256") }
        return code
    }

    private static func code(secret: String, body: [UInt8], atSeconds seconds: Int) -> [UInt8] {
        code(secret: Array(secret.utf8), message: Array("\(seconds).".utf8) + body)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
