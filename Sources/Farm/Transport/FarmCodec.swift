package import FarmProtocol
import Quantities
import RenderPlan
import Storage

/// A message with what travels beside it.
package struct WireMessage: Sendable, Equatable {
    package var message: FarmMessage
    /// Where the parts it names lie in the packs that both sides can open.
    package var locations: Locations
    /// JSON of the program a lease is for; empty where the worker has been sent it before (`SentPrograms`).
    package var program: [UInt8]

    package init(message: FarmMessage, locations: Locations = [:], program: [UInt8] = []) {
        self.message = message
        self.locations = locations
        self.program = program
    }
}

/// Messages as frames: a small JSON header, then raw payloads (results, locations, program).
///
/// Unknown header keys are ignored; every count, string and frame has a limit (`Limits`). Whatever does not decode
/// throws `WireError` and changes nothing.
package enum FarmCodec {
    /// Four frames: header, results, locations, program.
    package static func encode(_ wire: WireMessage) throws -> [[UInt8]] {
        var results = WireWriter()
        switch wire.message {
        case .lease(let grant):
            if let snapshot = grant.snapshot { results.put(snapshot) }
            put(grant.inputs, into: &results)
        case .extend(let more): put(more.inputs, into: &results)
        case .result(let report): results.put(report.result)
        case .unreadable(let report):
            results.put(report.digests.count)
            for digest in report.digests { results.put(digest) }
        default: break
        }
        var places = WireWriter()
        places.put(wire.locations)
        return [WireHeader(wire.message).json, results.bytes, places.bytes, wire.program]
    }

    /// - Throws: `WireError`, whatever the frames hold.
    package static func decode(_ frames: [[UInt8]]) throws -> WireMessage {
        guard frames.count == 4 else { throw WireError("\(frames.count) frames where 4 belong") }
        guard frames[0].count <= Limits.headerByteCount else { throw WireError("header too long") }
        let header = try WireHeader(json: frames[0])
        // Strangers may say hello, and be refused, in any version.
        guard Limits.protocolVersions.contains(header.version) || header.kind == .hello || header.kind == .refuse
        else {
            throw WireError(
                "protocol version \(header.version), not \(Limits.oldestProtocolVersion) to \(Limits.protocolVersion)")
        }
        var results = WireReader(frames[1])
        let message = try header.message(payload: &results)
        guard results.isAtEnd else { throw WireError("payload goes on after its end") }
        var places = WireReader(frames[2])
        let locations = try locations(from: &places)
        guard places.isAtEnd else { throw WireError("locations go on after their end") }
        return WireMessage(message: message, locations: locations, program: frames[3])
    }

    private static func put(_ inputs: [[TaskResult]], into writer: inout WireWriter) {
        writer.put(inputs.count)
        for results in inputs {
            writer.put(results.count)
            for result in results { writer.put(result) }
        }
    }

    private static func locations(from reader: inout WireReader) throws -> Locations {
        var locations: Locations = [:]
        for _ in 0..<(try reader.count(limit: Limits.taskCount, "locations")) {
            let digest = try reader.digest()
            let pack = PackID(try reader.size(limit: Int(Int32.max), "a pack's number"))
            let offset = try reader.size(limit: WireReader.packByteCount, "an offset")
            let byteCount = try reader.size(limit: WireReader.partByteCount, "a length")
            locations[digest] = PackRange(pack: pack, offset: offset, byteCount: byteCount)
        }
        return locations
    }
}

extension WireReader {
    mutating func result() throws -> TaskResult {
        var outputs: [[Part]] = []
        for _ in 0..<(try count(limit: Limits.portCount, "outputs")) {
            var parts: [Part] = []
            for _ in 0..<(try count(limit: Limits.partCount, "parts")) { parts.append(try part()) }
            outputs.append(parts)
        }
        let hasSnapshot = try word()
        guard hasSnapshot <= 1 else { throw WireError("a result's snapshot is neither there nor not") }
        return TaskResult(outputs: outputs, snapshot: hasSnapshot == 1 ? try part() : nil)
    }

    mutating func inputs() throws -> [[TaskResult]] {
        var inputs: [[TaskResult]] = []
        for _ in 0..<(try count(limit: Limits.segmentCount, "segments")) {
            var results: [TaskResult] = []
            for _ in 0..<(try count(limit: Limits.dependencyCount, "inputs")) { results.append(try result()) }
            inputs.append(results)
        }
        return inputs
    }
}
