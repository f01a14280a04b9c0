import FarmCoordination
import Quantities
import RenderPlan
import Storage

/// Where delivered windows go. Calls come from the coordinator's thread and return at once.
protocol DeliverySink: AnyObject {
    /// Name and version of the FLAC library, which is in the encoder's key.
    var flacLibrary: String { get }
    /// Prepares the file of a role, fed by one output of a program.
    func open(_ role: DeliveredRole, rateHertz: Int, output: Int, frameCount: Int)
    /// Writes a window, then answers with `consumed` or `undeliverable`.
    func append(
        _ delivery: FarmCoordination.Delivery, to role: DeliveredRole, places: Locations,
        answer: @escaping @Sendable (Input) -> Void)
    func rewind(_ role: DeliveredRole, toFrame frame: Int)
    /// Every window was written and recorded: cut to `frameCount`, check, and give the file its name.
    func publish(_ role: DeliveredRole, frameCount: Int?)
    func abandon(_ role: DeliveredRole)
}
