import FarmProtocol
import Quantities
import Testing

@Suite struct VersionTests {
    @Test func `this release speaks its own protocol and the one before`() {
        #expect(Limits.protocolVersions == (Limits.protocolVersion - 1)...Limits.protocolVersion)
    }

    @Test func `a hello offers all that is spoken unless it is told otherwise`() {
        let report = WorkerReport()
        let engine = Digest(high: 1, low: 2)
        let hello = Hello(number: 1, engine: engine, report: report, held: [])
        #expect(hello.protocolVersions == Limits.protocolVersions)
        let old = Hello(protocolVersion: 1, number: 1, engine: engine, report: report, held: [])
        #expect(old.protocolVersions == 1...1)
    }
}
