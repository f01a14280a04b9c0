import Foundation
import Testing
import ZeroMQ

@Suite struct CurveKeyTests {
    @Test func `the key that libzmq's manual shows reads and writes as it stands there`() throws {
        // The server's public key of zmq_curve(7).
        let text = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
        let first: [UInt8] = [0x54, 0xfc, 0xba, 0x24, 0xe9, 0x32, 0x49, 0x96]
        let key = try #require(CurveKey(z85: text))
        #expect(Array(key.bytes.prefix(8)) == first)
        #expect(key.z85 == text)
        #expect(CurveKey(bytes: key.bytes) == key)
    }

    @Test func `what is not a key's text is none`() throws {
        let good = try CurveKeyPair.generate().publicKey.z85
        #expect(CurveKey(z85: "") == nil)
        #expect(CurveKey(z85: good.dropLast()) == nil)
        #expect(CurveKey(z85: good + "0") == nil)
        #expect(CurveKey(z85: "\"" + good.dropFirst()) == nil)
        #expect(CurveKey(z85: "é" + good.dropFirst(2)) == nil)
        // The group stands for 85^5 - 1, which has more than 32 bits.
        #expect(CurveKey(z85: "#####" + good.dropFirst(5)) == nil)
        #expect(CurveKey(bytes: [UInt8](repeating: 0, count: 31)) == nil)
    }

    @Test func `every key has one text`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let key = CurveKey(bytes: bytes)
            #expect(key?.bytes == bytes)
            #expect(key.flatMap { CurveKey(z85: $0.z85) } == key)
        }
    }

    @Test func `pairs differ, and the secret key gives the pair again`() throws {
        let pair = try CurveKeyPair.generate()
        let other = try CurveKeyPair.generate()
        #expect(pair.publicKey != other.publicKey)
        #expect(try CurveKeyPair(secretKey: pair.secretKey).publicKey == pair.publicKey)
    }

    @Test func `nothing that is printed of a pair shows its secret key`() throws {
        let pair = try CurveKeyPair.generate()
        var dumped = ""
        dump(pair, to: &dumped)
        let security = SocketSecurity.curveServer(pair, domain: "farm")
        for text in [dumped, "\(pair)", String(reflecting: pair), "\(security)", String(reflecting: security)] {
            #expect(!text.contains(pair.secretKey.z85))
        }
    }
}
