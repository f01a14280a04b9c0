import Hashing
import Metering
package import Quantities
import RenderPlan
import SignalProcessing

/// What decides the bits: workers and coordinator must agree on all of it before they work together.
package enum Engine {
    /// Versions of everything that touches a sample, in a fixed order.
    package static let versions: [(name: String, version: UInt32)] =
        [("kernel", UInt32(Program.kernelVersion))] + ProcessorKind.allCases.map { ("\($0)", $0.version) } + [
            ("convolution", ConvolutionKernel.version), ("match", ReferenceMatch.version),
            ("converter", PolyphaseConverter.version), ("quantiser", Quantiser.version),
            ("shaped quantiser", ShapedQuantiser.version), ("meter", LoudnessAnalyzer.version),
            ("encoder", EncodeBody.version),
        ]

    package static let digest: Digest = Digest.of(
        Array(versions.map { "\($0.name) \($0.version)" }.joined(separator: "\n").utf8))
}
