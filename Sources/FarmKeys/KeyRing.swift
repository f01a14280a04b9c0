import Foundation
package import ZeroMQ

/// The keys of one machine in a directory of their own: its pair, and the key of the farm that it belongs to.
///
/// `secret.key` (0600) is what proves who the machine is, `public.key` is for people to pass on, and `farm.key` is
/// the coordinator's public key on the machines of workers and clients. The directory must be closed to everybody
/// else (0700). Nothing in it is ever overwritten.
package struct KeyRing: Sendable {
    package let directory: String
    /// This machine's pair.
    package let keys: CurveKeyPair
    private let files: PrivateFiles

    private static let secretName = "secret.key"
    private static let publicName = "public.key"
    private static let farmName = "farm.key"
    private static let fileLimit = 1024

    /// Opens the ring of a directory.
    ///
    /// - Throws: `FarmKeysError` `absent`, `unsafePermissions`, `invalid`; `ZeroMQError` where libzmq has no CURVE.
    package init(directory: String) throws {
        let files = PrivateFiles(directory: directory)
        try files.checkDirectory()
        guard let file = try files.read(Self.secretName, atMost: Self.fileLimit, forbidden: 0o077) else {
            throw FarmKeysError(.absent, "\(directory) has no key pair; `lathe keys new` makes one")
        }
        guard let secret = Self.key(file.bytes) else {
            throw FarmKeysError(
                .invalid,
                "\(files.path(Self.secretName)) holds no key (40 characters); "
                    + "restore it, or make a new pair in another directory")
        }
        keys = try CurveKeyPair(secretKey: secret)
        self.directory = directory
        self.files = files
    }

    /// Makes a directory with a new pair.
    ///
    /// - Throws: `FarmKeysError` `exists` where there is a pair, `unsafePermissions`, `system`; `ZeroMQError` where
    ///   libzmq has no CURVE.
    package static func create(directory: String) throws -> KeyRing {
        let files = PrivateFiles(directory: directory)
        let keys = try CurveKeyPair.generate()
        try files.makeDirectory()
        try files.checkDirectory()
        try files.write(Self.secretName, Array((keys.secretKey.z85 + "\n").utf8), replacing: false)
        try files.write(Self.publicName, Array((keys.publicKey.z85 + "\n").utf8), mode: 0o644, replacing: true)
        return try KeyRing(directory: directory)
    }

    /// Where a user's keys are unless said otherwise: `$XDG_CONFIG_HOME/lathe/keys`, or `~/.config/lathe/keys`.
    package static func defaultDirectory(environment: [String: String]) -> String {
        if let config = environment["XDG_CONFIG_HOME"], config.hasPrefix("/") { return config + "/lathe/keys" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/.config/lathe/keys"
    }

    /// The key of the farm's coordinator, which clients and workers insist on.
    ///
    /// - Throws: `absent` where this machine was not enrolled, `unsafePermissions` where others can change it,
    ///   `invalid`.
    package func farmKey() throws -> CurveKey {
        guard let key = try savedFarmKey() else {
            throw FarmKeysError(
                .absent,
                "\(directory) does not know the farm's key; "
                    + "`lathe keys enrol TOKEN --connect ENDPOINT` gets it, or `lathe keys trust KEY` states it")
        }
        return key
    }

    /// Keeps the coordinator's key.
    ///
    /// - Throws: `exists` where another farm's key is kept.
    package func saveFarmKey(_ key: CurveKey) throws {
        if let saved = try savedFarmKey() {
            if saved == key { return }
            throw FarmKeysError(
                .exists,
                "\(directory) belongs to the farm \(saved); use another directory (--keys), "
                    + "or remove \(files.path(Self.farmName)) when that farm is gone")
        }
        try files.write(Self.farmName, Array((key.z85 + "\n").utf8), replacing: false)
    }

    /// The farm's key if one is kept.
    package func savedFarmKey() throws -> CurveKey? {
        guard let file = try files.read(Self.farmName, atMost: Self.fileLimit, forbidden: 0o022) else { return nil }
        guard let key = Self.key(file.bytes) else {
            throw FarmKeysError(.invalid, "\(files.path(Self.farmName)) holds no key; remove it and enrol again")
        }
        return key
    }

    private static func key(_ bytes: [UInt8]) -> CurveKey? {
        let text = String(decoding: bytes, as: UTF8.self)
        return CurveKey(z85: text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

extension CurveKey {
    /// A key as people give it: 40 characters of Z85, or 64 hexadecimal digits, which no shell takes for anything
    /// else.
    package init?(text: String) {
        if let key = CurveKey(z85: text) {
            self = key
            return
        }
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard !pair.hasPrefix("+"), !pair.hasPrefix("-"), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.init(bytes: bytes)
    }

    /// The key as 64 hexadecimal digits.
    package var hexadecimal: String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
