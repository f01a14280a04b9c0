import FarmCoordination
import Quantities
import RenderPlan
import Storage

/// What came of bringing a task's inputs to a worker.
enum Gathered: Sendable {
    case here(Locations, SourceTable)
    /// The coordinator does not have these (any more).
    case unavailable([Digest])
    /// The coordinator's own copy of an audio file is lost or damaged.
    case failed(String)
    /// This worker cannot keep what it needs, for a reason of its own: its disk is full, above all.
    case unwell(String)
    case abandoned
}

/// Brings what a task reads to the worker's own store, and keeps there what it made until nobody needs it.
/// Where coordinator and worker open the same packs, there is none.
protocol TaskSupplies: AnyObject, Sendable {
    /// Will be read soon.
    func prefetch(_ parts: [Part], sources: [SourceReference])
    /// Makes everything readable and holds it while the task runs.
    ///
    /// - Parameters:
    ///   - watch: told of what has come, so that a slow line is not taken for a hung worker.
    ///   - done: called once, on any thread.
    func gather(
        _ parts: [Part], sources: [SourceReference], for order: RenderOrder, watch: TaskWatch,
        done: @escaping @Sendable (Gathered) -> Void)
    /// The task is not wanted any more: if its inputs are still awaited, `done` is called with `abandoned`.
    func abandon(_ order: RenderOrder)
    /// These parts were found missing or damaged here: the next `gather` brings them anew.
    func drop(_ digests: [Digest])
    /// Reads files again that a task failed over, and lets go of those that are not what their names say.
    ///
    /// - Returns: whether there was one: then the task is worth another try.
    func dropDamaged(_ sources: [SourceReference]) -> Bool
    /// The task is over: its inputs need not be held any longer.
    func finished(_ order: RenderOrder)
    /// The result's bytes can be asked for until they are released.
    func keep(_ result: TaskResult, at places: Locations)
    func release(_ places: Locations)
}

extension Program {
    /// The stored parts that segments from `first` on read, each once, in the order in which they are read; not those
    /// of source files, which are read from the files themselves.
    ///
    /// - Parameter inputs: per segment, the results of its dependencies in key order.
    func partsRead(bySegments first: Int, inputs: [[TaskResult]]) -> [Part] {
        var outputs: [ProgramID: Set<Int>] = [:]
        for port in self.inputs where port.source == nil { outputs[port.program, default: []].insert(port.output) }
        var seen: Set<Digest> = []
        var parts: [Part] = []
        for (offset, results) in inputs.enumerated() {
            guard first + offset < segmentCount else { break }
            for (task, result) in zip(dependencies(ofSegment: first + offset), results) {
                guard let read = outputs[task.program] else { continue }
                for output in result.outputs.indices where read.contains(output) {
                    for part in result.outputs[output] where seen.insert(part.digest).inserted { parts.append(part) }
                }
            }
        }
        return parts
    }
}
