import FarmKeys
import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite struct KeyRingTests {
    @Test func `a new ring is closed to others and opens again with the same keys`() throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary, "a/b/keys")
        let made = try KeyRing.create(directory: directory)
        #expect(try permissions(directory) == 0o700)
        #expect(try permissions(directory + "/secret.key") == 0o600)
        #expect(try permissions(directory + "/public.key") == 0o644)
        let text = try String(contentsOfFile: directory + "/public.key", encoding: .utf8)
        #expect(text == made.keys.publicKey.z85 + "\n")
        #expect(!text.contains(made.keys.secretKey.z85))
        let opened = try KeyRing(directory: directory)
        #expect(opened.keys.publicKey == made.keys.publicKey && opened.keys.secretKey == made.keys.secretKey)
        // Nothing half written is left.
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(names == ["public.key", "secret.key"])
    }

    @Test func `a pair is never overwritten`() throws {
        let temporary = try TemporaryDirectory("ring")
        let made = try KeyRing.create(directory: keyDirectory(temporary))
        #expect(code { _ = try KeyRing.create(directory: keyDirectory(temporary)) } == .exists)
        #expect(try KeyRing(directory: keyDirectory(temporary)).keys.publicKey == made.keys.publicKey)
    }

    @Test func `of many that make a pair in one directory at once, one does`() async throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary)
        let keys = await withTaskGroup(of: CurveKey?.self) { group in
            for _ in 0..<8 { group.addTask { try? KeyRing.create(directory: directory).keys.publicKey } }
            return await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
        }
        #expect(keys.count == 1)
        #expect(try KeyRing(directory: directory).keys.publicKey == keys.first)
    }

    @Test(arguments: [0o640, 0o604, 0o660])
    func `a secret that others may read is refused with the remedy`(mode: Int) throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary)
        _ = try KeyRing.create(directory: directory)
        chmod(directory + "/secret.key", mode_t(mode))
        do {
            _ = try KeyRing(directory: directory)
            Issue.record("it was opened")
        } catch let error as FarmKeysError {
            #expect(error.code == .unsafePermissions)
            #expect(error.message.contains("chmod 600 \(directory)/secret.key"))
        }
        chmod(directory + "/secret.key", 0o400)
        _ = try KeyRing(directory: directory)
    }

    @Test func `a directory that others may enter is refused`() throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary)
        _ = try KeyRing.create(directory: directory)
        chmod(directory, 0o755)
        #expect(code { _ = try KeyRing(directory: directory) } == .unsafePermissions)
        #expect(code { _ = try AccessControl(directory: directory) } == .unsafePermissions)
    }

    @Test(arguments: ["", "x", String(repeating: "0", count: 39), String(repeating: "~", count: 40)])
    func `a secret that is no key is refused`(text: String) throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary)
        _ = try KeyRing.create(directory: directory)
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/secret.key"))
        #expect(code { _ = try KeyRing(directory: directory) } == .invalid)
    }

    @Test func `what is missing, too large or no file is said`() throws {
        let temporary = try TemporaryDirectory("ring")
        let directory = keyDirectory(temporary)
        #expect(code { _ = try KeyRing(directory: directory) } == .absent)
        mkdir(directory, 0o700)
        #expect(code { _ = try KeyRing(directory: directory) } == .absent)
        mkfifo(directory + "/secret.key", 0o600)
        #expect(code { _ = try KeyRing(directory: directory) } == .invalid)
        unlink(directory + "/secret.key")
        try Data(repeating: 48, count: 2000).write(to: URL(fileURLWithPath: directory + "/secret.key"))
        chmod(directory + "/secret.key", 0o600)
        #expect(code { _ = try KeyRing(directory: directory) } == .limitExceeded)
    }

    @Test func `the farm's key is kept once and not replaced by another`() throws {
        let temporary = try TemporaryDirectory("ring")
        let ring = try KeyRing.create(directory: keyDirectory(temporary))
        #expect(code { _ = try ring.farmKey() } == .absent)
        let farm = try newKey()
        try ring.saveFarmKey(farm)
        try ring.saveFarmKey(farm)
        #expect(try ring.farmKey() == farm)
        let other = try newKey()
        #expect(code { try ring.saveFarmKey(other) } == .exists)
        #expect(try ring.farmKey() == farm)
        chmod(ring.directory + "/farm.key", 0o666)
        #expect(code { _ = try ring.farmKey() } == .unsafePermissions)
    }

    @Test func `keys are read as Z85 and as hexadecimal digits, and as nothing else`() throws {
        let key = try newKey()
        #expect(CurveKey(text: key.z85) == key)
        #expect(CurveKey(text: key.hexadecimal) == key)
        #expect(CurveKey(text: key.hexadecimal.uppercased()) == key)
        #expect(key.hexadecimal.count == 64)
        for bad in ["", "worker-1", String(key.hexadecimal.dropLast()), "+f" + key.hexadecimal.dropFirst(2)] {
            #expect(CurveKey(text: bad) == nil)
        }
    }
}

@Suite struct WorkerIdentityTests {
    @Test func `a key owns its own numbers only`() throws {
        let (mine, other) = (try newKey(), try newKey())
        for slot in [0, 1, 255, 65_535] {
            let number = WorkerIdentity.number(of: mine, slot: slot)
            #expect(number & 0xffff == UInt64(slot))
            #expect(WorkerIdentity.isOwned(number, by: mine))
            #expect(!WorkerIdentity.isOwned(number, by: other))
            for bit in 16..<64 { #expect(!WorkerIdentity.isOwned(number ^ 1 << UInt64(bit), by: mine)) }
        }
    }

    @Test func `the number of a known key is the one that SHA-256 gives`() throws {
        // sha256sum of "lathe worker" and 32 bytes of 7.
        let key = try #require(CurveKey(bytes: [UInt8](repeating: 7, count: 32)))
        #expect(WorkerIdentity.number(of: key, slot: 3) == 0xa4b2_dd6b_2190_0003)
    }
}
