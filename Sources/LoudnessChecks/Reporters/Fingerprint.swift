import Hashing
import Quantities

/// Names for findings that stay the same while values, lines and order change.
enum Fingerprint {
    /// 64 hexadecimal digits of these parts, in this order; their borders count.
    static func of(_ parts: [String]) -> String {
        let hasher = SHA256Hasher()
        for part in parts {
            hasher.update(Array("\(part.utf8.count):".utf8))
            hasher.update(Array(part.utf8))
        }
        return "\(hasher.finish())"
    }

    /// One for each finding: of its rule and subject, and of which of several for the same two it is.
    static func all(_ findings: [Finding]) -> [String] {
        var seen: [String: Int] = [:]
        return findings.map { finding in
            let name = of([finding.rule, finding.subject])
            let ordinal = seen[name, default: 0]
            seen[name] = ordinal + 1
            return ordinal == 0 ? name : of([finding.rule, finding.subject, String(ordinal + 1)])
        }
    }
}
