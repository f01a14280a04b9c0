package import FarmCoordination
package import FarmProtocol
import Foundation
import Hashing
package import Quantities
package import RenderCompiler
package import RenderPlan

/// A source file as a worker on another machine is told of it.
package struct SourceReference: Codable, Hashable, Sendable {
    /// Its number in the job.
    package var number: Int
    package var hash: ContentHash
    package var byteCount: Int

    package init(number: Int, hash: ContentHash, byteCount: Int) {
        self.number = number
        self.hash = hash
        self.byteCount = byteCount
    }
}

/// What travels with a lease: the program, and the files behind its ports where the worker is elsewhere.
struct LeasedProgram: Codable {
    var program: Program
    var sources: [SourceReference]
}

/// Drives a job from the outside: told of events, it adds programs and says when no more will come.
package protocol JobDriver: AnyObject {
    /// Something happened to the job.
    func handle(_ event: FarmEvent, host: CoordinatorHost)
    /// A window that the job delivers; answer with `host.consumed` or `host.undeliverable`, from any thread.
    func deliver(_ delivery: FarmCoordination.Delivery, parts: Locations, host: CoordinatorHost)
    /// Windows from this segment on were wrong: they come again.
    func rewind(_ program: ProgramID, toSegment segment: Int)
}

/// A job's programs as the host needs them: to derive keys and to hand them to workers.
package final class HostedJob {
    package let id: JobID
    private(set) var list: ProgramList
    /// By number, where workers are on other machines; else empty.
    let sources: [SourceReference]
    let driver: any JobDriver
    var figures = FarmFigures()
    /// `LeasedProgram` as JSON, made when a program is first leased.
    private var encoded: [Int: [UInt8]] = [:]

    /// - Parameter sources: by number, where workers are on other machines; else empty.
    package init(id: JobID, list: ProgramList, sources: [SourceReference] = [], driver: any JobDriver) {
        self.id = id
        self.list = list
        self.sources = sources
        self.driver = driver
    }

    func replace(_ list: ProgramList) {
        precondition(list.programs.count >= self.list.programs.count, "programs are only added")
        self.list = list
    }

    func program(_ id: ProgramID) -> Program { list[id] }

    /// Whether bytes come with a result of this task.
    func hasBytes(_ task: TaskID) -> Bool {
        task.program.rawValue < list.programs.count && program(task.program).storesOutputs
    }

    func encodedProgram(_ id: ProgramID) throws -> [UInt8] {
        if let bytes = encoded[id.rawValue] { return bytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let program = list[id]
        var numbers = Set(program.inputs.compactMap(\.source))
        if case .hashSource(let body) = program.body { numbers.insert(body.source) }
        let leased = LeasedProgram(
            program: program, sources: sources.filter { numbers.contains($0.number) })
        let bytes = [UInt8](try encoder.encode(leased))
        encoded[id.rawValue] = bytes
        return bytes
    }

    /// "Drums: compressor", for a failure that a worker reported by places.
    func reason(_ reason: String, of task: TaskID) -> String {
        let label = list.labels[task.program.rawValue]
        let words = reason.split(separator: " ")
        guard words.count == 4, words[0] == "not-finite", let node = Int(words[1]), let strip = Int(words[2]) else {
            return "\(label.name): \(reason)"
        }
        var place = label.name
        if label.strips.indices.contains(node), label.strips[node].indices.contains(strip) {
            place = label.strips[node][strip].name
            if let device = Int(words[3]), label.strips[node][strip].devices.indices.contains(device) {
                place += ": \(label.strips[node][strip].devices[device])"
            }
        }
        return "\(place) gave NaN or infinity in segment \(task.segment). Check its settings and its audio for"
            + " samples that are not numbers."
    }
}
