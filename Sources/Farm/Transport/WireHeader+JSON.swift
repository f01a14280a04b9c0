import FarmProtocol
import Quantities
import RenderPlan

extension WireHeader {
    /// The header as JSON, its keys in alphabetical order.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { fields in
            if let coordinator { fields.put("coordinator", coordinator) }
            if let costMicroseconds { fields.put("costMicroseconds", costMicroseconds) }
            if let creditBytes { fields.put("creditBytes", creditBytes) }
            if let creditResults { fields.put("creditResults", creditResults) }
            if let engine { fields.put("engine", engine) }
            fields.put("frames", 4)
            if let hasSnapshot { fields.put("hasSnapshot", hasSnapshot) }
            if let held { fields.put("held", held) { $1.put(into: &$0) } }
            if let job { fields.put("job", job) }
            fields.put("kind", kind.rawValue)
            if let lease { fields.put("lease", lease) }
            if let loadsSnapshot { fields.put("loadsSnapshot", loadsSnapshot) }
            if let name { fields.put("name") { name.put(into: &$0) } }
            if let newestVersion { fields.put("newestVersion", newestVersion) }
            if let number { fields.put("number", number) }
            if let program { fields.put("program", program) }
            if let reason { fields.put("reason", reason) }
            if let refusal { fields.put("refusal", refusal) }
            if let report { fields.put("report") { report.put(into: &$0) } }
            if let segment { fields.put("segment", segment) }
            fields.put("version", version)
        }
        return writer.bytes
    }

    /// - Throws: `WireError`, whatever the bytes are.
    init(json: [UInt8]) throws {
        var reader = JSONReader(json)
        var version: Int?
        var kind: Kind?
        // The kind may come after the fields: it says later which of them count.
        var header = WireHeader(.goodbye)
        try reader.whole { reader, key in
            switch key {
            case "version": version = try reader.optional { try $0.integer() }
            case "kind":
                guard let known = Kind(rawValue: try reader.string(limit: 32)) else { throw WireError("unknown kind") }
                kind = known
            default: try header.read(key, &reader)
            }
        }
        guard let version, let kind else { throw WireError("a header without its kind or version") }
        self = header
        self.version = version
        self.kind = kind
    }

    private mutating func read(_ key: String, _ reader: inout JSONReader) throws {
        switch key {
        case "newestVersion": newestVersion = try reader.optional { try $0.integer() }
        case "number": number = try reader.optional { try $0.integer() }
        case "coordinator": coordinator = try reader.optional { try $0.integer() }
        case "engine": engine = try reader.optional { try $0.string(limit: 64) }
        case "report": report = try reader.optional { try Report(&$0) }
        case "held": held = try reader.optional { try $0.list(limit: Limits.heldResultCount) { try Name(&$0) } }
        case "creditResults": creditResults = try reader.optional { try $0.integer() }
        case "creditBytes": creditBytes = try reader.optional { try $0.integer() }
        case "refusal": refusal = try reader.optional { try $0.integer() }
        case "lease": lease = try reader.optional { try $0.lease() }
        case "job": job = try reader.optional { try $0.integer() }
        case "program": program = try reader.optional { try $0.integer() }
        case "segment": segment = try reader.optional { try $0.integer() }
        case "hasSnapshot": hasSnapshot = try reader.optional { try $0.boolean() }
        case "loadsSnapshot": loadsSnapshot = try reader.optional { try $0.boolean() }
        case "name": name = try reader.optional { try Name(&$0) }
        case "reason": reason = try reader.optional { try $0.string(limit: Limits.reasonByteCount) }
        case "costMicroseconds": costMicroseconds = try reader.optional { try $0.integer() }
        default: try reader.skip()
        }
    }
}

extension WireHeader.Name {
    fileprivate func put(into fields: inout JSONWriter) {
        fields.put("job", job)
        fields.put("key", key.words)
        fields.put("lease", lease)
        fields.put("program", program)
        fields.put("segment", segment)
    }

    fileprivate init(_ reader: inout JSONReader) throws {
        var lease: LeaseID?
        var job: UInt64?
        var program: Int?
        var segment: Int?
        var key: TaskKey?
        try reader.object { reader, name in
            switch name {
            case "lease": lease = try reader.lease()
            case "job": job = try reader.integer()
            case "program": program = try reader.integer()
            case "segment": segment = try reader.integer()
            case "key": key = TaskKey(words: try reader.words())
            default: try reader.skip()
            }
        }
        guard let lease, let job, let program, let segment, let key else { throw WireError("a name lacks a field") }
        self.lease = lease
        self.job = job
        self.program = program
        self.segment = segment
        self.key = key
    }
}

extension WireHeader.Report {
    fileprivate func put(into fields: inout JSONWriter) {
        if let frames { fields.put("frames", frames) }
        if let horizon { fields.put("horizon", horizon) }
        fields.put("isDraining", isDraining)
        if let isRendering { fields.put("isRendering", isRendering) }
        if let lease { fields.put("lease", lease) }
        if let next { fields.put("next", next) }
    }

    fileprivate init(_ reader: inout JSONReader) throws {
        var isDraining: Bool?
        try reader.object { reader, name in
            switch name {
            case "lease": lease = try reader.optional { try $0.lease() }
            case "next": next = try reader.optional { try $0.integer() }
            case "horizon": horizon = try reader.optional { try $0.integer() }
            case "frames": frames = try reader.optional { try $0.integer() }
            case "isRendering": isRendering = try reader.optional { try $0.boolean() }
            case "isDraining": isDraining = try reader.boolean()
            default: try reader.skip()
            }
        }
        guard let isDraining else { throw WireError("a report lacks a field") }
        self.isDraining = isDraining
    }
}

extension JSONWriter {
    fileprivate mutating func put(_ key: StaticString, _ lease: LeaseID) {
        put(key) {
            $0.put("coordinator", lease.coordinator.rawValue)
            $0.put("counter", lease.counter)
        }
    }
}

extension JSONReader {
    fileprivate mutating func lease() throws -> LeaseID {
        var coordinator: UInt64?
        var counter: UInt64?
        try object { reader, name in
            switch name {
            case "coordinator": coordinator = try reader.integer()
            case "counter": counter = try reader.integer()
            default: try reader.skip()
            }
        }
        guard let coordinator, let counter else { throw WireError("a lease lacks a field") }
        return LeaseID(Incarnation(coordinator), counter)
    }
}
