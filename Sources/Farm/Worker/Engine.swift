package import Quantities
import Hashing
import Metering
import RenderPlan
import SignalProcessing

/// What decides the bits: workers and coordinator must agree on all of it before they work together.
package enum Engine {
    /// Versions of everything that touches a sample, in a fixed order.
    package static let versions: [(name: String, version: UInt32)] = [
        ("kernel", UInt32(Program.kernelVersion)), ("equalizer", EqualizerSection.version),
        ("compressor", Compressor.version), ("gain", GainStage.version), ("limiter", TruePeakLimiter.version),
        ("delay", StereoDelay.version), ("reverb", FDNReverb.version), ("converter", PolyphaseConverter.version),
        ("quantiser", Quantiser.version), ("meter", LoudnessAnalyzer.version),
    ]

    package static let digest: Digest = Digest.of(
        Array(versions.map { "\($0.name) \($0.version)" }.joined(separator: "\n").utf8))
}
